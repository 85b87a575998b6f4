# SPDX-License-Identifier: GPL-3.0-or-later
"""A render by a second Blender, where this one would stand still for it.

That one has the artist's preferences, since the devices that render and add-ons that take part in it are set there.
"""

from __future__ import annotations

import contextlib
import errno
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import PictureError, Remedy, storage_error
from . import child
from . import start as second_blender

PROGRAM = Path(__file__).with_name("render.py")
KILL_SECONDS = 2.0
PAINTED = ("FILE", "GENERATED")
ENDED = "The Blender that rendered the camera's view ended unexpectedly. Render an image (F12) and send that instead."


@dataclass(frozen=True)
class Beside:
    """A second Blender that renders. It reads `file` and what is `painted`, and writes to `trouble` what it has against
    that.
    """

    process: subprocess.Popen[bytes]
    file: Path
    painted: Path
    trouble: Path

    @property
    def is_done(self) -> bool:
        """Whether it has ended. Returns at once."""
        return self.process.poll() is not None

    def reason(self) -> str:
        """Why it could not render, in Blender's words; empty where it could. Raises PictureError when it said none."""
        if not self.process.returncode:
            return ""
        try:
            return self.trouble.read_text(encoding="utf-8")
        except OSError as error:
            raise PictureError(ENDED, remedy=Remedy.RENDER) from error

    def end(self) -> None:
        """End it if it still runs, and leave no file. What cannot be removed now is swept later."""
        self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # Windows holds a file until its reader is gone
            self.process.wait(KILL_SECONDS)
        if self.process.stdin is not None:
            self.process.stdin.close()
        for path in (self.file, self.painted, self.trouble):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def begin(scene: Any, picture: Path) -> Beside:
    """Have a second Blender render the scene. Files of its own lie beside `picture`. Raises StorageError.

    Only what the scene needs is written, by a way that leaves alone this file's path, its changes and the recent files.
    """
    file, painted, trouble = (picture.with_suffix(suffix) for suffix in (".blend", ".npz", ".txt"))
    for thing in bpy.data.objects:  # what is being edited is elsewhere until then
        thing.update_from_editmode()
    try:
        bpy.data.libraries.write(str(file), {scene, *bpy.data.texts}, path_remap="ABSOLUTE", compress=False)
        _write_painted(painted)
        arguments = [str(file), scene.name, str(painted), str(trouble), "no" if bpy.app.autoexec_fail else "yes"]
        process = child.begin([*_command(), *arguments], child.environment())
    except (OSError, RuntimeError) as error:
        for path in (file, painted):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        cause = error if isinstance(error, OSError) else OSError(errno.EIO, str(error).strip())
        raise storage_error("render the camera's view", cause) from error
    return Beside(process, file, painted, trouble)


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


def _command() -> list[str]:
    return second_blender.command(PROGRAM, *([] if bpy.app.online_access else ["--offline-mode"]))
