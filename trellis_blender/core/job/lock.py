# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock on a job's folder, held by one Blender at a time and released by the system when that Blender is gone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

LOCK_FILE = "lock"


class FolderLock:
    """An operating-system lock on `folder/lock`; a crash releases it too."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    @classmethod
    def take(cls, folder: Path) -> FolderLock | None:
        """The lock, or None while another process holds it. Raises OSError when the folder cannot be written."""
        file = (folder / LOCK_FILE).open("ab")
        try:
            _lock(file)
        except (BlockingIOError, PermissionError):
            file.close()
            return None
        except OSError:
            file.close()
            raise
        return cls(file)

    def release(self) -> None:
        """Let another Blender have the folder. The file stays: removing it could take away somebody else's lock."""
        self._file.close()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        """Windows refuses a locked byte with EACCES, which Python raises as PermissionError."""
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
