"""What can be done if a model is not right: the same picture and seed again, with one thing changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.align.test_align import made, settle
from tests.blender.drawing import draw
from tests.blender.picture.test_render import current_scene
from tests.blender.snapshots import session_with, snapshot
from tests.blender.working import OPS, meshes, newest_job, tick_until

if TYPE_CHECKING:
    from emulator import Emulator

TYPES: Any = bpy.types


def models() -> list[Any]:
    """Return the models in the scene."""
    return [thing for thing in meshes() if thing.get("trellis2_job_id")]


def boxes_overlap(one: Any, other: Any) -> bool:
    """Whether the models' boxes overlap."""
    (low, high), (start, end) = (
        (corners.min(axis=0), corners.max(axis=0))
        for corners in (
            np.array([(thing.matrix_world @ v.co)[:] for v in thing.data.vertices]) for thing in (one, other)
        )
    )
    return bool((np.minimum(high, end) - np.maximum(low, start)).min() > 0.01)


def test_a_flat_model_is_made_again_with_one_thing_changed_beside_the_first(
    studio: Any, addon: Any, connected: Emulator
) -> None:
    model = made()
    model.location.y += 20
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    first = newest_job()
    assert OPS.trellis2.change_one_thing(complaint="FLAT", job_id=first.id) == {"FINISHED"}
    tick_until(lambda: len(models()) == 2)
    second = newest_job()
    differing = {name for name, value in first.parameters.items() if second.parameters[name] != value}
    assert differing == {"ss_guidance_strength"}
    assert second.parameters["ss_guidance_strength"] == 5.5
    assert second.picture_sha256 == first.picture_sha256
    assert not boxes_overlap(*models())
    assert max(abs(one - other) for one, other in zip(*(each.location for each in models()), strict=True)) < 5


def test_where_the_picture_shows_it_the_second_model_stands_beside_the_first_too(
    studio: Any, addon: Any, connected: Emulator
) -> None:
    studio.trellis2.place = "PICTURE"
    model = made()
    settle(addon)
    first = newest_job()
    before = model.matrix_world.copy()
    assert OPS.trellis2.change_one_thing(complaint="SPOTS", job_id=first.id) == {"FINISHED"}
    tick_until(lambda: len(models()) == 2)
    settle(addon)
    assert newest_job().viewpoint is not None
    other = next(each for each in models() if each != model)
    assert model.matrix_world == before
    assert not boxes_overlap(model, other)
    assert other.matrix_world.to_euler().z == pytest.approx(before.to_euler().z, abs=0.1)
    assert other.matrix_world.to_scale()[0] == pytest.approx(before.to_scale()[0], rel=0.05)


def offered() -> set[tuple[str, str]]:
    """The questions of the menu Model that can be clicked, each with its job."""
    entries = draw(TYPES.TRELLIS2_MT_model).operators
    return {(label, given.get("job_id", "")) for name, label, given in entries if name == "trellis2.change_one_thing"}


def test_the_menu_says_the_price_and_means_the_active_model_not_the_job_chosen_in_the_list(addon: Any) -> None:
    old, new = (snapshot(addon, number=number, remote_id=f"job_{number}", cost=7.25 + number) for number in range(2))
    OPS.mesh.primitive_cube_add()
    model: Any = bpy.context.active_object
    with session_with(addon, [old, new]):  # the newer one is chosen
        assert offered() == {(f"{label} · 8.25 CU", new.id) for label in ("Flat?", "Too Soft?", "Spots?")}
        model["trellis2_version"], model["trellis2_job_id"] = 1, "job_0"
        assert offered() == {(f"{label} · 7.25 CU", old.id) for label in ("Flat?", "Too Soft?", "Spots?")}
        model["trellis2_job_id"] = "another computer's"
        assert draw(TYPES.TRELLIS2_MT_model).grey.count("trellis2.change_one_thing") == len(offered()) == 3


def test_a_subject_moves_its_parameters_and_the_next_one_takes_them_back(addon: Any) -> None:
    chosen: Any = current_scene().trellis2
    OPS.trellis2.use_preset(preset="HIGH")
    OPS.trellis2.use_subject(subject="THIN_PARTS")
    assert (chosen.remesh, chosen.resolution) == (False, "1536")
    assert addon.presets.subject_of(chosen).name == "THIN_PARTS"
    OPS.trellis2.use_subject(subject="CHARACTER")
    assert (chosen.remesh, chosen.shape_slat_sampling_steps, chosen.texture_size) == (True, 35, "4096")
    OPS.trellis2.use_subject(subject="PROP")
    assert addon.presets.name_of(chosen) == "HIGH"
    assert bpy.context.scene is not None
