"""The price before the click: asked in the background, only where it can be, and only once for a set of parameters."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from emulator import Fault
from tests.blender import noted
from tests.blender.drawing import draw
from tests.blender.pictures import picture_file
from tests.blender.priced import button, chosen, open_panel, settle
from tests.blender.snapshots import session_with, snapshot
from tests.blender.working import OPS, finish, newest_job, rest, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

ORDERED = json.dumps({"job": {"jobId": "job_paid"}, "creativeUnitsCost": 12})

pytestmark = pytest.mark.usefixtures("quick_prices")


def test_the_button_says_what_a_model_costs(addon: Any, connected: Emulator) -> None:
    assert open_panel(addon) == "Generate"
    assert settle(addon) == "Generate · 7.25 CU"
    OPS.trellis2.use_preset(preset="HIGH")
    assert settle(addon) == "Generate · 11.81 CU"
    assert connected.paid == 0


@pytest.mark.parametrize(
    ("cost", "count", "words"),
    [
        (12.0, 1, "Generate · 12 CU"),
        (12.0, 3, "Generate 3 · 36 CU"),
        (7.25, 2, "Generate 2 · 14.5 CU"),
        (0.1, 3, "Generate 3 · 0.3 CU"),
        (1_234_567.0, 1, "Generate · 1,234,567 CU"),
    ],
)
def test_several_models_cost_so_many_times_as_much(
    addon: Any, connected: Emulator, cost: float, count: int, words: str
) -> None:
    settle(addon)
    costs = addon.session.running().prices.costs
    costs.update(dict.fromkeys(costs, cost))
    chosen().variations = count
    assert button(addon) == words


def test_without_an_account_nothing_is_begun_by_drawing(addon: Any, connected: Emulator) -> None:
    addon.preferences.preferences().api_key = ""
    button(addon)
    assert addon.price_tag.words(chosen()) == "Generate"
    assert addon.session.start not in addon.session.state().errands
    assert addon.session.running() is None


def test_drawing_starts_no_thread_but_leaves_that_to_a_timer(addon: Any, connected: Emulator) -> None:
    assert button(addon) == "Generate"
    assert addon.session.running() is None
    assert addon.session.start in addon.session.state().errands
    assert noted.timers(addon.session)


def test_offline_the_panel_says_generate_and_asks_nothing(addon: Any, connected: Emulator) -> None:
    open_panel(addon)
    kept = addon.preferences.preferences()
    kept.api_address = "https://api.example.invalid/v1"
    assert bpy.context.preferences is not None
    bpy.context.preferences.system.use_online_access = False
    assert addon.price_tag.words(chosen()) == "Generate"
    tick_until(lambda: not addon.session.running().prices.is_busy)
    assert connected.calls["dry_run"] == 0


def test_going_offline_before_the_question_is_sent_keeps_it_here(addon: Any, connected: Emulator) -> None:
    open_panel(addon)
    assert addon.session.running().prices.wanted is not None
    addon.preferences.preferences().api_key = ""
    tick_until(lambda: not addon.session.running().prices.is_busy)
    assert (connected.calls["dry_run"], connected.calls["upload"]) == (0, 0)


def test_dragging_a_slider_asks_once_when_the_hand_rests(
    addon: Any, connected: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(addon)
    before = connected.calls["dry_run"]
    now = [1000.0]
    monkeypatch.setattr(addon.prices, "time", SimpleNamespace(monotonic=lambda: now[0]))
    for steps in range(21, 51):
        chosen().shape_slat_sampling_steps = steps
        assert button(addon) == "Generate"
        now[0] += addon.prices.REST_SECONDS * 0.9
        addon.session.tick()
    rest()
    assert connected.calls["dry_run"] == before
    now[0] += addon.prices.REST_SECONDS
    settle(addon)
    assert connected.calls["dry_run"] == before + 1


def test_a_set_of_parameters_is_asked_for_once_whatever_the_seed(addon: Any, connected: Emulator) -> None:
    settle(addon)
    for preset in ("DRAFT", "STANDARD", "DRAFT", "STANDARD"):
        OPS.trellis2.use_preset(preset=preset)
        chosen().seed += 1
        chosen().use_seed = not chosen().use_seed
        settle(addon)
    assert connected.calls["dry_run"] == 2


def test_another_accounts_price_is_not_shown(addon: Any, connected: Emulator) -> None:
    settle(addon)
    addon.preferences.preferences().project_id = "project_b"
    assert button(addon) == "Generate"
    assert settle(addon) == "Generate · 7.25 CU"
    assert connected.calls["dry_run"] == 2


def test_what_was_not_answered_is_not_asked_again_for_a_minute(
    addon: Any, connected: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = [0.0]
    monkeypatch.setattr(addon.prices, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + later[0]))
    connected.fault("dry_run", Fault(status=503), times=None)
    for _ in range(5):
        assert settle(addon) == "Generate"
    assert connected.calls["dry_run"] == 1
    later[0] = 59.0
    settle(addon)
    assert connected.calls["dry_run"] == 1
    later[0] = 61.0
    settle(addon)
    assert connected.calls["dry_run"] == 2


def test_with_the_price_known_there_is_nothing_left_to_wait_for(addon: Any, connected: Emulator) -> None:
    settle(addon)
    assert addon.session.tick() is False
    (timer,) = noted.timers(addon.session)
    bpy.app.timers.unregister(timer)
    for _ in range(3):
        button(addon)
    assert not noted.timers(addon.session)
    chosen().texture_size = "4096"
    button(addon)
    assert noted.timers(addon.session)


def test_the_artists_picture_is_not_uploaded_for_it_and_a_jobs_is_used_again(
    addon: Any, connected: Emulator, tmp_path: Path
) -> None:
    finish(picture_file(tmp_path))
    uploaded = connected.calls["upload"]
    assert settle(addon) == "Generate · 7.25 CU"
    assert connected.calls["upload"] == uploaded


def test_a_job_taken_for_a_question_is_told_and_no_more_is_asked(addon: Any, connected: Emulator) -> None:
    connected.fault("dry_run", Fault(body=ORDERED), times=None)
    settle(addon)
    (notice,) = addon.session.notices()
    assert "job_paid" in notice.sentence
    for steps in range(1, 5):
        chosen().shape_slat_sampling_steps = steps
        assert settle(addon) == "Generate"
    assert connected.calls["dry_run"] == 1
    assert addon.session.jobs() == {}


def test_what_was_charged_stands_below_the_jobs_month_by_month(addon: Any) -> None:
    days = ((9, 15), (10, 3), (11, 1), (11, 30))
    dates = [time.mktime((2026, month, day, 12, 0, 0, 0, 0, -1)) for month, day in days]
    jobs = [
        snapshot(addon, number=number, created=date, remote_id=f"job_{number}", cost=7.25)
        for number, date in enumerate(dates)
    ]
    with session_with(addon, jobs) as state:
        for job in jobs:
            addon.apply_messages.take_in(state, job)
        page = draw(addon.panels.TRELLIS2_PT_jobs)
        assert page.text.endswith("November 2026: 2 models, 14.5 CU")
        assert "TRELLIS2_MT_months" in page.menus
        menu = draw(addon.panels.TRELLIS2_MT_months)
        assert menu.texts == ["October 2026: 1 model, 7.25 CU", "September 2026: 1 model, 7.25 CU"]
        for job in jobs[:3]:
            addon.apply_messages.take_in(state, addon.apply_messages.JobRemoved(job.id))
        page = draw(addon.panels.TRELLIS2_PT_jobs)
        assert page.text.endswith("November 2026: 2 models, 14.5 CU"), "what was paid for is forgotten with the job"


def test_a_model_that_was_made_is_in_this_months_sum(addon: Any, connected: Emulator, tmp_path: Path) -> None:
    finish(picture_file(tmp_path))
    (month,) = addon.session.running().spending.months
    now = time.localtime()
    assert (month.year, month.month, month.count, month.cost) == (now.tm_year, now.tm_mon, 1, newest_job().cost)


def test_the_session_is_gone_with_its_timers_when_the_add_on_is_disabled(addon: Any, connected: Emulator) -> None:
    button(addon)
    assert noted.timers(addon.session)
    addon.package.unregister()
    try:
        assert not noted.timers(addon.session)
        assert addon.session.state() == addon.state.State()
    finally:
        addon.package.register()
