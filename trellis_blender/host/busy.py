# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Blender can be changed at this moment, and what the artist has selected."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import bpy

# Tools that run on without touching the scene: the playback, and a render, which stays on until its window gets an
# event even when `is_rendering` says that it is over; and our own messages and our look at a render.
HARMLESS = frozenset(
    {"SCREEN_OT_animation_play", "RENDER_OT_render", "TRELLIS2_OT_report", "TRELLIS2_OT_generate_camera"}
)
Selection = frozenset[int]


def busy_reason(context: bpy.types.Context, ignored: Collection[str] = ()) -> str:
    """Why nothing can be built in the scene at this moment, empty when it can. `ignored` are ids of running tools."""
    reason = occupied_reason(context, ignored)
    return reason or ("" if context.mode == "OBJECT" else "Waiting for Object Mode")


def occupied_reason(context: bpy.types.Context, ignored: Collection[str] = ()) -> str:
    """Why nothing of the scene can be changed at this moment, empty when it can.

    A change in the middle of a transform, a render, a bake or an export would mix with it, or crash Blender.
    """
    manager = context.window_manager
    if is_rendering():
        return "Waiting for the render to finish"
    if manager is not None and manager.is_interface_locked:
        return "Waiting for Blender to finish what it is doing"
    for window in manager.windows if manager is not None else ():
        if any(tool not in ignored for tool in running_tools(window)):
            return "Waiting for the running tool to finish"
    return ""


def running_tools(window: bpy.types.Window) -> list[str]:
    """The ids of the tools that the artist is using in the window at this moment."""
    return [operator.bl_idname for operator in window.modal_operators if operator.bl_idname not in HARMLESS]


def all_running_tools(context: bpy.types.Context) -> frozenset[str]:
    """Those in all windows."""
    windows = context.window_manager.windows if context.window_manager is not None else ()
    return frozenset(tool for window in windows for tool in running_tools(window))


def selection(context: bpy.types.Context) -> Selection:
    """What is selected and active, in a form that outlives undo."""
    layer = context.view_layer
    assert layer is not None
    active = layer.objects.active
    chosen = {thing.session_uid for thing in layer.objects if thing.select_get()}
    return frozenset(chosen | ({-active.session_uid} if active is not None else set()))


def is_rendering() -> bool:
    """Whether a render is under way (F12), which neither saving nor importing may disturb."""
    ask: Any = bpy.app.is_job_running  # the stubs say that it returns nothing
    return bool(ask("RENDER"))
