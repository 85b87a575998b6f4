# SPDX-License-Identifier: GPL-3.0-or-later
"""All that Trellis 2 can be told: one sub-panel a stage, drawn from the table."""

from __future__ import annotations

from typing import Any

import bpy
from bl_ui.utils import PresetPanel

from ...core.request.parameters import Group, of_group
from ...settings import presets
from ...settings import scene as settings
from .sidebar import SidebarPanel


class ParameterPanel(SidebarPanel):
    """The parameters of one stage of the model, with a dot beside what differs from the preset last chosen."""

    bl_parent_id = "TRELLIS2_PT_parameters"
    bl_options: Any = {"DEFAULT_CLOSED"}
    group: Group

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Offer to take the group back to the preset, where it differs."""
        assert context.scene is not None
        if presets.is_changed(settings.of_scene(context.scene), self.group):
            reset = self.layout.operator("trellis2.reset_group", text="", icon="LOOP_BACK", emboss=False)
            reset.group = self.group.name

    def draw(self, context: bpy.types.Context) -> None:
        """Draw them from the table."""
        assert context.scene is not None
        chosen, layout = settings.of_scene(context.scene), self.property_layout()
        for parameter in of_group(self.group):
            row = layout.row(align=True)
            row.active = parameter.name != "remesh_band" or getattr(chosen, "remesh")  # noqa: B009 - made from the table
            row.prop(chosen, parameter.name)
            row.label(icon="DOT" if presets.differs(chosen, parameter) else "BLANK1")


class TRELLIS2_PT_presets(PresetPanel, bpy.types.Panel):
    """The artist's own presets, as Blender keeps them."""

    bl_label = "Trellis Presets"
    preset_subdir = presets.SUBFOLDER
    preset_operator = "script.execute_preset"
    preset_add_operator = "trellis2.add_preset"


class TRELLIS2_PT_parameters(SidebarPanel, bpy.types.Panel):
    """The seed; the stages are sub-panels."""

    bl_label = "Parameters"
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header_preset(self, _context: bpy.types.Context) -> None:
        """Offer the artist's own presets."""
        TRELLIS2_PT_presets.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        assert context.scene is not None
        chosen, layout = settings.of_scene(context.scene), self.property_layout()
        row = layout.row(heading="Seed")
        row.prop(chosen, "use_seed", text="")
        value = row.row()
        value.active = chosen.use_seed
        value.prop(chosen, "seed", text="")


class TRELLIS2_PT_mesh(ParameterPanel, bpy.types.Panel):
    """Resolution, faces and textures."""

    bl_label, group = "Mesh", Group.MESH


class TRELLIS2_PT_structure(ParameterPanel, bpy.types.Panel):
    """The first stage: where there is anything at all."""

    bl_label, group = "Sparse Structure", Group.STRUCTURE


class TRELLIS2_PT_shape(ParameterPanel, bpy.types.Panel):
    """The second stage: the surface."""

    bl_label, group = "Shape", Group.SHAPE


class TRELLIS2_PT_texture(ParameterPanel, bpy.types.Panel):
    """The third stage: colour and material."""

    bl_label, group = "Texture", Group.TEXTURE
