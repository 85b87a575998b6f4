"""Boxes in files: saved and opened again, gone back over, and in no render and no export."""

from __future__ import annotations

import shutil
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import addon_utils
import bpy
import pytest

from emulator import Fault
from tests.blender.boxes import box, boxes
from tests.blender.pictures import picture_file
from tests.blender.snapshots import session_with, snapshot
from tests.blender.working import OPS, finish, generate, meshes, rest, stage_of, tick_until
from tests.services import scenario_stops

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


def saved(path: Path) -> str:
    """Save the file there."""
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    return str(path)


def state_root(addon: Any) -> Any:
    """The folder of the jobs of the session at hand."""
    running = addon.session.running()
    return addon.session.jobs_root() if running is None else running.root


def put_box(addon: Any, job_id: str, name: str = "chair", home: str | None = None) -> Any:
    """Put a box into the scene, as undo or an opened file may. `home` names where its job is kept, None: here."""
    home = addon.placeholder.home(state_root(addon)) if home is None else home
    made = addon.placeholder.make(name, job_id, home, addon.placeholder.Size(2.0))
    assert bpy.context.scene is not None
    bpy.context.scene.collection.objects.link(made)
    return made


def test_a_file_opened_again_gets_its_model_where_the_box_stands(tmp_path: Path, connected: Emulator) -> None:
    job_id = generate(picture_file(tmp_path))
    box().location = (5.0, 6.0, 7.0)
    path = saved(tmp_path / "with a box.blend")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    tick_until(lambda: stage_of(job_id) == "ready")
    rest()
    assert meshes() == []
    bpy.ops.wm.open_mainfile(filepath=path)
    tick_until(lambda: stage_of(job_id) == "imported")
    assert (tuple(meshes()[0].location), boxes()) == ((5.0, 6.0, 7.0), [])


@pytest.mark.parametrize("stage", ["running", "ready", "imported"])
def test_after_a_crash_the_model_comes_into_the_file_that_was_saved_before(
    tmp_path: Path, connected: Emulator, session: Any, stage: str
) -> None:
    job_id = generate(picture_file(tmp_path))
    box().location = (5.0, 6.0, 7.0)
    path = saved(tmp_path / "with a box.blend")
    if stage == "ready":
        bpy.data.objects.remove(box())
    tick_until(lambda: stage_of(job_id) == stage)
    session.stop()
    bpy.ops.wm.open_mainfile(filepath=path)
    assert meshes() == []
    session.start()
    tick_until(meshes)
    tick_until(lambda: stage_of(job_id) == "imported")
    assert (tuple(meshes()[0].location), boxes(), stage_of(job_id)) == ((5.0, 6.0, 7.0), [], "imported")
    assert connected.paid == 1


def test_a_script_that_opens_a_file_with_a_box_starts_nothing(tmp_path: Path, addon: Any, session: Any) -> None:
    put_box(addon, "20261122-000000-abcdef")
    bpy.ops.wm.open_mainfile(filepath=saved(tmp_path / "with a box.blend"))
    assert len(boxes()) == 1
    assert not session.tick()


@pytest.mark.parametrize("stage", ["imported", "cancelled"])
def test_a_box_that_undo_brings_back_goes_when_its_job_is_over(addon: Any, session: Any, stage: str) -> None:
    with session_with(addon, [snapshot(addon, stage)]) as state:
        state.is_loaded, state.placeholders.is_due, state.placeholders.is_opened = True, False, False
        put_box(addon, "20261122-000000-abcdef")
        session.undone()
        assert len(boxes()) == 1  # Blender is not done with the undo yet
        state.update_placeholders(is_changed=False)
        assert (boxes(), list(bpy.data.lattices)) == ([], [])


def test_undo_right_after_the_arrival_does_not_bring_the_model_again(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any
) -> None:
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "imported")
    rest()
    bpy.data.objects.remove(meshes()[0])
    put_box(addon, job_id)
    session.undone()
    rest()
    assert (boxes(), meshes()) == ([], [])


