"""Two windows on the same folder of jobs: what one remembers of the other's jobs does no harm and does not stay."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from emulator import Emulator, Fault
from tests.never_lost.plain.window import Window
from tests.never_lost.world import until
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.job import Stage
from trellis_blender.core.job.lock import FolderLock

Open = Callable[[], Window]


def test_a_retry_that_another_window_was_quicker_with_shows_what_that_window_does(
    window: Window, open_window: Open, picture: Path, emulator: Emulator
) -> None:
    emulator.fault("submit", Fault(status=402))
    job_id = window.add(picture)
    window.reach(job_id, Stage.FAILED)
    second = open_window()
    second.reach(job_id, Stage.FAILED)
    emulator.fault("job", Fault(delay=0.8))
    window.runner.resume(job_id)
    window.reach(job_id, Stage.RUNNING)
    second.runner.resume(job_id)
    assert "Another Blender is working on this job" in second.notice()
    second.wait_for(lambda: second.jobs[job_id].foreign, "that it is the other's")
    second.reach(job_id, Stage.RUNNING)
    assert not second.reach(job_id, Stage.READY).foreign
    assert (emulator.calls["submit"], emulator.paid) == (2, 1)


def test_a_job_that_ended_while_the_second_window_looked_is_not_held_by_it(
    window: Window, open_window: Open, picture: Path, emulator: Emulator
) -> None:
    emulator.fault("job", Fault(delay=0.4))
    job_id = window.add(picture)
    window.reach(job_id, Stage.RUNNING)
    second = open_window()
    window.reach(job_id, Stage.READY)
    second.reach(job_id, Stage.READY)
    window.runner.imported(job_id)
    window.reach(job_id, Stage.IMPORTED)
    until(lambda: job_folder.load(window.root / job_id).stage is Stage.IMPORTED, "the news on the disk")


def test_a_damaged_job_is_set_aside_and_told_once_while_the_others_go_on(
    window: Window, open_window: Open, picture: Path, emulator: Emulator
) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    alive = window.add(picture)
    window.reach(alive, Stage.RUNNING)
    window.close()
    broken = window.root / "20260101-000000-aaaaaa"
    broken.mkdir()
    (broken / "job.json").write_text('{"format": 1, "id"', encoding="utf-8")
    (broken / "model.glb").write_bytes(b"a model")
    newer = window.root / "20260101-000000-bbbbbb"
    newer.mkdir()
    (newer / "job.json").write_text('{"format": 99}', encoding="utf-8")
    after = open_window()
    after.loaded()
    asked = emulator.calls["job"]
    after.wait_for(lambda: emulator.calls["job"] > asked + 20, "some looks around")
    sentences = [change.sentence for change in after.told if hasattr(change, "sentence")]
    assert len(sentences) == 2
    assert str(broken) in sentences[0]
    assert "newer version" in sentences[1]
    assert after.reach(alive, Stage.RUNNING).remote_status
    assert sorted(path.name[:12] for path in broken.iterdir()) == ["job.damaged-", "model.glb"]
    assert (newer / "job.json").is_file()


def test_a_job_that_was_left_in_the_paid_call_is_searched_for_and_not_sent_again(
    window: Window, open_window: Open, picture: Path, emulator: Emulator
) -> None:
    emulator.fault("submit", Fault(status=402))
    job_id = window.add(picture)
    window.reach(job_id, Stage.FAILED)
    second = open_window()
    second.reach(job_id, Stage.FAILED)
    done = window.again(job_id)
    window.close()
    forgotten = dataclasses.replace(
        done, stage=Stage.SUBMITTING, remote_id="", model_asset_ids=(), model_asset_id="", ended=None
    )
    job_folder.save(window.root / job_id, forgotten)
    second.runner.resume(job_id)
    assert second.reach(job_id, Stage.READY).remote_id == done.remote_id
    assert (emulator.calls["submit"], emulator.paid) == (2, 1)


def test_only_one_of_two_takes_a_jobs_lock(tmp_path: Path) -> None:
    first = FolderLock.acquire(tmp_path)
    assert first is not None
    assert FolderLock.acquire(tmp_path) is None
    first.release()
    second = FolderLock.acquire(tmp_path)
    assert second is not None
    second.release()
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
