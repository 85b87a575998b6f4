# SPDX-License-Identifier: GPL-3.0-or-later
"""The effect of a step on its job: it advances, waits for the next try, or is searched for a while longer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..errors import TrellisError
from ..job.events import Event, NeverArrived, NotFound, Polled
from .failure_policy import decide
from .job_store import JobEntry, JobStore
from .timing import Clock, Timing

if TYPE_CHECKING:
    from .steps import SearchMissed

_log = logging.getLogger(__name__)


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
