"""Remove and tidy: the job's own files and nothing else, and never a model that somebody paid for and nobody has."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator, Fault
from tests.never_lost.plain.window import Window
from tests.never_lost.world import OWN_WITH_MODEL, names_in
from tests.patience import PATIENCE
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.claims import PROCESSES
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.job.spending import REMOVED_FILE

Open = Callable[[], Window]
STRANGERS = ("notes.txt", "source.blend", "source.psd", "model.glb.blend", "preview.mp4", "download.part", "job.json~")
DAYS = 30.0
OLD, YOUNG = 40.0, 20.0


def removed(window: Window, job_id: str) -> None:
    """Remove the job, and wait until it is gone from the list."""
    window.runner.remove(job_id)
    window.hear()
    end = time.monotonic() + PATIENCE
    while job_id in window.jobs and time.monotonic() < end:
        time.sleep(0.01)
        window.hear()
    assert job_id not in window.jobs


def ended(window: Window, job_id: str, days: float, **changes: Any) -> Job:
    """The job as it would be if it had ended that many days ago, on disk."""
    folder = window.root / job_id
    before = job_folder.load(folder)
    job = dataclasses.replace(before, ended=time.time() - days * 24 * 3600, **changes)
    job_folder.save(folder, job)
    return job


def test_removing_a_job_leaves_nothing_of_it(window: Window, picture: Path) -> None:
    job_id = window.add(picture)
    window.reach(job_id, Stage.READY)
    removed(window, job_id)
    assert [path.name for path in window.root.iterdir() if path.name != PROCESSES] == [REMOVED_FILE]  # what it cost


def test_what_somebody_else_put_into_the_folder_stays(window: Window, picture: Path) -> None:
    job_id = window.add(picture)
    window.reach(job_id, Stage.READY)
    for name in STRANGERS:
        (window.root / job_id / name).write_text("mine", encoding="utf-8")
    (window.root / job_id / "renders").mkdir()
    (window.root / job_id / "renders" / "model.glb").write_text("mine", encoding="utf-8")
    removed(window, job_id)
    left = {path.name for path in (window.root / job_id).iterdir()}
    assert left == {*STRANGERS, "renders"}
    assert (window.root / job_id / "renders" / "model.glb").is_file()


def test_a_folder_that_was_left_for_a_strangers_file_is_no_job_any_more(
    window: Window, open_window: Open, picture: Path
) -> None:
    job_id = window.add(picture)
    window.reach(job_id, Stage.READY)
    (window.root / job_id / "notes.txt").write_text("mine", encoding="utf-8")
    removed(window, job_id)
    window.close()
    after = open_window()
    after.loaded()
    assert after.jobs == {}


def test_a_job_at_work_is_not_removed(window: Window, picture: Path, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    job_id = window.add(picture)
    window.reach(job_id, Stage.RUNNING)
    window.runner.remove(job_id)
    assert window.notice() == "The job is still at work. Cancel it first, then remove it."
    assert (window.root / job_id / "job.json").is_file()


def test_a_window_with_old_news_does_not_remove_a_model_that_was_paid_for_since(
    window: Window, open_window: Open, picture: Path, emulator: Emulator
) -> None:
    emulator.fault("submit", Fault(status=402))
    job_id = window.add(picture)
    window.reach(job_id, Stage.FAILED)
    second = open_window()
    second.reach(job_id, Stage.FAILED)
    assert window.again(job_id).stage is Stage.READY
    second.runner.remove(job_id)
    assert "Another Blender has gone on with this job" in second.notice()
    assert names_in(window.root / job_id) == OWN_WITH_MODEL
    assert second.reach(job_id, Stage.READY).remote_id == window.jobs[job_id].remote_id


KEPT_OR_NOT: dict[str, tuple[float, dict[str, Any], bool]] = {
    "imported, old": (OLD, {"stage": Stage.IMPORTED}, False),
    "imported, young": (YOUNG, {"stage": Stage.IMPORTED}, True),
    "ready, old": (OLD, {}, True),
    "failed before paying, old": (OLD, {"stage": Stage.FAILED, "remote_id": ""}, False),
    "failed without a model, old": (OLD, {"stage": Stage.FAILED, "remote_ended": True}, False),
    "failed with a model at Scenario, old": (OLD, {"stage": Stage.FAILED}, True),
    "download stopped, old": (OLD, {"stage": Stage.CANCELLED}, True),
    "cancelled at Scenario, old": (OLD, {"stage": Stage.CANCELLED, "remote_ended": True}, False),
    "uncertain, old": (OLD, {"stage": Stage.UNCERTAIN, "remote_id": "", "may_be_paid": True}, True),
    "refused after that, old": (OLD, {"stage": Stage.FAILED, "remote_id": "", "may_be_paid": True}, True),
    "cancelled at Scenario, young": (YOUNG, {"stage": Stage.CANCELLED, "remote_ended": True}, True),
}


@pytest.mark.parametrize("case", KEPT_OR_NOT)
def test_tidying_removes_what_ended_long_ago_and_no_model_that_nobody_has(
    window: Window, open_window: Open, picture: Path, case: str
) -> None:
    days, changes, is_kept = KEPT_OR_NOT[case]
    job_id = window.add(picture)
    window.reach(job_id, Stage.READY)
    window.close()
    ended(window, job_id, days, **changes)
    after = open_window()
    after.loaded()
    size = after.kept(DAYS)
    assert (window.root / job_id / "job.json").is_file() is is_kept
    assert (size > 0) is is_kept


def test_without_a_limit_nothing_is_removed(window: Window, open_window: Open, picture: Path) -> None:
    job_id = window.add(picture)
    window.reach(job_id, Stage.READY)
    window.close()
    ended(window, job_id, 10_000, stage=Stage.IMPORTED)
    after = open_window()
    after.loaded()
    assert after.kept(None) == sum(path.stat().st_size for path in (window.root / job_id).iterdir())
    assert names_in(window.root / job_id) == OWN_WITH_MODEL


def test_tidying_keeps_a_job_that_another_window_has_gone_on_with(
    window: Window, open_window: Open, picture: Path, emulator: Emulator
) -> None:
    emulator.fault("submit", Fault(status=402))
    stale, other = window.add(picture), window.add(picture)
    failed = [
        job_id for job_id in (stale, other) if window.reach(job_id, Stage.FAILED, Stage.READY).stage is Stage.FAILED
    ]
    window.close()
    for job_id in (stale, other):
        ended(window, job_id, OLD, **({} if job_id in failed else {"stage": Stage.IMPORTED}))
    first, second = open_window(), open_window()
    for opened in (first, second):
        opened.reach(failed[0], Stage.FAILED)
        opened.loaded()
    assert first.again(failed[0]).stage is Stage.READY
    second.kept(DAYS)
    assert {path.name for path in window.root.iterdir()} - {PROCESSES} == {
        *failed,
        REMOVED_FILE,
    }  # the other one was removed
    assert (window.root / failed[0] / "model.glb").is_file()
