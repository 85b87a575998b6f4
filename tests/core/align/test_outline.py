"""The subject of a picture: by its alpha, else by its own edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trellis_blender.core.align.view import subject_of

SIDE = 120


def picture(subject: Any, *, contrast: float = 0.3) -> Any:
    """An opaque picture of a patterned subject before a background that grows brighter: (SIDE, SIDE, 4) uint8."""
    row, column = np.mgrid[:SIDE, :SIDE] / SIDE
    behind = 0.2 + 0.2 * row + 0.1 * column
    shown = np.where(subject, behind + contrast * (1 + 0.3 * np.sin(40 * row)), behind)
    pixels = np.full((SIDE, SIDE, 4), 255, np.uint8)
    pixels[..., :3] = (shown * 255).astype(np.uint8)[..., None]
    return pixels


def corner(turns: int) -> Any:
    """A corner of two bars, open to two sides, as a chair is under its seat; turned by quarters."""
    subject = np.zeros((SIDE, SIDE), bool)
    subject[30:40, 30:90] = subject[30:90, 30:40] = True
    return np.rot90(subject, turns)


@pytest.mark.parametrize("turns", range(4))
def test_what_can_be_reached_from_any_side_of_the_border_is_background(turns: int) -> None:
    wanted = corner(turns)
    found = subject_of(picture(wanted))
    assert found is not None
    assert (found & wanted).sum() / (found | wanted).sum() > 0.95


def test_alpha_is_believed_whatever_the_colours_are() -> None:
    pixels = picture(corner(0))
    pixels[..., 3] = 0
    assert subject_of(pixels) is None
    pixels[50:70, 50:70, 3] = 255
    found = subject_of(pixels)
    assert found is not None
    assert (found == (pixels[..., 3] > 0)).all()


@pytest.mark.parametrize(("subject", "contrast"), [(corner(0), 0.02), (np.zeros((SIDE, SIDE), bool), 0.3)])
def test_what_does_not_stand_off_is_no_subject(subject: Any, contrast: float) -> None:
    assert subject_of(picture(subject, contrast=contrast)) is None


def test_a_faint_part_of_the_subject_belongs_to_it() -> None:
    strong, faint = corner(0), np.zeros((SIDE, SIDE), bool)
    faint[60:90, 60:90] = True
    pixels = np.maximum(picture(strong, contrast=0.4), picture(faint, contrast=0.2))
    found = subject_of(pixels)
    assert found is not None
    assert found[faint].mean() > 0.9
