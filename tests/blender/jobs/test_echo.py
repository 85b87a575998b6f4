"""A click is shown at once, beside the job, which only the runner changes; its echo goes with the runner's answer.

And what is remembered is one value, what has to be done later is done by one timer.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from emulator import Fault
from tests.blender import noted
from tests.blender.boxes import boxes
from tests.blender.drawing import Page, draw
from tests.blender.looks import choose, seen
from tests.blender.pictures import picture_file
from tests.blender.working import OPS, finish, generate, job, meshes, refusal, rest, stage_of, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


def panel(addon: Any) -> Page:
    """What the list and the chosen job's details show."""
    return draw(addon.panels.TRELLIS2_PT_jobs)


def answered(session: Any) -> None:
    """Tick until the runner has answered all that was asked."""
    tick_until(lambda: not session.running().echoes)


@pytest.fixture
def endless(tmp_path: Path, connected: Emulator) -> str:
    """A job that runs for ever."""
    connected.fault("submit", Fault(job="never_ends"))
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "running")
    return job_id


@pytest.fixture
def failed(tmp_path: Path, connected: Emulator) -> str:
    """A job whose picture was refused."""
    connected.fault("upload", Fault(status=400))
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "failed")
    return job_id


def test_cancel_is_shown_at_once_beside_the_job_and_pressed_twice_it_is_asked_once(
    addon: Any, endless: str, connected: Emulator, session: Any
) -> None:
    before = job(endless)
    assert (len(boxes()), "trellis2.cancel" in panel(addon).operator_ids) == (1, True)
    assert OPS.trellis2.cancel(job_id=endless) == {"FINISHED"}
    page = panel(addon)
    assert ("Asking Scenario to stop" in page.text, "trellis2.cancel" in page.operator_ids) == (True, False)
    assert (boxes(), job(endless)) == ([], before)
    assert refusal(lambda: OPS.trellis2.cancel(job_id=endless))
    session.cancel(endless)  # as a script may
    answered(session)
    tick_until(lambda: job(endless).cancel_asked)
    tick_until(lambda: job(endless).cancel_refused or job(endless).is_resting)
    assert connected.calls["cancel"] == 1


def test_news_that_were_under_way_at_the_click_do_not_end_its_echo(addon: Any, endless: str, session: Any) -> None:
    running, old = session.running(), job(endless)
    OPS.trellis2.cancel(job_id=endless)
    addon.apply_messages.show_job(running, replace(old, progress=0.5))  # sent before the runner has heard of the click
    assert "Asking Scenario to stop" in panel(addon).text
    assert not addon.job_operators.is_cancellable(job(endless))
    answered(session)
    assert job(endless).cancel_asked


def test_the_echo_of_a_cancel_that_comes_too_late_goes_and_the_job_is_what_the_runner_says(
    addon: Any, tmp_path: Path, connected: Emulator, session: Any
) -> None:
    done = finish(picture_file(tmp_path))
    running = session.running()
    addon.apply_messages.show_job(running, replace(done, stage=addon.job.Stage.DOWNLOADING))  # what is shown is old
    assert OPS.trellis2.cancel(job_id=done.id) == {"FINISHED"}
    assert "Cancelling" in panel(addon).text
    answered(session)
    assert "Downloading" in panel(addon).text
    assert not job(done.id).cancel_asked
    assert not addon.begin.job_folder.load(session.folder(done.id)).cancel_asked


def test_retry_is_shown_at_once_and_pressed_twice_it_is_paid_once(
    addon: Any, failed: str, connected: Emulator, session: Any
) -> None:
    before = job(failed)
    assert before.message in panel(addon).text
    assert OPS.trellis2.retry(job_id=failed) == {"FINISHED"}
    page = panel(addon)
    assert ("Retrying" in page.text, before.message in page.text) == (True, False)
    assert {"trellis2.retry", "trellis2.remove", "trellis2.cancel"}.isdisjoint(page.operator_ids)
    assert (len(boxes()), job(failed)) == (1, before)
    assert session.tick(), "nobody waits for the answer"
    session.retry(failed)  # as a script may
    tick_until(lambda: stage_of(failed) == "imported")
    assert (connected.paid, len(meshes()), session.notices()) == (1, 1, [])


