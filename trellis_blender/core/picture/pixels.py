# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels as arrays: turn, scale, convert between linear light and sRGB. Plain numpy, for any thread or process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
TAIL_SHARE = 1 / 16  # of the height: fewer rows of zeros at the end are not suspicious
BREAK_SHARE, BREAK_LEAST = 1 / 8, 8  # of the width, and pixels: by so much the last row is too short
_BLOCK = 256  # rows scaled at a time


@dataclass(frozen=True)
class Pixels:
    """An image's pixels as stored, copied out of Blender in one go.

    `flat`: float32, 4 numbers a pixel, row after row, bottom row first.
    """

    flat: Array
    width: int
    height: int

    def rows(self) -> Array:
        """Return the pixels as uint8 (height, width, 4), top row first."""
        return as_bytes(np.nan_to_num(self.flat).reshape(self.height, self.width, -1)[::-1])


def breaks_off(rows: Array) -> bool:
    """Return whether the rows, as stored, break off within a row and are zero from there on: a file half copied.

    Uncompressed files have no end mark, and a dark background ends in zeros too. The sign is the last row that is not
    zero: it begins where the row before begins, is as bright, but stops short by an eighth of the width.
    """
    return _breaks_off_below(rows) or _breaks_off_below(rows[::-1])  # Targa and BMP store the bottom row first


def _breaks_off_below(rows: Array) -> bool:
    height, width = rows.shape[:2]
    last = next((row for row in range(height - 1, 0, -1) if rows[row, :, :3].any()), 0)
    if last < 2 or height - 1 - last < height * TAIL_SHARE:
        return False
    three = rows[last - 2 : last + 1, :, :3]
    filled = [np.flatnonzero(row.any(axis=1)) for row in three]
    if not all(map(len, filled)):
        return False
    starts, ends = [row[0] for row in filled], [row[-1] for row in filled]
    end = ends[2]  # this pixel may lack a channel
    missing = max(BREAK_SHARE * width, BREAK_LEAST)
    is_short = ends[1] - end >= missing and abs(ends[1] - ends[0]) < missing / 4
    if not is_short or np.ptp(starts) > 1 or end - starts[2] < BREAK_LEAST:
        return False
    # A slanted outline fades out here, where the row before is bright.
    brightness = three[:, end - BREAK_LEAST : end].mean(axis=(1, 2))
    return bool(brightness[2] >= brightness[1] / 2)


def upright(rows: Array, orientation: int) -> Array:
    """Return the picture turned as Exif's orientation, 1 to 8, says (Exif 2.32 §4.6.4, tag 0x0112)."""
    if orientation in (5, 6, 7, 8):
        rows = rows.transpose(1, 0, 2)
    across, down = orientation in (2, 3, 6, 7), orientation in (3, 4, 7, 8)
    return rows[:: -1 if down else 1, :: -1 if across else 1]


def squared(rows: Array, pixel_aspect: float) -> Array:
    """Return the picture with square pixels, enlarged in one direction by linear interpolation.

    `pixel_aspect`: a pixel's width divided by its height.
    """
    height, width = rows.shape[:2]
    if abs(pixel_aspect - 1) < 0.001 or not 0.01 < pixel_aspect < 100:
        return rows
    axis, before, count = (1, width, round(width * pixel_aspect))
    if pixel_aspect < 1:
        axis, before, count = (0, height, round(height / pixel_aspect))
    at = np.clip((np.arange(count) + 0.5) * before / count - 0.5, 0, before - 1)
    low = np.floor(at).astype(np.intp)
    share = (at - low).astype(np.float32).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    made = rows.take(low, axis) * (1 - share) + rows.take(np.minimum(low + 1, before - 1), axis) * share
    whole: Array = np.rint(made).astype(np.uint8)
    return whole


