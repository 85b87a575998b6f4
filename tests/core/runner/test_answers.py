"""Whatever the main thread asks for a job is answered, done or refused, and only after what came of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emulator import Emulator, Fault
from tests.core.runner.test_intake import add_slow
from tests.core.studio import Studio
from trellis_blender.core.errors import PictureError
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.runner.messages import Answer, JobRemoved
from trellis_blender.core.runner.runner import Runner

REQUESTS: dict[str, Callable[[Runner, str], None]] = {
    "cancel": Runner.cancel,
    "resume": Runner.resume,
    "imported": Runner.imported,
    "damaged": lambda runner, job_id: runner.damaged(job_id, "Broken. Press Retry."),
    "remove": Runner.remove,
}
every_request = pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS)


def answers(studio: Studio, job_id: str) -> int:
    """How many requests for the job were answered."""
    return studio.told.count(Answer(job_id))


@every_request
def test_a_request_is_answered_once_after_what_came_of_it(
    studio: Studio, request_of: Callable[[Runner, str], None]
) -> None:
    job = studio.reach(studio.add(), Stage.READY)
    studio.told.clear()
    request_of(studio.runner, job.id)
    studio.until(lambda: answers(studio, job.id), "the answer")
    studio.runner.load()
    studio.loaded()
    assert answers(studio, job.id) == 1
    came = [change for change in studio.told if isinstance(change, Job | JobRemoved)]
    assert studio.told.index(came[0]) < studio.told.index(Answer(job.id))


@every_request
def test_a_request_for_a_job_that_is_not_there_is_answered(
    studio: Studio, request_of: Callable[[Runner, str], None]
) -> None:
    request_of(studio.runner, "20261122-000000-abcdef")
    studio.until(lambda: answers(studio, "20261122-000000-abcdef"), "the answer")
    studio.until(studio.notices, "what was wrong")


@pytest.mark.parametrize("name", ["resume", "imported", "damaged", "remove"])
def test_what_a_running_job_cannot_do_is_answered_and_changes_nothing(
    studio: Studio, emulator: Emulator, name: str
) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    job = studio.reach(studio.add(), Stage.RUNNING)
    REQUESTS[name](studio.runner, job.id)
    studio.until(lambda: answers(studio, job.id), "the answer")
    assert (studio.jobs[job.id].stage, studio.on_disk(job.id).stage) == (Stage.RUNNING, Stage.RUNNING)


@pytest.mark.parametrize("error", [None, PictureError("The picture has come apart. Choose another one.")])
def test_a_job_that_is_cancelled_before_it_has_its_picture_is_answered_when_that_is_over(
    studio: Studio, error: Exception | None
) -> None:
    job, slow = add_slow(studio, error)
    studio.runner.cancel(job.id)
    studio.told.clear()
    studio.runner.load()
    studio.loaded()
    assert answers(studio, job.id) == 0
    slow.may_end.set()
    studio.until(lambda: answers(studio, job.id), "the answer")
    ends = [change.stage for change in studio.told if isinstance(change, Job)]
    assert ends == [Stage.CANCELLED if error is None else Stage.FAILED], "it was never shown as one that goes on"
    assert studio.told[-1] == Answer(job.id)
    assert error is not None or studio.on_disk(job.id).stage is Stage.CANCELLED
