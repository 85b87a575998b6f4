# SPDX-License-Identifier: GPL-3.0-or-later
"""Find how far from the camera a model stands. A picture does not tell: a small thing nearby looks like a large one.

In perspective, scaling about the eye changes no pixel; without it, sliding along the view does not. So the depth comes
from what the scene knows: the ground, an object, or a point.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .fit import Cloud, Pose
from .view import Camera

Array = npt.NDArray[Any]
LOWEST = 0.002  # of the points may lie below what counts as the model's base
FLATTEST = math.sin(math.radians(4.0))  # a line of sight that meets the ground at less tells no depth


def on_ground(pose: Pose, cloud: Cloud, camera: Camera, height: float = 0.0) -> Pose | None:
    """Return the pose whose base is at that height; None if the camera looks along the ground or from below it."""
    base = float(np.quantile((cloud.points @ pose.rotation.T)[:, 2], LOWEST)) * pose.size + pose.place[2]
    foot = np.array([pose.place[0], pose.place[1], base])
    if not camera.is_perspective:
        down = -float(camera.backward[2])
        if down > -FLATTEST:
            return None
        return replace(pose, place=pose.place - camera.backward * ((height - base) / down))
    sight = foot - camera.eye
    drop, above = -float(sight[2]), float(camera.eye[2]) - height
    if above <= 0 or drop < FLATTEST * float(np.linalg.norm(sight)):
        return None
    return _scaled(pose, camera, above / drop)


def at_point(pose: Pose, camera: Camera, point: Array) -> Pose | None:
    """Return the pose that is as far along the view as the point, (3); None if that lies behind the camera."""
    wanted = float((camera.eye - point) @ camera.backward)
    now = float((camera.eye - pose.place) @ camera.backward)
    if not camera.is_perspective:
        return replace(pose, place=pose.place - camera.backward * (wanted - now))
    return _scaled(pose, camera, wanted / now) if wanted > 1e-6 and now > 1e-6 else None


def _scaled(pose: Pose, camera: Camera, factor: float) -> Pose:
    return replace(pose, size=pose.size * factor, place=camera.eye + (pose.place - camera.eye) * factor)
