"""Make Solid on meshes so small that one sees what has to come out; rays are cast by plain arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import trimesh

from trellis_blender.core.model.surface.check import measure
from trellis_blender.core.model.surface.solid import Mended, Polygons, make_solid

if TYPE_CHECKING:
    from trellis_blender.core.model.surface.welded import Surface


def cast_on(surface: Surface) -> Any:
    """Return a function that casts rays, by the algorithm of Moeller and Trumbore on all triangles at once."""
    a, b, c = (surface.positions[surface.triangles[:, corner]].astype(np.float64) for corner in range(3))

    def cast(origins: Any, directions: Any) -> tuple[Any, Any]:
        faces, distances = np.full(len(origins), -1), np.full(len(origins), np.inf)
        for number, (origin, direction) in enumerate(zip(origins, directions, strict=True)):
            across = np.cross(direction, c - a)
            scale = np.einsum("ij,ij->i", b - a, across)
            with np.errstate(all="ignore"):
                u = np.einsum("ij,ij->i", origin - a, across) / scale
                beside = np.cross(origin - a, b - a)
                v, distance = beside @ direction / scale, np.einsum("ij,ij->i", c - a, beside) / scale
                hits = (u >= 0) & (v >= 0) & (u + v <= 1) & (distance > 0)
            if hits.any():
                faces[number] = np.where(hits, distance, np.inf).argmin()
                distances[number] = distance[faces[number]]
        return faces, distances

    return cast


def nonsense(_points: Any) -> list[tuple[int, int, int]]:
    """Cut a polygon into triangles that do not close it."""
    return [(0, 1, 1)]


def fan(points: Any) -> list[tuple[int, int, int]]:
    """Cut a polygon that bulges everywhere."""
    return [(0, number, number + 1) for number in range(1, len(points) - 1)]


def solid(triangles: Any, positions: Any, tessellate: Any = fan, **settings: float) -> tuple[Polygons, Mended]:
    triangles, positions = np.array(triangles, np.int32), np.array(positions, np.float32)
    source = Polygons(
        positions, triangles.ravel(), np.arange(0, triangles.size, 3, dtype=np.int32), np.empty((0, 2), np.int32)
    )
    given = {"smallest_part": 0.001, "largest_hole": 10.0, **settings}
    return source, make_solid(source, cast_on, tessellate, lambda _fraction: None, **given)


def ball(subdivisions: int = 2, radius: float = 1.0) -> tuple[Any, Any]:
    made = trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius)
    return made.faces.copy(), made.vertices.copy()


def check_origins(source: Polygons, mended: Mended) -> None:
    """Every corner of the result comes from one of the source at the same place, new vertices aside."""
    assert mended.polygons is not None
    here = mended.polygons.positions[mended.polygons.corners]
    there = source.positions[source.corners[mended.origins.corners]]
    is_new = (mended.polygons.positions != source.positions[mended.origins.vertices]).any(axis=1)
    same = (here == there).all(axis=1) | is_new[mended.polygons.corners]
    assert same.all()


def is_closed(mended: Mended) -> bool:
    """Whether all edges have two faces that run against each other, as trimesh sees it."""
    assert mended.polygons is not None
    body = trimesh.Trimesh(mended.polygons.positions, mended.polygons.corners.reshape(-1, 3), process=False)
    return bool(body.is_watertight and body.is_winding_consistent and body.volume > 0)


@pytest.mark.parametrize("flipped", [(), (1, 2, 3), tuple(range(5, 60))])
@pytest.mark.parametrize("tessellate", [fan, nonsense])
def test_a_hole_beside_faces_that_are_inside_out_is_closed_with_their_corners(
    flipped: tuple[int, ...], tessellate: Any
) -> None:
    triangles, positions = ball()
    triangles[list(flipped)] = triangles[list(flipped)][:, ::-1]
    source, mended = solid(triangles[4:], positions, tessellate)
    assert mended.polygons is not None
    assert mended.numbers["closed_holes"] == 1
    assert mended.numbers["flipped_faces"] == len([face for face in flipped if face >= 4])
    assert is_closed(mended)
    check_origins(source, mended)


def test_a_hole_above_the_limit_stays_and_its_rim_is_left_to_the_artist() -> None:
    triangles, positions = ball()
    _source, mended = solid(triangles[1:], positions, largest_hole=0.1)
    assert mended.polygons is None
    assert (mended.numbers["closed_holes"], mended.numbers["open_holes"]) == (0, 1)
    assert mended.doubtful.sum() == 3


def test_two_holes_that_touch_in_a_point_are_both_closed() -> None:
    triangles, positions = ball(1)
    shared = [len(set(face) & set(triangles[0].tolist())) for face in triangles.tolist()]
    touching = [face for face, count in enumerate(shared) if count == 1]
    assert len(touching) > 5
    for face in touching:
        _source, mended = solid(np.delete(triangles, [0, face], axis=0), positions)
        assert is_closed(mended)


def test_a_ball_in_a_ball_goes_and_one_beside_it_stays() -> None:
    outer, places = ball()
    inner, inner_places = ball(radius=0.5)
    count = len(places)
    _source, mended = solid(
        np.concatenate([outer, inner + count, outer + 2 * count]),
        np.concatenate([places, inner_places, places + np.array((3.0, 0.0, 0.0))]),
    )
    assert mended.polygons is not None
    assert mended.numbers["hidden_faces"] == len(inner)
    found = measure(mended.polygons.positions, mended.polygons.corners.reshape(-1, 3))
    assert (found.parts, found.faces, found.hidden_faces) == (2, 2 * len(outer), 0)


def test_a_bit_below_the_share_goes_and_a_larger_one_stays() -> None:
    outer, places = ball()
    bit, bit_places = ball(0, 0.1)
    triangles = np.concatenate([outer, bit + len(places)])
    positions = np.concatenate([places, bit_places + np.array((3.0, 0.0, 0.0))])
    share = 0.1**2  # of the surface, or a little less, since it is less round
    assert solid(triangles, positions, smallest_part=share)[1].numbers["loose_faces"] == len(bit)
    assert solid(triangles, positions, smallest_part=share / 2)[1].polygons is None


def test_edges_keep_their_numbers_and_new_ones_have_none() -> None:
    triangles, positions = ball()
    beside = next(
        number for number, face in enumerate(triangles.tolist()) if len(set(face) & set(triangles[0].tolist())) == 2
    )
    faces = np.delete(triangles, [0, beside], axis=0).astype(np.int32)
    sides = [side for face in faces.tolist() for side in zip(face, (*face[1:], face[0]), strict=True)]
    edges = np.array(sorted({tuple(sorted(side)) for side in sides}), np.int32)
    source = Polygons(positions.astype(np.float32), faces.ravel(), np.arange(0, faces.size, 3, dtype=np.int32), edges)
    mended = make_solid(source, cast_on, nonsense, lambda _fraction: None)
    assert mended.polygons is not None
    known = mended.origins.edges >= 0
    assert (mended.origins.vertices[mended.polygons.edges[known]] == edges[mended.origins.edges[known]]).all()
    assert known.sum() == len(edges)
    assert len(known) == len(edges) + 4
