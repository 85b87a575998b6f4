"""What else the artist does to a box and what hangs on it: applied transforms, keys, children, other scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import pytest
from mathutils import Matrix, Vector

from emulator import Fault
from tests.blender.boxes import box, boxes
from tests.blender.pictures import picture_file
from tests.blender.scene.test_placeholder import arrive, current_settings, extent, same, update
from tests.blender.scene.test_placeholder_file import put_box
from tests.blender.working import OPS, finish, generate, stage_of, tick_until
from tests.services import scenario_stops

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from emulator import Emulator


def fits(model: Any, low: Any, high: Any) -> bool:
    """Whether the model stands on the floor of these bounds, in the middle, and fills them along its largest side."""
    mine, mine_high = extent(model)
    is_inside = all(low[axis] - 1e-3 <= mine[axis] < mine_high[axis] <= high[axis] + 1e-3 for axis in range(3))
    is_filled = max((mine_high - mine)[axis] / (high - low)[axis] for axis in range(3)) > 0.99
    is_middle = ((mine + mine_high) / 2 - (low + high) / 2).xy.length < 0.02
    return is_inside and is_filled and is_middle and abs(mine.z - low.z) < 2e-3


def bounds(standing: Any) -> Any:
    """The lowest and the highest corner of a box in the world, by its points."""
    update()
    points = [standing.matrix_world @ point.co_deform for point in standing.data.points]
    return [Vector([pick(values) for values in zip(*points, strict=True)]) for pick in (min, max)]


def use_alone(thing: Any) -> None:
    """Select only this."""
    bpy.ops.object.select_all(action="DESELECT")
    thing.select_set(True)
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.objects.active = thing


@pytest.mark.parametrize("is_grounded", [True, False])
@pytest.mark.parametrize(
    "apply",
    [
        lambda: bpy.ops.object.transform_apply(location=False, rotation=False, scale=True),
        lambda: bpy.ops.object.transform_apply(location=True, rotation=True, scale=True),
        lambda: bpy.ops.object.origin_set(type="ORIGIN_CURSOR"),
    ],
    ids=["scale", "all", "origin"],
)
def test_a_box_whose_transform_was_applied_is_filled_as_it_stands(
    tmp_path: Path, connected: Emulator, apply: Callable[[], object], is_grounded: bool
) -> None:
    current_settings().use_ground = is_grounded
    job_id = generate(picture_file(tmp_path))
    standing = box()
    standing.location, standing.scale = (3.0, 4.0, 5.0), (2.0, 2.0, 2.0)
    low, high = bounds(standing)
    use_alone(standing)
    apply()
    assert all((a - b).length < 1e-4 for a, b in zip(bounds(standing), (low, high), strict=True))
    model = arrive(job_id)
    if is_grounded:
        assert fits(model, low, high)
    else:
        mine, mine_high = extent(model)
        assert max(mine_high - mine) == pytest.approx(4.0, rel=0.01)
        assert ((mine + mine_high) / 2 - Vector((3.0, 4.0, 5.0))).length < 1.0


def test_a_box_whose_points_were_flattened_still_gets_its_model(tmp_path: Path, connected: Emulator) -> None:
    job_id = generate(picture_file(tmp_path))
    lattice: Any = box().data
    for point in lattice.points:
        point.co_deform = (0.0, 0.0, 0.0)
    assert max(arrive(job_id).dimensions) == pytest.approx(2.0, abs=2e-3)


def test_the_model_goes_on_with_the_boxs_keys_and_drivers(tmp_path: Path, connected: Emulator) -> None:
    scene: Any = bpy.context.scene
    job_id = generate(picture_file(tmp_path))
    standing = box()
    for frame, place in ((1, 0.0), (11, 5.0)):
        standing.location.x = place
        standing.keyframe_insert("location", index=0, frame=frame)
    standing.driver_add("location", 2).driver.expression = "1.0 + 2.0"
    model = arrive(job_id)
    for frame, place in ((1, 0.0), (11, 5.0)):
        scene.frame_set(frame)
        update()
        assert (model.location.x, model.location.z) == (pytest.approx(place), 3.0)


def test_a_box_that_was_applied_and_then_keyed_gets_a_model_of_its_size(tmp_path: Path, connected: Emulator) -> None:
    scene: Any = bpy.context.scene
    job_id = generate(picture_file(tmp_path))
    standing = box()
    standing.scale = (3.0, 3.0, 3.0)
    use_alone(standing)
    bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)
    standing.keyframe_insert("scale", frame=1)
    model = arrive(job_id)
    scene.frame_set(2)
    update()
    low, high = extent(model)
    assert max(high - low) == pytest.approx(6.0, rel=0.01)


def test_a_keyed_box_leaves_what_its_model_consists_of_as_large_as_it_came(addon: Any, connected: Emulator) -> None:
    scene: Any = bpy.context.scene
    put_box(addon, "20261122-000000-abcdef")
    standing = box()
    standing.scale = (3.0, 3.0, 3.0)
    standing.keyframe_insert("scale", frame=1)
    root, part = (bpy.data.objects.new(name, None) for name in ("root", "part"))
    root.scale, part.parent, part.location = (2.0, 2.0, 2.0), root, (1.0, 0.0, 0.0)
    for thing in (root, part):
        scene.collection.objects.link(thing)
    addon.placeholder.hand_over(standing, [root])
    scene.frame_set(2)
    update()
    assert same(part.matrix_world, Matrix.LocRotScale((6.0, 0.0, 0.0), None, (6.0, 6.0, 6.0)))


@scenario_stops
def test_what_hangs_on_a_box_that_leaves_without_a_model_stays_where_it_is(tmp_path: Path, connected: Emulator) -> None:
    connected.fault("submit", Fault(job="never_ends"))
    job_id = generate(picture_file(tmp_path))
    bpy.ops.object.light_add(location=(1, 2, 4))
    lamp: Any = bpy.context.object
    lamp.parent = box()
    box().location = (5.0, 0.0, 0.0)
    update()
    before = lamp.matrix_world.copy()
    OPS.trellis2.cancel(job_id=job_id)
    tick_until(lambda: stage_of(job_id) == "cancelled")
    update()
    assert (boxes(), lamp.parent) == ([], None)
    assert same(lamp.matrix_world, before)


def test_a_box_that_is_hidden_in_another_scene_is_a_hidden_model_there(tmp_path: Path, connected: Emulator) -> None:
    job_id = generate(picture_file(tmp_path))
    other: Any = bpy.data.scenes.new("Werkstatt")
    other.collection.objects.link(box())
    (layer,) = other.view_layers
    layer.update()
    box().hide_set(True, view_layer=layer)
    model = arrive(job_id)
    assert (model.hide_get(), model.hide_get(view_layer=layer)) == (False, True)


def test_a_click_on_import_waits_for_no_tool_that_ran_then_but_for_one_that_was_begun_since(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = finish(picture_file(tmp_path))
    tools = ["VIEW3D_OT_show_keys"]
    monkeypatch.setattr(addon.busy, "running_tools", lambda _window: [*tools])
    OPS.trellis2.import_model(job_id=done.id)
    tools.append("TRANSFORM_OT_translate")
    tick_until(lambda: session.waiting_for(done))
    assert session.waiting_for(done) == "Waiting for the running tool to finish"
    tools.pop()
    tick_until(lambda: not session.running().importer.is_awaited(done))
    OPS.trellis2.import_model(job_id=done.id)
    session.running().importer.want(done.id)  # as a retry does, which nobody clicks on Import for
    tick_until(lambda: session.waiting_for(done))


def test_the_model_is_held_by_what_held_the_box(tmp_path: Path, connected: Emulator) -> None:
    job_id = generate(picture_file(tmp_path))
    bpy.ops.object.empty_add(location=(3, -2, 1))
    held_to: Any = bpy.context.object
    held: Any = box().constraints.new("COPY_LOCATION")
    held.name, held.target, held.influence, held.use_z = "Zum Tisch", held_to, 0.5, False
    box().constraints.new("LIMIT_ROTATION").mute = True
    update()
    wanted = box().matrix_world.copy()
    model = arrive(job_id)
    first, second = model.constraints
    assert (first.type, first.name, first.target, first.influence, first.use_z) == (
        "COPY_LOCATION",
        "Zum Tisch",
        held_to,
        0.5,
        False,
    )
    assert (second.type, second.mute) == ("LIMIT_ROTATION", True)
    assert same(model.matrix_world, wanted)
