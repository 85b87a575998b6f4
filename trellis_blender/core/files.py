# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own files: whole or absent, safe from a power cut, closed to others, and never a link to another place.

Other programs may put anything in a file's place: a link, a folder, a pipe that nobody fills, a device, gigabytes.
Reading such a thing raises an InTheWayError; writing replaces it, unless it is a folder. What a link points at is
neither read nor changed nor deleted. Of a path only the last name is looked at: where the artist keeps the folder is
the artist's choice.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterator
from io import BufferedRandom, BufferedReader
from pathlib import Path

from .errors import InTheWayError, Text

FOLDER_MODE, FILE_MODE = 0o700, 0o600  # rights of the owner alone
OTHERS = stat.S_IRWXG | stat.S_IRWXO
RECORD_BYTES_MAXIMUM = 1024 * 1024  # of a file of JSON that we wrote; a job's has three kilobytes
_TOO_LARGE = "“{name}” is larger than it should be"
# O_NONBLOCK: opening a pipe does not wait for its other end. Windows has none of the three others, and needs O_BINARY.
_PLAIN = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY"))


# -- what is there


def is_plain(path: Path) -> bool:
    """Return whether a file is there: no link, no folder, no pipe."""
    try:
        check_plain(path, path.lstat())
    except (OSError, ValueError):
        return False
    return True


def is_link(path: Path) -> bool:
    """Return whether the path is a link: symbolic, or on Windows a junction. False if nothing is there."""
    try:
        return _is_link(path.lstat())
    except (OSError, ValueError):
        return False


def _is_link(status: os.stat_result) -> bool:
    tag = getattr(status, "st_reparse_tag", 0)  # Windows; files that a cloud keeps have another tag, and are no links
    junction: int = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1)
    return stat.S_ISLNK(status.st_mode) or tag == junction


