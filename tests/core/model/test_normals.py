"""The file's normals: where they part, the edge is sharp; where they agree, nothing is stored."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.core.model.glb_reading import in_blenders_axes, read
from tests.glbs.draft import Draft
from tests.glbs.plain import whole
from tests.glbs.shapes import Solid, cube, globe
from trellis_blender.core.model import normals, weld
from trellis_blender.core.model.arrays import Shape

if TYPE_CHECKING:
    from trellis_blender.core.model.arrays import Model

KEPT = Shape(is_grounded=False, keeps_normals=True)


def with_normals(solid: Solid, given: list[Any]) -> Solid:
    """Return the solid with these normals."""
    return Solid(solid.positions, given, solid.uvs, solid.triangles)


def roof(bend: float, *, turned: bool = False) -> Draft:
    """Return two triangles that share an edge, whose normals differ by so many degrees at one of its ends; from end
    to end they differ by far more.
    """
    tilt = math.radians(bend)
    rows: list[Any] = [(0, 0, 0), (0, 0, 1), (1, 0, 0), (0, 0, 0), (0, 0, 1), (-1, 0, 0)]
    draft = Draft()
    up, level, tilted = (0, 1, 0), (0, 0, 1), (math.sin(tilt), 0, math.cos(tilt))
    draft.primitive(
        indices=draft.indices([0, 1, 2, *((4, 3, 5) if not turned else (3, 4, 5))]),
        POSITION=draft.accessor(rows),
        NORMAL=draft.accessor([up, level, up, up, tilted, tilted]),
    )
    return draft


def sharp(model: Model) -> list[list[int]]:
    """Return the sharp edges, as pairs of vertices."""
    mesh = model.mesh
    return [] if mesh.sharp_edges is None else mesh.edges.reshape(-1, 2)[mesh.sharp_edges].tolist()


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("bend", "is_sharp"), [(0.0, False), (0.45, False), (0.55, True), (90.0, True), (180.0, True)])
def test_an_edge_is_sharp_where_normals_differ_by_more_than_half_a_degree(
    bend: float, is_sharp: bool, turned: bool
) -> None:
    assert sharp(read(roof(bend, turned=turned))) == ([[0, 1]] if is_sharp else [])


def test_where_all_corners_of_a_vertex_agree_nothing_is_stored() -> None:
    mesh = read(whole(globe())).mesh
    assert (mesh.sharp_edges, mesh.normals, mesh.vertex_normals, mesh.sharp_faces) == (None, None, None, None)


def test_normals_far_from_blenders_own_are_smooth_all_the_same() -> None:
    solid = globe()
    bent = [(x + 1.0, y, z) for x, y, z in solid.normals]
    mesh = read(whole(with_normals(solid, bent))).mesh
    assert (mesh.sharp_edges, mesh.normals) == (None, None)


def test_a_cube_has_its_twelve_sharp_edges_and_none_across_its_sides() -> None:
    mesh = read(whole(cube())).mesh
    assert mesh.sharp_edges is not None
    assert mesh.sharp_edges.dtype == bool
    ends = mesh.positions.reshape(-1, 3)[mesh.edges.reshape(-1, 2)]
    lengths = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    np.testing.assert_array_equal(mesh.sharp_edges, lengths < 2.5)
    assert mesh.normals is None


def test_a_large_mesh_is_compared_as_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = sharp(read(whole(cube())))
    monkeypatch.setattr(normals, "SLICE", 5)
    assert sharp(read(whole(cube()))) == expected


@pytest.mark.parametrize("length", [3e38, 1e-30])
def test_the_length_of_normals_does_not_decide(length: float) -> None:
    solid = cube()
    scaled = with_normals(solid, [tuple(length * number for number in normal) for normal in solid.normals])
    assert sharp(read(whole(scaled))) == sharp(read(whole(solid)))


def test_a_normal_of_no_length_parts_from_none() -> None:
    blank = with_normals(
        globe(), [(0.0, 0.0, 0.0) if number % 3 else row for number, row in enumerate(globe().normals)]
    )
    assert sharp(read(whole(blank))) == []


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_one_number_of_a_normal_that_is_none_costs_no_more_than_that_normal(number: float) -> None:
    solid = cube()
    broken = [(number, 1.0, 0.0), *solid.normals[1:]]
    mesh = read(whole(with_normals(solid, broken)), KEPT).mesh
    assert mesh.normals is not None
    kept, sound = mesh.normals.reshape(-1, 3), in_blenders_axes(solid.normals)[solid.indices]
    is_broken = np.array(solid.indices) == 0
    np.testing.assert_allclose(kept[~is_broken], sound[~is_broken], atol=1e-6)
    outwards = in_blenders_axes(solid.positions)[0] / 3**0.5
    np.testing.assert_allclose(kept[is_broken], [outwards] * is_broken.sum(), atol=1e-6)


def test_a_uv_that_is_no_number_is_zero_and_the_others_are_as_they_are() -> None:
    solid = cube()
    broken = Solid(solid.positions, solid.normals, [(float("nan"), 0.5), *solid.uvs[1:]], solid.triangles)
    ours, sound = (read(whole(each)).mesh.uvs[0].reshape(-1, 2) for each in (broken, solid))
    is_broken = np.array(solid.indices) == 0
    np.testing.assert_array_equal(ours[~is_broken], sound[~is_broken])
    np.testing.assert_array_equal(ours[is_broken], [(0, 1)] * is_broken.sum())


def test_kept_normals_are_the_files_at_every_corner() -> None:
    mesh = read(whole(cube()), KEPT).mesh
    assert mesh.normals is not None
    np.testing.assert_allclose(mesh.normals.reshape(-1, 3), in_blenders_axes(cube().normals)[cube().indices], atol=1e-6)
    assert mesh.vertex_normals is None  # three normals meet at each corner of a cube
    assert len(sharp(read(whole(cube()), KEPT))) == 12


def test_more_than_two_faces_at_an_edge_are_compared_one_with_the_next() -> None:
    triangles = np.array([[0, 1, 2], [0, 1, 3], [0, 1, 4]], np.int32)
    edges = weld.make_edges(triangles)
    given = np.array([[0, 0, 1]] * 6 + [[0, 1, 0]] * 3, np.float32)
    source = np.arange(9, dtype=np.int32).reshape(3, 3)
    found = normals.sharp_edges(triangles, edges, given, source)
    assert found is not None
    assert edges.ends[found].tolist() == [[0, 1]]
