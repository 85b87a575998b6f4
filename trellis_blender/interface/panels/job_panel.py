# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the jobs, newest first, and the chosen job's details."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import bpy

from ...core.errors import Remedy, Text
from ...core.job import folder as job_folder
from ...core.job.job import Job, Stage
from ...core.job.spending import Month, charged
from ...core.job.words import charge_words, cost_words, date, duration, percent, size_words, state_sentence
from ...core.model.surface.findings import CHANGED, MENDED, Fault
from ...core.request.account import WEB_PAGE
from ...core.request.presets import PRESETS, name_of
from ...host.translation import translated
from ...jobs import rows, session
from ...jobs.importing import is_importable
from ...scene import asset, recipe
from ...scene.finishing import nodes
from ...scene.finishing.queue import NO_MODEL
from ...scene.finishing.steps import STEPS
from ...scene.finishing.work import Work
from .. import preview_requests, price_tag
from ..operators import jobs as job_operators
from ..operators import pictured, textures
from .model_rows import draw_export, draw_projection, draw_questions, draw_sliders, has_sliders
from .sidebar import UNBROKEN, draw_dismissible, draw_remedy, draw_text, remedy_of, sidebar_width

ICONS = {
    Stage.READY: "IMPORT",
    Stage.IMPORTED: "CHECKMARK",
    Stage.FAILED: "ERROR",
    Stage.CANCELLED: "X",
    Stage.UNCERTAIN: "QUESTION",
}
# Pixels at a resolution scale of 1: what lies beside a row, and its columns. The icon, which says the state, is always
# there; the cost or the bar, then the state in words, while that leaves the name enough room.
AROUND_ROW, ICON_PIXELS, COST_PIXELS, WORD_PIXELS, NAME_PIXELS = 65, 24, 70, 185, 110
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def draw_row(layout: Any, context: bpy.types.Context, job_id: str) -> None:
    """Draw one row of the list: picture and name, then the columns that all rows have at this width."""
    job = session.jobs().get(job_id)
    if job is None:
        if (work := session.works().get(job_id)) is not None:
            draw_work_row(layout, work)
        return
    width = max(1.0, sidebar_width(context) - AROUND_ROW)
    name, *columns = split(layout, width, column_widths(width))
    draw_name(name, job)
    if len(columns) > 2:
        columns[-3].label(text=translated(session.words_of(job)))
    if len(columns) > 1:
        draw_cost_or_bar(columns[-2], job)
    if job_operators.is_cancellable(job):
        columns[-1].operator("trellis2.cancel", text="", icon="X", emboss=False).job_id = job.id
    else:
        columns[-1].label(icon=ICONS[session.shown_stage(job)] if session.is_resting(job) else "BLANK1")


def draw_name(layout: Any, job: Job) -> None:
    """Draw the job's picture and name."""
    thumbnail = preview_requests.icon_of(job.id)
    if thumbnail:
        layout.label(text=job.name, icon_value=thumbnail, translate=False)
    else:
        layout.label(text=job.name, icon="MESH_DATA", translate=False)


def column_widths(width: float) -> list[float]:
    """Return the widths of a row's columns, the name's first, in pixels at scale 1. `width`: the row's."""
    columns: list[float] = [ICON_PIXELS]
    for wanted in (COST_PIXELS, WORD_PIXELS):
        if width - sum(columns) - wanted < NAME_PIXELS:
            break
        columns.insert(0, wanted)
    return [max(1.0, width - sum(columns)), *columns]


def split(layout: Any, width: float, columns: Sequence[float]) -> Iterator[Any]:
    """Yield a layout for each column. `columns`: their widths, which together are the `width`."""
    for column in columns[:-1]:
        parts = layout.split(factor=column / width, align=True)
        yield parts.row(align=True)
        layout, width = parts.row(align=True), max(1.0, width - column)
    yield layout


def draw_cost_or_bar(layout: Any, job: Job) -> None:
    """Draw what a job that has ended cost, or how far another one is."""
    if session.is_resting(job):
        layout.alignment = "RIGHT"
        layout.label(text=translated(cost_words(charged(job))) if charged(job) else "")
        return
    ahead = session.display().progress
    is_begun = not job.is_resting  # otherwise a retry was just clicked
    layout.progress(factor=ahead.fraction(job) * is_begun, text=translated(percent(job, ahead.generated(job))))


def draw_jobs(layout: Any, context: bpy.types.Context) -> None:
    """Draw the chosen job's details and the list below them, so that an error is in sight however long the list is."""
    listed = rows.of_window_manager()
    if session.notices():  # which belong to no job
        notice = session.notices()[-1]
        draw_dismissible(layout, context, notice.sentence, "INFO")
        draw_remedy(layout, notice.remedy)
    job = session.jobs().get(rows.active_id())
    if job is not None:
        draw_details(layout, context, job)
    elif (work := session.works().get(rows.active_id())) is not None:
        draw_work(layout, context, work)
    tip = {"item_dyntip_propname": "tooltip"}
    layout.template_list("TRELLIS2_UL_jobs", "", listed, "rows", listed, "active", rows=3, maxrows=8, **tip)
    draw_spending(layout, context)


