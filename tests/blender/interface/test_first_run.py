"""The first minutes: no key, a key that is tested, no way online; and each refusal with the button that mends it."""

from __future__ import annotations

import dataclasses
import math
import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from emulator import Fault, Service
from tests.addon import ADDON
from tests.blender.drawing import Page, draw, operator_type
from tests.blender.pictures import picture_file
from tests.blender.priced import asking, open_panel, settle
from tests.blender.snapshots import session_with, snapshot
from tests.blender.working import OPS, generate, job, refusal, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

KEYS_PAGE = "https://app.scenario.com/team"


def kept() -> Any:
    """The add-on's preferences."""
    assert bpy.context.preferences is not None
    return bpy.context.preferences.addons[ADDON].preferences


def panel(addon: Any, width: int = 300) -> Page:
    """What the panel shows."""
    return draw(addon.panels.TRELLIS2_PT_generate, width=width)


@pytest.fixture
def new(connected: Emulator) -> Emulator:
    """Nobody has entered a key yet."""
    kept().api_key = kept().api_secret = ""
    return connected


def answer(addon: Any) -> Any:
    """What the test of the connection said, None before it has."""
    return addon.session.state().messages.page.answer


def enter(key: str = "test-key", secret: str = "test-secret") -> Any:
    """Fill in the dialog."""
    return OPS.trellis2.enter_key(api_key=key, api_secret=secret)


def test_without_a_key_there_are_three_lines_and_two_buttons(addon: Any, new: Emulator) -> None:
    page = panel(addon)
    assert len(page.texts) == 3
    assert [(name, label) for name, label, _ in page.operators] == [
        ("wm.url_open", "Get a Key"),
        ("trellis2.enter_key", "Enter Key"),
    ]
    assert page.operators[0][2] == {"url": KEYS_PAGE}
    assert page.properties == []


def test_in_a_narrow_sidebar_they_are_still_three_lines(addon: Any, new: Emulator) -> None:
    assert len(panel(addon, width=200).texts) == 3


@pytest.mark.parametrize("half", ["api_key", "api_secret"])
def test_half_a_key_is_no_key(addon: Any, new: Emulator, half: str) -> None:
    setattr(kept(), half, "test")
    assert "trellis2.enter_key" in panel(addon).operator_ids


def test_with_the_environments_key_nothing_of_it_is_shown(
    addon: Any, new: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", "test-key")
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "test-secret")
    page = panel(addon)
    assert not set(addon.first_run.WELCOME) & set(page.texts)
    assert page.operator_ids[-1] == "trellis2.generate_render"
    assert "trellis2.enter_key" not in page.operator_ids
    assert "SCENARIO_SDK_API_KEY" in refusal(enter)


@pytest.mark.parametrize(
    ("variable", "field"), [("SCENARIO_SDK_API_KEY", "api_secret"), ("SCENARIO_SDK_API_SECRET", "api_key")]
)
def test_with_one_half_from_the_environment_the_other_is_asked_for(
    addon: Any, new: Emulator, monkeypatch: pytest.MonkeyPatch, variable: str, field: str
) -> None:
    outside = {"SCENARIO_SDK_API_KEY": "test-key", "SCENARIO_SDK_API_SECRET": "test-secret"}[variable]
    monkeypatch.setenv(variable, outside)
    assert "trellis2.enter_key" in panel(addon).operator_ids
    known = operator_type("trellis2.enter_key")
    dialog = draw(addon.account_operators.TRELLIS2_OT_enter_key, bl_rna=known)
    assert field in dialog.properties
    assert {"api_key", "api_secret"} - set(dialog.properties) == {"api_key", "api_secret"} - {field}
    assert variable in dialog.text
    assert OPS.trellis2.enter_key(**{field: "test-secret" if field == "api_secret" else "test-key"}) == {"FINISHED"}
    tick_until(lambda: answer(addon))
    assert answer(addon).is_well
    assert outside not in (kept().api_key, kept().api_secret)


