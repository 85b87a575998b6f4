# SPDX-License-Identifier: GPL-3.0-or-later
"""A lighter copy of a model: promises of Level of Detail, and of what keeps an import waiting."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.drawing import draw
from tests.blender.pictures import picture_file
from tests.blender.snapshots import session_with, snapshot
from tests.blender.working import finish, meshes, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

OPS: Any = bpy.ops
TYPES: Any = bpy.types


@pytest.fixture
def model(addon: Any) -> Any:
    OPS.mesh.primitive_uv_sphere_add(segments=64, ring_count=32)
    model = bpy.context.active_object
    OPS.object.modifier_add(type="TRIANGULATE")
    OPS.object.modifier_apply(modifier=model.modifiers[0].name)  # type: ignore[union-attr]  # it is active
    return model


def test_the_copy_has_the_faces_asked_for_and_the_model_keeps_its_own(model: Any) -> None:
    before = len(model.data.polygons)
    assert OPS.trellis2.level_of_detail(faces=400) == {"FINISHED"}
    copy: Any = bpy.context.active_object
    shown = copy.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    assert abs(len(shown.polygons) - 400) <= 4
    assert len(model.data.polygons) == before
    assert not model.modifiers


def test_the_copy_shares_the_mesh_and_can_still_be_changed(model: Any) -> None:
    OPS.trellis2.level_of_detail(faces=400)
    copy: Any = bpy.context.active_object
    assert copy.data == model.data
    assert [modifier.type for modifier in copy.modifiers] == ["DECIMATE"]
    assert (copy.users_collection, copy.select_get(), model.select_get()) == (model.users_collection, True, False)


def test_only_the_copy_is_seen(model: Any) -> None:
    assert OPS.trellis2.level_of_detail(faces=400) == {"FINISHED"}
    copy: Any = bpy.context.active_object
    assert (model.visible_get(), model.hide_render) == (False, True)
    assert (copy.visible_get(), copy.hide_render, copy.select_get()) == (True, False, True)


def test_the_cost_is_said_beforehand(addon: Any, model: Any) -> None:
    said: list[str] = []
    column = SimpleNamespace(label=lambda text, icon: said.append(text))
    layout = SimpleNamespace(column=lambda align: column)
    operator = SimpleNamespace(draw_fields=lambda *_: layout, target=lambda context: context.active_object)
    addon.level_of_detail.TRELLIS2_OT_level_of_detail.draw(operator, bpy.context)
    assert "freeze for about 1 s" in said[0]


def test_without_a_model_it_says_what_to_select(addon: Any) -> None:
    with pytest.raises(RuntimeError, match="Select a model in Object Mode first"):
        OPS.trellis2.level_of_detail()


@pytest.mark.parametrize(
    ("tool", "waits"),
    [("TRANSFORM_OT_translate", True), ("RENDER_OT_render", False), ("SCREEN_OT_animation_play", False)],
)
def test_a_model_waits_for_a_running_tool_but_not_for_what_a_finished_render_leaves(
    addon: Any, tool: str, waits: bool
) -> None:
    window = SimpleNamespace(modal_operators=[SimpleNamespace(bl_idname=tool)])
    manager = SimpleNamespace(windows=[window], is_interface_locked=False)
    context = SimpleNamespace(window_manager=manager, mode="OBJECT")
    assert bool(addon.busy.busy_reason(context)) is waits
    assert addon.busy.busy_reason(context, {tool}) == ""


def test_a_model_waits_while_blender_has_locked_its_interface_for_a_bake_or_an_export(addon: Any) -> None:
    context = SimpleNamespace(window_manager=SimpleNamespace(windows=[], is_interface_locked=True), mode="OBJECT")
    assert addon.busy.busy_reason(context) == "Waiting for Blender to finish what it is doing"
    context.window_manager.is_interface_locked = False
    assert addon.busy.busy_reason(context) == ""


def test_the_menu_of_the_job_makes_it_of_the_jobs_model_whatever_is_active(
    tmp_path: Path, connected: Emulator, addon: Any
) -> None:
    done = finish(picture_file(tmp_path))
    (model,) = meshes()
    OPS.mesh.primitive_cube_add()
    assert OPS.trellis2.level_of_detail(job_id=done.id, faces=400) == {"FINISHED"}
    assert (bpy.context.active_object.name, model.visible_get()) == (f"{model.name} LOD", False)  # type: ignore[union-attr]
    entries = draw(TYPES.TRELLIS2_MT_job).operators
    assert ("trellis2.level_of_detail", "Level of Detail...", {"job_id": done.id}) in entries


def test_the_menu_of_the_job_does_not_offer_it_without_the_model(addon: Any) -> None:
    with session_with(addon, [snapshot(addon, "ready", remote_id="job_1")]) as state:
        (job,) = state.jobs.values()
        assert not addon.level_of_detail.TRELLIS2_OT_level_of_detail.fits(job)


def test_a_model_in_another_scene_is_refused_with_what_to_do(tmp_path: Path, connected: Emulator) -> None:
    done = finish(picture_file(tmp_path))
    OPS.scene.new(type="EMPTY")
    assert "made here" in refusal(lambda: OPS.trellis2.level_of_detail(job_id=done.id))


def test_the_models_context_menu_has_it(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    finish(picture_file(tmp_path))
    page = draw(type("Menu", (), {"draw": staticmethod(addon.menus.draw_on_model)}))
    assert ("trellis2.level_of_detail", "Level of Detail...", {}) in page.operators
    OPS.mesh.primitive_cube_add()
    assert draw(type("Menu", (), {"draw": staticmethod(addon.menus.draw_on_model)})).operators == []
