"""From the click to a job on disk: the picture is written where it keeps nobody waiting, and no click is lost."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from emulator import Emulator, Fault
from tests.core.studio import Studio, new_job
from tests.patience import PATIENCE
from trellis_blender.core.errors import PictureError
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.picture.file import ChosenPicture, PreparedPicture
from trellis_blender.core.picture.view import View

Open = Callable[..., Studio]


class Slow:
    """A picture that is prepared when the test says so; `threads` are those that have prepared it."""

    def __init__(self, studio: Studio, error: Exception | None = None) -> None:
        studio.runner.pictures.prepare = lambda chosen: self.prepare() if chosen.targa else as_it_is(chosen)
        self.begun, self.may_end, self.threads = threading.Event(), threading.Event(), list[threading.Thread]()
        self._studio, self._error = studio, error

    def chosen(self) -> ChosenPicture:
        """What the runner gets."""
        return ChosenPicture("Bücher regal.jpg", targa=self._studio.picture)

    def prepare(self) -> PreparedPicture:
        """What the runner has done on a worker."""
        self.threads.append(threading.current_thread())
        self.begun.set()
        assert self.may_end.wait(PATIENCE)
        if self._error is not None:
            raise self._error
        return PreparedPicture(self._studio.picture.read_bytes(), "png", (1, 2, 3, 4, 5, 6), View(b"", ()))


def as_it_is(chosen: ChosenPicture) -> PreparedPicture:
    """Another job's picture."""
    assert chosen.file is not None
    return PreparedPicture(chosen.file.read_bytes(), "png", (), View(b"", ()))


def add_slow(studio: Studio, error: Exception | None = None) -> tuple[Job, Slow]:
    """A job whose picture is being written."""
    job, slow = new_job(), Slow(studio, error)
    studio.runner.add([job], slow.chosen())
    assert slow.begun.wait(PATIENCE)
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
def test_a_picture_that_cannot_be_prepared_fails_its_job_and_leaves_nothing(
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
    studio.runner.add(jobs, slow.chosen())
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
    studio.runner.add([last], later.chosen())
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


def test_the_job_keeps_what_was_cut_out_and_the_name_fits_what_is_sent(studio: Studio, emulator: Emulator) -> None:
    job, slow = add_slow(studio)
    slow.may_end.set()
    studio.reach(job.id, Stage.READY)
    kept = studio.on_disk(job.id)
    assert (kept.crop, kept.is_prepared, kept.picture) == ((1, 2, 3, 4, 5, 6), True, "source.png")
    assert [asset.name for asset in emulator.assets.values() if asset.source == "uploaded"] == ["Bücher regal.png"]


def test_the_picture_of_a_job_from_before_is_prepared_before_it_is_sent_again(
    open_studio: Open, emulator: Emulator
) -> None:
    earlier = open_studio()
    emulator.fault("submit", Fault(status=402))
    job_id = earlier.add()
    earlier.reach(job_id, Stage.FAILED)
    assert earlier.close()
    studio, sent = open_studio(), len(emulator.assets)
    packed = io.BytesIO()
    Image.open(earlier.picture).convert("RGB").save(packed, "JPEG")
    made = PreparedPicture(packed.getvalue(), "jpeg", (0, 0, 9, 9, 9, 9), View(b"", ()))
    given: list[ChosenPicture] = []

    def prepare(chosen: ChosenPicture) -> PreparedPicture:
        given.append(chosen)
        return made

    studio.runner.pictures.prepare = prepare
    studio.until(lambda: job_id in studio.jobs)
    studio.runner.resume(job_id)
    studio.until(lambda: studio.jobs[job_id].stage is Stage.READY)
    assert [chosen.file for chosen in given] == [studio.folder(job_id) / "source.png"]
    assert [asset.data for asset in emulator.assets.values()][sent] == made.data
    kept = studio.on_disk(job_id)
    assert (kept.picture, kept.is_prepared, kept.crop) == ("source.jpeg", True, made.crop)
    assert emulator.paid == 1


def test_the_runner_prepares_no_picture_that_is_ready(studio: Studio, emulator: Emulator) -> None:
    studio.reach(studio.add(), Stage.READY)
    assert emulator.paid == 1
