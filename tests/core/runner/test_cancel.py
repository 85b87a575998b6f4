"""Cancelling: it costs nothing before the paid call, stops the job at Scenario after it, and keeps what is finished."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emulator import Emulator, Fault
from tests.core.studio import Studio, account_of, tells_what_to_do
from trellis_blender.core.job.job import Stage

Open = Callable[..., Studio]


def cancelled(studio: Studio, job_id: str) -> str:
    """Cancel the job and wait for it; the message."""
    studio.runner.cancel(job_id)
    return studio.reach(job_id, Stage.CANCELLED).message


def test_cancelling_a_job_that_waits_for_an_account_costs_nothing(open_studio: Open, emulator: Emulator) -> None:
    studio = open_studio(use_account=False)
    job_id = studio.add()
    assert cancelled(studio, job_id) == "Cancelled before anything was charged."
    studio.runner.use(account_of(emulator))
    studio.checked(account_of(emulator))
    assert (emulator.calls["upload"], emulator.paid) == (0, 0)


def test_cancelling_during_the_upload_costs_nothing(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("upload", Fault(delay=0.3))
    job_id = studio.add()
    studio.until(lambda: emulator.calls["upload"], "the upload")
    assert cancelled(studio, job_id) == "Cancelled before anything was charged."
    studio.until(lambda: emulator.assets, "the end of the upload")
    studio.checked(account_of(emulator))
    assert (emulator.calls["submit"], studio.jobs[job_id].stage) == (0, Stage.CANCELLED)


def test_cancelling_while_a_submit_is_put_off_costs_nothing(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(status=503, retry_after="30"), times=None)
    job_id = studio.add()
    studio.trouble(job_id)
    assert cancelled(studio, job_id) == "Cancelled before anything was charged."
    assert (emulator.calls["submit"], emulator.paid) == (1, 0)


@pytest.mark.parametrize("status", [401, 403])
def test_cancelling_after_the_key_was_refused_at_the_submit_costs_nothing(
    studio: Studio, emulator: Emulator, status: int
) -> None:
    emulator.fault("submit", Fault(status=status, body='{"reason": "Not this key"}'))
    job_id = studio.add()
    studio.until(lambda: job_id in studio.jobs and (studio.jobs[job_id].trouble or studio.jobs[job_id].is_resting))
    studio.runner.cancel(job_id)
    studio.runner.use(account_of(emulator))
    studio.until(lambda: studio.jobs[job_id].is_resting, "the end")
    studio.checked(account_of(emulator))
    assert emulator.paid == 0


def test_cancelling_during_the_paid_call_stops_the_job_there(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(delay=0.3, job="never_ends"))
    job_id = studio.add()
    studio.until(lambda: emulator.calls["submit"], "the paid call")
    cancelled(studio, job_id)
    assert [job.status for job in emulator.jobs.values()] == ["canceled"]
    assert emulator.paid == 1


def test_cancelling_a_running_job_stops_it_there(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    job_id = studio.add()
    studio.reach(job_id, Stage.RUNNING)
    assert cancelled(studio, job_id).startswith("Cancelled.")
    assert [job.status for job in emulator.jobs.values()] == ["canceled"]
    assert studio.is_saved(studio.jobs[job_id])


@pytest.mark.parametrize(
    "fault", [Fault(status=500), Fault(status=429), Fault(close="before"), Fault(status=401)], ids=str
)
def test_a_cancel_that_does_not_get_through_is_tried_again(studio: Studio, emulator: Emulator, fault: Fault) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    emulator.fault("cancel", fault, times=2)
    job_id = studio.add()
    studio.reach(job_id, Stage.RUNNING)
    cancelled(studio, job_id)
    assert emulator.calls["cancel"] == 3
    assert [job.status for job in emulator.jobs.values()] == ["canceled"]


def test_a_wish_to_cancel_survives_a_restart(open_studio: Open, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    emulator.fault("cancel", Fault(close="before"))
    first = open_studio()
    job_id = first.add()
    first.reach(job_id, Stage.RUNNING)
    first.runner.use(None)
    first.runner.cancel(job_id)
    first.until(lambda: first.jobs[job_id].cancel_asked, "the wish")
    first.close()
    open_studio().reach(job_id, Stage.CANCELLED)
    assert [job.status for job in emulator.jobs.values()] == ["canceled"]


def test_cancelling_too_late_keeps_the_result(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("job", Fault(status=503), times=None)
    emulator.fault("jobs", Fault(status=503), times=None)
    job_id = studio.add()
    studio.reach(job_id, Stage.RUNNING)
    studio.until(lambda: [job.status for job in emulator.jobs.values()] == ["success"], "the end there")
    studio.runner.cancel(job_id)
    assert studio.reach(job_id, Stage.READY).model_asset_id


def test_a_refused_cancel_looks_how_the_job_stands(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    job_id = studio.add()
    studio.reach(job_id, Stage.RUNNING)
    emulator.fault("cancel", Fault(status=400))
    cancelled(studio, job_id)
    assert emulator.calls["cancel"] == 2


def test_cancelling_a_lost_submit_finds_it_and_stops_it(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(close="after", job="never_ends"))
    emulator.fault("jobs", Fault(lag=0.3), times=None)
    job_id = studio.add()
    studio.reach(job_id, Stage.UNCONFIRMED)
    cancelled(studio, job_id)
    assert [job.status for job in emulator.jobs.values()] == ["canceled"]


def test_cancelling_a_submit_that_never_arrived_says_that_nothing_was_charged(
    studio: Studio, emulator: Emulator
) -> None:
    emulator.fault("submit", Fault(close="before"))
    job_id = studio.add()
    studio.reach(job_id, Stage.UNCONFIRMED)
    assert "nothing was charged" in cancelled(studio, job_id)
    assert emulator.paid == 0


def test_a_stopped_download_can_be_had_later_for_nothing(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("download", Fault(trickle=0.05))
    job_id = studio.add()
    studio.until(lambda: emulator.calls["download"], "the download")
    message = cancelled(studio, job_id)
    assert tells_what_to_do(message)
    studio.again(job_id)
    studio.reach(job_id, Stage.READY)
    assert emulator.paid == 1


def test_a_cancelled_job_is_begun_anew_when_it_is_resumed(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    job_id = studio.add()
    studio.reach(job_id, Stage.RUNNING)
    cancelled(studio, job_id)
    studio.again(job_id)
    assert len(studio.reach(job_id, Stage.READY).past_remote_ids) == 1
    assert (emulator.paid, emulator.calls["upload"]) == (2, 1)


def test_cancelling_a_job_at_rest_changes_nothing(studio: Studio) -> None:
    job = studio.reach(studio.add(), Stage.READY)
    studio.runner.cancel(job.id)
    studio.checked(account_of(studio.emulator))
    assert studio.jobs[job.id] == job
    assert studio.notices() == []
