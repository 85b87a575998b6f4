"""What Scenario no longer has: a picture is sent again by itself, and a model that is gone is said to be gone."""

from __future__ import annotations

import pytest

from emulator import Emulator, Fault
from tests.core.studio import Studio, tells_what_to_do
from trellis_blender.core.errors import Remedy
from trellis_blender.core.job.job import Job, Stage


def refused(studio: Studio, emulator: Emulator, status: int) -> Job:
    """A job that Scenario refused when its picture had been uploaded already."""
    emulator.fault("submit", Fault(status=status))
    return studio.reach(studio.add(), Stage.FAILED)


def uncertain(studio: Studio, emulator: Emulator) -> Job:
    """A job that waits for its lost answer, and may have been accepted as far as anybody knows."""
    emulator.fault("submit", Fault(close="before"))
    job = studio.reach(studio.add(), Stage.FAILED)
    assert job.remedy is Remedy.SUBMIT_AGAIN
    return job


@pytest.mark.parametrize("status", [400, 402])
def test_retry_sends_the_kept_picture_again_if_scenario_has_forgotten_it(
    studio: Studio, emulator: Emulator, status: int
) -> None:
    job = refused(studio, emulator, status)
    emulator.assets.clear()
    studio.again(job.id)
    done = studio.reach(job.id, Stage.READY)
    assert (emulator.calls["upload"], emulator.calls["submit"], emulator.paid) == (2, 3, 1)
    assert done.asset_id in emulator.assets
    assert (done.picture_sha256, done.asset_gone) == (job.picture_sha256, False)
    assert Stage.FAILED not in studio.stages(job.id)[studio.stages(job.id).index(Stage.FAILED) + 1 :]


def test_a_submit_that_waits_at_the_limit_sends_a_forgotten_picture_again(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(status=429, body='{"reason": "Limit", "details": {"actionLimit": 1}}'))
    job_id = studio.add()
    studio.until(lambda: emulator.calls["submit"], "the first submit")
    emulator.assets.clear()
    studio.reach(job_id, Stage.READY)
    assert (emulator.calls["upload"], emulator.paid) == (2, 1)


def test_after_a_lost_answer_that_never_arrived_a_forgotten_picture_is_sent_again(
    studio: Studio, emulator: Emulator
) -> None:
    job = uncertain(studio, emulator)
    emulator.assets.clear()
    studio.again(job.id)
    studio.reach(job.id, Stage.READY)
    assert (emulator.calls["upload"], emulator.paid) == (2, 1)


def test_a_picture_that_was_just_sent_is_not_sent_for_ever(studio: Studio, emulator: Emulator) -> None:
    job = refused(studio, emulator, 400)
    emulator.fault("submit", Fault(status=404), times=None)
    studio.again(job.id)
    again = studio.reach(job.id, Stage.FAILED)
    assert tells_what_to_do(again.message)
    assert (emulator.calls["upload"], emulator.paid) == (2, 0)


def test_a_model_that_scenario_no_longer_has_is_said_to_be_gone(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("asset", Fault(status=404), times=None)
    job = studio.reach(studio.add(), Stage.FAILED)
    assert "does not have this model" in job.message
    assert tells_what_to_do(job.message)
    assert (job.remedy, job.holds_model) == (Remedy.PREFERENCES, True)
    emulator.heal("asset")
    studio.again(job.id)
    studio.reach(job.id, Stage.READY)
    assert emulator.paid == 1
