# SPDX-License-Identifier: GPL-3.0-or-later
"""The job's folder on disk: `job.json`, the picture as it was sent, `submit-1`, `model.glb`, its textures.

Each job has its own folder, so that a person can read, copy or delete it. Only the runner's thread writes it. A file is
whole or absent: it is written under another name, flushed to the disk, and renamed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import secrets
import shutil
import time
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args, get_type_hints

from ..errors import Remedy
from ..files import flush_file, flush_folder, rename
from ..picture.file import SENDABLE
from ..request.models import MODELS, TRELLIS_2
from .claims import Claim, ClaimLostError, Hold
from .job import TRANSIENT, Job, Stage
from .lock import LOCK_FILE

FORMAT = 1
JOB_FILE = "job.json"
MODEL_FILE = "model.glb"
THUMBNAIL_FILE = "thumbnail.png"
SUBMIT_FILE = "submit-{number}"
FAVORITE_FILE = "favorite"
IMPORTED_FILE = "imported.blend"
TEXTURES_FOLDER = "textures"
UNFINISHED_PREFIX = ".new-"
INCOMING = ".incoming"
OWN_FILES = (
    LOCK_FILE,
    *(f"source.{kind}" for kind in SENDABLE),
    *(MODEL_FILE + end for end in ("", ".part", ".origin")),
    *(THUMBNAIL_FILE + end for end in ("", ".part")),
    IMPORTED_FILE,
    FAVORITE_FILE,
    "job.damaged-*.json",
    SUBMIT_FILE.format(number="[0-9]*"),
    JOB_FILE + ".part",
    JOB_FILE,
)
STALE_SECONDS = 24 * 3600.0


class DamagedJobError(Exception):
    """A `job.json` that cannot be understood."""


class NewerJobError(DamagedJobError):
    """A sound `job.json` from a newer version of the add-on."""


def new_id(now: float) -> str:
    """Return a unique folder name that sorts by age: `20261122-104512-3fa9c1`. `now`: seconds since 1970."""
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime(now)) + "-" + secrets.token_hex(3)


def create(root: Path, job: Job, picture: Path | None, process: str = "") -> None:
    """Create the job's folder in one step and move its picture there. Raises OSError; then there is no folder.

    `process`: the job is claimed by it from the first moment on; empty: by nobody.
    """
    unfinished = root / f"{UNFINISHED_PREFIX}{job.id}-{process or secrets.token_hex(3)}"
    unfinished.mkdir(parents=True)
    moved: Path | None = None
    try:
        if picture is not None:
            target = unfinished / job.picture
            moved = picture.replace(target)
            flush_file(target)
        if process:
            Claim(unfinished, process).path.mkdir(parents=True)
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
    try:
        _save(folder, job, within / (JOB_FILE + ".part"))
    except OSError as error:
        if hold is None or hold.is_held() or not folder.is_dir():
            raise
        raise ClaimLostError(str(error)) from error


def _save(folder: Path, job: Job, part: Path) -> None:
    # a Linux file name may hold bytes that are no text; a backslash escape keeps them, in JSON too
    with part.open("w", encoding="utf-8", errors="backslashreplace") as file:
        json.dump(as_json(job), file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    rename(part, folder / JOB_FILE)
    flush_folder(folder)


def begin_submit(folder: Path, number: int) -> bool:
    """Create the file that decides who sends the paid call of this attempt. Return whether it was created here.

    Only who creates it may send that call, once; if it exists, the call may have been sent. To create it and not to
    send makes sure that nobody ever sends it. It survives a power cut right afterwards. Raises OSError: do not send.
    """
    try:
        with (folder / SUBMIT_FILE.format(number=number)).open("xb") as file:
            os.fsync(file.fileno())
    except FileExistsError:
        return False
    flush_folder(folder)
    return True


def withdraw_submit(folder: Path, number: int) -> None:
    """Delete that file, after its call was certainly not accepted. Only for who created it. Never raises."""
    with contextlib.suppress(OSError):
        (folder / SUBMIT_FILE.format(number=number)).unlink()


def load(folder: Path) -> Job:
    """Return the job in the folder. Raises OSError, and DamagedJobError if `job.json` is not what `save` writes."""
    try:
        data = json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))
        job = from_json(data)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DamagedJobError(str(error)) from error
    if job.id != folder.name:
        raise DamagedJobError("the job has another folder's id")
    return job


def set_aside(folder: Path) -> None:
    """Rename a damaged `job.json`, so that it is kept but not read again. Raises OSError."""
    rename(folder / JOB_FILE, folder / f"job.damaged-{secrets.token_hex(3)}.json")


def remove(folder: Path) -> None:
    """Delete the job's own files, `job.json` last, and the folder unless it holds something else. Raises OSError.

    If another process has claimed the job meanwhile, that is an OSError, too, and nothing is deleted.
    """
    patterns = (f"{TEXTURES_FOLDER}/*-{folder.name}-*", *OWN_FILES)
    own = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
    for path in own:
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
    for emptied in (folder / TEXTURES_FOLDER, folder):
        with contextlib.suppress(OSError):  # it holds something else, which is not ours to delete
            emptied.rmdir()


def mark(folder: Path, *, is_favorite: bool) -> None:
    """Make the job one of the artist's favorites, or no longer. Raises OSError.

    An empty file says so, and no key of `job.json`: an earlier version of the add-on, which rewrites that without keys
    that it does not know, leaves the file; and a job that another Blender drives can be marked, too.
    """
    file = folder / FAVORITE_FILE
    if is_favorite:
        file.touch()
    else:
        file.unlink(missing_ok=True)


def favorites(root: Path) -> frozenset[str]:
    """Return the ids of the jobs that are favorites."""
    return frozenset(path.parent.name for path in root.glob(f"*/{FAVORITE_FILE}"))


def size(folder: Path) -> int:
    """Return the size of all files in the folder in bytes, 0 if it is gone. Raises OSError."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def job_folders(root: Path) -> list[Path]:
    """Return all folders that hold a job, oldest first. Raises OSError."""
    if not root.is_dir():
        return []
    names = (entry.name for entry in os.scandir(root) if entry.is_dir() and not entry.name.startswith("."))
    return [root / name for name in sorted(names) if (root / name / JOB_FILE).is_file()]


