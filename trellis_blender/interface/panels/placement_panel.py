# SPDX-License-Identifier: GPL-3.0-or-later
"""How the model comes into the scene."""

from __future__ import annotations

from typing import Any

import bpy

from ...settings import scene as settings
from .sidebar import SidebarPanel


class TRELLIS2_PT_placement(SidebarPanel, bpy.types.Panel):
    """How the model comes into the scene."""

    bl_label = "Placement"
    bl_options: Any = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        assert context.scene is not None
        chosen, layout = settings.of_scene(context.scene), self.property_layout()
        layout.prop(chosen, "place")
        row = layout.row(heading="Size")
        row.prop(chosen, "use_size", text="")
        value = row.row()
        value.active = chosen.use_size
        value.prop(chosen, "size", text="")
        layout.prop(chosen, "use_ground")
        layout.prop(chosen, "collection")
        layout.prop(chosen, "textures")