@pytest.mark.parametrize("stage", ["queued", "running", "ready", "failed"])
def test_a_box_that_undo_brings_back_stays_while_its_job_may_bring_a_model(addon: Any, stage: str) -> None:
    with session_with(addon, [snapshot(addon, stage)]) as state:
        state.is_loaded = True
        put_box(addon, "20261122-000000-abcdef")
        state.update_placeholders(is_changed=False)
        assert len(boxes()) == 1
        assert state.importer.wanted == {"20261122-000000-abcdef"}


def test_the_box_of_a_job_that_nobody_knows_goes(addon: Any) -> None:
    with session_with(addon, [snapshot(addon, "running")]) as state:
        put_box(addon, "20251122-000000-fedcba")
        state.update_placeholders(is_changed=True)
        assert len(boxes()) == 1  # the jobs of earlier sessions are not all told yet
        state.is_loaded = True
        state.update_placeholders(is_changed=True)
        assert boxes() == []


def test_the_box_of_a_job_that_may_only_be_out_of_reach_stays(addon: Any) -> None:
    with session_with(addon, [snapshot(addon, "cancelled")]) as state:
        state.runner = SimpleNamespace(tidy=lambda _days: None)
        addon.apply_messages.take_in(state, addon.apply_messages.JobsLoaded(is_whole=False))
        for job_id in ("20251122-000000-fedcba", "20261122-000000-abcdef"):
            put_box(addon, job_id)
        state.update_placeholders(is_changed=True)
        assert [addon.placeholder.job_id(box) for box in boxes()] == ["20251122-000000-fedcba"]
        addon.apply_messages.take_in(state, addon.apply_messages.JobsLoaded())
        state.update_placeholders(is_changed=True)
        assert boxes() == []


def test_the_box_of_a_job_on_another_computer_stays_as_it_is(addon: Any) -> None:
    with session_with(addon, [snapshot(addon, "running")]) as state:
        elsewhere = put_box(addon, "20251122-000000-fedcba", home="0123456789abcdef")
        state.is_loaded = True
        state.update_placeholders(is_changed=True)
        assert (boxes(), state.placeholders.is_due) == ([elsewhere], False)
        assert state.importer.wanted == set()


def test_a_box_in_a_file_of_a_job_that_another_blender_began_gets_its_model(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any
) -> None:
    done = finish(picture_file(tmp_path))
    tick_until(lambda: addon.begin.job_folder.load(session.folder(done.id)).stage.value == "imported")
    tick_until(lambda: not session.tick())  # this Blender idles: it sees nothing of what happens elsewhere
    other = f"{done.id[:-6]}abcdef"
    shutil.copytree(session.folder(done.id), session.folder(other))
    begun = replace(done, id=other, stage=type(done.stage)("ready"), remote_id="job_of_the_other")
    addon.begin.job_folder.save(session.folder(other), begun)
    put_box(addon, other, "begun elsewhere").location = (5.0, 6.0, 7.0)
    bpy.ops.wm.open_mainfile(filepath=saved(tmp_path / "from the other.blend"))
    tick_until(lambda: other in session.jobs() and stage_of(other) == "imported")
    assert boxes() == []
    assert (5.0, 6.0, 7.0) in [tuple(model.location) for model in meshes()]


@pytest.mark.parametrize("hold", ["is_rendering", "tool"])
def test_a_box_is_not_taken_away_while_somebody_is_busy_with_it(
    addon: Any, monkeypatch: pytest.MonkeyPatch, hold: str
) -> None:
    with session_with(addon, [snapshot(addon, "cancelled")]) as state, monkeypatch.context() as patch:
        held = put_box(addon, "20261122-000000-abcdef")
        held.select_set(True)
        state.is_loaded = True
        if hold == "tool":
            patch.setattr(addon.busy, "running_tools", lambda _window: ["TRANSFORM_OT_translate"])
        else:
            patch.setattr(addon.busy, "is_rendering", lambda: True)
        state.update_placeholders(is_changed=True)
        assert (boxes(), state.placeholders.is_due) == ([held], True)
        patch.undo()
        state.update_placeholders(is_changed=False)
        assert (boxes(), state.placeholders.is_due) == ([], False)


