# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock on a job's folder. One Blender holds it at a time; the system releases it when that Blender is gone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

LOCK_FILE = "lock"


class FolderLock:
    """An operating-system lock on `folder/lock`. A crash releases it, too."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    @classmethod
    def acquire(cls, folder: Path) -> FolderLock | None:
        """Take and return the lock; None while another process holds it. Raises OSError if the folder is read-only."""
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
        """Release the folder to another Blender. The file stays: deleting it could remove somebody else's lock."""
        self._file.close()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        """Lock the first byte. Windows refuses a locked byte with EACCES, which Python raises as PermissionError."""
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
