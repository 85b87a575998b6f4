"""What goes to a worker is data: nothing that could touch Blender runs on another thread than the main one."""

from __future__ import annotations

import pickle
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

import rooms
from tests.addon import ADDON
from tests.blender.drawing import draw
from tests.blender.looks import choose, look, render, see_rows, seen, subject
from tests.blender.pictures import picture_file
from tests.blender.working import OPS, SMALL, newest_job, tick_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator import Emulator


def modules_of_blender() -> set[str]:
    """The add-on's modules that import Blender, or another one that does; late imports included."""
    imports: dict[str, set[str]] = {}
    found = set[str]()
    for path in rooms.PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(rooms.PACKAGE).with_suffix("").parts)
        imports[name] = {".".join(module) for module, _is_late in rooms.own_imports(path)}
        if rooms.foreign_imports(path) & {"bpy", "gpu", "mathutils", "bmesh"}:
            found.add(name)
    while more := {name for name, own in imports.items() if own & found} - found:
        found |= more
    return found


@pytest.fixture
def handed_over(addon: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The pictures that workers were given to prepare."""
    client, given = addon.preview_client.PreviewClient, list[Any]()
    prepare = client.prepare

    def noted(self: Any, chosen: Any) -> Any:
        given.append(chosen)
        return prepare(self, chosen)

    monkeypatch.setattr(client, "prepare", noted)
    return given


@pytest.fixture
def on_workers(addon: Any, cold: None) -> Iterator[set[str]]:
    """The add-on's modules of which a thread other than the main one has run a line, by their paths in the package."""
    ran = set[str]()

    def note(frame: Any, _event: str, _argument: object) -> None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith(ADDON):
            ran.add(name.removeprefix(ADDON).removeprefix("."))

    assert not [thread for thread in threading.enumerate() if thread.name.startswith("trellis")]
    threading.setprofile(note)  # of threads that begin from now on
    yield ran
    threading.setprofile(None)


def from_file(folder: Path, _addon: Any, _patch: pytest.MonkeyPatch) -> None:
    choose(picture_file(folder, pixels=subject()))


def from_render(_folder: Path, _addon: Any, _patch: pytest.MonkeyPatch) -> None:
    render(bpy.context.scene)


def from_open_image(folder: Path, _addon: Any, _patch: pytest.MonkeyPatch) -> None:
    settings: Any = bpy.context.scene
    settings.trellis2.image = bpy.data.images.load(str(picture_file(folder, pixels=subject())))


def from_float_image(_folder: Path, _addon: Any, _patch: pytest.MonkeyPatch) -> None:
    settings: Any = bpy.context.scene
    image: Any = bpy.data.images.new("float", 400, 400, float_buffer=True)
    settings.trellis2.image = image
    image.pixels.foreach_set((subject()[::-1] / np.float32(255)).ravel())
    image.update()


def from_camera(_folder: Path, _addon: Any, _patch: pytest.MonkeyPatch) -> None:
    settings: Any = bpy.context.scene
    bpy.ops.mesh.primitive_cube_add()
    settings.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    settings.camera.location.z = 6
    settings.collection.objects.link(settings.camera)
    settings.trellis2.camera_engine = "WORKBENCH"


class Window:
    """Blender's module as the sources see it where there is a window."""

    class app:
        background = False

    def __getattr__(self, name: str) -> Any:
        return getattr(bpy, name)


def from_viewport(_folder: Path, addon: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(addon.viewport, "bpy", Window())
    drawn: Any = np.zeros((300, 300, 4), np.uint8)
    drawn[50:-50, 50:-50] = 255
    solid = SimpleNamespace(spaces=SimpleNamespace(active=SimpleNamespace(shading=SimpleNamespace(type="SOLID"))))
    for name, made in (("_area", solid), ("_capture", (drawn, None))):
        patch.setattr(addon.viewport, name, lambda *_given, made=made: made)


def from_clipboard(folder: Path, addon: Any, patch: pytest.MonkeyPatch) -> None:
    copied = picture_file(folder, pixels=subject())
    patch.setattr(addon.clipboard, "bpy", Window())
    patch.setattr(addon.clipboard, "copied_file", lambda _text: copied)


SOURCES = {
    "FILE": from_file,
    "RENDER": from_render,
    "IMAGE": from_open_image,
    "IMAGE, shown by Blender": from_float_image,
    "CAMERA": from_camera,
    "VIEWPORT": from_viewport,
    "CLIPBOARD": from_clipboard,
}


def test_every_source_is_here(addon: Any) -> None:
    assert {key.partition(",")[0] for key in SOURCES} == {source.key for source in addon.sources.TABLE}


@pytest.mark.parametrize("source", SOURCES)
def test_a_picture_is_data_and_nothing_that_knows_blender_runs_on_a_worker(
    tmp_path: Path,
    addon: Any,
    connected: Emulator,
    on_workers: set[str],
    handed_over: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    source: str,
) -> None:
    settings: Any = bpy.context.scene
    settings.trellis2.source = source.partition(",")[0]
    SOURCES[source](tmp_path, addon, monkeypatch)
    record = addon.sources.by_key(settings.trellis2.source)
    if record.preview is None:
        assert OPS.trellis2.look_again() == {"FINISHED"}
        tick_until(lambda: seen(addon) is not None, 60)
    else:
        look(addon)
    assert seen(addon).error == ""
    module, name = record.operator.split(".")
    assert getattr(getattr(OPS, module), name)(wait=True, **record.given(settings.trellis2), **SMALL) == {"FINISHED"}
    assert newest_job().stage.value == "imported"
    assert len(handed_over) >= 2
    for chosen in handed_over:  # what holds a function of its own, a thread or something of Blender's cannot be pickled
        assert pickle.loads(pickle.dumps(chosen)).name == chosen.name
    assert {"core.runner.runner", "core.runner.steps", "host.background.preview_client"} <= on_workers
    assert on_workers & modules_of_blender() == set()


def test_nor_does_it_for_what_is_asked_beside_a_job(
    tmp_path: Path, addon: Any, connected: Emulator, on_workers: set[str], quick_prices: None
) -> None:
    choose(picture_file(tmp_path, pixels=subject()))
    look(addon)
    OPS.trellis2.generate_image(filepath=str(picture_file(tmp_path)), wait=True, **SMALL)
    see_rows(addon)
    tick_until(lambda: not addon.session.previews().is_busy, 60)
    assert OPS.trellis2.test_connection() == {"FINISHED"}
    tick_until(lambda: not addon.session.is_checking())
    draw(addon.panels.TRELLIS2_PT_generate)
    tick_until(lambda: not addon.session.start().prices.is_busy)
    addon.session.previews().check_file(next(iter(addon.session.previews().shown)))
    assert {"core.runner.questions", "core.scenario.api"} <= on_workers
    assert on_workers & modules_of_blender() == set()
