# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of running jobs: how far each is, and how much time is left. A bar never goes back.

How long a generation takes is learnt from the artist's own: by preset, and said as a range or not at all. The range
covers the middle half (the quartiles), so that one generation that sat in a long queue does not distort it. It is wider
the fewer are known: from one alone, half its time to twice its time. The last seconds are never counted down: nobody
can tell them, and a bar that says “a few seconds” and goes on for a minute is believed no more.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

from ..errors import Text
from ..request.parameters import Value
from ..request.presets import name_of
from .job import Job, Stage
from .words import fraction

NEWEST = 20
PASSED = 0.9  # of the bar at the usual end; after that the bar creeps on and never fills
_MINUTES_FROM = 120.0
_STEP = 10
_WIDEST = 5  # times the lower end: a wider range says nothing


@dataclass(frozen=True)
class Estimate:
    """How many seconds Scenario usually takes: the median, and the range to tell the artist."""

    low: float
    middle: float
    high: float

    def fraction(self, elapsed: float) -> float:
        """Return how far a generation is after so many seconds. It grows from 0 and never reaches 1."""
        middle = max(self.middle, 1.0)
        if elapsed <= middle:
            return PASSED * max(0.0, elapsed) / middle
        return 1.0 - (1.0 - PASSED) * middle / elapsed

    def words(self, elapsed: float, told: float = 0.0) -> str:
        """Return the time left after `elapsed` seconds as a range; empty if it may end at any moment.

        `told`: the server's progress, 0 to 1, 0 while it tells none. The range goes on to where that pace ends, since a
        job that is slower than all before it is not almost done. `elapsed` is negative after a clock was set back.
        """
        elapsed = max(0.0, elapsed)
        pace = elapsed / told if told > 0 else 0.0
        low, high = self.low - elapsed, max(self.high, pace) - elapsed
        if low < _STEP or high > _WIDEST * low:
            return ""
        unit = _STEP if high < _MINUTES_FROM else 60
        fewest = math.floor(low / unit)
        most = max(math.ceil(high / unit), fewest + 1)
        if unit == _STEP:
            return Text("{fewest}–{most} s left", fewest=fewest * _STEP, most=most * _STEP)
        return Text("{fewest}–{most} min left" if fewest else "under {most} min left", fewest=fewest, most=most)


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
        low, middle, high = quantiles((*known, *known) if len(known) == 1 else known, n=4, method="inclusive")
        doubt = 1.0 + 1.0 / len(known)
        self._estimates[group] = Estimate(low / doubt, middle, high * doubt)

    def estimate(self, group: Hashable) -> Estimate | None:
        """Return how long one of this group takes; None while none is known."""
        return self._estimates.get(group)


def group_of(parameters: Mapping[str, Value]) -> Hashable:
    """Return the group these parameters belong to: their preset, or else all their values but the seed."""
    own = (item for item in parameters.items() if item[0] != "seed")
    return name_of(parameters) or tuple(sorted(own))


class Progress:
    """The progress of all running jobs. It learns from jobs that ended, to estimate the others. Main thread only."""

    def __init__(self) -> None:
        self._experience = PastDurations()
        self._learnt: set[str] = set()  # Scenario's ids, so that a job counts once however often it is reported
        self._groups: dict[str, Hashable] = {}
        self._held: dict[str, float] = {}

    def learn(self, job: Job) -> None:
        """Learn from a job. One that was only imported by its ID teaches nothing: its parameters are unknown."""
        if job.generation_seconds is None or not job.picture or job.remote_id in self._learnt:
            return
        self._learnt.add(job.remote_id)
        self._experience.learn((job.model, group_of(job.parameters)), job.generation_seconds)

    def step(self, jobs: Iterable[Job], now: float) -> bool:
        """Update the running jobs. Return whether an estimate moves any of their bars. `now`: seconds since 1970."""
        held, is_estimated = {}, False
        for job in jobs:
            if job.stage is not Stage.RUNNING:
                continue
            reached = job.progress
            if job.id not in self._groups and job.picture:
                self._groups[job.id] = (job.model, group_of(job.parameters))
            estimate = self._estimate(job)
            if not reached and estimate is not None and job.accepted is not None:
                reached, is_estimated = estimate.fraction(now - job.accepted), True
            held[job.id] = max(reached, self._held.get(job.id, 0.0))
        self._held = held
        self._groups = {job_id: group for job_id, group in self._groups.items() if job_id in held}
        return is_estimated

    def generated(self, job: Job) -> float:
        """Return how far the generation is, 0 to 1: the server's number, or an estimate while the server gives none."""
        return max(job.progress, self._held.get(job.id, 0.0))

    def fraction(self, job: Job) -> float:
        """Return how far the whole job is, 0 to 1, for its bar."""
        return fraction(job, self.generated(job))

    def left(self, job: Job, now: float) -> str:
        """Return the time left for the generation as a range, in a few words; empty while it is unknown."""
        if job.stage is not Stage.RUNNING or job.accepted is None or job.asks_to_stop:
            return ""
        estimate = self._estimate(job)
        return "" if estimate is None else estimate.words(now - job.accepted, job.progress)

    def _estimate(self, job: Job) -> Estimate | None:
        """Return how long the job takes. Only looks it up, because drawing calls this."""
        return self._experience.estimate(self._groups.get(job.id))
