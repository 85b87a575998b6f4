# SPDX-License-Identifier: GPL-3.0-or-later
"""What the model sees of a picture: the subject, cut out by its alpha, in a square.

This repeats TRELLIS.2's own `preprocess_image` (microsoft/TRELLIS.2, trellis2/pipelines/trellis2_image_to_3d.py). Alpha
is the mask unless the picture is fully opaque; then the background is removed. The picture is scaled to at most 1024
pixels. The square around everything above 80 % alpha, as large as its longer side, is cut out and put on black.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the main thread handles `View`s and needs no numpy for that
    import numpy.typing as npt

    Array = npt.NDArray[Any]

# In pixels: the side of the view, the longest side TRELLIS.2 uses, and the squares of the checkerboard behind.
SIDE, LARGEST, CHECKER = 256, 1024, 16
SOLID = 0.8
CHECKER_SHADES = (0.13, 0.17)


class Concern(StrEnum):
    """A reason why the model may not come out well."""

    NO_ALPHA = "no_alpha"
    TOUCHES_BORDER = "touches_border"
    TINY = "tiny"
    SMALL = "small"


@dataclass(frozen=True)
class View:
    """What the model sees: a square of RGBA bytes, bottom row first, and our concerns about the picture.

    The square's side is `SIDE` unless another was asked for.
    """

    pixels: bytes
    concerns: tuple[Concern, ...]


def view_of(rows: Array, concerns: tuple[Concern, ...] = (), *, side: int = SIDE) -> View:
    """Return the view of a picture to send: uint8 (height, width, 3 or 4), top row first, straight alpha.

    `side`: of the view, in pixels.
    """
    import numpy as np

    from .pixels import as_bytes, bounds_of, resized, square_of

    height, width = rows.shape[:2]
    image = np.ones((height, width, 4), np.float32)
    image[..., : rows.shape[2]] = rows / np.float32(255)
    has_alpha = bool((image[..., 3] < 1).any())
    image[..., :3] *= image[..., 3:]
    scale = min(1.0, LARGEST / max(height, width))
    image = resized(image, max(1, int(height * scale)), max(1, int(width * scale)))
    solid = image[..., 3] > SOLID
    top, left, bottom, right = _subject(*bounds_of(solid)) if has_alpha and solid.any() else (0, 0, *solid.shape)
    whole = max(bottom - top, right - left)
    square = square_of(image, top - (whole - (bottom - top)) // 2, left - (whole - (right - left)) // 2, whole)
    square = resized(square, side, side)
    ground = np.add(*np.indices((side, side)) * SIDE // (side * CHECKER))
    shades = np.array(CHECKER_SHADES, np.float32)[ground % 2]
    square[..., :3] += shades[..., None] * (1 - square[..., 3:])
    square[..., 3] = 1
    return View(as_bytes(square[::-1]).tobytes(), concerns)


def _subject(top: int, left: int, bottom: int, right: int) -> tuple[int, int, int, int]:
    """Return the square around what lies within these rows and columns, as TRELLIS.2 rounds it."""
    half = (max(bottom - top, right - left) - 1) // 2
    middles = (top + bottom - 1) / 2, (left + right - 1) / 2
    top, left = (round(middle - half) for middle in middles)
    bottom, right = (round(middle + half) for middle in middles)
    return top, left, max(bottom, top + 1), max(right, left + 1)
