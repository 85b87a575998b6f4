# SPDX-License-Identifier: GPL-3.0-or-later
"""Save an image as an editor shows it, whatever its colour space, its alpha and the display are.

Blender itself saves it, as a Targa, through the editor's view transform for an sRGB display. The settings belong to a
temporary scene, so the artist's stay as they are. `overheard` hears what Blender prints meanwhile. Both Blenders use
this file, so it imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy

DISPLAY = "sRGB"
PLAIN_VIEWS = ("Standard", "Un-tone-mapped", "Raw")  # how Blender shows an image that is not a render
STREAMS = (1, 2)  # stdout and stderr
NO_DATA = "does not have any image data"  # from Blender's message


def save_shown(image: Any, target: Path, scene: Any = None) -> bool:
    """Save the image as an Image Editor shows it: an uncompressed sRGB Targa, 8 bits a channel, straight alpha.

    `scene`: use this scene's view transform (View as Render); None: show it as an ordinary image. Returns False if the
    image holds nothing. Raises OSError if the file cannot be written.
    """
    made = bpy.data.scenes.new("Trellis Picture") if scene is None else scene.copy()
    with temporary(bpy.data.scenes, made) as asking:
        set_output(asking.render.image_settings, "TARGA_RAW")
        view = "" if scene is None else asking.view_settings.view_transform
        for name in PLAIN_VIEWS if scene is None else ():
            with contextlib.suppress(TypeError):  # the artist's colour configuration has no such view
                asking.view_settings.view_transform = name
                break
        show_on_srgb(asking.display_settings, asking.view_settings, view)
        try:
            image.save_render(str(target), scene=asking)
        except RuntimeError as error:
            if NO_DATA in str(error):
                return False
            raise OSError(str(error).strip().removeprefix("Error: ")) from error
    return True


def save_file_shown(path: Path, target: Path, check: Callable[[int, int, bool], None]) -> tuple[bool, str]:
    """Have Blender read the file and save it as an Image Editor shows it. Return whether it could, and what it printed.

    `check` is called before that with width and height in pixels, and whether the picture has layers; it may raise.
    Raises OSError if the target cannot be written.
    """
    with overheard() as printed:  # only there do libraries report missing pixels; a damaged picture still loads
        is_read = _save_file(path, target, check)
    return is_read, "".join(printed)


def _save_file(path: Path, target: Path, check: Callable[[int, int, bool], None]) -> bool:
    try:
        image: Any = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError:
        return False
    with temporary(bpy.data.images, image):
        width, height = image.size
        check(width, height, image.type == "MULTILAYER")
        return bool(width and height) and save_shown(image, target)


@contextlib.contextmanager
def temporary(data: Any, made: Any) -> Iterator[Any]:
    """Yield the data-block that was just made, and remove it afterwards. `data`: its collection in `bpy.data`."""
    try:
        yield made
    finally:
        data.remove(made)


def set_output(settings: Any, file_format: str, mode: str = "RGBA") -> None:
    """Set the image settings to this format and these channels, 8 bits each, with the scene's colour management."""
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format = file_format
    settings.color_mode = mode
    settings.color_depth = "8"
    settings.color_management = "FOLLOW_SCENE"


def show_on_srgb(display: Any, view: Any, view_transform: str) -> None:
    """Set the display to sRGB, since pictures are sRGB, and keep the view transform if that display has it."""
    if display.display_device != DISPLAY:
        with contextlib.suppress(TypeError):
            display.display_device = DISPLAY
        with contextlib.suppress(TypeError):
            if view_transform:
                view.view_transform = view_transform


@contextlib.contextmanager
def overheard() -> Iterator[list[str]]:
    """Yield a list that holds, after the block, what this process printed meanwhile. It is printed then, all the same.

    The list stays empty where the process has no output, as Blender without a console may have none on Windows.
    """
    printed: list[str] = []
    kept: list[tuple[int, int]] = []
    with tempfile.TemporaryFile() as file:
        _flush()
        with contextlib.suppress(OSError):
            for stream in STREAMS:
                kept.append((stream, os.dup(stream)))
                os.dup2(file.fileno(), stream)
        try:
            yield printed
        finally:
            _flush()
            for stream, copy in kept:
                os.dup2(copy, stream)
                os.close(copy)
            file.seek(0)
            data = file.read()
            with contextlib.suppress(OSError):
                os.write(2, data)
            printed.append(data.decode("utf-8", "replace"))


def _flush() -> None:
    """Write the buffered output of Python and C code."""
    with contextlib.suppress(OSError, AttributeError):  # Windows may have no streams
        sys.stdout.flush()
        sys.stderr.flush()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None).fflush(None)
