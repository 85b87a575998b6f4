# SPDX-License-Identifier: GPL-3.0-or-later
"""What Scenario really charged, month by month."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from .job import Job


@dataclass(frozen=True)
class Month:
    """How many jobs were charged in a month (1 to 12), and how many creative units for all of them."""

    year: int
    month: int
    count: int
    cost: float


def charged(job: Job) -> float:
    """How many creative units Scenario kept for the job, as far as it has told.

    A job is charged when it is accepted. One that ends at Scenario without a model is refunded, unless Scenario says
    otherwise: what it keeps then stands in `charged_in_vain`, and stays there when the job is tried again. A model that
    is here, on its way, or could not be downloaded yet is paid for, and so is one that was only brought in by its ID.
    """
    return job.charged_in_vain + (job.cost or 0.0 if job.holds_model else 0.0)


class Spending:
    """The sums of all jobs it was told of. A change costs the same however many jobs there are.

    A job belongs to the month in which it was begun by this computer's clock and local time; one that is removed from
    the list leaves the sums.
    """

    def __init__(self) -> None:
        self._jobs: dict[str, tuple[tuple[int, int], float]] = {}
        self._months: dict[tuple[int, int], dict[str, float]] = {}
        self._shown: tuple[Month, ...] | None = ()

    def take(self, job: Job) -> None:
        """The job is as it is now."""
        cost, known = charged(job), self._jobs.get(job.id)
        if cost == (known[1] if known is not None else 0.0):
            return
        self.forget(job.id)
        if cost:
            begun = time.localtime(job.created)
            when = (begun.tm_year, begun.tm_mon)
            self._jobs[job.id] = (when, cost)
            self._months.setdefault(when, {})[job.id] = cost
        self._shown = None

    def forget(self, job_id: str) -> None:
        """The job is gone."""
        if job_id in self._jobs:
            when, _ = self._jobs.pop(job_id)
            del self._months[when][job_id]
            if not self._months[when]:
                del self._months[when]
            self._shown = None

    @property
    def months(self) -> Sequence[Month]:
        """The months with anything charged, the newest first. Summed up after a change only."""
        if self._shown is None:
            self._shown = tuple(
                Month(*when, len(costs), sum(costs.values()))
                for when, costs in sorted(self._months.items(), reverse=True)
            )
        return self._shown