def shrunk(rows: Array, largest: int) -> Array:
    """Return the picture with no side above `largest` pixels. Each new pixel is the mean of the area it covers."""
    height, width = rows.shape[:2]
    if max(height, width) <= largest:
        return rows
    scale = largest / max(height, width)
    has_alpha = rows.shape[2] == 4
    made = _averaged(rows, max(1, round(width * scale)), has_alpha=has_alpha)
    made = _averaged(made.transpose(1, 0, 2), max(1, round(height * scale)), has_alpha=False).transpose(1, 0, 2)
    if has_alpha:
        made[..., :3] /= np.maximum(made[..., 3:], 1e-6)
        made[..., 3] *= 255
    whole: Array = np.rint(made.clip(0, 255)).astype(np.uint8)
    return whole


def _averaged(rows: Array, count: int, *, has_alpha: bool) -> Array:
    """Return the rows scaled down to `count` pixels each, float32; with alpha as 0 to 1, and colours times alpha."""
    before = rows.shape[1]
    edges = np.arange(count + 1) * (before / count)
    low = np.minimum(np.floor(edges).astype(np.intp), before - 1)
    share = (edges - low).reshape(1, -1, 1)
    made = np.empty((len(rows), count, rows.shape[2]), np.float32)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK].astype(np.float64)
        if has_alpha:
            block[..., 3] /= 255
            block[..., :3] *= block[..., 3:]
        sums = np.cumsum(block, axis=1) - block
        at = sums[:, low] + block[:, low] * share
        made[start : start + _BLOCK] = (at[:, 1:] - at[:, :-1]) * (count / before)
    return made


def bounds_of(mask: Array) -> tuple[int, int, int, int]:
    """Return where something in the mask is True: the first row and column, and the row and column after the last."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def square_of(image: Array, top: int, left: int, side: int) -> Array:
    """Return a square of the image, all zeros beyond the image's border."""
    square = np.zeros((side, side, image.shape[2]), image.dtype)
    begin_down, begin_across = max(0, top), max(0, left)
    part = image[begin_down : top + side, begin_across : left + side]
    down, across = begin_down - top, begin_across - left
    square[down : down + part.shape[0], across : across + part.shape[1]] = part
    return square


def resized(image: Array, height: int, width: int) -> Array:
    """Return the image (rows, columns, channels) in a new size.

    Each new pixel is the mean of the pixels it covers, or the pixel it lies in.
    """
    for axis, count in enumerate((height, width)):
        before = image.shape[axis]
        starts = np.arange(count) * before // count
        if count >= before:
            image = image.take(starts, axis)
            continue
        share = np.diff([*starts, before]).astype(np.float32)
        sums: Array = np.add.reduceat(image, starts, axis, dtype=np.float32)
        image = np.divide(sums, share.reshape((-1, 1, 1) if axis == 0 else (1, -1, 1)), out=sums)
    return image


def texels(image: Array, uvs: Array, *, repeats: bool = True) -> Array:
    """Return the image's pixels at these places: (..., channels).

    `image`: (height, width, channels), the bottom row first. `uvs`: (..., 2), from 0 to 1 within the image.
    `repeats`: the image goes on beyond its borders; otherwise its outermost pixels do.
    """
    size = np.array(image.shape[1::-1])
    within = uvs - np.floor(uvs) if repeats else np.clip(uvs, 0, 1)
    at = np.minimum((np.nan_to_num(within) * size).astype(np.int64), size - 1)
    found: Array = image[at[..., 1], at[..., 0]]
    return found


def encoded(linear: Array) -> Array:
    """Return linear light as sRGB (IEC 61966-2-1)."""
    bright = 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, linear * 12.92, bright)


def linear(shown_colours: Array) -> Array:
    """Return sRGB colours, 0 to 1, as linear light: the inverse of `encoded`."""
    bright = ((shown_colours + 0.055) / 1.055) ** 2.4
    return np.where(shown_colours <= 0.04045, shown_colours / 12.92, bright)


def as_bytes(image: Array) -> Array:
    """Return numbers from 0 to 1 as uint8."""
    whole: Array = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return whole
