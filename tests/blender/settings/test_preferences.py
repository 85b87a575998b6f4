"""The account: where it is taken from, when it may be used, and what a test of it answers."""

from __future__ import annotations

import socket
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from emulator import Service
from tests.addon import ADDON
from tests.blender.drawing import draw
from tests.blender.pictures import picture_file
from tests.blender.working import OPS, finish, generate, job, refusal, stage_of, tick_until

if TYPE_CHECKING:
    from emulator import Emulator

KEY, SECRET = "SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET"
OFFLINE = "Online access is off. Allow it in Preferences > System > Network."


def kept() -> Any:
    """The add-on's preferences."""
    assert bpy.context.preferences is not None
    return bpy.context.preferences.addons[ADDON].preferences


def allow_online_access(is_allowed: bool) -> None:
    """Blender's own switch."""
    assert bpy.context.preferences is not None
    bpy.context.preferences.system.use_online_access = is_allowed


def answer(addon: Any) -> Any:
    """Press Test Connection and return what came of it."""
    page = addon.session.state().messages.page
    page.answer = None
    assert OPS.trellis2.test_connection() == {"FINISHED"}
    tick_until(lambda: page.answer)
    return page.answer


def test_the_environment_wins_over_the_preferences(
    tmp_path: Path, connected: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept().api_key, kept().api_secret = "old-key", "old-secret"
    monkeypatch.setenv(KEY, "test-key")
    monkeypatch.setenv(SECRET, "test-secret")
    assert finish(picture_file(tmp_path)).stage.value == "imported"


def test_a_model_larger_than_the_largest_download_stays_where_it_is_until_that_is_raised(
    tmp_path: Path, addon: Any, connected: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert addon.preferences.model_bytes() == 1024**3
    kept().largest_download = 16
    assert addon.preferences.model_bytes() == 16 * 1024**2
    monkeypatch.setattr(addon.preferences, "model_bytes", lambda: 1000)
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "failed")
    assert job(job_id).remedy.value == "preferences"
    assert "Change Largest Download in the preferences" in job(job_id).message
    monkeypatch.undo()
    assert OPS.trellis2.retry(job_id=job_id) == {"FINISHED"}
    tick_until(lambda: stage_of(job_id) == "imported")
    assert connected.paid == 1


def test_each_half_of_the_account_may_come_from_elsewhere(
    addon: Any, connected: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, "from-outside")
    account = addon.preferences.account()
    assert (account.key, account.secret) == ("test-key", "from-outside")


def test_what_comes_from_the_environment_is_said_and_not_asked_for(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "test-key")
    page = draw(addon.preferences.TRELLIS2_AP_preferences)
    assert f"API Key is taken from {KEY}" in page.texts
    assert "api_key" not in page.properties
    assert "api_secret" in page.properties
    assert "test-key" not in page.text


def test_the_page_has_headings_and_leads_to_the_key_the_documentation_and_where_problems_are_reported(
    addon: Any,
) -> None:
    page = draw(addon.preferences.TRELLIS2_AP_preferences)
    headings = ("Account", "Placement", "History", "Assets")
    assert tuple(text for text in page.texts if text in headings) == headings
    manifest = Path(addon.package.__file__).with_name("blender_manifest.toml")
    website = tomllib.loads(manifest.read_text(encoding="utf-8"))["website"]
    links = {label: given["url"] for name, label, given in page.operators if name == "wm.url_open"}
    assert links == {
        "Get a Key": "https://app.scenario.com/team",
        "Documentation": f"{website}#readme",
        "Report a Problem": f"{website}/issues",
    }


def test_the_account_has_the_project_without_blanks_around_it(addon: Any, connected: Emulator) -> None:
    kept().project_id = " proj_7 "
    assert addon.preferences.account().project == "proj_7"


@pytest.mark.parametrize("address", ["http://example.com/v1", "ftp://example.com", "example.com/v1", "https://"])
def test_an_address_without_https_is_refused(connected: Emulator, address: str) -> None:
    kept().api_address = address
    assert "API address" in refusal(OPS.trellis2.generate_render)


def test_without_an_address_it_is_scenarios_own(addon: Any) -> None:
    kept().api_address = ""
    assert addon.preferences.account().address == "https://api.cloud.scenario.com/v1"


def test_offline_the_way_to_switch_it_on_is_told(connected: Emulator) -> None:
    kept().api_address = ""
    allow_online_access(False)
    assert refusal(OPS.trellis2.generate_render).endswith(OFFLINE)
    assert refusal(OPS.trellis2.test_connection) == OFFLINE


def test_offline_the_panel_offers_the_switch(addon: Any, connected: Emulator) -> None:
    kept().api_address = ""
    allow_online_access(False)
    page = draw(addon.panels.TRELLIS2_PT_generate)
    assert OFFLINE in page.text
    assert page.operator_ids == ["trellis2.allow_online_access"]


def test_started_offline_the_switch_that_is_named_is_the_one_that_helps(
    addon: Any, connected: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    class App:
        """Blender as it is after `blender --offline-mode`."""

        online_access, online_access_override = False, True

    kept().api_address = ""
    monkeypatch.setattr(addon.preferences, "bpy", type("Blender", (), {"app": App, "context": bpy.context}))
    assert str(addon.preferences.problem()) == "Online access is off. Launch Blender without --offline-mode."


def test_offline_this_computer_can_still_be_asked(tmp_path: Path, connected: Emulator) -> None:
    allow_online_access(False)
    assert finish(picture_file(tmp_path)).stage.value == "imported"


def test_going_offline_holds_a_running_job_and_says_why(tmp_path: Path, connected: Emulator, session: Any) -> None:
    job_id = generate(picture_file(tmp_path))
    kept().api_address = "https://127.0.0.2.invalid/v1"
    allow_online_access(False)
    tick_until(lambda: OFFLINE in session.jobs()[job_id].trouble)
    kept().api_address = connected.url
    tick_until(lambda: session.jobs()[job_id].stage.value == "imported")


def test_a_good_account_is_confirmed(addon: Any, connected: Emulator) -> None:
    found = answer(addon)
    assert (found.is_well, found.sentence) == (True, "Connected: Trellis 2 (emulated) is ready.")
    assert not connected.paid


@pytest.mark.parametrize("emulator", [Service(replaced_by="model_trellis-3")], indirect=True, ids=["retired"])
def test_a_model_that_scenario_retires_is_told(addon: Any, connected: Emulator) -> None:
    found = answer(addon)
    assert found.is_well
    assert "is replacing Trellis 2 (emulated) with model_trellis-3. Update the add-on" in found.sentence
    assert draw(addon.panels.TRELLIS2_PT_generate).operator_ids[0:2] == ["trellis2.dismiss", "screen.userpref_show"]


def test_a_wrong_key_is_told(addon: Any, connected: Emulator) -> None:
    kept().api_key = "wrong"
    found = answer(addon)
    assert not found.is_well
    assert found.sentence == "Scenario does not know this API key. Enter key and secret again."


def test_a_missing_server_is_told_and_nothing_is_promised(addon: Any, connected: Emulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept().api_address = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
    found = answer(addon)
    assert not found.is_well
    assert found.sentence.startswith("No connection to Scenario. Check the network")
    assert "Retrying" not in found.sentence  # nobody does that after a test


def test_the_answer_stands_below_the_account(addon: Any, connected: Emulator) -> None:
    found = answer(addon)
    assert found.sentence in draw(addon.preferences.TRELLIS2_AP_preferences).texts


def test_testing_does_not_keep_blender_waiting(addon: Any, connected: Emulator) -> None:
    page = addon.session.state().messages.page
    OPS.trellis2.test_connection()
    assert (page.answer, connected.calls["model"]) == (None, 0)
    tick_until(lambda: page.answer)


def test_a_missing_key_is_told_with_where_it_belongs(connected: Emulator) -> None:
    kept().api_key = "  "
    said = refusal(OPS.trellis2.test_connection)
    assert said == "The API key is missing. Enter it."


@pytest.mark.parametrize("operator", ["open_preferences", "open_network_preferences"])
def test_without_a_window_the_other_way_is_told(operator: str) -> None:
    said = refusal(getattr(OPS.trellis2, operator))
    assert said.startswith("There is no window to show the preferences in.")
