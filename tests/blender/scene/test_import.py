"""The model in the scene: where it stands, what it is called, what undo takes back, and when it has to wait."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import addon_utils
import bpy
import pytest
from mathutils import Vector

from tests.blender.picture.test_render import render
from tests.blender.pictures import picture_file
from tests.blender.snapshots import session_with, snapshot
from tests.blender.working import (
    OPS,
    SMALL,
    finish,
    generate,
    job,
    meshes,
    newest_job,
    refusal,
    rest,
    stage_of,
    tick_until,
    waiting_reason,
)

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


def corners() -> Any:
    """The lowest and the highest corner of the one model in the file, in the world."""
    (model,) = meshes()
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    points = [model.matrix_world @ Vector(corner) for corner in model.bound_box]
    return [Vector([pick(values) for values in zip(*points, strict=True)]) for pick in (min, max)]


def current_scene() -> Any:
    """The scene, never None here."""
    return bpy.context.scene


def test_the_model_goes_into_the_collection_trellis(tmp_path: Path, connected: Emulator) -> None:
    finish(picture_file(tmp_path))
    collection = current_scene().collection.children["Trellis"]
    assert set(collection.objects) == set(bpy.data.objects)
    assert [owner.name for owner in meshes()[0].users_collection] == ["Trellis"]


def test_a_second_model_goes_into_the_same_collection(tmp_path: Path, connected: Emulator) -> None:
    picture = picture_file(tmp_path)
    finish(picture)
    finish(picture)
    assert [collection.name for collection in bpy.data.collections] == ["Trellis"]
    assert len(bpy.data.collections["Trellis"].objects) == 2


@pytest.mark.parametrize("stem", ["Tür", "old.chair.v2", "photo 2026-11-22", "x" * 120, "ä" * 120, "椅子" * 30])
def test_the_model_is_named_after_the_picture(tmp_path: Path, connected: Emulator, stem: str) -> None:
    stem = stem.encode()[:200].decode(errors="ignore")  # no more bytes fit into a file's name
    finish(picture_file(tmp_path / "in", f"{stem}.png"))
    (model,) = meshes()
    # Blender before 5.0 holds 63 bytes of a name and cuts the rest.
    kept = stem[:40].encode()[:63].decode(errors="ignore")
    assert model.name.startswith(kept)
    assert len(model.name) <= 40
    assert model.data.name.startswith(kept)


def test_the_base_stands_at_the_3d_cursor(tmp_path: Path, connected: Emulator) -> None:
    current_scene().cursor.location = (3.0, -2.0, 1.5)
    finish(picture_file(tmp_path))
    low, high = corners()
    assert tuple((low + high) / 2)[:2] == pytest.approx((3.0, -2.0), abs=1e-4)
    assert low.z == pytest.approx(1.5, abs=1e-4)
    assert high.z > low.z + 0.1


def test_the_model_alone_is_selected_and_active(tmp_path: Path, connected: Emulator) -> None:
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    finish(picture_file(tmp_path))
    selected = list(bpy.context.selected_objects or [])
    assert len(selected) == 1
    assert selected[0] == bpy.context.object
    assert selected[0] != cube


def test_an_import_is_one_step_to_undo(tmp_path: Path, connected: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    def steps() -> list[str]:
        capfd.readouterr()
        bpy.context.window_manager.print_undo_steps()  # type: ignore[union-attr]  # there is one
        return [line for line in capfd.readouterr().out.splitlines() if "name=" in line]

    bpy.ops.ed.undo_push(message="Before")
    before = steps()
    finish(picture_file(tmp_path, "Tür.png"))
    after = steps()
    assert len(after) == len(before) + 1
    assert "name='Import Tür'" in after[-1]


def test_a_model_waits_while_a_mesh_is_edited_and_comes_afterwards(
    tmp_path: Path, connected: Emulator, addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon.importing, "RETRY_SECONDS", 0.0)  # it is tried with every tick
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    job_id = generate(picture_file(tmp_path))
    tick_until(waiting_reason)
    rest()
    assert (stage_of(job_id), len(meshes())) == ("ready", 1)
    assert waiting_reason() == "Waiting for Object Mode"
    bpy.ops.object.mode_set(mode="OBJECT")
    tick_until(lambda: stage_of(job_id) == "imported")
    assert len(meshes()) == 2
    assert waiting_reason() == ""


def test_a_model_whose_file_is_no_longer_open_says_so_and_what_brings_it(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    generate(picture_file(tmp_path))
    tick_until(waiting_reason)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    session.tick()
    assert waiting_reason() == "Made for another file. Press Import to bring it in"


def test_a_click_on_import_while_a_mesh_is_edited_leaves_edit_mode_and_brings_the_model(
    tmp_path: Path, connected: Emulator
) -> None:
    finish(picture_file(tmp_path))
    bpy.ops.object.mode_set(mode="EDIT")
    assert OPS.trellis2.import_model() == {"FINISHED"}
    assert bpy.context.mode == "OBJECT"
    tick_until(lambda: len(meshes()) == 2)


def test_no_model_comes_in_the_middle_of_a_render(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(addon.busy, "is_rendering", lambda: True)
        job_id = generate(picture_file(tmp_path))
        patch.setattr(addon.importing, "RETRY_SECONDS", 0.0)  # it is tried with every tick
        tick_until(waiting_reason)
        rest()
        assert (stage_of(job_id), waiting_reason()) == ("ready", "Waiting for the render to finish")
        assert meshes() == []
    tick_until(lambda: stage_of(job_id) == "imported")


def test_the_largest_dimension_is_two_metres_unless_the_artist_says_otherwise(
    tmp_path: Path, connected: Emulator
) -> None:
    finish(picture_file(tmp_path))
    low, high = corners()
    assert max(high - low) == pytest.approx(2.0, abs=1e-4)


def test_a_model_can_be_imported_again(tmp_path: Path, connected: Emulator) -> None:
    job_id = finish(picture_file(tmp_path)).id
    assert OPS.trellis2.import_model(job_id=job_id, wait=True) == {"FINISHED"}
    assert len(meshes()) == 2


def test_a_collection_left_out_of_the_view_layer_is_no_obstacle(tmp_path: Path, connected: Emulator) -> None:
    picture = picture_file(tmp_path)
    finish(picture)
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.layer_collection.children["Trellis"].exclude = True
    job_id = generate(picture)
    tick_until(lambda: stage_of(job_id) == "imported")
    assert len(meshes()) == 2
    assert bpy.context.object is not None
    assert bpy.context.object in set(bpy.context.view_layer.objects)
    assert bpy.context.object.users_collection[0].name == "Trellis.001"


def test_a_hidden_collection_is_no_obstacle(tmp_path: Path, connected: Emulator) -> None:
    picture = picture_file(tmp_path)
    finish(picture)
    bpy.data.collections["Trellis"].hide_viewport = True
    job_id = generate(picture)
    tick_until(lambda: stage_of(job_id) == "imported")
    assert len(meshes()) == 2


def test_a_collection_trellis_that_is_linked_from_a_library_is_not_written_to(
    tmp_path: Path, connected: Emulator
) -> None:
    library = tmp_path / "library.blend"
    bpy.data.libraries.write(str(library), {bpy.data.collections.new("Trellis")})
    bpy.data.collections.remove(bpy.data.collections["Trellis"])
    libraries: Any = bpy.data.libraries  # the stubs do not know that `load` is for `with`
    with libraries.load(str(library), link=True) as (_, wanted):
        wanted.collections = ["Trellis"]
    current_scene().collection.children.link(bpy.data.collections["Trellis"])
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "imported")
    (owner,) = meshes()[0].users_collection
    assert owner.library is None


def add_camera(glb: Path) -> None:
    """Put a camera into the model's file: such a file is left to Blender's own importer."""
    data = glb.read_bytes()
    length = int.from_bytes(data[12:16], "little")  # glTF 2.0 §4.4.3: of the JSON chunk, which comes first
    content = json.loads(data[20 : 20 + length])
    content["cameras"] = [{"type": "perspective", "perspective": {"yfov": 1.0, "znear": 0.1}}]
    content["nodes"].append({"camera": 0})
    content["scenes"][0]["nodes"].append(len(content["nodes"]) - 1)
    text = json.dumps(content).encode()
    text += b" " * (-len(text) % 4)
    rest = data[20 + length :]
    header = data[:8] + (20 + len(text) + len(rest)).to_bytes(4, "little")
    glb.write_bytes(header + len(text).to_bytes(4, "little") + b"JSON" + text + rest)


def test_a_file_that_is_not_plain_is_read_by_blenders_importer_and_said_to_be(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    done = finish(picture_file(tmp_path))
    (thing,) = meshes()
    size = tuple(thing.dimensions)
    bpy.data.objects.remove(thing)
    add_camera(session.jobs_root() / done.id / "model.glb")
    assert OPS.trellis2.import_model(job_id=done.id, wait=True) == {"FINISHED"}
    assert [notice.sentence for notice in session.notices()] == [
        "“chair” holds a camera: Blender's own importer read it."
    ]
    assert [thing.type for thing in bpy.data.objects].count("CAMERA") == 1
    assert max(meshes()[0].dimensions) == pytest.approx(max(size), rel=1e-3)


def test_without_blenders_gltf_importer_the_message_says_what_is_missing(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon.start, "blender_path", lambda: "/nowhere/blender")
    job_id = finish(picture_file(tmp_path)).id
    add_camera(session.jobs_root() / job_id / "model.glb")
    addon_utils.disable("io_scene_gltf2")
    try:
        said = refusal(lambda: OPS.trellis2.import_model(job_id=job_id, wait=True))
    finally:
        addon_utils.enable("io_scene_gltf2")
    assert said.startswith("Blender's glTF importer is off. Enable")
    assert job(job_id).message == said
    assert OPS.trellis2.retry(job_id=job_id) == {"FINISHED"}
    tick_until(lambda: len(meshes()) == 2)
    assert connected.paid == 1


@pytest.mark.unexpected
def test_one_import_that_goes_wrong_does_not_end_the_ticking(
    tmp_path: Path, connected: Emulator, addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise KeyError("nobody thought of this")

    with monkeypatch.context() as patch:
        patch.setattr(addon.build, "build_model", fail)
        generate(picture_file(tmp_path))
        tick_until(lambda: newest_job().stage.value == "failed")
    assert newest_job().message.startswith("Something unexpected happened (KeyError).")
    assert addon.session.tick() is False
    assert OPS.trellis2.retry() == {"FINISHED"}
    tick_until(lambda: newest_job().stage.value == "imported")
    assert connected.paid == 1


def test_a_model_that_cannot_be_read_is_tried_once_and_waited_for_until_the_runner_has_noted_that(addon: Any) -> None:
    ready = snapshot(addon, "ready")
    told: list[tuple[str, str]] = []
    with session_with(addon, [ready]) as state:
        state.runner.damaged = lambda job_id, sentence, _remedy: told.append((job_id, sentence))
        state.importer.want(ready.id)
        state.importer.receive(addon.importing.ModelRead(ready.id, None, error="The file is broken."))
        assert state.importer.step(state.jobs)
        assert state.jobs[ready.id] == ready, "only the runner says that it has failed"
        assert ready.id in state.echoes, "a script that waits for the model takes it for done"
        assert not state.importer.step(state.jobs)
    assert told == [(ready.id, "The file is broken.")]


def test_after_a_failed_import_the_way_out_that_is_named_is_there(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    job_id = finish(picture_file(tmp_path)).id
    model = session.jobs_root() / job_id / "model.glb"
    model.write_bytes(model.read_bytes()[:-1000])
    assert "Retry" in refusal(lambda: OPS.trellis2.import_model(job_id=job_id, wait=True))
    assert OPS.trellis2.retry(job_id=job_id) == {"FINISHED"}
    tick_until(lambda: len(meshes()) == 2)
    assert connected.paid == 1


def test_a_scenes_name_that_no_file_can_have_leads_no_texture_out_of_its_folder(
    tmp_path: Path, connected: Emulator
) -> None:
    scene: Any = bpy.context.scene
    scene.name = '../Küche/..\\Bad: "A"?'
    render()
    assert OPS.trellis2.generate_render(**SMALL) == {"FINISHED"}
    project = tmp_path / "project"
    project.mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(project / "scene.blend"))
    scene.trellis2.textures = "FOLDER"
    tick_until(lambda: newest_job().stage.value == "imported")
    textures = [path.name for path in (project / "textures").iterdir()]
    assert len(textures) == 2
    assert not any(set('/\\:"?*<>|') & set(name) for name in textures)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"scene.blend", *textures}
    paths = [bpy.path.abspath(image.filepath) for image in bpy.data.images if image.name != "Render Result"]
    assert sorted(paths) == sorted(str(project / "textures" / name) for name in textures)
