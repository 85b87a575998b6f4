"""A source is one record: one that is made up here is offered, looked at, sent and paid for as any other."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest
from bpy.props import IntProperty

from tests.addon import module_name
from tests.blender.drawing import draw
from tests.blender.looks import look, seen, shown
from tests.blender.pictures import pixels, sent
from tests.blender.working import OPS, SMALL, newest_job, refusal, tick_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emulator import Emulator

SIDE = 300
MISSING = "There is no sketch. Draw one first"
PROGRESS = "Trellis: sketching"


class Sketch:
    """A picture that takes as many looks until it is done as `looks` says."""

    def __init__(self, picture: Any, looks: int) -> None:
        self.picture, self.looks, self.is_abandoned = picture, looks, False

    @property
    def is_done(self) -> bool:
        self.looks -= 1
        return self.looks < 0

    def stop(self) -> None:
        self.looks, self.picture = 0, None

    def end(self) -> Any:
        if self.picture is None:
            raise sys.modules[module_name("errors")].PictureError("The sketch was stopped.")
        return self.picture

    def abandon(self) -> None:
        self.is_abandoned = True


def sketch(addon: Any, red: int) -> Any:
    """A picture of that red, with a clear border."""
    made = np.zeros((SIDE, SIDE, 4), np.float32)
    made[50:-50, 50:-50] = (red / 255, 0, 0, 1)
    return addon.picture_file.ChosenPicture("A Sketch.x", pixels=addon.pixels.Pixels(made.ravel(), SIDE, SIDE))


def record(addon: Any, **given: Any) -> Any:
    """The made-up source, which asks for a red."""
    fields: dict[str, Any] = {
        "key": "SKETCH",
        "number": 77,
        "label": "Sketch",
        "description": "Use a sketch",
        "icon": "GREASEPENCIL",
        "operator": "trellis2.generate_sketch",
        "title": "Generate from Sketch",
        "tooltip": "Make a 3D model from a sketch",
        "take": lambda _context, chosen, _folder: sketch(addon, chosen.sketch_red),
        "hint": "Sketch something to see it here.",
        "preview": addon.sources.Preview(
            lambda _context, chosen: ("SKETCH", str(chosen.sketch_red)) if chosen.sketch_red else ("SKETCH",),
            lambda _context, key, _folder, _is_asked: sketch(addon, int(key[1])),
        ),
        "missing": lambda _context, chosen: "" if chosen.sketch_red else MISSING,
        "settings": (addon.sources.Setting("sketch_red", IntProperty, {"name": "Red", "default": 200}, option="red"),),
    }
    return addon.sources.Source(**{**fields, **given})


@pytest.fixture
def offered(addon: Any) -> Iterator[Callable[..., Any]]:
    """Registers the add-on anew with the made-up source in its table, and without it when the test is over."""
    table = addon.sources.TABLE

    def offer(**given: Any) -> Any:
        anew((*table, record(addon, **given)))
        settings: Any = bpy.context.scene
        settings.trellis2.source = "SKETCH"
        return settings.trellis2

    def anew(sources: Any) -> None:
        addon.package.unregister()
        addon.sources.TABLE = sources
        addon.package.register()

    yield offer
    anew(table)


def test_a_record_is_offered_by_the_panel_and_the_menu(addon: Any, offered: Callable[..., Any]) -> None:
    settings = offered(progress=lambda: PROGRESS)
    item = settings.bl_rna.properties["source"].enum_items["SKETCH"]
    assert (item.name, item.icon, item.value) == ("Sketch", "GREASEPENCIL", 77)
    page = draw(addon.panels.TRELLIS2_PT_generate)
    assert "sketch_red" in page.properties
    assert "trellis2.generate_sketch" in page.operator_ids
    entries = draw(bpy.types.TRELLIS2_MT_trellis).operators  # type: ignore[attr-defined]  # not in the stubs
    assert ("trellis2.generate_sketch", "Generate from Sketch", {}) in entries
    assert PROGRESS in draw(SimpleNamespace(draw=addon.menus.draw_status_bar)).text


def test_a_record_says_how_to_get_what_is_missing(addon: Any, offered: Callable[..., Any], connected: Emulator) -> None:
    offered().sketch_red = 0
    assert "Sketch something to see it here." in draw(addon.panels.TRELLIS2_PT_generate).text
    assert MISSING in refusal(OPS.trellis2.generate_sketch)
    assert not connected.calls


def test_a_records_picture_is_looked_at_before_it_is_sent(addon: Any, offered: Callable[..., Any]) -> None:
    offered()
    assert shown(look(addon).view)[128, 128].tolist() == [200, 0, 0, 255]


def test_a_record_makes_a_model_named_after_its_picture(offered: Callable[..., Any], connected: Emulator) -> None:
    offered()
    assert OPS.trellis2.generate_sketch(wait=True, **SMALL) == {"FINISHED"}
    assert (newest_job().name, newest_job().stage.value, connected.paid) == ("A Sketch", "imported", 1)
    middle = pixels(sent(connected))
    assert middle[len(middle) // 2, len(middle) // 2].tolist() == [200, 0, 0, 255]
    assert OPS.trellis2.generate_sketch(wait=True, red=100, **SMALL) == {"FINISHED"}
    assert pixels(sent(connected))[len(middle) // 2, len(middle) // 2].tolist() == [100, 0, 0, 255]


def test_a_picture_that_takes_its_time_is_waited_for_on_the_main_thread(
    addon: Any, offered: Callable[..., Any], connected: Emulator
) -> None:
    settings = offered(
        preview=None, take=lambda _context, chosen, _folder: Sketch(sketch(addon, chosen.sketch_red), looks=3)
    )
    assert OPS.trellis2.look_again() == {"FINISHED"}
    assert seen(addon) is None
    tick_until(lambda: seen(addon) is not None)
    assert shown(seen(addon).view)[128, 128].tolist() == [200, 0, 0, 255]
    settings.sketch_red = 100
    assert OPS.trellis2.generate_sketch(wait=True, **SMALL) == {"FINISHED"}
    middle = pixels(sent(connected))
    assert middle[len(middle) // 2, len(middle) // 2].tolist() == [100, 0, 0, 255]


def test_a_picture_under_way_that_nobody_waits_for_any_more_is_abandoned(
    addon: Any, offered: Callable[..., Any]
) -> None:
    begun: list[Sketch] = []

    def take(*_given: Any) -> Sketch:
        begun.append(Sketch(None, looks=1000))
        return begun[-1]

    offered(preview=None, take=take)
    for _ in range(2):
        assert OPS.trellis2.look_again() == {"FINISHED"}
    assert [each.is_abandoned for each in begun] == [True, False]
    addon.session.stop()
    assert begun[1].is_abandoned


@pytest.mark.parametrize("ends", ["made", "stopped"])
def test_with_a_window_the_artist_goes_on_while_a_picture_is_made_and_esc_stops_it(
    addon: Any, connected: Emulator, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    made, done = Sketch(sketch(addon, 200), looks=2), list[Any]()
    monkeypatch.setattr(addon.source_operators, "bpy", SimpleNamespace(app=SimpleNamespace(background=False)))

    class Pressed(addon.source_operators.GenerateFromSource):  # type: ignore[misc]  # the add-on has no types here
        source = record(addon, take=lambda *_given: made, settings=())
        properties = SimpleNamespace(is_property_set=lambda _name: False)
        wait = False

        def generate(self, _context: Any, picture: Any, name: str) -> None:
            done.append((picture.name, name, self.decimation_target))

        def report(self, _kind: set[str], sentence: str) -> None:
            done.append(sentence)

    manager = SimpleNamespace(
        event_timer_add=lambda *_given, **_more: "timer",
        event_timer_remove=done.append,
        modal_handler_add=lambda _: None,
    )
    scene: Any = bpy.context.scene
    context = SimpleNamespace(scene=scene, window=None, window_manager=manager)
    tick, escape = SimpleNamespace(type="TIMER", value=""), SimpleNamespace(type="ESC", value="PRESS")
    scene.trellis2.decimation_target = 123_456
    operator = Pressed()
    assert operator.execute(context) == {"RUNNING_MODAL"}
    scene.trellis2.decimation_target = 200_000
    assert operator.modal(context, tick) == {"PASS_THROUGH"}
    if ends == "stopped":
        assert operator.modal(context, escape) == {"RUNNING_MODAL"}
        assert operator.modal(context, tick) == {"CANCELLED"}
        assert done == ["timer", "The sketch was stopped."]
    else:
        assert operator.modal(context, tick) == {"PASS_THROUGH"}
        assert operator.modal(context, tick) == {"FINISHED"}
        assert done == ["timer", ("A Sketch.x", "A Sketch", 123_456)]


def test_what_blend_files_keep_of_a_source_stays(addon: Any) -> None:
    kept = {source.key: source.number for source in addon.sources.TABLE}
    assert kept == {"RENDER": 0, "FILE": 1, "IMAGE": 2, "VIEWPORT": 3, "CAMERA": 4, "CLIPBOARD": 5}
