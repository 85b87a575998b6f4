# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of running jobs: how far each is, and how much time is left. A bar never goes back."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from .job import Job, Stage
from .time_left import Estimate, PastDurations, group_of
from .words import fraction


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
        group = self._groups.get(job.id)
        return None if group is None else self._experience.estimate(group)
