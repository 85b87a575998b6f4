# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the job list, as Blender's list template needs them: one property group per job, newest first.

A row holds the job's id, and its name for Blender's own filter and sorting. Everything else that it shows comes from
the session's snapshots. Rows live on the window manager, which is not saved. They are remade only when jobs come or go.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, IntProperty, PointerProperty, StringProperty

if TYPE_CHECKING:
    from ..core.job.job import Job
    from ..scene.finishing.work import Order


class TRELLIS2_PG_row(bpy.types.PropertyGroup):
    """A row: its `name` is the job's, which Blender filters and sorts by."""

    if TYPE_CHECKING:
        job_id: str
        tooltip: str
    else:
        job_id: StringProperty(name="Job", description="Job's id", options={"SKIP_SAVE"})
        tooltip: StringProperty(
            name="Job",
            description="What is known of the job",
            options={"SKIP_SAVE", "HIDDEN"},
            get=lambda row: _tooltip[0](row.job_id) if _tooltip else "",
        )


def _chosen(shown: "TRELLIS2_PG_list", _context: bpy.types.Context) -> None:
    """Pass on that the artist chose a row, or clicked it again, but not the changes that `show_jobs` makes."""
    if _clicked and not shown.is_changing:
        _clicked[0](active_id())


class TRELLIS2_PG_list(bpy.types.PropertyGroup):
    """All rows, and which one is chosen. `is_changing`: it is not the artist who chooses now."""

    if TYPE_CHECKING:
        rows: Any
        active: int
        is_changing: bool
    else:
        rows: CollectionProperty(type=TRELLIS2_PG_row)
        active: IntProperty(
            name="Job", description="Job whose details are shown", options={"SKIP_SAVE"}, update=_chosen
        )
        is_changing: BoolProperty(
            name="Is Changing", description="Rows are being made anew", options={"SKIP_SAVE", "HIDDEN"}
        )


# What the interface, a room above this one, does when a row is chosen, and says in its tooltip. Set by `register`.
_clicked: list[Callable[[str], None]] = []
_tooltip: list[Callable[[str], str]] = []


def of_window_manager() -> Any:
    """Return the list."""
    assert bpy.context.window_manager is not None
    return bpy.context.window_manager.trellis2  # type: ignore[attr-defined]  # added by `register`


def show_jobs(jobs: "Iterable[Job | Order]") -> None:
    """Make one row for each of these jobs and steps on models, in this order. Keep the chosen row; choose a new one."""
    shown, listed = of_window_manager(), list(jobs)
    before, ids = [row.job_id for row in shown.rows], [job.id for job in listed]
    if before == ids:
        return
    chosen, shown.is_changing = active_id(), True
    shown.rows.clear()
    for job in listed:
        row = shown.rows.add()
        row.name, row.job_id = job.name, job.id
    is_first_new = bool(ids) and ids[0] not in before
    shown.active = 0 if is_first_new or chosen not in ids else ids.index(chosen)
    shown.is_changing = False


def choose(job_id: str) -> None:
    """Choose the job's row, as a click on it does. Do nothing if there is none."""
    shown = of_window_manager()
    for place, row in enumerate(shown.rows):
        if row.job_id == job_id:
            shown.active = place
            return


def active_id() -> str:
    """Return the id of the chosen job, empty if there is none."""
    shown = of_window_manager()
    return str(shown.rows[shown.active].job_id) if 0 <= shown.active < len(shown.rows) else ""


def register(clicked: Callable[[str], None], tooltip: Callable[[str], str]) -> None:
    """Add the list to the window manager.

    `clicked`: is called whenever the artist chooses a row. `tooltip`: says what is known of a row's job. Both get the
    job's id.
    """
    _clicked[:], _tooltip[:] = [clicked], [tooltip]
    bpy.types.WindowManager.trellis2 = PointerProperty(type=TRELLIS2_PG_list)  # type: ignore[attr-defined, func-returns-value]


def unregister() -> None:
    """Remove the list again."""
    del bpy.types.WindowManager.trellis2  # type: ignore[attr-defined]
