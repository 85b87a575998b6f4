# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates ``scripts/bench.py scale``: tables, and the requirements."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

Run = Mapping[str, float]

MOST_CPU = 0.01  # of a core, per 100 jobs that wait
MOST_BYTES = 50_000  # per job that waits
MOST_FILES = 100  # open in all
MOST_TICK = 0.008  # seconds of the main thread, in the median
MOST_LONGER = 1.1  # times the ideal, until all models are there
MOST_GROWTH = 1.5  # of the runner's time per event, from the fewest jobs to the most: what a busy machine varies by
PLANNED = 100_000
JOBS_HEAD = (
    "| jobs | submitted in, s | CPU per job, ms | waiting: CPU per 100 jobs, % of a core | memory per job, kB"
    " | open files | requests per round | runner per event, ms: submitting, arriving | of the fewest jobs |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)
TIMED_HEAD = (
    "| jobs | at a time | a model takes, s | ideal, s | until all models are there, s | of the ideal |\n"
    "| --- | --- | --- | --- | --- | --- |"
)
TICKS_HEAD = (
    "| Blender | jobs | waiting, ms: median, 95 of 100 | arriving, ms: median, 95 of 100 | allowed, median |\n"
    "| --- | --- | --- | --- | --- |"
)


@dataclass(frozen=True)
class Verdict:
    """One requirement: what was measured, and the most that is allowed."""

    name: str
    found: float
    allowed: float

    @property
    def is_met(self) -> bool:
        """Whether it is no more than allowed."""
        return self.found <= self.allowed

    def __str__(self) -> str:
        """Return the verdict as one line."""
        return f"{'PASS' if self.is_met else 'FAIL'}  {self.name}: {self.found:.3g} (at most {self.allowed:g})"


@dataclass(frozen=True)
class MeasuredScale:
    """What `runs.py` found, by the number of jobs. `timed`: also by how many may run at a time, 0: any number.

    `ticks`: by Blender's version, too. `plan`: of a batch of `PLANNED` pictures.
    """

    jobs: Mapping[int, Run]
    timed: Mapping[tuple[int, int, float], Run]
    ticks: Mapping[tuple[str, int], Run] = field(default_factory=dict)
    plan: Run = field(default_factory=dict)

    def growth(self, count: int) -> float:
        """Return the runner's time per event with so many jobs, as a share of that with the fewest."""
        fewest = self.jobs[min(self.jobs)]
        return max(self.jobs[count][phase] / fewest[phase] for phase in ("submit_event", "arrive_event"))


def judge(measured: MeasuredScale) -> list[Verdict]:
    """Return a verdict for each requirement."""
    verdicts = []
    for count, run in measured.jobs.items():
        verdicts += [
            Verdict(f"{count:,} jobs: CPU of a core per 100 that wait", run["wait_cpu"], MOST_CPU),
            Verdict(f"{count:,} jobs: bytes per job that waits", run["memory"], MOST_BYTES),
            Verdict(f"{count:,} jobs: open files", run["files"], MOST_FILES),
            Verdict(f"{count:,} jobs: requests per round", run["requests"], math.ceil(count / 100)),
            Verdict(f"{count:,} jobs: runner per event, of that with the fewest", measured.growth(count), MOST_GROWTH),
        ]
    for (count, limit, _), run in measured.timed.items():
        name = f"{count:,} jobs, {limit or 'any number'} at a time: until all models are there, of the ideal"
        verdicts.append(Verdict(name, run["seconds"] / run["ideal"], MOST_LONGER))
    for (version, count), run in measured.ticks.items():
        for phase in ("wait", "arrive"):
            name = f"Blender {version}, {count:,} jobs that {phase}: seconds of a tick, median"
            verdicts.append(Verdict(name, run[f"{phase}_median"], MOST_TICK))
    return verdicts


def table(measured: MeasuredScale) -> str:
    """Return all that was measured as Markdown."""
    rows = [JOBS_HEAD]
    for count, run in measured.jobs.items():
        events = f"{run['submit_event'] * 1000:.2f}, {run['arrive_event'] * 1000:.2f}"
        cells = [
            f"{count:,}",
            f"{run['submit']:.0f}",
            f"{run['submit_cpu'] / count * 1000:.1f}",
            f"{run['wait_cpu'] * 100:.2f}",
            f"{run['memory'] / 1000:.0f}",
            f"{run['files']:.0f}",
            f"{run['requests']:.1f}",
            events,
            f"{measured.growth(count):.2f}",
        ]
        rows.append(_row(cells))
    if measured.timed:
        rows += ["", TIMED_HEAD]
    for (count, limit, seconds), run in measured.timed.items():
        cells = [f"{count:,}", str(limit or "any number"), f"{seconds:g}", f"{run['ideal']:.0f}"]
        rows.append(_row([*cells, f"{run['seconds']:.0f}", f"{run['seconds'] / run['ideal']:.2f}"]))
    if measured.ticks:
        rows += ["", TICKS_HEAD]
    for (version, count), run in measured.ticks.items():
        each = [
            f"{run[f'{phase}_median'] * 1000:.1f}, {run[f'{phase}_most'] * 1000:.1f}" for phase in ("wait", "arrive")
        ]
        rows.append(_row([version, f"{count:,}", *each, f"{MOST_TICK * 1000:g}"]))
    if measured.plan and measured.jobs:
        rows += ["", _planned(measured.plan, measured.jobs[max(measured.jobs)], max(measured.jobs))]
    return "\n".join(rows)


def _planned(plan: Run, run: Run, count: int) -> str:
    """Return what was measured of a large plan, and what is computed from the most jobs that were measured."""
    times = PLANNED / count
    cpu = (run["submit_cpu"] + run["arrive_cpu"]) * times
    return (
        f"**{PLANNED:,} pictures.** Measured: the plan takes {plan['plan']:.1f} s, {plan['plan_memory'] / 1e6:.0f} MB"
        f" of memory and {plan['plan_bytes'] / 1e6:.0f} MB on disk; the command's dry run (`--price-only`) takes"
        f" {plan['dry']:.1f} s and {plan['dry_memory'] / 1e6:.0f} MB in all. Computed from the {count:,}, not measured:"
        f" {cpu / 60:.0f} minutes of CPU from the first picture to the last model. A batch drives only as many jobs as"
        f" run at a time, so the memory does not grow with the pictures that wait; driven all at once they would take"
        f" {run['memory'] * PLANNED / 1e9:.1f} GB, and each round of polling {PLANNED / 100:,.0f} requests."
    )


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
