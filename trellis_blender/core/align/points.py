# SPDX-License-Identifier: GPL-3.0-or-later
"""Scatter points over a model's surface, with the colours of its texture there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .fit import Cloud

Array = npt.NDArray[Any]
COUNT = 20_000
SEED = 1  # the same model gives the same answer


@dataclass(frozen=True)
class Surface:
    """A model's surface.

    `positions`: (vertices, 3) float32. `triangles`: (faces, 3) int32. `uvs`: (faces, 3, 2) float32, None without.
    `slots`: each face's material, (faces) int32; None with one material.
    """

    positions: Array
    triangles: Array
    uvs: Array | None = None
    slots: Array | None = None


def scatter(surface: Surface, textures: Sequence[Array | None] = (), count: int = COUNT) -> tuple[Cloud, Array]:
    """Return points in random order, as many to an area everywhere, and the place that they are given around: (3).

    `textures`: of each material, (height, width, 3 or 4) uint8 as stored, the bottom row first; None if it has none.
    Raises ValueError if the surface has no area.
    """
    draw = np.random.default_rng(SEED)
    first, second, third = (surface.positions[surface.triangles[:, corner]] for corner in range(3))
    areas = np.linalg.norm(np.cross(second - first, third - first), axis=1)
    up_to = np.cumsum(np.nan_to_num(areas), dtype=np.float64)
    if not len(up_to) or not up_to[-1] > 0:
        message = "no area"
        raise ValueError(message)
    face = np.searchsorted(up_to, draw.random(count) * up_to[-1], side="right").clip(0, len(up_to) - 1)
    across, along = draw.random((2, count), dtype=np.float32)
    is_over = across + along > 1
    across[is_over], along[is_over] = 1 - across[is_over], 1 - along[is_over]
    weights = np.stack([1 - across - along, across, along], axis=1)
    corners = surface.positions[surface.triangles[face]]
    points = np.einsum("nc,ncx->nx", weights, corners).astype(np.float32)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    colours = None
    if surface.uvs is not None and any(texture is not None for texture in textures):
        colours = _colours(surface, textures, face, weights)
    return Cloud(points - middle, colours), middle.astype(np.float64)


def _colours(surface: Surface, textures: Sequence[Array | None], face: Array, weights: Array) -> Array:
    """Return the texture's colours at the points: (n, 3) float32, 0 to 1; grey where there is none."""
    assert surface.uvs is not None
    places = np.einsum("nc,ncx->nx", weights, surface.uvs[face]) % 1.0
    colours = np.full((len(face), 3), 0.5, np.float32)
    slots = np.zeros(len(face), np.int32) if surface.slots is None else surface.slots[face]
    for slot, texture in enumerate(textures):
        if texture is None:
            continue
        mine = np.flatnonzero(slots == slot)
        height, width = texture.shape[:2]
        column = (places[mine, 0] * width).astype(np.int64).clip(0, width - 1)
        row = (places[mine, 1] * height).astype(np.int64).clip(0, height - 1)
        colours[mine] = texture[row, column, :3].astype(np.float32) / 255
    return colours
