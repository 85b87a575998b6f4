# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image looks like: Blender is asked, whatever its colour space, its alpha and the display are.

Blender saves the image as a Targa, through the view that an editor would show it with, for an sRGB display. That is
done in a scene of ours, so nothing of the artist's is set. Both Blenders use this: it needs nothing but Blender.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

DISPLAY = "sRGB"
PLAIN_VIEWS = ("Standard", "Un-tone-mapped", "Raw")  # by which Blender shows an image that is no render
NO_DATA = "does not have any image data"  # in Blender's words


def save_shown(image: Any, target: Path, scene: Any = None) -> bool:
    """Save what an Image Editor shows of the image as an unpacked Targa with 8 bit and straight alpha, sRGB.

    `scene`: the one whose view it is shown with (View as Render); None: it is shown as any image. Returns False where
    the image holds nothing. Raises OSError where the file cannot be written.
    """
    with _asking_scene(scene) as asking:
        try:
            image.save_render(str(target), scene=asking)
        except RuntimeError as error:
            if NO_DATA in str(error):
                return False
            raise OSError(str(error).strip().removeprefix("Error: ")) from error
    return True


@contextlib.contextmanager
def _asking_scene(scene: Any) -> Iterator[Any]:
    """A scene for a moment, with the settings to save with: a copy, for a view of the artist's."""
    asking: Any = bpy.data.scenes.new("Trellis Picture") if scene is None else scene.copy()
    try:
        set_output(asking.render.image_settings, "TARGA_RAW")
        view = asking.view_settings.view_transform
        for name in PLAIN_VIEWS if scene is None else ():
            with contextlib.suppress(TypeError):  # the artist's colour configuration has no such view
                asking.view_settings.view_transform = name
                break
        show_on_srgb(asking.display_settings, asking.view_settings, view if scene is not None else "")
        yield asking
    finally:
        bpy.data.scenes.remove(asking)


def set_output(settings: Any, file_format: str, mode: str = "RGBA") -> None:
    """Have image settings save that format with 8 bit and these channels, with the scene's own colours."""
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format = file_format
    settings.color_mode = mode
    settings.color_depth = "8"
    settings.color_management = "FOLLOW_SCENE"


def show_on_srgb(display: Any, view: Any, view_transform: str) -> None:
    """Set the display to sRGB, which pictures are for, and keep the view where that display has it."""
    if display.display_device != DISPLAY:
        with contextlib.suppress(TypeError):
            display.display_device = DISPLAY
        with contextlib.suppress(TypeError):
            if view_transform:
                view.view_transform = view_transform
