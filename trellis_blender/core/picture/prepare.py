# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare every picture alike, whatever its source: upright, square pixels, 8-bit RGB or RGBA, cropped, not too large.

TRELLIS.2 scales a picture to 1024 pixels first and crops it to the subject afterwards (microsoft/TRELLIS.2,
trellis2/pipelines/trellis2_image_to_3d.py, `preprocess_image`), so a small subject loses its pixels. We crop first, by
the same rule: the square around everything with more than 80 % alpha. We keep a margin around it, so that some
transparency is left to mark the subject.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import PictureError, Remedy, Text
from .encode import JPEG_ABOVE, png
from .file import ALL_CLEAR, Crop, PreparedPicture
from .pixels import shrunk, squared, upright
from .view import Concern, view_of

Array = npt.NDArray[Any]
SOLID = 204  # of 255: TRELLIS.2 keeps everything above 80 %
SUBJECT_SIDE, WHOLE_SIDE = 1024, 2048  # the longer side we send, in pixels: with alpha, and without
SUBJECT_MINIMUM = 32  # pixels: the subject's longer side, if alpha marks the subject
MARGIN_SHARE, MARGIN_MINIMUM = 1 / 20, 4  # a share of the subject's longer side; pixels
# The longer side in pixels, at most: of a small picture; of a tiny subject, unless it is half the picture.
SMALL, TINY = 256, 128
GLASS = (
    "No part of it is above 80 % opaque, so the model would see nothing."
    " Send it without its transparency, or choose another picture."
)
TOO_SMALL = (
    "The subject is only {size} pixels large: there is nothing to see in it. Choose a larger picture, or move closer."
)
# Turns a PNG's bytes into a JPEG's. Returns these and the pixels they show, uint8 (height, width, 3).
Packer = Callable[[bytes], tuple[bytes, Array]]


@dataclass(frozen=True)
class PreparedPixels:
    """The pixels to send: `rows` are uint8 (height, width, 3 or 4), top row first."""

    rows: Array
    crop: Crop
    concerns: tuple[Concern, ...]


def prepared(
    rows: Array, *, orientation: int = 1, pixel_aspect: float = 1.0, ignores_alpha: bool = False
) -> PreparedPixels:
    """Return the pixels to send for a picture as stored: uint8 (height, width, 4), top row first, sRGB, straight alpha.

    Raises PictureError if the model could not use them.
    """
    rows = upright(squared(rows, pixel_aspect), orientation)
    height, width = rows.shape[:2]
    concerns = {Concern.SMALL} if max(height, width) < SMALL else set()
    if ignores_alpha or (rows[..., 3] == 255).all():
        concerns.add(Concern.NO_ALPHA)
        return PreparedPixels(
            shrunk(rows[..., :3], WHOLE_SIDE), (0, 0, width, height, width, height), _in_order(concerns)
        )
    solid = rows[..., 3] > SOLID
    if not solid.any():
        raise PictureError(GLASS, remedy=Remedy.OPAQUE) if rows[..., 3].any() else PictureError(ALL_CLEAR)
    down, across = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    low, high = (int(down[0]), int(across[0])), (int(down[-1]) + 1, int(across[-1]) + 1)
    side = max(high[0] - low[0], high[1] - low[1])
    if side < SUBJECT_MINIMUM:
        raise PictureError(Text(TOO_SMALL, size=side))
    if 0 in low or high[0] == height or high[1] == width:
        concerns.add(Concern.TOUCHES_BORDER)
    if side <= TINY and side <= max(height, width) / 2:
        concerns.add(Concern.TINY)
    whole = side + 2 * max(MARGIN_MINIMUM, math.ceil(side * MARGIN_SHARE))
    # Cut at even positions, so that TRELLIS.2 rounds as it would in the whole picture.
    top, left = (math.floor((first + last - whole) / 4) * 2 for first, last in zip(low, high, strict=True))
    cut = _cut(rows, top, left, whole)
    return PreparedPixels(
        shrunk(cut, SUBJECT_SIDE), (left, top, left + whole, top + whole, width, height), _in_order(concerns)
    )


def packed(cut: PreparedPixels, pack_jpeg: Packer | None) -> PreparedPicture:
    """Return the picture as a file: a PNG, or a JPEG from `pack_jpeg` if the picture is opaque and its PNG too large.

    With `pack_jpeg` None, it stays a PNG. The view is computed from the pixels that the file's bytes show.
    """
    data, kind, shown = png(cut.rows), "png", cut.rows
    if shown.shape[2] == 3 and len(data) > JPEG_ABOVE and pack_jpeg is not None:
        data, shown = pack_jpeg(data)
        kind = "jpeg"
    return PreparedPicture(data, kind, cut.crop, view_of(shown, cut.concerns))


def _cut(rows: Array, top: int, left: int, side: int) -> Array:
    """Return a square of the picture, transparent beyond the picture's edge. Invisible pixels lose their colour."""
    square = np.zeros((side, side, 4), np.uint8)
    begin_down, begin_across = max(0, top), max(0, left)
    part = rows[begin_down : top + side, begin_across : left + side]
    at_down, at_across = begin_down - top, begin_across - left
    square[at_down : at_down + part.shape[0], at_across : at_across + part.shape[1]] = part
    square[square[..., 3] == 0] = 0
    return square


def _in_order(concerns: set[Concern]) -> tuple[Concern, ...]:
    return tuple(concern for concern in Concern if concern in concerns)
