"""The way of a model from the download to arrays: the file is checked once, and read once."""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator import Emulator
from tests.clock import MovedClock
from tests.core.studio import QUICK, STEADY, Studio, account_of
from tests.glbs.plain import whole
from tests.glbs.shapes import wedge
from tests.glbs.unplain import moving
from tests.opened import Opened, counted
from trellis_blender.core.job.folder import MODEL_FILE
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.model import read as model_file
from trellis_blender.core.model.arrays import Model, Shape
from trellis_blender.core.runner.messages import ModelRead, StorageUsed

PATIENT = dataclasses.replace(QUICK, word=math.inf)
Open = Callable[..., Studio]
Begin = Callable[[Job], Callable[[], None]]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """How often files were opened since."""
    with counted() as opened:
        yield opened


@pytest.fixture
def studio(open_studio: Open) -> Studio:
    """A studio whose models stay in the stage Reading until the test says what becomes of them."""
    studio = open_studio(timing=PATIENT)
    studio.reads_models = True
    return studio


def answer_to(studio: Studio, job_id: str) -> ModelRead:
    """What came of the reading, once it is told."""
    studio.until(lambda: any(isinstance(change, ModelRead) for change in studio.told), "the answer")
    answer = next(change for change in studio.told if isinstance(change, ModelRead))
    assert answer.id == job_id
    return answer


def test_a_model_is_checked_once_and_read_once(studio: Studio, opened: Opened) -> None:
    job = studio.reach(studio.add(), Stage.READING, Stage.READY)
    studio.runner.read(job.id, Shape())
    model = answer_to(studio, job.id).model
    assert model is not None
    assert model.mesh.face_count > 0
    assert opened[MODEL_FILE, "read"] == 1
    assert opened[MODEL_FILE + ".part", "read"] == 1
    assert opened[MODEL_FILE, "write"] == 0


def test_a_job_is_reading_until_its_model_is_in_arrays(studio: Studio, emulator: Emulator) -> None:
    job = studio.reach(studio.add(), Stage.READING)
    studio.checked(account_of(emulator))  # the runner has done all that it would do by itself
    assert studio.jobs[job.id].stage is Stage.READING
    studio.runner.read(job.id, Shape())
    answer_to(studio, job.id)
    told = [change.stage if isinstance(change, Job) else type(change) for change in studio.told]
    after = told[len(told) - told[::-1].index(Stage.READING) :]
    assert [each for each in after if each is not StorageUsed][-2:] == [Stage.READY, ModelRead]
    assert told.count(ModelRead) == 1
    assert studio.on_disk(job.id).stage is Stage.READY


def test_a_model_that_nobody_waits_for_is_not_read(studio: Studio, opened: Opened) -> None:
    job = studio.reach(studio.add(), Stage.READING)
    studio.runner.keep_unread(job.id)
    studio.reach(job.id, Stage.READY)
    assert opened[MODEL_FILE, "read"] == 0
    studio.runner.keep_unread(job.id)  # once more, too late: nothing to say
    studio.runner.read(job.id, Shape())
    assert answer_to(studio, job.id).model is not None
    assert opened[MODEL_FILE, "read"] == 1
    assert studio.notices() == []


@pytest.mark.parametrize("kind", ["not plain", "broken"])
def test_what_only_blender_may_read_gets_on_with_the_reason(studio: Studio, kind: str) -> None:
    draft = moving() if kind == "not plain" else whole(wedge())
    if kind == "broken":
        draft.json["accessors"][0]["count"] = 10_000
    job = studio.reach(studio.add(), Stage.READING)
    file = studio.folder(job.id) / MODEL_FILE
    file.write_bytes(draft.glb())
    studio.runner.read(job.id, Shape())
    answer = answer_to(studio, job.id)
    assert answer.model is None
    assert answer.reason
    assert studio.jobs[job.id].stage is Stage.READY
    assert file.read_bytes() == draft.glb()


def test_a_file_that_nobody_can_read_fails_its_job_and_stays(studio: Studio, emulator: Emulator) -> None:
    job = studio.reach(studio.add(), Stage.READING)
    file = studio.folder(job.id) / MODEL_FILE
    file.write_bytes(b"no GLB")
    studio.runner.read(job.id, Shape())
    answer = answer_to(studio, job.id)
    assert "is not a GLB" in answer.error
    assert (studio.jobs[job.id].stage, studio.jobs[job.id].message) == (Stage.FAILED, answer.error)
    assert file.is_file()
    studio.again(job.id)
    studio.reach(job.id, Stage.READING)
    assert (emulator.paid, emulator.calls["download"]) == (1, 2)


@pytest.fixture
def begin_to_read(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Have the model read by a reader that waits; what is returned lets it go on."""
    go, read_model = threading.Event(), model_file.read_model

    def read_late(path: Path, shape: Shape) -> Model:
        go.wait()
        return read_model(path, shape)

    def begin(job: Job) -> Callable[[], None]:
        monkeypatch.setattr(model_file, "read_model", read_late)
        studio.runner.read(job.id, Shape())
        return go.set

    yield begin
    go.set()


def test_a_model_that_is_cancelled_while_it_is_read_is_kept(studio: Studio, begin_to_read: Begin) -> None:
    job = studio.reach(studio.add(), Stage.READING)
    end = begin_to_read(job)
    studio.runner.cancel(job.id)
    studio.until(lambda: studio.jobs[job.id].cancel_asked, "the wish")
    end()
    assert answer_to(studio, job.id).model is not None
    assert (studio.jobs[job.id].stage, studio.jobs[job.id].cancel_asked) == (Stage.READY, True)
    assert studio.notices() == []


def test_a_model_that_is_being_read_is_not_kept_unread(
    studio: Studio, emulator: Emulator, begin_to_read: Begin
) -> None:
    job = studio.reach(studio.add(), Stage.READING)
    end = begin_to_read(job)
    studio.runner.keep_unread(job.id)
    studio.checked(account_of(emulator))
    assert studio.jobs[job.id].stage is Stage.READING
    end()
    assert answer_to(studio, job.id).model is not None
    assert studio.jobs[job.id].stage is Stage.READY


def test_a_main_thread_that_says_nothing_keeps_no_job_from_its_end(open_studio: Open) -> None:
    clock = MovedClock()
    studio = open_studio(timing=STEADY, clock=clock)
    studio.reads_models = True
    job_id = studio.add()
    studio.skip_until(clock, lambda: job_id in studio.jobs and studio.jobs[job_id].stage is Stage.READING, "Reading")
    passed = studio.skip_until(clock, lambda: studio.jobs[job_id].stage is Stage.READY, "the end")
    assert passed == pytest.approx(STEADY.word)
