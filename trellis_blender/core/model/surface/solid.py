# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a model solid: takes away what lies inside and loose bits, makes the faces agree, and closes holes.

What is sound stays as it is, number by number: the result is made of the source's own faces, corners and vertices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...errors import TrellisError
from ..weld import Array, runs
from .check import count_parts, loose_parts
from .holes import Lids, Tessellate, find_rims, make_lids
from .sheets import Cast, Progress, find_sheets
from .welded import Surface, make_surface
from .winding import enclosed_parts, inside_out

_WORK = 40_000_000  # pairs of a point and a face, for what lies inside: two seconds


@dataclass(frozen=True)
class Polygons:
    """A mesh as Blender has it. `positions`: (vertices, 3) float32. `corners`: (corners) the vertex of each, int32.

    `starts`: (faces) the first corner of each face, int32. `edges`: (edges, 2) int32.
    """

    positions: Array
    corners: Array
    starts: Array
    edges: Array

    @cached_property
    def sizes(self) -> Array:
        """Return how many corners each face has: (faces) int64."""
        return np.diff(self.starts.astype(np.int64), append=len(self.corners))

    def triangles(self) -> tuple[Array, Array]:
        """Return the corners of triangles, (n, 3), and the face of each, (n): faces are cut into fans."""
        face, place = runs(self.sizes - 2)
        first = self.starts[face].astype(np.int64)
        return np.stack([first, first + place + 1, first + place + 2], axis=1), face


@dataclass(frozen=True)
class Origins:
    """Which item of the source each item of the result comes from: int64, -1 for an edge that is new."""

    vertices: Array
    edges: Array
    faces: Array
    corners: Array


@dataclass(frozen=True)
class Mended:
    """The result of `make_solid`.

    `polygons`: the mesh, None if nothing was to be done. `corner_edges`: (corners) int32. `numbers`: what was done.
    `doubtful`: (faces) bool, the faces of the result, or of the source if there is none, that the artist has to judge.
    """

    polygons: Polygons | None
    corner_edges: Array
    origins: Origins
    doubtful: Array
    numbers: Mapping[str, float]


