"""Vertices at one place become one, and triangles become a mesh."""

from __future__ import annotations

import numpy as np
import pytest

from trellis_blender.core.model import weld


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
    monkeypatch.setattr(weld, "MIX", (1, 0, 0))
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


def sorted_out(triangles: list[list[int]], slot: list[int] | None = None) -> tuple[list[bool], list[int]]:
    """Return which of the triangles stay, and in which layer each lies."""
    made = np.array(triangles, np.int32)
    edges = weld.make_edges(made)
    assert edges.may_double
    kept, layer = weld.sort_doubled(made, edges.of_corners, None if slot is None else np.array(slot, np.int32))
    return kept.tolist(), layer.tolist()


@pytest.mark.parametrize("again", [[0, 1, 2], [2, 0, 1], [1, 2, 0]])
def test_of_two_triangles_with_the_same_corners_and_winding_the_first_stays(again: list[int]) -> None:
    assert sorted_out([[0, 1, 2], [0, 2, 3], again]) == ([True, True, False], [0, 0, 0])


@pytest.mark.parametrize("back", [[2, 1, 0], [1, 0, 2], [0, 2, 1]])
def test_the_back_of_a_triangle_stays_in_a_layer_of_its_own(back: list[int]) -> None:
    assert sorted_out([[0, 1, 2], [0, 2, 3], back, back]) == ([True, True, True, False], [0, 0, 1, 0])


def test_a_triangle_of_another_material_at_the_same_place_stays() -> None:
    assert sorted_out([[0, 1, 2], [1, 2, 0], [0, 2, 1], [2, 0, 1]], [0, 1, 0, 1]) == (
        [True, True, True, False],
        [0, 1, 2, 0],
    )


def test_layers_share_their_vertices_with_nothing_but_themselves() -> None:
    places = np.arange(12, dtype=np.float32).reshape(4, 3)
    triangles = np.array([[0, 1, 2], [0, 2, 3], [2, 1, 0], [3, 2, 0]], np.int32)
    positions, apart = weld.set_apart(places, triangles, np.array([0, 0, 1, 1]))
    np.testing.assert_array_equal(positions[apart], places[triangles])
    assert set(apart[:2].ravel()) == {0, 1, 2, 3}
    assert set(apart[2:].ravel()) == {4, 5, 6, 7}


def test_a_fan_of_three_triangles_on_one_edge_is_not_doubled() -> None:
    triangles = np.array([[0, 1, 2], [0, 1, 3], [0, 1, 4]], np.int32)
    assert weld.sort_doubled(triangles, weld.make_edges(triangles).of_corners, None)[0].all()


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_doubled_triangles_are_noticed_wherever_they_begin(turn: int) -> None:
    other = np.array([[4, 2, 9], [7, 8, 9], np.roll([4, 2, 9], turn)], np.int32)
    assert weld.make_edges(other).may_double


def test_edges_lead_from_each_corner_to_the_next() -> None:
    edges = weld.make_edges(np.array([[2, 0, 1], [1, 0, 3]], np.int32))
    assert edges.ends[edges.of_corners].tolist() == [[0, 2], [0, 1], [1, 2], [0, 1], [0, 3], [1, 3]]
    assert edges.of_corners[edges.order].tolist() == [0, 0, 1, 2, 3, 4]
    assert len(edges.ends) == 5
    assert not edges.may_double
