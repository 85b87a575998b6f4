"""A model of known geometry: the emulator returns it in the form of Trellis 2's files, see `model/subject.py`."""

from __future__ import annotations

import io

import numpy as np
import pytest
import trimesh
from PIL import Image
from trimesh.visual.material import PBRMaterial

from emulator import Emulator
from emulator.model.flaws import ALL_FLAWS
from emulator.model.order import Order
from emulator.model.subject import read_subject
from emulator.model.workshop import make
from tests.emulator.caller import Caller, download, draw_picture
from tests.emulator.reliefs import Glb, relief, take_apart, weld

# A side's axis, its direction, and the colour in its part of the texture.
SIDES = [
    (0, -1, (255, 0, 0)),
    (0, 1, (0, 255, 0)),
    (1, -1, (0, 0, 255)),
    (1, 1, (255, 255, 0)),
    (2, -1, (0, 255, 255)),
    (2, 1, (255, 0, 255)),
]
SIZE = np.array((4.0, 2.0, 1.0))


def box(*, uvs: bool = True) -> bytes:
    """Return the GLB of a box with a colour for each side, roughness 0.5 and metalness 0, away from the origin."""
    corners, places, faces = [], [], []
    colors = Image.new("RGB", (96, 64))
    for number, (axis, direction, color) in enumerate(SIDES):
        across, up = (axis + 1) % 3, (axis + 2) % 3
        column, row = number % 3, number // 3
        colors.paste(color, (column * 32, row * 32, column * 32 + 32, row * 32 + 32))
        for one, other in ((0, 0), (1, 0), (1, 1), (0, 1)):
            corner = np.zeros(3)
            corner[axis], corner[across], corner[up] = (direction + 1) / 2, one, other
            corners.append(corner * SIZE + 7)
            places.append(((column + 0.1 + 0.8 * one) / 3, 1 - (row + 0.1 + 0.8 * other) / 2))
        square = np.array(((0, 1, 2), (0, 2, 3))) + 4 * number
        faces.append(square if direction > 0 else square[:, ::-1])
    material = PBRMaterial(
        baseColorTexture=colors,
        metallicRoughnessTexture=Image.new("RGB", (96, 64), (0, 255, 255)),
        roughnessFactor=0.5,
        metallicFactor=0.0,
    )
    visual = trimesh.visual.TextureVisuals(uv=np.array(places), material=material) if uvs else None
    mesh = trimesh.Trimesh(np.array(corners), np.concatenate(faces), process=False, visual=visual)
    glb = mesh.export(file_type="glb")
    assert isinstance(glb, bytes)
    return glb


def returned(faces: int = 100_000, **changes: object) -> Glb:
    order = Order(draw_picture(), faces, 1024, "png", double_sided=False, seed=1, subject=box(), **changes)  # type: ignore[arg-type]
    return take_apart(make(order).glb)


def test_it_is_one_mesh_of_closed_surface_without_a_gap_at_its_seams() -> None:
    glb = returned()
    assert glb.document["nodes"] == relief().document["nodes"]
    assert set(glb.primitive["attributes"]) == {"POSITION", "NORMAL", "TEXCOORD_0"}
    _, triangles = weld(glb)
    directed = np.concatenate([triangles[:, pair] for pair in ((0, 1), (1, 2), (2, 0))])
    assert len(np.unique(directed, axis=0)) == len(directed)
    _, faces_of_edge = np.unique(np.sort(directed, axis=1), axis=0, return_counts=True)
    assert set(faces_of_edge.tolist()) == {2}


@pytest.mark.parametrize("faces", [100_000, 333_333])
def test_it_has_as_many_faces_as_ordered_all_about_equally_large(faces: int) -> None:
    glb = returned(faces)
    assert len(glb.triangles) == pytest.approx(faces, rel=0.02)
    corners = glb.attribute("POSITION", 3).astype(np.float64)[glb.triangles]
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    assert float(areas.max() / areas.min()) < 10


def test_it_stands_in_the_unit_cube_in_its_own_proportions() -> None:
    positions = returned().attribute("POSITION", 3)
    assert positions.min(axis=0) == pytest.approx(-SIZE / 4 * 0.49)
    assert positions.max(axis=0) == pytest.approx(SIZE / 4 * 0.49)


def test_each_side_keeps_its_colour_and_the_material_its_roughness() -> None:
    glb = returned()
    positions, uvs = glb.attribute("POSITION", 3)[glb.triangles], glb.attribute("TEXCOORD_0", 2)[glb.triangles]
    texture = np.asarray(glb.image(0).convert("RGB")).astype(int)
    middles = (uvs.mean(axis=1) * len(texture)).astype(int)
    seen = texture[middles[:, 1], middles[:, 0]]
    for axis, direction, color in SIDES:
        on_side = np.isclose(positions[:, :, axis], direction * SIZE[axis] / 4 * 0.49, atol=1e-6).all(axis=1)
        assert np.count_nonzero(on_side) > 1000
        assert np.abs(seen[on_side] - color).max() < 8
    assert [glb.image(index).size for index in range(2)] == [(1024, 1024)] * 2
    assert np.asarray(glb.image(1)).reshape(-1, 3).mean(axis=0) == pytest.approx((0, 127.5, 0), abs=1)


def test_normals_are_shared_by_the_sides_that_meet() -> None:
    glb = returned()
    normals = glb.attribute("NORMAL", 3)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    _, places = np.unique(glb.attribute("POSITION", 3), axis=0, return_inverse=True)
    by_place = np.argsort(places.reshape(-1), kind="stable")
    same_place = np.diff(places.reshape(-1)[by_place]) == 0
    assert np.count_nonzero(same_place) > 100
    assert np.array_equal(normals[by_place][1:][same_place], normals[by_place][:-1][same_place])


def test_it_can_have_the_flaws_of_a_relief() -> None:
    assert np.isnan(returned(flaws=ALL_FLAWS).attribute("NORMAL", 3)).any()


def test_the_file_says_what_it_was_made_of() -> None:
    assert returned().document["asset"]["extras"] == {
        "standIn": True,
        "note": "Made by the API emulator from the geometry that it was given.",
    }


def test_a_subject_of_more_faces_than_ordered_is_refused() -> None:
    with pytest.raises(ValueError, match="has 12 faces, more than the 10"):
        returned(10)


@pytest.mark.parametrize("glb", [b"no model", box(uvs=False)])
def test_a_subject_that_is_no_textured_mesh_is_refused(glb: bytes) -> None:
    with pytest.raises(ValueError, match="no GLB of one mesh with UVs and a base colour texture"):
        read_subject(glb)


def test_a_picture_that_trellis_would_fail_on_fails_with_a_subject_too() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (64, 64)).save(file, "PNG")
    with pytest.raises(ValueError, match="no subject"):
        make(Order(file.getvalue(), 100_000, 1024, "png", double_sided=False, seed=1, subject=box()))


def test_only_an_emulator_that_was_given_a_subject_returns_it(emulator: Emulator, caller: Caller) -> None:
    emulator.subject = box()
    known = take_apart(download(caller.generate(draw_picture(), seed=1)).content)
    emulator.subject = None
    other = take_apart(download(caller.generate(draw_picture(), seed=1)).content)
    assert known.document["asset"]["extras"]["note"] == "Made by the API emulator from the geometry that it was given."
    assert other.document["asset"]["extras"]["note"] == "Made by the API emulator from the picture alone."
