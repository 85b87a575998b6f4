# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the operators stand in Blender's menus: F3 finds only what stands in one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy


class TRELLIS2_MT_trellis(bpy.types.Menu):
    """All there is to do with models and jobs."""

    bl_label = "Trellis"

    def draw(self, _context: bpy.types.Context) -> None:
        """List every operator."""
        layout = self.layout
        assert layout is not None
        layout.operator("trellis2.generate_render", icon="RENDER_RESULT")
        layout.operator("trellis2.generate_image", text="Generate from Image File...", icon="FILE_IMAGE")
        layout.separator()
        layout.operator("trellis2.import_model", icon="IMPORT")
        layout.operator("trellis2.retry", icon="FILE_REFRESH")
        layout.operator("trellis2.cancel", icon="CANCEL")
        layout.separator()
        layout.operator("trellis2.test_connection", icon="LINKED")
        layout.operator("trellis2.open_preferences", icon="PREFERENCES")
        layout.operator("trellis2.open_network_preferences", icon="INTERNET")


def _draw_submenu(self: Any, _context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.menu(TRELLIS2_MT_trellis.__name__)


def _draw_from_render(self: Any, _context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.operator("trellis2.generate_render", text="Generate 3D Model from Render", icon="RENDER_RESULT")


def _draw_from_file(self: Any, _context: bpy.types.Context) -> None:
    self.layout.operator("trellis2.generate_image", text="3D Model from Image (Trellis)...", icon="FILE_IMAGE")


ENTRIES: tuple[tuple[str, Callable[[Any, bpy.types.Context], None]], ...] = (
    ("TOPBAR_MT_render", _draw_submenu),
    ("IMAGE_MT_image", _draw_from_render),
    ("VIEW3D_MT_add", _draw_from_file),
    ("TOPBAR_MT_file_import", _draw_from_file),
)
CLASSES: tuple[Any, ...] = (TRELLIS2_MT_trellis,)


def register() -> None:
    """Add our entries to Blender's menus."""
    for menu, draw in ENTRIES:
        getattr(bpy.types, menu).append(draw)


def unregister() -> None:
    """Take them out again."""
    for menu, draw in ENTRIES:
        getattr(bpy.types, menu).remove(draw)
