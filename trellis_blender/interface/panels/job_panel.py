# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the jobs, newest first, and the chosen job's details."""

from __future__ import annotations

import time
from typing import Any

import bpy

from ...core.errors import Remedy
from ...core.job.job import Job, Stage
from ...core.job.spending import charged
from ...core.job.words import WORDS, cost_words, date, duration, percent, state_sentence
from ...core.request.account import WEB_PAGE
from ...core.runner.messages import Notice
from ...host.translation.translation import translated
from ...jobs import rows, session
from ...jobs.importing import is_importable
from .. import preview_requests
from ..operators import jobs as job_operators
from ..operators import textures
from .sidebar import UNBROKEN, draw_dismissible, draw_remedy, draw_text, remedy_of, sidebar_width
from .spending_rows import draw_spending

ICONS = {
    Stage.READY: "CHECKMARK",
    Stage.IMPORTED: "CHECKMARK",
    Stage.FAILED: "ERROR",
    Stage.CANCELLED: "X",
    Stage.UNCERTAIN: "QUESTION",
}
# Pixels at a resolution scale of 1: the sidebar's width from which a row has room for state and cost beside the name;
# the part of it outside the row; and what a row needs for a bar, a state and a cost. The name gets the rest.
WIDE = 260
BESIDE_ROW = 45
BAR_PIXELS, SHORT_BAR_PIXELS, STATE_PIXELS, ICON_PIXELS, COST_PIXELS = 135, 70, 95, 24, 60


def draw_row(layout: Any, context: bpy.types.Context, job_id: str) -> None:
    """Draw one row of the list: picture, name, state, and the cost if there is room for it."""
    job = session.jobs().get(job_id)
    if job is None:
        return
    thumbnail = preview_requests.icon_of(job.id)
    width = sidebar_width(context)
    is_wide = width >= WIDE
    row = layout.split(factor=name_share(width, job))
    if thumbnail:
        row.label(text=job.name, icon_value=thumbnail, translate=False)
    else:
        row.label(text=job.name, icon="MESH_DATA", translate=False)
    state = row.row(align=True)
    if session.is_resting(job):
        state.label(text=WORDS[job.stage] if is_wide else "", icon=ICONS[job.stage])
        if is_wide and (spent := charged(job)):
            cost = state.row()
            cost.alignment = "RIGHT"
            cost.label(text=translated(cost_words(spent)))
    else:
        ahead = session.display().progress
        said = session.words_of(job) if is_wide else percent(job, ahead.generated(job))
        is_begun = not job.is_resting  # otherwise a retry was just clicked
        state.progress(factor=ahead.fraction(job) * is_begun, text=translated(said))
    if job_operators.is_cancellable(job):
        state.operator("trellis2.cancel", text="", icon="X", emboss=False).job_id = job.id


def name_share(width: float, job: Job) -> float:
    """Return the share of a row for the job's name, 0 to 1. `width`: the sidebar's, in pixels at scale 1."""
    if session.is_resting(job):
        has_cost = width >= WIDE and charged(job) > 0
        needed = (STATE_PIXELS if width >= WIDE else ICON_PIXELS) + has_cost * COST_PIXELS
        needed += job_operators.is_cancellable(job) * ICON_PIXELS
    else:
        needed = BAR_PIXELS if width >= WIDE else SHORT_BAR_PIXELS
    return max(0.1, 1.0 - needed / max(1.0, width - BESIDE_ROW))


def draw_jobs(layout: Any, context: bpy.types.Context) -> None:
    """Draw the list, and the chosen job's details below it."""
    listed = rows.of_window_manager()
    if session.notices():
        draw_notice(layout, context, session.notices()[-1])
    layout.template_list("TRELLIS2_UL_jobs", "", listed, "rows", listed, "active", rows=3, maxrows=8)
    job = session.jobs().get(rows.active_id())
    if job is not None:
        draw_details(layout, context, job)
    draw_spending(layout, context)


