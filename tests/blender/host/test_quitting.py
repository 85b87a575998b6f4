"""Quitting Blender while a job runs: it ends at once and cleanly, and the job goes on another time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from emulator import Fault
from tests.blender import child
from tests.blender.pictures import picture_file

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

START = """
enable()
connect({address!r})
small = dict(decimation_target=100_000, texture_size="1024", seed=7)
assert bpy.ops.trellis2.generate_image(filepath={picture!r}, **small) == {{"FINISHED"}}
job = lambda: next(addon.session.newest_first())
tick_until(lambda: job().stage.value == {stage!r})
time.sleep(0.3)
"""
SECONDS_TO_LEAVE = 6.0


@pytest.mark.parametrize(
    ("call", "stage"),
    [("upload", "uploading"), ("submit", "submitting"), ("job", "running"), ("download", "downloading")],
)
def test_quitting_while_scenario_is_slow_ends_soon_and_well(
    tmp_path: Path, emulator: Emulator, call: str, stage: str
) -> None:
    emulator.fault(call, Fault(delay=20), times=None)
    start = START.format(address=emulator.url, picture=str(picture_file(tmp_path)), stage=stage)
    ending = child.run(tmp_path, start + 'print("leaving")\n')
    assert (ending.status, "leaving" in ending.output) == (0, True), ending.output
    assert ending.seconds_to_leave < SECONDS_TO_LEAVE
    (record,) = tmp_path.rglob("job.json")
    # The broken connection may be noticed in time: then the paid call is one to look for.
    allowed = {stage, "unconfirmed"} if stage == "submitting" else {stage}
    assert json.loads(record.read_text(encoding="utf-8"))["stage"] in allowed


def test_disabling_the_add_on_while_scenario_is_slow_ends_its_threads_soon(tmp_path: Path, emulator: Emulator) -> None:
    emulator.fault("upload", Fault(delay=20), times=None)
    start = START.format(address=emulator.url, picture=str(picture_file(tmp_path)), stage="uploading")
    disable = """
import threading
begun = time.monotonic()
addon_utils.disable(ADDON)
assert time.monotonic() - begun < 3
assert [thread.name for thread in threading.enumerate() if thread.name.startswith("trellis")] == []
print("leaving")
"""
    ending = child.run(tmp_path, start + disable)
    assert (ending.status, "leaving" in ending.output) == (0, True), ending.output
    assert ending.seconds_to_leave < SECONDS_TO_LEAVE


def test_a_job_goes_on_in_the_next_blender_without_a_second_payment(tmp_path: Path, emulator: Emulator) -> None:
    emulator.fault("download", Fault(delay=20))
    start = START.format(address=emulator.url, picture=str(picture_file(tmp_path)), stage="downloading")
    assert child.run(tmp_path, start).status == 0
    again = """
enable()
connect({address!r})
session = addon.session
session.start()
tick_until(lambda: any(job.stage.value == "ready" for job in session.jobs().values()))
assert bpy.ops.trellis2.import_model(wait=True) == {{"FINISHED"}}
print("models", sum(thing.name.startswith("chair") for thing in bpy.data.objects))
"""
    ending = child.run(tmp_path, again.format(address=emulator.url))
    assert (ending.status, "models 1" in ending.output) == (0, True), ending.output
    assert emulator.paid == 1
