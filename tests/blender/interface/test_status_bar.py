"""The status bar: one short text while jobs run, drawn again only when it is another text."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender import noted
from tests.blender.drawing import draw
from tests.blender.pictures import picture_file
from tests.blender.snapshots import session_with, snapshot
from tests.blender.working import finish, generate, meshes, tick_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator import Emulator


@pytest.fixture
def redrawn(addon: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What has been asked to be drawn again."""
    asked: list[str] = []
    for name in ("redraw_sidebars", "redraw_status_bars"):
        original = getattr(addon.window, name)

        def ask(name: str = name, original: Any = original) -> None:
            asked.append(name)
            original()

        monkeypatch.setattr(addon.window, name, ask)
    return asked


def shown(addon: Any) -> list[str]:
    """What stands in the status bar because of the add-on."""
    page = draw(type("Header", (), {"draw": staticmethod(addon.menus.draw_status_bar)}))
    return [text for _, text, _ in page.operators] + page.texts


def texts_with(addon: Any, *jobs: Any) -> list[str]:
    """What stands there with these jobs."""
    with session_with(addon, jobs) as state:
        state.display.step(state.jobs, is_changed=True)
        return shown(addon)


def running(addon: Any, number: int = 0, **values: Any) -> Any:
    """A job that is generated."""
    return snapshot(addon, "running", number, **values)


def test_one_job_is_told_with_its_stage_and_progress(addon: Any) -> None:
    assert texts_with(addon, running(addon, progress=0.42)) == ["Trellis: Generating 42%"]
    assert texts_with(addon, snapshot(addon, "uploading")) == ["Trellis: Uploading"]


def test_what_is_left_is_told_too(addon: Any) -> None:
    past = [snapshot(addon, "imported", n, remote_id=f"job_{n}", generation_seconds=170.0 + n) for n in range(3)]
    job = running(addon, 9, accepted=time.time(), progress=0.1)
    with session_with(addon, [*past, job]) as state:
        for each in past:
            state.display.progress.learn(each)
        state.display.step(state.jobs, is_changed=True)
        assert shown(addon) == ["Trellis: Generating 10% · 2–4 min left"]


def test_several_jobs_are_told_as_one(addon: Any) -> None:
    jobs = [running(addon, number, progress=0.4) for number in range(3)]
    assert texts_with(addon, *jobs) == ["Trellis: 3 jobs · 40%"]


def test_nothing_is_told_of_what_rests_or_runs_in_another_blender(addon: Any) -> None:
    assert texts_with(addon, snapshot(addon, "imported"), running(addon, 1, foreign=True)) == []


def test_without_a_session_nothing_is_told(addon: Any) -> None:
    assert shown(addon) == []


def test_a_job_is_told_from_the_click_to_the_model_and_no_longer(
    tmp_path: Path, connected: Emulator, addon: Any, redrawn: list[str]
) -> None:
    generate(picture_file(tmp_path))
    tick_until(lambda: shown(addon))
    assert shown(addon)[0].startswith("Trellis: ")
    tick_until(meshes)
    assert shown(addon) == []
    assert "redraw_status_bars" in redrawn


def test_what_the_job_took_at_scenario_is_learnt(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    job = finish(picture_file(tmp_path))
    assert 0 <= job.generation_seconds < 20
    assert job.accepted >= job.created
    progress = addon.session.display().progress
    for number in range(20):  # so many of a kind, and slower, tell how long the next one takes
        progress.learn(replace(job, remote_id=f"job_{number}", generation_seconds=60.0))
    progress.step([replace(job, stage=addon.begin.Stage("running"))], job.accepted)
    assert progress.left(replace(job, stage=addon.begin.Stage("running")), job.accepted)


def test_the_status_bar_is_drawn_again_only_for_another_text(addon: Any, redrawn: list[str]) -> None:
    with session_with(addon, [running(addon, progress=0.42)]) as state:
        for _ in range(3):
            state.display.step(state.jobs, is_changed=True)
        assert redrawn == ["redraw_status_bars"]
        state.display.step({}, is_changed=True)
        assert redrawn == ["redraw_status_bars"] * 2


@pytest.fixture
def clock(addon: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """A clock that a test sets."""
    now = [1000.0]
    monkeypatch.setattr(
        addon.progress, "time", type("Clock", (), {"monotonic": lambda: now[0], "time": lambda: now[0]})
    )
    return iter([now])


def redraws(state: Any, clock: list[float], seconds: float) -> int:
    """How often the sidebars would be drawn again in that time, without any news."""
    ticks = round(seconds * 10)
    count = 0
    for _ in range(ticks):
        clock[0] += 0.1
        count += state.display.step(state.jobs, is_changed=False)
    return count


def test_without_news_the_sidebar_is_drawn_once_a_second_for_the_clock(addon: Any, clock: Any) -> None:
    with session_with(addon, [running(addon)]) as state:
        state.display.step(state.jobs, is_changed=True)
        assert 9 <= redraws(state, next(clock), 10.05) <= 10


def test_an_estimate_moves_the_bar_twice_a_second_at_most(addon: Any, clock: Any) -> None:
    past = [snapshot(addon, "imported", n, remote_id=f"job_{n}", generation_seconds=170.0) for n in range(3)]
    now = next(clock)
    with session_with(addon, [*past, running(addon, 9, accepted=now[0])]) as state:
        for each in past:
            state.display.progress.learn(each)
        state.display.step(state.jobs, is_changed=True)
        before = state.display.progress.fraction(next(addon.session.newest_first()))
        assert 16 <= redraws(state, now, 10.05) <= 20
        assert state.display.progress.fraction(next(addon.session.newest_first())) > before


def test_with_nothing_running_nothing_is_drawn_again(addon: Any, clock: Any, redrawn: list[str]) -> None:
    with session_with(addon, [snapshot(addon), snapshot(addon, "failed", 1)]) as state:
        state.display.step(state.jobs, is_changed=True)
        assert redraws(state, next(clock), 10) == 0
        assert redrawn == []


def test_with_nothing_running_there_is_no_timer(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    finish(picture_file(tmp_path))
    tick_until(lambda: not addon.session.tick())
    (timer,) = noted.timers(addon.session)
    assert timer() is None


def test_redrawing_leaves_a_running_tool_its_hints(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cleared: list[object] = []
    monkeypatch.setattr(addon.window, "windows", lambda: [window])

    class Workspace:
        status_text_set_internal = staticmethod(cleared.append)

    tool = type("Tool", (), {"bl_idname": "TRANSFORM_OT_translate"})
    render = type("Tool", (), {"bl_idname": "RENDER_OT_render"})
    window: Any = type("Window", (), {"modal_operators": [tool], "workspace": Workspace})
    monkeypatch.setattr(bpy.types.Context, "temp_override", lambda *_, **__: __import__("contextlib").nullcontext())
    addon.window.redraw_status_bars()
    assert cleared == []
    window.modal_operators = [render]
    addon.window.redraw_status_bars()
    assert cleared == [None]
