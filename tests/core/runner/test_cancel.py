"""Cancelling: it costs nothing before the paid call; after it the model is kept, where Scenario does not stop it."""

from __future__ import annotations

import dataclasses
import json
import math
import threading
from collections.abc import Callable

import pytest

from emulator import Emulator, Fault
from tests.clock import MovedClock
from tests.core.studio import QUICK, STEADY, Studio, account_of
from tests.services import scenario_stops
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.job.spending import charged
from trellis_blender.core.job.words import KEPT, NOT_STOPPED, WILL_BE_KEPT, stage_words, state_sentence

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
    emulator.job_seconds = 600.0
    job_id = studio.add()
    studio.until(lambda: emulator.calls["submit"], "the paid call")
    studio.runner.cancel(job_id)
    studio.until(lambda: studio.jobs[job_id].cancel_refused, "the refusal")
    emulator.jobs[studio.jobs[job_id].remote_id].seconds = 0.0
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
    studio = open_studio(timing=STEADY, clock=clock)
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
    studio = open_studio(timing=STEADY, clock=clock)
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
    studio = open_studio(timing=STEADY, clock=clock)
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


def is_kept(studio: Studio, job: Job) -> bool:
    """Whether the job's model is there, paid for, and not to be imported by itself; on disk as well."""
    is_there = (studio.folder(job.id) / "model.glb").exists() and job.holds_model
    is_paid = charged(job) == job.cost == studio.emulator.jobs[job.remote_id].cost
    return is_there and is_paid and job.cancel_asked and studio.is_saved(job) and state_sentence(job) == KEPT


@pytest.mark.parametrize("stage", [Stage.DOWNLOADING, Stage.READING])
def test_a_model_that_is_on_its_way_when_it_is_cancelled_is_kept(
    open_studio: Open, emulator: Emulator, stage: Stage
) -> None:
    go_on = threading.Event()
    studio = open_studio(timing=dataclasses.replace(QUICK, word=math.inf))
    studio.reads_models = stage is Stage.READING
    emulator.fault("download", Fault(until=go_on if stage is Stage.DOWNLOADING else None))
    job_id = studio.add()
    studio.reach(job_id, stage)
    studio.runner.cancel(job_id)
    studio.until(lambda: studio.jobs[job_id].cancel_asked, "the wish")
    job = studio.jobs[job_id]
    assert (job.stage, state_sentence(job), studio.is_saved(job)) == (stage, WILL_BE_KEPT, True)
    assert stage_words(job, 0.0) in ("Downloading", "Reading")
    go_on.set()
    studio.runner.keep_unread(job_id)
    assert is_kept(studio, studio.reach(job_id, Stage.READY))
    assert (emulator.calls["cancel"], emulator.calls["download"], emulator.paid) == (0, 1, 1)


def test_a_model_that_is_ready_when_it_is_cancelled_is_kept(studio: Studio) -> None:
    job = studio.reach(studio.add(), Stage.READY)
    studio.runner.cancel(job.id)
    studio.until(lambda: studio.jobs[job.id].cancel_asked, "the wish")
    assert (studio.jobs[job.id].stage, studio.jobs[job.id].ended) == (Stage.READY, job.ended)
    assert is_kept(studio, studio.jobs[job.id])


def test_cancelling_does_not_hurry_a_download_that_shall_wait(open_studio: Open, emulator: Emulator) -> None:
    clock = MovedClock()
    studio = open_studio(timing=STEADY, clock=clock)
    emulator.fault("download", Fault(status=429, retry_after="30"))
    job_id = studio.add()
    studio.skip_until(clock, lambda: emulator.calls["download"], "the download")
    studio.trouble(job_id)
    studio.runner.cancel(job_id)
    studio.until(lambda: studio.jobs[job_id].cancel_asked, "the wish")
    passed = studio.skip_until(clock, lambda: studio.jobs[job_id].stage is Stage.READY, "the model")
    assert passed >= 30


def test_a_wish_to_cancel_a_download_survives_a_restart(open_studio: Open, emulator: Emulator) -> None:
    emulator.fault("download", Fault(close="before"))
    clock = MovedClock()
    first = open_studio(timing=STEADY, clock=clock)  # in which the download is not tried again by itself
    job_id = first.add()
    failed = lambda: job_id in first.jobs and first.jobs[job_id].trouble  # noqa: E731 - said once
    first.skip_until(clock, failed, "the download's end")
    first.runner.cancel(job_id)
    first.until(lambda: first.jobs[job_id].cancel_asked, "the wish")
    first.close()
    second = open_studio()
    assert is_kept(second, second.reach(job_id, Stage.READY))
    assert emulator.paid == 1


def test_a_download_that_an_earlier_version_has_stopped_is_had_for_nothing(
    open_studio: Open, emulator: Emulator
) -> None:
    first = open_studio()
    done = first.reach(first.add(), Stage.READY)
    first.close()
    (first.folder(done.id) / "model.glb").unlink()
    message = "The download was stopped. The model is paid for: Retry brings it."
    stopped = dataclasses.replace(done, stage=Stage.CANCELLED, cancel_asked=True, model_asset_id="", message=message)
    job_folder.save(first.folder(done.id), stopped)
    second = open_studio()
    assert second.reach(done.id, Stage.CANCELLED).holds_model
    second.again(done.id)
    assert not second.reach(done.id, Stage.READY).cancel_asked
    assert (second.folder(done.id) / "model.glb").exists()
    assert (emulator.calls["upload"], emulator.calls["submit"], emulator.paid) == (1, 1, 1)


@scenario_stops
def test_a_cancelled_job_is_begun_anew_when_it_is_resumed(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    job_id = studio.add()
    studio.reach(job_id, Stage.RUNNING)
    cancelled(studio, job_id)
    studio.again(job_id)
    assert len(studio.reach(job_id, Stage.READY).past_remote_ids) == 1
    assert (emulator.paid, emulator.calls["upload"]) == (2, 1)


def test_cancelling_a_job_that_is_over_changes_nothing(studio: Studio) -> None:
    job = studio.reach(studio.add(), Stage.READY)
    studio.runner.imported(job.id)
    job = studio.reach(job.id, Stage.IMPORTED)
    studio.runner.cancel(job.id)
    studio.checked(account_of(studio.emulator))
    assert studio.jobs[job.id] == job
    assert studio.notices() == []
