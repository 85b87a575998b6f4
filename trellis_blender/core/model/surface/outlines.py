# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the outlines of two bodies, from eight sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
SIDES = 8
PIXELS = 192  # along the body's largest extent
DENSITY = 3.0  # points a pixel, of each face


def overlap(positions: Array, triangles: Array, other_positions: Array, other_triangles: Array) -> float:
    """Return the share of the outlines that two bodies have in common, over what either covers: the mean of 8 sides.

    `positions`: (vertices, 3) float. `triangles`: (faces, 3) int.
    """
    low, high = positions.min(axis=0), positions.max(axis=0)
    middle, scale = (low + high) / 2, PIXELS / max(float((high - low).max()), 1e-30)
    first = _points((positions - middle) * scale, triangles)
    second = _points((other_positions - middle) * scale, other_triangles)
    shares = []
    for side in range(SIDES):
        angle = 2 * np.pi * side / SIDES
        tilt = 0.35 if side % 2 else -0.35  # a bit from above and from below
        right = np.array([np.cos(angle), np.sin(angle), 0.0])
        up = np.array([-np.sin(angle) * np.sin(tilt), np.cos(angle) * np.sin(tilt), np.cos(tilt)])
        a, b = _outline(first, right, up), _outline(second, right, up)
        shares.append((a & b).sum() / max(1, (a | b).sum()))
    return float(np.mean(shares))


def _outline(points: Array, right: Array, up: Array) -> Array:
    """Return which pixels the points cover: (rows, columns) bool."""
    side = 2 * PIXELS
    places = np.stack([points @ right, points @ up]) + side / 2
    x, y = np.clip(places.astype(np.int64), 0, side - 1)
    covered = np.zeros(side * side, bool)
    covered[y * side + x] = True
    return covered.reshape(side, side)


def _points(positions: Array, triangles: Array) -> Array:
    """Return points spread over the faces, so many that no pixel between is left out: (points, 3) float32."""
    a, b, c = (positions[triangles[:, corner]].astype(np.float32) for corner in range(3))
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    counts = np.maximum(1, np.ceil(areas * DENSITY)).astype(np.int64)
    face = np.repeat(np.arange(len(triangles)), counts)
    number = np.arange(len(face)) - np.repeat(np.cumsum(counts) - counts, counts)
    # Roberts' R2 sequence: evenly spread for any count
    u, v = (number * 0.7548776662 + 0.5) % 1, (number * 0.5698402910 + 0.5) % 1
    folded = u + v > 1
    u, v = np.where(folded, 1 - u, u).astype(np.float32), np.where(folded, 1 - v, v).astype(np.float32)
    spread: Array = a[face] + u[:, None] * (b - a)[face] + v[:, None] * (c - a)[face]
    return spread
