"""Two windows of Blender on the same folder: one drives, the other shows it, and takes over when the first is gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from emulator import Emulator, Fault
from tests.core.other_blender import OtherBlender
from tests.core.studio import Studio
from tests.services import scenario_stops
from trellis_blender.core.job.job import Stage

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
    second.runner.cancel(job_id)
    second.runner.resume(job_id)
    time.sleep(0.3)
    second.hear()
    assert second.jobs[job_id].foreign
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
