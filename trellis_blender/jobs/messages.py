# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages to the artist: notices and refusals in the panel, and reports in the status bar and the Info log.

Reports tell what happens while the artist runs no operator. Blender shows a report only from an operator that its event
loop runs. So we start an operator for each report: it waits for its own first event, reports and ends. It lets every
other event pass, and never reports an error, because that would open a pop-up under the artist's cursor.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import bpy

from ..core.errors import Remedy, Text, TrellisError, made_plain
from ..core.job.job import Job, Stage
from ..core.job.words import NOT_STOPPED, cost_words, duration
from ..core.runner.messages import ConnectionChecked, Notice
from ..host import window
from ..host.translation import translated_report
from ..settings.preferences import Page

CONNECTED_SECONDS = 10.0
_READY = "“{name}” is ready. {reason}"


@dataclass
class Reports:
    """The sentences to report at the end of this tick, and whether any of them is a warning."""

    sentences: list[str] = field(default_factory=list)
    is_bad: bool = False

    def tell(self, sentence: str, *, is_bad: bool = False) -> None:
        """Report this with the next `flush`."""
        self.sentences.append(sentence)
        self.is_bad = self.is_bad or is_bad

    def compare(self, before: Job, job: Job, *, is_awaited: bool) -> None:
        """Compare two snapshots of a job of this Blender, and report what the artist should know.

        That is: it failed or may have failed, it is ready though nobody waits for it, it was not stopped, or it needs
        help.
        """
        is_new, name = job.stage is not before.stage, job.name
        if is_new and job.stage is Stage.FAILED:
            self.tell(Text("“{name}” failed: {message}", name=name, message=job.message), is_bad=True)
        elif is_new and job.stage is Stage.UNCERTAIN:
            self.tell(Text("“{name}” is uncertain: {message}", name=name, message=job.message), is_bad=True)
        elif job.cancel_refused and not before.cancel_refused:
            self.tell(Text("“{name}” goes on: {not_stopped}", name=name, not_stopped=NOT_STOPPED))
        elif is_new and job.stage is Stage.READY and not is_awaited:
            self.tell(Text("“{name}” is ready. Press Import to bring it in", name=name))
        elif job.trouble and job.trouble_remedy is not Remedy.NONE and job.trouble != before.trouble:
            self.tell(Text("“{name}” waits: {trouble}", name=name, trouble=job.trouble), is_bad=True)

    def wait(self, job: Job, reason: str) -> None:
        """Report that a model waits for Blender to be free, if only the artist can end that: a tool ends by itself."""
        if bpy.context.mode != "OBJECT":
            self.tell(Text(_READY, name=job.name, reason=reason))

    def leave(self, job: Job, reason: str) -> None:
        """Report that a model does not come by itself any more."""
        self.tell(Text(_READY, name=job.name, reason=press_import(reason, job)))

    def flush(self) -> None:
        """Report all sentences as one."""
        if self.sentences:
            window.report("; ".join(map(translated_report, self.sentences)), is_bad=self.is_bad)
            self.sentences.clear()
            self.is_bad = False


@dataclass
class Messages:
    """All messages to the artist.

    `notices` belong to no job, newest last. `refusal` is why the last request was refused, None if it was not; the
    panel shows it with its remedy. `page` is what the preferences show, `answered` when it got its answer, on the
    monotonic clock.
    """

    notices: list[Notice] = field(default_factory=list)
    refusal: TrellisError | None = None
    page: Page = field(default_factory=Page)
    answered: float = 0.0
    reports: Reports = field(default_factory=Reports)

    @property
    def is_any(self) -> bool:
        """Whether the panel shows a message that can be dismissed."""
        return bool(self.notices or self.refusal or self.page.answer)

    def tell(self, sentence: str) -> None:
        """Add a notice, which belongs to no job."""
        self.notices.append(Notice(made_plain(sentence)))

    def refuse(self, error: TrellisError) -> None:
        """Show why the artist's last request was refused."""
        self.refusal = error
        self.drop_connected()

    def take_answer(self, answer: ConnectionChecked) -> None:
        """Show what the test of the account found. “Connected” goes by itself after a while."""
        self.page.answer, self.answered = answer, time.monotonic()

    @property
    def says_connected(self) -> bool:
        """Whether the answer is that all is well, and nothing to act on."""
        answer = self.page.answer
        return answer is not None and answer.is_well and answer.remedy is Remedy.NONE

    def fade(self) -> bool:
        """Drop “Connected” once it was there to read. Return whether that was now."""
        is_over = self.says_connected and time.monotonic() - self.answered >= CONNECTED_SECONDS
        if is_over:
            self.drop_connected()
        return is_over

    def drop_connected(self) -> None:
        """Drop “Connected”: it is old, or in doubt since something went wrong."""
        if self.says_connected:
            self.page.answer = None

    def dismiss(self) -> None:
        """Drop all messages: the artist has read them."""
        self.notices.clear()
        self.refusal = self.page.answer = None


def arrived(job: Job) -> str:
    """Return the sentence for a model that was imported: what it took and cost, unless that was said before."""
    is_first = job.stage is not Stage.IMPORTED
    facts = [duration(job.ended - job.begun)] if is_first and job.ended is not None else []
    facts += [cost_words(job.cost)] if is_first and job.cost is not None else []
    if not facts:
        return Text("“{name}” is in the scene", name=job.name)
    known = facts[0] if len(facts) == 1 else Text("{time}, {cost}", time=facts[0], cost=facts[1])
    return Text("“{name}” is in the scene · {facts}", name=job.name, facts=known)


def press_import(reason: str, job: Job) -> str:
    """Return the reason why a model does not come by itself, with the button that brings it."""
    if job.stage is Stage.IMPORTED:
        return Text("{reason}. Press Import Again to bring it in", reason=reason)
    return Text("{reason}. Press Import to bring it in", reason=reason)
