"""Two windows of Blender on the same folder: one drives, the other shows it, and takes over when the first is gone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator, Fault
from tests.core.other_blender import OtherBlender
from tests.core.studio import Studio, account_of
from tests.services import scenario_stops
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.claims import Claim, Claims, Hold, this_machine
from trellis_blender.core.job.job import Job, Stage

Open = Callable[..., Studio]


@pytest.fixture
def job_id(open_studio: Open, emulator: Emulator) -> str:
    """Return a job that runs for ever, left behind by a Blender that was closed."""
    emulator.fault("submit", Fault(job="never_ends"))
    first = open_studio()
    job_id = first.add()
    first.reach(job_id, Stage.RUNNING)
    first.close()
    return job_id


@pytest.fixture
def other(job_id: str, open_studio: Open, emulator: Emulator, folder: object) -> Iterator[OtherBlender]:
    """Yield another process that drives the job."""
    process = OtherBlender("drive", f"{folder}/jobs", emulator.url)
    process.says(f"{job_id} running own")
    yield process
    process.kill()


def test_the_second_window_shows_the_job_and_leaves_it_alone(
    other: OtherBlender, job_id: str, open_studio: Open, emulator: Emulator
) -> None:
    second = open_studio()
    second.loaded()
    assert second.jobs[job_id].foreign
    written = (second.folder(job_id) / "job.json").stat()
    second.runner.cancel(job_id)
    second.runner.resume(job_id)
    second.until(second.notices, "the answer to Retry")  # which comes after whatever Cancel did
    assert second.jobs[job_id].foreign
    assert (second.folder(job_id) / "job.json").stat() == written
    assert not second.on_disk(job_id).cancel_asked
    assert second.jobs[job_id].stage is Stage.RUNNING
    assert emulator.calls["cancel"] == 0


@scenario_stops
def test_the_second_window_takes_over_when_the_first_is_killed(
    other: OtherBlender, job_id: str, open_studio: Open, emulator: Emulator
) -> None:
    second = open_studio()
    second.loaded()
    assert second.jobs[job_id].foreign
    other.kill()
    second.until(lambda: not second.jobs[job_id].foreign, "taking over", 4)
    second.runner.cancel(job_id)
    second.reach(job_id, Stage.CANCELLED)
    assert [job.status for job in emulator.jobs.values()] == ["canceled"]
    assert emulator.paid == 1


@scenario_stops
def test_the_second_window_hears_how_the_job_ended(open_studio: Open, emulator: Emulator, job_id: str) -> None:
    first, second = open_studio(), open_studio()
    second.loaded()
    first.reach(job_id, Stage.RUNNING)
    foreign, driver = (second, first) if second.jobs[job_id].foreign else (first, second)
    assert foreign.jobs[job_id].foreign
    driver.runner.cancel(job_id)
    driver.reach(job_id, Stage.CANCELLED)
    foreign.until(lambda: foreign.jobs[job_id].stage is Stage.CANCELLED, "the news", 4)
    assert not foreign.jobs[job_id].foreign


def test_a_job_of_a_window_that_was_closed_is_driven_by_the_next(
    job_id: str, open_studio: Open, emulator: Emulator
) -> None:
    studio = open_studio()
    studio.loaded()
    assert not studio.jobs[job_id].foreign
    studio.until(lambda: studio.jobs[job_id].remote_status, "polling")
    assert emulator.paid == 1


def test_what_a_blender_had_claimed_that_died_at_the_last_moment_is_released(open_studio: Open) -> None:
    first = open_studio()
    job = first.reach(first.add(), Stage.READY)
    first.close()
    claim = Claim(first.folder(job.id), f"{this_machine()}-1-abcdef")  # a process without a file of its own is dead
    claim.path.mkdir(parents=True)
    second = open_studio()
    second.loaded()
    assert not claim.path.parent.exists()
    assert second.jobs[job.id].stage is Stage.READY


def left_at(studio: Studio, stage: Stage, **changes: Any) -> Job:
    """A finished job whose file says again that it stands at an earlier stage."""
    done = studio.reach(studio.add(), Stage.READY)
    earlier = dataclasses.replace(done, stage=stage, ended=None, **changes)
    job_folder.save(studio.folder(done.id), earlier)
    return done


def test_what_another_blender_has_done_until_the_job_is_claimed_is_seen(
    open_studio: Open, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_studio()
    nothing_sent = {"asset_id": "", "remote_id": "", "cost": None, "model_asset_ids": (), "model_asset_id": ""}
    done = left_at(first, Stage.UPLOADING, **nothing_sent)
    first.close()
    take = Claims.take

    def take_late(claims: Claims, folder: Path) -> Hold | None:
        job_folder.save(folder, done)  # the other Blender's last deed before it let go
        return take(claims, folder)

    monkeypatch.setattr(Claims, "take", take_late)
    second = open_studio()
    second.loaded()
    second.checked(account_of(emulator))
    assert second.jobs[done.id].stage is Stage.READY
    assert (emulator.calls["upload"], emulator.paid) == (1, 1)


def test_a_retry_goes_on_from_what_the_file_says_and_not_from_memory(
    open_studio: Open, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_studio()
    nothing_sent = {"remote_id": "", "cost": None, "model_asset_ids": (), "model_asset_id": ""}
    done = left_at(first, Stage.FAILED, message="Refused.", **nothing_sent)
    first.close()
    second = open_studio()
    second.reach(done.id, Stage.FAILED)
    job_folder.save(second.folder(done.id), done)  # another Blender has gone on with it, and paid
    second.runner.resume(done.id)
    second.until(lambda: second.jobs[done.id].stage is Stage.READY, "what the other has done")
    second.checked(account_of(emulator))
    second.until(lambda: second.jobs[done.id].stage is Stage.READY, "the model")
    assert (emulator.calls["submit"], emulator.paid) == (1, 1)
