"""A model of our reader in the scene: where it stands, how it is shaded, and what a glTF export gives back."""

from __future__ import annotations

import json
import math
import struct
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.comparing import angles, build, import_theirs, read, surface
from tests.blender.pictures import picture_file
from tests.blender.working import finish, generate
from tests.glbs.materials import MATERIALS, all_textures
from tests.glbs.plain import PLAIN, whole
from tests.glbs.shapes import cube, globe

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator
    from tests.glbs.draft import Draft


def current_scene() -> Any:
    """The scene, never None here."""
    return bpy.context.scene


def write(folder: Path, draft: Draft, name: str = "modèle.glb") -> Path:
    """Write the draft into a file."""
    path = folder / name
    path.write_bytes(draft.glb())
    return path


def box(thing: Any) -> tuple[Any, Any]:
    """The lowest and highest corner of the object in the world."""
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    corners = np.array([thing.matrix_world @ type(thing.location)(corner) for corner in thing.bound_box])
    return corners.min(axis=0), corners.max(axis=0)


# -- where it stands


def test_it_stands_at_the_3d_cursor_with_its_base(tmp_path: Path) -> None:
    current_scene().cursor.location = (3, -2, 1.5)
    thing = build(read(write(tmp_path, whole(cube())), is_grounded=True, largest=2.0))
    low, high = box(thing)
    np.testing.assert_allclose([*(low + high)[:2] / 2, low[2]], (3, -2, 1.5), atol=1e-5)
    assert tuple(thing.location) == pytest.approx((3, -2, 1.5))


def test_it_stands_at_the_origin_where_that_is_asked_for(tmp_path: Path) -> None:
    current_scene().cursor.location = (3, -2, 1.5)
    current_scene().trellis2.place = "ORIGIN"
    assert tuple(build(read(write(tmp_path, whole(cube())))).location) == (0, 0, 0)


def test_its_transform_is_applied(tmp_path: Path) -> None:
    thing = build(read(write(tmp_path, PLAIN["nested nodes"]()), is_grounded=True, largest=2.0))
    assert (tuple(thing.scale), tuple(thing.rotation_euler), thing.parent) == ((1, 1, 1), (0, 0, 0), None)
    low, high = box(thing)
    assert (high - low).max() == pytest.approx(2.0, rel=1e-5)


@pytest.mark.parametrize("unit", [1.0, 0.01, 1000.0])
def test_its_size_is_in_metres_whatever_the_scenes_unit(addon: Any, unit: float) -> None:
    current_scene().unit_settings.scale_length = unit
    current_scene().trellis2.size = 0.5
    assert addon.place.size_for(current_scene()).largest == pytest.approx(0.5 / unit)
    current_scene().trellis2.use_size = False
    assert addon.place.size_for(current_scene()).largest is None


def test_two_metres_are_what_it_has_if_nothing_is_asked_for(addon: Any) -> None:
    assert addon.place.size_for(current_scene()).largest == 2


def test_it_goes_into_the_active_collection_where_that_is_asked_for(tmp_path: Path) -> None:
    mine = bpy.data.collections.new("Möbel")
    current_scene().collection.children.link(mine)
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.active_layer_collection = bpy.context.view_layer.layer_collection.children["Möbel"]
    current_scene().trellis2.collection = "ACTIVE"
    thing = build(read(write(tmp_path, whole(cube()))))
    assert list(thing.users_collection) == [mine]
    assert "Trellis" not in bpy.data.collections


def test_a_linked_active_collection_is_none_that_it_can_go_into(tmp_path: Path, connected: Emulator) -> None:
    mine = bpy.data.collections.new("Möbel")
    library = str(tmp_path / "library.blend")
    bpy.data.libraries.write(library, {mine})
    bpy.data.collections.remove(mine)
    libraries: Any = bpy.data.libraries
    with libraries.load(library, link=True) as (_, wanted):
        wanted.collections = ["Möbel"]
    current_scene().collection.children.link(bpy.data.collections["Möbel"])
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.active_layer_collection = bpy.context.view_layer.layer_collection.children["Möbel"]
    current_scene().trellis2.collection = "ACTIVE"
    job = finish(picture_file(tmp_path))
    generate(picture_file(tmp_path, "second.png"))
    assert job.stage.value == "imported"
    assert [thing.users_collection[0].name for thing in bpy.data.objects] == ["Trellis", "Trellis"]


