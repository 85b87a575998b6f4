"""Jobs of another folder are taken in while the runner works: they appear, go on, and are paid once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from emulator import Emulator, Fault
from tests.core.other_blender import OtherBlender
from tests.core.studio import Studio, new_job
from trellis_blender.core.files import rename
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job import moving
from trellis_blender.core.job.job import Stage
from trellis_blender.core.runner.messages import JobsLoaded

Open = Callable[..., Studio]


@pytest.fixture
def old(folder: Path) -> Path:
    """Return the folder where an earlier version kept jobs."""
    return folder / "old"


def left_running(studio: Studio, emulator: Emulator, old: Path) -> str:
    """Leave a job that runs for ever in the old folder; its id."""
    emulator.fault("submit", Fault(job="never_ends"))
    job_id = studio.add()
    studio.reach(job_id, Stage.RUNNING)
    studio.close()
    studio.root.rename(old)
    return job_id


def loaded(studio: Studio) -> list[tuple[bool, bool]]:
    """Wait until all jobs are moved; each message that they are loaded: whether all are there, and still move."""
    told: list[JobsLoaded] = []

    def is_over() -> bool:
        told[:] = [message for message in studio.told if isinstance(message, JobsLoaded)]
        return len(told) > 1 and not told[-1].is_moving

    studio.until(is_over, "moving")
    return [(message.is_whole, message.is_moving) for message in told]


def test_jobs_of_another_folder_are_told_like_all_others(studio: Studio, old: Path) -> None:
    jobs = [new_job(seed=seed) for seed in range(5)]
    for job in jobs:
        job_folder.create(old, job, None)
    studio.loaded()
    studio.runner.take_in([old, old.with_name("none")])
    studio.until(lambda: set(studio.jobs) == {job.id for job in jobs}, "all jobs")
    assert loaded(studio)[-1] == (True, False)
    assert {path.name for path in studio.root.iterdir() if not path.name.startswith(".")} == set(studio.jobs)
    assert studio.notices() == []


def test_a_job_that_ran_when_its_blender_was_closed_goes_on_in_the_new_folder(
    studio: Studio, open_studio: Open, emulator: Emulator, old: Path
) -> None:
    job_id = left_running(studio, emulator, old)
    second = open_studio()
    second.runner.take_in([old])
    second.reach(job_id, Stage.RUNNING)
    second.until(lambda: second.jobs[job_id].remote_status, "polling")
    assert (second.root / job_id / "job.json").is_file()
    assert emulator.paid == 1


def test_a_job_that_runs_in_another_blender_stays_with_it_and_not_all_jobs_are_known(
    studio: Studio, open_studio: Open, emulator: Emulator, old: Path
) -> None:
    job_id = left_running(studio, emulator, old)
    other = OtherBlender("drive", str(old), emulator.url)
    other.says(f"{job_id} running own")
    second = open_studio()
    second.runner.take_in([old])
    assert loaded(second)[-1] == (False, False)
    assert second.jobs == {}
    assert (old / job_id / "job.json").is_file()
    other.kill()
    third = open_studio()
    third.runner.take_in([old])
    assert loaded(third)[-1] == (True, False)
    third.reach(job_id, Stage.RUNNING)
    assert emulator.paid == 1


def test_as_long_as_jobs_move_not_all_are_known(open_studio: Open, old: Path) -> None:
    job_folder.create(old, new_job(), None)
    studio = open_studio()
    studio.runner.take_in([old])
    studio.runner.load()
    told = loaded(studio)
    assert (True, True) not in told
    assert told[-1] == (True, False)


def test_a_job_that_cannot_be_moved_is_told_of_and_the_others_come(
    studio: Studio, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [new_job(seed=seed) for seed in range(3)]
    for job in jobs:
        job_folder.create(old, job, None)

    def refused(source: Path, target: Path) -> None:
        if source.name == jobs[1].id:
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(moving, "rename", refused)
    studio.loaded()
    studio.runner.take_in([old])
    assert loaded(studio)[-1] == (False, False)
    assert set(studio.jobs) == {jobs[0].id, jobs[2].id}
    assert studio.notices() == [
        "Could not move a job to the jobs' folder: No space left on device."
        " Free some disk space or check the folder, then try again."
    ]


@pytest.mark.unexpected
def test_a_mistake_of_ours_does_not_keep_the_runner_from_writing_pictures(
    studio: Studio, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_folder.create(old, new_job(), None)
    monkeypatch.setattr(moving, "folders_in", lambda _place: 1 / 0)
    studio.runner.take_in([old])
    assert loaded(studio)[-1][1] is False
    studio.reach(studio.add(), Stage.READY)
