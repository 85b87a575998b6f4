# SPDX-License-Identifier: GPL-3.0-or-later
"""What Scenario really charged, month by month. A file among the jobs keeps the costs of removed ones."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import read_own, write_whole
from .job import Job

REMOVED_FILE = "removed jobs.json"
BYTES_MAXIMUM = 32 * 1024 * 1024  # some hundred thousand jobs
# By job id: when the job was created (seconds since 1970), the compute units charged for it, and its id at Scenario,
# which is empty if no model came of it.
Costs = Mapping[str, tuple[float, float, str]]


@dataclass(frozen=True)
class Month:
    """The number of models paid for in a month (1 to 12), and all compute units charged in it."""

    year: int
    month: int
    count: int
    cost: float


def charged(job: Job) -> float:
    """Return how many compute units Scenario kept for the job, as far as it has reported.

    Scenario charges a job when it accepts it. It refunds a job that ends without a model, unless it says otherwise; the
    part it keeps goes into `charged_in_vain` and stays there after a retry. A model is paid for if it is here, on its
    way, or could not be downloaded yet, and so is one that was only imported by its ID.
    """
    return job.charged_in_vain + (job.cost or 0.0 if job.holds_model else 0.0)


def keep(root: Path, job: Job) -> None:
    """Write down what the job cost before it is removed. `root`: the jobs' folder. Raises OSError."""
    cost, known, remote_id = charged(job), _read(root), job.remote_id if job.holds_model else ""
    if cost and remote_id not in {entry[2] for entry in known.values()} - {""}:
        _write(root, {**known, job.id: (job.created, cost, remote_id)})


def take_over(root: Path, place: Path) -> None:
    """Move what removed jobs have cost from another folder of jobs into this one. Raises OSError."""
    for folder in (place, place.parent):  # earlier versions kept the file beside the jobs' folder
        costs = removed(folder) if folder != root else {}
        if costs:
            _write(root, {**costs, **_read(root)})
            (folder / REMOVED_FILE).unlink(missing_ok=True)


def removed(root: Path) -> Costs:
    """Return what the removed jobs cost. An unreadable or foreign file counts for nothing."""
    try:
        return _read(root)
    except OSError:
        return {}


def _write(root: Path, costs: Costs) -> None:
    write_whole(root / REMOVED_FILE, json.dumps(costs, indent=1).encode(), is_private=True)


def _read(root: Path) -> Costs:
    try:
        data = json.loads(read_own(root / REMOVED_FILE, BYTES_MAXIMUM).decode("utf-8"))
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
    """The sums of all reported jobs. An update takes the same time however many jobs there are.

    A job belongs to the month in which it was created, by this computer's clock and local time. A removed job has been
    charged all the same, and is not counted again if it is imported by its ID.
    """

    def __init__(self) -> None:
        # By job id: its month, and its cost with the number of models it made, 0 or 1. By month: the same of its jobs.
        self._jobs: dict[str, tuple[tuple[int, int], tuple[float, int]]] = {}
        self._months: dict[tuple[int, int], dict[str, tuple[float, int]]] = {}
        self._owners: dict[str, str] = {}  # by id at Scenario: the job that counts it
        self._shown: tuple[Month, ...] | None = ()

    def add(self, job: Job) -> None:
        """Update the sums with the job's present state."""
        cost = charged(job)
        spent = (cost, int(job.holds_model)) if cost else None
        if self._owns(job.id, job.remote_id) and spent != self._jobs.get(job.id, (None, None))[1]:
            self._count(job.id, job.created, spent)

    def add_removed(self, costs: Costs) -> None:
        """Add jobs that were removed, now or earlier."""
        for job_id, (created, cost, remote_id) in costs.items():
            if job_id not in self._jobs and self._owns(job_id, remote_id):
                self._count(job_id, created, (cost, int(bool(remote_id))))

    def _owns(self, job_id: str, remote_id: str) -> bool:
        """Return whether this is the first reported job with this id at Scenario."""
        return not remote_id or self._owners.setdefault(remote_id, job_id) == job_id

    def _count(self, job_id: str, created: float, spent: tuple[float, int] | None) -> None:
        """Count the job with this, in place of what it was counted with before."""
        if job_id in self._jobs:
            when, _ = self._jobs.pop(job_id)
            del self._months[when][job_id]
            if not self._months[when]:
                del self._months[when]
        if spent is not None:
            when = time.localtime(created)[:2]
            self._jobs[job_id] = (when, spent)
            self._months.setdefault(when, {})[job_id] = spent
        self._shown = None

    @property
    def months(self) -> Sequence[Month]:
        """Return the months with any charge, newest first. Sums up only after a change."""
        if self._shown is None:
            self._shown = tuple(
                Month(*when, sum(models for _, models in spent.values()), sum(cost for cost, _ in spent.values()))
                for when, spent in sorted(self._months.items(), reverse=True)
            )
        return self._shown
