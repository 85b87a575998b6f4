# SPDX-License-Identifier: GPL-3.0-or-later
"""Another Blender without a window, for what this one must not wait for."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy


def command(program: Path, *options: str) -> list[str]:
    """What starts another Blender that runs our program, up to the program's own arguments."""
    if not bpy.app.binary_path:  # Blender as a Python module
        return [sys.executable, "-X", "utf8", str(program), "--"]
    quiet = ("--background", *options, "-noaudio", "--python-exit-code", "1")
    return [bpy.app.binary_path, *quiet, "--python", str(program), "--"]
