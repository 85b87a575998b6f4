"""How far away a model stands: no pixel tells, so it slides along the lines of sight to the ground or to a point."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trellis_blender.core.align.fit import Cloud, Pose, at_point, on_ground
from trellis_blender.core.align.view import Camera

CLOUD = Cloud(np.random.default_rng(1).uniform(-0.5, 0.5, (4000, 3)).astype(np.float32), None)
POSE = Pose(0.4, 1.3, np.array([0.3, 1.5, -0.7]))


def camera(*, is_perspective: bool, down: float = 0.5, height: float = 3.0) -> Camera:
    """A camera behind the origin that looks along Y and, by the angle in radians, down."""
    cos, sin = np.cos(down), np.sin(down)
    matrix = np.eye(4)
    matrix[:3] = [[1, 0, 0, 0], [0, sin, -cos, -6], [0, cos, sin, height]]
    flat = [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, -1, -0.2], [0, 0, -1, 0]]
    projection = np.array(flat, float) if is_perspective else np.diag([0.5, 0.5, -0.1, 1.0])
    return Camera(matrix, projection, is_perspective)


def seen(pose: Pose, eye: Camera) -> Any:
    """Where the points are in the frame."""
    return eye.seen(pose.put(CLOUD.points))[0]


@pytest.mark.parametrize("is_perspective", [True, False])
@pytest.mark.parametrize("height", [0.0, 0.6])
def test_on_the_ground_it_is_seen_as_before(height: float, *, is_perspective: bool) -> None:
    eye = camera(is_perspective=is_perspective)
    pose = on_ground(POSE, CLOUD, eye, height)
    assert pose is not None
    assert pose.put(CLOUD.points)[:, 2].min() == pytest.approx(height, abs=0.02)
    assert seen(pose, eye) == pytest.approx(seen(POSE, eye), abs=1e-4)


def test_a_camera_that_looks_along_the_ground_does_not_tell_where_it_is_met() -> None:
    assert on_ground(POSE, CLOUD, camera(is_perspective=False, down=0.02)) is None
    assert on_ground(POSE, CLOUD, camera(is_perspective=False, down=-0.5)) is None
    beside = camera(is_perspective=True, height=-1.2)  # its foot is as high as the camera
    assert on_ground(POSE, CLOUD, beside, -2.0) is None


def test_a_camera_below_the_ground_does_not_see_it_either() -> None:
    assert on_ground(POSE, CLOUD, camera(is_perspective=True, down=0.5, height=-0.1), 0.2) is None


@pytest.mark.parametrize("is_perspective", [True, False])
def test_beside_a_point_it_is_as_far_away_and_seen_as_before(*, is_perspective: bool) -> None:
    eye, point = camera(is_perspective=is_perspective), np.array([2.0, 4.0, 1.0])
    pose = at_point(POSE, eye, point)
    assert pose is not None
    assert (pose.place - point) @ eye.backward == pytest.approx(0, abs=1e-6)
    assert seen(pose, eye) == pytest.approx(seen(POSE, eye), abs=1e-4)


def test_a_point_behind_the_camera_tells_nothing() -> None:
    assert at_point(POSE, camera(is_perspective=True), np.array([0.0, -9.0, 3.0])) is None
