# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a picture was taken from: the camera and what was selected. Plain data that is kept with the job."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..text import number, one_line

NUMBERS = 16  # of a matrix, row by row
NAMES_MAXIMUM = 100
LARGEST = 1e12


@dataclass(frozen=True)
class Viewpoint:
    """A camera as Blender had it when the picture was taken.

    `matrix`: from the camera's axes to the world's, without scale. `projection`: from the camera's axes to the frame
    of the picture, from -1 to 1, with lens, sensor, shift, proportions and the region that was rendered. Both are rows
    of a 4 by 4 matrix, in scene units. `is_perspective`: what is far away looks small. `selected`: the names of the
    objects that were selected.
    """

    matrix: tuple[float, ...]
    projection: tuple[float, ...]
    is_perspective: bool
    selected: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what is written to disk."""
        return {
            "matrix": list(self.matrix),
            "projection": list(self.projection),
            "is_perspective": self.is_perspective,
            "selected": list(self.selected),
        }

    def of_part(self, crop: tuple[int, ...]) -> Viewpoint:
        """Return the viewpoint of a picture that was cut out of this one's.

        `crop`: left, top, right, bottom, in pixels, then the width and height of the whole; empty if nothing was cut.
        """
        if not crop:
            return self
        left, top, right, bottom, width, height = crop
        first, second, third, last = (self.projection[start : start + 4] for start in range(0, NUMBERS, 4))

        def zoomed(row: tuple[float, ...], low: float, high: float) -> list[float]:
            factor = 1 / (high - low)
            return [factor * (own - (low + high - 1) * depth) for own, depth in zip(row, last, strict=True)]

        across, up = zoomed(first, left / width, right / width), zoomed(second, 1 - bottom / height, 1 - top / height)
        return replace(self, projection=(*across, *up, *third, *last))

    @classmethod
    def from_json(cls, data: Any) -> Viewpoint:
        """Return the viewpoint that `as_json` wrote. Raises KeyError, TypeError or ValueError if it does not fit."""
        matrix, projection = (_numbers(data[name]) for name in ("matrix", "projection"))
        selected, is_perspective = data["selected"], data["is_perspective"]
        if type(is_perspective) is not bool or not isinstance(selected, list):
            raise TypeError("a viewpoint has other kinds of facts")
        if not all(isinstance(name, str) for name in selected):
            raise TypeError("a name is no text")
        return cls(matrix, projection, is_perspective, tuple(map(one_line, selected[:NAMES_MAXIMUM])))


def _numbers(values: Any) -> tuple[float, ...]:
    if not isinstance(values, list) or len(values) != NUMBERS:
        raise TypeError("a matrix has 16 numbers")
    found = [number(value) for value in values]
    if any(value is None or abs(value) >= LARGEST for value in found):
        raise ValueError("a matrix is out of all bounds")
    return tuple(value for value in found if value is not None)
