# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a model solid: takes away what lies inside and loose bits, makes the faces agree, and closes holes.

What is sound stays as it is, number by number: the result is made of the source's own faces, corners and vertices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import TrellisError
from .check import count_parts, loose_parts
from .enclosed import enclosed_parts
from .holes import Lids, Tessellate, find_rims, make_lids
from .sheets import Cast, Progress, find_sheets
from .welded import Surface, make_surface
from .winding import inside_out

Array = npt.NDArray[Any]
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


@dataclass(frozen=True)
class Settings:
    """`smallest_part`: of the surface; a smaller part goes. `largest_hole`: the perimeter by the model's size."""

    smallest_part: float = 0.001
    largest_hole: float = 1.0


def make_solid(
    source: Polygons,
    settings: Settings,
    cast_on: Callable[[Surface], Cast],
    tessellate: Tessellate,
    progress: Progress,
) -> Mended:
    """Return the mended mesh. `cast_on`: returns how to cast rays on a surface. `progress`: is told 0 to 1.

    Raises TrellisError if no face has an area.
    """
    triangles, of_face = _triangles(source)
    whole = make_surface(source.positions, source.corners[triangles].reshape(-1, 3))
    if not len(whole.triangles):
        raise TrellisError("All faces of this model are lines or points, without any area.")
    of_face = of_face[whole.faces]
    flipped = inside_out(whole)[0]
    hidden = enclosed_parts(whole, flipped, _WORK)
    progress(0.1)
    loose = loose_parts(whole, settings.smallest_part) & ~hidden
    surface = whole.turned(flipped).without(hidden | loose)
    sheet, doubtful = find_sheets(surface, cast_on(surface), lambda fraction: progress(0.1 + 0.8 * fraction))
    gone = np.zeros(len(source.starts), bool)
    gone[of_face[hidden | loose]] = True
    gone[_of(whole, of_face, surface, sheet)] = True
    kept = whole.without(gone[of_face])
    kept_faces = of_face[~gone[of_face]]
    flipped, sideless = inside_out(kept)
    flips = np.zeros(len(source.starts), bool)
    flips[kept_faces[flipped]] = True
    kept = kept.turned(flipped)
    rims = find_rims(kept)
    lids = make_lids(kept, rims, settings.largest_hole * whole.size, tessellate)
    progress(0.95)
    open_now = rims.perimeters > settings.largest_hole * whole.size
    doubt = np.zeros(len(source.starts), bool)
    doubt[_of(whole, of_face, surface, doubtful)] = True
    doubt[kept_faces[sideless]] = True
    doubt[kept_faces[rims.corners[open_now[rims.number]] // 3]] = True
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
    return _built(source, triangles, kept, lids, _Changes(gone, flips, flipped, doubt), numbers)


@dataclass(frozen=True)
class _Changes:
    """What happens to the source's faces, each (faces) bool. `flipped`: `flips`, of the triangles that are kept."""

    gone: Array
    flips: Array
    flipped: Array
    doubt: Array


def _of(whole: Surface, of_face: Array, part: Surface, chosen: Array) -> Array:
    """Return the source's faces of the chosen triangles. `part`: some of the `whole`. `of_face`: of the whole's."""
    place = np.searchsorted(whole.faces, part.faces[chosen])
    found: Array = of_face[place]
    return found


def _triangles(source: Polygons) -> tuple[Array, Array]:
    """Return the corners of triangles, (n, 3), and the face of each, (n): faces are cut into fans."""
    ends = np.append(source.starts[1:], len(source.corners)).astype(np.int64)
    counts = ends - source.starts - 2
    face = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(face)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = source.starts[face].astype(np.int64)
    return np.stack([first, first + place + 1, first + place + 2], axis=1), face


def _built(
    source: Polygons,
    triangles: Array,
    kept: Surface,
    lids: Lids,
    changes: _Changes,
    numbers: Mapping[str, float],
) -> Mended:
    gone, flips, doubt = changes.gone, changes.flips, changes.doubt
    faces = np.flatnonzero(~gone)
    ends = np.append(source.starts[1:], len(source.corners)).astype(np.int64)
    sizes = (ends - source.starts)[faces]
    starts = np.cumsum(sizes) - sizes
    place = np.arange(int(sizes.sum())) - np.repeat(starts, sizes)
    backwards = np.repeat(flips[faces], sizes)
    place = np.where(backwards, np.repeat(sizes, sizes) - 1 - place, place)
    corners = np.repeat(source.starts[faces].astype(np.int64), sizes) + place
    vertices = source.corners[corners].astype(np.int64)

    lid_corners, lid_vertices = _lid_corners(source, triangles[kept.faces], kept, changes.flipped, lids)
    lid_faces = np.searchsorted(source.starts, lid_corners[:, 0], side="right") - 1
    total = len(source.positions)
    positions = np.concatenate([source.positions, lids.middles])
    vertices = np.concatenate([vertices, lid_vertices.ravel()])
    used, vertices = np.unique(vertices, return_inverse=True)
    origin = used.copy()
    for number, middle in enumerate(range(total, total + len(lids.middles))):
        at = np.flatnonzero(lids.triangles.ravel() == len(kept.positions) + number)[0]
        origin[np.searchsorted(used, middle)] = source.corners[lid_corners.ravel()[at]]
    vertices = vertices.reshape(-1).astype(np.int32)
    starts = np.concatenate([starts, len(corners) + 3 * np.arange(len(lids.triangles))]).astype(np.int32)
    edges, corner_edges = _edges(vertices, starts)
    polygons = Polygons(np.ascontiguousarray(positions[used], np.float32), vertices, starts, edges)
    origins = Origins(
        vertices=origin,
        edges=_edge_origins(source.edges, used[edges], total + len(lids.middles)),
        faces=np.concatenate([faces, lid_faces]),
        corners=np.concatenate([corners, lid_corners.ravel()]),
    )
    doubtful = np.concatenate([doubt[faces], np.zeros(len(lids.triangles), bool)])
    return Mended(polygons, corner_edges, origins, doubtful, numbers)


def _lid_corners(source: Polygons, of_kept: Array, kept: Surface, flipped: Array, lids: Lids) -> tuple[Array, Array]:
    """Return the source's corner and vertex of each corner of the lids: (lids, 3) each.

    `of_kept`: the source's corners of each triangle. `flipped`: the triangles that were turned.
    A new vertex gets a number from the source's number of vertices on.
    """
    triangle, corner = np.divmod(lids.corners, 3)
    corners = of_kept[triangle, np.where(flipped[triangle], 2 - corner, corner)]
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
    return np.stack(np.divmod(keys, count), axis=1).astype(np.int32), corner_edges.reshape(-1).astype(np.int32)


def _edge_origins(before: Array, after: Array, count: int) -> Array:
    """Return for each edge, given by the source's vertices and new ones, its number there, -1 if it is new.

    `count`: of all these vertices.
    """
    if not len(before):
        return np.full(len(after), -1)
    known = before.astype(np.int64)
    keys = known.min(axis=1) * count + known.max(axis=1)
    order = np.argsort(keys, kind="stable")
    wanted = after.min(axis=1) * count + after.max(axis=1)
    place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    return np.where(keys[order][place] == wanted, order[place], -1)
