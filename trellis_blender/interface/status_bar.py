# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows jobs in short texts at the end of Blender's status bar, after its own hints. A click opens the sidebar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from ..host.translation.translation import translated
from ..picture import sources
from .at_need import imported, session

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

CATEGORY = "Trellis"


def draw(self: Any, _context: bpy.types.Context) -> None:
    """Draw the texts about the jobs, if there are any, and the pictures that are being made."""
    shown = session.display() if imported(session) else None
    for text in (shown.text, shown.waiting) if shown is not None else ():
        if text:
            self.layout.operator(TRELLIS2_OT_show_sidebar.bl_idname, text=translated(text), emboss=False)
    for making in filter(None, (source.progress() for source in sources.TABLE)):
        self.layout.label(text=translated(making))


class TRELLIS2_OT_show_sidebar(bpy.types.Operator):
    """Show the jobs in the sidebar of the 3D viewport"""

    bl_idname = "trellis2.show_sidebar"
    bl_label = "Show Jobs"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[OperatorReturnItems]:
        """Open the sidebar of the largest 3D viewport, at our tab."""
        manager, here = context.window_manager, context.window
        assert manager is not None
        screens = [window.screen for window in sorted(manager.windows, key=lambda window: window != here)]
        areas = [area for screen in screens for area in screen.areas if area.type == "VIEW_3D"]
        if not areas:
            self.report({"INFO"}, "The jobs are in the sidebar of a 3D viewport. Open one, then press N")
            return {"CANCELLED"}
        own = [area for area in areas if area in screens[0].areas[:]] or areas
        area: Any = max(own, key=lambda area: area.width * area.height)
        area.spaces.active.show_region_ui = True
        sidebar = next(region for region in area.regions if region.type == "UI")
        choose_tab(sidebar)
        return {"FINISHED"}


def choose_tab(sidebar: Any) -> None:
    """Show our tab."""
    sidebar.active_panel_category = CATEGORY
    sidebar.tag_redraw()


CLASSES: tuple[Any, ...] = (TRELLIS2_OT_show_sidebar,)
