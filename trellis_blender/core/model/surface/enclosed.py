# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parts lie inside others, closed or torn alike: the others' winding number around them says so.

The winding number of a closed surface around a point is 1 inside and 0 outside; a hole changes it little (Jacobson et
al. 2013, “Robust Inside-Outside Segmentation using Generalized Winding Numbers”). It needs no rays.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .welded import Surface, cross

Array = npt.NDArray[Any]
OUTER_MOST = 4  # how many of the largest parts may hold others
POINTS = 5  # of a part
INSIDE = 0.5
_CHUNK = 1 << 16


def enclosed_parts(surface: Surface, flipped: Array, work: int) -> Array:
    """Return which faces belong to a part inside another one: (faces) bool.

    `flipped`: (faces) bool, the faces that are inside out, which would count against the others.
    `work`: about how many pairs of a point and a face to compute at most, which bounds the time: 20 million take a
    second. Large surfaces are thinned out for that.
    """
    labels, number = np.unique(surface.parts, return_inverse=True)
    number = number.reshape(-1)
    inside = np.zeros(len(labels), bool)
    if len(labels) < 2:
        return np.zeros(len(number), bool)
    low, high = _boxes(surface, number, len(labels))
    order = np.argsort(-np.linalg.norm(high - low, axis=1), kind="stable")
    by_part = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[by_part], np.arange(len(labels) + 1))
    for rank, outer in enumerate(order[:OUTER_MOST]):
        if inside[outer]:
            continue
        within = (low >= low[outer]).all(axis=1) & (high <= high[outer]).all(axis=1) & ~inside
        within[order[: rank + 1]] = False
        held = np.flatnonzero(within)
        if not len(held):
            continue
        faces = by_part[starts[outer] : starts[outer + 1]]
        faces = faces[:: max(1, round(POINTS * len(held) * len(faces) / work))]
        step = (starts[outer + 1] - starts[outer]) / len(faces)
        points = np.concatenate([_points(surface, by_part[starts[part] : starts[part + 1]]) for part in held])
        triangles = surface.triangles[faces]
        triangles[flipped[faces]] = triangles[flipped[faces]][:, ::-1]
        around = np.abs(winding_numbers(points, surface.positions[triangles]) * step)
        inside[held[(around.reshape(-1, POINTS) > INSIDE).all(axis=1)]] = True
    return inside[number]


def winding_numbers(points: Array, triangles: Array) -> Array:
    """Return the winding number of the triangles, (faces, 3, 3), around each of the points, (n, 3): (n) float64."""
    found = np.zeros(len(points))
    for start in range(0, len(triangles), _CHUNK):
        part = triangles[start : start + _CHUNK]
        for number, point in enumerate(points):
            a, b, c = (np.ascontiguousarray(part[:, corner] - point) for corner in range(3))
            la, lb, lc = (np.sqrt(_dot(side, side)) for side in (a, b, c))
            solid = _dot(a, cross(b, c))
            rest = la * lb * lc + _dot(a, b) * lc + _dot(b, c) * la + _dot(c, a) * lb
            found[number] += float(np.arctan2(solid, rest).sum(dtype=np.float64))
    return found / (2 * np.pi)


def _dot(a: Array, b: Array) -> Array:
    product: Array = a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2]
    return product


def _points(surface: Surface, faces: Array) -> Array:
    """Return points on a part, spread over its faces: (POINTS, 3)."""
    spread = faces[np.linspace(0, len(faces) - 1, POINTS).astype(np.int64)]
    return surface.middles[spread]


def _boxes(surface: Surface, number: Array, count: int) -> tuple[Array, Array]:
    """Return the lowest and highest corner of each part: (parts, 3) each."""
    order = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[order], np.arange(count))
    corners = surface.positions[surface.triangles[order]]
    return np.minimum.reduceat(corners.min(axis=1), starts), np.maximum.reduceat(corners.max(axis=1), starts)
