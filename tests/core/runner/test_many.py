"""Many jobs at once: none of their steps has to wait for all others to have taken it."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

from emulator import Emulator, Fault
from tests.core.studio import Studio, new_job
from trellis_blender.core.job.job import Stage
from trellis_blender.core.runner.entries import Agenda, JobEntry


def test_paid_calls_leave_while_other_pictures_are_still_on_their_way(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("upload", Fault(until=(gate := threading.Event())), times=None, after=5)
    for _ in range(14):
        studio.add()
    studio.until(lambda: emulator.paid == 5, "the paid calls of the first pictures")
    gate.set()
    studio.until(lambda: emulator.paid == 14, "all other paid calls")


def test_models_arrive_while_other_jobs_are_still_being_submitted(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(delay=0.3), times=None)
    for _ in range(24):
        studio.add()
    studio.until(lambda: any(job.stage is Stage.READY for job in studio.jobs.values()), "the first model")
    assert emulator.paid < 20


def test_of_all_that_are_due_the_oldest_job_goes_first() -> None:
    agenda = Agenda(word=5.0)
    entries = [JobEntry(new_job(), Path("nowhere"), due=due, age=age) for age, due in enumerate((9.0, 20.0, 0.0, 5.0))]
    for entry in reversed(entries):
        agenda.file(entry, is_known=True)
    assert agenda.next_due("uploads") == 0.0
    assert [agenda.take("uploads", 10.0) for _ in range(4)] == [entries[0], entries[2], entries[3], None]
    assert agenda.next_due("uploads") == 20.0


def test_a_job_that_has_changed_is_due_only_for_what_it_waits_for_now() -> None:
    agenda, entry = Agenda(word=5.0), JobEntry(new_job(), Path("nowhere"), since=30.0)
    agenda.file(entry, is_known=True)
    entry.job = dataclasses.replace(entry.job, stage=Stage.READING)
    agenda.file(entry, is_known=True)
    assert (agenda.take("uploads", 99.0), agenda.next_due("words")) == (None, 35.0)
    agenda.file(entry, is_known=False)
    assert agenda.take("words", 99.0) is None
