# SPDX-License-Identifier: GPL-3.0-or-later
"""The openings of a surface, and faces that close them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..weld import Array
from .welded import Surface, components

Tessellate = Callable[[Array], "list[tuple[int, int, int]]"]
"""Cuts a polygon, (corners, 3), into triangles of its corners' numbers. It may fail: what it returns is checked."""


@dataclass(frozen=True)
class Rims:
    """The edges without a second face. `corners`: (n) the corner of a face from which each runs, within (faces * 3).

    `start`, `end`: (n) its vertices. `number`: (n) which opening it belongs to. `perimeters`: (openings) float64.
    """

    corners: Array
    start: Array
    end: Array
    number: Array
    perimeters: Array


def find_rims(surface: Surface) -> Rims:
    """Return the rims of all openings. Openings that touch in a vertex count as one."""
    corners = surface.open_corners
    face, corner = np.divmod(corners, 3)
    start, end = surface.triangles[face, corner], surface.triangles[face, (corner + 1) % 3]
    used, places = np.unique(np.concatenate([start, end]), return_inverse=True)
    group = components(len(used), places[: len(start)], places[len(start) :])[places[: len(start)]]
    number = np.unique(group, return_inverse=True)[1]
    lengths = np.linalg.norm(surface.positions[end].astype(np.float64) - surface.positions[start], axis=1)
    return Rims(corners, start, end, number, np.bincount(number, lengths))


@dataclass(frozen=True)
class Lids:
    """New faces. `triangles`: (n, 3) vertices; those from the surface's number of vertices on are in `middles`, (m, 3).

    `corners`: (n, 3) for each corner one of the surface's, (faces * 3), that lies at the same place, or near it.
    `closed`: how many openings they close.
    """

    triangles: Array
    corners: Array
    middles: Array
    closed: int


def make_lids(surface: Surface, rims: Rims, largest: float, tessellate: Tessellate) -> Lids:
    """Return faces that close all openings with a perimeter up to `largest`, in the unit of the positions."""
    triangles, corners = [np.empty((0, 3), np.int64)], [np.empty((0, 3), np.int64)]
    middles: list[Array] = []
    closed = 0
    for hole in np.flatnonzero(rims.perimeters <= largest):
        own = np.flatnonzero(rims.number == hole)
        loops = _loops(rims.start[own].tolist(), rims.end[own].tolist(), rims.corners[own].tolist())
        closed += bool(loops)
        for loop in loops:
            vertices, of_corners = np.array(loop).T
            around, cut = np.arange(len(loop)), _cut(surface.positions[vertices], tessellate)
            fan = np.stack([around, np.roll(around, -1), around], axis=1)
            chosen = fan if cut is None else np.array(cut)
            triangles.append(vertices[chosen])
            corners.append(of_corners[chosen])
            if cut is None:  # a fan around a new vertex closes any loop
                triangles[-1][:, 2] = len(surface.positions) + len(middles)
                middles.append(surface.positions[vertices].mean(axis=0))
    return Lids(
        np.concatenate(triangles).astype(np.int32),
        np.concatenate(corners),
        np.array(middles, np.float32).reshape(-1, 3),
        closed,
    )


def _loops(starts: list[int], ends: list[int], corners: list[int]) -> list[list[tuple[int, int]]]:
    """Return the rim as loops that run against the faces around it: vertices, each with a corner there.

    Edges that form no loop, where faces are inside out, are left.
    """
    following: dict[int, list[tuple[int, int]]] = {}
    for start, end, corner in zip(starts, ends, corners, strict=True):
        following.setdefault(end, []).append((start, corner))  # against the face: from its end to its start
    loops = []
    while following:
        here = next(iter(following))
        path: list[tuple[int, int]] = []
        place: dict[int, int] = {}  # of each vertex on the path
        while here not in place and here in following:
            place[here] = len(path)
            path.append(following[here].pop())
            if not following[here]:
                del following[here]
            here = path[-1][0]
        begun = place.get(here)
        if begun is None:
            continue
        if len(path) - begun > 2:
            loops.append(path[begun:])
        for vertex, edge in list(zip(place, path, strict=True))[:begun]:  # the path before the loop belongs to another
            following.setdefault(vertex, []).append(edge)
    return loops


def _cut(points: Array, tessellate: Tessellate) -> list[tuple[int, int, int]] | None:
    """Return the polygon in triangles that use each of its sides once, in its direction; None if they do not."""
    count = len(points)
    if count == 3:
        return [(0, 1, 2)]
    cut = [(int(a), int(b), int(c)) for a, b, c in tessellate(points)]
    for triangles in (cut, [(c, b, a) for a, b, c in cut]):
        sides = [side for a, b, c in triangles for side in ((a, b), (b, c), (c, a))]
        outer = set(sides) - {(b, a) for a, b in sides}
        if len(triangles) == count - 2 and outer == {(number, (number + 1) % count) for number in range(count)}:
            return triangles
    return None
