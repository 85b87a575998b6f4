# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of the screen, for the README and for whoever wants to look."""

from __future__ import annotations

import os
from pathlib import Path

from PIL import Image

import screens

MOST_BYTES, MOST_MOVING_BYTES = 200_000, 2_000_000  # what a README can bear
GAP = 12  # pixels between two pictures
BACKGROUND = (48, 48, 48)


class Shots:
    """Keeps pictures, moving ones as WebP and others as PNG, in a folder: that of `scripts/test.py --gui --shots`.

    Without one it keeps them nowhere.
    """

    def __init__(self) -> None:
        named = os.environ.get(screens.SHOTS_VARIABLE)
        self.folder = Path(named) if named else None

    def keep(self, name: str, *pictures: Image.Image) -> None:
        """Keep pictures side by side as one. Raises AssertionError where they show nothing, or are too large."""
        whole = side_by_side(pictures)
        assert len(whole.getcolors(1 << 24) or ()) > 16, f"{name} shows nothing"
        if self.folder is None:
            return
        path = self.folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        whole.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
        assert path.stat().st_size < MOST_BYTES, f"{path.name} has {path.stat().st_size} bytes"

    def keep_moving(self, name: str, frames: list[tuple[Image.Image, int]]) -> None:
        """Keep pictures, each with its milliseconds, as one that moves. Raises AssertionError where it is too large."""
        pictures, times = zip(*frames, strict=True)
        assert len({picture.tobytes() for picture in pictures}) > len(pictures) // 2, f"{name} stands still"
        if self.folder is None:
            return
        path = self.folder / f"{name}.webp"
        path.parent.mkdir(parents=True, exist_ok=True)
        first, *others = pictures
        first.save(path, save_all=True, append_images=others, duration=list(times), loop=0, quality=80, method=6)
        assert path.stat().st_size < MOST_MOVING_BYTES, f"{path.name} has {path.stat().st_size} bytes"


def side_by_side(pictures: tuple[Image.Image, ...]) -> Image.Image:
    """The pictures in one row, on Blender's grey."""
    width = sum(picture.width for picture in pictures) + GAP * (len(pictures) - 1)
    whole = Image.new("RGB", (width, max(picture.height for picture in pictures)), BACKGROUND)
    left = 0
    for picture in pictures:
        whole.paste(picture, (left, 0))
        left += picture.width + GAP
    return whole
