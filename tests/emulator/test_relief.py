"""The stand-in model has the structure of Trellis 2's files: see `scripts/emulator/relief.py`."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from emulator import Emulator, Service
from emulator.model.order import Order
from emulator.model.workshop import make
from tests.emulator.caller import Caller, download, draw_picture
from tests.emulator.reliefs import relief, take_apart, weld

OUTLINES = ["disc", "ring", "specks", "rectangle"]


def test_there_is_one_scene_one_node_one_mesh_and_one_material() -> None:
    document = relief().document
    assert document["scenes"] == [{"nodes": [0]}]
    assert document["nodes"] == [{"name": "world", "children": [1]}, {"name": "geometry_0", "mesh": 0}]
    assert (len(document["meshes"]), len(document["materials"]), document["scene"]) == (1, 1, 0)
    primitive = relief().primitive
    assert primitive["mode"] == 4
    assert set(primitive["attributes"]) == {"POSITION", "NORMAL", "TEXCOORD_0"}


def test_the_file_says_that_trimesh_wrote_it_and_that_it_is_a_stand_in() -> None:
    asset = relief().document["asset"]
    assert asset["generator"] == "https://github.com/mikedh/trimesh"
    assert asset["extras"]["standIn"] is True


@pytest.mark.parametrize("outline", OUTLINES)
def test_the_welded_mesh_is_a_closed_manifold(outline: str) -> None:
    _, triangles = weld(relief(outline))
    directed = np.concatenate([triangles[:, pair] for pair in ((0, 1), (1, 2), (2, 0))])
    assert np.all(directed[:, 0] != directed[:, 1])
    _, faces_of_edge = np.unique(np.sort(directed, axis=1), axis=0, return_counts=True)
    assert set(faces_of_edge.tolist()) == {2}
    # Neighbours agree on the outside: each goes along their edge in the other direction.
    assert len(np.unique(directed, axis=0)) == len(directed)


@pytest.mark.parametrize("outline", OUTLINES)
def test_the_faces_look_outward(outline: str) -> None:
    positions, triangles = weld(relief(outline))
    a, b, c = (positions[triangles[:, corner]].astype(np.float64) for corner in range(3))
    assert np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6 > 0.01


@pytest.mark.parametrize("outline", OUTLINES)
@pytest.mark.parametrize("faces", [100_000, 333_333])
def test_the_number_of_faces_is_within_2_percent(outline: str, faces: int) -> None:
    assert len(relief(outline, faces=faces).triangles) == pytest.approx(faces, rel=0.02)


def test_two_million_faces_can_be_had() -> None:
    assert len(relief(faces=2_000_000).triangles) == pytest.approx(2_000_000, rel=0.02)


@pytest.mark.parametrize("size", [(1000, 3), (3, 1000), (3, 3), (1024, 768)])
def test_a_picture_of_any_shape_gives_the_number_of_faces(size: tuple[int, int]) -> None:
    file = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(file, "PNG")
    product = make(Order(file.getvalue(), 100_000, 1024, "png", double_sided=False, seed=1))
    assert product.face_count == pytest.approx(100_000, rel=0.02)


def test_seams_split_vertices() -> None:
    glb = relief()
    uvs = glb.attribute("TEXCOORD_0", 2)
    assert 0.6 <= len(uvs) / len(glb.triangles) <= 1.0
    positions, _ = weld(glb)
    assert len(positions) == pytest.approx(len(glb.triangles) / 2, rel=0.01)
    together = np.unique(np.hstack((glb.attribute("POSITION", 3), uvs)), axis=0)
    assert len(together) == len(uvs), "vertices at one place differ in their UV"


def test_normals_are_smooth_across_seams_and_of_length_1() -> None:
    glb = relief()
    normals = glb.attribute("NORMAL", 3)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    _, inverse = np.unique(glb.attribute("POSITION", 3), axis=0, return_inverse=True)
    order = np.argsort(inverse.reshape(-1), kind="stable")
    same_place = np.diff(inverse.reshape(-1)[order]) == 0
    assert np.array_equal(normals[order][1:][same_place], normals[order][:-1][same_place])


def test_normals_are_weighted_by_area() -> None:
    glb = relief()
    positions, triangles = weld(glb)
    corners = positions[triangles].astype(np.float64)
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    sums = np.zeros(positions.shape)
    for corner in range(3):
        np.add.at(sums, triangles[:, corner], faces)
    weighted = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    _, places = np.unique(glb.attribute("POSITION", 3), axis=0, return_inverse=True)
    own = np.einsum("ij,ij->i", weighted[places.reshape(-1)], glb.attribute("NORMAL", 3))
    assert np.degrees(np.arccos(np.clip(own.min(), -1, 1))) < 0.5


def test_every_uv_is_within_the_texture() -> None:
    uvs = relief("rectangle").attribute("TEXCOORD_0", 2)
    assert 0 <= float(uvs.min()) < float(uvs.max()) <= 1


def test_the_model_is_within_the_unit_cube_and_its_bounds_are_told() -> None:
    glb = relief()
    positions = glb.attribute("POSITION", 3)
    assert float(np.abs(positions).max()) <= 0.5
    accessor = glb.document["accessors"][glb.primitive["attributes"]["POSITION"]]
    assert accessor["min"] == positions.min(axis=0).tolist()
    assert accessor["max"] == positions.max(axis=0).tolist()


def test_the_front_faces_plus_z_with_the_picture_upright() -> None:
    """Red is on the left of the picture: a point at the left of the model's front takes red from the texture."""
    glb = relief("rectangle")
    positions, normals = glb.attribute("POSITION", 3), glb.attribute("NORMAL", 3)
    texture = np.asarray(glb.image(0).convert("RGB")).astype(int)
    pixels = (glb.attribute("TEXCOORD_0", 2) * len(texture)).astype(int).clip(0, len(texture) - 1)
    colors = texture[pixels[:, 1], pixels[:, 0]]
    front = (positions[:, 2] > 0.05) & (normals[:, 2] > 0.5)
    left, right = colors[front & (positions[:, 0] < -0.1)], colors[front & (positions[:, 0] > 0.1)]
    assert min(len(left), len(right)) > 1000
    assert np.all(left[:, 0] > left[:, 1] + 100)
    assert np.all(right[:, 1] > right[:, 0] + 100)
    assert np.ptp(positions[:, 0]) > np.ptp(positions[:, 1]) > np.ptp(positions[:, 2])


