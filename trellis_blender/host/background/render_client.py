# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the background Blender render, since a render here would freeze this one. Its program is `render.py`.

It uses the artist's preferences, because they hold the render devices and the add-ons that take part in a render.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from ...core.errors import BackgroundError, BackgroundStartError, PictureError, Remedy
from .process import Background, Launch

PROGRAM = Path(__file__).with_name("render.py")
LONGEST = 7 * 24 * 3600.0  # seconds: no real limit, since the artist decides how long a render may take and can stop it
ENDED = "The Blender that rendered the camera's view ended unexpectedly. Render an image (F12) and send that instead."
NO_START = (
    "No second Blender could be started to render the camera's view. Render an image (F12) and send that instead."
)


class BackgroundRender:
    """A render under way: the scene of that name in the .blend `file`, stopped after `seconds`.

    `painted`: a file with the unsaved pixels of its images. `selected_only`: render nothing but the selected objects.
    The scene's output path says where the picture goes.
    """

    def __init__(
        self, launch: Launch, file: Path, painted: Path, scene: str, seconds: float, *, selected_only: bool
    ) -> None:
        self.background, self._files = Background(launch), (file, painted)
        request = {"file": str(file), "painted": str(painted), "scene": scene, "runs_scripts": launch.runs_scripts}
        request["selected_only"] = selected_only
        self.task = self.background.start_task("render", request, seconds=seconds)

    @property
    def is_done(self) -> bool:
        """Return whether it has ended. Returns at once."""
        return self.task.is_done

    def check(self) -> None:
        """Raise PictureError if a render that is done has failed, with Blender's reason if it gave one."""
        try:
            self.task.result()
        except BackgroundStartError as error:
            raise PictureError(NO_START, remedy=Remedy.RENDER) from error
        except BackgroundError as error:
            raise PictureError(ENDED, remedy=Remedy.RENDER) from error

    def end(self) -> None:
        """Stop the render if it still runs, and delete its files. A later sweep removes any that are left."""
        self.background.stop()
        for path in self._files:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
