# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws a page of the gallery, and pictures shown large."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy

from ....core.job.job import Job
from ....host.translation.translation import translated
from ....jobs import rows, session
from ... import preview_requests
from ...at_need import icons
from ..job_panel import ICONS
from ..sidebar import draw_picture_button, draw_text, sidebar_width
from . import pages

UNIT = 20  # pixels of Blender's interface at a resolution scale of 1
# At that scale: the part of the sidebar's width that is not the grid's, and the least width of a thumbnail.
BESIDE_GRID, CELL_PIXELS = 45, 72
# The height of a large picture in units, at most: alone, and beside another. So much of the window stays free.
LARGE, LARGE_BESIDE, FREE = 26, 20, 8
LARGEST = 1024  # pixels: the model does not see more, either


def draw_gallery(layout: Any, context: bpy.types.Context) -> None:
    """Draw the search, and one page of thumbnails."""
    gallery: Any = bpy.context.window_manager.trellis2_gallery  # type: ignore[union-attr]  # added by `register`
    column = layout.column()
    column.prop(gallery, "search", text="", icon="VIEWZOOM")
    row = column.row()
    row.prop(gallery, "state", text="")
    row.prop(gallery, "only_favorites", text="", icon="SOLO_ON")
    shown = pages.page(gallery)
    if not shown:
        draw_text(layout, context, "No job matches. Clear the search, or show all states.", "INFO")
        return
    width = sidebar_width(context) - BESIDE_GRID
    columns = max(1, int(width / CELL_PIXELS))
    grid = layout.grid_flow(row_major=True, columns=columns, even_columns=True, even_rows=True)
    chosen = rows.active_id()
    for job_id in shown:
        job = session.jobs().get(job_id)
        if job is not None:
            draw_job(grid.column(align=True), job, max(2.0, width / columns / UNIT - 0.3), is_chosen=job_id == chosen)
    for _ in range(-len(shown) % columns):  # else Blender would balance the rows, and enlarge what is in them
        grid.label()
    last = pages.count(gallery)
    if last > 1:
        row = layout.row()
        row.prop(gallery, "page")
        row.label(text=translated(f"of {last}"))


def draw_job(layout: Any, job: Job, units: float, *, is_chosen: bool) -> None:
    """Draw a job's thumbnail, name and state, and its star."""
    icon = preview_requests.icon_of(job.id) or blank()
    draw_picture_button(layout, icon, units, "trellis2.choose_job", is_pressed=is_chosen).job_id = job.id
    layout.label(text=job.name, translate=False)
    row = layout.row(align=True)
    if session.is_resting(job):
        row.label(icon=ICONS[session.shown_stage(job)])
    else:
        row.progress(factor=session.display().progress.fraction(job), text="")
    star = row.row()
    star.alignment = "RIGHT"
    is_favorite = session.is_favorite(job.id)
    star.operator(
        "trellis2.toggle_favorite", text="", icon="SOLO_ON" if is_favorite else "SOLO_OFF", emboss=False
    ).job_id = job.id


def blank() -> int:
    """Return the icon of a job without a picture."""
    return int(bpy.types.UILayout.bl_rna.functions["label"].parameters["icon"].enum_items["MESH_DATA"].value)  # type: ignore[attr-defined]


def large_units(context: bpy.types.Context, count: int) -> float:
    """Return the side of each of `count` large pictures beside each other, in Blender's units, so that they fit."""
    assert context.window is not None
    assert context.preferences is not None
    wide, high = (
        side / context.preferences.system.ui_scale / UNIT for side in (context.window.width, context.window.height)
    )
    return max(4.0, min(LARGE if count == 1 else LARGE_BESIDE, high - FREE, (wide - FREE) / count))


def pixels(context: bpy.types.Context, units: float) -> int:
    """Return how many pixels so many units are on this screen, but not more than the model sees."""
    assert context.preferences is not None
    return min(LARGEST, round(units * UNIT * context.preferences.system.ui_scale))


def draw_large(layout: Any, context: bpy.types.Context, labels: Mapping[str, str]) -> None:
    """Draw the large pictures beside each other, by their places, each under its label."""
    units = large_units(context, len(labels))
    row = layout.row()
    for place, label in labels.items():
        column = row.column(align=True)
        column.label(text=label)
        column.template_icon(icons.of_large(place), scale=units)
