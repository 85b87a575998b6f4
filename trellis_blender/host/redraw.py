# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask Blender to redraw what shows our jobs, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import bpy

from . import busy


def windows() -> Iterable[bpy.types.Window]:
    """Return all of Blender's windows; none while Blender starts."""
    manager = bpy.context.window_manager
    return manager.windows if manager is not None else ()


def redraw_sidebars() -> None:
    """Redraw the sidebars and the preferences, but not the viewports."""
    _redraw(("VIEW_3D", "IMAGE_EDITOR"), "UI")
    _redraw(("PREFERENCES",), "WINDOW")


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
    _redraw(("VIEW_3D",), "WINDOW")


def _redraw(editors: Collection[str], region_type: str) -> None:
    """Redraw the regions of that type in these editors."""
    areas = (area for window in windows() for area in window.screen.areas if area.type in editors)
    for region in (region for area in areas for region in area.regions if region.type == region_type):
        region.tag_redraw()
