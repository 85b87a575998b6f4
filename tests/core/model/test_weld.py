"""Vertices at one place become one, and triangles become a mesh."""

from __future__ import annotations

import numpy as np
import pytest

from trellis_blender.core.model import normals, weld


def random_places(count: int, places: int) -> np.ndarray:
    """Return positions that stand at fewer places than there are, (count, 3) float32."""
    rng = np.random.default_rng(3)
    return rng.normal(size=(places, 3)).astype(np.float32)[rng.integers(places, size=count)]


def check(positions: np.ndarray) -> None:
    """Compare with what numpy finds to be the same."""
    kept, new_index = weld.weld(positions)
    np.testing.assert_array_equal(positions[kept][new_index], positions)
    assert len(kept) == len(np.unique(positions + 0.0, axis=0))
    assert (np.diff(kept) > 0).all()
    first = np.array([np.flatnonzero((positions == positions[index]).all(axis=1))[0] for index in kept[:50]])
    np.testing.assert_array_equal(kept[:50], first)


@pytest.mark.parametrize(("count", "places"), [(1, 1), (2, 1), (3, 3), (1000, 10), (5000, 4000)])
def test_each_place_keeps_the_vertex_that_comes_first(count: int, places: int) -> None:
    check(random_places(count, places))


def test_places_with_the_same_hash_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weld, "_MIX", (1, 0, 0))
    positions = random_places(3000, 200)
    positions[:, 0] = positions[:, 0].round()  # few hashes for many places
    check(positions)


def test_zero_and_minus_zero_are_the_same_place() -> None:
    kept, new_index = weld.weld(np.array([[0, 1, 0], [-0.0, 1, -0.0]], np.float32))
    assert (kept.tolist(), new_index.tolist()) == ([0], [0, 0])


def test_collapsed_triangles_are_dropped() -> None:
    triangles = np.array([[0, 1, 2], [0, 0, 1], [1, 2, 1], [2, 3, 3], [3, 2, 1]], np.int32)
    assert weld.drop_collapsed(triangles).tolist() == [True, False, False, False, True]


def test_vertices_without_a_triangle_are_dropped() -> None:
    positions, triangles = weld.drop_loose(np.eye(6, 3, dtype=np.float32), np.array([[5, 1, 2]], np.int32))
    np.testing.assert_array_equal(positions, np.eye(6, 3)[[1, 2, 5]])
    assert triangles.tolist() == [[2, 0, 1]]


@pytest.mark.parametrize("again", [[0, 1, 2], [2, 0, 1], [2, 1, 0]])
def test_of_two_triangles_with_the_same_corners_the_first_stays(again: list[int]) -> None:
    triangles = np.array([[0, 1, 2], [0, 2, 3], again], np.int32)
    _edges, corner_edges, may_double = weld.make_edges(triangles)
    assert may_double
    assert weld.drop_doubled(triangles, corner_edges).tolist() == [True, True, False]


def test_a_fan_of_three_triangles_on_one_edge_is_not_doubled() -> None:
    triangles = np.array([[0, 1, 2], [0, 1, 3], [0, 1, 4]], np.int32)
    _edges, corner_edges, _may_double = weld.make_edges(triangles)
    assert weld.drop_doubled(triangles, corner_edges).all()


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_doubled_triangles_are_noticed_wherever_they_begin(turn: int) -> None:
    other = np.array([[4, 2, 9], [7, 8, 9], np.roll([4, 2, 9], turn)], np.int32)
    assert weld.make_edges(other)[2]


def test_edges_lead_from_each_corner_to_the_next() -> None:
    edges, corner_edges, may_double = weld.make_edges(np.array([[2, 0, 1], [1, 0, 3]], np.int32))
    assert edges[corner_edges].tolist() == [[0, 2], [0, 1], [1, 2], [0, 1], [0, 3], [1, 3]]
    assert len(edges) == 5
    assert not may_double


def sheet(bend: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return positions, triangles and normals of a flat sheet, the normals bent by so many degrees."""
    side = 150
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    positions = np.stack([x.ravel(), y.ravel(), np.zeros(side * side)], axis=1).astype(np.float32)
    corner = (np.arange(side - 1) + side * np.arange(side - 1)[:, None]).ravel()
    triangles = np.concatenate(
        [np.stack([corner, corner + 1, corner + side], 1), np.stack([corner + 1, corner + side + 1, corner + side], 1)]
    ).astype(np.int32)
    angle = np.radians(bend)
    return positions, triangles, np.tile(np.array([np.sin(angle), 0, np.cos(angle)], np.float32), (side * side, 1))


@pytest.mark.parametrize(("bend", "is_close"), [(0.0, True), (9.9, True), (10.1, False), (90.0, False), (180.0, False)])
def test_normals_are_close_up_to_10_degrees(bend: float, is_close: bool) -> None:
    positions, triangles, given = sheet(bend)
    assert normals.are_close(positions, triangles, given, triangles) is is_close


@pytest.mark.parametrize(("share", "is_close"), [(0.005, True), (0.02, False)])
def test_one_normal_in_a_hundred_may_be_far_off(share: float, is_close: bool) -> None:
    positions, triangles, given = sheet(0.0)
    rng = np.random.default_rng(5)
    given[rng.random(len(given)) < share] = (1, 0, 0)
    assert normals.are_close(positions, triangles, given, triangles) is is_close
