# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender and its libraries print. Only there do they report missing pixels; a damaged picture still loads."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import tempfile
from collections.abc import Iterator

_STREAMS = (1, 2)  # stdout and stderr


def flush() -> None:
    """Write the buffered output of Python and C code."""
    with contextlib.suppress(OSError, AttributeError):  # Windows may have no streams
        sys.stdout.flush()
        sys.stderr.flush()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None).fflush(None)


@contextlib.contextmanager
def overheard() -> Iterator[list[str]]:
    """Yield a list that holds, after the block, what this process printed meanwhile. It is printed then, all the same.

    The list stays empty where the process has no output, as Blender without a console may have none on Windows.
    """
    printed: list[str] = []
    kept: list[tuple[int, int]] = []
    with tempfile.TemporaryFile() as file:
        flush()
        with contextlib.suppress(OSError):
            for stream in _STREAMS:
                kept.append((stream, os.dup(stream)))
                os.dup2(file.fileno(), stream)
        try:
            yield printed
        finally:
            flush()
            for stream, copy in kept:
                os.dup2(copy, stream)
                os.close(copy)
            file.seek(0)
            data = file.read()
            with contextlib.suppress(OSError):
                os.write(2, data)
            printed.append(data.decode("utf-8", "replace"))
