# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out how to start a background Blender for a program. It asks this Blender, so call it on the main thread."""

from __future__ import annotations

from pathlib import Path

import bpy

from .process import Launch, launch_of


def launch(program: Path, *, uses_preferences: bool = False, memory_maximum: int = 0) -> Launch:
    """Return how to start the same Blender as this one with one of our programs.

    `uses_preferences`: use the artist's preferences, add-ons and start-up scripts, and go online if this Blender may;
    else factory settings, offline. `memory_maximum`: bytes, 0: no limit.
    Scripts in an opened file run only if the artist's preferences allow it and this Blender has blocked none, for
    instance because the preferences exclude the file's folder (`autoexec_fail`).
    """
    preferences = bpy.context.preferences
    may_run_scripts = bool(preferences and preferences.filepaths.use_scripts_auto_execute)
    return launch_of(
        blender_path(),
        program,
        uses_preferences=uses_preferences,
        is_online=uses_preferences and bpy.app.online_access,
        runs_scripts=uses_preferences and may_run_scripts and not bpy.app.autoexec_fail,
        memory_maximum=memory_maximum,
    )


def blender_path() -> str:
    """Return the path of this Blender's program, empty if Blender is a Python module."""
    return str(bpy.app.binary_path)
