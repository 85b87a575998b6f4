# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture and the button."""

from __future__ import annotations

from typing import Any

import bpy

from ...host.translation.translation import translated
from ...settings import scene as settings
from .. import price_tag
from ..operators.sources import OPERATORS
from .first_run import draw_first_run, draw_refusal
from .preset_row import draw_presets
from .preview_panel import draw_preview
from .source_row import draw_source


def draw_generate(layout: Any, context: bpy.types.Context) -> None:
    """Draw them, or what has to be done first."""
    assert context.scene is not None
    assert context.region is not None
    chosen = settings.of_scene(context.scene)
    if draw_first_run(layout, context):
        return
    draw_source(layout, context, chosen)
    draw_preview(layout, context, chosen)
    draw_presets(layout, context, chosen)
    number = layout.row()
    number.use_property_split = False  # in a narrow sidebar the word fits only within the field
    number.prop(chosen, "variations")
    button = layout.row()
    button.scale_y = 1.5
    button.enabled = chosen.source != "FILE" or bool(chosen.filepath)
    pressed = button.operator(OPERATORS[chosen.source], text=translated(price_tag.words(chosen)), icon="MESH_MONKEY")
    if chosen.source == "FILE":
        pressed.filepath = chosen.filepath
    draw_refusal(layout, context)