def test_a_tool_that_always_runs_keeps_no_box_that_is_not_selected(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addon.busy, "running_tools", lambda _window: ["VIEW3D_OT_show_keys"])
    with session_with(addon, [snapshot(addon, "cancelled")]) as state:
        put_box(addon, "20261122-000000-abcdef")
        state.is_loaded = True
        state.update_placeholders(is_changed=True)
        assert boxes() == []


@scenario_stops
def test_a_tool_that_always_runs_keeps_no_box_of_a_job_that_is_cancelled(
    addon: Any, connected: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.fault("submit", Fault(job="never_ends"))
    monkeypatch.setattr(addon.busy, "all_running_tools", lambda _context: frozenset({"VIEW3D_OT_show_keys"}))
    job_id = generate(picture_file(tmp_path))
    (standing,) = boxes()
    standing.select_set(True)
    OPS.trellis2.cancel(job_id=job_id)
    tick_until(lambda: stage_of(job_id) == "cancelled")
    rest()
    assert boxes() == []
    assert not addon.session.tick(), "the timer goes on"


def test_what_is_no_box_is_left_alone(addon: Any) -> None:
    assert bpy.context.scene is not None
    lattice: Any = bpy.data.objects.new("Cage", bpy.data.lattices.new("Cage"))
    bpy.context.scene.collection.objects.link(lattice)
    lattice["trellis2_job"] = "20261122-000000-abcdef"
    with session_with(addon, [snapshot(addon)]) as state:
        put_box(addon, "20261122-000000-abcdef")
        state.is_loaded, state.placeholders.is_opened = True, False
        state.update_placeholders(is_changed=True)
    assert [thing.name for thing in bpy.data.objects] == ["Cage"]


def test_a_box_that_is_linked_from_another_file_is_left_alone(tmp_path: Path, addon: Any) -> None:
    made = put_box(addon, "20261122-000000-abcdef")
    library = tmp_path / "library.blend"
    bpy.data.libraries.write(str(library), {made})
    bpy.data.objects.remove(made)
    libraries: Any = bpy.data.libraries  # the stubs do not know that `load` is for `with`
    with libraries.load(str(library), link=True) as (_, wanted):
        wanted.objects = ["chair"]
    assert bpy.context.scene is not None
    bpy.context.scene.collection.objects.link(bpy.data.objects["chair"])
    with session_with(addon, [snapshot(addon, "cancelled")]) as state:
        state.is_loaded = True
        state.update_placeholders(is_changed=True)
        assert len(boxes()) == 1


def test_an_imported_box_of_two_files_brings_one_model(tmp_path: Path, connected: Emulator) -> None:
    job_id = generate(picture_file(tmp_path))
    path = saved(tmp_path / "with a box.blend")
    libraries: Any = bpy.data.libraries
    with libraries.load(path, link=False) as (_, wanted):
        wanted.objects = ["chair"]
    assert bpy.context.scene is not None
    bpy.context.scene.collection.objects.link(bpy.data.objects["chair.001"])
    assert len(boxes()) == 2
    tick_until(lambda: stage_of(job_id) == "imported")
    assert (len(meshes()), boxes()) == (1, [])


# -- in no render and no export

ALEMBIC: dict[str, Any] = {"as_background_job": False}
# `export_hierarchy_full_collections`: every collection becomes a node as well.
EXPORTS: dict[str, tuple[str, dict[str, Any]]] = {
    "model.glb": ("export_scene.gltf", {"export_format": "GLB", "export_extras": True}),
    "model.gltf": ("export_scene.gltf", {"export_format": "GLTF_SEPARATE", "export_hierarchy_full_collections": True}),
    "model.fbx": ("export_scene.fbx", {"use_custom_props": True}),
    "model.obj": ("wm.obj_export", {}),
    "model.ply": ("wm.ply_export", {}),
    "model.stl": ("wm.stl_export", {}),
    "model.usda": ("wm.usd_export", {}),
    "viewport.usda": ("wm.usd_export", {"evaluation_mode": "VIEWPORT"}),
    # Before 5.0, Alembic's exporter writes a transform for every object that there is, with no way for us to say no.
    **({"model.abc": ("wm.alembic_export", ALEMBIC)} if bpy.app.version >= (5, 0, 0) else {}),
}


@pytest.fixture
def exporters() -> None:
    """Blender's exporters that are add-ons."""
    for name in ("io_scene_gltf2", "io_scene_fbx"):
        addon_utils.enable(name)


@pytest.mark.parametrize("name", EXPORTS)
def test_a_box_is_in_no_export(tmp_path: Path, addon: Any, exporters: None, name: str) -> None:
    bpy.ops.mesh.primitive_cube_add()
    cube: Any = bpy.context.object
    cube.name = "ArtistsCube"
    exported, options = EXPORTS[name]
    group, function = exported.split(".")
    path = tmp_path / "out" / name
    path.parent.mkdir()

    def export() -> bytes:
        assert getattr(getattr(OPS, group), function)(filepath=str(path), **options) == {"FINISHED"}
        return b"".join(each.read_bytes() for each in path.parent.rglob("*") if each.is_file())

    without = export()
    made = put_box(addon, "20261122-000000-abcdef", "WaitingBox")
    made.users_collection[0].objects.unlink(made)
    collection = bpy.data.collections.new("Trellis")
    assert bpy.context.scene is not None
    bpy.context.scene.collection.children.link(collection)
    collection.objects.link(made)
    content = export()
    assert content
    if path.suffix in (".ply", ".stl"):  # formats without names
        assert content == without
    else:
        assert b"ArtistsCube" in content
    assert b"WaitingBox" not in content
    assert b"20261122-000000-abcdef" not in content
    assert len(boxes()) == 1


def test_what_hangs_on_a_box_is_exported_all_the_same(tmp_path: Path, addon: Any, exporters: None) -> None:
    bpy.ops.mesh.primitive_cube_add()
    cube: Any = bpy.context.object
    cube.name, cube.parent = "ArtistsCube", put_box(addon, "20261122-000000-abcdef", "WaitingBox")
    path = tmp_path / "model.glb"
    assert OPS.export_scene.gltf(filepath=str(path)) == {"FINISHED"}
    assert b"ArtistsCube" in path.read_bytes()
    assert b"WaitingBox" not in path.read_bytes()


def test_a_box_is_in_no_render(tmp_path: Path, addon: Any) -> None:
    scene: Any = bpy.context.scene
    bpy.ops.object.camera_add(location=(0, -8, 1), rotation=(1.5, 0, 0))
    scene.camera = bpy.context.object
    scene.render.engine, scene.render.film_transparent = "CYCLES", True
    scene.cycles.samples, scene.cycles.use_denoising = 1, False
    scene.render.resolution_x = scene.render.resolution_y = 16

    def alpha() -> float:
        scene.render.filepath = str(tmp_path / "render.png")
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(scene.render.filepath)
        pixels = list(image.pixels)  # type: ignore[call-overload]  # a property array, which the stubs take for a number
        bpy.data.images.remove(image)
        return float(sum(pixels[3::4]))

    put_box(addon, "20261122-000000-abcdef")
    assert alpha() == 0.0
    bpy.ops.mesh.primitive_cube_add()
    assert alpha() > 0.0


def test_a_finished_model_is_no_box(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    finish(picture_file(tmp_path))
    rest()
    assert (len(meshes()), addon.placeholder.boxes_of_jobs()) == (1, [])