def draw_details(layout: Any, context: bpy.types.Context, job: Job) -> None:
    """Draw the chosen job's details, and the actions that fit it."""
    is_ended = session.is_resting(job)
    draw_name(layout, job)
    sentence = session.waiting_for(job) or state_sentence(job)
    if job.is_resting and not is_ended:  # it is being retried
        sentence = ""
    if sentence:
        draw_text(layout, context, sentence, "ERROR" if job.stage in (Stage.FAILED, Stage.UNCERTAIN) else "INFO")
    if job.stage is Stage.UNCERTAIN and is_ended:
        draw_ways_out(layout, job)
    elif sentence:
        draw_remedy(layout, remedy_of(job), job.id)
    draw_text(layout, context, facts(job, time.time()), "TIME")
    if session.shown_stage(job) is Stage.IMPORTED:
        draw_in_scene(layout, context, job)
    row = layout.row(align=True)
    if is_importable(job):
        label = translated(job_operators.TRELLIS2_OT_import_model.label(job))
        row.operator("trellis2.import_model", text=label, icon="IMPORT").job_id = job.id
        row.operator("trellis2.enlarge_job", text="", icon="ZOOM_IN").job_id = job.id
    is_retried_here = job_operators.TRELLIS2_OT_retry.fits(job) and job.stage is not Stage.UNCERTAIN
    if is_retried_here:
        label = translated(job_operators.TRELLIS2_OT_retry.label(job))
        row.operator("trellis2.retry", text=label, icon="FILE_REFRESH").job_id = job.id
    # Blender draws an arrow of its own beside a menu's name, and none beside an icon alone.
    is_alone = not (is_importable(job) or is_retried_here)
    row.menu("TRELLIS2_MT_job", text="Job" if is_alone else "", icon="NONE" if is_alone else "DOWNARROW_HLT")
    if is_importable(job):
        draw_check(layout, context, job)
        draw_questions(layout, job)


def draw_in_scene(layout: Any, context: bpy.types.Context, job: Job) -> None:
    """Draw what a model in the scene has: the way to its textures, its switches, Game Ready, and the export."""
    if not textures.are_shown(context):
        row = layout.row(align=True)
        row.operator("trellis2.show_textures", icon="TEXTURE")
        if context.scene is not None and textures.has_material_preview(context.scene):
            row.operator("trellis2.show_textures", text="", icon="SHADING_TEXTURE").shading = "MATERIAL"
    if (obj := next(asset.models_of(job.remote_id), None)) is not None:
        draw_sliders(layout, job, obj)
        draw_projection(layout, context, job, obj)
        ready = layout.column(align=True)
        ready.operator("trellis2.game_ready", text="Game Ready...", icon="MOD_REMESH").job_id = job.id
        draw_export(ready, context, job)


def draw_check(layout: Any, context: bpy.types.Context, job: Job) -> None:
    """Draw how many faults the model has; what they are, with a button for each remedy, in a fold."""
    found = job.findings
    if found is None:  # it is being measured, or of an earlier version: the job's menu can have it measured
        return
    faults = found.faults(job.parameters.get("texture_size", 0))
    header, body = layout.panel("trellis2_check", default_closed=True) if faults else (layout.row(), None)
    if faults:
        header.label(text=translated(Text("Faults Found: {count}", count=len(faults))), icon="ERROR")
    else:
        header.label(text="No faults found", icon="CHECKMARK")
    header.operator("trellis2.check_model", text="", icon="VIEWZOOM", emboss=False).job_id = job.id
    if body is None:
        return
    draw_text(body, context, " · ".join(translated(fault.value) for fault in faults), "NONE")
    remedies = body.column(align=True)
    if job.stage is Stage.IMPORTED:
        draw_remedies(remedies, job, faults)
    if pictured.TRELLIS2_OT_change_one_thing.fits(job):
        for complaint in (CHANGED[fault] for fault in faults if fault in CHANGED):
            pictured.draw_complaint(remedies, job, complaint)


def draw_remedies(layout: Any, job: Job, faults: Collection[Fault]) -> None:
    """Draw what helps the model in the scene."""
    obj = next(asset.models_of(job.remote_id), None)
    is_mended = any(each.get(recipe.FINISHING) for each in asset.models_of(job.remote_id))
    if any(fault in MENDED for fault in faults) and not is_mended:
        layout.operator("trellis2.make_solid", icon="MOD_SOLIDIFY").job_id = job.id
    if obj is not None and Fault.MIRROR in faults and not has_sliders(obj):
        layout.operator("trellis2.material_sanity", text="Material Sanity...", icon="MATERIAL").job_id = job.id
    if obj is not None and Fault.CLEAR in faults:
        draw_transparency(layout, job, obj)


