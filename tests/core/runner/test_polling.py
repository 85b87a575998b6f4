"""The common polling: page by page, gone on with where it stopped, and one request a round for a hundred jobs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.clock import MovedClock
from tests.core.studio import STEADY, new_job
from trellis_blender.core.job.events import Event, Generated, Polled
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.request.service import RemoteJob
from trellis_blender.core.runner.entries import JobEntry
from trellis_blender.core.runner.polling import Polling
from trellis_blender.core.runner.steps import poll_many

START = "2026-11-22T09:59:59.000Z"
STRANGERS = [RemoteJob(f"job_x{number}", "queued", 0.0, None, (), "", None, "") for number in range(3)]


def running(number: int) -> Job:
    """A job that runs at Scenario."""
    job = dataclasses.replace(new_job(), id=f"20260101-000000-{number:06d}", stage=Stage.RUNNING)
    return dataclasses.replace(job, remote_id=f"job_{number}", uploaded_at="2026-11-22T10:00:00Z")


def remote(number: int) -> RemoteJob:
    """The same job as Scenario lists it."""
    return RemoteJob(f"job_{number}", "in-progress", 0.5, None, (), "", None, "")


class Pages:
    """A listing of these pages, whose names are their numbers; `asked` are those that were asked for."""

    def __init__(self, *pages: list[RemoteJob]) -> None:
        self._pages, self.asked = pages, list[str]()

    def jobs(self, _start: str, page: str = "") -> tuple[list[RemoteJob], str]:
        """One page."""
        self.asked.append(page)
        number = int(page or "0")
        return self._pages[number], str(number + 1) if number + 1 < len(self._pages) else ""


NEWS = Polled("in-progress", 0.5, None)


def test_a_round_reads_on_from_the_page_at_which_the_last_one_stopped() -> None:
    pages: Any = Pages(STRANGERS, STRANGERS, [remote(1)])
    jobs = [running(1), running(2)]
    assert poll_many(jobs, START, "", 1, pages) == ({}, "1")
    assert poll_many(jobs, START, "1", 1, pages) == ({}, "2")
    assert poll_many(jobs, START, "2", 1, pages) == ({jobs[0].id: NEWS}, "")
    assert pages.asked == ["", "1", "2"]


def test_a_round_of_several_pages_reads_them_one_after_the_other() -> None:
    pages: Any = Pages([remote(1)], STRANGERS, [remote(2)], [remote(3)])
    jobs = [running(number) for number in (1, 2, 3)]
    events, page = poll_many(jobs, START, "", 3, pages)
    assert (set(events), page, pages.asked) == ({jobs[0].id, jobs[1].id}, "3", ["", "1", "2"])


def test_a_round_ends_when_all_jobs_are_seen_and_the_next_begins_with_the_first_page() -> None:
    pages: Any = Pages([remote(1)], [remote(2)], STRANGERS)
    jobs = [running(1), running(2)]
    assert poll_many(jobs, START, "", 3, pages) == ({job.id: NEWS for job in jobs}, "")
    assert pages.asked == ["", "1"]


def test_a_round_that_comes_to_the_last_page_begins_anew_with_the_first() -> None:
    pages: Any = Pages([remote(1)], STRANGERS, [remote(2)])
    jobs = [running(1), running(2)]
    assert poll_many(jobs, START, "2", 3, pages) == ({job.id: NEWS for job in jobs}, "")
    assert pages.asked == ["2", ""]


def poll(polling: Polling, entries: list[JobEntry], pages: Pages) -> Mapping[str, Event]:
    """One round of the polling."""
    service: Any = pages
    events = polling.start_round(entries)(service)
    polling.end_round(events)
    return events


def test_the_polling_goes_on_with_the_listing_from_round_to_round() -> None:
    clock, pages = MovedClock(), Pages(STRANGERS, STRANGERS, [remote(1), remote(2)])
    entries = [JobEntry(running(number), Path("nowhere"), since=clock.now(), reported=clock.now()) for number in (1, 2)]
    polling = Polling(STEADY, clock)
    assert [len(poll(polling, entries, pages)) for _ in range(4)] == [0, 0, 2, 0]
    assert pages.asked == ["", "1", "2", ""]


def test_once_the_oldest_has_ended_the_others_are_looked_for_from_the_first_page() -> None:
    """The listing begins with the newest: the pages with the older ones, which have ended, hold nothing more."""
    clock, pages = MovedClock(), Pages(STRANGERS, STRANGERS, STRANGERS)
    older, newer = running(1), dataclasses.replace(running(2), uploaded_at="2026-11-22T10:05:00Z")
    entries = [JobEntry(job, Path("nowhere"), since=clock.now(), reported=clock.now()) for job in (older, newer)]
    entries.append(JobEntry(dataclasses.replace(newer, id="third", remote_id="job_3"), Path("nowhere")))
    entries[2].reported = clock.now()
    polling = Polling(STEADY, clock)
    for waiting in (entries, entries, entries[1:], entries[1:]):
        poll(polling, waiting, pages)
    assert pages.asked == ["", "1", "", "1"]


def test_after_a_failure_and_a_change_of_account_it_begins_anew() -> None:
    clock, pages = MovedClock(), Pages(STRANGERS, STRANGERS, STRANGERS)
    entries = [JobEntry(running(number), Path("nowhere"), since=clock.now(), reported=clock.now()) for number in (1, 2)]
    polling = Polling(STEADY, clock)
    poll(polling, entries, pages)
    polling.start_round(entries)
    polling.end_round(ValueError())
    poll(polling, entries, pages)
    polling.restart()
    poll(polling, entries, pages)
    assert pages.asked == ["", "", ""]


def test_when_one_of_many_has_ended_the_next_round_comes_soon() -> None:
    clock = MovedClock()
    entries = [JobEntry(running(number), Path("nowhere"), since=0.0, reported=clock.now()) for number in (1, 2)]
    polling = Polling(STEADY, clock)
    pauses = []
    for event in (NEWS, Generated(("asset_1",), 1.0, 60.0)):
        polling.start_round(entries)
        polling.end_round({entries[0].job.id: event})
        pauses.append(polling.due - clock.now())
        clock.move(pauses[-1])
    assert pauses == [STEADY.poll_last, STEADY.poll_first]
