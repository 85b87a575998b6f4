# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds a skin inside that hangs together with the outside, through a hole: nothing outside can see it.

Sound models have faces that nothing sees, too, deep in their folds. So a face counts only if it is the back of a wall
whose front is seen, and only with many like it around: a region of a hundredth of the model, most of which is the back
of a wall, and much of which sees nothing at all. These limits took nothing from fourteen sound models.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..weld import Array
from .welded import Surface, components

Cast = Callable[[Array, Array], tuple[Array, Array]]
"""Casts rays: from the origins, (n, 3), in the directions, (n, 3) unit vectors. Returns for each the face that it hits
first, -1 for none, and how far off that is."""
Progress = Callable[[float], None]

DIRECTIONS, FIRST = 128, 32  # with 32 directions alone, a thin lamp lost a twentieth of its faces
SEEN = 0.25  # of the first directions: a face that is seen so well needs no more of them
SAMPLES = 120_000  # faces; of a larger model, every so many
GATE, GATE_SHARE = 3_000, 0.003
WALL = 0.03  # of the size: how thick it may be
FAINT, UNSEEN, FRONT, TIMES = 0.08, 0.005, 0.10, 5.0
REGION, DARK, BACKED = 0.01, 0.40, 0.50
DOUBTFUL_DARK, DOUBTFUL_BACKED = 0.20, 0.40
OFFSET = 1e-5  # of the size


def find_sheets(surface: Surface, cast: Cast, progress: Progress) -> tuple[Array, Array]:
    """Return which faces are a skin inside, and which may be one: both (faces) bool."""
    count = len(surface.triangles)
    none = np.zeros(count, bool)
    if count > GATE:
        shares = _shares(surface, np.arange(0, count, count // GATE), cast, lambda _fraction: None)
        if (shares == 0).mean() < GATE_SHARE:
            return none, none
    sampled = np.arange(0, count, max(1, -(-count // SAMPLES)))
    owner = _owners(surface, sampled)
    shares = np.append(_shares(surface, sampled, cast, lambda fraction: progress(0.9 * fraction)), 1.0)[owner]
    smooth = _smoothed(surface, shares)
    backed = np.append(_backed(surface, sampled, smooth, cast), False)[owner]
    candidate = ((smooth <= FAINT) & backed) | (smooth <= UNSEEN)
    progress(1.0)
    return _regions(surface, candidate, shares == 0, backed)


def _regions(surface: Surface, candidate: Array, dark: Array, backed: Array) -> tuple[Array, Array]:
    links, count = surface.links, len(candidate)
    inner = candidate[links.first] & candidate[links.second]
    region = components(count, links.first[inner], links.second[inner])
    faces = np.bincount(region[candidate], minlength=count)
    large = faces >= REGION * count
    of_dark = np.bincount(region[candidate & dark], minlength=count) / np.maximum(faces, 1)
    of_backed = np.bincount(region[candidate & backed], minlength=count) / np.maximum(faces, 1)
    sure = large & (of_dark >= DARK) & (of_backed >= BACKED)
    doubtful = large & ~sure & (of_dark >= DOUBTFUL_DARK) & (of_backed >= DOUBTFUL_BACKED)
    return candidate & sure[region], candidate & doubtful[region]


def _shares(surface: Surface, faces: Array, cast: Cast, progress: Progress) -> Array:
    """Return the share of the directions in which these faces see the outside, from either side: (faces) float64."""
    every = _directions(DIRECTIONS)
    scattered = every[np.random.default_rng(1).permutation(DIRECTIONS)]
    seen, tried = np.zeros(len(faces)), np.full(len(faces), float(FIRST))
    left = np.arange(len(faces))
    for number, direction in enumerate(scattered):
        if number == FIRST:
            left = left[seen[left] < SEEN * FIRST]
            tried[left] = DIRECTIONS
        if not len(left):
            break
        seen[left] += cast(_origins(surface, faces[left], direction), np.tile(direction, (len(left), 1)))[0] < 0
        progress((number + 1) / FIRST * 0.8 if number < FIRST else 0.8 + 0.2 * number / DIRECTIONS)
    shares: Array = seen / tried
    return shares


def _origins(surface: Surface, faces: Array, direction: Array) -> Array:
    """Return the middles of the faces, a little towards the side that looks in this direction."""
    side = np.where(surface.normals[faces] @ direction < 0, -1.0, 1.0)[:, None]
    return surface.middles[faces] + _units(surface, faces) * side * (OFFSET * surface.size)


def _units(surface: Surface, faces: Array) -> Array:
    normals = surface.normals[faces].astype(np.float64)
    units: Array = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    return units


def _directions(count: int) -> Array:
    """Return unit vectors that are spread evenly: (count, 3), on a Fibonacci spiral."""
    height = 1 - (2 * np.arange(count) + 1) / count
    angle = np.pi * (1 + 5**0.5) * np.arange(count)
    radius = np.sqrt(1 - height * height)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=1)


def _owners(surface: Surface, sampled: Array) -> Array:
    """Return for each face the place in `sampled` of the nearest sampled one along the surface.

    -1, the last place, where a part has none.
    """
    owner = np.full(len(surface.triangles), -1, np.int64)
    owner[sampled] = np.arange(len(sampled))
    here, there = surface.links.both_ways
    while True:
        onward = (owner[here] >= 0) & (owner[there] < 0)
        if not onward.any():
            return owner
        owner[there[onward]] = owner[here[onward]]


def _smoothed(surface: Surface, shares: Array) -> Array:
    (here, there), count = surface.links.both_ways, len(shares)
    around = np.bincount(here, minlength=count) + 1
    for _ in range(3):
        shares = (shares + np.bincount(here, shares[there], count)) / around
    return shares


def _backed(surface: Surface, faces: Array, smooth: Array, cast: Cast) -> Array:
    """Return which of these faces are the back of a wall whose front is seen far better: (faces) bool."""
    faint = np.flatnonzero(smooth[faces] <= FAINT)
    backwards = -_units(surface, faces[faint])
    hit, distance = cast(surface.middles[faces[faint]] + backwards * (OFFSET * surface.size), backwards)
    is_wall = (hit >= 0) & (distance <= WALL * surface.size)
    opposite = np.einsum("ij,ij->i", _units(surface, np.maximum(hit, 0)), backwards) > 0
    front = smooth[np.maximum(hit, 0)]
    backed = np.zeros(len(faces), bool)
    backed[faint] = is_wall & opposite & (front >= FRONT) & (front >= TIMES * smooth[faces[faint]])
    return backed
