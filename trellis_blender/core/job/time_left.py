# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a generation takes, learnt from the artist's own: by preset, as a range and never as a second.

Nothing is said before three of a preset are known. The range is that of the middle half (the quartiles), so that one
that stood in a long queue does not make all others look long.
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
PASSED = 0.9  # of the bar at the usual end; what takes longer creeps on through the rest and never fills it
OVERDUE = 1.5  # times the range's upper end: so long it may still be "any moment now"
_MINUTES_FROM = 90.0
_STEP = 10


@dataclass(frozen=True)
class Estimate:
    """How many seconds Scenario usually takes: the middle one, and the range of the middle half."""

    low: float
    middle: float
    high: float

    def fraction(self, elapsed: float) -> float:
        """How far a generation is after so many seconds: grows with them from 0 on, and never reaches 1."""
        middle = max(self.middle, 1.0)
        if elapsed <= middle:
            return PASSED * max(0.0, elapsed) / middle
        return 1.0 - (1.0 - PASSED) * middle / elapsed

    def words(self, elapsed: float) -> str:
        """What is left after so many seconds, as somebody would say it. Clocks may have been set back meanwhile."""
        elapsed = max(0.0, elapsed)
        low, high = max(0.0, self.low - elapsed), self.high - elapsed
        if high <= 0:
            return "any moment now" if elapsed <= OVERDUE * self.high else "longer than usual"
        if high < _MINUTES_FROM:
            fewest, most = math.floor(low / _STEP) * _STEP, math.ceil(high / _STEP) * _STEP
            return _seconds(fewest, most)
        return _minutes(math.floor(low / 60), math.ceil(high / 60))


class PastDurations:
    """How long the artist's own generations took, the newest of each group."""

    def __init__(self) -> None:
        self._seconds: dict[Hashable, deque[float]] = {}
        self._estimates: dict[Hashable, Estimate] = {}

    def learn(self, group: Hashable, seconds: float) -> None:
        """One more of this group took so long; they are told oldest first."""
        from statistics import quantiles  # here, for it would lengthen every start of Blender

        known = self._seconds.setdefault(group, deque(maxlen=NEWEST))
        known.append(seconds)
        if len(known) >= ENOUGH:
            low, middle, high = quantiles(known, n=4, method="inclusive")
            self._estimates[group] = Estimate(low, middle, high)

    def estimate(self, group: Hashable) -> Estimate | None:
        """How long one of this group takes, None while too little is known."""
        return self._estimates.get(group)


def group_of(parameters: Mapping[str, Value]) -> Hashable:
    """What these parameters are compared with: those of the same preset, or with the very same values but the seed."""
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
