# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the textures in viewports that show none."""

from __future__ import annotations

from typing import Any

import bpy

from ...host.translation import translated
from ...settings import props
from .base import Result, TrellisOperator, can_act

WORKBENCH = "BLENDER_WORKBENCH"
PREVIEW_DESCRIPTION = (
    "Show the textures in this viewport with light and reflections. The first time, Blender may freeze for some seconds"
)


def are_shown(context: bpy.types.Context) -> bool:
    """Return whether all viewports that the artist means show textures already."""
    return not _without_textures(context)


def has_material_preview(scene: bpy.types.Scene) -> bool:
    """Return whether viewports have Material Preview. With the engine Workbench they have none."""
    return bool(scene.render.engine != WORKBENCH)


def _without_textures(context: bpy.types.Context) -> list[Any]:
    """Return those viewports that show no textures: this one, or outside a viewport, all of the window."""
    space, scene = context.space_data, context.scene
    assert scene is not None
    areas = context.screen.areas if context.screen is not None else ()
    spaces: list[Any] = [area.spaces.active for area in areas if area.type == "VIEW_3D"]
    if space is not None and space.type == "VIEW_3D":
        spaces = [space]
    return [space for space in spaces if not _shows_textures(space, scene)]


def _shows_textures(space: Any, scene: Any) -> bool:
    shading, kind = space.shading, space.shading.type
    if kind == "RENDERED" and not has_material_preview(scene):
        shading, kind = scene.display.shading, "SOLID"  # Workbench renders as Solid, by settings of its own
    return kind in ("MATERIAL", "RENDERED") or (kind == "SOLID" and shading.color_type == "TEXTURE")


class TRELLIS2_OT_show_textures(TrellisOperator, bpy.types.Operator):
    """Show the textures in this viewport at once, in Solid shading"""

    bl_idname = "trellis2.show_textures"
    bl_label = "Show Textures"

    shading: str = props.EnumProperty(
        name="Shading",
        description="How the viewport shows the textures",
        items=(
            ("SOLID", "Solid", "Solid shading with the colors of the textures"),
            ("MATERIAL", "Material Preview", PREVIEW_DESCRIPTION),
        ),
        options={"SKIP_SAVE"},
    )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        return translated(PREVIEW_DESCRIPTION) if properties.shading == "MATERIAL" else ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return can_act(cls, not are_shown(context), otherwise="No viewport is without textures")

    def execute(self, context: bpy.types.Context) -> Result:
        """Set the viewports' shading. Like Blender's own change of the shading, this makes no undo step."""
        assert context.scene is not None
        for space in _without_textures(context):
            if self.shading == "MATERIAL" and has_material_preview(context.scene):
                space.shading.type = "MATERIAL"
            else:
                space.shading.type, space.shading.color_type = "SOLID", "TEXTURE"
        return {"FINISHED"}
