# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on has in Blender's windows: a key, messages in the status bar and the Info log, and what it redraws."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, StringProperty

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

EVENT_SECONDS = 0.01
# I as in image. None of Blender's own keymaps uses it from 4.2 to 5.2, whatever the editor, mode and tool.
KEY = {"type": "I", "value": "PRESS", "ctrl": True, "shift": True}
KEYMAPS = (("3D View Generic", "VIEW_3D"), ("Image Generic", "IMAGE_EDITOR"))


def report(text: str, *, is_bad: bool) -> None:
    """Show the text in the status bar and the Info log, even from a timer. A background Blender has no window for it.

    We use the window that Blender gives to each timer. Calling an operator within `temp_override` could crash: Blender
    looks up Python objects there after it has released the GIL, and with the Python 3.11 of 4.2 to 5.0 it mistakes
    another thread's hold of the GIL for its own (Blender: `BPY_context_member_get`, `PyC_IsInterpreterActive`).
    """
    if not bpy.app.background and bpy.context.window is not None:
        operators: Any = bpy.ops
        operators.trellis2.report("INVOKE_DEFAULT", text=text, is_bad=is_bad)


class TRELLIS2_OT_report(bpy.types.Operator):
    """Show a message of the add-on in the status bar"""

    bl_idname = "trellis2.report"
    bl_label = "Trellis Report"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        text: str
        is_bad: bool
    else:
        text: StringProperty(name="Text", description="Message to show", options={"SKIP_SAVE"})
        is_bad: BoolProperty(name="Warning", description="Show it as a warning", options={"SKIP_SAVE"})

    _timer: Any = None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Start a timer and wait for its first event."""
        windows = context.window_manager
        assert windows is not None
        self._timer = windows.event_timer_add(EVENT_SECONDS, window=context.window)
        windows.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Report at the first tick of any timer. Every event passes through to the other tools."""
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        self.cancel(context)
        return {*self.execute(context), "PASS_THROUGH"}

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Report the text."""
        self.report({"WARNING" if self.is_bad else "INFO"}, self.text)
        return {"FINISHED"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Remove the timer. Blender also calls this when it ends the operator early."""
        if self._timer is not None and context.window_manager is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None


def register_key(operator: str) -> None:
    """Give that operator its key in the editors that have our panel. Without a window, Blender has no keymaps.

    The artist can change it in Blender's preferences.
    """
    config = keyconfigs().addon
    for name, space in KEYMAPS if config is not None else ():
        config.keymaps.new(name=name, space_type=space).keymap_items.new(operator, **KEY)


def unregister_key(operator: str) -> None:
    """Take the operator's keys out of Blender."""
    for keymap, item in _items(keyconfigs().addon, operator):
        keymap.keymap_items.remove(item)


def key_of(operator: str) -> str:
    """Return the operator's key in words, as the artist has set it, such as “Ctrl G”; empty if it has none."""
    return next((str(item.to_string()) for _keymap, item in _items(keyconfigs().user, operator) if item.active), "")


def _items(config: Any, operator: str) -> list[tuple[Any, Any]]:
    """Return the operator's items in this configuration, with their keymaps."""
    keymaps = [config.keymaps.get(name) for name, _space in KEYMAPS] if config is not None else []
    return [
        (keymap, item) for keymap in filter(None, keymaps) for item in keymap.keymap_items if item.idname == operator
    ]


def keyconfigs() -> Any:
    """Return Blender's key configurations."""
    assert bpy.context.window_manager is not None
    return bpy.context.window_manager.keyconfigs


def windows() -> Iterable[bpy.types.Window]:
    """Return all of Blender's windows; none while Blender starts."""
    manager = bpy.context.window_manager
    return manager.windows if manager is not None else ()


def redraw_sidebars() -> None:
    """Redraw the sidebars and the preferences, but not the viewports."""
    _redraw(("VIEW_3D", "IMAGE_EDITOR"), "UI")
    _redraw(("PREFERENCES",), "WINDOW")


def redraw_status_bars() -> None:
    """Redraw the status bars. They are in no screen's areas; only resetting their hint to Blender's own redraws them.

    While a tool runs, the hint belongs to that tool and must stay. The tool redraws the bar itself.
    """
    from . import busy  # here, since every start of Blender imports this file

    for window in windows():
        if not busy.running_tools(window):
            with bpy.context.temp_override(window=window):
                hints: Any = window.workspace
                hints.status_text_set_internal(None)


def redraw_viewports() -> None:
    """Redraw the viewports, which show placeholders, but not the panels in them."""
    _redraw(("VIEW_3D",), "WINDOW")


def _redraw(editors: Collection[str], region_type: str) -> None:
    """Redraw the regions of that type in these editors."""
    areas = (area for window in windows() for area in window.screen.areas if area.type in editors)
    for region in (region for area in areas for region in area.regions if region.type == region_type):
        region.tag_redraw()
