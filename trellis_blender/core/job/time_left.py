# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a generation takes, learnt from the artist's own: by preset, and as a range, never to the second.

There is no estimate before three generations of a preset are known. The range covers the middle half (the quartiles),
so that one generation that sat in a long queue does not distort it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from ..request.parameters import Value
from ..request.presets import name_of

NEWEST = 20
ENOUGH = 3
PASSED = 0.9  # of the bar at the usual end; after that the bar creeps on and never fills
OVERDUE = 1.5  # times the range's upper end: until then we say "any moment now"
_MINUTES_FROM = 90.0
_STEP = 10


@dataclass(frozen=True)
class Estimate:
    """How many seconds Scenario usually takes: the median, and the range of the middle half."""

    low: float
    middle: float
    high: float

    def fraction(self, elapsed: float) -> float:
        """Return how far a generation is after so many seconds. It grows from 0 and never reaches 1."""
        middle = max(self.middle, 1.0)
        if elapsed <= middle:
            return PASSED * max(0.0, elapsed) / middle
        return 1.0 - (1.0 - PASSED) * middle / elapsed

    def words(self, elapsed: float) -> str:
        """Return the time left after `elapsed` seconds, in everyday words.

        `elapsed` is negative after a clock was set back.
        """
        elapsed = max(0.0, elapsed)
        low, high = max(0.0, self.low - elapsed), self.high - elapsed
        if high <= 0:
            return "any moment now" if elapsed <= OVERDUE * self.high else "longer than usual"
        if high < _MINUTES_FROM:
            fewest, most = math.floor(low / _STEP) * _STEP, math.ceil(high / _STEP) * _STEP
            return _seconds(fewest, most)
        return _minutes(math.floor(low / 60), math.ceil(high / 60))


class PastDurations:
    """The durations of the artist's own generations, the newest of each group."""

    def __init__(self) -> None:
        self._seconds: dict[Hashable, deque[float]] = {}
        self._estimates: dict[Hashable, Estimate] = {}

    def learn(self, group: Hashable, seconds: float) -> None:
        """Record the duration of one more generation of this group. Call it oldest first."""
        from statistics import quantiles  # here, because it would slow down every start of Blender

        known = self._seconds.setdefault(group, deque(maxlen=NEWEST))
        known.append(seconds)
        if len(known) >= ENOUGH:
            low, middle, high = quantiles(known, n=4, method="inclusive")
            self._estimates[group] = Estimate(low, middle, high)

    def estimate(self, group: Hashable) -> Estimate | None:
        """Return how long one of this group takes; None while too few are known."""
        return self._estimates.get(group)


def group_of(parameters: Mapping[str, Value]) -> Hashable:
    """Return the group these parameters belong to: their preset, or else all their values but the seed."""
    own = (item for item in parameters.items() if item[0] != "seed")
    return name_of(parameters) or tuple(sorted(own))


def _seconds(fewest: int, most: int) -> str:
    if most <= _STEP:
        return "a few seconds left"
    if fewest == 0:
        return f"under {most} s left"
    return f"about {most} s left" if fewest == most else f"{fewest}–{most} s left"


def _minutes(fewest: int, most: int) -> str:
    if fewest == 0:
        return f"under {most} min left"
    return f"about {most} min left" if fewest == most else f"{fewest}–{most} min left"