def test_it_is_selected_and_active_only_where_that_is_asked_for(tmp_path: Path) -> None:
    model = read(write(tmp_path, whole(cube())))
    first = build(model, select=True)
    build(model, select=False)
    assert list(bpy.context.selected_objects or []) == [first]
    assert bpy.context.object == first
    third = build(model, select=True)
    assert list(bpy.context.selected_objects or []) == [third]


def test_the_first_model_of_a_file_is_selected(tmp_path: Path) -> None:
    thing = build(read(write(tmp_path, whole(cube()))), select=True)
    assert list(bpy.context.selected_objects or []) == [thing]
    assert bpy.context.object == thing


def test_in_a_collection_that_is_out_of_sight_it_leaves_the_selection_alone(tmp_path: Path) -> None:
    model = read(write(tmp_path, whole(cube())))
    build(model)
    bpy.ops.mesh.primitive_cube_add()
    cube_before = bpy.context.object
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.layer_collection.children["Trellis"].hide_viewport = True
    build(model, select=True)
    assert list(bpy.context.selected_objects or []) == [cube_before]
    assert bpy.context.object == cube_before


def test_its_object_mesh_material_and_images_are_named_after_the_picture(tmp_path: Path) -> None:
    model = read(write(tmp_path, MATERIALS["Trellis PNG"]()))
    things = [build(model, "Tür"), build(model, "Tür")]
    assert [thing.name for thing in things] == ["Tür", "Tür.001"]
    assert all(thing.data.name.startswith("Tür") for thing in things)
    assert all(thing.active_material.name.startswith("Tür") for thing in things)
    assert len(bpy.data.images) == 4
    assert all(image.name.startswith("Tür") for image in bpy.data.images)


# -- its surface


@pytest.mark.parametrize("keeps_seams", [False, True])
def test_welding_joins_what_a_seam_parts(tmp_path: Path, keeps_seams: bool) -> None:
    mesh = build(read(write(tmp_path, whole(globe())), keeps_seams=keeps_seams)).data
    uses = np.zeros(len(mesh.edges), int)
    edges = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("edge_index", edges)
    np.add.at(uses, edges, 1)
    assert (uses == 2).all() != keeps_seams


def test_a_smooth_model_is_shaded_by_blender_and_carries_no_normals(tmp_path: Path) -> None:
    mesh = build(read(write(tmp_path, whole(globe())))).data
    assert not mesh.has_custom_normals
    assert "custom_normal" not in mesh.attributes
    assert all(face.use_smooth for face in mesh.polygons)


@pytest.mark.parametrize("keeps_seams", [False, True])
def test_kept_normals_are_the_files(tmp_path: Path, keeps_seams: bool) -> None:
    thing = build(read(write(tmp_path, whole(cube())), keeps_seams=keeps_seams))
    assert len(thing.data.vertices) == (24 if keeps_seams else 8)
    seen = surface([thing])
    faces = np.cross(seen.corners[:, 1] - seen.corners[:, 0], seen.corners[:, 2] - seen.corners[:, 0])
    assert angles(seen.normals, np.repeat(faces[:, None], 3, axis=1)).max() < 0.1


def test_without_normals_it_is_flat(tmp_path: Path) -> None:
    seen = surface([build(read(write(tmp_path, whole(globe(), "NORMAL"))))])
    faces = np.cross(seen.corners[:, 1] - seen.corners[:, 0], seen.corners[:, 2] - seen.corners[:, 0])
    assert angles(seen.normals, np.repeat(faces[:, None], 3, axis=1)).max() < 0.1


# -- its material


def test_images_are_packed_and_colours_are_told_from_data(tmp_path: Path) -> None:
    build(read(write(tmp_path, MATERIALS["Trellis WebP"]())))
    images: Any = bpy.data.images
    found = [(image.colorspace_settings.name, bool(image.packed_file), tuple(image.size)) for image in images]
    assert sorted(found) == [("Non-Color", True, (8, 4)), ("sRGB", True, (8, 4))]


