# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws how the model enters the scene: size, place, collection and textures."""

from __future__ import annotations

from typing import Any

import bpy

from ...settings import scene as scene_settings


def draw_placement(layout: Any, context: bpy.types.Context) -> None:
    """Draw the settings of the placement."""
    assert context.scene is not None
    chosen = scene_settings.of_scene(context.scene)
    layout.prop(chosen, "place")
    if chosen.place == "PICTURE":
        layout.prop(chosen, "use_projection")
    row = layout.row(heading="Size")
    row.prop(chosen, "use_size", text="")
    value = row.row()
    value.active = chosen.use_size
    value.prop(chosen, "size", text="Meters")
    layout.prop(chosen, "use_ground")
    layout.prop(chosen, "collection")
    layout.prop(chosen, "textures")
