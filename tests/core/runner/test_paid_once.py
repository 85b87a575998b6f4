"""Money: a generation is paid for once, whatever happens to the call, to the computer and to the second window."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emulator import Emulator, Fault
from tests.clock import MovedClock
from tests.core.studio import QUICK, STEADY, Studio, account_of, new_job
from trellis_blender.core.errors import Remedy
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.claims import Claims, Hold
from trellis_blender.core.job.events import Submitted
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.request.service import RemoteJob
from trellis_blender.core.runner.steps import listing_start, look_up
from trellis_blender.core.scenario import connection

Open = Callable[..., Studio]


@pytest.mark.parametrize("fault", [Fault(status=429), Fault(status=429, retry_after="0.1")], ids=str)
def test_what_was_certainly_not_accepted_is_sent_again(studio: Studio, emulator: Emulator, fault: Fault) -> None:
    emulator.fault("submit", fault, times=3)
    job = studio.reach(studio.add(), Stage.READY)
    assert (emulator.paid, emulator.calls["submit"]) == (1, 4)
    assert Stage.UNCONFIRMED not in studio.stages(job.id)


def test_a_connection_that_was_never_made_is_tried_again(open_studio: Open, emulator: Emulator) -> None:
    studio = open_studio(use_account=False)
    job_id = studio.add()
    studio.runner.use(dataclasses.replace(account_of(emulator), address="http://127.0.0.1:9"))
    assert "No connection" in studio.trouble(job_id)
    studio.runner.use(account_of(emulator))
    studio.reach(job_id, Stage.READY)
    assert emulator.paid == 1


@pytest.mark.parametrize("fault", [Fault(close="after"), Fault(close="middle")], ids=["after", "middle"])
@pytest.mark.parametrize("lag", [0.0, 0.3])
def test_a_paid_call_whose_answer_was_lost_is_found_and_not_sent_again(
    studio: Studio, emulator: Emulator, fault: Fault, lag: float
) -> None:
    emulator.fault("submit", fault)
    emulator.fault("jobs", Fault(lag=lag), times=None)
    job = studio.reach(studio.add(), Stage.READY)
    assert (emulator.paid, emulator.calls["submit"]) == (1, 1)
    assert Stage.UNCONFIRMED in studio.stages(job.id)
    assert job.cost == emulator.jobs[job.remote_id].cost


@pytest.mark.parametrize("status", [302, 405, 408, 409, 418, 500, 502, 503, 504, 599])
def test_an_error_after_which_it_may_have_been_accepted_is_never_sent_again(
    studio: Studio, emulator: Emulator, status: int
) -> None:
    emulator.fault("submit", Fault(status=status))
    job = studio.reach(studio.add(), Stage.FAILED)
    assert (emulator.paid, emulator.calls["submit"]) == (0, 1)
    assert job.remedy is Remedy.SUBMIT_AGAIN


@pytest.mark.parametrize(
    "fault", [Fault(close="before"), Fault(body="{}"), Fault(body="<html>", html=True)], ids=["closed", "empty", "page"]
)
def test_a_call_that_never_arrived_is_sent_again_by_the_artist_alone(
    studio: Studio, emulator: Emulator, fault: Fault
) -> None:
    emulator.fault("submit", fault)
    begun = time.monotonic()
    job = studio.reach(studio.add(), Stage.FAILED)
    assert time.monotonic() - begun >= QUICK.listing_lag
    assert (emulator.paid, emulator.calls["submit"], job.remedy) == (0, 1, Remedy.SUBMIT_AGAIN)
    studio.again(job.id)
    studio.reach(job.id, Stage.READY)
    assert (emulator.paid, emulator.calls["submit"], emulator.calls["upload"]) == (1, 2, 1)


@pytest.mark.parametrize("silence", ["middle", "after"])
def test_a_paid_call_whose_answer_never_comes_is_found_and_not_sent_again(
    studio: Studio, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, silence: Any
) -> None:
    studio.reach(studio.add(), Stage.READY)  # all that is slow for the first time is done
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 2.0)
    emulator.fault("submit", Fault(silence=silence))
    job = studio.reach(studio.add(), Stage.READY)
    assert Stage.UNCONFIRMED in studio.stages(job.id)
    assert (emulator.calls["submit"], emulator.paid) == (2, 2)


@pytest.mark.parametrize(
    ("uploaded", "start"),
    [
        ("2026-11-22T10:00:00.400Z", "2026-11-22T09:59:59.000Z"),
        ("2026-11-22T12:00:00.400+02:00", "2026-11-22T09:59:59.000Z"),
        ("2026-11-22T10:00:00", "2026-11-22T09:59:59.000Z"),
        ("", "2026-11-21T10:00:00.000Z"),
        ("yesterday", "2026-11-21T10:00:00.000Z"),
    ],
)
def test_a_search_begins_before_the_instant_in_which_the_picture_was_uploaded(uploaded: str, start: str) -> None:
    created = datetime.fromisoformat("2026-11-22T10:00:00Z").timestamp()
    assert listing_start([dataclasses.replace(new_job(), uploaded_at=uploaded, created=created)]) == start


def test_a_submit_that_moves_to_the_front_while_the_pages_are_read_is_found() -> None:
    job = dataclasses.replace(new_job(), asset_id="asset_1")
    ours = RemoteJob("job_1", "queued", 0.0, 7.25, (), "asset_1", 7, "")
    other = dataclasses.replace(ours, id="job_2", image="asset_2")
    pages = [([other], "second"), ([other], ""), ([ours, other], "second")]
    asked: list[str] = []

    def jobs(_start: str, page: str = "") -> Any:
        asked.append(page)
        return pages.pop(0)

    tools: Any = SimpleNamespace(service=SimpleNamespace(jobs=jobs), wait=lambda _seconds: True, taken=frozenset())
    assert look_up(job, Path("nowhere"), tools) == Submitted("job_1", 7.25)
    assert asked == ["", "second", ""]


def test_a_search_that_began_too_early_is_not_certain(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(close="after"))
    emulator.fault("jobs", Fault(lag=60))
    # begun well before the listing is certain, but its answer is slow
    emulator.fault("jobs", Fault(lag=60, trickle=0.1), after=1)
    studio.reach(studio.add(), Stage.READY)
    assert (emulator.paid, emulator.calls["submit"]) == (1, 1)


def test_a_search_that_fails_is_not_a_search(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(close="after"))
    emulator.fault("jobs", Fault(status=500), times=6)
    job_id = studio.add()
    assert "500" in studio.trouble(job_id)
    studio.reach(job_id, Stage.READY)
    assert emulator.paid == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_search_that_is_refused_waits_and_fails_nothing(studio: Studio, emulator: Emulator, status: int) -> None:
    emulator.fault("submit", Fault(close="after"))
    emulator.fault("jobs", Fault(status=status), times=2)
    studio.reach(studio.add(), Stage.READY)
    assert emulator.paid == 1


@pytest.mark.parametrize("stage", [Stage.SUBMITTING, Stage.UNCONFIRMED])
def test_after_a_crash_during_the_paid_call_the_job_is_found(
    open_studio: Open, emulator: Emulator, stage: Stage
) -> None:
    first = open_studio()
    done = first.reach(first.add(), Stage.READY)
    first.close()
    crashed = dataclasses.replace(
        done, stage=stage, ended=None, remote_id="", cost=None, model_asset_ids=(), model_asset_id=""
    )
    job_folder.save(first.folder(done.id), crashed)
    second = open_studio()
    assert second.reach(done.id, Stage.READY).remote_id == done.remote_id
    assert emulator.paid == 1


def test_before_the_paid_call_leaves_the_disk_knows_of_it(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(delay=1.0))
    job_id = studio.add()
    studio.until(lambda: emulator.calls["submit"], "the paid call")
    saved = studio.on_disk(job_id)
    assert saved.stage is Stage.SUBMITTING
    assert saved.asset_id in emulator.assets
    assert saved.parameters["seed"] == 7


def test_stopping_during_the_paid_call_loses_nothing(open_studio: Open, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(delay=0.5))
    first = open_studio()
    job_id = first.add()
    first.until(lambda: emulator.calls["submit"], "the paid call")
    first.close()
    second = open_studio()
    second.reach(job_id, Stage.READY)
    assert (emulator.paid, emulator.calls["submit"]) == (1, 1)


def test_two_jobs_of_the_same_picture_and_seed_are_told_apart(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(close="after"), times=2)
    jobs = [studio.reach(job_id, Stage.READY) for job_id in (studio.add(), studio.add())]
    assert jobs[0].remote_id != jobs[1].remote_id
    assert emulator.paid == 2


def test_a_failed_try_is_not_taken_for_the_new_one(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="fails", hint="No."))
    job = studio.reach(studio.add(), Stage.FAILED)
    emulator.fault("submit", Fault(close="before"))
    studio.again(job.id)
    again = studio.reach(job.id, Stage.FAILED)
    assert (again.remedy, again.remote_id) == (Remedy.SUBMIT_AGAIN, "")
    assert again.past_remote_ids == (job.remote_id,)
    assert emulator.paid == 1


@pytest.mark.parametrize(("status", "remedy"), [(400, Remedy.SETTINGS), (402, Remedy.CREDITS), (404, Remedy.SETTINGS)])
def test_a_refused_submit_costs_nothing_and_retry_pays_once(
    studio: Studio, emulator: Emulator, status: int, remedy: Remedy
) -> None:
    emulator.fault("submit", Fault(status=status))
    job = studio.reach(studio.add(), Stage.FAILED)
    assert (emulator.paid, emulator.calls["submit"], job.remedy) == (0, 1, remedy)
    studio.again(job.id)
    studio.reach(job.id, Stage.READY)
    assert emulator.paid == 1


def test_a_success_that_names_no_model_yet_is_not_paid_for_again(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    job = studio.reach(studio.add(), Stage.RUNNING)
    body: dict[str, Any] = {"job": {"jobId": job.remote_id, "status": "success", "metadata": {"assetIds": []}}}
    emulator.fault("job", Fault(body=json.dumps(body)))
    assert studio.reach(job.id, Stage.FAILED).remedy is Remedy.RETRY
    studio.again(job.id)
    assert studio.reach(job.id, Stage.RUNNING).remote_id == job.remote_id
    assert emulator.paid == 1


def test_a_search_in_another_account_proves_nothing(steady: Studio, emulator: Emulator, clock: MovedClock) -> None:
    emulator.fault("submit", Fault(close="after"))
    emulator.fault("jobs", Fault(lag=600), times=None)
    job_id = steady.add()
    steady.reach(job_id, Stage.UNCONFIRMED)
    with Emulator() as elsewhere:
        steady.runner.use(account_of(elsewhere))
        end = clock.now() + 3 * STEADY.listing_lag
        steady.skip_until(clock, lambda: clock.now() > end, "three times as long as proves it")
        assert elsewhere.calls["jobs"] >= 2
        assert steady.jobs[job_id].stage is Stage.UNCONFIRMED
        steady.close()


def test_two_windows_do_not_pay_for_one_retry_each(open_studio: Open, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(status=400))
    first = open_studio()
    job = first.reach(first.add(), Stage.FAILED)
    second = open_studio()
    second.reach(job.id, Stage.FAILED)
    first.again(job.id)
    first.reach(job.id, Stage.READY)
    second.runner.resume(job.id)
    second.until(lambda: second.jobs[job.id].stage is Stage.READY, "the second window's news")
    assert second.jobs[job.id].remote_id == first.jobs[job.id].remote_id
    assert emulator.paid == 1


def test_a_window_with_old_news_does_not_overwrite_a_job_that_was_paid(open_studio: Open, emulator: Emulator) -> None:
    first = open_studio()
    job = first.reach(first.add(), Stage.READY)
    second = open_studio()
    second.reach(job.id, Stage.READY)
    first.runner.imported(job.id)
    first.reach(job.id, Stage.IMPORTED)
    changed = dataclasses.replace(first.on_disk(job.id), model_asset_id="asset_newer")
    job_folder.save(first.folder(job.id), changed)
    second.runner.imported(job.id)
    second.rest()
    assert first.on_disk(job.id).model_asset_id == "asset_newer"


def test_a_new_job_is_claimed_before_another_window_can_see_it(
    studio: Studio, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, taken = job_folder.create, list[Hold | None]()

    def create_and_look(root: Path, job: Job, picture: Path | None, process: str = "") -> None:
        create(root, job, picture, process)
        taken.append(Claims(root).take(root / job.id))  # as a second Blender does that is just starting

    monkeypatch.setattr(job_folder, "create", create_and_look)
    studio.reach(studio.add(), Stage.READY)
    assert (taken, emulator.paid) == ([None], 1)
