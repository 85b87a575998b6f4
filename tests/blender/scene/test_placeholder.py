"""The box that stands for a model from the click on: what the artist may do with it, and what takes its place."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector

from emulator import Fault
from tests.blender.boxes import box, boxes
from tests.blender.pictures import picture_file
from tests.blender.scene.test_import import add_camera
from tests.blender.working import OPS, finish, generate, meshes, rest, stage_of, tick_until, waiting_reason

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


def update() -> None:
    """Let Blender work out where everything is."""
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()


def extent(thing: Any) -> Any:
    """The lowest and the highest corner of an object in the world."""
    update()
    graph = bpy.context.evaluated_depsgraph_get()
    points = [thing.matrix_world @ Vector(corner) for corner in thing.evaluated_get(graph).bound_box]
    return [Vector([pick(values) for values in zip(*points, strict=True)]) for pick in (min, max)]


def arrive(job_id: str) -> Any:
    """Wait for the model and return its object, the only mesh."""
    tick_until(lambda: stage_of(job_id) == "imported")
    (model,) = meshes()
    update()
    return model


def same(first: Any, second: Any) -> bool:
    """Whether two transforms are the same, as far as single precision goes."""
    pairs = zip(first, second, strict=True)
    return all(math.isclose(a, b, abs_tol=1e-5) for rows in pairs for a, b in zip(*rows, strict=True))


def current_settings() -> Any:
    """The settings of the scene."""
    scene: Any = bpy.context.scene
    return scene.trellis2


def test_from_the_click_on_a_box_of_the_chosen_size_stands_at_the_cursor(tmp_path: Path, connected: Emulator) -> None:
    current_settings().size = 3.0
    assert bpy.context.scene is not None
    bpy.context.scene.cursor.location = (3.0, -2.0, 1.5)
    generate(picture_file(tmp_path, "Tür.png"))
    assert (box().name, [owner.name for owner in box().users_collection]) == ("Tür", ["Trellis"])
    low, high = extent(box())
    assert tuple(low) == pytest.approx((1.5, -3.5, 1.5))
    assert tuple(high) == pytest.approx((4.5, -0.5, 4.5))
    assert tuple(box().scale) == (1.0, 1.0, 1.0)


def test_without_the_ground_the_origin_is_in_the_middle_of_the_box(tmp_path: Path, connected: Emulator) -> None:
    current_settings().use_ground, current_settings().use_size = False, False
    generate(picture_file(tmp_path))
    low, high = extent(box())
    assert (tuple(low), tuple(high)) == ((-0.5, -0.5, -0.5), (0.5, 0.5, 0.5))


def test_the_box_is_as_large_as_the_model_where_a_scene_is_in_other_units(tmp_path: Path, connected: Emulator) -> None:
    assert bpy.context.scene is not None
    bpy.context.scene.unit_settings.scale_length = 0.01
    job_id = generate(picture_file(tmp_path))
    assert max(extent(box())[1] - extent(box())[0]) == pytest.approx(200.0)
    model = arrive(job_id)
    assert max(extent(model)[1] - extent(model)[0]) == pytest.approx(200.0, rel=1e-3)


def test_a_box_without_a_size_is_a_metre_where_a_scene_is_in_other_units(tmp_path: Path, connected: Emulator) -> None:
    assert bpy.context.scene is not None
    bpy.context.scene.unit_settings.scale_length = 0.01
    current_settings().use_size = False
    job_id = generate(picture_file(tmp_path))
    assert tuple(extent(box())[1] - extent(box())[0]) == pytest.approx((100.0, 100.0, 100.0))
    bpy.context.scene.unit_settings.scale_length = 1.0  # which the box that stands there does not follow
    model = arrive(job_id)
    assert max(extent(model)[1] - extent(model)[0]) == pytest.approx(100.0, rel=0.05)
    assert tuple(model.scale) == pytest.approx((1.0, 1.0, 1.0))


def test_the_box_does_not_take_the_selection(tmp_path: Path, connected: Emulator) -> None:
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    generate(picture_file(tmp_path))
    assert (bpy.context.object, bpy.context.selected_objects) == (cube, [cube])


def test_a_click_is_one_step_to_undo(tmp_path: Path, connected: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    bpy.ops.ed.undo_push(message="Before")
    generate(picture_file(tmp_path, "Tür.png"))
    capfd.readouterr()
    bpy.context.window_manager.print_undo_steps()  # type: ignore[union-attr]  # there is one
    last = [line for line in capfd.readouterr().out.splitlines() if "name=" in line][-2:]
    assert "name='Before'" in last[0]
    assert "name='Generate Tür'" in last[1]


def test_the_model_takes_the_boxs_transform_parent_and_name(tmp_path: Path, connected: Emulator) -> None:
    job_id = generate(picture_file(tmp_path))
    bpy.ops.object.empty_add(location=(1, 2, 3), rotation=(0.1, 0.2, 0.3), scale=(1, 1, 1))
    empty = bpy.context.object
    assert empty is not None
    empty.scale = (1.0, 2.0, 0.5)
    standing = box()
    standing.name = "Hero"
    standing.rotation_mode = "QUATERNION"
    standing.location, standing.scale = (4.0, 5.0, 6.0), (2.0, 1.5, 0.5)
    standing.rotation_quaternion = (0.8, 0.2, 0.4, 0.4)
    standing.delta_location = (0.0, 0.0, 1.0)
    standing.parent = empty
    standing.matrix_parent_inverse = Matrix.Translation((7.0, 0.0, 0.0))
    update()
    wanted = standing.matrix_world.copy()
    model = arrive(job_id)
    assert boxes() == []
    assert (model.name, model.parent, model.rotation_mode) == ("Hero", empty, "QUATERNION")
    assert same(model.matrix_world, wanted)
    assert list(bpy.data.lattices) == []


def test_the_model_hangs_on_the_bone_that_the_box_hung_on(tmp_path: Path, connected: Emulator) -> None:
    job_id = generate(picture_file(tmp_path))
    bpy.ops.object.armature_add(location=(1, 0, 0))
    armature = bpy.context.object
    standing = box()
    standing.parent, standing.parent_type, standing.parent_bone = armature, "BONE", "Bone"
    bpy.ops.object.select_all(action="DESELECT")
    update()
    wanted = standing.matrix_world.copy()
    model = arrive(job_id)
    assert (model.parent, model.parent_type, model.parent_bone) == (armature, "BONE", "Bone")
    assert same(model.matrix_world, wanted)


def test_what_hung_on_the_box_or_looked_at_it_hangs_on_the_model(tmp_path: Path, connected: Emulator) -> None:
    job_id = generate(picture_file(tmp_path))
    bpy.ops.object.camera_add(location=(5, 5, 5))
    camera: Any = bpy.context.object
    camera.constraints.new("TRACK_TO").target = box()
    bpy.ops.object.light_add(location=(0, 0, 4))
    lamp: Any = bpy.context.object
    lamp.parent = box()
    update()
    before = lamp.matrix_world.copy()
    model = arrive(job_id)
    assert (camera.constraints[0].target, lamp.parent) == (model, model)
    assert same(lamp.matrix_world, before)


def test_the_model_is_in_the_boxs_collections_and_hidden_as_it_was(tmp_path: Path, connected: Emulator) -> None:
    job_id = generate(picture_file(tmp_path))
    sets = bpy.data.collections.new("Props")
    assert bpy.context.scene is not None
    bpy.context.scene.collection.children.link(sets)
    sets.objects.link(box())
    bpy.data.collections["Trellis"].objects.unlink(box())
    box().hide_set(True)
    model = arrive(job_id)
    assert [owner.name for owner in model.users_collection] == ["Props"]
    assert model.hide_get()
    assert not model.hide_render


def test_a_model_whose_box_is_selected_is_selected_with_what_else_is(tmp_path: Path, connected: Emulator) -> None:
    bpy.ops.mesh.primitive_cube_add()
    cube: Any = bpy.context.object
    job_id = generate(picture_file(tmp_path))
    box().select_set(True)
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.objects.active = box()
    tick_until(lambda: stage_of(job_id) == "imported")
    (model,) = [thing for thing in meshes() if thing != cube]
    assert set(bpy.context.selected_objects or []) == {cube, model}
    assert bpy.context.object == model


def test_the_model_fits_the_box_even_if_the_settings_change_meanwhile(tmp_path: Path, connected: Emulator) -> None:
    current_settings().size = 3.0
    job_id = generate(picture_file(tmp_path))
    current_settings().size, current_settings().use_ground, current_settings().place = 1.0, False, "ORIGIN"
    box_low, box_high = extent(box())
    model = arrive(job_id)
    low, high = extent(model)
    assert max(high - low) == pytest.approx(3.0, abs=1e-3)
    assert low.z == pytest.approx(box_low.z, abs=1e-3)
    for axis in range(3):
        assert box_low[axis] - 1e-3 <= low[axis] < high[axis] <= box_high[axis] + 1e-3


def test_what_blenders_own_importer_reads_takes_the_boxs_place_too(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any
) -> None:
    job_id = generate(picture_file(tmp_path))
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")  # which holds the model back until its file was changed
    tick_until(waiting_reason)
    add_camera(session.jobs_root() / job_id / "model.glb")
    standing = box()
    state = session.start()
    state.importer.read = None
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    standing.location, standing.scale, standing.rotation_euler = (3.0, 4.0, 5.0), (0.5, 0.5, 0.5), (0.0, 0.0, 1.0)
    model = arrive(job_id)
    assert boxes() == []
    assert [thing.type for thing in bpy.data.objects].count("CAMERA") == 1
    low, high = extent(model)
    assert max(model.dimensions) == pytest.approx(1.0, abs=2e-3)
    assert low.z == pytest.approx(5.0, abs=1e-3)
    assert tuple((low + high) / 2)[:2] == pytest.approx((3.0, 4.0), abs=0.05)


def test_a_deleted_box_lets_the_job_go_on_and_wait_in_the_list(tmp_path: Path, connected: Emulator) -> None:
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) != "queued")
    bpy.data.objects.remove(box())
    tick_until(lambda: stage_of(job_id) == "ready")
    rest()
    assert (stage_of(job_id), meshes(), connected.paid) == ("ready", [], 1)
    assert OPS.trellis2.import_model(job_id=job_id, wait=True) == {"FINISHED"}
    assert len(meshes()) == 1


def test_a_box_that_comes_back_brings_its_model_again(tmp_path: Path, connected: Emulator, session: Any) -> None:
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) != "queued")
    collection = box().users_collection[0]
    standing = box()
    collection.objects.unlink(standing)
    tick_until(lambda: stage_of(job_id) == "ready")
    rest()
    assert meshes() == []
    collection.objects.link(standing)
    session.undone()
    arrive(job_id)
    assert boxes() == []


def test_cancelling_takes_the_box_away_at_once(tmp_path: Path, connected: Emulator) -> None:
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "running")
    assert OPS.trellis2.cancel(job_id=job_id) == {"FINISHED"}
    assert boxes() == []


def test_a_job_that_failed_keeps_its_box_until_a_retry_fills_it_or_it_is_removed(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    connected.fault("submit", Fault(job="fails"), times=2)
    first, second = generate(picture_file(tmp_path, "a.png")), generate(picture_file(tmp_path, "b.png"))
    tick_until(lambda: {stage_of(first), stage_of(second)} == {"failed"})
    assert len(boxes()) == 2
    bpy.data.objects["a"].location = (7.0, 0.0, 0.0)
    session.remove(second)
    tick_until(lambda: len(boxes()) == 1)
    assert OPS.trellis2.retry(job_id=first) == {"FINISHED"}
    assert arrive(first).location.x == 7.0


def test_copies_of_the_box_go_when_the_model_comes(tmp_path: Path, connected: Emulator) -> None:
    job_id = generate(picture_file(tmp_path))
    first = box()
    for is_linked in (False, True):
        copy = first.copy()
        copy.data = first.data if is_linked else first.data.copy()
        copy.location.x += 5
        first.users_collection[0].objects.link(copy)
    assert len(boxes()) == 3
    model = arrive(job_id)
    assert (boxes(), list(bpy.data.lattices), model.location.x) == ([], [], 0.0)
    bpy.ops.ed.undo()
    bpy.ops.ed.redo()
    assert (len(meshes()), boxes()) == (1, [])  # they went in the same step


def test_a_box_in_another_scene_gets_its_model_there(tmp_path: Path, connected: Emulator) -> None:
    job_id = generate(picture_file(tmp_path))
    here = bpy.context.scene
    assert bpy.context.window is not None
    bpy.context.window.scene = bpy.data.scenes.new("Elsewhere")
    tick_until(lambda: stage_of(job_id) == "imported")
    assert [scene for thing in meshes() for scene in thing.users_scene] == [here]


def test_without_placeholders_no_box_is_made(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    addon.preferences.preferences().use_placeholders = False
    try:
        job_id = generate(picture_file(tmp_path))
        assert (boxes(), list(bpy.data.collections)) == ([], [])
        arrive(job_id)
    finally:
        addon.preferences.preferences().use_placeholders = True


def test_a_script_that_waits_needs_no_box_and_gets_the_model_where_one_would_stand(
    tmp_path: Path, connected: Emulator, capfd: pytest.CaptureFixture[str]
) -> None:
    assert bpy.context.scene is not None
    bpy.context.scene.cursor.location = (1.0, 2.0, 3.0)
    finish(picture_file(tmp_path))
    capfd.readouterr()
    bpy.context.window_manager.print_undo_steps()  # type: ignore[union-attr]  # there is one
    steps = capfd.readouterr().out
    assert "name='Import chair'" in steps
    assert "name='Generate chair'" not in steps  # which a box would be
    assert list(bpy.data.lattices) == []
    assert tuple(meshes()[0].location) == (1.0, 2.0, 3.0)


def test_a_box_knows_nothing_but_its_jobs_folder(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    job_id = generate(picture_file(tmp_path))
    assert dict(box().items()) == {}
    known = dict(box().data.items())
    home = known.pop("trellis2_home")
    assert known == {"trellis2_job": job_id, "trellis2_largest": 2.0, "trellis2_grounded": True, "trellis2_meter": 1.0}
    assert home == addon.placeholder.home(addon.session.jobs_root())
    assert re.fullmatch("[0-9a-f]{16}", home), "it tells something of this computer"


def test_the_fill_rises_with_the_job_and_ends_with_it(tmp_path: Path, connected: Emulator, session: Any) -> None:
    job_id = generate(picture_file(tmp_path))
    seen: list[int] = []

    def is_there() -> bool:
        seen.extend(filled.step for filled in session.start().placeholders.fill.filled)
        return stage_of(job_id) == "imported"

    tick_until(is_there)
    assert seen == sorted(seen)
    assert seen[0] <= 10 < seen[-1] <= 100
    tick_until(lambda: session.start().placeholders.fill.filled == [])


@pytest.fixture
def previews(addon: Any, session: Any) -> Any:
    """What looks at pictures, with real Blenders."""
    return session.start().previews


def test_the_boxs_picture_is_the_whole_picture_small(tmp_path: Path, previews: Any) -> None:
    wide = np.zeros((300, 600, 4), np.uint8)
    wide[:, :300] = (255, 0, 0, 255)
    previews.shrink("wide", picture_file(tmp_path, "breit ü.png", wide))
    assert previews.small == {"wide": None}
    tick_until(lambda: previews.small["wide"])
    small = previews.small["wide"]
    assert (small.width, small.height) == (256, 128)
    pixels = np.frombuffer(small.pixels, np.uint8).reshape(128, 256, 4)
    assert pixels[64, 20].tolist() == [255, 0, 0, 255]
    assert pixels[64, 236, 3] == 0


def test_a_picture_that_cannot_be_shown_is_asked_for_once(tmp_path: Path, previews: Any) -> None:
    path = tmp_path / "broken.png"
    previews.shrink("broken", path)
    assert previews.small == {}  # its file is not there yet
    path.write_bytes(b"nothing of the kind")
    previews.shrink("broken", path)
    tick_until(lambda: previews.small["broken"])
    assert previews.small["broken"].pixels == b""
    previews.shrink("broken", picture_file(tmp_path, "broken.png"))
    assert previews.small["broken"].pixels == b""
    previews.forget("broken")
    assert previews.small == {}
