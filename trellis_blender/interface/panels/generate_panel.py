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
    """Draw source, presets, button and preview, or what the artist has to do first.

    What differs in height from source to source stands below the button, so that the button keeps its place.
    """
    assert context.scene is not None
    assert context.region is not None
    chosen = scene_settings.of_scene(context.scene)
    if draw_first_run(layout, context):
        return
    source = sources.by_key(chosen.source)
    column = layout.column()
    column.use_property_split = False  # no sidebar has room for labels beside these
    column.prop(chosen, "source", text="")  # a menu of full width, since no sidebar has room for so many buttons
    source.draw_line(column.row(), context, chosen)
    draw_presets(column, context, chosen)
    column.prop(chosen, "variations")
    button = column.row()
    button.scale_y = 1.5
    given = source.given(chosen)
    button.enabled = all(given.values())
    pressed = button.operator(source.operator, text=translated(price_tag.words(chosen)), icon="MESH_MONKEY")
    for name, value in given.items():
        setattr(pressed, name, value)
    if price_tag.is_first():
        draw_unit(layout, context)
    draw_refusal(layout, context)
    draw_preview(layout, context, chosen)
