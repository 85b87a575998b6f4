"""What the model sees of a picture: the subject in a square, and what is to be said of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trellis_blender.core.picture.view import CHECKER_SHADES, LARGEST, SIDE, Concern, View, view_of

RED, GREEN, BLUE = (1, 0, 0), (0, 1, 0), (0, 0, 1)


def picture(height: int, width: int, alpha: float = 0.0) -> Any:
    """A black picture, bottom row first."""
    image = np.zeros((height, width, 4), np.float32)
    image[..., 3] = alpha
    return image


def with_subject(height: int, width: int, rows: tuple[int, int], columns: tuple[int, int]) -> Any:
    """A clear picture with a red subject, whose upper half is green."""
    image = picture(height, width)
    image[rows[0] : rows[1], columns[0] : columns[1]] = (*RED, 1)
    image[sum(rows) // 2 : rows[1], columns[0] : columns[1]] = (*GREEN, 1)
    return image


def seen(view: View) -> Any:
    return np.frombuffer(view.pixels, np.uint8).reshape(SIDE, SIDE, 4)


def is_of(pixels: Any, colour: tuple[int, int, int]) -> Any:
    return (np.abs(pixels[..., :3].astype(int) - np.array(colour) * 255) < 30).all(axis=-1)


def test_the_subject_fills_the_square_the_right_way_up() -> None:
    view = view_of(with_subject(600, 800, (200, 400), (300, 500)))
    assert view.concerns == ()
    assert is_of(seen(view)[10, 128], RED)
    assert is_of(seen(view)[-10, 128], GREEN)
    assert (is_of(seen(view), RED) | is_of(seen(view), GREEN)).mean() > 0.97


def test_a_long_subject_stands_in_the_middle_of_the_square() -> None:
    pixels = seen(view_of(with_subject(800, 800, (150, 650), (300, 425))))
    columns = np.flatnonzero(is_of(pixels, RED).any(axis=0))
    assert abs(columns.mean() - (SIDE - 1) / 2) < 2
    assert len(columns) == pytest.approx(SIDE / 4, abs=3)


def test_what_lies_around_the_subject_in_the_picture_is_left_out() -> None:
    image = with_subject(1000, 1000, (400, 700), (400, 700))
    image[50:80, 50:80] = (*BLUE, 0.5)  # a shadow, below the 80 % that make a subject
    assert not is_of(seen(view_of(image)), BLUE).any()


def test_transparency_is_shown_on_a_dark_checker_and_never_lets_hidden_colours_through() -> None:
    image = with_subject(512, 512, (100, 400), (200, 300))
    image[image[..., 3] == 0, :3] = BLUE
    pixels = seen(view_of(image))
    shades = {round(shade * 255) for shade in CHECKER_SHADES}
    assert set(pixels[:, 0, :3].ravel().tolist()) == shades
    assert (pixels[..., 3] == 255).all()


def test_a_picture_without_transparency_is_shown_whole() -> None:
    image = picture(300, 600, alpha=1.0)
    image[...] = (*RED, 1)
    view = view_of(image)
    assert view.concerns == (Concern.NO_ALPHA,)
    assert is_of(seen(view), RED).mean() == pytest.approx(0.5, abs=0.01)
    assert is_of(seen(view)[128, 2], RED)


def test_a_large_picture_looks_as_a_small_one_does() -> None:
    small, large = (view_of(with_subject(n, n, (n // 4, n // 2), (n // 4, n // 2))) for n in (LARGEST, 3 * LARGEST + 1))
    difference = np.abs(seen(small).astype(int) - seen(large))
    assert difference.mean() < 2
    assert small.concerns == large.concerns == ()


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (with_subject(600, 600, (0, 300), (200, 400)), {Concern.TOUCHES_BORDER}),
        (with_subject(600, 600, (300, 600), (200, 400)), {Concern.TOUCHES_BORDER}),
        (with_subject(600, 600, (200, 400), (0, 300)), {Concern.TOUCHES_BORDER}),
        (with_subject(600, 600, (200, 400), (300, 600)), {Concern.TOUCHES_BORDER}),
        (with_subject(600, 600, (1, 599), (1, 599)), set()),
        (with_subject(600, 600, (280, 300), (280, 300)), {Concern.TINY}),
        (with_subject(4000, 4000, (2000, 2400), (2000, 2400)), {Concern.TINY}),
        (with_subject(600, 600, (280, 281), (280, 281)), {Concern.TINY}),
        (with_subject(200, 255, (20, 180), (20, 180)), {Concern.SMALL}),
        (with_subject(200, 256, (20, 180), (20, 180)), set()),
        (with_subject(200, 200, (90, 110), (90, 110)), {Concern.SMALL, Concern.TINY}),
        (picture(300, 300), {Concern.EMPTY}),
        (picture(300, 300, alpha=0.7), {Concern.EMPTY}),
        (picture(1, 1, alpha=1.0), {Concern.NO_ALPHA, Concern.SMALL}),
        (picture(1, 6000), {Concern.EMPTY}),
    ],
)
def test_what_may_go_wrong_is_said(image: Any, expected: set[Concern]) -> None:
    view = view_of(image.copy())
    assert set(view.concerns) == expected
    assert len(view.pixels) == SIDE * SIDE * 4
