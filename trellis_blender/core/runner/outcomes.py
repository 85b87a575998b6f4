# SPDX-License-Identifier: GPL-3.0-or-later
"""The effect of a step on its job: it advances, waits for the next try, or is searched for a while longer.

What a failed step means is decided here: never lose what was paid for, never pay twice.
"""

from __future__ import annotations

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
    explained,
)
from ..job.events import AnswerLost, Event, Failed, NeverArrived, NotFound, PictureForgotten, Polled, SubmitPutOff
from ..job.job import Job, Stage
from .entries import JobEntry
from .job_store import JobStore

if TYPE_CHECKING:
    from .steps import SearchMissed


class Outcomes:
    """The results of steps, applied to their jobs. Only for the runner's thread."""

    def __init__(self, job_store: JobStore) -> None:
        self._store, self._timing, self._clock = job_store, job_store.timing, job_store.clock

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
        """Handle a failed step: its job waits for another try, or ends."""
        error = explained(error, action="")  # of the system's errors nobody knows what they mean for a paid call
        is_submit = entry.job.stage is Stage.SUBMITTING
        if is_submit and not isinstance(error, NOT_ACCEPTED):
            self._store.apply(entry, AnswerLost())
        elif isinstance(error, PassingError) or _must_be_held(entry.job, error):
            if is_submit:
                self._store.apply(entry, SubmitPutOff())
            if not (entry.job.is_resting or self._is_search_over(entry)):
                self._wait(entry, error)
        else:
            is_gone = is_submit and isinstance(error, RefusedError) and error.is_gone
            if is_gone and not entry.is_just_uploaded:  # Scenario cannot have forgotten that one yet
                self._store.apply(entry, PictureForgotten())
            else:
                remedy = Remedy.RETRY if error.remedy is Remedy.NONE else error.remedy
                self._store.apply(entry, Failed(error.sentence, remedy, asset_gone=is_gone))

    def _wait(self, entry: JobEntry, error: TrellisError) -> None:
        """Have the step tried again: after the usual pause, or one in which the artist may fix what is wrong."""
        entry.attempt += 1
        pause, entry.is_at_limit = self._timing.held, False
        if isinstance(error, PassingError):
            entry.is_at_limit = isinstance(error, LimitError) and error.retry_after is None
            pause = self._timing.until_retry(entry.attempt, error.retry_after)
        entry.due = self._clock.now() + (self._timing.limit if entry.is_at_limit else pause)
        self._store.show_status(entry, trouble=error.sentence, remedy=error.remedy)


def _must_be_held(job: Job, error: TrellisError) -> bool:
    """Return whether the job waits for help instead of failing: it is or may be paid for, or only the disk is full."""
    if job.stage is Stage.UNCONFIRMED or isinstance(error, StorageError):
        return True
    return job.holds_model and isinstance(error, AccountError | CreditsError)