def test_a_key_that_is_entered_is_tested_and_the_panel_is_ready(addon: Any, new: Emulator) -> None:
    assert enter() == {"FINISHED"}
    page = panel(addon)
    assert page.texts[0] == "Testing the connection"
    tick_until(lambda: answer(addon))
    page = panel(addon, width=500)
    assert "Connected: Trellis 2 (emulated) is ready." in page.text
    assert "Testing" not in page.text
    assert page.operator_ids[-1] == "trellis2.generate_render"
    assert not new.paid


def test_a_key_that_is_entered_is_kept_in_its_file_alone(addon: Any, new: Emulator) -> None:
    enter(" test-key ", "test-secret\n")
    assert (kept().api_key, kept().api_secret) == ("test-key", "test-secret")
    assert b"test-secret" in addon.preferences.key_file().path.read_bytes()
    manager: Any = bpy.context.window_manager
    last = manager.operator_properties_last("trellis2.enter_key")
    assert last is None or (last.api_key, last.api_secret) == ("", "")
    assert "REGISTER" not in addon.account_operators.TRELLIS2_OT_enter_key.bl_options  # nor in the Info log


def test_a_project_that_is_entered_is_saved_when_blender_quits(addon: Any, new: Emulator) -> None:
    assert bpy.context.preferences is not None
    bpy.context.preferences.is_dirty = False
    OPS.trellis2.enter_key(api_key="test-key", api_secret="test-secret", project_id="proj_7")
    assert kept().project_id == "proj_7"
    assert bpy.context.preferences.is_dirty


def test_a_wrong_key_leads_back_to_where_it_was_entered_and_nowhere_else(addon: Any, new: Emulator) -> None:
    enter("wrong")
    tick_until(lambda: answer(addon))
    page = panel(addon)
    assert "Scenario does not know this API key." in page.text
    assert page.operator_ids[:2] == ["trellis2.dismiss", "trellis2.enter_key"]
    assert page.operators[1][1] == "Enter Key"
    assert not {"trellis2.open_preferences", "trellis2.test_connection"} & set(page.operator_ids)


@pytest.mark.usefixtures("quick_prices")
def test_a_wrong_key_from_the_preferences_is_told_before_anything_is_generated(addon: Any, new: Emulator) -> None:
    kept().api_key, kept().api_secret = "wrong", "test-secret"
    open_panel(addon)
    tick_until(lambda: answer(addon))
    assert "Scenario does not know this API key." in answer(addon).sentence
    assert panel(addon).operator_ids[:2] == ["trellis2.dismiss", "trellis2.enter_key"]


@pytest.mark.parametrize("is_changed", [False, True], ids=["the same key", "another key"])
def test_what_was_found_of_a_key_that_was_changed_meanwhile_is_not_told_of_another_key(
    addon: Any, connected: Emulator, is_changed: bool
) -> None:
    parts = addon.runner_messages
    with session_with(addon, []) as session:
        session.account = addon.preferences.account()
        session.prices.asked = (
            dataclasses.replace(session.account, key="wrong") if is_changed else session.account,
            (),
        )
        trouble = parts.ConnectionChecked("Wrong.", False, addon.errors.Remedy.KEY)
        addon.apply_messages.take_in(session, parts.PriceReady(session.prices.number, trouble=trouble))
        assert (answer(addon) is None) is is_changed


