"""The click on Generate: what takes time with a large picture happens beside Blender, not in it."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.picture.test_render import SIDE, choose, render
from tests.blender.pictures import picture_file, pixels, sent, with_alpha
from tests.blender.working import OPS, SMALL, newest_job, tick_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator import Emulator


@pytest.fixture
def threads(addon: Any, monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """The threads on which pixels are worked out or packed into a PNG."""

    found: list[threading.Thread] = []
    prepare = importlib.import_module(addon.encode.__name__.replace("encode", "prepare"))
    for owner, name in ((addon.preview.PreviewClient, "prepare"), (prepare, "png")):
        work = getattr(owner, name)

        def noted(*given: Any, work: Callable[..., Any] = work) -> Any:
            found.append(threading.current_thread())
            return work(*given)

        monkeypatch.setattr(owner, name, noted)
    return found


def of_render(_folder: Path) -> None:
    """Generate from a render."""
    render()
    assert OPS.trellis2.generate_render(**SMALL) == {"FINISHED"}


def of_image(_folder: Path) -> None:
    """Generate from an image that is open."""
    scene: Any = bpy.context.scene
    scene.trellis2.image = bpy.data.images.new("Tür", 64, 64)
    assert OPS.trellis2.generate_open_image(**SMALL) == {"FINISHED"}


def of_file(folder: Path) -> None:
    """Generate from a file that has to be converted."""
    path = picture_file(folder, "chair.tif", with_alpha())
    assert OPS.trellis2.generate_image(filepath=str(path), **SMALL) == {"FINISHED"}


@pytest.mark.parametrize("generate", [of_render, of_image, of_file])
def test_the_click_works_no_pixels_out(
    tmp_path: Path, connected: Emulator, threads: list[threading.Thread], generate: Callable[[Path], None]
) -> None:
    generate(tmp_path)
    tick_until(lambda: connected.paid)
    assert threads
    assert threading.main_thread() not in threads


def test_what_the_artist_does_after_the_click_is_not_what_is_sent(connected: Emulator) -> None:
    scene: Any = bpy.context.scene
    image = scene.trellis2.image = bpy.data.images.new("Tür", 64, 64)
    assert OPS.trellis2.generate_open_image(**SMALL) == {"FINISHED"}
    values: Any = image.pixels
    values.foreach_set(np.ones(64 * 64 * 4, np.float32))
    tick_until(lambda: connected.paid)
    assert pixels(sent(connected))[..., :3].max() == 0


def test_how_hard_the_scene_packs_its_renders_costs_the_click_nothing(tmp_path: Path, addon: Any) -> None:
    render()
    choose("PNG", color_mode="RGBA", compression=100)
    chosen = addon.render.from_render(bpy.context.scene, tmp_path)
    assert list(tmp_path.iterdir()) == [chosen.targa]
    assert chosen.targa.stat().st_size > SIDE * SIDE * 4


def test_a_render_that_was_cut_short_by_a_full_disk_fails_its_job(
    connected: Emulator, addon: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    render()
    prepare = addon.preview.PreviewClient.prepare

    def cut(self: Any, chosen: Any) -> Any:
        chosen.targa.write_bytes(chosen.targa.read_bytes()[: SIDE * SIDE])
        return prepare(self, chosen)

    monkeypatch.setattr(addon.preview.PreviewClient, "prepare", cut)
    assert OPS.trellis2.generate_render(**SMALL) == {"FINISHED"}
    tick_until(lambda: newest_job().is_resting)
    assert newest_job().message.startswith("Could not save the picture: the file was cut short. Free")
    assert not connected.calls
    assert not list(session.jobs_root().glob(".incoming/*"))


def test_a_picture_of_nothing_costs_nothing(connected: Emulator) -> None:
    scene: Any = bpy.context.scene
    scene.trellis2.image = bpy.data.images.new("Luft", 64, 64, alpha=True)
    scene.trellis2.image.generated_color = (0, 0, 0, 0)
    assert OPS.trellis2.generate_open_image(**SMALL) == {"FINISHED"}
    tick_until(lambda: newest_job().is_resting)
    assert newest_job().message.startswith("All of it is transparent: there is nothing to make a model from.")
    assert not connected.calls