def sweep(root: Path, now: float) -> None:
    """Remove the remains of an interrupted start after a day. Nothing of them was ever sent."""
    left = [*root.glob(UNFINISHED_PREFIX + "*"), *(root / INCOMING).glob("*")]
    for path in left:
        with contextlib.suppress(OSError):  # another Blender may have removed it, or still hold it: try next time
            if now - path.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def as_json(job: Job) -> dict[str, Any]:
    """Return what is written to disk: everything but the transient state."""
    fields = {spec.name: getattr(job, spec.name) for spec in dataclasses.fields(job) if spec.name not in TRANSIENT}
    if job.model == TRELLIS_2.id:  # the default, which files of earlier versions do not name either
        del fields["model"]
    return {"format": FORMAT, **fields, "parameters": dict(job.parameters)}


def from_json(data: Any) -> Job:
    """Return the job that `as_json` wrote. Raises KeyError, TypeError or ValueError if something does not fit."""
    if not isinstance(data["format"], int) or data["format"] < FORMAT:
        raise ValueError("no such format")
    if data["format"] > FORMAT:
        raise NewerJobError("written by a newer version of the add-on")
    if data.get("model", TRELLIS_2.id) not in MODELS:
        raise NewerJobError("made by a model that is not known here")
    hints = get_type_hints(Job)
    values: dict[str, Any] = {}
    for spec in dataclasses.fields(Job):
        if spec.name in TRANSIENT or (spec.name not in data and spec.default is not dataclasses.MISSING):
            continue
        values[spec.name] = _restored(data[spec.name], hints[spec.name], spec.name)
    return Job(**values)


def _restored(value: Any, hint: Any, name: str) -> Any:
    if hint in (Stage, Remedy):
        return hint(value)
    if hint in (str, bool, int):
        if type(value) is not hint:
            raise TypeError(f"{name} is not a {hint.__name__}")
        return value
    if name == "parameters":
        if not all(isinstance(item, int | float) for item in value.values()) or "seed" not in value:
            raise TypeError("parameters are not numbers, or have no seed")
        return MappingProxyType(dict(value))
    if hint in (tuple[str, ...], tuple[int, ...]):
        return _restored_list(value, get_args(hint)[0], name)
    if value is None and hint is not float:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is not a number")
    return value


def _restored_list(value: Any, kind: type, name: str) -> tuple[Any, ...]:
    if not isinstance(value, list) or not all(type(item) is kind for item in value):
        raise TypeError(f"{name} is not a list of {kind.__name__}")
    if name == "crop" and len(value) not in (0, 6):
        raise TypeError("a crop is six numbers")
    return tuple(value)
