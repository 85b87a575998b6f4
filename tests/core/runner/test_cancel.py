"""Cancelling: it costs nothing before the paid call; after it the model is kept, where Scenario does not stop it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from emulator import Emulator, Fault
from tests.clock import MovedClock
from tests.core.studio import STEADY, Studio, account_of, tells_what_to_do
from tests.services import scenario_stops
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.job.spending import charged
from trellis_blender.core.job.words import NOT_STOPPED, stage_words, state_sentence

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
    emulator.fault("submit", Fault(status=429, retry_after="30"), times=None)
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


@scenario_stops
def test_cancelling_during_the_paid_call_stops_the_job_there(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(delay=0.3, job="never_ends"))
    job_id = studio.add()
    studio.until(lambda: emulator.calls["submit"], "the paid call")
    cancelled(studio, job_id)
    assert [job.status for job in emulator.jobs.values()] == ["canceled"]
    assert emulator.paid == 1


@scenario_stops
def test_cancelling_a_running_job_stops_it_there(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    job_id = studio.add()
    studio.reach(job_id, Stage.RUNNING)
    assert cancelled(studio, job_id).startswith("Cancelled.")
    assert [job.status for job in emulator.jobs.values()] == ["canceled"]
    assert studio.is_saved(studio.jobs[job_id])


@scenario_stops
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


@scenario_stops
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


@scenario_stops
def test_cancelling_too_late_keeps_the_result(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("job", Fault(status=503), times=None)
    emulator.fault("jobs", Fault(status=503), times=None)
    job_id = studio.add()
    studio.reach(job_id, Stage.RUNNING)
    studio.until(lambda: [job.status for job in emulator.jobs.values()] == ["success"], "the end there")
    studio.runner.cancel(job_id)
    assert studio.reach(job_id, Stage.READY).model_asset_id


def test_a_running_model_that_scenario_does_not_stop_is_kept(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(delay=0.3))
    job_id = studio.add()
    studio.until(lambda: emulator.calls["submit"], "the paid call")
    studio.runner.cancel(job_id)
    job = studio.reach(job_id, Stage.READY)
    assert (job.cancel_asked, job.cancel_refused, job.holds_model) == (True, True, True)
    assert charged(job) == job.cost == emulator.jobs[job.remote_id].cost
    assert (studio.folder(job_id) / "model.glb").exists()
    assert (emulator.calls["cancel"], emulator.paid) == (1, 1)


def test_it_is_said_that_scenario_does_not_stop_it(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    job_id = studio.add()
    studio.reach(job_id, Stage.RUNNING)
    studio.runner.cancel(job_id)
    studio.until(lambda: studio.jobs[job_id].cancel_refused, "the refusal")
    assert "Asking Scenario to stop" in {
        stage_words(change, 0.0) for change in studio.told if isinstance(change, Job) and change.id == job_id
    }
    assert stage_words(studio.jobs[job_id], 0.0) in ("Generating", "Waiting at Scenario")
    assert state_sentence(studio.jobs[job_id]) == NOT_STOPPED
    assert studio.is_saved(studio.jobs[job_id])


def test_after_a_refused_cancel_polling_goes_on_at_its_usual_pace(open_studio: Open, emulator: Emulator) -> None:
    clock = MovedClock()
    studio = open_studio(pace=STEADY, clock=clock)
    emulator.fault("submit", Fault(job="never_ends"))
    job_id = studio.add()
    studio.reach(job_id, Stage.RUNNING)
    studio.runner.cancel(job_id)
    studio.until(lambda: studio.jobs[job_id].cancel_refused, "the refusal")
    polls, passed = emulator.calls["job"], 0.0
    passed = studio.skip_until(clock, lambda: emulator.calls["job"] >= polls + 20, "polling")
    assert 15 <= passed <= 60
    assert emulator.calls["cancel"] == 1


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(status=409), Fault(close="before")], ids=str)
def test_while_the_cancel_does_not_get_through_the_model_is_not_lost_sight_of(
    open_studio: Open, emulator: Emulator, fault: Fault
) -> None:
    clock = MovedClock()
    studio = open_studio(pace=STEADY, clock=clock)
    emulator.fault("submit", Fault(delay=0.3))
    emulator.fault("cancel", fault, times=None)
    job_id = studio.add()
    studio.until(lambda: emulator.calls["submit"], "the paid call")
    studio.runner.cancel(job_id)
    ready = lambda: job_id in studio.jobs and studio.jobs[job_id].stage is Stage.READY  # noqa: E731 - said once
    studio.skip_until(clock, ready, "the model")
    assert emulator.paid == 1


def test_a_cancel_that_is_taken_and_not_done_is_asked_for_ever_more_seldom(
    open_studio: Open, emulator: Emulator
) -> None:
    clock = MovedClock()
    studio = open_studio(pace=STEADY, clock=clock)
    emulator.fault("submit", Fault(job="never_ends"))
    job = studio.reach(studio.add(), Stage.RUNNING)
    body = json.dumps({"job": {"jobId": job.remote_id, "status": "in-progress"}})
    emulator.fault("cancel", Fault(body=body), times=None)
    studio.runner.cancel(job.id)
    passed = studio.skip_until(clock, lambda: emulator.calls["cancel"] >= 6, "asking")
    assert passed >= 1 + 2 + 4 + 8 + 16


def test_a_refused_cancel_is_not_asked_again_in_the_next_session(open_studio: Open, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    first = open_studio()
    job_id = first.add()
    first.reach(job_id, Stage.RUNNING)
    first.runner.cancel(job_id)
    first.until(lambda: first.jobs[job_id].cancel_refused, "the refusal")
    first.close()
    second = open_studio()
    second.until(lambda: job_id in second.jobs and second.jobs[job_id].remote_status, "polling")
    assert emulator.calls["cancel"] == 1


@scenario_stops
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


@scenario_stops
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
