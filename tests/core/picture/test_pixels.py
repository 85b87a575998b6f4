"""A picture that breaks off is told from one that just ends in black, by its pixels alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from trellis_blender.core.picture.pixels import breaks_off

SIZE = (400, 300)
Corners = list[tuple[int, int]]


def photo(size: tuple[int, int] = SIZE) -> Image.Image:
    """A picture that is full of colours to its borders."""
    return Image.fromarray(np.random.default_rng(1).integers(1, 256, (size[1], size[0], 3)).astype(np.uint8))


def rows_of(image: Image.Image) -> Any:
    return np.asarray(image.convert("RGBA")).copy()


@pytest.mark.parametrize("is_upward", [False, True], ids=["top first", "bottom first"])
@pytest.mark.parametrize("share", [0.21, 0.504, 0.75, 0.9])
@pytest.mark.parametrize("is_partly_transparent", [False, True])
def test_rows_that_are_zero_from_the_middle_of_one_on_break_off(
    share: float, *, is_upward: bool, is_partly_transparent: bool
) -> None:
    rows = rows_of(photo())
    if not is_partly_transparent:
        rows = rows[..., :3].copy()
    flat = rows.reshape(-1)
    flat[int((int(share * SIZE[1]) + 0.6) * SIZE[0]) * rows.shape[2] + 1 :] = 0
    if not is_partly_transparent:
        rows = np.dstack([rows, np.full(rows.shape[:2], 255, np.uint8)])
    assert breaks_off(rows[:: -1 if is_upward else 1])


@pytest.mark.parametrize(
    "corners",
    [
        [(100, 40), (300, 40), (300, 200), (100, 200)],  # a block with a level foot
        [(100, 40), (300, 40), (300, 200), (100, 201)],  # its foot slants by a pixel
        [(0, 40), (399, 40), (399, 200), (0, 202)],
        [(200, 40), (350, 150), (200, 260), (50, 150)],
        [(0, 0), (399, 0), (0, 240)],
    ],
)
@pytest.mark.parametrize("is_transparent", [False, True])
def test_a_subject_before_black_does_not_break_off(corners: Corners, *, is_transparent: bool) -> None:
    large = Image.new("RGBA", (SIZE[0] * 8, SIZE[1] * 8), (0, 0, 0, 0 if is_transparent else 255))
    outline = [(x * 8, y * 8) for x, y in corners]
    ImageDraw.Draw(large).polygon(outline, fill="orange")
    shown = rows_of(large.resize(SIZE, Image.Resampling.BOX))
    assert not breaks_off(shown)
    assert not breaks_off(shown[::-1])


def test_neither_a_picture_that_is_whole_nor_one_that_is_black_breaks_off() -> None:
    rows = rows_of(photo())
    assert not breaks_off(rows)
    rows[200:] = 0  # up to the end of a row: such a picture cannot be told from one with a black part
    assert not breaks_off(rows)
    assert not breaks_off(np.zeros((300, 400, 4), np.uint8))
    assert not breaks_off(rows_of(photo((2, 1))))
