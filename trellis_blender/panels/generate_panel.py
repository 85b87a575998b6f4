# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture and the button."""

from __future__ import annotations

import bpy

from .. import settings
from .first_run import draw_first_run, draw_refusal
from .preset_row import draw_presets
from .preview_panel import draw_preview
from .sidebar import SidebarPanel


class TRELLIS2_PT_generate(SidebarPanel, bpy.types.Panel):
    """The picture and the button."""

    bl_label = "Image to 3D"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        assert context.scene is not None
        assert context.region is not None
        chosen = settings.of_scene(context.scene)
        layout = self.property_layout()
        if draw_first_run(layout, context):
            return
        sources = layout.row()
        sources.use_property_split = False
        sources.prop(chosen, "source", expand=True)
        if chosen.source == "FILE":
            layout.prop(chosen, "filepath", text="Image")
        draw_preview(layout, context, chosen)
        draw_presets(layout, context, chosen)
        layout.prop(chosen, "variations")
        button = layout.row()
        button.scale_y = 1.5
        if chosen.source == "FILE":
            button.enabled = bool(chosen.filepath)
            button.operator("trellis2.generate_image", text="Generate", icon="MESH_MONKEY").filepath = chosen.filepath
        else:
            button.operator("trellis2.generate_render", text="Generate", icon="MESH_MONKEY")
        draw_refusal(layout, context)
