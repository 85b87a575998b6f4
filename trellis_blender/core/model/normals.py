# SPDX-License-Identifier: GPL-3.0-or-later
"""The file's normals as Blender keeps them: as sharp edges, and only when asked for as numbers.

Normals that are stored as plain vectors stay behind when the mesh is edited: turned, mirrored or posed, it goes black.
Smooth shading, with edges marked as sharp where the file's normals part, follows every edit and costs nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .weld import Edges, gather

Array = npt.NDArray[Any]
SHARP_DEGREES = 0.5
SLICE = 1 << 18


def sharp_edges(triangles: Array, edges: Edges, normals: Array, source: Array) -> Array | None:
    """Which edges are sharp, (edges) bool: the normals of two of its faces differ at either end by more than half a
    degree. None where no edge is.

    `triangles`: (faces, 3) int32, and their `edges`. `normals`: (n, 3) float32, the file's, and `source`: (faces, 3)
    int32, which of them stands at each corner. One without a direction differs from none.
    """
    vertices, numbers = triangles.ravel(), source.ravel()
    split = _split_vertices(vertices, normals, numbers)
    if not split.any():
        return None
    units, order = _units(normals), edges.order
    at = gather(split, triangles).reshape(-1, 3)
    touched = (at | at[:, (1, 2, 0)]).ravel()  # corners that begin an edge with a split vertex at either end
    sharp = np.zeros(len(edges.ends), bool)
    for start in range(0, len(order) - 1, SLICE):
        first, second = order[start : start + SLICE], order[start + 1 : start + SLICE + 1]
        first = first[: len(second)]
        of_first = edges.of_corners[first]
        pairs = np.flatnonzero(touched[first] & (of_first == edges.of_corners[second]))
        parts = _part_ways(vertices, numbers, units, first[pairs], second[pairs])
        sharp[of_first[pairs[parts]]] = True
    return sharp if sharp.any() else None


def _split_vertices(vertices: Array, normals: Array, numbers: Array) -> Array:
    """Which vertices have corners with different normals in the file, if only by a bit: (vertices) bool."""
    count = int(vertices.max()) + 1
    one = np.empty(count, np.int32)
    one[vertices] = numbers  # of each vertex, the normal of any of its corners
    split = np.zeros(count, bool)
    for start in range(0, len(vertices), SLICE):
        part = slice(start, start + SLICE)
        here, theirs = vertices[part], numbers[part]
        ours = one[here]
        other = np.flatnonzero(ours != theirs)
        differ = (normals[theirs[other]] != normals[ours[other]]).any(axis=1)
        split[here[other[differ]]] = True
    return split


def _units(normals: Array) -> Array:
    """The normals with length 1, (n, 3) float32; NaN where one has no direction."""
    made = np.empty((len(normals), 3), np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        for start in range(0, len(normals), SLICE):
            part = normals[start : start + SLICE].astype(np.float64)
            made[start : start + SLICE] = part / np.sqrt(np.einsum("ni,ni->n", part, part))[:, None]
    return made


def _part_ways(vertices: Array, numbers: Array, units: Array, first: Array, second: Array) -> Array:
    """Whether the normals differ between the faces of two corners that begin the same edge, at either of its ends."""
    after_first, after_second = _next(first), _next(second)
    runs_along = vertices[first] == vertices[second]  # else in opposite directions, as is usual
    beside = np.where(runs_along, second, after_second)
    beyond = np.where(runs_along, after_second, second)
    parts: Array = _differ(units, numbers[first], numbers[beside])
    parts |= _differ(units, numbers[after_first], numbers[beyond])
    return parts


def _next(corners: Array) -> Array:
    """The next corner of the same triangle."""
    following: Array = np.where(corners % 3 == 2, corners - 2, corners + 1)
    return following


def _differ(units: Array, first: Array, second: Array) -> Array:
    """Whether the angle between the normals with these numbers is more than half a degree; never with one of none."""
    cosine = np.einsum("ni,ni->n", np.take(units, first, axis=0), np.take(units, second, axis=0))
    differ: Array = cosine < np.float32(np.cos(np.radians(SHARP_DEGREES)))
    return differ


def completed(positions: Array, triangles: Array, normals: Array) -> Array:
    """The file's normals with length 1; where one is zero, Blender's own smooth one stands in.

    `positions`: (vertices, 3) float32 and `triangles`: (faces, 3) int32, without loose vertices. `normals`:
    (faces * 3, 3) float32 at the corners, as is what is returned.
    """
    lengths = np.sqrt(np.einsum("ni,ni->n", normals, normals, dtype=np.float64))
    lacks = lengths == 0
    lengths[lacks] = 1
    made: Array = np.divide(normals, lengths[:, None], dtype=np.float64, casting="unsafe").astype(np.float32)
    if lacks.any():
        vertices = triangles.ravel()
        own = _smooth(positions[triangles], vertices)
        made[lacks] = own[vertices[lacks]]
    return made


def _smooth(triangles: Array, vertices: Array) -> Array:
    """Vertex normals as Blender makes them: the faces' normals, weighted with the angle at the corner.

    `triangles`: (faces, 3, 3) positions. `vertices`: (faces * 3), the corners' vertices. Returns (vertices, 3) float64.
    """
    sides = triangles[:, (1, 2, 0)].astype(np.float64)
    sides -= triangles
    sides /= np.maximum(np.sqrt(np.einsum("fci,fci->fc", sides, sides)), 1e-30)[:, :, None]
    faces = np.cross(sides[:, 0], sides[:, 1])
    faces /= np.maximum(np.linalg.norm(faces, axis=1, keepdims=True), 1e-30)
    cosine = -np.einsum("fci,fci->fc", sides, sides[:, (2, 0, 1)])
    weighted = faces[:, None, :] * np.arccos(np.clip(cosine, -1.0, 1.0))[:, :, None]
    own: Array = np.stack([np.bincount(vertices, weights) for weights in weighted.reshape(-1, 3).T], axis=1)
    own /= np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-30)
    return own


def of_vertices(count: int, triangles: Array, normals: Array) -> Array | None:
    """The corners' normals as the vertices', flat (count * 3) float32, None where corners of one vertex differ."""
    corners = triangles.ravel()
    own = np.zeros((count, 3), np.float32)
    own[corners] = normals.reshape(-1, 3)
    return own.ravel() if np.array_equal(own[corners], normals.reshape(-1, 3)) else None
