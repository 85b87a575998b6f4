# SPDX-License-Identifier: GPL-3.0-or-later
"""A render by the background Blender, where this one would stand still for it.

That one has the artist's preferences, since the devices that render and add-ons that take part in it are set there.
"""

from __future__ import annotations

import contextlib
import errno
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import BackgroundError, BackgroundStartError, PictureError, Remedy, storage_error
from . import start
from .process import Background, Task

PROGRAM = Path(__file__).with_name("render.py")
LONGEST = 7 * 24 * 3600.0  # seconds: how long a render takes is the artist's affair, who can stop it
PAINTED = ("FILE", "GENERATED")
ENDED = "The Blender that rendered the camera's view ended unexpectedly. Render an image (F12) and send that instead."
NO_START = (
    "The Blender that renders the camera's view could not be started. Render an image (F12) and send that instead."
)


@dataclass(frozen=True)
class BackgroundRender:
    """A render under way. It reads `file` and what is `painted`."""

    background: Background
    task: Task
    file: Path
    painted: Path

    @property
    def is_done(self) -> bool:
        """Whether it has ended. Returns at once."""
        return self.task.is_done

    def check(self) -> None:
        """Once it is done: raises PictureError where it could not render, in Blender's words where it said why."""
        try:
            self.task.result()
        except BackgroundStartError as error:
            raise PictureError(NO_START, remedy=Remedy.RENDER) from error
        except BackgroundError as error:
            raise PictureError(ENDED, remedy=Remedy.RENDER) from error

    def end(self) -> None:
        """End it if it still runs, and leave no file. What cannot be removed now is swept later."""
        self.background.stop()
        for path in (self.file, self.painted):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def begin(scene: Any, picture: Path) -> BackgroundRender:
    """Have the background Blender render the scene. Files of its own lie beside `picture`. Raises StorageError.

    Only what the scene needs is written, by a way that leaves alone this file's path, its changes and the recent files.
    """
    file, painted = picture.with_suffix(".blend"), picture.with_suffix(".npz")
    for thing in bpy.data.objects:  # what is being edited is elsewhere until then
        thing.update_from_editmode()
    try:
        bpy.data.libraries.write(str(file), {scene, *bpy.data.texts}, path_remap="ABSOLUTE", compress=False)
        _write_painted(painted)
    except (OSError, RuntimeError) as error:
        for path in (file, painted):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        cause = error if isinstance(error, OSError) else OSError(errno.EIO, str(error).strip())
        raise storage_error("render the camera's view", cause) from error
    launch = start.launch(PROGRAM, uses_preferences=True, goes_online=True)
    background = Background(launch)
    request = {
        "file": str(file),
        "painted": str(painted),
        "scene": scene.name,
        "runs_scripts": launch.runs_scripts,
    }
    return BackgroundRender(background, background.begin("render", request, seconds=LONGEST), file, painted)


def _write_painted(file: Path) -> None:
    """Write the pixels of the images that were painted and not saved, which no .blend holds. Raises OSError."""
    import numpy as np

    every: list[Any] = list(bpy.data.images)
    images = [image for image in every if image.is_dirty and image.has_data and image.source in PAINTED]
    pixels: dict[str, Any] = {}
    for number, image in enumerate(images):
        pixels[str(number)] = np.empty(len(image.pixels), np.float32)
        image.pixels.foreach_get(pixels[str(number)])
    np.savez(file, names=np.array([image.name for image in images], np.str_), **pixels)