def draw_notice(layout: Any, context: bpy.types.Context, notice: Notice) -> None:
    """Draw a notice that belongs to no job, with its remedy and a button that dismisses it."""
    draw_dismissible(layout, context, notice.sentence, "INFO")
    draw_remedy(layout, notice.remedy)


def draw_details(layout: Any, context: bpy.types.Context, job: Job) -> None:
    """Draw the chosen job's details, and the actions that fit it."""
    is_ended = session.is_resting(job)
    sentence = (session.waiting_for(job) if job.stage is Stage.READY else "") or state_sentence(job)
    if job.is_resting and not is_ended:  # it is being retried
        sentence = ""
    if sentence:
        draw_text(layout, context, sentence, "ERROR" if job.stage in (Stage.FAILED, Stage.UNCERTAIN) else "INFO")
    if job.stage is Stage.UNCERTAIN and is_ended:
        draw_ways_out(layout, job)
    elif sentence:
        draw_remedy(layout, remedy_of(job), job.id)
    draw_text(layout, context, facts(job, time.time()), "TIME")
    if job.stage is Stage.IMPORTED and not textures.are_shown(context):
        draw_show_textures(layout, context)
    row = layout.row(align=True)
    if is_importable(job):
        row.operator("trellis2.import_model", text="Import", icon="IMPORT").job_id = job.id
    if job_operators.TRELLIS2_OT_retry.fits(job) and job.stage is not Stage.UNCERTAIN:
        row.operator("trellis2.retry", text=translated(retry_words(job)), icon="FILE_REFRESH").job_id = job.id
    row.menu("TRELLIS2_MT_job", text="" if is_importable(job) or job.message else "Job", icon="DOWNARROW_HLT")


def draw_ways_out(layout: Any, job: Job) -> None:
    """Draw the actions for an uncertain job: we do not know whether Scenario accepted it."""
    ways = layout.column(align=True)
    ways.operator("wm.url_open", text="Look at Scenario", icon="URL").url = WEB_PAGE
    ways.operator("trellis2.import_by_id", text="Enter Job ID", icon="PASTEDOWN").job_id = job.id
    ways.operator("trellis2.retry", text=translated(retry_words(job)), icon="FILE_REFRESH").job_id = job.id
    ways.operator("trellis2.remove", text="Remove", icon="TRASH").job_id = job.id


def draw_show_textures(layout: Any, context: bpy.types.Context) -> None:
    """Draw the button that shows the textures at once, and beside it Material Preview, where it exists."""
    row = layout.row(align=True)
    row.operator("trellis2.show_textures", icon="TEXTURE")
    if context.scene is not None and textures.has_material_preview(context.scene):
        row.operator("trellis2.show_textures", text="", icon="SHADING_TEXTURE").shading = "MATERIAL"


def facts(job: Job, now: float) -> str:
    """Return the facts about the job in one line. `now`: seconds since 1970.

    For a running job: its state, the time so far, the time left and its cost. For a resting job: when it was started,
    how long it took and what was really charged.
    """
    if session.is_resting(job):
        is_done = job.ended is not None and job.stage in (Stage.READY, Stage.IMPORTED)
        parts = [date(job.created, now), duration((job.ended or now) - job.begun) if is_done else ""]
        cost = charged(job)
    else:
        left = "" if job.is_resting else session.display().progress.left(job, now)
        parts = [session.words_of(job), "" if job.is_resting else duration(now - job.begun), left]
        cost = job.cost or 0.0
    parts.append(cost_words(cost) if cost else "")
    return " · ".join(translated(part).replace(" ", UNBROKEN) for part in parts if part)


def retry_words(job: Job) -> str:
    """Return the label of the retry button, with the price if it is known."""
    is_new = job.remedy is Remedy.SUBMIT_AGAIN or job.may_be_paid
    if job.holds_model:
        return "Submit Again · Free" if is_new else "Retry · Free"
    if job.cost is None:
        return "Submit Again" if is_new else "Retry"
    cost = cost_words(job.cost)
    return f"Submit Again · {cost}" if is_new else f"Retry · {cost}"
