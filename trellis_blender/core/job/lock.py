# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks of the operating system. One process holds one at a time; the system releases it when that process is gone."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

from ..files import append_own, is_link

LOCK_FILE = "lock"


class FolderLock:
    """An operating-system lock on `folder/lock`. A crash releases it, too.

    Earlier versions hold it for as long as they drive the job. Today a job that is driven has a claim of that name
    instead (see `claims.py`), and this lock guards what takes a moment.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    @classmethod
    def take(cls, folder: Path) -> FolderLock | None:
        """Take and return the lock; None while another process holds it. Raises OSError if the folder is read-only."""
        path = folder / LOCK_FILE
        try:
            file = append_own(path)
        except OSError:
            if path.is_dir() and not is_link(path):  # a claim
                return None
            raise
        if not try_lock(file):
            return None
        if not _is_at(path, file):  # it was deleted between opening and locking
            file.close()
            return None
        return cls(file)

    def is_held(self) -> bool:
        """Return True: nobody can take it away."""
        return True

    def release(self) -> None:
        """Release the folder to another Blender. The file stays: deleting it could remove somebody else's lock."""
        self._file.close()


def try_lock(file: IO[bytes]) -> bool:
    """Lock the open file until it is closed. Return whether that worked; if not, the file is closed. Raises OSError."""
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):
        file.close()
        return False
    except OSError:
        file.close()
        raise
    return True


def _is_at(path: Path, file: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


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