def make_solid(
    source: Polygons,
    cast_on: Callable[[Surface], Cast],
    tessellate: Tessellate,
    progress: Progress,
    *,
    smallest_part: float = 0.001,
    largest_hole: float = 1.0,
) -> Mended:
    """Return the mended mesh. `cast_on`: returns how to cast rays on a surface. `progress`: is told 0 to 1.

    `smallest_part`: of the surface; a smaller part goes. `largest_hole`: the perimeter by the model's size.
    Raises TrellisError if no face has an area.
    """
    triangles, of_triangle = source.triangles()
    whole = make_surface(source.positions, source.corners[triangles].reshape(-1, 3))
    if not len(whole.triangles):
        raise TrellisError("All faces of this model are lines or points, without any area.")

    def faces_of(part: Surface, chosen: Array) -> Array:
        """Return the source's faces that the chosen triangles of a part are of."""
        return of_triangle[part.faces[chosen]]

    gone, flips, doubt = (np.zeros(len(source.starts), bool) for _ in range(3))
    flipped = inside_out(whole)[0]
    hidden = enclosed_parts(whole, flipped, _WORK)
    progress(0.1)
    loose = loose_parts(whole, smallest_part) & ~hidden
    surface = whole.turned(flipped).without(hidden | loose)
    sheet, doubtful = find_sheets(surface, cast_on(surface), lambda fraction: progress(0.1 + 0.8 * fraction))
    gone[faces_of(whole, hidden | loose)] = True
    gone[faces_of(surface, sheet)] = True
    kept = whole.without(gone[of_triangle[whole.faces]])
    flipped, sideless = inside_out(kept)
    flips[faces_of(kept, flipped)] = True
    kept = kept.turned(flipped)
    rims = find_rims(kept)
    lids = make_lids(kept, rims, largest_hole * whole.size, tessellate)
    progress(0.95)
    open_now = rims.perimeters > largest_hole * whole.size
    doubt[faces_of(surface, doubtful)] = True
    doubt[faces_of(kept, sideless)] = True
    doubt[faces_of(kept, rims.corners[open_now[rims.number]] // 3)] = True
    doubt &= ~gone
    numbers = {
        "hidden_faces": int(hidden.sum() + sheet.sum()),
        "hidden_parts": count_parts(whole, hidden),
        "loose_parts": count_parts(whole, loose),
        "loose_faces": int(loose.sum()),
        "flipped_faces": int(flips.sum()),
        "closed_holes": lids.closed,
        "open_holes": int(open_now.sum()),
        "doubtful_faces": int(doubt.sum()),
    }
    if not (gone.any() or flips.any() or lids.closed):
        empty = np.zeros(0, np.int64)
        return Mended(None, empty, Origins(empty, empty, empty, empty), doubt, numbers)
    polygons, corner_edges, origins = _built(
        source, gone, flips, lids, _lid_corners(source, triangles, kept, flipped, lids)
    )
    doubtful = np.concatenate([doubt[~gone], np.zeros(len(lids.triangles), bool)])
    return Mended(polygons, corner_edges, origins, doubtful, numbers)


def _built(
    source: Polygons, gone: Array, flips: Array, lids: Lids, lid_corners: tuple[Array, Array]
) -> tuple[Polygons, Array, Origins]:
    """Return the result, the edge of each of its corners, and its origins. `gone`, `flips`: (faces) bool."""
    of_lids, lid_vertices = lid_corners
    faces = np.flatnonzero(~gone)
    sizes = source.sizes[faces]
    face, place = runs(sizes)
    place = np.where(flips[faces][face], sizes[face] - 1 - place, place)
    corners = source.starts[faces][face].astype(np.int64) + place
    starts = np.append(np.cumsum(sizes) - sizes, len(corners) + 3 * np.arange(len(of_lids))).astype(np.int32)
    total = len(source.positions)
    vertices = np.concatenate([source.corners[corners].astype(np.int64), lid_vertices.ravel()])
    used, vertices = np.unique(vertices, return_inverse=True)
    vertices = vertices.astype(np.int32)
    origin, (new, first) = used.copy(), np.unique(lid_vertices, return_index=True)
    origin[used >= total] = source.corners[of_lids.ravel()[first[new >= total]]]  # that of a corner beside it
    edges, corner_edges = _edges(vertices, starts)
    positions = np.concatenate([source.positions, lids.middles])
    polygons = Polygons(np.ascontiguousarray(positions[used], np.float32), vertices, starts, edges)
    lid_faces = np.searchsorted(source.starts, of_lids[:, 0], side="right") - 1
    origins = Origins(
        vertices=origin,
        edges=_edge_origins(source.edges, used[edges], len(positions)),
        faces=np.concatenate([faces, lid_faces]),
        corners=np.concatenate([corners, of_lids.ravel()]),
    )
    return polygons, corner_edges, origins


def _lid_corners(source: Polygons, triangles: Array, kept: Surface, flipped: Array, lids: Lids) -> tuple[Array, Array]:
    """Return the source's corner and vertex of each corner of the lids: (lids, 3) each.

    `triangles`: the source's corners of each of its triangles. `flipped`: those of `kept` that were turned.
    A new vertex gets a number from the source's number of vertices on.
    """
    triangle, corner = np.divmod(lids.corners, 3)
    corners = triangles[kept.faces[triangle], np.where(flipped[triangle], 2 - corner, corner)]
    vertices = source.corners[corners].astype(np.int64)
    new = lids.triangles >= len(kept.positions)
    vertices[new] = len(source.positions) + lids.triangles[new] - len(kept.positions)
    return corners, vertices


def _edges(corners: Array, starts: Array) -> tuple[Array, Array]:
    """Return the edges of polygons, (edges, 2) int32, and the edge from each corner to the next: (corners) int32."""
    following = np.arange(1, len(corners) + 1)
    following[np.append(starts[1:], len(corners)) - 1] = starts
    here, there = corners.astype(np.int64), corners[following].astype(np.int64)
    count = int(corners.max()) + 1
    keys, corner_edges = np.unique(np.minimum(here, there) * count + np.maximum(here, there), return_inverse=True)
    return np.stack(np.divmod(keys, count), axis=1).astype(np.int32), corner_edges.astype(np.int32)


def _edge_origins(before: Array, after: Array, count: int) -> Array:
    """Return for each edge, given by the source's vertices and new ones, its number there, -1 if it is new.

    `count`: of all these vertices.
    """
    keys = (each.min(axis=1) * count + each.max(axis=1) for each in (before.astype(np.int64), after))
    _both, known, made = np.intersect1d(*keys, return_indices=True)
    origins = np.full(len(after), -1)
    origins[made] = known
    return origins
