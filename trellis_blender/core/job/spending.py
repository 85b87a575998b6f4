# SPDX-License-Identifier: GPL-3.0-or-later
"""What Scenario really charged, month by month. What removed jobs cost is kept in a file beside the jobs' folder."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import write_whole
from .job import Job

REMOVED_FILE = "removed jobs.json"
# When jobs were created, in seconds since 1970, the creative units that were charged for them, and their ids at
# Scenario, by their ids.
Costs = Mapping[str, tuple[float, float, str]]


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


def keep(root: Path, job: Job) -> None:
    """Write down what the job cost before it is removed. `root` is the folder of the jobs. Raises OSError."""
    cost, known = charged(job), _read(root)
    if cost and job.remote_id not in {entry[2] for entry in known.values()} - {""}:
        text = json.dumps({**known, job.id: (job.created, cost, job.remote_id)}, indent=1)
        write_whole(root.parent / REMOVED_FILE, text.encode())


def removed(root: Path) -> Costs:
    """What the jobs cost that were removed. A file that cannot be read, or is not ours, counts for nothing."""
    try:
        return _read(root)
    except OSError:
        return {}


def _read(root: Path) -> Costs:
    try:
        data = json.loads((root.parent / REMOVED_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        return {}
    known = data.items() if isinstance(data, dict) else ()
    return {job_id: (float(entry[0]), float(entry[1]), entry[2]) for job_id, entry in known if _is_cost(entry)}


def _is_cost(entry: Any) -> bool:
    if not (isinstance(entry, list) and len(entry) == 3 and isinstance(entry[2], str)):
        return False
    try:
        time.localtime(entry[0])
        return all(type(number) in (int, float) and math.isfinite(number) for number in entry[:2])
    except (OverflowError, OSError, TypeError, ValueError):
        return False


class Spending:
    """The sums of all jobs it was told of. A change costs the same however many jobs there are.

    A job belongs to the month in which it was begun by this computer's clock and local time. One that is removed from
    the list has been charged all the same, and is not charged again where it is brought back by its ID.
    """

    def __init__(self) -> None:
        self._jobs: dict[str, tuple[tuple[int, int], float]] = {}
        self._months: dict[tuple[int, int], dict[str, float]] = {}
        self._owners: dict[str, str] = {}  # which job a job of Scenario's is counted with
        self._shown: tuple[Month, ...] | None = ()

    def take(self, job: Job) -> None:
        """The job is as it is now."""
        cost, known = charged(job), self._jobs.get(job.id)
        if not self._owns(job.id, job.remote_id) or cost == (known[1] if known is not None else 0.0):
            return
        if known is not None:
            self._forget(job.id)
        if cost:
            self._add(job.id, job.created, cost)
        self._shown = None

    def take_removed(self, costs: Costs) -> None:
        """These jobs were removed, now or before."""
        for job_id, (created, cost, remote_id) in costs.items():
            if job_id not in self._jobs and self._owns(job_id, remote_id):
                self._add(job_id, created, cost)
        self._shown = None

    def _owns(self, job_id: str, remote_id: str) -> bool:
        """Whether it is the first job that is told of with this id at Scenario."""
        return not remote_id or self._owners.setdefault(remote_id, job_id) == job_id

    def _add(self, job_id: str, created: float, cost: float) -> None:
        begun = time.localtime(created)
        when = (begun.tm_year, begun.tm_mon)
        self._jobs[job_id] = (when, cost)
        self._months.setdefault(when, {})[job_id] = cost

    def _forget(self, job_id: str) -> None:
        when, _ = self._jobs.pop(job_id)
        del self._months[when][job_id]
        if not self._months[when]:
            del self._months[when]

    @property
    def months(self) -> Sequence[Month]:
        """The months with anything charged, the newest first. Summed up after a change only."""
        if self._shown is None:
            self._shown = tuple(
                Month(*when, len(costs), sum(costs.values()))
                for when, costs in sorted(self._months.items(), reverse=True)
            )
        return self._shown
