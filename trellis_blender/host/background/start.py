# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out how to start a background Blender for a program. It asks this Blender, so call it on the main thread."""

from __future__ import annotations

from pathlib import Path

import bpy

from .process import Launch, command, environment


def launch(
    program: Path, *, uses_preferences: bool = False, goes_online: bool = False, memory_maximum: int = 0
) -> Launch:
    """Return how to start the same Blender as this one with one of our programs.

    `uses_preferences`: use the artist's preferences, add-ons and start-up scripts, else factory settings.
    `goes_online`: allow online access if this Blender has it. `memory_maximum`: bytes, 0: no limit.
    Scripts in an opened file run only if the artist's preferences allow it and this Blender has blocked none.
    """
    is_online = goes_online and bpy.app.online_access
    runs_scripts = uses_preferences and may_run_scripts()
    started = command(blender_path(), uses_preferences=uses_preferences, is_online=is_online, runs_scripts=runs_scripts)
    return Launch(
        command=(*started, str(program)),
        environment=environment(uses_preferences=uses_preferences),
        has_own_folders=not uses_preferences,
        runs_scripts=runs_scripts,
        memory_maximum=memory_maximum,
    )


def blender_path() -> str:
    """Return the path of this Blender's program, empty if Blender is a Python module."""
    return str(bpy.app.binary_path)


def may_run_scripts() -> bool:
    """Return whether the background Blender may run the scripts of the file that is open here.

    `autoexec_fail`: this Blender has blocked some, for instance because the preferences exclude the file's folder.
    """
    preferences = bpy.context.preferences
    return bool(preferences and preferences.filepaths.use_scripts_auto_execute and not bpy.app.autoexec_fail)
