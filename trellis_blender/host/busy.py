# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell whether Blender can be changed at this moment, and what the artist has selected."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import bpy

# Tools that run without touching the scene: playback; a render, which stays in the list until its window gets an event,
# even when `is_rendering` says that it is over; our own messages; and our own preview of a render.
HARMLESS = frozenset(
    {"SCREEN_OT_animation_play", "RENDER_OT_render", "TRELLIS2_OT_report", "TRELLIS2_OT_generate_camera"}
)
Selection = frozenset[int]


def busy_reason(context: bpy.types.Context, ignored: Collection[str] = ()) -> str:
    """Return why nothing can be built in the scene now, empty when it can. `ignored`: ids of tools to ignore."""
    reason = occupied_reason(context, ignored)
    return reason or ("" if context.mode == "OBJECT" else "Waiting for Object Mode")


def occupied_reason(context: bpy.types.Context, ignored: Collection[str] = ()) -> str:
    """Return why the scene cannot be changed at this moment, empty when it can.

    A change in the middle of a transform, a render, a bake or an export would spoil it, or crash Blender.
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
    """Return the ids of the tools that the artist is using in the window at this moment."""
    return [operator.bl_idname for operator in window.modal_operators if operator.bl_idname not in HARMLESS]


def all_running_tools(context: bpy.types.Context) -> frozenset[str]:
    """Return the ids of the tools that the artist is using in any window."""
    windows = context.window_manager.windows if context.window_manager is not None else ()
    return frozenset(tool for window in windows for tool in running_tools(window))


def selection(context: bpy.types.Context) -> Selection:
    """Return which objects are selected and which is active, in a form that outlives undo."""
    layer = context.view_layer
    assert layer is not None
    active = layer.objects.active
    chosen = {obj.session_uid for obj in layer.objects if obj.select_get()}
    return frozenset(chosen | ({-active.session_uid} if active is not None else set()))


def is_rendering() -> bool:
    """Return whether a render is running (F12). Neither saving nor importing may disturb it."""
    return _is_running("RENDER")


def is_previewing() -> bool:
    """Return whether Blender draws a preview of a data-block. A request for another preview would end that one."""
    return _is_running("RENDER_PREVIEW")


def _is_running(job: str) -> bool:
    ask: Any = bpy.app.is_job_running  # the stubs say that it returns nothing
    return bool(ask(job))
