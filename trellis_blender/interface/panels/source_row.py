# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the picture comes from, and below it what that source asks for."""

from __future__ import annotations

from typing import Any

import bpy

from ...host.translation.translation import translated
from ...settings.scene import TRELLIS2_PG_settings
from ..at_need import camera, imported
from ..at_need import image as picture_image


def draw_source(layout: Any, context: bpy.types.Context, chosen: TRELLIS2_PG_settings) -> None:
    """Draw the choice over the full width, since six buttons fit in no sidebar, and what belongs to it."""
    row = layout.row()
    row.use_property_split = False
    row.prop(chosen, "source", text="")
    if chosen.source == "FILE":
        layout.prop(chosen, "filepath", text="Image")
    elif chosen.source == "IMAGE":
        image = layout.column()
        image.use_property_split = False
        image.template_ID(chosen, "image", open="image.open")
        _draw_part(layout, context, chosen.image)
    elif chosen.source == "CAMERA":
        assert context.scene is not None
        layout.prop(context.scene, "camera", text="Camera")
        layout.prop(chosen, "camera_engine", text="Engine")
        if imported(camera) and camera.is_under_way():
            layout.label(text="Rendering the camera's view", icon="RENDER_STILL")


def _draw_part(layout: Any, context: bpy.types.Context, image: Any) -> None:
    """Say which tile or frame is taken, where there is more than one."""
    if image is None:
        return
    if image.source == "TILED" and image.tiles.active is not None:
        layout.label(text=translated(f"Tile {image.tiles.active.number}"), icon="UV")
    elif image.source in ("SEQUENCE", "MOVIE"):
        layout.label(text=translated(f"Frame {picture_image.seen_frame(context, image)}"), icon="SEQUENCE")
