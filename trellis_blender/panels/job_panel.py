# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs, newest first, and the chosen one's details."""

from __future__ import annotations

import time
from typing import Any

import bpy

from .. import job_list, job_operators, looking, session
from ..arrival import is_importable
from ..core.changes import Notice
from ..core.errors import Remedy
from ..core.job import Job, Stage
from ..core.job_progress import fraction
from .sidebar import SidebarPanel, draw_dismissible, draw_remedy, draw_text, remedy_of

WORDS = {
    Stage.QUEUED: "Queued",
    Stage.UPLOADING: "Uploading",
    Stage.SUBMITTING: "Submitting",
    Stage.UNCONFIRMED: "Looking for the Answer",
    Stage.RUNNING: "Generating",
    Stage.DOWNLOADING: "Downloading",
    Stage.READING: "Reading",
    Stage.READY: "Ready",
    Stage.IMPORTED: "Imported",
    Stage.FAILED: "Failed",
    Stage.CANCELLED: "Cancelled",
}
ICONS = {
    Stage.READY: "CHECKMARK",
    Stage.IMPORTED: "CHECKMARK",
    Stage.FAILED: "ERROR",
    Stage.CANCELLED: "X",
}


class TRELLIS2_UL_jobs(bpy.types.UIList):
    """The rows of the list: picture, name, and where the job stands."""

    def draw_item(
        self,
        _context: bpy.types.Context,
        layout: Any,
        _data: Any,
        item: Any,
        _icon: int | None,
        _active_data: Any,
        _active_property: str | None,
        _index: int | None,
        _flag: int | None,
    ) -> None:
        """Draw one row."""
        job = session.jobs().get(item.name)
        if job is None:
            return
        thumbnail = looking.icon_of(job.id)
        row = layout.split(factor=0.5)
        if thumbnail:
            row.label(text=job.name, icon_value=thumbnail)
        else:
            row.label(text=job.name, icon="MESH_DATA")
        state = row.row(align=True)
        if job.is_resting:
            state.label(text=WORDS[job.stage], icon=ICONS[job.stage])
        else:
            state.progress(factor=fraction(job), text=stage_words(job))
        if job_operators.is_cancellable(job):
            state.operator("trellis2.cancel", text="", icon="X", emboss=False).job_id = job.id


class TRELLIS2_PT_jobs(SidebarPanel, bpy.types.Panel):
    """The jobs, newest first, and the chosen one's details."""

    bl_label = "Jobs"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only when there is something to show."""
        return bool(session.jobs() or session.notices())

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        layout, rows = self.layout, job_list.of_window_manager()
        if session.notices():
            draw_notice(layout, context, session.notices()[-1])
        layout.template_list("TRELLIS2_UL_jobs", "", rows, "rows", rows, "active", rows=3, maxrows=8)
        job = session.jobs().get(job_list.active_id())
        if job is not None:
            draw_details(layout, context, job)


def draw_notice(layout: Any, context: bpy.types.Context, notice: Notice) -> None:
    """What belongs to no job, with what helps and a way to be rid of it."""
    draw_dismissible(layout, context, notice.sentence, "INFO")
    draw_remedy(layout, notice.remedy)


def draw_details(layout: Any, context: bpy.types.Context, job: Job) -> None:
    """What is to be said of the chosen job, and what can be done with it."""
    sentence = job.message or job.trouble or (session.waiting_for() if job.stage is Stage.READY else "")
    if sentence:
        draw_text(layout, context, sentence, "ERROR" if job.stage is Stage.FAILED else "INFO")
        draw_remedy(layout, remedy_of(job), job.id)
    layout.label(text=facts(job), icon="TIME")
    if job.stage is Stage.IMPORTED and shading(context) == "SOLID":
        layout.label(text="Material Preview shows the textures", icon="SHADING_TEXTURE")
    row = layout.row(align=True)
    if is_importable(job):
        row.operator("trellis2.import_model", text="Import", icon="IMPORT").job_id = job.id
    if job_operators.TRELLIS2_OT_retry.fits(job):
        row.operator("trellis2.retry", text=retry_words(job), icon="FILE_REFRESH").job_id = job.id
    row.menu("TRELLIS2_MT_job", text="" if is_importable(job) or job.message else "Job", icon="DOWNARROW_HLT")


def shading(context: bpy.types.Context) -> str:
    """How the viewport is shaded, empty outside one."""
    space: Any = context.space_data
    return str(space.shading.type) if space is not None and space.type == "VIEW_3D" else ""


def facts(job: Job) -> str:
    """When the job was begun, how long it took, and what it cost."""
    parts = [time.strftime("%d %b %Y %H:%M", time.localtime(job.created))]
    if job.ended is not None and job.stage in (Stage.READY, Stage.IMPORTED):
        minutes, seconds = divmod(round(job.ended - job.created), 60)
        parts.append(f"{minutes}:{seconds:02d} min")
    if job.cost is not None:
        parts.append(f"{job.cost:g} CU")
    return ", ".join(parts)


def retry_words(job: Job) -> str:
    """What trying again is called, with the price where it is known."""
    words = "Submit Again" if job.remedy is Remedy.SUBMIT_AGAIN else "Retry"
    if job.holds_model:
        return f"{words} · Free"
    return words if job.cost is None else f"{words} · {job.cost:g} CU"


def stage_words(job: Job) -> str:
    """Where the job stands, in a word or two."""
    if job.foreign:
        return f"{WORDS[job.stage]} in Another Blender"
    if job.cancel_asked:
        return "Cancelling"
    if job.stage is Stage.RUNNING and job.progress:
        return f"{WORDS[job.stage]} {job.progress:.0%}"
    if job.stage is Stage.RUNNING and job.remote_status in ("pending", "queued", "warming-up"):
        return "Waiting at Scenario"
    return WORDS[job.stage]
