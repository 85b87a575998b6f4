"""Again with Another Seed, Import Again, and what a job that made no model cost."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.addon import ADDON
from tests.blender.drawing import draw
from tests.blender.pictures import picture_file, sent
from tests.blender.snapshots import session_with, snapshot
from tests.blender.working import OPS, SMALL, finish, newest_job, refusal, rest, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

TYPES: Any = bpy.types
UNUSUAL = {"resolution": "512", "ss_sampling_steps": 7, "remesh": False}


def menu(addon: Any, operator: str) -> list[str]:
    """The labels of this operator in the job's menu."""
    return [text for name, text, _ in draw(TYPES.TRELLIS2_MT_job).operators if name == operator]


def test_again_sends_the_same_picture_and_parameters_with_another_seed(tmp_path: Path, connected: Emulator) -> None:
    picture = picture_file(tmp_path, "Tür.png")
    first = finish(picture, **UNUSUAL)
    before = sent(connected)
    picture.unlink()
    scene: Any = bpy.context.scene
    scene.trellis2.variations, scene.trellis2.use_seed, scene.trellis2.seed = 3, True, 7
    assert OPS.trellis2.generate_again(job_id=first.id, wait=True) == {"FINISHED"}
    again = newest_job()
    assert sent(connected) == before
    assert (again.name, again.picture_name, again.picture_sha256) == ("Tür", "Tür.png", first.picture_sha256)
    seeds = first.parameters["seed"], again.parameters["seed"]
    assert seeds[0] == SMALL["seed"] != seeds[1]
    assert {**again.parameters, "seed": 0} == {**first.parameters, "seed": 0}
    assert (connected.paid, again.batch) == (2, "")


def test_again_has_a_box_of_its_own(tmp_path: Path, connected: Emulator) -> None:
    first = finish(picture_file(tmp_path))
    assert OPS.trellis2.generate_again(job_id=first.id) == {"FINISHED"}
    assert [thing.type for thing in bpy.data.objects if thing.type == "LATTICE"] == ["LATTICE"]
    tick_until(lambda: newest_job().stage.value == "imported")
    assert connected.paid == 2


def test_the_entry_names_the_price(addon: Any) -> None:
    with session_with(addon, [snapshot(addon, cost=7.25, remote_id="job_1")]):
        assert menu(addon, "trellis2.generate_again") == ["Again with Another Seed · 7.25 CU"]
    with session_with(addon, [snapshot(addon, "failed")]):
        assert menu(addon, "trellis2.generate_again") == ["Again with Another Seed"]


@pytest.fixture
def limit() -> Any:
    """The artist's limit, in compute units."""
    context: Any = bpy.context
    preferences = context.preferences.addons[ADDON].preferences
    before = preferences.price_limit
    yield lambda units: setattr(preferences, "price_limit", units)
    preferences.price_limit = before


def clicked(addon: Any, job_id: str) -> tuple[set[str], list[str]]:
    """What a click answers, and what it asks."""
    cls, asked = addon.job_operators.TRELLIS2_OT_generate_again, []
    own = {"cost": cls.cost, "job_id": job_id, "execute": lambda _self, _context: {"RAN"}}
    with pytest.MonkeyPatch.context() as patch:

        def ask(_operator: Any, _context: Any, _event: Any, text: str) -> set[str]:
            asked.append(text)
            return {"ASKED"}

        patch.setattr(addon.base_operators.Asking, "confirm", ask)
        return type("Pressed", (addon.job_operators.PaidAgain,), own)().invoke(bpy.context, None), asked


def test_again_asks_above_the_limit_like_generate(addon: Any, limit: Any) -> None:
    job = snapshot(addon, cost=7.25, remote_id="job_1")
    with session_with(addon, [job]):
        limit(8.0)
        assert clicked(addon, job.id) == ({"RAN"}, [])
        limit(7.0)
        asked = "This costs 7.25 CU, more than your limit of 7 CU. Go on anyway?"
        assert clicked(addon, job.id) == ({"ASKED"}, [asked])


def test_a_double_click_makes_one_more_model_and_not_two(addon: Any) -> None:
    paid = addon.base_operators.PaidAction
    assert issubclass(addon.job_operators.TRELLIS2_OT_generate_again, paid)
    with session_with(addon, [snapshot(addon)]):
        button = type("Pressed", (paid,), {})()
        button.objection, button.execute = lambda _context: "", lambda _context: {"RAN"}
        assert button.invoke(bpy.context, None) == {"RAN"}
        assert button.invoke(bpy.context, None) == {"CANCELLED"}


def test_without_an_account_again_says_what_is_missing(addon: Any, tmp_path: Path, connected: Emulator) -> None:
    first = finish(picture_file(tmp_path))
    context: Any = bpy.context
    context.preferences.addons[ADDON].preferences.api_key = ""
    assert "API key" in refusal(lambda: OPS.trellis2.generate_again(job_id=first.id))
    assert connected.paid == 1


def test_a_job_started_elsewhere_has_no_picture_to_use_again(addon: Any) -> None:
    assert not addon.job_operators.TRELLIS2_OT_generate_again.fits(snapshot(addon, picture="", parameters={"seed": 0}))


# -- Import Again


@pytest.mark.parametrize(("stage", "label"), [("ready", "Import"), ("imported", "Import Again")])
def test_importing_has_one_name_in_the_panel_and_in_the_menu(addon: Any, stage: str, label: str) -> None:
    with session_with(addon, [snapshot(addon, stage)]):
        panel = draw(addon.panels.TRELLIS2_PT_jobs).operators
        assert [text for name, text, _ in panel if name == "trellis2.import_model"] == [label]
        assert menu(addon, "trellis2.import_model") == [label]


def test_importing_again_tells_no_price(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(addon.window, "report", lambda text, **_options: said.append(text))
    done = finish(picture_file(tmp_path))
    assert OPS.trellis2.import_model(job_id=done.id, wait=True) == {"FINISHED"}
    rest()
    assert "CU" in said[0]
    assert said[1:] == ["“chair” is in the scene"]


# -- what was charged


@pytest.mark.parametrize("stage", ["failed", "cancelled"])
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "Nothing charged"),
        ({"remote_id": "job_1", "remote_ended": True, "cost": 7.25}, "Nothing charged"),
        ({"remote_id": "job_1", "remote_ended": True, "charged_in_vain": 3.5}, "3.5\u00a0CU\u00a0charged"),
        ({"remote_id": "job_1", "cost": 7.25}, "7.25\u00a0CU\u00a0charged"),  # its model is there, and can be had
        ({"remote_id": "job_1"}, ""),
        ({"may_be_paid": True}, ""),
    ],
)
def test_a_job_that_failed_or_was_cancelled_says_what_was_charged(
    addon: Any, stage: str, values: dict[str, Any], words: str
) -> None:
    said = addon.job_panel.facts(snapshot(addon, stage, **values), 0.0)
    assert said.replace("Nothing\u00a0charged", "Nothing charged").endswith(words)
    assert bool(words) or "charged" not in said


def test_a_month_without_a_model_says_so(addon: Any) -> None:
    month = SimpleNamespace(year=2026, month=11, count=0, cost=3.5)
    assert addon.job_panel.month_sentence(month) == "November 2026: no model, 3.5 CU"
