# SPDX-License-Identifier: GPL-3.0-or-later
"""Are Blender's own smooth normals close enough to the file's?"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .weld import gather

Array = npt.NDArray[Any]
SAMPLE = 10_000
CLOSE_DEGREES = 10.0
PERCENTILE = 99.0


def are_close(positions: Array, triangles: Array, normals: Array, source: Array) -> bool:
    """Whether the 99th percentile of the angle between Blender's normals and the file's is below 10 degrees.

    `positions`: (vertices, 3) float32 of the welded mesh, `triangles`: (faces, 3) int32. `normals`: (n, 3) float32,
    the file's, and `source`: (faces, 3) int32, which of them stands at each corner. Of a large mesh, an even sample of
    the vertices is measured.
    """
    step = max(1, len(positions) // SAMPLE)
    is_sampled = np.zeros(len(positions), bool)
    is_sampled[::step] = True
    first, second, third = gather(is_sampled, triangles).reshape(-1, 3).T
    faces = np.flatnonzero(first | second | third)
    near = triangles[faces]
    corners = is_sampled[near]
    sample = near[corners] // step  # for each corner there, the number of its vertex in the sample
    ours = _smooth(positions[near], corners, sample)[sample]
    theirs = normals[source[faces][corners]]
    lengths = np.linalg.norm(theirs.astype(np.float64), axis=1)  # whose squares can be out of float32's bounds
    has_one = lengths > 0
    if not has_one.any():  # zeros are no normals
        return True
    ours, theirs = ours[has_one], theirs[has_one] / lengths[has_one, None]
    cosine = np.clip(np.einsum("ij,ij->i", ours, theirs), -1.0, 1.0)
    return bool(np.degrees(np.percentile(np.arccos(cosine), PERCENTILE)) < CLOSE_DEGREES)


def completed(positions: Array, triangles: Array, normals: Array) -> Array:
    """The file's normals with length 1; where one is zero, Blender's own smooth one stands in.

    `positions` and `triangles` as in `are_close`, without loose vertices. `normals`: (faces * 3, 3) float32 at the
    corners, as is what is returned.
    """
    lengths = np.sqrt(np.einsum("ni,ni->n", normals, normals, dtype=np.float64))
    lacks = lengths == 0
    lengths[lacks] = 1
    made: Array = np.divide(normals, lengths[:, None], dtype=np.float64, casting="unsafe").astype(np.float32)
    if lacks.any():
        vertices = triangles.ravel()
        own = _smooth(positions[triangles], np.ones(triangles.shape, bool), vertices)
        made[lacks] = own[vertices[lacks]]
    return made


def _smooth(triangles: Array, corners: Array, sample: Array) -> Array:
    """Vertex normals as Blender makes them: the faces' normals, weighted with the angle at the corner.

    `triangles`: (faces, 3, 3) positions. `corners`: (faces, 3) bool, those at a vertex of the sample, and `sample`: the
    number of that vertex. Returns (vertices of the sample, 3) float64.
    """
    sides = triangles[:, (1, 2, 0)].astype(np.float64)
    sides -= triangles
    sides /= np.maximum(np.sqrt(np.einsum("fci,fci->fc", sides, sides)), 1e-30)[:, :, None]
    faces = np.cross(sides[:, 0], sides[:, 1])
    faces /= np.maximum(np.linalg.norm(faces, axis=1, keepdims=True), 1e-30)
    cosine = -np.einsum("fci,fci->fc", sides, sides[:, (2, 0, 1)])
    angles = np.arccos(np.clip(cosine[corners], -1.0, 1.0))
    weighted = faces[np.nonzero(corners)[0]] * angles[:, None]
    own: Array = np.stack([np.bincount(sample, weights) for weights in weighted.T], axis=1)
    own /= np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-30)
    return own


def of_vertices(count: int, triangles: Array, normals: Array) -> Array | None:
    """The corners' normals as the vertices', flat (count * 3) float32, None where corners of one vertex differ."""
    corners = triangles.ravel()
    own = np.zeros((count, 3), np.float32)
    own[corners] = normals.reshape(-1, 3)
    return own.ravel() if np.array_equal(own[corners], normals.reshape(-1, 3)) else None
