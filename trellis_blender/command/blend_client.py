# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a Blender, and have it save models as .blend files and make their thumbnails. Its program is `blend.py`.

Only this needs Blender; it starts when the first model has arrived, and one Blender saves them all.
"""

from __future__ import annotations

import importlib.util
import os
import queue
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..core.errors import BackgroundStartError, explained
from ..core.job.folder import MODEL_FILE, THUMBNAIL_FILE
from ..host.background.preview_client import PreviewClient
from ..host.background.process import Background
from .parser import BLENDER_VARIABLE, WrongUseError

if TYPE_CHECKING:
    from ..host.background.process import Launch

PROGRAM = Path(__file__).with_name("blend.py")
THUMBNAIL_PROGRAM = Path(__file__).parents[1] / "host" / "background" / "preview.py"
BLEND_FILE = "model.blend"
SECONDS = 900.0
NO_BLENDER = (
    "No Blender was found, which a .blend and a thumbnail need."
    f" Install Blender 4.2 or later, or name its program with --blender or {BLENDER_VARIABLE}."
)
# Where Blender's installers put it, the newest version last.
_INSTALLED = {
    "win32": (Path(os.environ.get("PROGRAMFILES", "C:/Program Files"), "Blender Foundation"), "Blender */blender.exe"),
    "darwin": (Path("/Applications"), "Blender*.app/Contents/MacOS/Blender"),
}


def find_blender(given: str) -> str:
    """Return the path of Blender's program; empty if Blender is a module of this Python. Raises WrongUseError."""
    for path, source in ((given, "--blender"), (os.environ.get(BLENDER_VARIABLE, ""), BLENDER_VARIABLE)):
        if path:
            found = shutil.which(path)
            if found is None:
                raise WrongUseError(f"{source} names “{path}”, which is no program. Name Blender's program.")
            return found
    found = shutil.which("blender") or next(iter(sorted(_installed(), reverse=True)), None)
    if found is None and importlib.util.find_spec("bpy") is None:
        raise WrongUseError(NO_BLENDER)
    return found or ""


def _installed() -> Iterator[str]:
    if sys.platform in _INSTALLED:
        folder, pattern = _INSTALLED[sys.platform]
        yield from map(str, folder.glob(pattern))


class Wanted(NamedTuple):
    """What is made of each model. `size`: its largest dimension in a .blend in metres, 0: as it comes."""

    blend: bool
    thumbnail: bool
    size: float

    def is_any(self) -> bool:
        """Return whether anything is made, for which Blender is needed."""
        return self.blend or self.thumbnail


class ModelFiles:
    """Makes files of models on a thread of its own, one after another. `saved` is told of each on that thread.

    `launch`: how to start Blender with a program. `trouble`: the sentences of what could not be made.
    """

    def __init__(self, launch: Callable[[Path], Launch], wanted: Wanted, saved: Callable[[Path], None]) -> None:
        self.trouble: list[str] = []
        self._wanted, self._saved = wanted, saved
        self._blends, self._thumbnails = Background(launch(PROGRAM)), PreviewClient(launch(THUMBNAIL_PROGRAM), SECONDS)
        self._folders: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._tried: set[Path] = set()
        self._thread = threading.Thread(target=self._run, name="trellis-files", daemon=True)
        self._thread.start()

    def add(self, folder: Path) -> None:
        """Make the files of the model in this job's folder, unless they are there."""
        self._folders.put(folder)

    def finish(self) -> None:
        """Wait until all is made, and end Blender."""
        self._folders.put(None)
        while self._thread.is_alive():
            self._thread.join(0.2)  # short, so that Windows hears Ctrl+C
        self._blends.stop()
        self._thumbnails.stop()

    def _run(self) -> None:
        while (folder := self._folders.get()) is not None:
            if folder in self._tried:
                continue
            self._tried.add(folder)
            try:
                self._make(folder)
            except Exception as error:  # noqa: BLE001 - the others are made all the same
                self.trouble.append(f"{folder.name}: {_words(error)}")

    def _make(self, folder: Path) -> None:
        if self._wanted.blend and not (folder / BLEND_FILE).is_file():
            save_blend(self._blends, folder, folder / BLEND_FILE, self._wanted.size)
            self._saved(folder / BLEND_FILE)
        if self._wanted.thumbnail and not (folder / THUMBNAIL_FILE).is_file():
            self._thumbnails.make_thumbnail(folder / MODEL_FILE)
            self._saved(folder / THUMBNAIL_FILE)


def save_blend(background: Background, folder: Path, target: Path, size: float) -> None:
    """Have Blender save the model of the job in `folder` as a .blend, whole or not at all.

    `size`: the model's largest dimension in metres, 0: as it comes. Raises TrellisError.
    """
    request = {"folder": str(folder.absolute()), "target": str(target.absolute()), "size": size}
    background.ask("blend", request, seconds=SECONDS)


def _words(error: Exception) -> str:
    if isinstance(error, BackgroundStartError):
        return "Blender could not be started. Name another one with --blender; resume then makes what is missing."
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else explained(error).sentence
