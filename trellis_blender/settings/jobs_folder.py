# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of the jobs: the usual one, or the one that the artist chose. See `core/places.py`."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import bpy

from .. import __package__ as base_package
from ..core import places
from ..core.errors import StorageError, Text, TrellisError, as_storage_error
from ..core.files import FOLDER_MODE
from ..core.places import Folder

PACKAGE = Path(__file__).parents[1]


def data_folder() -> Path:
    """Return the add-on's own folder in the system's place for data. It is the same for every Blender of this user."""
    return places.data_folder(sys.platform, os.environ, Path.home())


def usual() -> Path:
    """Return the folder where jobs are kept unless the artist chooses another."""
    return data_folder() / places.JOBS_FOLDER


def look() -> Folder:
    """Ask the disk for the chosen folder. A network drive may take its time, or hang."""
    return places.look(data_folder())


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


def choose(path: str) -> bool:
    """Keep jobs in this folder from now on, empty: in the usual one. Return whether it is another than before.

    Creates the folder. Raises TrellisError.
    """
    before = places.read_choice(data_folder())
    folder = _usable(path) if path.strip() else ""
    if folder == before.folder:
        return False
    earlier = [each for each in (*before.before, before.folder) if each and each != folder]
    with as_storage_error("save the choice of the folder"):
        places.write_choice(data_folder(), places.Choice(folder, tuple(dict.fromkeys(earlier))))
    return True


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
        raise StorageError(
            Text("Jobs cannot be kept there: {reason}. Choose another folder.", reason=reason)
        ) from error
    return str(folder)
