# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves jobs from other folders into the jobs' folder. A crash at any moment neither loses nor doubles a job.

On the same drive a job's folder is renamed, in one step. To another drive it is copied:

    1. root/.copy-ID    the copy grows; if it is left so, it counts for nothing
    2. place/.moved-ID  the copy is whole and on the disk: now the original is renamed, and is no job any more
    3. root/ID          the copy is renamed: now it is the job
    4. place/.gone-ID   the original is renamed once more, and deleted

The job's lock is held all the while. So a job at which another Blender works stays where it is, until a later start.
What a dead process has claimed is released first.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import StorageError, storage_error
from ..files import FOLDER_MODE, check_plain, close_to_others, flush_file, flush_folder, is_link, rename
from . import spending
from .claims import Claims
from .folder import INCOMING, JOB_FILE, JOB_ID, STALE_SECONDS
from .lock import LOCK_FILE, FolderLock

COPY_PREFIX = ".copy-"
COPIED_PREFIX = ".moved-"
DELETED_PREFIX = ".gone-"


@dataclass(frozen=True)
class Arrival:
    """What became of one job. `folder`: its new one, None if it did not come.

    `is_left`: it stays where it was, to be moved another time. `error`: why, unless another Blender works at it.
    """

    folder: Path | None = None
    is_left: bool = False
    error: StorageError | None = None


def arrivals(places: Iterable[Path], root: Path) -> Iterator[Arrival]:
    """Move all jobs of these places into `root`, one at each step; with them, what removed jobs have cost."""
    is_any_left = False
    for place in places:
        for arrival in _arrivals_from(place, root):
            is_any_left = is_any_left or arrival.is_left
            yield arrival
    if not is_any_left:
        _sweep_copies(root)


def _arrivals_from(place: Path, root: Path) -> Iterator[Arrival]:
    try:
        root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        if not place.is_dir() or place.samefile(root):
            return
        spending.take_over(root, place)
        folders = folders_in(place)
    except OSError as error:
        yield Arrival(is_left=True, error=storage_error("read the folder of the jobs", error))
        return
    claims = Claims(place)
    for folder in folders:
        try:
            yield _arrival(folder, root, claims)
        except FileNotFoundError:  # another Blender moves it, or has moved it
            yield Arrival(is_left=(place / (COPIED_PREFIX + _id_of(folder.name))).exists())
        except OSError as error:
            yield Arrival(is_left=True, error=storage_error("move a job to the jobs' folder", error))
    claims.sweep()
    claims.close()
    with contextlib.suppress(OSError):  # it holds something
        (place / INCOMING).rmdir()


def _sweep_copies(root: Path) -> None:
    """Remove unfinished copies whose originals are gone, after a day."""
    for path in root.glob(COPY_PREFIX + "*"):
        with contextlib.suppress(OSError):
            is_copy = JOB_ID.fullmatch(path.name.removeprefix(COPY_PREFIX)) and not is_link(path)
            if is_copy and time.time() - path.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(path)


def folders_in(place: Path) -> list[Path]:
    """Return the folders of jobs, whole or half moved, oldest first. Raises OSError."""
    entries = (entry for entry in os.scandir(place) if entry.is_dir() and not is_link(Path(entry)))
    names = {_id_of(entry.name): entry.name for entry in entries}
    return [
        place / names[job_id]
        for job_id in sorted(names)
        if JOB_ID.fullmatch(job_id) or (not job_id.startswith(".") and (place / job_id / JOB_FILE).is_file())
    ]


def _id_of(name: str) -> str:
    return name.removeprefix(COPIED_PREFIX).removeprefix(DELETED_PREFIX)


