"""What is known of a render once it is complete: how many there were, and whether Blender burned its stamp in."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import bpy

from tests.addon import ADDON
from tests.blender.picture.test_render import current_scene, render, send
from tests.blender.working import OPS, refusal

if TYPE_CHECKING:
    import pytest

    from emulator import Emulator

# Seen in Blender 4.3 and 5.2: of F12 in a window, all handlers of the render come on the render's thread.
ON_THE_MAIN_THREAD = frozenset(
    {"load_pre", "load_post", "save_post", "undo_post", "redo_post", "translation_update_post"}
)


class Untouchable:
    """Blender, or a scene of it, of which nothing may be asked: only its hash, which is that of an address."""

    def __init__(self, scene: Any = None) -> None:
        object.__setattr__(self, "scene", scene)

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"a handler asked for {name} on the render's thread")

    def __hash__(self) -> int:
        return hash(object.__getattribute__(self, "scene"))


def complete_elsewhere(monkeypatch: pytest.MonkeyPatch, addon: Any) -> None:
    """A render is complete, and Blender says so on its thread, as after F12 in a window; nothing of it may be used."""
    scene = bpy.context.scene
    with monkeypatch.context() as patch:
        for module in (addon.handlers, addon.completed_renders):
            patch.setattr(module, "bpy", Untouchable())
        raised: list[BaseException] = []

        def call() -> None:
            try:
                for handler in ours("render_complete"):
                    handler(Untouchable(scene), None)
            except BaseException as error:  # noqa: BLE001 - raised again below
                raised.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
    assert raised == []


def ours(name: str) -> list[Any]:
    """Return the add-on's handlers of that list."""
    return [each for each in getattr(bpy.app.handlers, name) if each.__module__.startswith(ADDON)]


def test_a_stamp_that_was_burned_in_is_refused_until_the_render_is_done_again(connected: Emulator) -> None:
    current_scene().render.use_stamp = True
    render()
    current_scene().render.use_stamp = False
    assert refusal(OPS.trellis2.generate_render).startswith("The render has Blender's stamp burned into it.")
    assert not connected.calls
    bpy.ops.render.render()
    send(connected)


def test_no_handler_touches_blender_on_the_renders_thread(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = {name for name in dir(bpy.app.handlers) if isinstance(getattr(bpy.app.handlers, name), list)}
    assert {name for name in lists if ours(name)} - ON_THE_MAIN_THREAD == {"render_complete"}
    before = addon.completed_renders.count()
    complete_elsewhere(monkeypatch, addon)
    assert addon.completed_renders.count() == before + 1


def test_a_stamp_of_a_render_in_a_window_is_known_though_nothing_was_asked_there(
    connected: Emulator, addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    render()
    renders = addon.completed_renders
    for was_stamped in (True, False):
        current_scene().render.use_stamp = was_stamped
        renders.read_stamps()  # which Blender's message bus calls in a window
        complete_elsewhere(monkeypatch, addon)
        current_scene().render.use_stamp = not was_stamped
        renders.read_stamps()
        assert renders.is_stamped(current_scene()) is was_stamped
    current_scene().render.use_stamp = True
    complete_elsewhere(monkeypatch, addon)
    current_scene().render.use_stamp = False  # in the same moment as the click
    assert refusal(OPS.trellis2.generate_render).startswith("The render has Blender's stamp burned into it.")


def test_a_stamp_belongs_to_the_scene_that_was_rendered(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    renders, first, second = addon.completed_renders, current_scene(), bpy.data.scenes.new("Second")
    first.render.use_stamp = True
    renders.read_stamps()
    complete_elsewhere(monkeypatch, addon)
    first.render.use_stamp = False
    renders.read_stamps()
    assert bpy.context.window is not None
    bpy.context.window.scene = second
    complete_elsewhere(monkeypatch, addon)
    assert (renders.is_stamped(first), renders.is_stamped(second)) == (True, False)
