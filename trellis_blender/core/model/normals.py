# SPDX-License-Identifier: GPL-3.0-or-later
"""The file's normals as Blender keeps them: as sharp edges, and only when asked for as numbers.

Normals that are stored as plain vectors stay behind when the mesh is edited: turned, mirrored or posed, it goes black.
Smooth shading, with edges marked as sharp where the file's normals part, follows every edit and costs nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .weld import gather

Array = npt.NDArray[Any]
SHARP_DEGREES = 0.5
SLICE = 1 << 18


def sharp_edges(triangles: Array, corner_edges: Array, edge_count: int, normals: Array, source: Array) -> Array | None:
    """Which edges are sharp, (edges) bool: the normals of two of its faces differ at either end by more than half a
    degree. None where no edge is.

    `triangles`: (faces, 3) int32, `corner_edges`: (faces * 3) int32, as `weld.make_edges` has them. `normals`: (n, 3)
    float32, the file's, and `source`: (faces, 3) int32, which of them stands at each corner. One without a direction
    differs from none.
    """
    split = _split_vertices(triangles, normals, source)
    if not split.any():
        return None
    sharp = np.zeros(edge_count, bool)
    corners = np.flatnonzero(_touched_corners(triangles, split))
    corners = corners[np.argsort(corner_edges[corners], kind="stable")]
    edges = corner_edges[corners]
    pairs = np.flatnonzero(edges[1:] == edges[:-1])
    for start in range(0, len(pairs), SLICE):
        part = pairs[start : start + SLICE]
        first, second = corners[part], corners[part + 1]
        sharp[edges[part[_part_ways(triangles.ravel(), source.ravel(), normals, first, second)]]] = True
    return sharp if sharp.any() else None


def _split_vertices(triangles: Array, normals: Array, source: Array) -> Array:
    """Which vertices have corners with different normals in the file, if only by a bit: (vertices) bool."""
    vertices = triangles.ravel()
    count = int(vertices.max()) + 1
    one = np.empty(count, np.int32)
    one[vertices] = source.ravel()  # of each vertex, the normal of any of its corners
    others = np.flatnonzero(gather(one, triangles) != source.ravel())
    split = np.zeros(count, bool)
    for start in range(0, len(others), SLICE):
        part = others[start : start + SLICE]
        here = vertices[part]
        split[here[(normals[source.ravel()[part]] != normals[one[here]]).any(axis=1)]] = True
    return split


def _touched_corners(triangles: Array, split: Array) -> Array:
    """Which corners begin an edge with a split vertex at either end: (faces * 3) bool."""
    at = gather(split, triangles).reshape(-1, 3)
    touched: Array = (at | at[:, (1, 2, 0)]).ravel()
    return touched


def _part_ways(vertices: Array, source: Array, normals: Array, first: Array, second: Array) -> Array:
    """Whether the normals differ between the faces of two corners that begin the same edge, at either of its ends."""
    after_first, after_second = _next(first), _next(second)
    runs_along = vertices[first] == vertices[second]  # else in opposite directions, as is usual
    beside = np.where(runs_along, second, after_second)
    beyond = np.where(runs_along, after_second, second)
    return _differ(normals, source[first], source[beside]) | _differ(normals, source[after_first], source[beyond])


def _next(corners: Array) -> Array:
    """The next corner of the same triangle."""
    following: Array = np.where(corners % 3 == 2, corners - 2, corners + 1)
    return following


def _differ(normals: Array, first: Array, second: Array) -> Array:
    """Whether the angle between the normals with these numbers is more than half a degree; never with one of none."""
    ours, theirs = normals[first].astype(np.float64), normals[second].astype(np.float64)
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    cosine = np.einsum("ni,ni->n", ours, theirs)
    differ: Array = (lengths > 0) & (cosine < np.cos(np.radians(SHARP_DEGREES)) * lengths)
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
