# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the add-on keeps what outlives it and every version of Blender: jobs and key, in a folder of the user's own.

Earlier versions kept jobs in the folder that Blender reserves for an extension, and deletes with it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from .files import FOLDER_MODE, read_own, write_whole

if TYPE_CHECKING:
    from threading import Thread

OWN_FOLDER = "Trellis 2 for Blender"
JOBS_FOLDER = "jobs"
CHOICE_FILE = "jobs folder.json"
LOOK_SECONDS = 1.0
_BLENDER_VERSION = re.compile(r"\d+\.\d+")
_Path = TypeVar("_Path", bound=PurePath)


def data_folder(platform: str, environment: Mapping[str, str], home: _Path) -> _Path:
    """Return the add-on's folder for data in the system's place for it. `platform`: as `sys.platform`.

    - Windows: %LOCALAPPDATA%. Not %APPDATA%, which Windows copies to a server at every sign-out where profiles roam:
      models are too large for that (Microsoft, “Known Folder IDs”, FOLDERID_LocalAppData).
    - macOS: ~/Library/Application Support (Apple, “File System Programming Guide”).
    - Linux: $XDG_DATA_HOME if it is absolute, else ~/.local/share (“XDG Base Directory Specification” 0.8).
    """
    kind = type(home)
    if platform == "win32":
        given, usual = environment.get("LOCALAPPDATA", ""), home / "AppData" / "Local"
    elif platform == "darwin":
        given, usual = "", home / "Library" / "Application Support"
    else:
        given, usual = environment.get("XDG_DATA_HOME", ""), home / ".local" / "share"
    return (kind(given) if kind(given).is_absolute() else usual) / OWN_FOLDER


def extension_folders(own: Path, user: Path) -> list[Path]:
    """Return the folders where earlier versions kept jobs, for every Blender and every repository; some may not exist.

    `own`: that of this Blender, “<user>/extensions/.user/<repository>/<extension>/jobs”. `user`: this Blender's folder
    for its user's files, “…/5.2”, with those of other versions beside it.
    """
    extensions = own.parents[2]
    found = [own]
    if extensions.is_relative_to(user) and _BLENDER_VERSION.fullmatch(user.name):
        versions = [folder for folder in _folders(user.parent) if _BLENDER_VERSION.fullmatch(folder.name)]
        found += [version / own.relative_to(user) for version in versions]
    others = [repository / own.parent.name / own.name for each in [*found] for repository in _folders(each.parents[2])]
    return list(dict.fromkeys([*found, *(folder for folder in others if folder.is_dir())]))


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return []


def holds_anything(folder: Path) -> bool:
    """Return whether the folder exists and is not empty."""
    try:
        return any(folder.iterdir())
    except OSError:
        return False


class Choice(NamedTuple):
    """The artist's choice of a folder for jobs. It is kept in the data folder, so every Blender of this user has it.

    `folder`: the chosen one, empty for the usual one. `before`: those chosen before, from which jobs may still have to
    be moved.
    """

    folder: str = ""
    before: tuple[str, ...] = ()


def read_choice(data: Path) -> Choice:
    """Return the choice that is kept in this data folder; the default if there is none, or it cannot be read."""
    try:
        known = json.loads(read_own(data / CHOICE_FILE).decode("utf-8"))
        folder, before = known["folder"], known["before"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return Choice()
    if not (isinstance(folder, str) and isinstance(before, list) and all(isinstance(path, str) for path in before)):
        return Choice()
    return Choice(folder, tuple(before))


def write_choice(data: Path, choice: Choice) -> None:
    """Keep the choice in this data folder, which is created. Raises OSError."""
    data.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    write_whole(data / CHOICE_FILE, json.dumps(choice._asdict(), indent=1).encode(), is_private=True)


class Folder(NamedTuple):
    """The folder that the artist chose, empty if none, and whether it is there: its drive may only be unplugged.

    `data`: the add-on's own folder, where jobs are kept otherwise.
    """

    data: Path
    chosen: str = ""
    is_there: bool = True

    @property
    def root(self) -> Path:
        """The folder of all jobs: the chosen one, or the usual one if none was chosen or it is missing."""
        return Path(self.chosen) if self.chosen and self.is_there else self.data / JOBS_FOLDER

    @property
    def missing(self) -> str:
        """The path of the chosen folder if it is not there, else empty."""
        return "" if self.is_there else self.chosen


def look(data: Path) -> Folder:
    """Ask the disk for the folder that was chosen in this data folder. A network drive may take its time, or hang."""
    path = read_choice(data).folder
    return Folder(data, path, not path or Path(path).is_dir())


class LastLook:
    """The chosen folder as it was last seen, for draw functions, which cannot wait for a drive: a thread looks again.

    `is_answered`: the thread's answer has come, and nobody has taken note yet.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self._seen: Folder | None = None
        self._due = 0.0
        self._looking: Thread | None = None
        self.is_answered = False

    def seen(self) -> Folder:
        """Return what was last seen. At first that is the choice alone, which is kept on the user's own disk."""
        if self._seen is None:
            self._seen = Folder(self._data, read_choice(self._data).folder)
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
            found = look(self._data)
            if self._looking is current_thread():
                self._seen, self.is_answered, self._looking = found, True, None

        self._due = time.monotonic() + LOOK_SECONDS
        self._looking = Thread(target=answer, name="trellis-jobs-folder", daemon=True)
        self._looking.start()
