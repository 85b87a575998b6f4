"""From the click to a job on disk: the picture is written where it keeps nobody waiting, and no click is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator import Emulator
from tests.core.studio import Studio, new_job
from trellis_blender.core.errors import PictureError
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.picture.file import Found

Open = Callable[..., Studio]
SECONDS = 8.0


class Slow:
    """A picture that is written when the test says so; `threads` are those that have written it."""

    def __init__(self, studio: Studio, error: Exception | None = None) -> None:
        self.file = studio.root / ".incoming" / f"{id(self)}.png"
        self.begun, self.may_end, self.threads = threading.Event(), threading.Event(), list[threading.Thread]()
        self._studio, self._error = studio, error

    def found(self) -> Found:
        """What the runner gets."""
        return Found(self.file, is_ours=True, write=self._write)

    def _write(self) -> None:
        self.threads.append(threading.current_thread())
        self.begun.set()
        assert self.may_end.wait(SECONDS)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_bytes(self._studio.picture.read_bytes())
        if self._error is not None:
            raise self._error


def add_slow(studio: Studio, error: Exception | None = None) -> tuple[Job, Slow]:
    """A job whose picture is being written."""
    job, slow = new_job(), Slow(studio, error)
    studio.runner.add([job], slow.found())
    assert slow.begun.wait(SECONDS)
    return job, slow


def left(studio: Studio) -> list[str]:
    """The names of what lies in the jobs' folder."""
    return sorted(path.name for path in studio.root.rglob("*") if path.name != ".incoming")


def test_other_jobs_go_on_while_a_picture_is_written(studio: Studio) -> None:
    earlier = studio.add()
    _, slow = add_slow(studio)
    studio.reach(earlier, Stage.READY)
    slow.may_end.set()


def test_nothing_of_a_job_is_on_disk_or_sent_before_its_picture(studio: Studio, emulator: Emulator) -> None:
    job, slow = add_slow(studio)
    assert left(studio) == []
    assert not emulator.calls
    slow.may_end.set()
    studio.reach(job.id, Stage.READY)
    assert emulator.paid == 1


def test_cancelling_meanwhile_is_free(studio: Studio, emulator: Emulator) -> None:
    job, slow = add_slow(studio)
    studio.runner.cancel(job.id)
    studio.runner.tidy(None)
    slow.may_end.set()
    assert studio.reach(job.id, Stage.CANCELLED).message == "Cancelled before anything was charged."
    studio.reach(studio.add(), Stage.READY)
    assert (emulator.paid, emulator.calls["submit"]) == (1, 1)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PictureError("The picture has come apart. Choose another one."), "The picture has come apart."),
        (OSError(28, "No space left on device"), "Could not save the picture: No space left on device. Free some"),
        pytest.param(
            ZeroDivisionError(),
            "Something unexpected happened (ZeroDivisionError).",
            marks=pytest.mark.unexpected,
        ),
    ],
    ids=["picture", "disk", "mistake"],
)
def test_a_picture_that_cannot_be_written_fails_its_job_and_leaves_nothing(
    studio: Studio, emulator: Emulator, error: Exception, words: str
) -> None:
    job, slow = add_slow(studio, error)
    slow.may_end.set()
    assert studio.reach(job.id, Stage.FAILED).message.startswith(words)
    assert left(studio) == []
    assert not emulator.calls
    studio.reach(studio.add(), Stage.READY)


def test_a_picture_is_written_once_for_all_its_jobs(studio: Studio, emulator: Emulator) -> None:
    jobs, slow = [new_job(seed=seed) for seed in (7, 8, 9)], Slow(studio)
    slow.may_end.set()
    studio.runner.add(jobs, slow.found())
    for job in jobs:
        studio.reach(job.id, Stage.READY)
        assert (studio.folder(job.id) / "source.png").read_bytes() == studio.picture.read_bytes()
    assert (len(slow.threads), emulator.paid) == (1, 3)
    assert list((studio.root / ".incoming").iterdir()) == []


def test_a_job_whose_picture_is_being_written_outlives_the_end(open_studio: Open, emulator: Emulator) -> None:
    studio = open_studio()
    job, slow = add_slow(studio)
    threading.Timer(0.3, slow.may_end.set).start()
    assert studio.close()
    second = open_studio()
    second.reach(job.id, Stage.READY)
    assert emulator.paid == 1


def test_a_job_whose_picture_nobody_has_begun_to_write_outlives_the_end(open_studio: Open, emulator: Emulator) -> None:
    studio = open_studio()
    first, slow = add_slow(studio)
    later = Slow(studio)
    later.may_end.set()
    last = new_job(seed=8)
    studio.runner.add([last], later.found())
    threading.Timer(0.3, slow.may_end.set).start()
    assert studio.close()
    assert len(later.threads) == 1
    second = open_studio()
    for job in (first, last):
        second.reach(job.id, Stage.READY)
    assert emulator.paid == 2


def test_the_end_does_not_wait_for_ever_for_a_picture(open_studio: Open, picture: Path) -> None:
    studio = open_studio()
    _, slow = add_slow(studio)
    studio.runner.stop()
    assert picture.exists()
    assert left(studio) == []
    slow.may_end.set()
