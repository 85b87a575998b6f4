"""Exports: every format is written in the background, whole, with its textures and good names, and opens again."""

from __future__ import annotations

import json
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest
import trimesh

from tests.blender.drawing import draw
from tests.blender.finishing.bodies import body, ended, everything
from tests.blender.finishing.khronos import problems
from tests.blender.finishing.test_game_ready import made_ready
from tests.blender.snapshots import session_with, snapshot
from tests.blender.working import refusal

if TYPE_CHECKING:
    from pathlib import Path

OPS: Any = bpy.ops
TYPES: Any = bpy.types
NAME = "Körper"


@pytest.fixture
def model(addon: Any, tmp_path: Path) -> Any:
    return body(tmp_path, "mirror_spots")


def exported(folder: Path, kind: str, engine: str = "GLTF", **given: Any) -> str:
    """Export the active model, wait, and return the sentence."""
    assert OPS.trellis2.export_model(format=kind, engine=engine, folder=str(folder), **given) == {"FINISHED"}
    return ended()


def only_model(thing: Any) -> Any:
    """Remove all others, so that what an importer makes has its own names."""
    for image in [*bpy.data.images]:
        bpy.data.images.remove(image)
    for each in [*bpy.data.objects]:
        bpy.data.objects.remove(each)
    return thing


def meshes_of(file: Path) -> list[Any]:
    """Return what trimesh reads in a file."""
    return [*trimesh.load_scene(file).geometry.values()]


def extent(thing: Any) -> list[float]:
    """Return the object's extent along the axes of the world."""
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    corners = np.array([thing.matrix_world @ vertex.co for vertex in thing.data.vertices])
    return [float(each) for each in np.ptp(corners, axis=0)]


def gltf(file: Path) -> dict[str, Any]:
    """Return the JSON of a GLB."""
    data = file.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return dict(json.loads(data[20 : 20 + length]))


def test_a_glb_holds_the_model_with_textures_under_good_names(model: Any, tmp_path: Path) -> None:
    model.location = (5.0, 0.0, 0.0)
    before, faces = everything(model.data), len(model.data.polygons)
    outside, file = tmp_path / "outside.txt", tmp_path / "für Godot" / f"{NAME}.glb"
    outside.write_text("mine", encoding="utf-8")
    file.parent.mkdir()
    file.with_name(f".{NAME}.glb.part").symlink_to(outside)
    sentence = exported(tmp_path / "für Godot", "AUTO", "GODOT")
    assert outside.read_text(encoding="utf-8") == "mine"
    assert not file.is_symlink()
    assert sentence.startswith(f"Exported {NAME}.glb, ")
    assert "Material Sanity" not in sentence
    assert sorted(each.name for each in file.parent.iterdir()) == [file.name]
    known = gltf(file)
    assert [node["name"] for node in known["nodes"]] == [NAME]
    assert "translation" not in known["nodes"][0]
    assert sorted(image["name"] for image in known["images"]) == [f"{NAME}_BaseColor", f"{NAME}_ORM"]
    assert everything(model.data) == before
    (read,) = meshes_of(file)
    assert len(read.faces) == faces
    assert read.visual.material.baseColorTexture.size == (256, 256)
    assert read.visual.material.metallicRoughnessTexture.size == (256, 256)
    assert problems(file) == []
    file.write_bytes(file.read_bytes().replace(b'"version":"2.0"', b'"version":"x.0"'))
    assert problems(file)


@pytest.mark.parametrize(("kind", "engine"), [("FBX", "UNREAL"), ("FBX", "UNITY"), ("USD", "UNREAL"), ("OBJ", "GLTF")])
def test_other_formats_open_again_in_blender_with_all_textures(
    model: Any, tmp_path: Path, kind: str, engine: str
) -> None:
    faces, size = len(model.data.polygons), extent(model)
    exported(tmp_path / "out", kind, engine)
    only_model(model)
    ending = {"FBX": "fbx", "USD": "usdz", "OBJ": "obj"}[kind]
    file = tmp_path / "out" / f"{NAME}.{ending}"
    if kind == "FBX":
        OPS.import_scene.fbx(filepath=str(file))
    elif kind == "USD":
        OPS.wm.usd_import(filepath=str(file))
    else:
        OPS.wm.obj_import(filepath=str(file))
    objects: Any = bpy.data.objects
    (read,) = [each for each in objects if each.type == "MESH"]
    assert (len(read.data.polygons), len(read.data.uv_layers)) == (faces, 1)
    assert extent(read) == pytest.approx(size, rel=1e-3)
    shown = [image for image in bpy.data.images if all(image.size) and image.name != "Render Result"]
    roles = {"BaseColor", "Roughness", "Metallic"}
    assert {role for role in roles for image in shown if role in image.name} == roles
    assert {tuple(image.size) for image in shown} == {(256, 256)}


