"""A job that is held back, as those of a paused batch are: its picture may be sent, its paid call may not."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

from emulator import Emulator, Fault
from tests.core.studio import QUICK, Studio
from trellis_blender.core.job.job import Stage


def test_a_job_that_is_held_back_is_not_submitted_until_it_is_let_go(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("upload", Fault(until=(gate := threading.Event())))
    job_id = studio.add()
    studio.until(lambda: emulator.calls["upload"], "the picture on its way")
    studio.runner.hold(frozenset({job_id}))
    gate.set()
    studio.until(lambda: studio.jobs[job_id].asset_id, "the picture at Scenario")
    studio.rest()
    assert emulator.calls["submit"] == 0
    studio.runner.hold(frozenset())
    studio.reach(job_id, Stage.READY)
    assert emulator.calls["submit"] == 1


def test_a_job_that_is_let_go_is_submitted_at_once_however_long_it_would_have_waited(
    open_studio: Callable[..., Studio], emulator: Emulator
) -> None:
    emulator.fault("upload", Fault(until=(gate := threading.Event())))
    studio = open_studio(timing=dataclasses.replace(QUICK, held=1e6))
    job_id = studio.add()
    studio.until(lambda: emulator.calls["upload"], "the picture on its way")
    studio.runner.hold(frozenset({job_id}))
    gate.set()
    studio.until(lambda: studio.jobs[job_id].asset_id, "the picture at Scenario")
    studio.rest()
    studio.runner.hold(frozenset())
    studio.reach(job_id, Stage.READY)
