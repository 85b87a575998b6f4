# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be said of jobs that run: how far each is and what is left, held so that no bar ever goes back."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from .job import Job, Stage
from .time_left import Estimate, PastDurations, group_of
from .words import fraction


class Progress:
    """Learns from the jobs that are told, and looks ahead for those that run. Only the main thread touches it."""

    def __init__(self) -> None:
        self._experience = PastDurations()
        self._learnt: set[str] = set()  # Scenario's ids, so that a job that is told again counts once
        self._groups: dict[str, Hashable] = {}
        self._held: dict[str, float] = {}

    def take(self, job: Job) -> None:
        """A job was told. One that was only brought in by its ID teaches nothing: its parameters are not known."""
        if job.generation_seconds is None or not job.picture or job.remote_id in self._learnt:
            return
        self._learnt.add(job.remote_id)
        self._experience.learn((job.model, group_of(job.parameters)), job.generation_seconds)

    def step(self, jobs: Iterable[Job], now: float) -> bool:
        """Look at the jobs that run; whether an estimate moves any of their bars. `now`: seconds since 1970."""
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
        """How far its generation is, 0 to 1: as the server says, and as estimated while it says nothing."""
        return max(job.progress, self._held.get(job.id, 0.0))

    def fraction(self, job: Job) -> float:
        """How far the whole job is, 0 to 1: for its bar."""
        return fraction(job, self.generated(job))

    def left(self, job: Job, now: float) -> str:
        """What is left of its generation in a word or two, empty while that is not known."""
        if job.stage is not Stage.RUNNING or job.accepted is None or job.asks_to_stop:
            return ""
        estimate = self._estimate(job)
        return "" if estimate is None else estimate.words(now - job.accepted)

    def _estimate(self, job: Job) -> Estimate | None:
        """How long it takes; looked up and never worked out here, for drawing asks too."""
        group = self._groups.get(job.id)
        return None if group is None else self._experience.estimate(group)