def _arrival(folder: Path, root: Path, claims: Claims) -> Arrival:
    """Move one job. Raises OSError; it is then where it was, or half moved."""
    job_id = _id_of(folder.name)
    target, copy = root / job_id, root / (COPY_PREFIX + job_id)
    lock = _locked(folder, claims)
    if lock is None:
        return Arrival(is_left=True)
    try:
        if folder.name.startswith(COPIED_PREFIX) and not target.exists() and not _is_copy(copy, folder):
            folder = _renamed(folder, job_id, lock)  # its copy is gone, or grew in another root
        if folder.name == job_id:
            if target.exists():
                return Arrival()  # somebody has copied it by hand: this one is left alone
            if _is_moved(folder, target, lock):
                return Arrival(target)
            copy_whole(folder, copy)
            folder = _renamed(folder, COPIED_PREFIX + job_id, lock)
            if not _is_copy(copy, folder):  # another Blender went on with it, since Windows held no lock meanwhile
                _renamed(folder, job_id, lock)
                return Arrival(is_left=True)
        is_new = not folder.name.startswith(DELETED_PREFIX) and not target.exists()
        if is_new:
            rename(copy, target)
            flush_folder(root)
        if not folder.name.startswith(DELETED_PREFIX):
            folder = _renamed(folder, DELETED_PREFIX + job_id, lock)
    finally:
        lock.release()
    shutil.rmtree(folder, ignore_errors=True)  # what is left goes at the next start
    return Arrival(target if is_new else None)


def _locked(folder: Path, claims: Claims) -> FolderLock | None:
    """Lock the job's folder; None while another Blender works at it. Raises OSError."""
    if (folder / LOCK_FILE).is_dir():
        dead = claims.take(folder)
        if dead is not None:
            dead.release()
    return FolderLock.acquire(folder)


def _is_moved(folder: Path, target: Path, lock: FolderLock) -> bool:
    """Rename the job's folder. Return whether that worked: it does not from one drive to another. Raises OSError."""
    try:
        rename_folder(folder, target, lock)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True


def _renamed(folder: Path, name: str, lock: FolderLock) -> Path:
    target = folder.with_name(name)
    rename_folder(folder, target, lock)
    flush_folder(folder.parent)
    return target


def rename_folder(folder: Path, target: Path, lock: FolderLock) -> None:
    """Rename the job's folder, whose lock is held. Raises OSError."""
    if os.name == "nt":
        # Windows renames no folder with an open file in it. That guards the job from now on: if another Blender takes
        # the lock in this moment, renaming fails.
        lock.release()
    rename(folder, target)


def copy_whole(folder: Path, copy: Path) -> None:
    """Copy the folder, and flush all to the disk. Raises OSError, and leaves no copy."""
    shutil.rmtree(copy, ignore_errors=True)
    try:
        copy.mkdir(mode=FOLDER_MODE)
        for path in sorted(folder.rglob("*")):  # a folder comes before what it holds
            target = copy / path.relative_to(folder)
            if is_link(path):
                shutil.copyfile(path, target, follow_symlinks=False)  # it is somebody else's
            elif path.is_dir():
                target.mkdir(mode=FOLDER_MODE)
            elif path.name != LOCK_FILE:  # Windows lets nobody read what is locked
                check_plain(path, path.lstat())
                shutil.copyfile(path, target)
                close_to_others(target)
                flush_file(target)
        (copy / LOCK_FILE).touch()
        for made in [*copy.rglob("*"), copy]:
            if made.is_dir() and not is_link(made):
                flush_folder(made)
    except OSError:
        shutil.rmtree(copy, ignore_errors=True)
        raise


def _is_copy(copy: Path, folder: Path) -> bool:
    """Return whether the copy has all files of the folder, and the same state of the job. Raises OSError."""
    states = [path / JOB_FILE for path in (copy, folder)]
    is_state = all(path.is_file() for path in states) and states[0].read_bytes() == states[1].read_bytes()
    return (is_state or not states[1].exists()) and _sizes(folder) <= _sizes(copy)


def _sizes(folder: Path) -> set[tuple[Path, int]]:
    files = (path for path in folder.rglob("*") if path.name != LOCK_FILE and (is_link(path) or path.is_file()))
    return {(path.relative_to(folder), path.lstat().st_size) for path in files}
