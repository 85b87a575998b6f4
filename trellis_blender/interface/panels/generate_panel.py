# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the picture's source and the Generate button."""

from __future__ import annotations

from typing import Any

import bpy

from ...host.translation.translation import translated
from ...picture import sources
from ...settings import scene as scene_settings
from .. import price_tag
from .first_run import draw_first_run, draw_refusal, draw_unit
from .preset_row import draw_presets
from .preview_panel import draw_preview


def draw_generate(layout: Any, context: bpy.types.Context) -> None:
    """Draw source, preview, presets and button, or what the artist has to do first."""
    assert context.scene is not None
    assert context.region is not None
    chosen = scene_settings.of_scene(context.scene)
    if draw_first_run(layout, context):
        return
    source = sources.by_key(chosen.source)
    row = layout.row()
    row.use_property_split = False
    row.prop(chosen, "source", text="")  # a menu of full width, since no sidebar has room for so many buttons
    source.draw_rows(layout, context, chosen)
    draw_preview(layout, context, chosen)
    draw_presets(layout, context, chosen)
    number = layout.row()
    number.use_property_split = False  # in a narrow sidebar the label fits only inside the field
    number.prop(chosen, "variations")
    button = layout.row()
    button.scale_y = 1.5
    given = source.given(chosen)
    button.enabled = all(given.values())
    pressed = button.operator(source.operator, text=translated(price_tag.words(chosen)), icon="MESH_MONKEY")
    for name, value in given.items():
        setattr(pressed, name, value)
    if price_tag.is_first():
        draw_unit(layout, context)
    draw_refusal(layout, context)