def test_the_box_of_a_cancelled_job_that_is_retried_stands_before_the_runner_answers(
    tmp_path: Path, connected: Emulator, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.fault("upload", Fault(delay=3), times=None)
    job_id = generate(picture_file(tmp_path))
    OPS.trellis2.cancel(job_id=job_id)
    tick_until(lambda: stage_of(job_id) == "cancelled")
    with monkeypatch.context() as patch:
        patch.setattr(session.running().runner, "resume", lambda _job_id: None)  # it has not heard of it yet
        assert OPS.trellis2.retry(job_id=job_id) == {"FINISHED"}
        session.running().update_placeholders(is_changed=True)
    assert (len(boxes()), stage_of(job_id)) == (1, "cancelled")


def test_the_echo_of_a_retry_that_is_refused_goes_and_the_failure_is_shown_again(
    addon: Any, failed: str, connected: Emulator, session: Any
) -> None:
    before = job(failed)
    other_blender = addon.lock.FolderLock.acquire(session.folder(failed))
    try:
        assert OPS.trellis2.retry(job_id=failed) == {"FINISHED"}
        assert "Retrying" in panel(addon).text
        answered(session)
        assert (stage_of(failed), before.message in panel(addon).text) == ("failed", True)
        (notice,) = session.notices()
        assert notice.sentence.startswith("Another Blender is working on this job.")
    finally:
        other_blender.release()
    assert connected.paid == 0


def test_remove_pressed_twice_removes_once(
    tmp_path: Path, connected: Emulator, addon: Any, failed: str, session: Any
) -> None:
    assert OPS.trellis2.remove(job_id=failed) == {"FINISHED"}
    assert addon.job_operators.TRELLIS2_OT_remove.fits(job(failed)) is False
    session.remove(failed)  # as a script may
    tick_until(lambda: failed not in session.jobs())
    answered(session)
    assert session.notices() == []


def test_a_model_that_is_in_the_scene_comes_once_however_long_the_runner_takes_to_note_that(
    tmp_path: Path, connected: Emulator, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bpy.ops.ed.undo_push(message="Before")
    job_id = generate(picture_file(tmp_path))
    monkeypatch.setattr(session.running().runner, "imported", lambda _job_id: None)
    tick_until(meshes)
    rest()
    assert (stage_of(job_id), len(meshes()), boxes()) == ("ready", 1, [])
    bpy.ops.ed.undo()  # the box is back, for a model that was there
    session.undone()
    rest()
    assert (meshes(), boxes()) == ([], [])


def test_a_model_that_cannot_be_built_is_tried_once_however_long_the_runner_takes_to_note_that(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[bool] = []

    def fail(*_arguments: object, **_options: object) -> None:
        tried.append(True)
        raise addon.errors.ModelFileError("The model's file holds no mesh.")

    monkeypatch.setattr(addon.build, "build_model", fail)
    job_id = generate(picture_file(tmp_path))
    monkeypatch.setattr(session.running().runner, "damaged", lambda *_arguments: None)
    tick_until(lambda: tried)
    rest()
    assert (stage_of(job_id), tried) == ("ready", [True])


def test_with_a_fresh_state_nothing_of_before_is_left(addon: Any, failed: str, session: Any) -> None:
    OPS.trellis2.retry(job_id=failed)
    refusal(lambda: OPS.trellis2.cancel(job_id="nobody"))
    panel(addon)
    before = session.state()
    assert before != addon.state.State()
    session.stop()
    assert session.state() == addon.state.State()
    assert (session.jobs(), session.notices(), session.running()) == ({}, [], None)


def test_what_a_window_draws_is_looked_at_by_the_sessions_timer(
    tmp_path: Path, addon: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = SimpleNamespace(background=False)  # in which Blender runs timers
    window = SimpleNamespace(app=app, context=bpy.context)
    monkeypatch.setattr(addon.preview_requests, "bpy", window)
    choose(picture_file(tmp_path))
    draw(addon.panels.TRELLIS2_PT_generate)
    assert (session.running(), len(noted.timers(session))) == (None, 1)
    assert session.tick(), "the timer would end before the answer is there"
    tick_until(lambda: seen(addon) is not None)
    assert (seen(addon).error, session.state().errands) == ("", {})


@pytest.mark.unexpected
def test_a_mistake_in_what_is_drawn_keeps_no_job_from_going_on(
    tmp_path: Path, connected: Emulator, session: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise KeyError("a mistake")

    job_id = generate(picture_file(tmp_path))
    session.later(fail)
    tick_until(lambda: stage_of(job_id) == "imported")
    assert "a mistake" in caplog.text
    assert session.tick() is False, "it is tried again for ever"
