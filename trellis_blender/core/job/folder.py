# SPDX-License-Identifier: GPL-3.0-or-later
"""The job's folder on disk: `job.json`, the picture as it was sent, `submit-1`, `model.glb`, its textures.

Each job has its own folder, so that a person can read, copy or delete it. Only the runner's thread writes it. A file is
whole or absent: it is written under another name, flushed to the disk, and renamed. Only its owner may enter the
folder, and no link leads out of it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Container, Iterator
from fnmatch import fnmatch
from pathlib import Path

from ..errors import InTheWayError
from ..files import (
    FILE_MODE,
    FOLDER_MODE,
    OTHERS,
    clear,
    close_to_others,
    flush_file,
    flush_folder,
    is_link,
    new_own,
    read_own,
    rename,
    write_whole,
)
from .claims import Claim, ClaimLostError, Hold
from .job import Job
from .lock import LOCK_FILE
from .record import PICTURES, DamagedJobError, NewerJobError, as_json, from_json

__all__ = ["DamagedJobError", "NewerJobError", "as_json", "from_json"]
JOB_FILE = "job.json"
MODEL_FILE = "model.glb"
THUMBNAIL_FILE = "thumbnail.png"
SUBMIT_FILE = "submit-{number}"
FAVORITE_FILE = "favorite"
IMPORTED_FILE = "imported.blend"
TEXTURES_FOLDER = "textures"
UNFINISHED_PREFIX = ".new-"
REMOVED_PREFIX = ".removed-"
INCOMING = ".incoming"
OWN_FILES = (
    LOCK_FILE,
    *(name + end for name in PICTURES for end in ("", ".part")),
    *(MODEL_FILE + end for end in ("", ".part", ".origin")),
    *(THUMBNAIL_FILE + end for end in ("", ".part")),
    *(IMPORTED_FILE + end for end in ("", "@")),  # Blender writes the second, and renames it
    FAVORITE_FILE,
    "job.damaged-*.json",
    SUBMIT_FILE.format(number="[0-9]*"),
    JOB_FILE + ".part",
    JOB_FILE,
)
STALE_SECONDS = 24 * 3600.0
JOB_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]+")
_UNFINISHED = re.compile(re.escape(UNFINISHED_PREFIX) + JOB_ID.pattern + "(-[a-z0-9-]+)?")
_REMOVED = re.compile(re.escape(REMOVED_PREFIX) + "[0-9a-f]{6}-(.+)")


def new_id(now: float) -> str:
    """Return a unique folder name that sorts by age: `20261122-104512-3fa9c1`. `now`: seconds since 1970."""
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime(now)) + "-" + secrets.token_hex(3)


def create(root: Path, job: Job, picture: Path | None, process: str = "") -> None:
    """Create the job's folder in one step and move its picture there. Raises OSError; then there is no folder.

    `process`: the job is claimed by it from the first moment on; empty: by nobody.
    """
    unfinished = root / f"{UNFINISHED_PREFIX}{job.id}-{process or secrets.token_hex(3)}"
    root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    unfinished.mkdir(mode=FOLDER_MODE)
    moved: Path | None = None
    try:
        if picture is not None:
            target = unfinished / job.picture
            moved = picture.replace(target)
            close_to_others(target)
            flush_file(target)
        if process:
            (unfinished / LOCK_FILE).mkdir(mode=FOLDER_MODE)
            Claim(unfinished, process).path.mkdir(mode=FOLDER_MODE)
        save(unfinished, job)
        rename(unfinished, root / job.id)
    except OSError:
        if moved is not None and picture is not None:
            moved.replace(picture)
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    with contextlib.suppress(OSError):  # the job exists now, and its next save flushes again
        flush_folder(root)


def save(folder: Path, job: Job, hold: Hold | None = None) -> None:
    """Write `job.json` so that it survives a power cut right afterwards. Raises OSError; then the old one stays.

    `hold`: what we hold the job by. Raises ClaimLostError if another process has taken it over.
    """
    within = hold.path if isinstance(hold, Claim) else folder
    # a name may hold bytes that are no text; a backslash escape keeps them, in JSON too
    text = json.dumps(as_json(job), indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")
    try:
        write_whole(folder / JOB_FILE, text, is_private=True, part=within / (JOB_FILE + ".part"))
    except OSError as error:
        if hold is None or hold.is_held() or not folder.is_dir():
            raise
        raise ClaimLostError(str(error)) from error


def begin_submit(folder: Path, number: int) -> bool:
    """Create the file that decides who sends the paid call of this attempt. Return whether it was created here.

    Only who creates it may send that call, once; if it exists, the call may have been sent. To create it and not to
    send makes sure that nobody ever sends it. It survives a power cut right afterwards. Raises OSError: do not send.
    """
    try:
        handle = os.open(folder / SUBMIT_FILE.format(number=number), os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    except FileExistsError:
        return False
    with os.fdopen(handle, "wb") as file:
        os.fsync(file.fileno())
    flush_folder(folder)
    return True


def withdraw_submit(folder: Path, number: int) -> None:
    """Delete that file, after its call was certainly not accepted. Only for who created it. Never raises."""
    with contextlib.suppress(OSError):
        (folder / SUBMIT_FILE.format(number=number)).unlink()


def load(folder: Path) -> Job:
    """Return the job in the folder. Raises OSError, and DamagedJobError if `job.json` is not what `save` writes."""
    if is_link(folder):
        raise InTheWayError(errno.ELOOP, f"“{folder.name}” is a link to another place", str(folder))
    try:
        data = json.loads(read_own(folder / JOB_FILE).decode("utf-8"))
        job = from_json(data)
    except (InTheWayError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DamagedJobError(str(error)) from error
    if job.id != folder.name:
        raise DamagedJobError("the job has another folder's id")
    return job


def set_aside(folder: Path) -> None:
    """Rename a damaged `job.json`, so that it is kept but not read again. Raises OSError."""
    rename(folder / JOB_FILE, folder / f"job.damaged-{secrets.token_hex(3)}.json")


def remove(folder: Path) -> bool:
    """Take the job out of the jobs' folder in one step, then delete its own files.

    The job's folder stays if it holds something else. Return whether nothing of the job is left: what is, `sweep`
    deletes later. Raises OSError if the job cannot be taken out, or nothing of it deleted; it is then whole.
    """
    if (folder / LOCK_FILE).is_dir() and not is_link(folder / LOCK_FILE):
        (folder / LOCK_FILE).rmdir()  # it is not empty while a process claims the job
    aside = folder.with_name(f"{REMOVED_PREFIX}{secrets.token_hex(3)}-{folder.name}")
    rename(folder, aside)  # Windows refuses it while another program has a file of the job open
    return _delete(aside, folder)


def _delete(aside: Path, folder: Path) -> bool:
    """Delete the job's own files; return whether that worked. `folder`: where it was, for what else is in there."""
    is_begun, failure = False, None
    for path in [*_own_files(aside, folder.name)]:
        try:
            path.unlink(missing_ok=True)
            is_begun = True
        except OSError as error:
            failure = failure or error
    if failure is not None and not is_begun:
        rename(aside, folder)
        raise failure
    for emptied in (aside / TEXTURES_FOLDER, aside):
        with contextlib.suppress(OSError):  # it holds something else, which is not ours to delete
            emptied.rmdir()
    if failure is None and aside.exists():
        with contextlib.suppress(OSError):  # somebody has put another folder there
            rename(aside, folder)
    return failure is None


