# SPDX-License-Identifier: GPL-3.0-or-later
"""A contact sheet: many small pictures in a grid, each with its name below."""

from __future__ import annotations

import math

import numpy as np

from .pixels import Array

SIDE, SMALL_SIDE, MANY = 192, 96, 400  # pixels of a picture's side, and of one of so many pictures or more
GAP, NAME = 8, 18  # pixels between pictures, and of a name's height
FONT = 12.0  # pixels of the font's size
FINER = 4  # samples along a pixel's side for letters
PAPER, PLACE, INK = 40, 56, 215  # grey: the sheet, an empty place, the letters


class ContactSheet:
    """A sheet for `count` pictures. `rows`: (height, width, 3) uint8, the top row first."""

    def __init__(self, count: int) -> None:
        self.side = SMALL_SIDE if count >= MANY else SIDE
        self._columns = max(1, math.ceil(math.sqrt(count)))
        lines = max(1, math.ceil(count / self._columns))
        self._step = (self.side + GAP, self.side + NAME + GAP)
        shape = (lines * self._step[1] + GAP, self._columns * self._step[0] + GAP, 3)
        self.rows: Array = np.full(shape, PAPER, np.uint8)
        for number in range(count):
            x, y = self._corner(number)
            self.rows[y : y + self.side, x : x + self.side] = PLACE

    def _corner(self, number: int) -> tuple[int, int]:
        return GAP + number % self._columns * self._step[0], GAP + number // self._columns * self._step[1]

    def put_picture(self, number: int, picture: Array) -> None:
        """Put a picture into the middle of its place: (height, width, 4) uint8, top row first, straight alpha."""
        height, width = picture.shape[:2]
        x, y = self._corner(number)
        x, y = x + (self.side - width) // 2, y + (self.side - height) // 2
        alpha = picture[..., 3:].astype(np.uint16)
        mixed = (picture[..., :3] * alpha + PLACE * (255 - alpha) + 127) // 255
        self.rows[y : y + height, x : x + width] = mixed.astype(np.uint8)

    def put_name(self, number: int, triangles: Array) -> None:
        """Write a name below its place, as far as it fits. `triangles`: (count, 3, 2), in units of the font's size."""
        x, y = self._corner(number)
        inked = _coverage(triangles, self.side, NAME)
        below = self.rows[y + self.side : y + self.side + NAME, x : x + self.side]
        below[:] = (PAPER + (INK - PAPER) * inked[..., None]).astype(np.uint8)


def _coverage(triangles: Array, width: int, height: int) -> Array:
    """Return how much of each pixel the letters cover: (height, width), 0 to 1."""
    fine = np.zeros((height * FINER, width * FINER), bool)
    scale = FONT * FINER
    for corners in triangles * (scale, -scale) + (0.0, (height - 5) * FINER):  # the baseline, then downwards
        low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, (fine.shape[1], fine.shape[0]))
        if (high <= low).any():
            continue
        x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
        sides = np.stack(
            [
                (bx - ax) * (y - ay) - (by - ay) * (x - ax)
                for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True)
            ]
        )
        inside = (sides >= 0).all(axis=0) | (sides <= 0).all(axis=0)
        fine[low[1] : high[1], low[0] : high[0]] |= inside
    covered: Array = fine.reshape(height, FINER, width, FINER).mean(axis=(1, 3))
    return covered
