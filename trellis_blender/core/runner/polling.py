# SPDX-License-Identifier: GPL-3.0-or-later
"""When to ask Scenario about running jobs, and about which: at most one request per hundred jobs and round."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from ..errors import PassingError
from ..job.events import Event, Polled
from ..request.service import Service
from .entries import JobEntry
from .timing import Clock, Timing

JOBS_PER_REQUEST = 100
PollOnce = Callable[[Service], Mapping[str, Event]]


class Polling:
    """The state of polling for all running jobs. Only the runner's thread uses it; a `PollOnce` runs on a worker."""

    def __init__(self, timing: Timing, clock: Clock) -> None:
        self._timing, self._clock = timing, clock
        self._due, self._attempt, self._page, self._next_page = 0.0, 0, "", ""
        self._start = ""  # of the listing that the page belongs to
        self._asked: list[JobEntry] | None = None
        self._has_listed = False

    @property
    def due(self) -> float:
        """Return when the next round may begin; infinity during a round."""
        return self._due if self._asked is None else math.inf

    def restart(self) -> None:
        """Begin the next round at once, with the first page."""
        self._due, self._attempt, self._page = 0.0, 0, ""

    def start_round(self, waiting: list[JobEntry]) -> PollOnce:
        """Begin a round: poll one job that was not reported for long, or else the next pages of the listing."""
        from .steps import listing_start, poll_many, poll_one

        oldest = min(waiting, key=lambda entry: entry.reported)
        is_stale = self._clock.now() - oldest.reported > 3 * self._timing.poll_last
        if len(waiting) == 1 or (is_stale and self._has_listed and not self._page):
            self._has_listed = False
            self._asked = [oldest]
            job = oldest.job
            return lambda service: {job.id: poll_one(job, service)}
        self._asked, self._has_listed = waiting, True
        jobs, pages = [entry.job for entry in waiting], math.ceil(len(waiting) / JOBS_PER_REQUEST)
        start = listing_start(jobs)
        page = self._page if start == self._start else ""  # those that are left now may be on the first page
        self._start = start

        def poll(service: Service) -> Mapping[str, Event]:
            events, self._next_page = poll_many(jobs, start, page, pages, service)
            return events

        return poll

    def end_round(self, result: Mapping[str, Event] | Exception, *, is_awaited: bool = False) -> list[JobEntry]:
        """Take in the round's result and set the time of the next one. Return the entries it was about.

        `is_awaited`: another job waits for one of these to end, so that is noticed as soon as for a young one.
        """
        asked, self._asked = self._asked or [], None
        now = self._clock.now()
        if isinstance(result, Exception):
            self._attempt, self._page = self._attempt + 1, ""
            hint = result.retry_after if isinstance(result, PassingError) else None
            self._due = now + self._timing.until_retry(self._attempt, hint)
            return asked
        self._attempt, self._page, self._next_page = 0, self._next_page, ""
        age = min((now - entry.since for entry in asked), default=0.0)
        has_ended = not all(isinstance(event, Polled) for event in result.values())
        if is_awaited or (len(asked) > 1 and has_ended):  # one of many has ended, so others are about to
            age = 0.0
        self._due = now + self._timing.until_poll(age)
        for entry in asked:
            if entry.job.id in result:
                entry.reported = now
        return asked
