# SPDX-License-Identifier: GPL-3.0-or-later
"""Who drives a job. A claim names a process; each process has one locked file, which is touched as its heart beats.

    ROOT/.processes/NAME    the process's file, locked as long as it lives
    ROOT/ID/lock/NAME/      the claim: that process drives the job

Claiming is renaming: a new claim is renamed into place as a whole, and that of a dead process is renamed to one's own
name. However many try, the system lets one of them succeed, on a local disk, on NFS and on SMB alike.

- On the same machine a process is dead once its file can be locked. Elsewhere it is dead once its file was not touched
  for long enough, by the clock of the process that watches. Nobody compares the clocks of two machines.
- A process writes `job.json` inside its claim first, and renames it from there. If it was paused so long that another
  machine took the claim away, that fails, and it knows (`ClaimLostError`).
- Earlier versions hold the file `ROOT/ID/lock` open and locked while they drive a job. Whatever they hold is not
  claimed; and where they would open that file, they find the folder, and leave the job alone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..files import FOLDER_MODE, append_own, check_plain, is_link, open_own, own_folder
from .lock import LOCK_FILE, FolderLock, try_lock

PROCESSES = ".processes"
SILENCE_SECONDS = 60.0  # after which a process of another machine counts as dead
_FIRST_BEAT = 1e9  # a time that every file system can write; only that it changes has a meaning
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)


class ClaimLostError(OSError):
    """A claim that another process has taken over: nothing may be written any more."""


@dataclass(frozen=True)
class Claim:
    """A claim of the process `name` on the job in `folder`."""

    folder: Path
    name: str

    @property
    def path(self) -> Path:
        """Return the claim's own folder. What is written there first is written by its holder alone."""
        return self.folder / LOCK_FILE / self.name

    def is_held(self) -> bool:
        """Return whether no other process has taken it over."""
        return self.path.is_dir()

    def release(self) -> None:
        """Release the job to another process. Never raises."""
        shutil.rmtree(self.path, ignore_errors=True)
        with contextlib.suppress(OSError):  # another process has claimed it by now
            self.path.parent.rmdir()


Hold = Claim | FolderLock


def holder_in(folder: Path) -> Path:
    """Return what has the name of its holder in the folder. Raises FileNotFoundError if nobody holds it just now."""
    for holder in folder.iterdir():
        return holder
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def this_machine() -> str:
    """Return a name for this machine, the same in each of its processes: a part of its own, and four digits."""
    import hashlib  # here, where the runner has long been started
    import platform

    node = platform.node()
    try:  # Linux; containers and clones may have the same names (systemd, machine-id(5))
        machine_id = Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        machine_id = ""
    digits = hashlib.sha256(f"{node}\n{machine_id}".encode()).hexdigest()[:4]
    return f"{re.sub('[^a-z0-9]+', '', node.lower())[:12] or 'machine'}-{digits}"


