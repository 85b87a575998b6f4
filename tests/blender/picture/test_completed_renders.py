"""What is known of a render once it is complete: how many there were, and whether Blender burned its stamp in."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import bpy

from tests.addon import ADDON
from tests.blender.picture.test_render import current_scene, render, send
from tests.blender.working import OPS, newest_job, refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from emulator import Emulator

# Seen in Blender 4.3 and 5.2: of F12 in a window, all handlers of the render come on the render's thread.
ON_THE_MAIN_THREAD = frozenset(
    {"load_pre", "load_post", "save_post", "undo_post", "redo_post", "translation_update_post"}
)
# These too, but during a render on its thread as well.
ON_BOTH = frozenset({"depsgraph_update_post", "frame_change_post"})
OF_A_RENDER = ("render_init", "render_pre", "render_complete")


class Untouchable:
    """Blender, or a scene of it, of which nothing may be asked: only its hash, which is that of an address."""

    def __init__(self, scene: Any = None) -> None:
        object.__setattr__(self, "scene", scene)

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"a handler asked for {name} on the render's thread")

    def __hash__(self) -> int:
        return hash(object.__getattribute__(self, "scene"))


def complete_elsewhere(
    monkeypatch: pytest.MonkeyPatch, addon: Any, names: Sequence[str] = ("render_complete",)
) -> None:
    """A render is complete, and Blender says so on its thread, as after F12 in a window; nothing of it may be used.

    `names`: the lists of handlers that are called.
    """
    scene = bpy.context.scene
    with monkeypatch.context() as patch:
        for module in (addon.registration, addon.completed_renders):
            patch.setattr(module, "bpy", Untouchable())
        raised: list[BaseException] = []

        def call() -> None:
            try:
                for handler in (each for name in names for each in ours(name)):
                    handler(Untouchable(scene), Untouchable())
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
    assert {name for name in lists if ours(name)} - ON_THE_MAIN_THREAD == {*OF_A_RENDER, *ON_BOTH}
    before = addon.completed_renders.count()
    complete_elsewhere(monkeypatch, addon, (*OF_A_RENDER, *ON_BOTH))
    assert addon.completed_renders.count() == before + 1


def test_a_stamp_of_a_render_in_a_window_is_known_though_nothing_was_asked_there(
    connected: Emulator, addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    render()
    renders = addon.completed_renders
    for was_stamped in (True, False):
        current_scene().render.use_stamp = was_stamped
        renders.settle()  # which Blender's message bus calls in a window
        complete_elsewhere(monkeypatch, addon)
        current_scene().render.use_stamp = not was_stamped
        renders.settle()
        assert renders.is_stamped(current_scene()) is was_stamped
    current_scene().render.use_stamp = True
    complete_elsewhere(monkeypatch, addon)
    current_scene().render.use_stamp = False  # in the same moment as the click
    assert refusal(OPS.trellis2.generate_render).startswith("The render has Blender's stamp burned into it.")


def test_a_stamp_belongs_to_the_scene_that_was_rendered(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    renders, first, second = addon.completed_renders, current_scene(), bpy.data.scenes.new("Second")
    first.render.use_stamp = True
    renders.settle()
    complete_elsewhere(monkeypatch, addon)
    first.render.use_stamp = False
    renders.settle()
    assert bpy.context.window is not None
    bpy.context.window.scene = second
    complete_elsewhere(monkeypatch, addon)
    assert (renders.is_stamped(first), renders.is_stamped(second)) == (True, False)


def eye(viewpoint: Any) -> tuple[float, ...]:
    """Where the picture was taken from, rounded."""
    return tuple(round(viewpoint.matrix[row * 4 + 3], 3) for row in range(3))


def move_camera(x: float) -> None:
    """Move the camera, as the artist does: Blender tells the add-on."""
    current_scene().camera.location.x = x
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()


def test_the_camera_of_a_render_is_the_one_that_took_it(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    render()
    move_camera(4)
    assert eye(addon.completed_renders.viewpoint_of(current_scene())) == (0, 0, 6)
    complete_elsewhere(monkeypatch, addon, ("render_init", "render_pre"))  # F12 in a window
    move_camera(5)  # while it renders
    complete_elsewhere(monkeypatch, addon)
    move_camera(6)
    assert eye(addon.completed_renders.viewpoint_of(current_scene())) == (4, 0, 6)


def test_what_was_selected_at_the_render_is_known_after_another_choice(addon: Any) -> None:
    render()
    for obj in bpy.data.objects:
        obj.select_set(obj.type == "CAMERA")
    assert addon.completed_renders.viewpoint_of(current_scene()).selected == ("Sphere",)


def test_of_an_animation_no_camera_is_claimed(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    render()
    complete_elsewhere(monkeypatch, addon, ("render_init", "render_pre", "render_pre"))
    assert addon.completed_renders.viewpoint_of(current_scene()) is None


def test_the_job_of_a_render_has_the_camera_of_the_render(connected: Emulator) -> None:
    render()
    move_camera(4)
    send(connected)
    assert eye(newest_job().viewpoint) == (0, 0, 6)
