"""What our reader makes of the files that it takes: the same shape, however its numbers are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.core.model.glb_reading import AS_IT_IS, corners, in_blenders_axes, read
from tests.glbs.draft import BYTE, Draft
from tests.glbs.materials import as_trellis
from tests.glbs.others import OTHERS
from tests.glbs.plain import PLAIN, placed, whole
from tests.glbs.shapes import Solid, cube, globe, wedge
from tests.glbs.trellis import trellis_glb
from trellis_blender.core.errors import ModelFileError
from trellis_blender.core.model.arrays import Shape

if TYPE_CHECKING:
    from pathlib import Path

KEPT = Shape(is_grounded=False, keeps_normals=True)
STORED = {
    "8-bit indices": 0.0,
    "16-bit indices": 0.0,
    "32-bit indices": 0.0,
    "no indices": 0.0,
    "interleaved attributes": 0.0,
    "16-bit quantised": 1e-4,
    "8-bit quantised": 0.02,
    "whole numbers as positions": 1e-6,
    "loose vertices": 0.0,
    "degenerate triangles": 0.0,
    "doubled triangles": 0.0,
}
"""How far the wedge may be from itself in each of these."""


@pytest.mark.parametrize("name", STORED)
def test_the_wedge_is_the_same_however_it_is_stored(name: str) -> None:
    model, solid = read(PLAIN[name]()), wedge()
    order = np.array(solid.triangles)
    expected = in_blenders_axes(solid.positions)[order]
    np.testing.assert_allclose(corners(model), expected, atol=STORED[name])
    if model.mesh.uvs:
        uvs = np.array(solid.uvs)[order] * (1, -1) + (0, 1)
        np.testing.assert_allclose(model.mesh.uvs[0].reshape(4, 3, 2), uvs, atol=max(0.004, STORED[name]))
    assert len(model.mesh.positions) == 3 * 4


@pytest.mark.parametrize("name", [*PLAIN, *OTHERS])
def test_every_array_is_as_blender_keeps_it(name: str) -> None:
    mesh = read(PLAIN[name]() if name in PLAIN else OTHERS[name](), KEPT).mesh
    faces, vertices = mesh.face_count, len(mesh.positions) // 3
    wanted: list[tuple[Any, type, int]] = [
        (mesh.positions, np.float32, vertices * 3),
        (mesh.corner_vertices, np.int32, faces * 3),
    ]
    wanted += [(mesh.edges, np.int32, len(mesh.edges)), (mesh.corner_edges, np.int32, faces * 3)]
    wanted += [(uv, np.float32, faces * 6) for uv in mesh.uvs]
    wanted += [(mesh.materials, np.int32, faces)] if mesh.materials is not None else []
    wanted += [(mesh.sharp_edges, bool, len(mesh.edges) // 2)] if mesh.sharp_edges is not None else []
    wanted += [(mesh.normals, np.float32, faces * 9)] if mesh.normals is not None else []
    for array, kind, length in wanted:
        assert array.dtype == kind
        assert array.shape == (length,)
        assert array.flags.c_contiguous
    ends = mesh.edges.reshape(-1, 2)[mesh.corner_edges]
    here, there = mesh.corner_vertices.reshape(-1, 3), np.roll(mesh.corner_vertices.reshape(-1, 3), -1, axis=1)
    np.testing.assert_array_equal(ends, np.sort(np.stack([here.ravel(), there.ravel()], axis=1), axis=1))
    assert len(np.unique(mesh.edges.reshape(-1, 2), axis=0)) == len(mesh.edges) // 2


@pytest.mark.parametrize("shares_vertices", [True, False])
def test_the_back_of_a_two_sided_sheet_stays_and_is_smooth_by_itself(shares_vertices: bool) -> None:
    rows = [(float(x), 0.1 * x * x, float(z)) for x in range(4) for z in range(4)]
    front = [
        each
        for x in range(3)
        for z in range(3)
        for corner in [4 * x + z]
        for each in ((corner, corner + 1, corner + 5), (corner, corner + 5, corner + 4))
    ]
    shift = 0 if shares_vertices else len(rows)
    back = [(c + shift, b + shift, a + shift) for a, b, c in front]
    draft = Draft()
    draft.primitive(
        indices=draft.indices([corner for triangle in front + back for corner in triangle]),
        POSITION=draft.accessor(rows if shares_vertices else rows + rows),
    )
    mesh = read(draft).mesh
    assert mesh.face_count == 36
    assert len(mesh.positions) == 3 * 32
    assert np.bincount(mesh.corner_edges).max() == 2
    faces = corners(read(draft))
    looks = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    np.testing.assert_array_equal(looks[:18, 2] > 0, ~(looks[18:, 2] > 0))


def test_the_back_of_another_material_keeps_it() -> None:
    draft = Draft()
    position = draft.accessor(wedge().positions)
    for order in ([0, 1, 2, 0, 3, 1], [2, 1, 0]):
        draft.primitive(indices=draft.indices(order), POSITION=position, material=draft.material())
    mesh = read(draft).mesh
    assert mesh.materials is not None
    assert mesh.materials.tolist() == [0, 0, 1]


def test_a_seam_is_welded_into_one_closed_surface_while_its_uvs_stay_apart() -> None:
    mesh = read(whole(globe(12, 16))).mesh
    assert len(mesh.positions) == 3 * (11 * 16 + 2)
    assert (np.bincount(mesh.corner_edges) == 2).all()
    assert len(np.unique(mesh.uvs[0].reshape(-1, 2), axis=0)) > 11 * 16 + 2


@pytest.mark.parametrize("texture_format", ["png", "webp"])
def test_a_trellis_model_is_welded_into_one_closed_surface(texture_format: str) -> None:
    mesh = read(trellis_glb("png" if texture_format == "png" else "webp")).mesh
    assert (np.bincount(mesh.corner_edges) == 2).all()
    assert mesh.sharp_faces is None


def test_keeping_seams_keeps_the_files_vertices_and_normals() -> None:
    solid = globe()
    mesh = read(whole(solid), Shape(is_grounded=False, keeps_seams=True, keeps_normals=True)).mesh
    used = len(set(solid.indices))
    assert len(mesh.positions) == 3 * used > 3 * (11 * 16 + 2)
    assert mesh.normals is not None
    np.testing.assert_allclose(mesh.normals.reshape(-1, 3), in_blenders_axes(solid.normals)[solid.indices], atol=1e-6)
    assert mesh.vertex_normals is not None
    of_corners = mesh.vertex_normals.reshape(-1, 3)[mesh.corner_vertices]
    np.testing.assert_array_equal(of_corners, mesh.normals.reshape(-1, 3))


def test_without_normals_every_face_is_flat() -> None:
    mesh = read(whole(globe(), without="NORMAL")).mesh
    assert mesh.sharp_faces is not None
    assert mesh.normals is None


def test_normals_of_no_length_give_way_to_blenders_own() -> None:
    solid = cube()
    normals = [(0.0, 0.0, 0.0)] * 4 + solid.normals[4:]
    mesh = read(whole(Solid(solid.positions, normals, solid.uvs, solid.triangles)), KEPT).mesh
    assert mesh.normals is not None
    np.testing.assert_allclose(np.linalg.norm(mesh.normals.reshape(-1, 3), axis=1), 1, atol=1e-6)
    outwards = corners(read(whole(solid)))[:2].reshape(-1, 3) / 3**0.5
    np.testing.assert_allclose(mesh.normals.reshape(-1, 3)[:6], outwards, atol=1e-6)


def test_the_lowest_whole_number_stands_for_minus_one_as_well() -> None:
    draft = Draft()
    rows = [(-128, 0, 0), (-127, 127, 0), (127, 0, 127)]
    draft.primitive(POSITION=draft.accessor(rows, BYTE, normalized=True))
    assert read(draft).mesh.positions.reshape(-1, 3)[:, 0].tolist() == [-1, -1, 1]


def test_normals_so_long_that_their_squares_overflow_are_brought_to_length_one() -> None:
    solid = cube()
    normals = [tuple(3e38 * number for number in normal) for normal in solid.normals]
    mesh = read(whole(Solid(solid.positions, normals, solid.uvs, solid.triangles)), KEPT).mesh
    assert mesh.normals is not None
    np.testing.assert_allclose(mesh.normals.reshape(-1, 3), in_blenders_axes(solid.normals)[solid.indices], atol=1e-6)


def test_a_mirrored_node_is_turned_inside_out_so_that_faces_look_outwards() -> None:
    faces = corners(read(placed(scale=[-1, 1, 1])))
    outwards = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    assert (np.einsum("fi,fi->f", outwards, faces.mean(axis=1) - faces.mean(axis=(0, 1))) > 0).all()


def test_places_that_differ_in_the_last_bit_stay_apart() -> None:
    draft = Draft()
    near = float(np.nextafter(np.float32(1), np.float32(2)))
    rows = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (-0.0, 0.0, -0.0), (near, 0.0, 0.0), (0.0, -1.0, 0.0)]
    draft.primitive(POSITION=draft.accessor(rows))
    assert len(read(draft).mesh.positions) == 3 * 5


def test_welding_goes_by_the_files_positions_whatever_size_is_asked_for() -> None:
    draft = Draft()
    near = float(np.nextafter(np.float32(1), np.float32(2)))
    rows = [(1.0, 0.0, 0.0), (near, 0.0, 0.0), (1.0, 1.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (9000.0, 0.0, 0.0)]
    draft.primitive(POSITION=draft.accessor(rows))
    assert len(read(draft, Shape(largest=0.001)).mesh.positions) == 3 * 4


@pytest.mark.parametrize("largest", [0.001, 2.0, 500.0])
def test_the_model_gets_its_size_and_stands_on_the_ground_in_the_middle(largest: float) -> None:
    model = read(PLAIN["loose vertices"](), Shape(largest=largest))
    low, high = (getattr(corners(model), end)(axis=(0, 1)) for end in ("min", "max"))
    assert (high - low).max() == pytest.approx(largest, rel=1e-5)
    np.testing.assert_allclose([*(low + high)[:2] / 2, low[2]], 0, atol=1e-5 * largest)


def test_a_size_alone_leaves_the_origin_where_the_file_has_it() -> None:
    model = read(whole(wedge()), Shape(largest=6.0, is_grounded=False))
    np.testing.assert_allclose(corners(model), 2 * in_blenders_axes(wedge().positions)[np.array(wedge().triangles)])


def test_a_flat_speck_is_not_scaled_out_of_all_bounds() -> None:
    draft = Draft()
    draft.primitive(POSITION=draft.accessor([(0.0, 0.0, 0.0), (1e-45, 0.0, 0.0), (0.0, 1e-45, 0.0)]))
    with pytest.raises(ModelFileError) as error:
        read(draft, Shape(largest=2.0))
    assert "out of all bounds" in error.value.flaw


def test_images_come_as_the_files_bytes() -> None:
    draft = as_trellis("webp")
    views = [draft.json["bufferViews"][image["bufferView"]] for image in draft.json["images"]]
    stored = [bytes(draft.binary[view["byteOffset"] :][: view["byteLength"]]) for view in views]
    assert [image.data for image in read(draft).images.values()] == stored


def test_images_are_written_where_they_are_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "Möbel neu" / "textures"
    model = read(as_trellis("jpeg"), Shape(images=folder, stem="Stuhl", packs=False))
    assert [image.path for image in model.images.values()] == [folder / "Stuhl-1.jpg", folder / "Stuhl-2.jpg"]
    packed = read(as_trellis("jpeg"))
    for number, image in model.images.items():
        assert image.data is None
        assert image.path is not None
        assert image.path.read_bytes() == packed.images[number].data


def test_an_image_that_is_packed_has_a_file_as_well(tmp_path: Path) -> None:
    for _ in range(2):  # the second time it is there already
        images = read(as_trellis("webp"), Shape(images=tmp_path / "textures", stem="Stuhl")).images.values()
        assert [image.path for image in images] == [tmp_path / "textures" / f"Stuhl-{n}.webp" for n in (1, 2)]
        for image in images:
            assert image.path is not None
            assert image.data == image.path.read_bytes()


def test_a_file_that_cannot_be_written_does_not_keep_a_packed_image_away(tmp_path: Path) -> None:
    (tmp_path / "textures").write_text("no folder")
    images = read(as_trellis("webp"), Shape(images=tmp_path / "textures")).images.values()
    assert [image.path for image in images] == [None, None]
    assert all(image.data for image in images)
    with pytest.raises(FileExistsError):
        read(as_trellis("webp"), Shape(images=tmp_path / "textures", packs=False))


def test_images_that_stand_there_as_png_come_as_that(tmp_path: Path) -> None:
    shape = Shape(images=tmp_path, stem="Stuhl", as_png=True)
    assert [image.path for image in read(as_trellis("webp"), shape).images.values()] == [
        tmp_path / f"Stuhl-{n}.webp" for n in (1, 2)
    ]
    for n in (1, 2):
        (tmp_path / f"Stuhl-{n}.png").write_bytes(b"PNG %d" % n)
    images = read(as_trellis("webp"), shape).images.values()
    assert [(image.path, image.data) for image in images] == [
        (tmp_path / f"Stuhl-{n}.png", b"PNG %d" % n) for n in (1, 2)
    ]
    (tmp_path / "Stuhl-1.webp").write_bytes(b"another model's")  # so the PNG is as well
    assert [image.path for image in read(as_trellis("webp"), shape).images.values()] == [
        tmp_path / "Stuhl-1.webp",
        tmp_path / "Stuhl-2.png",
    ]


def test_without_a_size_a_metre_has_as_many_units_as_the_scene_says() -> None:
    model = read(whole(wedge()), Shape(is_grounded=False, meter=100.0))
    np.testing.assert_allclose(corners(model), 100 * in_blenders_axes(wedge().positions)[np.array(wedge().triangles)])


def test_thousands_of_parts_are_one_mesh() -> None:
    draft = placed()
    draft.json["nodes"] = [{"mesh": 0, "translation": [n, 0, 0]} for n in range(5000)]
    draft.json["scenes"][0]["nodes"] = list(range(5000))
    assert read(draft).mesh.face_count == 20_000


def in_many_materials(count: int, different: int) -> Draft:
    """Return so many wedges, each with a material of its own name, that differ in so many ways."""
    draft = Draft()
    position = draft.accessor(wedge().positions)
    indices = draft.indices(wedge().indices)
    for n in range(count):
        factor = {"roughnessFactor": (n % different) / different}
        material = draft.material(name=f"part {n}", pbrMetallicRoughness=factor)
        draft.primitive(n, indices=indices, POSITION=position, material=material)
    draft.json["nodes"] = [{"mesh": n, "translation": [9 * n, 0, 0]} for n in range(count)]
    draft.json["scenes"][0]["nodes"] = list(range(count))
    return draft


def test_thousands_of_materials_that_differ_in_their_name_alone_are_joined() -> None:
    model = read(in_many_materials(3000, 3))
    assert [material.roughness for material in model.materials if material] == [0, 1 / 3, 2 / 3]
    assert model.mesh.materials is not None
    assert np.bincount(model.mesh.materials).tolist() == [4000] * 3


def test_a_few_materials_keep_their_names() -> None:
    names = [material.name for material in read(in_many_materials(64, 1)).materials if material]
    assert names == [f"part {n}" for n in range(64)]
    assert len(read(in_many_materials(65, 1)).materials) == 1


def test_a_file_without_materials_has_no_slot() -> None:
    assert read(whole(wedge()), AS_IT_IS).materials == ()


def test_each_part_has_its_material() -> None:
    model = read(PLAIN["several primitives"]())
    colours = [None if material is None else material.base_color[:3] for material in model.materials]
    assert model.mesh.materials is not None
    assert [colours[slot] for slot in model.mesh.materials] == [(0, 0, 1)] * 4 + [(1, 0, 0)] * 12
