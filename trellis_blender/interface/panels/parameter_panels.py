# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws all parameters of Trellis 2 from their table, one sub-panel per stage."""

from __future__ import annotations

from typing import Any

import bpy

from ...core.request.parameters import Group, of_group
from ...settings import presets
from ...settings import scene as scene_settings


def draw_seed(layout: Any, context: bpy.types.Context) -> None:
    """Draw the seed. The stages are sub-panels."""
    assert context.scene is not None
    chosen = scene_settings.of_scene(context.scene)
    row = layout.row(heading="Seed")
    row.prop(chosen, "use_seed", text="")
    value = row.row()
    value.active = chosen.use_seed
    value.prop(chosen, "seed", text="")


def draw_reset(layout: Any, context: bpy.types.Context, group: Group) -> None:
    """Draw a button that resets the group to the preset, if it differs."""
    assert context.scene is not None
    if presets.is_changed(scene_settings.of_scene(context.scene), group):
        layout.operator("trellis2.reset_group", text="", icon="LOOP_BACK", emboss=False).group = group.upper()


def draw_parameters(layout: Any, context: bpy.types.Context, group: Group) -> None:
    """Draw the group's parameters from the table, with a dot beside each that differs from the last chosen preset."""
    assert context.scene is not None
    chosen = scene_settings.of_scene(context.scene)
    for parameter in of_group(group):
        row = layout.row(align=True)
        row.active = parameter.name != "remesh_band" or getattr(chosen, "remesh")  # noqa: B009 - made from the table
        row.prop(chosen, parameter.name)
        row.label(icon="DOT" if presets.differs(chosen, parameter) else "BLANK1")
