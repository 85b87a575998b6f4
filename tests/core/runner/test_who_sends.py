"""Who sends the paid call: the process that creates the attempt's file, once. A copy that was paused does not."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator, Fault
from tests.core.studio import QUICK, Studio
from tests.never_lost.world import until
from trellis_blender.core.job import claims
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.runner import steps
from trellis_blender.core.runner.job_store import JobStore

Open = Callable[..., Studio]
BRIEF = dataclasses.replace(QUICK, silence=0.5)


def submit_files(studio: Studio, job_id: str) -> list[str]:
    """The files that decided who sent the job's paid calls."""
    return sorted(path.name for path in studio.folder(job_id).glob("submit-*"))


def left_announced(open_studio: Open, emulator: Emulator, **changes: Any) -> Job:
    """A job whose Blender is gone, and whose paid call is announced on the disk and was never sent."""
    emulator.fault("submit", Fault(status=402))
    first = open_studio()
    job = first.reach(first.add(), Stage.FAILED)
    first.close()
    announced = dataclasses.replace(job, **({"stage": Stage.SUBMITTING, "ended": None, "message": ""} | changes))
    job_folder.save(first.folder(job.id), announced)
    return announced


def test_a_call_that_was_announced_and_not_sent_is_sent_at_once(open_studio: Open, emulator: Emulator) -> None:
    job = left_announced(open_studio, emulator)
    second = open_studio()
    assert second.reach(job.id, Stage.READY).submits == 2
    assert Stage.UNCONFIRMED not in second.stages(job.id)
    assert submit_files(second, job.id) == ["submit-1", "submit-2"]  # nobody else can make the first attempt now
    assert (emulator.calls["jobs"], emulator.paid) == (0, 1)


def test_a_call_that_somebody_may_have_sent_is_looked_for_and_not_sent(open_studio: Open, emulator: Emulator) -> None:
    job = left_announced(open_studio, emulator)
    second = open_studio(use_account=False)
    second.close()
    (second.folder(job.id) / "submit-1").touch()
    job_folder.save(second.folder(job.id), job)
    third = open_studio()
    assert "never reached Scenario" in third.reach(job.id, Stage.FAILED).message
    assert (emulator.calls["submit"], emulator.paid) == (1, 0)


def test_a_call_that_an_earlier_version_announced_may_have_been_sent(open_studio: Open, emulator: Emulator) -> None:
    job = left_announced(open_studio, emulator, submits=0)
    second = open_studio()
    assert "never reached Scenario" in second.reach(job.id, Stage.FAILED).message
    assert (emulator.calls["submit"], emulator.paid) == (1, 0)


def test_an_attempt_that_was_refused_for_certain_leaves_no_file(open_studio: Open, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(status=429), times=3)
    studio = open_studio()
    job_id = studio.add()
    assert studio.reach(job_id, Stage.READY).submits == 4
    assert submit_files(studio, job_id) == ["submit-4"]


@pytest.mark.parametrize("moment", ["before it has the right to send", "when it has the right to send"])
def test_a_copy_that_was_paused_while_another_machine_took_over_does_not_pay_a_second_time(
    moment: str, open_studio: Open, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, sleeps, wakes, is_over = job_folder.begin_submit, *(threading.Event() for _ in range(3))

    def begin_and_sleep(folder: Path, number: int) -> bool:
        if sleeps.is_set():
            return begin(folder, number)
        is_early = moment.startswith("before")
        is_ours = False if is_early else begin(folder, number)
        sleeps.set()
        wakes.wait()
        try:
            return begin(folder, number) if is_early else is_ours
        finally:
            is_over.set()

    monkeypatch.setattr(steps, "begin_submit", begin_and_sleep)
    first = open_studio(timing=BRIEF)
    job_id = first.add()
    until(sleeps.is_set, "the pause")
    check, paused = JobStore.check_others, list[JobStore]()

    def check_unless_paused(store: JobStore) -> None:
        if not paused:
            paused.append(store)
        if store is not paused[0]:
            check(store)

    monkeypatch.setattr(JobStore, "check_others", check_unless_paused)  # a paused process has no heartbeat
    until(lambda: bool(paused), "the end of its heartbeat")
    monkeypatch.setattr(claims, "this_machine", lambda: "elsewhere-0000")
    second = open_studio(timing=BRIEF)
    second.loaded()
    assert second.jobs[job_id].foreign
    if moment.startswith("when"):
        second.reach(job_id, Stage.FAILED)  # it looks for the call, and does not send it by itself
        second.runner.resume(job_id)
    second.until(lambda: second.jobs[job_id].stage is Stage.READY, "the model")
    monkeypatch.undo()
    wakes.set()
    until(is_over.is_set, "the end of the pause")
    first.until(lambda: first.jobs[job_id].foreign or first.jobs[job_id].stage is Stage.READY, "the other's news")
    first.rest()
    assert (emulator.calls["submit"], emulator.paid) == (1, 1)
    assert second.on_disk(job_id).stage is Stage.READY
