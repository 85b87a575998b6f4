# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels as they are seen: uint8 (height, width, 4), the top row first, sRGB with straight alpha."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import PictureError, storage_error
from .file import ALL_CLEAR
from .view import LARGEST

if TYPE_CHECKING:
    from .pixels import Held

SIDE = LARGEST  # pixels, of the longer side
_BLEED = 4  # pixels that a smooth edge is wide at most


def reduced(seen: Any) -> Any:
    """The same with the longer side as Trellis looks at it, where it is twice that or more."""
    import numpy as np

    from .pixels import resized

    height, width = seen.shape[:2]
    if max(height, width) < 2 * SIDE:
        return seen
    scale = SIDE / max(height, width)
    whole = seen.astype(np.float32)
    whole[..., :3] *= whole[..., 3:]
    small = resized(whole, max(1, round(height * scale)), max(1, round(width * scale)))
    small[..., :3] /= np.maximum(small[..., 3:], 1 / 255)
    return np.rint(small.clip(0, 255)).astype(np.uint8)


def square(seen: Any) -> Any:
    """The same in the middle of a square, with nothing around it."""
    import numpy as np

    height, width = seen.shape[:2]
    side = max(height, width)
    whole = np.zeros((side, side, 4), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    whole[top : top + height, left : left + width] = seen
    return whole


def straight(seen: Any) -> Any:
    """What the viewport draws, with straight alpha.

    It draws colours times their alpha through the view transform, which no division undoes. So a smooth edge takes the
    colour that is solid beside it; what is further from anything solid is divided as if the transform were sRGB's.
    """
    import numpy as np

    from .pixels import as_bytes, encoded, linear

    alpha = seen[..., 3:].astype(np.float32) / 255
    colour = encoded(linear(seen[..., :3].astype(np.float32) / 255) / np.where(alpha > 0, alpha, 1))
    made = np.concatenate([as_bytes(colour), seen[..., 3:]], axis=2)
    known = seen[..., 3] == 255
    made[known] = seen[known]
    for _ in range(_BLEED):
        for rows, columns in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            beside = np.roll(known, (rows, columns), (0, 1)) & ~known & (seen[..., 3] > 0)
            made[beside, :3] = np.roll(made, (rows, columns), (0, 1))[beside, :3]
            known = known | beside
    return made


def write_seen(held: Held, target: Path) -> None:
    """Write what was taken out of Blender as the PNG that is sent; on any thread. Raises StorageError."""
    write(held.seen(), target)


def write_reduced(held: Held, target: Path) -> None:
    """The same, not much larger than Trellis looks at it. Raises StorageError."""
    write(reduced(held.seen()), target)


def write_square(held: Held, target: Path) -> None:
    """The same in the middle of a square. Raises StorageError."""
    write(square(held.seen()), target)


def write(seen: Any, target: Path) -> None:
    """Write pixels as a PNG. Raises PictureError where nothing is to be seen, and StorageError.

    Who asked for it leaves nothing of it behind.
    """
    from .pixels import png

    if not seen[..., 3].any():
        raise PictureError(ALL_CLEAR)
    try:
        target.write_bytes(png(seen[::-1]))
    except OSError as error:
        raise storage_error("save the picture", error) from error
