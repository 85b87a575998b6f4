# SPDX-License-Identifier: GPL-3.0-or-later
"""Find where a picture covers a mesh that its camera sees: a place in the picture for each corner, and a mask.

The mask holds what the camera saw: it faces the camera, nothing stands before it, and it lies on the picture's subject.
It fades where the surface turns away, and softens within what is seen, so that no edge shows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .view import Array, Box, Camera

# Returns the faces that rays hit, -1 for none, and how far away: origins and directions (n, 3) to (n) and (n).
Cast = Callable[[Array, Array], tuple[Array, Array]]
TURNED, FACING = 0.08, 0.3  # the cosine of the angle to the camera: not covered up to the first, fully from the second
OFF = 2e-3  # of the mesh's size: how far from the surface a ray begins
SOFT = 3  # rounds of softening, a ring of vertices each


def projected(
    positions: Array, corners: Array, starts: Array, camera: Camera, shows: Box, covered: Array, cast: Cast
) -> tuple[Array, Array]:
    """Return the places of the corners in the picture, (corners, 2) float32, and the vertices' mask, 0 to 1.

    `positions`: (vertices, 3). `corners`: each corner's vertex. `starts`: each face's first corner. `camera`: in the
    mesh's own axes. `shows`: what of the camera's frame the picture shows. `covered`: (height, width) bool, the top row
    first: where the picture shows its subject.
    """
    points = positions.astype(np.float64)
    places, away = camera.seen(points)
    low, size = np.array(shows[:2]), np.array([shows[2] - shows[0], shows[3] - shows[1]])
    uvs = (places - low) / size
    height, width = covered.shape
    column, row = np.floor(uvs[:, 0] * width), np.floor((1 - uvs[:, 1]) * height)
    is_inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    is_inside &= away > 0 if camera.is_perspective else True
    at = row.clip(0, height - 1).astype(np.int64), column.clip(0, width - 1).astype(np.int64)
    is_inside &= covered[at]
    normals = _normals(points, corners, starts)
    sight = camera.eye - points if camera.is_perspective else np.broadcast_to(camera.backward, points.shape)
    distance = np.linalg.norm(sight, axis=1)
    sight = sight / np.maximum(distance, 1e-9)[:, None]
    facing = np.einsum("nx,nx->n", normals, sight)
    raw = ((facing - TURNED) / (FACING - TURNED)).clip(0, 1)
    raw = raw * raw * (3 - 2 * raw) * is_inside
    asked = np.flatnonzero(raw > 0)
    if len(asked):
        off = OFF * float(np.ptp(points, axis=0).max())
        _face, hit = cast(points[asked] + (sight[asked] + normals[asked]) * off, sight[asked])
        raw[asked[hit < distance[asked] if camera.is_perspective else np.isfinite(hit)]] = 0.0
    return uvs[corners].astype(np.float32), _softened(raw, corners, starts).astype(np.float32)


def _normals(points: Array, corners: Array, starts: Array) -> Array:
    """Return the vertices' normals, weighted by the area of a face's first triangle: (vertices, 3)."""
    first, second, third = (points[corners[starts + corner]] for corner in range(3))
    faces = np.cross(second - first, third - first)
    ends = np.append(starts[1:], len(corners))
    of_corner = np.repeat(faces, ends - starts, axis=0)
    summed = np.stack([np.bincount(corners, of_corner[:, axis], len(points)) for axis in range(3)], axis=1)
    normals: Array = summed / np.maximum(np.linalg.norm(summed, axis=1), 1e-12)[:, None]
    return normals


def _softened(raw: Array, corners: Array, starts: Array) -> Array:
    """Return the mask with soft edges: nowhere more than it was."""
    following = np.arange(1, len(corners) + 1)
    following[np.append(starts[1:], len(corners)) - 1] = starts
    one, other = corners, corners[following]
    count = np.bincount(one, minlength=len(raw)) + np.bincount(other, minlength=len(raw))
    mask = raw
    for _ in range(SOFT):
        around = np.bincount(one, mask[other], len(raw)) + np.bincount(other, mask[one], len(raw))
        mask = np.minimum(raw, (mask + around / np.maximum(count, 1)) / 2)
    return mask
