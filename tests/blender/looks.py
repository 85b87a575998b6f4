"""Looking at pictures as the panel does, for the tests."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from tests.blender.drawing import draw
from tests.blender.working import tick_until

SIDE = 256
"""Pixels of a view's or a thumbnail's side."""


def subject(size: int = 400, colour: tuple[int, int, int] = (255, 0, 0)) -> Any:
    """A coloured square in the middle of a clear picture, its upper half white."""
    pixels = np.zeros((size, size, 4), np.uint8)
    pixels[size // 4 : size * 3 // 4, size // 4 : size * 3 // 4] = (*colour, 255)
    pixels[size // 4 : size // 2, size // 4 : size * 3 // 4] = 255
    return pixels


def shown(view: Any) -> Any:
    """The view's pixels, top row first."""
    return np.frombuffer(view.pixels, np.uint8).reshape(SIDE, SIDE, 4)[::-1]


def choose(path: object) -> None:
    """Choose a file in the panel."""
    scene: Any = bpy.context.scene
    scene.trellis2.source, scene.trellis2.filepath = "FILE", str(path)


def look(addon: Any) -> Any:
    """Draw the panel, let the timer run, and return what was seen when the answer is there."""
    draw(addon.panels.TRELLIS2_PT_generate)
    addon.preview_requests.fulfil()
    tick_until(lambda: seen(addon) is not None)
    return seen(addon)


def key_of(addon: Any) -> Any:
    """The key of the chosen picture."""
    scene: Any = bpy.context.scene
    return addon.chosen_picture.preview_key(bpy.context, scene.trellis2)


def seen(addon: Any) -> Any:
    """What was seen of the chosen picture, None while that is not known."""
    look = addon.session.previews().shown.get(key_of(addon))
    return None if look is None else look.answer


def render(scene: Any) -> None:
    """Render an empty scene, small."""
    scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 1, False
    scene.render.resolution_x = scene.render.resolution_y = 32
    bpy.ops.render.render()


def see_rows(addon: Any) -> None:
    """Draw the list and let the timer run, until the rows have their pictures."""
    draw(addon.panels.TRELLIS2_PT_jobs)
    addon.preview_requests.fulfil()