def test_where_scenario_cannot_be_reached_the_one_button_tries_again(addon: Any, new: Emulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept().api_address = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
    enter()
    tick_until(lambda: answer(addon))
    assert panel(addon).operator_ids[:2] == ["trellis2.dismiss", "trellis2.test_connection"]


@pytest.fixture
def tested(addon: Any, new: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """A key was entered, and the panel says Connected, which does not go by itself."""
    monkeypatch.setattr(addon.messages, "CONNECTED_SECONDS", math.inf)
    enter()
    tick_until(lambda: answer(addon))
    assert "Connected" in panel(addon, width=500).text
    return new


def test_connected_goes_by_itself_once_it_was_read(
    addon: Any, tested: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick_until(lambda: not addon.session.running().prices.is_busy)
    assert addon.session.tick(), "the timer ends before Connected is gone"
    assert answer(addon) is not None
    monkeypatch.setattr(addon.messages, "CONNECTED_SECONDS", 0.0)
    assert not addon.session.tick(), "the timer goes on"
    assert answer(addon) is None
    assert "Connected" not in panel(addon, width=500).text


@pytest.mark.parametrize("emulator", [Service(replaced_by="model_trellis-3")], indirect=True, ids=["retired"])
def test_what_has_to_be_acted_on_stays(addon: Any, tested: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addon.messages, "CONNECTED_SECONDS", 0.0)
    addon.session.tick()
    addon.session.state().messages.drop_connected()
    assert "Update the add-on" in answer(addon).sentence


def test_connected_goes_with_the_first_refusal(addon: Any, tested: Emulator, tmp_path: Path) -> None:
    refusal(lambda: generate(tmp_path / "gone.png"))
    assert answer(addon) is None


@pytest.mark.parametrize("status", [402, 503])
def test_connected_goes_with_the_first_trouble_of_a_job(
    addon: Any, tested: Emulator, tmp_path: Path, status: int
) -> None:
    tested.fault("submit", Fault(status=status, body='{"reason": "Not now"}'), times=None)
    job_id = generate(picture_file(tmp_path))
    assert answer(addon) is not None
    tick_until(lambda: job(job_id).message or job(job_id).trouble)
    assert answer(addon) is None


@pytest.mark.usefixtures("quick_prices")
def test_connected_goes_with_a_price_that_cannot_be_asked(addon: Any, tested: Emulator) -> None:
    tested.fault("upload", Fault(status=503), times=None)  # of the picture that the question needs
    settle(addon)
    assert answer(addon) is None
    assert not addon.session.running().prices.costs


@pytest.mark.parametrize(("key", "secret"), [("", "s"), ("k", ""), ("  ", "s")])
def test_what_is_missing_is_refused_and_keeps_what_was_there(
    addon: Any, connected: Emulator, key: str, secret: str
) -> None:
    assert "is missing" in refusal(lambda: enter(key, secret))
    assert (kept().api_key, kept().api_secret) == ("test-key", "test-secret")


def test_where_blender_does_not_save_preferences_by_itself_the_panel_says_that_they_hold_the_key(
    addon: Any, connected: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = {}
    for is_moved in (True, False):
        monkeypatch.setattr(addon.preferences.key_file(), "is_moved", is_moved)
        for saves in (True, False):
            system = SimpleNamespace(ui_scale=1.0)
            surroundings = SimpleNamespace(
                region=SimpleNamespace(width=900, height=900),
                preferences=SimpleNamespace(system=system, is_dirty=True, use_preferences_save=saves),
            )
            page = Page()
            addon.first_run.draw_first_run(_layout(page), surroundings)
            shown[is_moved, saves] = page.operator_ids
    assert [situation for situation, operators in shown.items() if operators == ["wm.save_userpref"]] == [(True, False)]


def _layout(page: Page) -> Any:
    from tests.blender.drawing import Layout

    return Layout(page)


def test_offline_one_button_is_the_switch(addon: Any, new: Emulator) -> None:
    kept().api_key, kept().api_secret, kept().api_address = "k", "s", ""
    assert bpy.context.preferences is not None
    bpy.context.preferences.system.use_online_access = False
    assert panel(addon).operator_ids == ["trellis2.allow_online_access"]


def test_a_key_entered_offline_is_kept_and_the_switch_is_offered(addon: Any, new: Emulator) -> None:
    kept().api_address = ""
    assert bpy.context.preferences is not None
    bpy.context.preferences.system.use_online_access = False
    assert enter() == {"FINISHED"}
    assert kept().api_key == "test-key"
    assert panel(addon).operator_ids == ["trellis2.allow_online_access"]


@pytest.fixture
def offline(addon: Any, new: Emulator) -> Any:
    """A key was entered offline, for an address that no test can reach. Returns what holds Blender's switch."""
    kept().api_address = "https://api.example.invalid/v1"
    assert bpy.context.preferences is not None
    system = bpy.context.preferences.system
    system.use_online_access = False
    enter()
    addon.session.tick()
    assert answer(addon) is None
    return system


def test_allow_online_access_does_so_and_the_key_is_tested_by_itself(addon: Any, offline: Any) -> None:
    assert OPS.trellis2.allow_online_access() == {"FINISHED"}
    assert offline.use_online_access
    tick_until(lambda: answer(addon))
    assert answer(addon).sentence.startswith("No connection to Scenario")


def test_allowed_in_blenders_preferences_the_key_is_tested_by_itself(addon: Any, offline: Any) -> None:
    offline.use_online_access = True
    open_panel(addon)
    tick_until(lambda: answer(addon))
    assert answer(addon).sentence.startswith("No connection to Scenario")


def test_it_is_tested_once(addon: Any, offline: Any) -> None:
    offline.use_online_access = True
    open_panel(addon)
    tick_until(lambda: answer(addon))
    addon.session.state().messages.dismiss()
    addon.session.test_entered_key()
    assert not addon.session.is_checking()


def test_allow_online_access_asks_as_blender_does(addon: Any, offline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(addon.base_operators.Asking, "confirm", lambda *given: asked.append((given[3], given[0].yes)))
    asking(addon, addon.account_operators.TRELLIS2_OT_allow_online_access).invoke(bpy.context, None)
    ((question, yes),) = asked
    assert "Other extensions may then go online, too." in question
    assert yes == "Allow Online Access"
    assert not offline.use_online_access


def test_a_refusal_stands_in_the_panel_with_its_remedy_until_the_next_try(
    addon: Any, connected: Emulator, tmp_path: Path
) -> None:
    refusal(lambda: generate(tmp_path / "gone.png"))
    page = panel(addon)
    assert "is gone. Choose another file." in page.text
    assert page.operators[-1][:2] == ("trellis2.use_file", "Change Picture")
    addon.session.state().clicks.last.clear()
    generate(picture_file(tmp_path))
    assert "is gone" not in panel(addon).text


def test_a_render_that_is_missing_can_be_made_with_one_click(addon: Any, connected: Emulator) -> None:
    refusal(OPS.trellis2.generate_render)
    assert panel(addon).operators[-1] == ("render.render", "Render Image", {"use_viewport": True})
    assert OPS.trellis2.dismiss() == {"FINISHED"}
    assert "render.render" not in panel(addon).operator_ids


def test_what_keeps_a_job_waiting_has_its_remedy_beside_it(addon: Any) -> None:
    remedies = addon.errors.Remedy
    job = snapshot(addon, "downloading", trouble="Free some disk space.", trouble_remedy=remedies.FOLDER)
    with session_with(addon, [job]):
        operators = draw(addon.panels.TRELLIS2_PT_jobs).operators
    assert ("trellis2.open_folder", "Open Folder", {"job_id": job.id}) in operators


def test_a_job_that_is_held_offline_has_the_switch_beside_it(addon: Any, new: Emulator) -> None:
    kept().api_key, kept().api_secret, kept().api_address = "k", "s", ""
    assert bpy.context.preferences is not None
    bpy.context.preferences.system.use_online_access = False
    job = snapshot(addon, "uploading", trouble=addon.preferences.problem().sentence)
    with session_with(addon, [job]):
        assert "trellis2.allow_online_access" in draw(addon.panels.TRELLIS2_PT_jobs).operator_ids


def test_a_notice_has_its_remedy_beside_it(addon: Any) -> None:
    with session_with(addon, []) as state:
        notice = addon.session.Notice("Its files are kept.", addon.errors.Remedy.FOLDER)
        state.messages.notices.append(notice)
        assert "trellis2.open_jobs_folder" in draw(addon.panels.TRELLIS2_PT_jobs).operator_ids


@pytest.mark.parametrize("remedy", ["credits", "scenario", "importer", "update", "render"])
def test_what_a_remedy_tells_its_operator_is_what_that_knows(addon: Any, remedy: str) -> None:
    remedies = addon.errors.Remedy
    with session_with(addon, [snapshot(addon, "failed", message="Broken.", remedy=remedies(remedy))]):
        _, _, given = draw(addon.panels.TRELLIS2_PT_jobs).operators[0]
    assert given == addon.sidebar.REMEDIES[remedies(remedy)][-1] != {}
