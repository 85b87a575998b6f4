# SPDX-License-Identifier: GPL-3.0-or-later
"""Show a message in the status bar and the Info log, even from a timer."""

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, StringProperty

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

EVENT_SECONDS = 0.01


def show(text: str, *, is_bad: bool) -> None:
    """Show the text in the status bar and the Info log. Does nothing in a background Blender, which has no window.

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


CLASSES: tuple[Any, ...] = (TRELLIS2_OT_report,)
