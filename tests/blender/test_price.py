"""The price before the click: asked in the background, only where it can be, and only once for a set of parameters."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from emulator import Fault
from tests.blender.drawing import draw
from tests.blender.pictures import picture_file
from tests.blender.snapshots import session_with, snapshot
from tests.blender.working import OPS, SMALL, finish, generate, newest_job, tick_for, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

REST = 0.02
ORDERED = json.dumps({"job": {"jobId": "job_paid"}, "creativeUnitsCost": 12})


@pytest.fixture(autouse=True)
def quick(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the artist's hand rest after a moment."""
    monkeypatch.setattr(addon.price, "REST_SECONDS", REST)
    addon.price_tag.unregister()


def chosen() -> Any:
    """The scene's settings."""
    scene: Any = bpy.context.scene
    return scene.trellis2


def button(addon: Any) -> str:
    """What the button says in a fresh drawing of the panel, empty where there is none."""
    page = draw(addon.panels.TRELLIS2_PT_generate)
    return next((label for name, label, _ in page.operators if name.startswith("trellis2.generate")), "")


def open_panel(addon: Any) -> str:
    """Draw the panel, let Blender call the timer that the drawing left, and return what the button says."""
    said = button(addon)
    if bpy.app.timers.is_registered(addon.price_tag._start):
        bpy.app.timers.unregister(addon.price_tag._start)
        addon.price_tag._start()
        tick_until(lambda: addon.session.running().is_loaded)
        said = button(addon)
    return said


def settle(addon: Any) -> str:
    """Draw, wait until nothing is asked any more, and return what the button says then."""
    open_panel(addon)
    tick_until(lambda: not addon.session.running().prices.is_busy)
    return button(addon)


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
        (1_234_567.0, 1, "Generate · 1234567 CU"),
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
    assert not bpy.app.timers.is_registered(addon.price_tag._start)
    assert addon.session.running() is None


def test_drawing_starts_no_thread_but_leaves_that_to_a_timer(addon: Any, connected: Emulator) -> None:
    assert button(addon) == "Generate"
    assert addon.session.running() is None
    assert bpy.app.timers.is_registered(addon.price_tag._start)


def test_offline_the_panel_says_generate_and_asks_nothing(addon: Any, connected: Emulator) -> None:
    open_panel(addon)
    kept = addon.preferences.preferences()
    kept.api_address = "https://api.example.invalid/v1"
    assert bpy.context.preferences is not None
    bpy.context.preferences.system.use_online_access = False
    assert addon.price_tag.words(chosen()) == "Generate"
    tick_for(3 * REST)
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
    monkeypatch.setattr(addon.price, "REST_SECONDS", 0.3)
    for steps in range(21, 51):
        chosen().shape_slat_sampling_steps = steps
        assert button(addon) == "Generate"
        addon.session.tick()
    tick_for(0.1)
    assert connected.calls["dry_run"] == before
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
    monkeypatch.setattr(addon.price, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + later[0]))
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
    bpy.app.timers.unregister(addon.session._timer)
    for _ in range(3):
        button(addon)
    assert not bpy.app.timers.is_registered(addon.session._timer)
    chosen().texture_size = "4096"
    button(addon)
    assert bpy.app.timers.is_registered(addon.session._timer)


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


@pytest.mark.parametrize(
    ("cost", "limit", "question"),
    [
        (None, 0.0, ""),
        (99.0, 0.0, ""),
        (12.0, 12.0, ""),
        (12.5, 12.0, "This costs 12.5 CU, more than your limit of 12 CU. Go on anyway?"),
        (None, 12.0, "The price is not known. Go on anyway?"),
    ],
)
def test_the_artist_is_asked_before_anything_dearer_than_the_limit(
    addon: Any, limited: Any, cost: float | None, limit: float, question: str
) -> None:
    limited(limit)
    assert addon.price_tag.objection(cost) == question


@pytest.fixture
def limited(addon: Any) -> Any:
    """Set the artist's limit."""
    kept = addon.preferences.preferences()

    def set_limit(limit: float) -> None:
        kept.price_limit = limit

    yield set_limit
    kept.price_limit = 0.0


buttons: list[str] = []
"""What the buttons say that go on."""


