# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way round the faces run: those of a part shall agree, and the outside of a closed body be its outside."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .welded import Surface, components

Array = npt.NDArray[Any]
SMALL_RIMS = 1.0  # their length, squared, by the area: a disc has 12.6, half a ball 6.3, a ball without a hole 0


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
    number = number.reshape(-1)
    area = np.bincount(number, weights=surface.areas * np.where(agrees, 1.0, -1.0), minlength=len(parts))
    turns = area < 0
    volume = np.bincount(number, weights=_volumes(surface, number) * np.where(agrees, 1.0, -1.0), minlength=len(parts))
    whole = np.bincount(number, weights=surface.areas, minlength=len(parts))
    is_closed = _rims(surface, number, len(parts)) ** 2 <= SMALL_RIMS * whole
    if enclosed is not None:
        is_closed &= ~np.isin(parts, surface.parts[enclosed])
    turns[is_closed] = volume[is_closed] < 0
    flipped = (agrees == turns[number]) & ~has_no_sides
    return flipped, has_no_sides


def _rims(surface: Surface, number: Array, count: int) -> Array:
    """Return how long the rims of each part are: (count) float64. `number`: of each face's part."""
    corners = np.flatnonzero(surface.sharing[surface.edges.of_corners] == 1)
    ends = surface.positions[surface.edges.ends[surface.edges.of_corners[corners]]].astype(np.float64)
    lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    return np.bincount(number[corners // 3], weights=lengths, minlength=count)


def _volumes(surface: Surface, number: Array) -> Array:
    """Return the volume between each face and a point in its part's middle, with a sign: (faces) float64."""
    count = int(number.max()) + 1 if len(number) else 0
    share = np.maximum(np.bincount(number, minlength=count), 1)
    middles = surface.middles
    volumes = np.zeros(len(number))
    for axis in range(3):
        middle = np.bincount(number, weights=middles[:, axis], minlength=count) / share
        volumes += (middles[:, axis] - middle[number]) * surface.normals[:, axis]
    return volumes / 6
