# SPDX-License-Identifier: GPL-3.0-or-later
"""What the model sees of a picture: its subject, cut out by its alpha, in a square.

As TRELLIS.2's own `preprocess_image` does it (microsoft/TRELLIS.2, trellis2/pipelines/trellis2_image_to_3d.py): alpha
is the mask unless all of it is full; else the background is removed. The picture is scaled to at most 1024 pixels;
the square around everything with more than 80 % alpha is cut out, as large as its longer side, and put on black.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the main thread takes a `View` in, and needs no numpy for that
    import numpy.typing as npt

    Array = npt.NDArray[Any]

# In pixels: the square that is shown, the longer side that TRELLIS.2 looks at, the one below which a picture is small,
# the subject's below which it is tiny, and the squares of the ground behind it.
SIDE, LARGEST, SMALLEST, TINY_SIDE, CHECKER = 256, 1024, 256, 128, 16
SOLID = 0.8
CHECKER_SHADES = (0.13, 0.17)


class Concern(StrEnum):
    """What may keep the model from coming out well."""

    NO_ALPHA = "no_alpha"
    EMPTY = "empty"
    TOUCHES_BORDER = "touches_border"
    TINY = "tiny"
    SMALL = "small"


@dataclass(frozen=True)
class View:
    """What the model sees: `SIDE` by `SIDE` RGBA bytes, bottom row first, and what is to be said of it."""

    pixels: bytes
    concerns: tuple[Concern, ...]


def view_of(image: Array) -> View:
    """The view of a picture: (height, width, 4) float32, bottom row first, straight alpha. It is overwritten."""
    import numpy as np

    from .pixels import as_bytes, resized

    has_alpha = bool((image[..., 3] < 254.5 / 255).any())
    image[..., :3] *= image[..., 3:]
    height, width = image.shape[:2]
    concerns = {Concern.SMALL} if max(height, width) < SMALLEST else set()
    scale = min(1.0, LARGEST / max(height, width))
    image = resized(image[::-1], max(1, int(height * scale)), max(1, int(width * scale)))
    solid = image[..., 3] > SOLID
    box = (0, 0, *image.shape[:2])
    if not has_alpha:
        concerns.add(Concern.NO_ALPHA)
    elif not solid.any():
        concerns.add(Concern.EMPTY)
    else:
        box, found = _subject(np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0)), image.shape[:2])
        concerns.update(found)
    square = resized(_cut(image, box), SIDE, SIDE)
    ground = np.add(*np.indices((SIDE, SIDE)) // CHECKER)
    shades = np.array(CHECKER_SHADES, np.float32)[ground % 2]
    square[..., :3] += shades[..., None] * (1 - square[..., 3:])
    square[..., 3] = 1
    return View(as_bytes(square[::-1]).tobytes(), tuple(concern for concern in Concern if concern in concerns))


def _subject(rows: Array, columns: Array, size: tuple[int, ...]) -> tuple[tuple[int, ...], Iterable[Concern]]:
    """The square around the rows and columns with something in them, and what is wrong with it."""
    low, high = (int(rows[0]), int(columns[0])), (int(rows[-1]), int(columns[-1]))
    side = max(high[0] - low[0], high[1] - low[1])
    concerns = []
    if 0 in low or high[0] == size[0] - 1 or high[1] == size[1] - 1:
        concerns.append(Concern.TOUCHES_BORDER)
    if side < TINY_SIDE and side < max(size) / 2:
        concerns.append(Concern.TINY)
    centre = [(first + last) / 2 for first, last in zip(low, high, strict=True)]
    top, left = (round(middle - side // 2) for middle in centre)
    bottom, right = (round(middle + side // 2) for middle in centre)
    return (top, left, max(bottom, top + 1), max(right, left + 1)), concerns


def _cut(image: Array, box: tuple[int, ...]) -> Array:
    """The part of the image in the box, in the middle of a square, with nothing where the image ends."""
    import numpy as np

    top, left, bottom, right = box
    side = max(bottom - top, right - left)
    top, left = top - (side - (bottom - top)) // 2, left - (side - (right - left)) // 2
    square = np.zeros((side, side, 4), np.float32)
    rows, columns = (
        (max(0, begin), min(end, begin + side)) for begin, end in zip((top, left), image.shape[:2], strict=True)
    )
    square[rows[0] - top : rows[1] - top, columns[0] - left : columns[1] - left] = image[slice(*rows), slice(*columns)]
    return square
