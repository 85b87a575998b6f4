# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the gallery, a page at a time, and pictures shown large.

`gallery` is what the artist looks for: a `TRELLIS2_PG_gallery`. The jobs that match are found anew only when the search
or the jobs change.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import bpy

from ...core.errors import Text
from ...core.files import is_plain
from ...core.job import folder as job_folder
from ...core.job.job import RESTING, Job, Stage
from ...host.translation import translated
from ...jobs import rows, session
from ...settings import scene as scene_settings
from .. import preview_requests
from ..at_need import icons
from .job_panel import ICONS
from .sidebar import draw_picture_button, draw_text, sidebar_width, ui_scale

if TYPE_CHECKING:
    from ...core.picture.file import PreparedPicture
    from ..operators.base import Result

SIZE = 12  # thumbnails on a page: a sidebar of default width shows three beside each other
STAGES: Mapping[str, frozenset[Stage]] = MappingProxyType(
    {
        "ALL": frozenset(Stage),
        "RUNNING": frozenset(Stage) - RESTING,
        "READY": frozenset({Stage.READY}),
        "IMPORTED": frozenset({Stage.IMPORTED}),
        "FAILED": frozenset({Stage.FAILED, Stage.UNCERTAIN}),
        "CANCELLED": frozenset({Stage.CANCELLED}),
    }
)
UNIT = 20  # pixels of Blender's interface at a resolution scale of 1
# At that scale: the part of the sidebar's width that is not the grid's, and the least width of a thumbnail.
BESIDE_GRID, CELL_PIXELS = 45, 72
# The height of a large picture in units, at most: alone, and beside another. So much of the window stays free.
LARGE, LARGE_BESIDE, FREE = 26, 20, 8
LARGEST = 1024  # pixels: the model does not see more, either
# The icon of a job without a picture.
BLANK = int(bpy.types.UILayout.bl_rna.functions["label"].parameters["icon"].enum_items["MESH_DATA"].value)  # type: ignore[attr-defined]
LABELS = {"picture": "What the Model Sees", "model": "Model"}  # of the large pictures, by their places


def draw_gallery(layout: Any, context: bpy.types.Context) -> None:
    """Draw the search, and one page of thumbnails."""
    gallery: Any = bpy.context.window_manager.trellis2_gallery  # type: ignore[union-attr]  # added by `register`
    column = layout.column()
    column.prop(gallery, "search", text="", icon="VIEWZOOM")
    row = column.row()
    row.prop(gallery, "state", text="")
    row.prop(gallery, "only_favorites", text="", icon="SOLO_ON")
    shown = page(gallery)
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
            _draw_job(grid.column(align=True), job, max(2.0, width / columns / UNIT - 0.3), is_chosen=job_id == chosen)
    for _ in range(-len(shown) % columns):  # else Blender would balance the rows, and enlarge what is in them
        grid.label()
    last = page_count(gallery)
    if last > 1:
        row = layout.row()
        row.prop(gallery, "page")
        row.label(text=translated(Text("of {last}", last=last)))


def _draw_job(layout: Any, job: Job, units: float, *, is_chosen: bool) -> None:
    """Draw a job's thumbnail, name and state, and its star."""
    icon = preview_requests.icon_of(job.id) or BLANK
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


def large_units(context: bpy.types.Context, count: int) -> float:
    """Return the side of each of `count` large pictures beside each other, in Blender's units, so that they fit."""
    assert context.window is not None
    wide, high = (side / ui_scale(context) / UNIT for side in (context.window.width, context.window.height))
    return max(4.0, min(LARGE if count == 1 else LARGE_BESIDE, high - FREE, (wide - FREE) / count))


def enlarge(operator: bpy.types.Operator, context: bpy.types.Context, pictures: Mapping[str, Any]) -> Result:
    """Request the pictures in the size in which they are shown, and open the operator's popup beside the mouse.

    `pictures`: files or prepared pictures, by their places.
    """
    assert context.window_manager is not None
    units = large_units(context, len(pictures))
    session.start().previews.enlarge(pictures, min(LARGEST, round(units * UNIT * ui_scale(context))))
    return context.window_manager.invoke_popup(operator, width=round((units + 1) * len(pictures) * UNIT))


def draw_large(layout: Any, context: bpy.types.Context, places: Collection[str]) -> None:
    """Draw the large pictures beside each other, each under its label."""
    row = layout.row()
    for place in places:
        column = row.column(align=True)
        column.label(text=LABELS[place])
        column.template_icon(icons.of_large(place), scale=large_units(context, len(places)))


def prepared_picture(context: bpy.types.Context) -> PreparedPicture | None:
    """Return the picture of the panel as it would be sent, None if there is no preview of it."""
    previews = session.previews()
    if previews is None or context.scene is None:
        return None
    preview = previews.shown.get(preview_requests.preview_key(context, scene_settings.of_scene(context.scene)))
    return preview.answer.prepared if preview is not None and preview.answer is not None else None


def pictures_of(job: Job) -> dict[str, Path]:
    """Return the files of the job's picture and of its model's thumbnail, as far as there are any."""
    picture, thumbnail = session.picture_path(job), session.folder(job.id) / job_folder.THUMBNAIL_FILE
    pictures = {} if picture is None else {"picture": picture}
    return {**pictures, **({"model": thumbnail} if is_plain(thumbnail) else {})}


def page_count(gallery: Any) -> int:
    """Return how many pages there are, at least 1."""
    return max(1, -(-len(_matching(gallery)) // SIZE))


def page(gallery: Any) -> Sequence[str]:
    """Return the ids of the jobs on the page that is open: the last one, if the jobs of a later one are gone."""
    first = (min(gallery.page, page_count(gallery)) - 1) * SIZE
    return _matching(gallery)[first : first + SIZE]


def _matching(gallery: Any) -> Sequence[str]:
    """Return the ids of all jobs that match, newest first."""
    running, found = session.running(), session.state().gallery
    wanted = (gallery.search, gallery.state, gallery.only_favorites, running and running.changes)
    if found.wanted != wanted:
        words, stages = gallery.search.casefold().split(), STAGES[gallery.state]
        found.wanted = wanted
        found.shown = [
            job.id
            for job in session.newest_first()
            if session.shown_stage(job) in stages
            and (not gallery.only_favorites or session.is_favorite(job.id))
            and all(word in job.name.casefold() for word in words)
        ]
    return found.shown
