"""A picture covers what its camera saw of a mesh: what faces it, is not hidden, and lies on the subject."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from trellis_blender.core.align.view import FRAME, Camera, projected
from trellis_blender.core.picture.viewpoint import Viewpoint

SIDE = 21  # vertices along a side of the wall
NEAR = 0.25  # half the side of a board that stands before its middle


def camera(*, is_perspective: bool) -> Camera:
    """A camera 4 in front of the origin, which looks along Y and sees 2 across there."""
    matrix = np.array([[1, 0, 0, 0], [0, 0, -1, -4], [0, 1, 0, 0], [0, 0, 0, 1]], float)
    if is_perspective:
        projection = np.array([[4, 0, 0, 0], [0, 4, 0, 0], [0, 0, -1, -0.2], [0, 0, -1, 0]], float)
    else:
        projection = np.diag([1.0, 1.0, -0.1, 1.0])
    return Camera(matrix, projection, is_perspective)


def wall(*, is_turned: bool = False) -> tuple[Any, Any, Any]:
    """A square wall of quads through the origin, 1.6 wide, that faces the camera: positions, corners, starts."""
    axis = np.linspace(-0.8, 0.8, SIDE)
    across, up = np.meshgrid(axis, axis)
    positions = np.stack([across.ravel(), np.zeros(SIDE * SIDE), up.ravel()], axis=1).astype(np.float32)
    first = (np.arange(SIDE - 1)[:, None] * SIDE + np.arange(SIDE - 1)[None]).ravel()
    quads = np.stack([first, first + 1, first + SIDE + 1, first + SIDE], axis=1)
    quads = quads[:, ::-1] if is_turned else quads
    return positions, quads.ravel().astype(np.int32), np.arange(0, quads.size, 4, dtype=np.int32)


def nothing(origins: Any, _directions: Any) -> tuple[Any, Any]:
    """Hit nothing."""
    return np.full(len(origins), -1), np.full(len(origins), np.inf)


def board(origins: Any, directions: Any) -> tuple[Any, Any]:
    """Hit a small board that stands one before the wall's middle."""
    distance = (-1 - origins[:, 1]) / directions[:, 1]
    there = origins + directions * distance[:, None]
    is_hit = (np.abs(there[:, [0, 2]]) < NEAR).all(axis=1)
    return np.where(is_hit, 0, -1), np.where(is_hit, distance, np.inf)


WHOLE = np.ones((64, 64), bool)


@pytest.mark.parametrize("is_perspective", [True, False])
def test_each_corner_has_its_place_in_the_picture(is_perspective: bool) -> None:
    positions, corners, starts = wall()
    uvs, mask = projected(positions, corners, starts, camera(is_perspective=is_perspective), FRAME, WHOLE, nothing)
    assert uvs == pytest.approx((positions[corners][:, [0, 2]] + 1) / 2, abs=1e-5)
    assert mask == pytest.approx(1)


@pytest.mark.parametrize("is_perspective", [True, False])
def test_what_is_hidden_turned_away_or_beside_the_subject_is_not_covered(is_perspective: bool) -> None:
    positions, corners, starts = wall()
    eye = camera(is_perspective=is_perspective)
    behind = (np.abs(positions[:, [0, 2]]) < NEAR).all(axis=1)
    _uvs, mask = projected(positions, corners, starts, eye, FRAME, WHOLE, board)
    assert mask[behind].max() == 0
    assert mask[np.abs(positions[:, [0, 2]]).max(axis=1) > 0.75] == pytest.approx(1)
    assert ((mask > 0.05) & (mask < 0.95)).any()  # soft in between
    _uvs, mask = projected(*wall(is_turned=True), eye, FRAME, WHOLE, nothing)
    assert mask.max() == 0
    left = WHOLE.copy()
    left[:, 32:] = False
    _uvs, mask = projected(positions, corners, starts, eye, FRAME, left, nothing)
    assert mask[positions[:, 0] > 0.01].max() == 0
    assert mask[positions[:, 0] < -0.5].min() == pytest.approx(1)


def test_a_picture_that_was_cut_out_of_another_is_seen_by_a_part_of_its_frame() -> None:
    whole = Viewpoint(tuple(camera(is_perspective=True).matrix.ravel()), tuple(np.arange(16.0)), True, ("Cube",))
    whole = replace(whole, projection=tuple(camera(is_perspective=True).projection.ravel()))
    part = whole.of_part((20, 10, 120, 60, 200, 100))  # left, top, right and bottom of 200 by 100 pixels
    points = np.array([[0.2, 0.1, 0.3], [-0.4, 0.5, -0.2]])
    before, after = (
        Camera(np.reshape(each.matrix, (4, 4)), np.reshape(each.projection, (4, 4)), True).seen(points)[0]
        for each in (whole, part)
    )
    pixels = np.stack([(before[:, 0] + 1) * 100, (1 - before[:, 1]) * 50], axis=1)
    assert np.stack([(after[:, 0] + 1) * 50 + 20, (1 - after[:, 1]) * 25 + 10], axis=1) == pytest.approx(pixels)
    assert part.selected == whole.selected
    assert whole.of_part(()) == whole
