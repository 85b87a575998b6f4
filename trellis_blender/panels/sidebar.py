# SPDX-License-Identifier: GPL-3.0-or-later
"""What all our panels have in common: the sidebar's tab, and sentences that fit its width."""

from __future__ import annotations

from typing import Any

import bpy

from ..core.errors import Remedy

CATEGORY = "Trellis"
REMEDIES = {
    Remedy.PREFERENCES: ("trellis2.open_preferences", "Open Preferences", "PREFERENCES"),
    Remedy.ONLINE_ACCESS: ("trellis2.open_network_preferences", "Allow Online Access", "INTERNET"),
}
CHARACTER_PIXELS = 6.3  # of Blender's default font at a resolution scale of 1, measured on screen


class SidebarPanel:
    """What all our panels have in common."""

    bl_space_type: Any = "VIEW_3D"
    bl_region_type: Any = "UI"
    bl_category: Any = CATEGORY
    layout: Any

    def property_layout(self) -> Any:
        """The layout for properties, as Blender's own panels have it."""
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        return self.layout


def draw_text(layout: Any, context: bpy.types.Context, sentence: str, icon: str) -> None:
    """A sentence over as many lines as the sidebar's width asks for."""
    assert context.region is not None
    assert context.preferences is not None
    width = context.region.width / context.preferences.system.ui_scale - 60
    lines = wrapped(sentence, max(16, int(width / CHARACTER_PIXELS)))
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(lines):
        column.label(text=line, icon=icon if number == 0 or icon == "NONE" else "BLANK1")


def wrapped(sentence: str, characters: int) -> list[str]:
    """The sentence in lines of at most that many characters, longer only where a word is."""
    lines = [""]
    for word in sentence.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > characters:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
