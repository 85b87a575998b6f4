# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that holds the artist's key and secret, which only the artist may read.

It lies in the user's data folder: artists share Blender's preferences, and Blender deletes an extension's own folder
with the extension. All Blenders of the user share it.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from ..errors import Text, storage_error
from ..files import FOLDER_MODE, close_to_others, read_own, write_whole

FILE = "key.json"
LOOK_SECONDS = 1.0
BYTES_MAXIMUM = 64 * 1024


class KeyFile:
    """Key and secret as the file holds them, each empty if missing. Draw functions read them at every redraw.

    `trouble`: why the file cannot be used, as a sentence; empty if all is well. After a failed save, key and secret
    are those that could not be saved, until the file changes.
    `is_moved`: Blender's saved preferences held the key until now.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.key = self.secret = self.trouble = ""  # nosec B105 # none yet
        self.is_moved = False
        self._known: tuple[int, ...] | None = None  # what tells one state of the file from the next
        self._next_look = 0.0

    def refresh(self) -> None:
        """Read the file if it has changed. Asks the disk once a second at most."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            self.read_if_changed()

    def keep(self, key: str, secret: str) -> None:
        """Save key and secret. Raises StorageError."""
        self.key, self.secret = key, secret
        try:
            if key or secret:
                self.path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
                text = json.dumps({"api_key": key, "api_secret": secret}, indent=1)
                write_whole(self.path, text.encode(), is_private=True)
            else:
                self.path.unlink(missing_ok=True)
            self._known, self.trouble = self._state(), ""
        except OSError as error:
            failure = storage_error("save the key" if key or secret else "delete the key", error)
            self.trouble = failure.sentence
            raise failure from error

    def forget(self) -> None:
        """Delete the file. Raises StorageError."""
        self.keep("", "")

    def take_over(self, key: str, secret: str) -> None:
        """Save what was kept elsewhere before, unless the file has both already. Raises StorageError."""
        self.read_if_changed()
        if not (self.key and self.secret):
            self.keep(key, secret)

    def read_if_changed(self) -> None:
        """Read the file if it is another one than at the last look. What goes wrong is kept in `trouble`."""
        try:
            found = self._state()
            if found != self._known:
                self.key, self.secret = _read(self.path) if found else ("", "")
                self._known, self.trouble = found, ""
        except (OSError, ValueError, RecursionError) as error:
            self.key = self.secret = ""  # nosec B105 # forgets it
            self._known = ()  # it may only be busy, so read it again at the next look
            reason = (error.strerror if isinstance(error, OSError) else "") or "it is damaged"
            self.trouble = Text("The file with your key cannot be read: {reason}. Enter the key again.", reason=reason)

    def _state(self) -> tuple[int, ...] | None:
        try:
            found = self.path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode


def _read(path: Path) -> tuple[str, str]:
    """Return key and secret. Raises OSError or ValueError."""
    data = json.loads(read_own(path, BYTES_MAXIMUM))
    close_to_others(path)  # a copy from a backup, or made by hand
    values = [data.get(name, "") for name in ("api_key", "api_secret")] if isinstance(data, dict) else []
    if not values or not all(isinstance(value, str) for value in values):
        raise ValueError("not a file of ours")
    return values[0], values[1]