def check_plain(path: Path, status: os.stat_result) -> None:
    """Raise InTheWayError unless it is a file, and no link to one."""
    if _is_link(status):
        raise _in_the_way(path, errno.ELOOP, "“{name}” is a link to another place")
    if stat.S_ISDIR(status.st_mode):
        raise _in_the_way(path, errno.EISDIR, "“{name}” is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise _in_the_way(path, errno.ENXIO, "“{name}” is not a file")


def _in_the_way(path: Path, number: int, sentence: str) -> InTheWayError:
    return InTheWayError(number, Text(sentence, name=path.name), str(path))


# -- reading


def open_own(path: Path, most: int | None = None) -> BufferedReader:
    """Open one of our files for reading. `most`: bytes that it may have. Never waits.

    Raises OSError: FileNotFoundError; InTheWayError if it is no file, a link, or too large.
    """
    check_plain(path, path.lstat())  # Windows can refuse a link in this way only
    return os.fdopen(_opened_plain(path, os.O_RDONLY, most), "rb")


def _opened_plain(path: Path, flags: int, most: int | None = None) -> int:
    """Open a file of at most so many bytes, unless it is no plain one. Return its handle. Never waits."""
    handle = os.open(path, flags | _PLAIN, FILE_MODE)
    try:
        status = os.fstat(handle)
        check_plain(path, status)
        if most is not None and status.st_size > most:
            raise _in_the_way(path, errno.EFBIG, _TOO_LARGE)
    except BaseException:
        os.close(handle)
        raise
    return handle


def read_own(path: Path, most: int = RECORD_BYTES_MAXIMUM) -> bytes:
    """Return the bytes of one of our files, at most so many. Raises as `open_own` does."""
    with open_own(path, most) as file:
        data = file.read(min(most, os.fstat(file.fileno()).st_size) + 1)  # it makes room for as much as it is asked for
    if len(data) > most:  # it grows
        raise _in_the_way(path, errno.EFBIG, _TOO_LARGE)
    return data


def read_any(path: Path, most: int) -> bytes:
    """Return the bytes of a file of the artist's, which may be a link. Never waits. Raises OSError as `read_own`."""
    return read_own(Path(os.path.realpath(path)), most)


# -- writing


def write_whole(path: Path, data: bytes | memoryview, *, is_private: bool = False, part: Path | None = None) -> None:
    """Write a file whole or not at all. Raises OSError; the previous file, if any, is then unchanged.

    `part`: what it is written as first, on the same disk; None: beside it.
    `is_private`: only its owner may read it, from its first byte on. So it is in any folder that only its owner may
    enter. On Windows the folder's own rights decide that.
    """
    check_free(path)
    part = part or path.with_name(path.name + ".part")
    try:
        with new_own(part, is_private=is_private) as file:
            file.write(data)
        flush_file(part)
        rename(part, path)
        flush_folder(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def new_own(path: Path, *, is_private: bool = False) -> BufferedRandom:
    """Open a new, empty file for writing, in place of whatever has its name. Raises OSError; also if that is a folder.

    `is_private`: as in `write_whole`.
    """
    clear(path)
    is_closed = os.name != "nt" and not path.parent.stat().st_mode & OTHERS  # only its owner may enter the folder
    mode = FILE_MODE if is_private or is_closed else 0o666

    def open_new(name: str, flags: int) -> int:
        return os.open(name, flags, mode)

    return open(path, "xb+", opener=open_new)  # “x”: what appears there meanwhile is not followed


def append_own(path: Path) -> BufferedRandom:
    """Open one of our files to write at its end, or create it. Never waits. Raises OSError if it is no plain file."""
    with contextlib.suppress(FileNotFoundError):
        check_plain(path, path.lstat())
    return os.fdopen(_opened_plain(path, os.O_RDWR | os.O_APPEND | os.O_CREAT), "ab+")


def clear(path: Path) -> None:
    """Delete what has this name: a file, a pipe, a link but not what it points at. Raises OSError for a folder."""
    check_free(path)
    path.unlink(missing_ok=True)


def check_free(path: Path) -> None:
    """Raise InTheWayError if a folder has this name: whatever else has it can be replaced by a file of ours."""
    with contextlib.suppress(FileNotFoundError):
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode):
            check_plain(path, status)


# -- folders and rights


def own_folder(path: Path) -> None:
    """Make sure that a folder of ours is there and closed to others. Raises OSError if it is a link, or no folder."""
    try:
        path.mkdir(mode=FOLDER_MODE, parents=True)
    except FileExistsError:
        status = path.lstat()
        if _is_link(status):
            check_plain(path, status)
        if not stat.S_ISDIR(status.st_mode):
            raise _in_the_way(path, errno.ENOTDIR, "“{name}” is not a folder") from None
        close_to_others(path)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a new temporary folder, which is deleted after the block, as far as the system allows."""
    import tempfile  # here: a start of Blender needs none

    with tempfile.TemporaryDirectory(prefix="trellis_", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def close_to_others(path: Path) -> None:
    """Take the rights of all but the owner from a file or folder of ours, if the system knows such rights."""
    if os.name == "nt":  # the folders of a user's data are closed by themselves, and what is in them inherits that
        return
    with contextlib.suppress(OSError):  # a network drive, or somebody else's file
        status = path.lstat()
        if status.st_mode & OTHERS and not _is_link(status):
            path.chmod(stat.S_IMODE(status.st_mode) & ~OTHERS)


# -- on the disk


def rename(source: Path, target: Path) -> None:
    """Rename like `os.replace`, but retry on Windows: a virus scanner may briefly hold a new file. Raises OSError."""
    for pause in (0.02, 0.1, 0.4, None):
        try:
            source.replace(target)
            return
        except PermissionError:
            if os.name != "nt" or pause is None:
                raise
            time.sleep(pause)


def flush_file(path: Path) -> None:
    """Flush the file's bytes to the disk before anything else happens. Raises OSError."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Make a rename survive a power cut. Raises OSError.

    Windows has no such call; NTFS keeps renames in its journal. Some network file systems lack it too; their refusal is
    ignored, because a job there is better than no job.
    """
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
    finally:
        os.close(handle)
