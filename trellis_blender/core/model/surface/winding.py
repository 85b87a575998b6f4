# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way round faces run, and which parts lie inside others: what a surface's volume and winding numbers say.

The faces of a part shall agree, and the outside of a closed body be its outside. The winding number of a closed surface
around a point is 1 inside and 0 outside; a hole changes it little (Jacobson et al. 2013, “Robust Inside-Outside
Segmentation using Generalized Winding Numbers”). It needs no rays.
"""

from __future__ import annotations

import numpy as np

from ..weld import Array
from .welded import Surface, components, cross, dot

SMALL_RIMS = 1.0  # their length, squared, by the area: a disc has 12.6, half a ball 6.3, a ball without a hole 0
OUTER_MOST = 4  # how many of the largest parts may hold others
POINTS = 5  # of a part
INSIDE = 0.5
_CHUNK = 1 << 16


def inside_out(surface: Surface, enclosed: Array | None = None) -> tuple[Array, Array]:
    """Return which faces are inside out, and which belong to a part that has no sides: both (faces) bool.

    A part has no sides where its faces cannot be made to agree, like those of a Moebius strip. A part that is closed,
    but for small holes, is inside out as a whole if its volume is negative, unless it is `enclosed`, (faces) bool: the
    wall of a cavity is right so. In an open part the sides of the larger area win.
    """
    count = len(surface.triangles)
    links, patches = surface.links, surface.patches
    torn = links.is_plain & links.is_flipped
    first, second = patches[links.first[torn]], patches[links.second[torn]]
    # Each patch has a front, `patch`, and a back, `patch + count`; such a link joins one's front with the other's back.
    sides = components(2 * count, np.concatenate([first, first + count]), np.concatenate([second + count, second]))
    front, back = sides[patches], sides[patches + count]
    agrees = front <= back
    has_no_sides = np.isin(surface.parts, surface.parts[front == back])
    parts, number = np.unique(surface.parts, return_inverse=True)
    sign = np.where(agrees, 1.0, -1.0)
    area, volume, whole = (
        np.bincount(number, weights)
        for weights in (surface.areas * sign, _volumes(surface, number) * sign, surface.areas)
    )
    turns = area < 0
    is_closed = _rims(surface, number, len(parts)) ** 2 <= SMALL_RIMS * whole
    if enclosed is not None:
        is_closed &= ~np.isin(parts, surface.parts[enclosed])
    turns[is_closed] = volume[is_closed] < 0
    flipped = (agrees == turns[number]) & ~has_no_sides
    return flipped, has_no_sides


def _rims(surface: Surface, number: Array, count: int) -> Array:
    """Return how long the rims of each part are: (count) float64. `number`: of each face's part."""
    corners = surface.open_corners
    ends = surface.positions[surface.edges.ends[surface.edges.of_corners[corners]]].astype(np.float64)
    lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    return np.bincount(number[corners // 3], weights=lengths, minlength=count)


def _volumes(surface: Surface, number: Array) -> Array:
    """Return the volume between each face and a point in its part's middle, with a sign: (faces) float64."""
    faces, volumes = np.bincount(number), np.zeros(len(number))
    for middles, normals in zip(surface.middles.T, surface.normals.T, strict=True):
        volumes += (middles - (np.bincount(number, middles) / faces)[number]) * normals
    return volumes / 6


def enclosed_parts(surface: Surface, flipped: Array, work: int) -> Array:
    """Return which faces belong to a part inside another one: (faces) bool.

    `flipped`: (faces) bool, the faces that are inside out, which would count against the others.
    `work`: about how many pairs of a point and a face to compute at most, which bounds the time: 20 million take a
    second. Large surfaces are thinned out for that.
    """
    labels, number, sizes = np.unique(surface.parts, return_inverse=True, return_counts=True)
    inside = np.zeros(len(labels), bool)
    if len(labels) < 2:
        return np.zeros(len(number), bool)
    by_part = np.argsort(number, kind="stable")
    starts = np.append(0, np.cumsum(sizes))
    corners = surface.positions[surface.triangles[by_part]]
    low = np.minimum.reduceat(corners.min(axis=1), starts[:-1])
    high = np.maximum.reduceat(corners.max(axis=1), starts[:-1])
    del corners
    order = np.argsort(-np.linalg.norm(high - low, axis=1), kind="stable")
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
        spread = by_part[np.linspace(starts[held], starts[held + 1] - 1, POINTS, axis=1).astype(np.int64)]
        triangles = surface.triangles[faces]
        triangles[flipped[faces]] = triangles[flipped[faces]][:, ::-1]
        around = np.abs(winding_numbers(surface.middles[spread.ravel()], surface.positions[triangles]) * step)
        inside[held[(around.reshape(-1, POINTS) > INSIDE).all(axis=1)]] = True
    return inside[number]


def winding_numbers(points: Array, triangles: Array) -> Array:
    """Return the winding number of the triangles, (faces, 3, 3), around each of the points, (n, 3): (n) float64."""
    found = np.zeros(len(points))
    for start in range(0, len(triangles), _CHUNK):
        part = triangles[start : start + _CHUNK]
        for number, point in enumerate(points):
            a, b, c = (np.ascontiguousarray(part[:, corner] - point) for corner in range(3))
            la, lb, lc = (np.sqrt(dot(side, side)) for side in (a, b, c))
            solid = dot(a, cross(b, c))
            rest = la * lb * lc + dot(a, b) * lc + dot(b, c) * la + dot(c, a) * lb
            found[number] += float(np.arctan2(solid, rest).sum(dtype=np.float64))
    return found / (2 * np.pi)