def test_up_in_the_picture_is_plus_y_in_shape_and_in_colour() -> None:
    picture = Image.new("RGBA", (80, 80))
    draw = ImageDraw.Draw(picture)
    draw.polygon([(40, 0), (0, 79), (79, 79)], fill=(255, 255, 255, 255))
    draw.polygon([(40, 0), (20, 40), (60, 40)], fill=(255, 0, 0, 255))
    file = io.BytesIO()
    picture.save(file, "PNG")
    glb = take_apart(make(Order(file.getvalue(), 100_000, 1024, "png", double_sided=False, seed=1)).glb)
    positions = glb.attribute("POSITION", 3)
    top, bottom = positions[positions[:, 1] > 0.4], positions[positions[:, 1] < -0.4]
    assert np.ptp(top[:, 0]) < 0.2
    assert np.ptp(bottom[:, 0]) > 0.8
    texture = np.asarray(glb.image(0).convert("RGB")).astype(int)
    pixels = (glb.attribute("TEXCOORD_0", 2) * 1024).astype(int).clip(0, 1023)
    colors = texture[pixels[:, 1], pixels[:, 0]]
    front = glb.attribute("NORMAL", 3)[:, 2] > 0.5
    red, white = colors[front & (positions[:, 1] > 0.1)], colors[front & (positions[:, 1] < -0.1)]
    assert np.mean(red[:, 1] < 50) > 0.9
    assert np.mean(white[:, 1] > 240) > 0.9, "the front is not the darker back"


def test_the_outline_follows_the_alpha() -> None:
    positions = relief("ring").attribute("POSITION", 3)
    height = np.ptp(positions[:, 1]) / np.ptp(positions[:, 0])
    assert height == pytest.approx(60 / 80, abs=0.03), "cropped to the ring"
    assert float(np.hypot(positions[:, 0], positions[:, 1]).min()) > 0.15, "the hole is open"


def test_the_middle_bulges() -> None:
    positions = relief().attribute("POSITION", 3)
    distance = np.hypot(positions[:, 0], positions[:, 1])
    assert float(positions[distance < 0.05][:, 2].max()) > 0.15
    assert float(np.abs(positions[distance > 0.48][:, 2]).max()) < 0.1


