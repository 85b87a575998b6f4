# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows running jobs: when to redraw, the short text in the status bar, and the instant echo of a click."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from ..core.errors import Text
from ..core.job.job import Job
from ..core.job.progress import Progress
from ..core.job.words import cancelling_words, stage_words
from ..host import window
from ..scene.finishing.work import Order, Work
from . import rows

BAR_SECONDS = 0.5  # between redraws while an estimate moves a bar
CLOCK_SECONDS = 1.0  # between redraws while only the clock moves
FEW = 20  # running jobs, each change of which is shown at once; those of more are shown together


class Echo(Enum):
    """A request to the runner for a job that has no answer yet.

    The panel shows it beside the job, which only the runner changes. The answer removes it, whatever it says.
    """

    CANCELLING = auto()
    RETRYING = auto()
    REMOVING = auto()
    IMPORTED = auto()  # its model is in the scene
    DAMAGED = auto()  # its model could not be imported


@dataclass
class ProgressDisplay:
    """What the sidebars and the status bar show of the jobs.

    `running`: the jobs that do not rest. `text`: the status bar's text, empty when no job runs here. `waiting`: its
    text about finished models that are not in the scene, empty if there are none. `listed`: the ids in the list.
    `works`: the steps that models go through after they have arrived; they stand above the jobs. `is_behind`: there
    are changes that are not shown yet.
    """

    progress: Progress = field(default_factory=Progress)
    running: Sequence[Job] = ()
    text: str = ""
    waiting: str = ""
    due: float = 0.0
    listed: list[str] = field(default_factory=list)
    works: Mapping[str, Work] = field(default_factory=dict)
    is_behind: bool = False

    def step(self, jobs: Mapping[str, Job], *, is_changed: bool) -> bool:
        """Check the running jobs, or all jobs if `is_changed`. Return whether the sidebars need a redraw."""
        self.is_behind = self.is_behind or is_changed
        is_listed = len(jobs) + len(self.works) == len(self.listed)
        if time.monotonic() < self.due and is_listed and not (is_changed and len(self.running) <= FEW):
            return False
        if self.is_behind:
            self.is_behind = False
            self.list_jobs(jobs)
            self.running = [job for job in jobs.values() if not job.is_resting]
        elif not (self.running or self.works):
            return False
        now = time.time()
        is_moving = self.progress.step(self.running, now)
        self.due = time.monotonic() + (BAR_SECONDS if is_moving or self.works else CLOCK_SECONDS)
        self.show_text(status_text([job for job in self.running if not job.foreign], self.progress, now))
        return True

    def words(self, job: Job, echo: Echo | None) -> str:
        """Return the job's state in a word or two: the request just made for it, or else its snapshot's state."""
        if echo is Echo.CANCELLING:
            return cancelling_words(job)
        return "Retrying" if echo is Echo.RETRYING else stage_words(job, self.progress.generated(job))

    def list_jobs(self, jobs: Mapping[str, Job]) -> None:
        """Renew the rows of the list if any job came or went."""
        ids = [*jobs, *self.works]
        if ids != self.listed:
            self.listed = ids
            rows.show_jobs([*self.orders, *(jobs[job_id] for job_id in reversed([*jobs]))])

    @property
    def orders(self) -> list[Order]:
        """Return the orders of the works, newest first."""
        return [work.order for work in reversed([*self.works.values()])]

    def show_text(self, text: str) -> None:
        """Show this text in the status bar, and redraw that only if the text changed."""
        if text != self.text:
            self.text = text
            window.redraw_status_bars()

    def show_waiting(self, reasons: Sequence[str]) -> None:
        """Show in the status bar how many finished models wait, for these reasons."""
        text = waiting_text(reasons)
        if text != self.waiting:
            self.waiting = text
            window.redraw_status_bars()


def waiting_text(reasons: Sequence[str]) -> str:
    """Return the status bar's text about finished models that wait, for the reason of all or of the last one."""
    number = len(reasons)
    if not number:
        return ""
    why, count = reasons[-1], "1 model waits" if number == 1 else Text("{number} models wait", number=number)
    return Text("Trellis: {count} · {why}", count=count, why=why)


def status_text(running: Sequence[Job], progress: Progress, now: float) -> str:
    """Return the status bar's text for this Blender's running jobs, empty if none. `now`: seconds since 1970."""
    if not running:
        return ""
    if len(running) > 1:
        whole = sum(map(progress.fraction, running)) / len(running)
        return Text("Trellis: {count} jobs · {whole}", count=len(running), whole=f"{whole:.0%}")
    stage, left = stage_words(running[0], progress.generated(running[0])), progress.left(running[0], now)
    return Text("Trellis: {stage} · {left}", stage=stage, left=left) if left else Text("Trellis: {stage}", stage=stage)
