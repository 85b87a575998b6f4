# SPDX-License-Identifier: GPL-3.0-or-later
"""The effect of a step on its job: it advances, waits for the next try, or is searched for a while longer.

What a failed step means is decided here: never lose what was paid for, never pay twice.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import (
    NOT_ACCEPTED,
    AccountError,
    CreditsError,
    LimitError,
    PassingError,
    RefusedError,
    Remedy,
    StorageError,
    TrellisError,
    unexpected,
)
from ..job.events import (
    AnswerLost,
    Event,
    Failed,
    NeverArrived,
    NotFound,
    PictureForgotten,
    Polled,
    SubmitPutOff,
)
from ..job.job import Job, Stage
from .entries import JobEntry
from .job_store import JobStore
from .timing import Clock, Timing

if TYPE_CHECKING:
    from .steps import SearchMissed

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Decision:
    """What to do after a failed step.

    `event`: happens to the job, if any.
    `waits`: try again, by default after the usual pause or the seconds the server `asked` for.
    `needs_help`: try again after a pause in which the artist may fix what the `sentence` says, using the `remedy`.
    `at_limit`: try again once another job has ended.
    """

    sentence: str
    event: Event | None = None
    waits: bool = False
    needs_help: bool = False
    at_limit: bool = False
    remedy: Remedy = Remedy.NONE
    asked: float | None = None


def decide(job: Job, error: Exception, *, is_just_uploaded: bool = False) -> Decision:
    """Return what to do with a job whose step ended with the error.

    `is_just_uploaded`: the step before was the upload of its picture. Scenario cannot have forgotten that one yet.
    """
    sentence = error.sentence if isinstance(error, TrellisError) else unexpected(error)
    if job.stage is Stage.SUBMITTING and not isinstance(error, NOT_ACCEPTED):
        return Decision(sentence, AnswerLost())
    event = SubmitPutOff() if job.stage is Stage.SUBMITTING else None
    if isinstance(error, PassingError):
        at_limit = isinstance(error, LimitError) and error.retry_after is None
        return Decision(sentence, event, waits=True, at_limit=at_limit, asked=error.retry_after)
    remedy = error.remedy if isinstance(error, TrellisError) else Remedy.RETRY
    if _must_be_held(job, error):
        return Decision(sentence, event, waits=True, needs_help=True, remedy=remedy)
    is_asset_gone = job.stage is Stage.SUBMITTING and isinstance(error, RefusedError) and error.is_gone
    if is_asset_gone and not is_just_uploaded:
        return Decision(sentence, PictureForgotten())
    return Decision(
        sentence, Failed(sentence, Remedy.RETRY if remedy is Remedy.NONE else remedy, asset_gone=is_asset_gone)
    )


def _must_be_held(job: Job, error: Exception) -> bool:
    """Return whether the job waits for help instead of failing: it is or may be paid for, or only the disk is full."""
    if job.stage is Stage.UNCONFIRMED or isinstance(error, StorageError):
        return True
    return job.holds_model and isinstance(error, AccountError | CreditsError)


class Outcomes:
    """The results of steps, applied to their jobs. Only for the runner's thread."""

    def __init__(self, job_store: JobStore, timing: Timing, clock: Clock) -> None:
        self._store, self._timing, self._clock = job_store, timing, clock

    def apply(self, entry: JobEntry, result: Event | SearchMissed | Exception) -> None:
        """Apply the result of a step."""
        if isinstance(result, Exception):
            self.fail(entry, result)
        elif isinstance(result, Polled):  # Scenario was asked to stop it, but has not stopped it yet
            self._store.apply(entry, result)
            entry.attempt += 1
            entry.due = self._clock.now() + self._timing.until_retry(entry.attempt, None)
        elif isinstance(result, Event):
            entry.attempt = 0
            self._store.apply(entry, result)
        else:
            self._missed(entry, result)

    def _missed(self, entry: JobEntry, missed: SearchMissed) -> None:
        """Handle a search that did not find the submit. Two proofs, far enough apart, are certain."""
        if entry.job.may_submit_again:
            self._store.apply(entry, NotFound())
            return
        if not missed.is_proof:
            entry.missing_since = None
        elif entry.missing_since is None:
            entry.missing_since = self._clock.now()
        elif entry.begun - entry.missing_since >= self._timing.listing_lag:
            self._store.apply(entry, NeverArrived())
            return
        if not self._is_search_over(entry):
            entry.attempt += 1
            pause = min(self._timing.until_retry(entry.attempt, None), self._timing.listing_lag / 4)
            entry.due = self._clock.now() + pause

    def _is_search_over(self, entry: JobEntry) -> bool:
        """End a search that has lasted long enough. Return whether it has.

        A job to be submitted again is never ended here: one more search must come first.
        """
        if entry.searched_since is None or entry.job.may_submit_again:
            return False
        if self._clock.now() - entry.searched_since < self._timing.search:
            return False
        self._store.apply(entry, NotFound())
        return True

    def fail(self, entry: JobEntry, error: Exception) -> None:
        """Handle a failed step."""
        if not isinstance(error, TrellisError):
            _log.error("unexpected", exc_info=error)
        decision = decide(entry.job, error, is_just_uploaded=entry.is_just_uploaded)
        if decision.event is not None:
            self._store.apply(entry, decision.event)
        if not decision.waits or entry.job.is_resting or self._is_search_over(entry):
            return
        entry.attempt += 1
        pause = self._timing.held if decision.needs_help else self._timing.until_retry(entry.attempt, decision.asked)
        entry.due = self._clock.now() + (self._timing.limit if decision.at_limit else pause)
        entry.is_at_limit = decision.at_limit
        self._store.show_status(entry, trouble=decision.sentence, remedy=decision.remedy)
