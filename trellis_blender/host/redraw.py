# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask Blender to redraw what shows our jobs, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy

from . import busy


def windows() -> Iterable[bpy.types.Window]:
    """Return all of Blender's windows."""
    assert bpy.context.window_manager is not None
    return bpy.context.window_manager.windows


def redraw_sidebars() -> None:
    """Redraw the sidebars and the preferences, but not the viewports."""
    for window in windows():
        for area in window.screen.areas:
            if area.type == "PREFERENCES":
                area.tag_redraw()
            for region in area.regions if area.type in ("VIEW_3D", "IMAGE_EDITOR") else ():
                if region.type == "UI":
                    region.tag_redraw()


def redraw_status_bars() -> None:
    """Redraw the status bars. They are in no screen's areas; only resetting their hint to Blender's own redraws them.

    While a tool runs, the hint belongs to that tool and must stay. The tool redraws the bar itself.
    """
    for window in windows():
        if not busy.running_tools(window):
            with bpy.context.temp_override(window=window):
                hints: Any = window.workspace
                hints.status_text_set_internal(None)


def redraw_viewports() -> None:
    """Redraw the viewports, which show placeholders, but not the panels in them."""
    manager = bpy.context.window_manager
    for window in manager.windows if manager is not None else ():
        for area in window.screen.areas:
            for region in area.regions if area.type == "VIEW_3D" else ():
                if region.type == "WINDOW":
                    region.tag_redraw()
