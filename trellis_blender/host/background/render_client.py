# SPDX-License-Identifier: GPL-3.0-or-later
"""A render by the background Blender, where this one would stand still for it. Its program is `render.py`.

That one has the artist's preferences, since the devices that render and add-ons that take part in it are set there.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from ...core.errors import BackgroundError, BackgroundStartError, PictureError, Remedy
from .process import Background, Launch

PROGRAM = Path(__file__).with_name("render.py")
LONGEST = 7 * 24 * 3600.0  # seconds: how long a render takes is the artist's affair, who can stop it
ENDED = "The Blender that rendered the camera's view ended unexpectedly. Render an image (F12) and send that instead."
NO_START = (
    "No second Blender could be started to render the camera's view. Render an image (F12) and send that instead."
)


class BackgroundRender:
    """A render under way: of the scene with that name in `file`, with what is `painted` on its images. The scene says
    where its picture goes. It is stopped after `seconds`.
    """

    def __init__(self, launch: Launch, file: Path, painted: Path, scene: str, seconds: float) -> None:
        self.background, self._files = Background(launch), (file, painted)
        request = {"file": str(file), "painted": str(painted), "scene": scene, "runs_scripts": launch.runs_scripts}
        self.task = self.background.begin("render", request, seconds=seconds)

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
        for path in self._files:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
