"""Before money is spent: asked where it is more than the limit, for several files, and for a step that is repeated."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.pictures import picture_file
from tests.blender.priced import asking, chosen, settle
from tests.blender.snapshots import session_with, snapshot
from tests.blender.working import OPS, SMALL, generate, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

pytestmark = pytest.mark.usefixtures("quick_prices")


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

    def ask(operator: Any, _context: Any, _event: Any, text: str) -> set[str]:
        questions.append(text)
        buttons.append(operator.yes)
        return {"CANCELLED"}

    monkeypatch.setattr(addon.base_operators.Asking, "confirm", ask)
    return questions


def click(addon: Any, **given: Any) -> set[str]:
    """A click on Generate; `given` are properties that the operator was given."""

    class Button(addon.base_operators.Generate):  # type: ignore[misc]  # the add-on has no types here
        properties = SimpleNamespace(is_property_set=lambda name: name in given)
        execute = staticmethod(lambda _context: {"FINISHED"})

    pressed = Button()
    for name, value in given.items():
        setattr(pressed, name, value)
    result: set[str] = addon.source_operators.operator_of(addon.sources.by_key("RENDER")).invoke(
        pressed, bpy.context, None
    )
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
    """The operator for several files as a window calls it, with so many files.

    Its `gone_on` says whether it has, its `batched` whether the question of a batch was opened.
    """
    real = vars(addon.drop_operators.GenerateFromFiles)
    own = {"is_from_browser": is_from_browser} | {name: real[name] for name in ("invoke", "execute", "count")}

    class Pressed(type("Files", (addon.base_operators.Generate,), own)):  # type: ignore[misc]  # no types here
        properties = SimpleNamespace(is_property_set=lambda _name: False)
        gone_on = wait = batched = False

        def _as_batch(self) -> set[str]:
            self.batched = True
            return {"CANCELLED"}

        def paths(self) -> list[str]:
            return [f"Stuhl {number}.png" for number in range(count)]

        def start_generation(self, _context: Any) -> None:
            self.gone_on = True

    return Pressed()


def test_several_dropped_files_are_asked_about_once_as_a_batch(
    addon: Any, connected: Emulator, confirmed: list[str]
) -> None:
    settle(addon)
    dropped = files(addon, 3)
    assert dropped.invoke(bpy.context, None) == {"CANCELLED"}
    assert (dropped.batched, dropped.gone_on, confirmed) == (True, False, [])


def test_a_file_from_the_browser_is_asked_about_where_it_costs_more_than_the_limit(
    addon: Any, connected: Emulator, limited: Any, confirmed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon.drop_operators, "click_again", lambda pressed: pressed.invoke(bpy.context, None))
    settle(addon)
    limited(7.0)
    dear = files(addon, 1, is_from_browser=True)
    assert dear.execute(bpy.context) == {"CANCELLED"}
    assert confirmed == ["This costs 7.25 CU, more than your limit of 7 CU. Go on anyway?"]
    assert not dear.gone_on
    limited(21.75)
    cheap = files(addon, 1, is_from_browser=True)
    assert cheap.execute(bpy.context) == {"FINISHED"}
    assert (cheap.gone_on, cheap.batched, len(confirmed)) == (True, False, 1)


def test_several_files_from_the_browser_are_asked_about_as_a_batch(addon: Any, connected: Emulator) -> None:
    chosen_ones = files(addon, 3, is_from_browser=True)
    assert chosen_ones.execute(bpy.context) == {"CANCELLED"}
    assert (chosen_ones.batched, chosen_ones.gone_on) == (True, False)


def test_a_generation_is_no_step_that_blender_repeats(connected: Emulator, tmp_path: Path) -> None:
    OPS.trellis2.generate_image("EXEC_DEFAULT", True, filepath=str(picture_file(tmp_path)), **SMALL)
    picture_file(tmp_path, "Stuhl.png")
    files = {"directory": str(tmp_path), "files": [{"name": "Stuhl.png"}]}
    OPS.trellis2.generate_files("EXEC_DEFAULT", True, **files, **SMALL)
    tick_until(lambda: connected.paid == 2)
    manager: Any = bpy.context.window_manager
    assert not [done.bl_idname for done in manager.operators if done.bl_idname.startswith("TRELLIS2_OT_generate")]


def test_a_script_is_not_asked(addon: Any, connected: Emulator, limited: Any, tmp_path: Path) -> None:
    limited(0.01)
    generate(picture_file(tmp_path))
    tick_until(lambda: connected.paid)


def retry_button(addon: Any, job: Any) -> Any:
    """Retry for this job, as a window calls it."""
    retry = addon.job_operators.TRELLIS2_OT_retry
    return asking(addon, retry, hold=lambda _self: job, execute=lambda _self, _context: {"FINISHED"})


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
    with session_with(addon, [failed]):
        result = retry_button(addon, failed).invoke(bpy.context, None)
    assert (result == {"CANCELLED"}, bool(confirmed)) == (asked, asked)
    assert buttons == ["Retry"] * asked


@pytest.mark.parametrize("stage", ["uncertain", "failed"])
def test_what_may_be_charged_twice_is_always_asked_for(addon: Any, confirmed: list[str], stage: str) -> None:
    uncertain = snapshot(addon, stage, may_be_paid=True)
    with session_with(addon, [uncertain]):
        assert retry_button(addon, uncertain).invoke(bpy.context, None) == {"CANCELLED"}
    assert ["charged twice" in text for text in confirmed] == [True]
    assert buttons == ["Submit Again"]
