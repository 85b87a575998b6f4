# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the settings of the next model: presets, kinds of subject, parameters from their table, and its placement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from ...core.request.parameters import of_group
from ...core.request.presets import PRESETS
from ...host.translation import translated
from ...settings import presets
from ...settings import scene as scene_settings
from .sidebar import CHARACTER_PIXELS, sidebar_width

if TYPE_CHECKING:
    from ...core.request.parameters import Group

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


def draw_seed(layout: Any, context: bpy.types.Context) -> None:
    """Draw the seed. The stages are sub-panels."""
    _draw_option(layout, scene_settings.of_scene(context.scene), "Seed", "seed", "")


def _draw_option(layout: Any, chosen: Any, heading: str, name: str, text: str) -> None:
    """Draw the setting `name` beside the box that says whether it is used, grey if it is not."""
    row = layout.row(heading=heading)
    row.prop(chosen, f"use_{name}", text="")
    value = row.row()
    value.active = getattr(chosen, f"use_{name}")
    value.prop(chosen, name, text=text)


def draw_reset(layout: Any, context: bpy.types.Context, group: Group) -> None:
    """Draw a button that resets the group to the preset, if it differs."""
    if presets.is_changed(scene_settings.of_scene(context.scene), group):
        layout.operator("trellis2.reset_group", text="", icon="LOOP_BACK", emboss=False).group = group.upper()


def draw_parameters(layout: Any, context: bpy.types.Context, group: Group) -> None:
    """Draw the group's parameters from the table, with a dot beside each that differs from the last chosen preset."""
    chosen = scene_settings.of_scene(context.scene)
    for parameter in of_group(group):
        row = layout.row(align=True)
        row.active = parameter.name != "remesh_band" or getattr(chosen, "remesh")  # noqa: B009 - made from the table
        row.prop(chosen, parameter.name)
        row.label(icon="DOT" if presets.differs(chosen, parameter) else "BLANK1")


def draw_placement(layout: Any, context: bpy.types.Context) -> None:
    """Draw the settings of the placement."""
    chosen = scene_settings.of_scene(context.scene)
    layout.prop(chosen, "place")
    if chosen.place == "PICTURE":
        layout.prop(chosen, "use_projection")
    _draw_option(layout, chosen, "Size", "size", "Meters")
    layout.prop(chosen, "use_ground")
    layout.prop(chosen, "collection")
    layout.prop(chosen, "textures")
