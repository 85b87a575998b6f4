# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of the jobs that run: when to draw it again, the status bar's one short text, and a click's echo."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from ..core.job.job import Job
from ..core.job.progress import Progress
from ..core.job.words import cancelling_words, stage_words
from ..host import redraw
from . import rows

BAR_SECONDS = 0.5  # between redraws while an estimate moves a bar
CLOCK_SECONDS = 1.0  # while only the time goes on


class Echo(Enum):
    """What was asked of the runner for a job, and is not answered yet: shown beside the job, which only the runner
    changes. It goes with the answer, whether that was done or refused.
    """

    CANCELLING = auto()
    RETRYING = auto()
    REMOVING = auto()
    IMPORTED = auto()  # its model is in the scene
    DAMAGED = auto()  # its model could not be brought into the scene


@dataclass
class ProgressDisplay:
    """`running` are the jobs that do not rest, `text` is what the status bar shows, empty when none runs here.

    `listed` are the ids that the list shows.
    """

    progress: Progress = field(default_factory=Progress)
    running: Sequence[Job] = ()
    text: str = ""
    due: float = 0.0
    listed: list[str] = field(default_factory=list)

    def step(self, jobs: Mapping[str, Job], *, is_changed: bool) -> bool:
        """Look at the jobs, at all of them only when they changed; whether the sidebars show something old now."""
        if is_changed:
            self.list_jobs(jobs)
            self.running = [job for job in jobs.values() if not job.is_resting]
        elif not self.running or time.monotonic() < self.due:
            return False
        now = time.time()
        is_moving = self.progress.step(self.running, now)
        self.due = time.monotonic() + (BAR_SECONDS if is_moving else CLOCK_SECONDS)
        self.show(status_text([job for job in self.running if not job.foreign], self.progress, now))
        return True

    def words(self, job: Job, echo: Echo | None) -> str:
        """Where the job stands, in a word or two: what was just asked for it, else what its snapshot says."""
        if echo is Echo.CANCELLING:
            return cancelling_words(job)
        return "Retrying" if echo is Echo.RETRYING else stage_words(job, self.progress.generated(job))

    def list_jobs(self, jobs: Mapping[str, Job]) -> None:
        """Let the list show the jobs, if any came or went."""
        ids = list(jobs)
        if ids != self.listed:
            self.listed = ids
            rows.show(jobs[job_id] for job_id in reversed(ids))

    def show(self, text: str) -> None:
        """Let the status bar show it, and draw it again only if that is another text."""
        if text != self.text:
            self.text = text
            redraw.redraw_status_bars()


def status_text(running: Sequence[Job], progress: Progress, now: float) -> str:
    """The status bar's text for the jobs that run in this Blender, empty without any. `now`: seconds since 1970."""
    if not running:
        return ""
    if len(running) > 1:
        whole = sum(map(progress.fraction, running)) / len(running)
        return f"Trellis: {len(running)} jobs · {whole:.0%}"
    stage, left = stage_words(running[0], progress.generated(running[0])), progress.left(running[0], now)
    return f"Trellis: {stage} · {left}" if left else f"Trellis: {stage}"
