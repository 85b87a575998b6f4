# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the picture's source and the Generate button."""

from __future__ import annotations

from typing import Any

import bpy

from ...core.request.presets import PRESETS
from ...host.translation import translated
from ...settings import presets
from ...settings import scene as scene_settings
from .. import preview_requests, price_tag
from ..at_need import icons
from ..chosen_picture import preview_key, shows_image, source_of
from .first_run import draw_first_run, draw_refusal, draw_unit
from .preview_panel import draw_preview
from .settings_panels import draw_presets, draw_subject
from .sidebar import wrapped

QUESTION_UNITS, QUESTION_CHARACTERS = 11, 44  # the dialog's width, for a picture and for words


def draw_generate(layout: Any, context: bpy.types.Context) -> None:
    """Draw source, presets, button and preview, or what the artist has to do first.

    What differs in height from source to source stands below the button, so that the button keeps its place.
    """
    chosen = scene_settings.of_scene(context.scene)
    if draw_first_run(layout, context):
        return
    source = source_of(context, chosen)
    column = layout.column()
    column.use_property_split = False  # no sidebar has room for labels beside these
    if not shows_image(context):
        column.prop(chosen, "source", text="")  # a menu of full width, since no sidebar has room for so many buttons
        source.draw_line(column.row(), context, chosen)
    draw_presets(column, context, chosen)
    row = column.row()
    draw_subject(row, chosen)
    row.prop(chosen, "variations")
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


def draw_question(layout: Any, context: bpy.types.Context) -> None:
    """Draw the picture of the next model and what may speak against it, in the dialog of the shortcut."""
    chosen = scene_settings.of_scene(context.scene)
    source, key = source_of(context, chosen), preview_key(context, chosen)
    answer = preview_requests.view_of(key) if source.preview is not None and key[1:] else None
    if answer is not None and answer.view is not None:
        layout.template_icon(icons.of_view(key), scale=QUESTION_UNITS)
    else:
        _draw_lines(layout, answer.error if answer is not None and answer.error else source.hint)
    preset = PRESETS.get(presets.name_of(chosen))
    words = [source.label, *([preset.label] if preset is not None else ())]
    layout.label(text=" · ".join(map(translated, words)), translate=False, icon=source.icon)
    cost = price_tag.cost_shown(chosen)
    objection = price_tag.objection(None if cost is None else cost * chosen.variations)
    if objection:
        _draw_lines(layout, objection)


def _draw_lines(layout: Any, sentence: str) -> None:
    column = layout.column(align=True)
    for line in wrapped(translated(sentence), QUESTION_CHARACTERS):
        column.label(text=line, translate=False)