def _own_files(folder: Path, job_id: str) -> Iterator[Path]:
    """Yield what the job itself has put into its folder, `job.json` last. Raises OSError."""
    textures = folder / TEXTURES_FOLDER
    if textures.is_dir() and not is_link(textures):
        yield from (path for path in _files(textures) if f"-{job_id}-" in path.name)
    own = [path for path in _files(folder) if any(fnmatch(path.name, pattern) for pattern in OWN_FILES)]
    yield from sorted(own, key=lambda path: path.name == JOB_FILE)


def _files(folder: Path) -> list[Path]:
    """Return all that is in the folder but folders. A link is one file, whatever it points at."""
    return sorted(Path(entry) for entry in os.scandir(folder) if not entry.is_dir(follow_symlinks=False))


def mark(folder: Path, *, is_favorite: bool) -> None:
    """Make the job one of the artist's favorites, or no longer. Raises OSError.

    An empty file says so, and no key of `job.json`: an earlier version of the add-on, which rewrites that without keys
    that it does not know, leaves the file; and a job that another Blender drives can be marked, too.
    """
    if is_favorite:
        new_own(folder / FAVORITE_FILE, is_private=True).close()
    else:
        clear(folder / FAVORITE_FILE)


def favorites(root: Path) -> frozenset[str]:
    """Return the ids of the jobs that are favorites."""
    return frozenset(path.parent.name for path in root.glob(f"*/{FAVORITE_FILE}"))


def size(folder: Path) -> int:
    """Return the size of all files in the folder in bytes, 0 if it is gone. Raises OSError."""
    return sum(status.st_size for path in folder.rglob("*") if stat.S_ISREG((status := path.lstat()).st_mode))


def job_folders(root: Path, known: Container[str] = frozenset()) -> list[Path]:
    """Return all folders that hold a job but those of the `known` jobs, oldest first. Raises OSError."""
    if not root.is_dir():
        return []
    unknown = (entry for entry in os.scandir(root) if entry.name not in known)
    names = (entry.name for entry in unknown if entry.is_dir() and not entry.name.startswith("."))
    return [root / name for name in sorted(names) if os.path.lexists(root / name / JOB_FILE)]


def close(folder: Path) -> None:
    """Close a job's folder to others, with all of its own files, if an earlier version or a copy has left it open."""
    if os.name != "nt" and folder.stat().st_mode & OTHERS and not is_link(folder):
        for path in (folder, folder / TEXTURES_FOLDER, *_own_files(folder, folder.name)):
            close_to_others(path)


def sweep(root: Path, now: float) -> None:
    """Remove the remains of an interrupted start after a day, and of a removal at once. Nothing of them is needed."""
    with contextlib.suppress(OSError):  # there is no such folder yet
        for entry in [*os.scandir(root)]:
            removed = _REMOVED.fullmatch(entry.name)
            if removed is not None and entry.is_dir(follow_symlinks=False) and not is_link(Path(entry)):
                with contextlib.suppress(OSError):  # it is still held: try next time
                    _delete(Path(entry), root / removed[1])
    incoming = root / INCOMING
    unfinished = (path for path in root.glob(UNFINISHED_PREFIX + "*") if _UNFINISHED.fullmatch(path.name))
    left = [*unfinished, *([] if is_link(incoming) else incoming.glob("*"))]
    for path in left:
        with contextlib.suppress(OSError):  # another Blender may have removed it, or still hold it: try next time
            if now - path.lstat().st_mtime > STALE_SECONDS:
                shutil.rmtree(path) if path.is_dir() and not is_link(path) else path.unlink()
