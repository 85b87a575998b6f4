# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting a program of ours beside Blender: unseen, silent, and without the artist's keys."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

LEFT_OUT = ("SCENARIO_",)


def begin(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start it. Its standard input is a pipe, which is empty and closes when this Blender is gone. Raises OSError."""
    return subprocess.Popen(  # noqa: S603 - a program of ours, with paths as its arguments
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        creationflags=_window_flags(),
    )


def environment(left_out: tuple[str, ...] = LEFT_OUT) -> dict[str, str]:
    """This Blender's environment without the variables whose names begin so."""
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


def _window_flags() -> int:
    """On Windows: no window, and a low priority. Elsewhere the program sees to that itself."""
    if sys.platform == "win32":
        return subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS
    return 0