def test_another_reader_opens_the_obj_with_its_texture(model: Any, tmp_path: Path) -> None:
    faces = len(model.data.polygons)
    exported(tmp_path, "OBJ")
    read: Any = trimesh.load_mesh(tmp_path / f"{NAME}.obj")
    assert len(read.faces) == faces
    assert read.visual.material.image.size == (256, 256)


def test_a_usdz_holds_its_textures(model: Any, tmp_path: Path) -> None:
    exported(tmp_path, "USD")
    with zipfile.ZipFile(tmp_path / f"{NAME}.usdz") as file:
        assert sum(name.endswith(".png") for name in file.namelist()) == 3


def test_what_belongs_to_the_model_goes_along_and_other_things_stay(model: Any, tmp_path: Path) -> None:
    OPS.mesh.primitive_cube_add()
    OPS.mesh.primitive_cube_add()
    hull: Any = bpy.context.active_object
    hull.name, hull.parent = "UCX_Körper_00", model
    hull.hide_set(True)
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.objects.active = model
    exported(tmp_path, "GLB")
    assert sorted(node["name"] for node in gltf(tmp_path / f"{NAME}.glb")["nodes"]) == [NAME, "UCX_Körper_00"]


def test_where_the_model_stands_is_kept_for_who_wants_that(model: Any, tmp_path: Path) -> None:
    model.location = (5.0, 0.0, 1.0)
    exported(tmp_path, "GLB", at_origin=False)
    (node,) = gltf(tmp_path / f"{NAME}.glb")["nodes"]
    assert node["translation"] == pytest.approx([5.0, 1.0, 0.0])  # Y is up in glTF


def test_the_choice_is_remembered_and_one_click_exports_again(model: Any, tmp_path: Path) -> None:
    exported(tmp_path / "out", "OBJ", "UNITY")
    for file in (tmp_path / "out").iterdir():
        file.unlink()
    assert OPS.trellis2.export_model("INVOKE_DEFAULT") == {"FINISHED"}
    ended()
    assert (tmp_path / "out" / f"{NAME}.obj").is_file()
    kept: Any = bpy.context.scene.trellis2  # type: ignore[union-attr]
    assert (kept.export_engine, kept.export_format) == ("UNITY", "OBJ")


def test_every_entry_with_the_dots_of_a_dialog_asks_and_the_button_without_does_not(
    addon: Any, model: Any, tmp_path: Path
) -> None:
    bpy.context.scene.trellis2.export_folder = str(tmp_path)  # type: ignore[union-attr]
    model["trellis2_job_id"], model["trellis2_version"] = "r1", "1.0.0"
    with session_with(addon, [snapshot(addon, remote_id="r1", findings=None)]):
        drawn = [draw(getattr(TYPES, name)) for name in ("TRELLIS2_MT_job", "TRELLIS2_MT_model", "TRELLIS2_PT_jobs")]
    entries = [each for page in drawn for each in page.operators if each[0] == "trellis2.export_model"]
    asking = [(label, given.get("asks", False)) for _name, label, given in entries]
    assert asking == [("Export...", True), ("Export...", True), ("Export for glTF", False), ("", True)]


def test_a_failed_export_leaves_the_file_that_was_there(model: Any, tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"a file where the folder should be")
    sentence = exported(tmp_path / "out", "GLB")
    assert sentence.startswith("Could not read or write a file: ")
    assert (tmp_path / "out").read_bytes() == b"a file where the folder should be"


def test_a_texture_whose_file_is_gone_is_named_by_every_step_that_needs_it(
    addon: Any, model: Any, tmp_path: Path
) -> None:
    """Blender would export without it, and bake it as magenta."""
    tree = model.active_material.node_tree
    node = next(node for node in tree.nodes if node.label == "METALLIC ROUGHNESS")
    node.image = bpy.data.images.new("Gone", 8, 8)
    node.image.source, node.image.filepath = "FILE", str(tmp_path / "gone.png")
    for said in (exported(tmp_path, "OBJ"), made_ready()):
        assert said.startswith(f"The file of the texture “Gone” of “{NAME}” is missing. Find it with File > ")
        OPS.trellis2.cancel_step()
    node.image = None  # what no node shows may be missing
    assert "Exported" in exported(tmp_path, "OBJ")


def test_without_a_folder_it_says_so(model: Any) -> None:
    assert "Choose a folder" in refusal(OPS.trellis2.export_model)
    assert "Save the file first" in refusal(lambda: OPS.trellis2.export_model(folder="//out"))


def test_pixels_that_are_not_saved_go_along(model: Any, tmp_path: Path) -> None:
    node = next(node for node in model.material_slots[0].material.node_tree.nodes if node.label == "BASE COLOR")
    painted: Any = bpy.data.images.new("Painted", 32, 32)
    painted.pixels.foreach_set(np.tile(np.array([1, 0, 0, 1], np.float32), 32 * 32))
    painted.update()
    node.image = painted
    exported(tmp_path, "GLB")
    (read,) = meshes_of(tmp_path / f"{NAME}.glb")
    assert read.visual.material.baseColorTexture.convert("RGB").getpixel((5, 5)) == (255, 0, 0)
