"""The box of a job that is tried again, or that was started elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import pytest

from emulator import Fault
from tests.addon import ADDON
from tests.blender.boxes import box, boxes
from tests.blender.jobs.test_import_by_id import bring, elsewhere
from tests.blender.pictures import picture_file
from tests.blender.working import OPS, generate, job, meshes, stage_of, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

__all__ = ["elsewhere"]  # a fixture


@pytest.fixture
def cancelled(tmp_path: Path, connected: Emulator, session: Any) -> str:
    """A job that was cancelled before it was submitted; the next one is made."""
    connected.fault("upload", Fault(delay=0.5))
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "uploading")
    OPS.trellis2.cancel(job_id=job_id)
    tick_until(lambda: stage_of(job_id) == "cancelled" and session.echo_of(job(job_id)) is None)
    assert boxes() == []
    return job_id


def test_a_cancelled_job_that_is_tried_again_has_a_box_whose_place_its_model_takes(cancelled: str) -> None:
    assert OPS.trellis2.retry(job_id=cancelled) == {"FINISHED"}
    box().location = (5, 6, 7)
    tick_until(lambda: stage_of(cancelled) == "imported")
    (model,) = meshes()
    assert tuple(model.location) == (5, 6, 7)
    assert boxes() == []


def test_a_failed_job_that_is_tried_again_keeps_its_own_box(tmp_path: Path, connected: Emulator) -> None:
    connected.fault("submit", Fault(job="fails", hint="Bad."))
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "failed")
    before = box()
    assert OPS.trellis2.retry(job_id=job_id) == {"FINISHED"}
    assert boxes() == [before]


def test_a_job_from_elsewhere_has_a_box_until_its_model_is_here(connected: Emulator, elsewhere: str) -> None:
    assert bring(elsewhere) == {"FINISHED"}
    assert box().name == elsewhere
    tick_until(meshes)
    assert boxes() == []


def test_who_wants_no_boxes_gets_none_for_those_either(connected: Emulator, cancelled: str, elsewhere: str) -> None:
    preferences: Any = bpy.context.preferences
    ours = preferences.addons[ADDON].preferences
    ours.use_placeholders = False
    try:
        assert OPS.trellis2.retry(job_id=cancelled) == {"FINISHED"}
        assert bring(elsewhere) == {"FINISHED"}
        assert boxes() == []
    finally:
        ours.use_placeholders = True