def test_brighter_is_higher() -> None:
    picture = Image.new("L", (120, 80), 0)
    picture.paste(255, (60, 0, 120, 80))
    file = io.BytesIO()
    picture.save(file, "PNG")
    glb = take_apart(make(Order(file.getvalue(), 100_000, 1024, "png", double_sided=False, seed=1)).glb)
    x, _, z = glb.attribute("POSITION", 3).T
    black, white = (z[np.abs(x - middle) < 0.05].max() for middle in (-0.15, 0.15))
    assert float(white) > float(black) + 0.03


def test_webp_is_required_and_has_no_picture_to_fall_back_to() -> None:
    document = relief().document
    assert document["extensionsRequired"] == document["extensionsUsed"] == ["EXT_texture_webp"]
    assert [texture["extensions"]["EXT_texture_webp"]["source"] for texture in document["textures"]] == [0, 1]
    assert not any("source" in texture for texture in document["textures"])
    assert {image["mimeType"] for image in document["images"]} == {"image/webp"}
    assert relief().image(0).format == "WEBP"


def test_png_needs_no_extension() -> None:
    glb = relief(texture_format="png")
    assert "extensionsRequired" not in glb.document
    assert [texture["source"] for texture in glb.document["textures"]] == [0, 1]
    assert [glb.image(index).format for index in range(2)] == ["PNG", "PNG"]


@pytest.mark.parametrize("size", [1024, 2048])
def test_textures_are_of_the_size_asked_for_in_rgba_and_rgb(size: int) -> None:
    glb = relief(texture_size=size)
    assert [glb.image(index).size for index in range(2)] == [(size, size)] * 2
    assert [glb.image(index).mode for index in range(2)] == ["RGBA", "RGB"]


def test_the_base_colour_keeps_an_alpha_and_all_colours_beneath_it() -> None:
    glb = relief("ring")
    red, _, blue, alpha = np.asarray(glb.image(0)).astype(int).reshape(-1, 4).T
    assert 0 < int(alpha.min()) < int(alpha.max()) == 255
    assert int((red + blue)[alpha < 255].min()) > 20, "WebP drops what is wholly transparent"


def test_roughness_is_in_green_and_nothing_in_red() -> None:
    red, green, blue = np.asarray(relief(texture_format="png").image(1)).reshape(-1, 3).T
    assert int(red.max()) == 0
    assert int(green.min()) > 100
    assert int(blue.max()) < 40


@pytest.mark.parametrize("double_sided", [False, True])
def test_the_material_is_opaque_and_sided_as_ordered(*, double_sided: bool) -> None:
    (material,) = relief(double_sided=double_sided).document["materials"]
    assert (material["alphaMode"], material["doubleSided"]) == ("OPAQUE", double_sided)
    assert material["pbrMetallicRoughness"]["baseColorTexture"] == {"index": 0}
    assert material["pbrMetallicRoughness"]["metallicRoughnessTexture"] == {"index": 1}


def test_another_seed_gives_a_slightly_different_relief() -> None:
    first, second = (relief(seed=seed).attribute("POSITION", 3) for seed in (1, 2))
    assert first.shape == second.shape
    assert 0.001 < float(np.abs(first - second).max()) < 0.05


def test_the_same_order_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    order = Order(draw_picture(), 100_000, 1024, "webp", double_sided=False, seed=9)
    first = make(order).glb
    monkeypatch.setattr("emulator.model.workshop._SHELF.get", lambda digest: None)
    assert make(order).glb == first


def test_the_same_order_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    order = Order(draw_picture(), 100_000, 1024, "webp", double_sided=False, seed=10)
    first = make(order)
    monkeypatch.setattr("emulator.model.relief.make_relief", None)
    assert make(order) is first


def test_a_job_makes_the_model_that_its_parameters_ask_for(caller: Caller) -> None:
    url = caller.generate(draw_picture(), decimationTarget=120_000, textureSize=2048, remesh=False, seed=3)
    glb = take_apart(download(url).content)
    assert len(glb.triangles) == pytest.approx(120_000, rel=0.02)
    assert glb.image(0).size == (2048, 2048)
    assert glb.document["materials"][0]["doubleSided"] is True


def test_an_emulator_can_be_told_to_use_png() -> None:
    with Emulator(job_seconds=0.1, service=Service(texture_format="png")) as emulator:
        glb = take_apart(download(Caller(emulator).generate(draw_picture())).content)
    assert glb.image(0).format == "PNG"
