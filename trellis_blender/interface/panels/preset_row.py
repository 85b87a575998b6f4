# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the kinds of subject, and the four presets: one row of buttons, or two where the sidebar is too narrow."""

from __future__ import annotations

from typing import Any

import bpy

from ...core.request.presets import PRESETS
from ...host.translation.translation import translated
from ...settings import presets
from ...settings import scene as scene_settings
from .sidebar import CHARACTER_PIXELS, sidebar_width

PADDING = 6  # pixels beside a label in its button; MARGIN: beside a row of buttons in the sidebar; measured on screen
MARGIN = 54


def draw_presets(layout: Any, context: bpy.types.Context, chosen: scene_settings.TRELLIS2_PG_settings) -> None:
    """Draw the presets. A preset is pressed while all parameters equal its own."""
    current = presets.name_of(chosen)
    column = layout.column(align=True)
    for number, preset in enumerate(PRESETS.values()):
        if number % _columns(context) == 0:
            row = column.row(align=True)
        row.operator("trellis2.use_preset", text=preset.label, depress=preset.name == current).preset = preset.name


def draw_subject(layout: Any, chosen: scene_settings.TRELLIS2_PG_settings) -> None:
    """Draw the menu of kinds of subject. It names the kind that the parameters fit."""
    subject = presets.subject_of(chosen)
    layout.menu("TRELLIS2_MT_subject", text=translated("Subject" if subject is None else subject.label))


def _columns(context: bpy.types.Context) -> int:
    """Return the number of buttons per row."""
    width = sidebar_width(context) - MARGIN
    widest = max(len(translated(preset.label)) for preset in PRESETS.values()) * CHARACTER_PIXELS + PADDING
    return len(PRESETS) if width >= widest * len(PRESETS) else 2
