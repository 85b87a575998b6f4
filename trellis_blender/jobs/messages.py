# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist is told: notices and refusals in the panel, and reports in the status bar and the Info log.

A report is for what happens while no operator of the artist's is at work. Blender shows one only from an operator that
its event loop runs. So one is started for the message, which waits for its own first event, reports and is gone. It
lets every other event pass, and never reports an error: that would open a pop-up under the artist's cursor.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy

from ..core.errors import Remedy, TrellisError
from ..core.job.job import Job, Stage
from ..core.job.words import NOT_STOPPED, cost_words, duration
from ..core.runner.messages import Notice
from ..host import report
from ..host.translation.translation import translated_report
from ..settings.preferences import Page


@dataclass
class Reports:
    """What is to be reported at the end of this tick: sentences, and whether any of them is bad news."""

    sentences: list[str] = field(default_factory=list)
    is_bad: bool = False

    def tell(self, sentence: str, *, is_bad: bool = False) -> None:
        """Report this with the next `flush`."""
        self.sentences.append(sentence)
        self.is_bad = self.is_bad or is_bad

    def take(self, before: Job, job: Job, *, is_awaited: bool) -> None:
        """A job of this Blender was told: report that it failed or may have, is ready though nobody waits for it, is
        not stopped, or needs help.
        """
        is_new = job.stage is not before.stage
        if is_new and job.stage is Stage.FAILED:
            self.tell(failed(job), is_bad=True)
        elif is_new and job.stage is Stage.UNCERTAIN:
            self.tell(uncertain(job), is_bad=True)
        elif job.cancel_refused and not before.cancel_refused:
            self.tell(not_stopped(job))
        elif is_new and job.stage is Stage.READY and not is_awaited:
            self.tell(ready(job))
        elif job.trouble and job.trouble_remedy is not Remedy.NONE and job.trouble != before.trouble:
            self.tell(held(job), is_bad=True)

    def wait(self, job: Job, reason: str) -> None:
        """A model waits for Blender to be free: report it where that takes the artist, for a tool ends by itself."""
        if bpy.context.mode != "OBJECT":
            self.tell(waiting(job, reason))

    def flush(self) -> None:
        """Report all there is, as one."""
        if self.sentences:
            report.show("; ".join(map(translated_report, self.sentences)), is_bad=self.is_bad)
            self.sentences.clear()
            self.is_bad = False


@dataclass
class Messages:
    """All there is. `notices` belong to no job, the newest last. `refusal` is why the artist did not get what was asked
    for last, None when they got it; the panel shows it with its remedy. `page` is beside the preferences.
    """

    notices: list[Notice] = field(default_factory=list)
    refusal: TrellisError | None = None
    page: Page = field(default_factory=Page)
    reports: Reports = field(default_factory=Reports)

    @property
    def is_any(self) -> bool:
        """Whether the panel shows one that can be dismissed."""
        return bool(self.notices or self.refusal or self.page.answer)

    def tell(self, sentence: str) -> None:
        """Say something that belongs to no job."""
        self.notices.append(Notice(sentence))

    def dismiss(self) -> None:
        """The artist has read them."""
        self.notices.clear()
        self.refusal = self.page.answer = None


def arrived(job: Job) -> str:
    """The sentence for a model that came into the scene."""
    facts = [] if job.ended is None else [duration(job.ended - job.begun)]
    facts += [] if job.cost is None else [cost_words(job.cost)]
    return f"“{job.name}” is in the scene · {', '.join(facts)}" if facts else f"“{job.name}” is in the scene"


def failed(job: Job) -> str:
    """The sentence for a job that failed."""
    return f"“{job.name}” failed: {job.message}"


def uncertain(job: Job) -> str:
    """The sentence for a job that may or may not have been accepted."""
    return f"“{job.name}” is uncertain: {job.message}"


def not_stopped(job: Job) -> str:
    """The sentence for a job that Scenario goes on with although the artist wanted it stopped."""
    return f"“{job.name}” goes on: {NOT_STOPPED}"


def ready(job: Job) -> str:
    """The sentence for a model that nobody waits for, because another file was opened."""
    return f"“{job.name}” is ready. Import it from the list"


def held(job: Job) -> str:
    """The sentence for a job that goes on only when the artist has mended something."""
    return f"“{job.name}” waits: {job.trouble}"


def waiting(job: Job, reason: str) -> str:
    """The sentence for a model that waits for the artist."""
    return f"“{job.name}” is ready. {reason}"
