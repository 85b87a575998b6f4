# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the job list, as Blender's list template wants them: one property group a job, newest first.

A row holds the job's id alone; what it shows comes from the session's snapshots. Rows live on the window manager, which
is not saved, and are made anew only when jobs come or go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import CollectionProperty, IntProperty, PointerProperty


class TRELLIS2_PG_row(bpy.types.PropertyGroup):
    """A row: its `name` is the job's id."""


class TRELLIS2_PG_list(bpy.types.PropertyGroup):
    """All rows, and which one is chosen."""

    if TYPE_CHECKING:
        rows: Any
        active: int
    else:
        rows: CollectionProperty(type=TRELLIS2_PG_row)
        active: IntProperty(name="Job", description="Job whose details are shown", options={"SKIP_SAVE"})


CLASSES: tuple[Any, ...] = (TRELLIS2_PG_row, TRELLIS2_PG_list)


def of_window_manager() -> Any:
    """The list."""
    assert bpy.context.window_manager is not None
    return bpy.context.window_manager.trellis2  # type: ignore[attr-defined]  # added by `register`


def show(job_ids: Iterable[str]) -> None:
    """Make the rows these jobs', in this order; the chosen one stays chosen, a new first one is chosen."""
    shown, ids = of_window_manager(), list(job_ids)
    before = [row.name for row in shown.rows]
    if before == ids:
        return
    chosen = active_id()
    shown.rows.clear()
    for job_id in ids:
        shown.rows.add().name = job_id
    is_first_new = bool(ids) and ids[0] not in before
    shown.active = 0 if is_first_new or chosen not in ids else ids.index(chosen)


def active_id() -> str:
    """The id of the chosen job, empty when there is none."""
    shown = of_window_manager()
    return str(shown.rows[shown.active].name) if 0 <= shown.active < len(shown.rows) else ""


def register() -> None:
    """Make room for the rows."""
    bpy.types.WindowManager.trellis2 = PointerProperty(type=TRELLIS2_PG_list)  # type: ignore[attr-defined, func-returns-value]


def unregister() -> None:
    """Take them away again."""
    del bpy.types.WindowManager.trellis2  # type: ignore[attr-defined]
