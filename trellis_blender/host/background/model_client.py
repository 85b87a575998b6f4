# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the background Blender do what takes time with models: import them, save their textures as PNG, find where they
stand in their pictures. Its program is `model.py`.

Call this on the main thread: it only begins a task and takes the result of a task that is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...core.errors import BackgroundEndedError, BackgroundSlowError, import_error
from ...core.model.arrays import Shape
from . import start
from .process import Background, Result, Task

PROGRAM = Path(__file__).with_name("model.py")
SECONDS = 900.0
MEMORY_MAXIMUM = 16 * 2**30


class ModelClient:
    """The client of one background Blender, which starts when it is first needed. `task`: the one under way, if any."""

    def __init__(self) -> None:
        self._background: Background | None = None
        self.task: Task | None = None

    def begin_import(self, file: Path, target: Path, shape: Shape) -> None:
        """Have Blender's own importer read the model and write its objects to the .blend `target`.

        `shape` says how to keep the images, and in which folder.
        """
        images = {"images": str(shape.images), "stem": shape.stem, "packs": shape.packs, "as_png": shape.as_png}
        self._begin("import", {"file": str(file), "target": str(target), **images})

    def begin_png(self, images: Sequence[tuple[Path, Path]]) -> None:
        """Have images saved as PNG, each from its first path to its second."""
        self._begin("png", {"images": [[str(source), str(target)] for source, target in images]})

    def begin_align(self, file: Path, picture: Path, wanted: Mapping[str, object]) -> None:
        """Have found where the model stands in its picture. `wanted`: see `align` in `model.py`."""
        self._begin("align", {"file": str(file), "picture": str(picture), **wanted})

    def stop(self) -> None:
        """Stop the background Blender and its task. Returns almost at once; the next task starts a new one."""
        if self._background is not None:
            self._background.stop()
        self._background = self.task = None

    def take(self) -> Result:
        """Return the result of the task, which is done and over then.

        Raises BackgroundStartError, BackgroundStoppedError, ModelFileError or another TrellisError.
        """
        assert self.task is not None
        task, self.task = self.task, None
        try:
            return task.result()
        except BackgroundSlowError as error:
            raise import_error("The second Blender took too long for the model") from error
        except BackgroundEndedError as error:
            raise import_error("The second Blender ended unexpectedly with the model") from error

    def _begin(self, name: str, request: Mapping[str, object]) -> None:
        if self._background is None:
            self._background = Background(start.launch(PROGRAM, memory_maximum=MEMORY_MAXIMUM))
        self.task = self._background.start_task(name, request, seconds=SECONDS)
