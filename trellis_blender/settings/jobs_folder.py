# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of the jobs: the usual one, or the one that the artist chose. See `core/places.py`."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import bpy

from .. import __package__ as base_package
from ..core import places
from ..core.errors import StorageError, TrellisError, storage_error
from ..core.files import FOLDER_MODE

if TYPE_CHECKING:
    from threading import Thread

PACKAGE = Path(__file__).parents[1]
LOOK_SECONDS = 1.0
# What the room of the jobs does then. Set while the add-on is registered, like an `update`.
_chosen: list[Callable[[], None]] = []


def when_chosen(action: Callable[[], None] | None) -> None:
    """Call this whenever another folder was chosen, or is to be looked at; None: call nothing any more."""
    _chosen[:] = [] if action is None else [action]


def data_folder() -> Path:
    """Return the add-on's own folder in the system's place for data. It is the same for every Blender of this user."""
    return places.data_folder(sys.platform, os.environ, Path.home())


def usual() -> Path:
    """Return the folder where jobs are kept unless the artist chooses another."""
    return data_folder() / places.JOBS_FOLDER


def chosen() -> str:
    """Return the path that the artist chose, empty if none."""
    return places.read_choice(data_folder()).folder


class Folder(NamedTuple):
    """The folder that the artist chose, empty if none, and whether it is there: its drive may only be unplugged."""

    chosen: str = ""
    is_there: bool = True

    @property
    def root(self) -> Path:
        """The folder of all jobs: the chosen one, or the usual one if none was chosen or it is missing."""
        return Path(self.chosen) if self.chosen and self.is_there else usual()

    @property
    def missing(self) -> str:
        """The path of the chosen folder if it is not there, else empty."""
        return "" if self.is_there else self.chosen


def look() -> Folder:
    """Ask the disk for the chosen folder. A network drive may take its time, or hang."""
    path = chosen()
    return Folder(path, not path or Path(path).is_dir())


class LastLook:
    """The chosen folder as it was last seen, for draw functions, which cannot wait for a drive: a thread looks again.

    `is_answered`: the thread's answer has come, and nobody has taken note yet.
    """

    def __init__(self) -> None:
        self._seen: Folder | None = None
        self._due = 0.0
        self._looking: Thread | None = None
        self.is_answered = False

    def seen(self) -> Folder:
        """Return what was last seen. At first that is the choice alone, which is kept on the user's own disk."""
        if self._seen is None:
            self._seen = Folder(chosen())
        return self._seen

    def take(self, folder: Folder) -> None:
        """Note what is known to be so now. A thread that looks meanwhile is out of date."""
        self._seen, self._looking, self._due = folder, None, time.monotonic() + LOOK_SECONDS

    @property
    def is_due(self) -> bool:
        """Whether the last look is a second old."""
        return self._looking is None and time.monotonic() >= self._due

    @property
    def is_awaited(self) -> bool:
        """Whether a thread looks, or its answer was not noted yet."""
        return self._looking is not None or self.is_answered

    def look_again(self) -> None:
        """Have a thread look, if that is due."""
        if not self.is_due:
            return
        from threading import Thread, current_thread

        def answer() -> None:
            found = look()
            if self._looking is current_thread():
                self._seen, self.is_answered, self._looking = found, True, None

        self._due = time.monotonic() + LOOK_SECONDS
        self._looking = Thread(target=answer, name="trellis-jobs-folder", daemon=True)
        self._looking.start()


def jobs_root() -> Path:
    """Return the folder of all jobs. The usual one is created, a missing chosen one is not."""
    return root_of(look())


def root_of(seen: Folder) -> Path:
    """Return the folder of all jobs as it was seen, created as in `jobs_root`."""
    root = seen.root
    if root == usual():
        with contextlib.suppress(OSError):  # whoever writes there says why it cannot be done
            data_folder().mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            root.mkdir(mode=FOLDER_MODE, exist_ok=True)
    return root


def missing() -> str:
    """Return the path of the chosen folder if it is not there, else empty."""
    return look().missing


def old_folders() -> list[Path]:
    """Return the folders where earlier versions kept jobs, which uninstalling deletes. Some may not exist."""
    try:
        own = Path(bpy.utils.extension_path_user(base_package, path=places.JOBS_FOLDER))
    except ValueError:  # the add-on was not installed as an extension, and has no such folder
        return []
    return places.extension_folders(own, Path(bpy.utils.resource_path("USER")))


def other_folders() -> list[Path]:
    """Return all other folders that hold something, from which jobs are to be moved to the present one."""
    root, before = jobs_root(), map(Path, places.read_choice(data_folder()).before)
    return [folder for folder in (*old_folders(), usual(), *before) if folder != root and places.holds_anything(folder)]


def is_any() -> bool:
    """Return whether there may be any job, here or in another folder, or the chosen folder is missing."""
    return places.holds_anything(jobs_root()) or bool(other_folders() or missing())


def all_moved() -> None:
    """Forget the folders that were chosen before: no job is left in them."""
    choice = places.read_choice(data_folder())
    if choice.before:
        places.write_choice(data_folder(), places.Choice(choice.folder))


def choose(path: str) -> None:
    """Keep jobs in this folder from now on, empty: in the usual one. Creates the folder. Raises TrellisError."""
    before = places.read_choice(data_folder())
    folder = _usable(path) if path.strip() else ""
    if folder == before.folder:
        return
    earlier = [each for each in (*before.before, before.folder) if each and each != folder]
    try:
        places.write_choice(data_folder(), places.Choice(folder, tuple(dict.fromkeys(earlier))))
    except OSError as error:
        raise storage_error("save the choice of the folder", error) from error
    tell()


def tell() -> None:
    """Have the room of the jobs look at the folder."""
    for action in _chosen:
        action()


def _usable(path: str) -> str:
    """Return the path of a folder that jobs can be kept in. Raises TrellisError."""
    folder = Path(bpy.path.abspath(path.strip())).expanduser()
    if not folder.is_absolute():
        raise TrellisError("The path of the jobs folder is not complete. Choose a folder.")
    if any(folder.is_relative_to(deleted) for deleted in (PACKAGE, *(old.parent for old in old_folders()))):
        raise TrellisError("Blender deletes that folder when you uninstall the add-on. Choose another folder.")
    import tempfile  # here, since hardly anybody chooses a folder

    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StorageError(f"Jobs cannot be kept there: {reason}. Choose another folder.") from error
    return str(folder)
