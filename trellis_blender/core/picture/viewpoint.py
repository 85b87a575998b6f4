# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a picture was taken from: the camera and what was selected. Plain data that is kept with the job."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from ..stored import restored
from ..text import one_line

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
        return asdict(self)

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
        found = restored(cls, data)
        numbers = (*found.matrix, *found.projection)
        if {len(found.matrix), len(found.projection)} != {NUMBERS} or any(abs(value) >= LARGEST for value in numbers):
            raise ValueError("a matrix is out of all bounds")
        return replace(found, selected=tuple(map(one_line, found.selected[:NAMES_MAXIMUM])))
