# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are whole or absent, and that survive a power cut; and how the files of pictures end."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from pathlib import Path

# The endings by which file browsers and folders are searched for pictures. Whether one can be read, reading tells.
PICTURE_ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".avif", ".exr", ".hdr", ".tga", ".psd", ".psb"),
    *(".jp2", ".j2c", ".dds", ".dpx", ".cin", ".sgi", ".rgb", ".rgba", ".bw", ".gif", ".heic", ".heif"),
)


def write_whole(path: Path, data: bytes | memoryview, *, is_private: bool = False) -> None:
    """Write a file whole or not at all. Raises OSError; the previous file, if any, is then unchanged.

    `is_private`: only its owner may read it, from its first byte on. On Windows the folder's own rights decide that.
    """
    part = path.with_name(path.name + ".part")
    try:
        if is_private:
            part.unlink(missing_ok=True)  # it would keep the rights it has, or be a link to another place
            with open(part, "xb", opener=_open_private) as file:
                file.write(data)
        else:
            part.write_bytes(data)
        flush_file(part)
        rename(part, path)
        flush_folder(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def rename(source: Path, target: Path) -> None:
    """Rename like `os.replace`, but retry on Windows: a virus scanner may briefly hold a new file. Raises OSError."""
    for pause in (0.02, 0.1, 0.4):
        try:
            Path(source).replace(target)
        except PermissionError:
            if os.name != "nt":
                raise
            time.sleep(pause)
        else:
            return
    Path(source).replace(target)


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