def draw_transparency(layout: Any, job: Job, obj: bpy.types.Object) -> None:
    """Draw the switch of the model's transparency, as it stands now."""
    material = next(nodes.materials_with_alpha(obj), None)
    if material is None:
        return
    row, now = layout.row(align=True), nodes.transparency(material)
    row.label(text="Alpha")
    row.operator_context = "EXEC_DEFAULT"
    for mode, label in nodes.TRANSPARENCIES.items():
        button = row.operator("trellis2.set_transparency", text=label, depress=mode is now)
        button.mode, button.job_id = mode.value, job.id


def draw_work_row(layout: Any, work: Work) -> None:
    """Draw the row of a step on a model: the model's name, how far it is, and a button that ends it."""
    parts = layout.split(factor=0.55, align=True)
    parts.label(text=work.order.name, icon="MOD_SOLIDIFY", translate=False)
    bar = parts.row(align=True)
    if work.error or work.is_waiting:
        bar.label(text="Failed" if work.error else "Waiting", icon="ERROR" if work.error else "TIME")
    else:
        bar.progress(factor=work.progress, text=f"{work.progress:.0%}")
    bar.operator("trellis2.cancel_step", text="", icon="X", emboss=False).step_id = work.order.id


def draw_work(layout: Any, context: bpy.types.Context, work: Work) -> None:
    """Draw the details of a step on a model."""
    layout.label(text=work.order.name, icon="MOD_SOLIDIFY", translate=False)
    label = translated(STEPS[work.order.step].label)
    sentence = work.error or (NO_MODEL if work.is_waiting else f"{label}: {work.progress:.0%}")
    draw_text(layout, context, sentence, "ERROR" if work.error else "INFO")
    if work.remedy is Remedy.TRIANGLES:
        layout.operator("trellis2.use_triangles", icon="MESH_DATA").step_id = work.order.id
    draw_text(layout, context, "The model stays as it is. This costs nothing", "TIME")
    text = "Remove" if work.is_done else "Cancel"
    layout.operator("trellis2.cancel_step", text=text, icon="X").step_id = work.order.id


def draw_ways_out(layout: Any, job: Job) -> None:
    """Draw the actions for an uncertain job: we do not know whether Scenario accepted it."""
    ways = layout.column(align=True)
    ways.operator("wm.url_open", text="Look at Scenario", icon="URL").url = WEB_PAGE
    ways.operator("trellis2.import_by_id", text="Import by Job ID", icon="PASTEDOWN").job_id = job.id
    label = translated(job_operators.TRELLIS2_OT_retry.label(job))
    ways.operator("trellis2.retry", text=label, icon="FILE_REFRESH").job_id = job.id
    ways.operator("trellis2.remove", text="Remove", icon="TRASH").job_id = job.id


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
    parts.append(charge_words(job) or (cost_words(cost) if cost else ""))
    return " · ".join(translated(part).replace(" ", UNBROKEN) for part in parts if part)


def tooltip(job_id: str) -> str:
    """Return the job's name, state, preset, seed, date, size and cost, a line each."""
    job, running = session.jobs().get(job_id), session.running()
    if job is None or running is None:
        return ""
    texts = [session.words_of(job)]
    if job.picture:  # the parameters of a job that was only imported by its ID are unknown
        preset = PRESETS.get(name_of(job.parameters))
        texts.append(Text("Preset: {label}", label=preset.label if preset is not None else "Own Parameters"))
        texts.append(Text("Seed: {seed}", seed=job.parameters["seed"]))
    begun = date(job.created, time.time())
    if job.ended is not None:
        begun = Text("{begun} · {duration}", begun=begun, duration=duration(job.ended - job.begun))
    texts.append(begun)
    with contextlib.suppress(OSError):  # it was just removed
        size = job_folder.size(running.root / job.id)
        texts.append(size_words(size) if size else "")
    texts += [cost_words(charged(job)) if charged(job) else "", state_sentence(job)]
    return "\n".join([job.name, *(translated(text) for text in texts if text)])


def draw_spending(layout: Any, context: bpy.types.Context) -> None:
    """Draw the newest month in which anything was charged, with a menu for the months before it."""
    months = _months()
    if months:
        row = layout.row()
        draw_text(row.column(), context, month_sentence(months[0]), "NONE")
        if len(months) > 1:
            row.menu("TRELLIS2_MT_months", text="", icon="DOWNARROW_HLT")


def _months() -> Sequence[Month]:
    running = session.running()
    return running.spending.months if running is not None else ()


def month_sentence(spent: Month) -> str:
    """Return a sentence such as “November 2026: 14 models, 168 CU”. The cost is also of jobs that made no model."""
    month, cost = MONTHS[spent.month - 1], price_tag.cost_words(spent.cost)
    words = {0: "{month} {year}: no model, {cost}", 1: "{month} {year}: 1 model, {cost}"}
    template = words.get(spent.count, "{month} {year}: {count} models, {cost}")
    return Text(template, month=month, year=spent.year, count=spent.count, cost=cost)


def draw_earlier_months(layout: Any) -> None:
    """List what was charged in the months before, the newest first."""
    for spent in _months()[1:]:
        layout.label(text=translated(month_sentence(spent)))