@pytest.fixture
def confirmed(addon: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the artist is asked, who does not answer; a dialog needs a window."""
    questions: list[str] = []
    buttons.clear()

    def ask(_operator: Any, _context: Any, _event: Any, text: str, yes: str = "Generate") -> set[str]:
        questions.append(text)
        buttons.append(yes)
        return {"CANCELLED"}

    monkeypatch.setattr(addon.price_tag, "confirm", ask)
    return questions


def click(addon: Any, **given: Any) -> set[str]:
    """A click on Generate; `given` are properties that the operator was given."""

    class Button(addon.operators.Generate):  # type: ignore[misc]  # the add-on has no types here
        properties = SimpleNamespace(is_property_set=lambda name: name in given)
        execute = staticmethod(lambda _context: {"FINISHED"})

    pressed = Button()
    for name, value in given.items():
        setattr(pressed, name, value)
    result: set[str] = addon.operators.TRELLIS2_OT_generate_render.invoke(pressed, bpy.context, None)
    return result


def test_a_click_asks_where_it_would_cost_more_than_the_limit(
    addon: Any, connected: Emulator, limited: Any, confirmed: list[str]
) -> None:
    settle(addon)
    assert click(addon) == {"FINISHED"}
    limited(7.25)
    assert click(addon) == {"FINISHED"}
    chosen().variations = 2
    assert click(addon) == {"CANCELLED"}
    chosen().variations = 1
    assert confirmed == ["This costs 14.5 CU, more than your limit of 7.25 CU. Go on anyway?"]
    assert click(addon, decimation_target=100_001) == {"CANCELLED"}
    assert confirmed[-1] == "The price is not known. Go on anyway?"


def files(addon: Any, count: int, *, is_from_browser: bool = False) -> Any:
    """The operator for several files as a window calls it, with so many files. Its `gone_on` says whether it has."""
    real = vars(addon.source_operators.TRELLIS2_OT_generate_files)
    own = {"is_from_browser": is_from_browser} | {name: real[name] for name in ("invoke", "execute", "count")}

    class Pressed(type("Files", (addon.operators.Generate,), own)):  # type: ignore[misc]  # no types here
        properties = SimpleNamespace(is_property_set=lambda _name: False)
        options = SimpleNamespace(is_repeat=False, is_repeat_last=False)
        gone_on = wait = False

        def paths(self) -> list[str]:
            return [f"Stuhl {number}.png" for number in range(count)]

        def begin(self, _context: Any) -> None:
            self.gone_on = True

    return Pressed()


@pytest.mark.parametrize("is_known", [True, False])
def test_dropped_files_are_asked_about_once_with_what_they_cost_together(
    addon: Any, connected: Emulator, confirmed: list[str], is_known: bool
) -> None:
    if is_known:
        settle(addon)
    chosen().variations = 2
    dropped = files(addon, 3)
    assert dropped.invoke(bpy.context, None) == {"CANCELLED"}
    chosen().variations = 1
    cost = " This costs 43.5 CU." if is_known else ""
    assert confirmed == ["Generate 6 models from these images?" + cost]
    assert not dropped.gone_on


ONE = "This costs 7.25 CU, more than your limit of 7 CU. Go on anyway?"


@pytest.mark.parametrize(
    ("count", "question"), [(1, ONE), (3, "Generate 3 models from these images? This costs 21.75 CU.")]
)
def test_files_from_the_browser_are_asked_about_where_they_cost_more_than_the_limit(
    addon: Any,
    connected: Emulator,
    limited: Any,
    confirmed: list[str],
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    question: str,
) -> None:
    monkeypatch.setattr(addon.source_operators, "click_again", lambda pressed: pressed.invoke(bpy.context, None))
    settle(addon)
    limited(7.0)
    dear = files(addon, count, is_from_browser=True)
    assert dear.execute(bpy.context) == {"CANCELLED"}
    assert (confirmed, dear.gone_on) == ([question], False)
    limited(21.75)
    cheap = files(addon, count, is_from_browser=True)
    assert cheap.execute(bpy.context) == {"FINISHED"}
    assert (confirmed, cheap.gone_on) == ([question], True)


def test_repeating_the_last_step_is_a_click_like_any_other(
    addon: Any, connected: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clicked: list[str] = []

    def click_again(pressed: Any) -> set[str]:
        clicked.append(pressed.filepath)
        return {"CANCELLED"}

    monkeypatch.setattr(addon.operators, "click_again", click_again)
    picture = str(picture_file(tmp_path))
    OPS.trellis2.generate_image("EXEC_DEFAULT", True, filepath=picture, **SMALL)
    tick_until(lambda: connected.paid == 1)
    bpy.ops.screen.repeat_last()
    tick_for(0.3)
    assert (connected.paid, clicked) == (1, [picture])


def test_clicking_again_takes_the_same_files_and_parameters(
    addon: Any, connected: Emulator, session: Any, tmp_path: Path
) -> None:
    names = [picture_file(tmp_path, name).name for name in ("Stuhl 1.png", "Stuhl 2.png")]
    given = {"directory": str(tmp_path), "files": [{"name": name} for name in names], **SMALL}
    OPS.trellis2.generate_files("EXEC_DEFAULT", True, **given)
    bpy.ops.screen.repeat_last()  # without a window nobody is asked
    tick_until(lambda: connected.paid == 4)
    jobs = list(session.jobs().values())
    assert [job.name for job in jobs] == ["Stuhl 1", "Stuhl 2"] * 2
    assert [job.parameters for job in jobs[2:]] == [job.parameters for job in jobs[:2]]


def test_a_script_is_not_asked(addon: Any, connected: Emulator, limited: Any, tmp_path: Path) -> None:
    limited(0.01)
    generate(picture_file(tmp_path))
    tick_until(lambda: connected.paid)


@pytest.mark.parametrize(
    ("job", "asked"),
    [
        ({"cost": 12.0, "remote_id": "job_1", "remote_ended": True}, True),
        ({"cost": 9.0, "remote_id": "job_1", "remote_ended": True}, False),
        ({"cost": 12.0, "remote_id": "job_1"}, False),
        ({}, True),
    ],
)
def test_a_retry_asks_only_where_it_pays_again(
    addon: Any, limited: Any, confirmed: list[str], job: dict[str, Any], asked: bool
) -> None:
    limited(10.0)
    failed = snapshot(addon, "failed", **job)
    pressed = SimpleNamespace(job_id=failed.id, target=lambda: failed.id, execute=lambda _context: {"FINISHED"})
    with session_with(addon, [failed]):
        result = addon.job_operators.TRELLIS2_OT_retry.invoke(pressed, bpy.context, None)
    assert (result == {"CANCELLED"}, bool(confirmed)) == (asked, asked)
    assert buttons == ["Retry"] * asked


def test_what_was_charged_stands_below_the_jobs_month_by_month(addon: Any) -> None:
    days = ((9, 15), (10, 3), (11, 1), (11, 30))
    dates = [time.mktime((2026, month, day, 12, 0, 0, 0, 0, -1)) for month, day in days]
    jobs = [
        snapshot(addon, number=number, created=date, remote_id="job_1", cost=7.25) for number, date in enumerate(dates)
    ]
    with session_with(addon, jobs) as state:
        for job in jobs:
            addon.news.take_in(state, job)
        page = draw(addon.panels.TRELLIS2_PT_jobs)
        assert page.text.endswith("November 2026: 2 models, 14.5 CU")
        assert "TRELLIS2_MT_months" in page.menus
        menu = draw(addon.panels.spending_rows.TRELLIS2_MT_months)
        assert menu.texts == ["October 2026: 1 model, 7.25 CU", "September 2026: 1 model, 7.25 CU"]
        for job in jobs[:3]:
            addon.news.take_in(state, addon.news.Removed(job.id))
        page = draw(addon.panels.TRELLIS2_PT_jobs)
        assert page.text.endswith("November 2026: 2 models, 14.5 CU"), "what was paid for is forgotten with the job"


def test_a_model_that_was_made_is_in_this_months_sum(addon: Any, connected: Emulator, tmp_path: Path) -> None:
    finish(picture_file(tmp_path))
    (month,) = addon.session.running().spending.months
    now = time.localtime()
    assert (month.year, month.month, month.count, month.cost) == (now.tm_year, now.tm_mon, 1, newest_job().cost)


def test_the_session_is_gone_with_its_timers_when_the_add_on_is_disabled(addon: Any, connected: Emulator) -> None:
    button(addon)
    addon.price_tag.unregister()
    assert not bpy.app.timers.is_registered(addon.price_tag._start)
    button(addon)
    addon.unregister()
    try:
        assert not bpy.app.timers.is_registered(addon.price_tag._start)
    finally:
        addon.register()
