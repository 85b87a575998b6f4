"""Cancel at each stage: free before the submit, and never a model thrown away that is paid for after it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator import Emulator, Fault
from tests.never_lost.plain.window import QUICK, Window, account, new_job
from tests.never_lost.world import OWN_WITH_MODEL, glb, names_in, until
from tests.services import scenario_stops
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.picture.file import PictureFile

Open = Callable[[], Window]


def cancel_at_once(window: Window, job_id: str) -> Job:
    """Cancel, and see the job cancelled; what hangs meanwhile goes on hanging."""
    window.runner.cancel(job_id)
    return window.reach(job_id, Stage.CANCELLED)


def test_a_queued_job_is_cancelled_at_once_and_free(root: Path, picture: Path, emulator: Emulator) -> None:
    window = Window(root, None)
    job = new_job(7)
    window.runner.add([job], PictureFile(picture))
    window.reach(job.id, Stage.QUEUED)
    message = cancel_at_once(window, job.id).message
    window.runner.use(account(emulator.url))
    window.rest()
    window.close()
    assert message == "Cancelled before anything was charged."
    assert emulator.calls.total() == 0


def test_an_upload_is_cancelled_at_once_and_free(window: Window, picture: Path, emulator: Emulator) -> None:
    may_come_back = threading.Event()
    emulator.fault("upload", Fault(until=may_come_back))
    job_id = window.add(picture)
    until(lambda: emulator.calls["upload"], "the upload")
    assert cancel_at_once(window, job_id).message == "Cancelled before anything was charged."
    may_come_back.set()
    until(lambda: emulator.assets, "the answer")
    window.reach(window.add(picture, seed=8), Stage.READY)  # which comes after it in every queue
    assert [job.input["seed"] for job in emulator.jobs.values()] == [8]


@scenario_stops
def test_a_job_that_is_cancelled_in_the_paid_call_is_cancelled_at_scenario(
    window: Window, picture: Path, emulator: Emulator
) -> None:
    may_come_back = threading.Event()
    emulator.fault("submit", Fault(until=may_come_back, job="never_ends"))
    job_id = window.add(picture)
    until(lambda: emulator.calls["submit"], "the paid call")
    window.runner.cancel(job_id)
    window.wait_for(lambda: window.jobs[job_id].cancel_asked, "the list's word for it")
    may_come_back.set()
    window.reach(job_id, Stage.CANCELLED)
    assert [job.status for job in emulator.jobs.values()] == ["canceled"]
    assert (emulator.paid, emulator.calls["cancel"]) == (1, 1)


def test_a_running_job_that_scenario_does_not_stop_is_kept_and_paid_once(
    window: Window, picture: Path, emulator: Emulator
) -> None:
    emulator.fault("submit", Fault(delay=0.4))
    job_id = window.add(picture)
    until(lambda: emulator.calls["submit"], "the paid call")
    window.runner.cancel(job_id)
    job = window.reach(job_id, Stage.READY)
    assert job.cancel_refused
    assert (window.root / job_id / "model.glb").read_bytes() == glb(7)
    assert (emulator.calls["cancel"], emulator.paid) == (1, 1)


@scenario_stops
def test_a_running_job_is_cancelled_at_scenario_and_the_message_says_what_was_charged(
    window: Window, picture: Path, emulator: Emulator
) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    job_id = window.add(picture)
    window.reach(job_id, Stage.RUNNING)
    window.runner.cancel(job_id)
    job = window.reach(job_id, Stage.CANCELLED)
    (there,) = emulator.jobs.values()
    assert there.status == "canceled"
    assert job.message == f"Cancelled. Scenario charged {there.cost:g} CU."


@scenario_stops
def test_a_job_that_was_not_charged_is_said_to_be_stopped_in_time(
    window: Window, picture: Path, emulator: Emulator
) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    job_id = window.add(picture)
    window.reach(job_id, Stage.RUNNING)
    next(iter(emulator.jobs.values())).cost = 0.0
    window.runner.cancel(job_id)
    assert window.reach(job_id, Stage.CANCELLED).message == "Cancelled. It was stopped in time."


def test_a_result_that_was_finished_anyway_is_kept(window: Window, picture: Path, emulator: Emulator) -> None:
    emulator.fault("job", Fault(delay=0.5))
    emulator.fault("cancel", Fault(delay=0.5))
    job_id = window.add(picture)
    window.reach(job_id, Stage.RUNNING)
    window.runner.cancel(job_id)
    window.reach(job_id, Stage.READY)
    assert (window.root / job_id / "model.glb").read_bytes() == glb(7)
    assert (emulator.calls["cancel"], emulator.paid) == (1, 1)


@scenario_stops
def test_a_job_whose_answer_was_lost_is_found_and_then_cancelled(
    window: Window, picture: Path, emulator: Emulator
) -> None:
    emulator.fault("submit", Fault(close="after", job="never_ends"))
    emulator.fault("jobs", Fault(lag=60), times=2)
    job_id = window.add(picture)
    window.reach(job_id, Stage.UNCONFIRMED)
    window.runner.cancel(job_id)
    window.reach(job_id, Stage.CANCELLED)
    assert [job.status for job in emulator.jobs.values()] == ["canceled"]


def test_a_job_that_never_arrived_is_cancelled_only_when_that_is_certain(
    window: Window, picture: Path, emulator: Emulator
) -> None:
    emulator.fault("submit", Fault(close="before"))
    begun = time.monotonic()
    job_id = window.add(picture)
    window.reach(job_id, Stage.UNCONFIRMED)
    window.runner.cancel(job_id)
    job = window.reach(job_id, Stage.CANCELLED)
    assert time.monotonic() - begun >= QUICK.listing_lag
    assert emulator.calls["jobs"] >= 2
    assert job.message == "Cancelled. The request never reached Scenario, and nothing was charged."
    assert (emulator.calls["submit"], emulator.paid) == (1, 0)


@pytest.mark.parametrize("opens_anew", [False, True], ids=["same window", "next window"])
def test_a_download_goes_on_though_it_is_cancelled_and_the_model_is_kept(
    window: Window, open_window: Open, picture: Path, emulator: Emulator, opens_anew: bool
) -> None:
    held = threading.Event()
    emulator.fault("download", Fault(until=held))
    job_id = window.add(picture)
    until(lambda: emulator.calls["download"], "the download")
    window.runner.cancel(job_id)
    window.wait_for(lambda: window.jobs[job_id].cancel_asked, "the list's word for it")
    assert window.jobs[job_id].stage is Stage.DOWNLOADING
    if opens_anew:
        window.close()
        window = open_window()
    held.set()
    assert window.reach(job_id, Stage.READY).cancel_asked
    assert (window.root / job_id / "model.glb").read_bytes() == glb(7)
    assert names_in(window.root / job_id) == OWN_WITH_MODEL
    assert (emulator.calls["submit"], emulator.calls["cancel"], emulator.paid) == (1, 0, 1)
