"""What our reader does not take, Blender's own importer brings in: in the background, and placed as ours is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import pytest
from mathutils import Vector

from tests.blender.child import wait_until
from tests.blender.snapshots import written
from tests.blender.working import OPS, job, meshes, refusal, tick_until, waiting_reason
from tests.glbs.plain import whole
from tests.glbs.shapes import Solid, wedge
from tests.glbs.unplain import many_parts, moving, with_a_broken_position, with_bones, with_camera

if TYPE_CHECKING:
    from pathlib import Path

    from tests.glbs.draft import Draft

WAYS = ("ours", "in the background", "here")


@pytest.fixture
def alone(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no background Blender."""
    monkeypatch.setattr(addon.start, "blender_path", lambda: "/nowhere/blender")


@pytest.fixture
def never_here(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blender's importer must not run in this Blender."""

    def fail(*_arguments: object, **_options: object) -> None:
        raise AssertionError("this Blender stands still for it")

    monkeypatch.setattr(addon.blender_importer, "import_here", fail)


def ready(addon: Any, file: Draft | bytes, number: int = 0, **values: Any) -> str:
    """Put a job with this model on the disk, ready to be imported, and return its id."""
    made = written(addon, "ready", number, **values)
    path = model_of(addon, made.id)
    path.write_bytes(file if isinstance(file, bytes) else file.glb())
    addon.session.start()
    tick_until(lambda: made.id in addon.session.jobs())
    return str(made.id)


def model_of(addon: Any, job_id: str) -> Path:
    """The job's model file."""
    return addon.session.jobs_root() / job_id / "model.glb"  # type: ignore[no-any-return]


def bring(addon: Any, file: Draft | bytes, number: int = 0) -> str:
    """Import a job's model and return its id."""
    job_id = ready(addon, file, number)
    assert OPS.trellis2.import_model(job_id=job_id, wait=True) == {"FINISHED"}
    return job_id


def said(addon: Any) -> list[str]:
    """What was said that belongs to no job."""
    return [notice.sentence for notice in addon.session.notices()]


def bounds() -> tuple[Any, Any]:
    """The lowest and the highest corner of all meshes, in the world, as they are seen."""
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    shown = [thing.evaluated_get(graph) for thing in meshes()]
    corners = [thing.matrix_world @ Vector(corner) for thing in shown for corner in thing.bound_box]
    low, high = (Vector([pick(values) for values in zip(*corners, strict=True)]) for pick in (min, max))
    return low, high


def scene() -> Any:
    """The current scene, never None here."""
    return bpy.context.scene


@pytest.mark.usefixtures("never_here")
def test_it_is_imported_in_the_background_and_nothing_of_that_is_left(addon: Any) -> None:
    job_id = bring(addon, with_camera(whole(wedge())))
    assert said(addon) == ["“Tür” holds a camera: Blender's own importer read it."]
    assert sorted(thing.type for thing in bpy.data.objects) == ["CAMERA", "MESH"]
    assert meshes()[0].name == meshes()[0].data.name == "Tür"
    assert {owner.name for thing in bpy.data.objects for owner in thing.users_collection} == {"Trellis"}
    assert [collection.name for collection in bpy.data.collections] == ["Trellis"]
    assert not bpy.data.libraries
    assert not list(model_of(addon, job_id).parent.glob("*.blend"))


@pytest.mark.usefixtures("alone")
def test_without_a_background_blender_it_is_imported_here_and_said_before(
    addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before: list[list[str]] = []
    importer = addon.blender_importer.import_here

    def watched(*arguments: Any, **options: Any) -> Any:
        before.append(said(addon))
        return importer(*arguments, **options)

    monkeypatch.setattr(addon.blender_importer, "import_here", watched)
    bring(addon, with_camera(whole(wedge())))
    assert before == [["“Tür” holds a camera: Blender imports it itself, and will freeze meanwhile."]]
    assert len(meshes()) == 1


@pytest.mark.parametrize("use_ground", [True, False])
@pytest.mark.parametrize("use_size", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_it_is_placed_as_ours_is(
    addon: Any, monkeypatch: pytest.MonkeyPatch, way: str, use_size: bool, use_ground: bool
) -> None:
    unit = 0.01
    scene().unit_settings.scale_length = unit
    scene().cursor.location = (3.0, -2.0, 1.5)
    chosen = scene().trellis2
    chosen.use_size, chosen.size, chosen.use_ground = use_size, 6.0, use_ground
    if way == "here":
        monkeypatch.setattr(addon.start, "blender_path", lambda: "/nowhere/blender")
    bring(addon, whole(wedge()) if way == "ours" else with_camera(whole(wedge())))
    low, high = bounds()
    # The wedge is 2 by 1 by 3 metres, 3 of them upwards, and begins in the origin.
    size = (6.0 if use_size else 3.0) / unit
    assert high.z - low.z == pytest.approx(size, rel=1e-5)
    if use_ground:
        assert ((low + high) / 2).to_tuple()[:2] == pytest.approx((3.0, -2.0), abs=1e-3)
        assert low.z == pytest.approx(1.5, abs=1e-3)
    else:
        assert (low.x, high.y, low.z) == pytest.approx((3.0, -2.0, 1.5), abs=1e-3)


def test_an_animated_root_stays_where_it_was_placed_when_the_frame_changes(addon: Any) -> None:
    scene().frame_set(0)
    scene().cursor.location = (3.0, -2.0, 1.5)
    bring(addon, moving())
    heights = []
    for frame in (0, 24, 48):
        scene().frame_set(frame)
        low, high = bounds()
        assert ((low + high) / 2).to_tuple()[:2] == pytest.approx((3.0, -2.0), abs=1e-3)
        heights.append(low.z)
    # 2 metres of 3 that have become 2.
    assert heights == pytest.approx([1.5, 1.5 + 2 / 3, 1.5 + 4 / 3], abs=0.05)
    (root,) = (thing for thing in bpy.data.objects if thing.parent is None)
    assert (root.type, root.name, root.get("trellis2_asset_id")) == ("EMPTY", "Tür", "")


def test_the_shapes_of_bones_are_no_part_of_the_model(addon: Any) -> None:
    bring(addon, with_bones())
    assert len(meshes()) == 1
    assert sorted(thing.type for thing in bpy.data.objects) == ["ARMATURE", "MESH"]
    low, high = bounds()
    assert max(high - low) == pytest.approx(2.0, abs=1e-3)
    assert low.z == pytest.approx(0.0, abs=1e-3)


@pytest.mark.usefixtures("never_here")
def test_hundreds_of_parts_come_as_one_object(addon: Any) -> None:
    bring(addon, many_parts(300))
    (model,) = meshes()
    assert len(model.data.polygons) == 1200
    assert sorted(thing.type for thing in bpy.data.objects) == ["CAMERA", "MESH"]
    low, high = bounds()
    assert max(high - low) == pytest.approx(2.0, abs=1e-3)


@pytest.mark.usefixtures("never_here")
def test_what_our_reader_stumbles_over_is_brought_in_and_told_in_an_artists_words(addon: Any) -> None:
    job_id = bring(addon, with_a_broken_position())
    assert said(addon) == ["“Tür” holds an error: Blender's own importer read it."]
    assert len(meshes()) == 1
    assert all(abs(number) < 1e6 for number in meshes()[0].location)
    assert model_of(addon, job_id).is_file()


@pytest.mark.parametrize("name", ["0", "z"])  # which says whether it comes first
@pytest.mark.usefixtures("never_here")
def test_a_part_out_of_all_bounds_does_not_take_the_others_along(addon: Any, name: str) -> None:
    draft = whole(wedge())
    draft.json["nodes"].append({"name": name, "mesh": 0, "translation": [1e39, 0, 0]})
    draft.json["scenes"][0]["nodes"] = [0, 1]
    bring(addon, draft)
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    heights = [thing.dimensions.z for thing in meshes()]
    assert heights == pytest.approx([2.0, 2.0], abs=1e-3)


def test_a_normal_that_is_no_number_costs_nothing(addon: Any) -> None:
    solid = wedge()
    normals = [(float("nan"), 0.0, 0.0), *solid.normals[1:]]
    bring(addon, whole(Solid(solid.positions, normals, solid.uvs, solid.triangles)))
    assert (said(addon), len(meshes())) == ([], 1)


def without_indices_data() -> bytes:
    """Return a file whose indices point at no buffer view, for which nobody has an answer."""
    draft = whole(wedge())
    draft.json["accessors"][3]["bufferView"] = 77
    return draft.glb()


@pytest.mark.parametrize("way", WAYS[1:])
def test_what_blender_cannot_import_either_is_kept_and_said_in_one_line(
    addon: Any, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "here":
        monkeypatch.setattr(addon.start, "blender_path", lambda: "/nowhere/blender")
    job_id = ready(addon, without_indices_data())
    before = model_of(addon, job_id).read_bytes()
    sentence = refusal(lambda: OPS.trellis2.import_model(job_id=job_id, wait=True))
    assert sentence == ("Blender could not import the model. Its file is kept: press Open Folder to use it elsewhere.")
    failed = job(job_id)
    assert (failed.stage.value, failed.remedy.value) == ("failed", "folder")
    assert model_of(addon, job_id).read_bytes() == before
    assert not bpy.data.objects


@pytest.mark.usefixtures("never_here")
def test_another_file_that_is_opened_meanwhile_ends_it(addon: Any) -> None:
    job_id = ready(addon, with_camera(whole(wedge())))
    assert OPS.trellis2.import_model(job_id=job_id) == {"FINISHED"}
    tick_until(waiting_reason)
    assert waiting_reason() == "Blender's own importer reads it in the background"
    importer = addon.session.running().importer
    task = importer.client.task
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    tick_until(lambda: importer.read is None)
    wait_until(task.done)
    assert (importer.client.task, job(job_id).stage.value) == (None, "ready")
    assert waiting_reason() == "Made for another file. Press Import to bring it in"