class Claims:
    """The claims of one process on jobs in `root`. `now`: seconds that only grow. After `begin`, any thread may call
    `is_dead` and `look_anew`; the others are for one thread.

    `machine`: another name than this machine's. `silence`: seconds after which another machine's process is dead.
    """

    def __init__(
        self,
        root: Path,
        now: Callable[[], float] = time.monotonic,
        machine: str = "",
        silence: float = SILENCE_SECONDS,
    ) -> None:
        self._machine = machine or this_machine()
        self.name = f"{self._machine}-{os.getpid()}-{secrets.token_hex(3)}"
        self._processes, self._now, self._silence = root / PROCESSES, now, silence
        self._file: IO[bytes] | None = None
        self._count = 0  # of heartbeats
        self._known: dict[str, bool] = {}  # since the last beat: whether a process is dead
        self._beats: dict[str, tuple[int, float]] = {}  # of other machines: the last beat, and when it was first seen
        self._earlier: list[FolderLock] = []  # locks of files that are deleted; see `take`

    def begin(self) -> None:
        """Make this process known, so that it can claim. Raises OSError."""
        if self._file is not None:
            return
        self._processes.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        own_folder(self._processes)
        file = append_own(self._processes / self.name)
        try_lock(file)
        self._file = file

    def beat(self) -> None:
        """Show that this process lives, and look anew at the others. Call it every few seconds while it has claims."""
        self.look_anew()
        self._release_earlier()
        if self._file is not None:
            with contextlib.suppress(OSError):  # the disk is away for a moment
                self._count += 1  # no clock: it may stand still, or lie beyond what the file system can write
                beat = _FIRST_BEAT + 10.0 * self._count
                os.utime(self._processes / self.name, (beat, beat))

    def _release_earlier(self) -> None:
        for lock in self._earlier:
            lock.release()
        self._earlier.clear()

    def look_anew(self) -> None:
        """Forget which processes live."""
        self._known = {}

    def take(self, folder: Path) -> Hold | None:
        """Claim the job in the folder and return the claim; None while another process drives it. Raises OSError.

        If the disk has no room for a claim, the file `lock` is locked instead, as earlier versions do.
        """
        try:
            self.begin()
        except OSError as error:
            return self._without_claim(folder, error)
        lock = folder / LOCK_FILE
        if is_link(lock):
            check_plain(lock, lock.lstat())
        try:
            holder = holder_in(lock)
        except FileNotFoundError:
            return self._claim(folder)
        except NotADirectoryError:  # the lock file of an earlier version; Windows says so, too
            earlier = FolderLock.acquire(folder)
            return self._claim(folder, earlier) if earlier is not None else None
        with contextlib.suppress(OSError):  # another process was quicker
            self.take_over(holder)
        return self._held(folder)

    def take_over(self, holder: Path) -> bool:
        """Rename what is held to our own name if its holder is dead, whose name it has. Return whether it is ours.

        Raises OSError if another process was quicker.
        """
        if holder.name != self.name:
            if not self.is_dead(holder.name):
                return False
            holder.rename(holder.with_name(self.name))
        return True

    def _claim(self, folder: Path, earlier: FolderLock | None = None) -> Hold | None:
        """Claim a job that nobody has claimed. `earlier`: the lock of its lock file, if there is one."""
        new, lock = self._processes / f"{self.name}.new", folder / LOCK_FILE
        try:
            own_folder(new)
            own_folder(new / self.name)
        except OSError as error:
            return earlier or self._without_claim(folder, error)
        try:
            if earlier is not None:
                self._delete(lock, earlier)
            else:
                with contextlib.suppress(OSError):  # a claim that is being released: Windows renames nothing onto it
                    lock.rmdir()
            new.rename(lock)
        except OSError as error:
            shutil.rmtree(new, ignore_errors=True)
            if not lock.exists():
                return self._without_claim(folder, error)
        return self._held(folder)

    def _held(self, folder: Path) -> Claim | None:
        claim = Claim(folder, self.name)
        return claim if claim.is_held() else None

    def _delete(self, lock: Path, earlier: FolderLock) -> None:
        """Delete the lock file. Raises OSError if another process has it open (Windows)."""
        if os.name == "nt":
            earlier.release()
            lock.unlink()
            return
        # An earlier version may have opened the file a moment ago and lock it next, although it is gone. While we hold
        # it, it cannot; by the next beat it has given up.
        self._earlier.append(earlier)
        lock.unlink()
        if len(self._earlier) > 32:
            self._earlier.pop(0).release()

    @staticmethod
    def _without_claim(folder: Path, error: OSError) -> FolderLock | None:
        if error.errno not in _NO_ROOM:
            raise error
        return FolderLock.acquire(folder)

    def is_dead(self, name: str) -> bool:
        """Return whether the process of that name is gone for certain."""
        if name == self.name:
            return False
        known = self._known
        if name not in known:
            is_here = name.startswith(f"{self._machine}-")
            known[name] = self._is_unlocked(name) if is_here else self._is_silent(name)
        return known[name]

    def _is_unlocked(self, name: str) -> bool:
        path = self._processes / name
        try:
            check_plain(path, path.lstat())
            file = path.open("rb+")
            if not try_lock(file):
                return False
        except FileNotFoundError:
            return True
        except OSError:
            return False
        if os.name == "nt":
            file.close()
        with contextlib.suppress(OSError):
            path.unlink()
        file.close()
        return True

    def _is_silent(self, name: str) -> bool:
        try:
            with open_own(self._processes / name) as file:  # opening asks the server anew (NFS, close-to-open)
                beat = os.fstat(file.fileno()).st_mtime_ns
        except OSError:
            beat = 0
        known = self._beats.get(name)
        if known is None or known[0] != beat:
            self._beats[name] = (beat, self._now())
            return False
        return self._now() - known[1] >= self._silence

    def sweep(self) -> None:
        """Delete what dead processes of this machine have left behind. Never raises."""
        with contextlib.suppress(OSError):
            for entry in list(os.scandir(self._processes)):
                name = entry.name.removesuffix(".new")
                if name.startswith(f"{self._machine}-") and self.is_dead(name) and entry.name != name:
                    shutil.rmtree(entry.path, ignore_errors=True)

    def close(self) -> None:
        """Release what is left, and make this process unknown again. Never raises."""
        self._release_earlier()
        if self._file is not None:
            self._file.close()
            self._file = None
            with contextlib.suppress(OSError):
                (self._processes / self.name).unlink()
        with contextlib.suppress(OSError):  # it holds something, or was never there
            self._processes.rmdir()
