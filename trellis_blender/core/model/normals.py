# SPDX-License-Identifier: GPL-3.0-or-later
"""The file's normals as Blender keeps them: as sharp edges, and as numbers only on request.

Normals stored as plain vectors do not follow edits: turn, mirror or pose the mesh, and it goes black. Smooth shading
does follow edits, and costs nothing. So edges are marked sharp wherever the file's normals differ.
"""

from __future__ import annotations

import numpy as np

from .weld import Array, Edges, gather

SHARP_DEGREES = 0.5
SLICE = 1 << 18


def sharp_edges(triangles: Array, edges: Edges, normals: Array, source: Array) -> Array | None:
    """Return which edges are sharp, (edges) bool; None if none is.

    An edge is sharp if the normals of two of its faces differ by more than half a degree at either end. A normal
    without a direction differs from none.

    `triangles`: (faces, 3) int32, with their `edges`. `normals`: (n, 3) float32, the file's.
    `source`: (faces, 3) int32, the index of the normal at each corner.
    """
    vertices, numbers = triangles.ravel(), source.ravel()
    split = _split_vertices(vertices, normals, numbers)
    if not split.any():
        return None
    units, order = _units(normals), edges.order
    at = gather(split, triangles).reshape(-1, 3)
    touched = (at | at[:, (1, 2, 0)]).ravel()  # corners whose edge has a split vertex at either end
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
    """Return which vertices have corners with different normals in the file, by however little: (vertices) bool."""
    count = int(vertices.max()) + 1
    one = np.empty(count, np.int32)
    one[vertices] = numbers  # for each vertex, the normal of any one of its corners
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
    """Return the normals with length 1, (n, 3) float32; NaN for a normal without a direction."""
    made = np.empty((len(normals), 3), np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        for start in range(0, len(normals), SLICE):
            part = normals[start : start + SLICE].astype(np.float64)
            made[start : start + SLICE] = part / np.sqrt(np.einsum("ni,ni->n", part, part))[:, None]
    return made


def _part_ways(vertices: Array, numbers: Array, units: Array, first: Array, second: Array) -> Array:
    """Return whether the normals of two faces differ at either end of the edge that begins at these corners."""

    def ends(corners: Array) -> tuple[Array, Array]:
        """Return the numbers of the normals at the lower and at the higher vertex of these edges."""
        after = np.where(corners % 3 == 2, corners - 2, corners + 1)
        is_up = vertices[corners] < vertices[after]
        return numbers[np.where(is_up, corners, after)], numbers[np.where(is_up, after, corners)]

    (low, high), (other_low, other_high) = ends(first), ends(second)
    return _differ(units, low, other_low) | _differ(units, high, other_high)


def _differ(units: Array, first: Array, second: Array) -> Array:
    """Return whether these normals differ by more than half a degree; False for one without a direction."""
    cosine = np.einsum("ni,ni->n", np.take(units, first, axis=0), np.take(units, second, axis=0))
    differ: Array = cosine < np.float32(np.cos(np.radians(SHARP_DEGREES)))
    return differ


def completed(positions: Array, triangles: Array, normals: Array) -> Array:
    """Return the file's normals with length 1. A zero normal is replaced by Blender's own smooth one.

    `positions`: (vertices, 3) float32. `triangles`: (faces, 3) int32, without loose vertices.
    `normals`: (faces * 3, 3) float32, one for each corner, as is the result.
    """
    made, vertices = _units(normals), triangles.ravel()
    lacks = np.isnan(made[:, 0])
    if lacks.any():
        made[lacks] = _smooth(positions[triangles], vertices)[vertices[lacks]]
    return made


def _smooth(triangles: Array, vertices: Array) -> Array:
    """Return vertex normals as Blender computes them, (vertices, 3) float64: face normals, weighted by corner angle.

    `triangles`: (faces, 3, 3) positions. `vertices`: (faces * 3), the vertex of each corner.
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
    """Return the corners' normals as the vertices', flat (count * 3) float32; None if corners of one vertex differ."""
    corners = triangles.ravel()
    own = np.zeros((count, 3), np.float32)
    own[corners] = normals.reshape(-1, 3)
    return own.ravel() if np.array_equal(own[corners], normals.reshape(-1, 3)) else None