def test_images_in_a_folder_are_referred_to_from_the_blend_file(tmp_path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "Küche.blend"))
    path = write(tmp_path, MATERIALS["Trellis PNG"]())
    build(read(path, images=tmp_path / "textures", stem="Stuhl", packs=False))
    found = sorted((image.filepath.replace("\\", "/"), tuple(image.size)) for image in bpy.data.images)
    assert found == [("//textures/Stuhl-1.png", (8, 4)), ("//textures/Stuhl-2.png", (8, 4))]
    assert not any(image.packed_file for image in bpy.data.images)


def exported(thing: Any, path: Path) -> tuple[dict[str, Any], bytes]:
    """Export the object with Blender's own exporter; the JSON and the binary chunk."""
    for other in bpy.data.objects:
        other.select_set(other == thing)
    bpy.ops.export_scene.gltf(filepath=str(path), use_selection=True, export_image_format="AUTO")
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def told(document: dict[str, Any], binary: bytes, material: dict[str, Any]) -> Any:
    """The material with its defaults filled in, numbers rounded, and each texture's image in place of its index."""

    def texture(info: dict[str, Any] | None) -> Any:
        if info is None:
            return None
        found = document["textures"][info["index"]]
        source = found.get("extensions", {}).get("EXT_texture_webp", found)["source"]
        view = document["bufferViews"][document["images"][source]["bufferView"]]
        rest = {name: round(value, 5) for name, value in info.items() if name in ("scale", "strength")}
        start = view.get("byteOffset", 0)
        return binary[start : start + view["byteLength"]], info.get("texCoord", 0), rest

    pbr = material.get("pbrMetallicRoughness", {})
    mode = material.get("alphaMode", "OPAQUE")
    color = pbr.get("baseColorFactor", [1, 1, 1, 1])
    return {
        "color": [round(number, 5) for number in (color if mode == "BLEND" else color[:3])],
        "metallic": round(pbr.get("metallicFactor", 1), 5),
        "roughness": round(pbr.get("roughnessFactor", 1), 5),
        "emissive": [round(number, 5) for number in material.get("emissiveFactor", [0, 0, 0])],
        "textures": [texture(pbr.get(name)) for name in ("baseColorTexture", "metallicRoughnessTexture")]
        + [texture(material.get(name)) for name in ("normalTexture", "occlusionTexture", "emissiveTexture")],
        "mode": mode,
        "double": material.get("doubleSided", False),
    }


@pytest.mark.parametrize("name", [name for name in MATERIALS if name != "all textures"])
def test_a_gltf_export_gives_the_same_material_and_images_back(tmp_path: Path, name: str) -> None:
    draft = MATERIALS[name]()
    document, binary = exported(build(read(write(tmp_path, draft))), tmp_path / "again.glb")
    (theirs,) = document["materials"]
    assert told(document, binary, theirs) == told(draft.json, bytes(draft.binary), draft.json["materials"][0])


@pytest.mark.parametrize("name", MATERIALS)
def test_a_gltf_export_gives_what_it_gives_of_blenders_own_import(tmp_path: Path, name: str) -> None:
    # Blender's exporter makes one new image of occlusion, roughness and metallic, where they are not one already.
    path = write(tmp_path, MATERIALS[name]())
    (theirs,) = import_theirs(path)
    found = [exported(thing, tmp_path / "again.glb") for thing in (build(read(path)), theirs)]
    ours, theirs = (told(document, binary, document["materials"][0]) for document, binary in found)
    assert ours == theirs


def test_a_second_model_uses_the_same_group_for_its_occlusion(tmp_path: Path) -> None:
    model = read(write(tmp_path, all_textures()))
    build(model)
    build(model)
    assert len(bpy.data.node_groups) == 1


def test_a_model_of_a_metre_is_exported_as_one_of_a_metre(tmp_path: Path) -> None:
    thing = build(read(write(tmp_path, whole(globe())), largest=1.0, is_grounded=True))
    document, _binary = exported(thing, tmp_path / "again.glb")
    (position,) = [accessor for accessor in document["accessors"] if "min" in accessor and len(accessor["min"]) == 3]
    assert math.isclose(position["min"][1], 0, abs_tol=1e-6)
    assert position["max"][1] == pytest.approx(1, rel=1e-5)
