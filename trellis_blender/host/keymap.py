# SPDX-License-Identifier: GPL-3.0-or-later
"""Give an operator a key in the editors that have our panel. The artist can change it in Blender's preferences."""

from __future__ import annotations

from typing import Any

import bpy

# I as in image. None of Blender's own keymaps uses it from 4.2 to 5.2, whatever the editor, mode and tool.
KEY = {"type": "I", "value": "PRESS", "ctrl": True, "shift": True}
KEYMAPS = (("3D View Generic", "VIEW_3D"), ("Image Generic", "IMAGE_EDITOR"))


def register(operator: str) -> None:
    """Add the key for that operator. Without a window, Blender has no keymaps."""
    config = _keyconfigs().addon
    for name, space in KEYMAPS if config is not None else ():
        config.keymaps.new(name=name, space_type=space).keymap_items.new(operator, **KEY)


def unregister(operator: str) -> None:
    """Take the operator's keys out of Blender."""
    for keymap, item in _items(_keyconfigs().addon, operator):
        keymap.keymap_items.remove(item)


def key_of(operator: str) -> str:
    """Return the operator's key in words, as the artist has set it, such as “Ctrl G”; empty if it has none."""
    return next((str(item.to_string()) for _keymap, item in _items(_keyconfigs().user, operator) if item.active), "")


def _items(config: Any, operator: str) -> list[tuple[Any, Any]]:
    """Return the operator's items in this configuration, with their keymaps."""
    keymaps = [config.keymaps.get(name) for name, _space in KEYMAPS] if config is not None else []
    return [
        (keymap, item) for keymap in filter(None, keymaps) for item in keymap.keymap_items if item.idname == operator
    ]


def _keyconfigs() -> Any:
    assert bpy.context.window_manager is not None
    return bpy.context.window_manager.keyconfigs
