"""What the model sees of a picture: the subject in a square, and what is to be said of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trellis_blender.core.picture.view import CHECKER_SHADES, LARGEST, SIDE, Concern, View, view_of

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def picture(height: int, width: int, alpha: float = 0.0) -> Any:
    """A black picture."""
    image = np.zeros((height, width, 4), np.uint8)
    image[..., 3] = round(alpha * 255)
    return image


def with_subject(height: int, width: int, rows: tuple[int, int], columns: tuple[int, int]) -> Any:
    """A clear picture with a red subject, whose upper half is green."""
    image = picture(height, width)
    image[rows[0] : rows[1], columns[0] : columns[1]] = (*RED, 255)
    image[rows[0] : sum(rows) // 2, columns[0] : columns[1]] = (*GREEN, 255)
    return image


def seen(view: View) -> Any:
    return np.frombuffer(view.pixels, np.uint8).reshape(SIDE, SIDE, 4)


def is_of(pixels: Any, colour: tuple[int, int, int]) -> Any:
    return (np.abs(pixels[..., :3].astype(int) - np.array(colour)) < 30).all(axis=-1)


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
    image[50:80, 50:80] = (*BLUE, 127)  # a shadow, below the 80 % that make a subject
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
    image[...] = (*RED, 255)
    view = view_of(image, (Concern.NO_ALPHA,))
    assert view.concerns == (Concern.NO_ALPHA,)
    assert is_of(seen(view), RED).mean() == pytest.approx(0.5, abs=0.01)
    assert is_of(seen(view)[128, 2], RED)


def test_a_large_picture_looks_as_a_small_one_does() -> None:
    small, large = (view_of(with_subject(n, n, (n // 4, n // 2), (n // 4, n // 2))) for n in (LARGEST, 3 * LARGEST + 1))
    difference = np.abs(seen(small).astype(int) - seen(large))
    assert difference.mean() < 2
    assert small.concerns == large.concerns == ()


@pytest.mark.parametrize("size", [(1, 1), (1, 6000), (300, 300)])
def test_any_size_has_a_view(size: tuple[int, int]) -> None:
    for alpha in (0, 0.7, 1):
        assert len(view_of(picture(*size, alpha=alpha)).pixels) == SIDE * SIDE * 4
