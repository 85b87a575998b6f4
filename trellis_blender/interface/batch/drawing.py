# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the batches in the sidebar, and the one question before a batch."""

from __future__ import annotations

from typing import Any

import bpy

from ...core.batch.plan import NOT_SENT
from ...core.errors import Remedy, Text
from ...core.job.job import Stage
from ...core.request.presets import PRESETS
from ...host.translation import translated
from ...jobs import session
from ...jobs.batch.batches import Batch
from ...settings import preferences, presets
from ...settings import scene as scene_settings
from .. import price_tag
from ..panels.sidebar import draw_remedy, draw_text


def draw_question(layout: Any, context: bpy.types.Context, operator: Any, count: int, cost: float | None) -> None:
    """Draw how many models at what price, and what can be set, in the dialog."""
    chosen = scene_settings.of_scene(context.scene)
    files = len(operator.pictures or ())
    said = Text("{count} models from {files} pictures", count=count, files=files)
    layout.label(text=translated(said), translate=False, icon="MESH_MONKEY")
    preset = PRESETS.get(presets.name_of(chosen))
    words = [preset.label] if preset is not None else []
    words.append(price_words(cost))
    layout.label(text=" · ".join(map(translated, words)), translate=False, icon="BLANK1")
    objection = price_tag.objection(cost) if cost is not None else ""
    if objection:
        draw_text(layout, context, objection, "ERROR")
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    kept = preferences.preferences()
    if kept is not None:
        column.prop(kept, "batch_concurrency")
    column.prop(operator, "use_import")


def price_words(cost: float | None) -> str:
    """Return what all models cost together."""
    return "The price is not known yet" if cost is None else Text("{cost} altogether", cost=price_tag.cost_words(cost))


def draw_batches(layout: Any, context: bpy.types.Context) -> None:
    """Draw all batches, the newest first."""
    running = session.running()
    for number, batch in enumerate(reversed(running.batches.all) if running is not None else ()):
        if number:
            layout.separator()
        _draw_batch(layout, context, batch)


def _draw_batch(layout: Any, context: bpy.types.Context, batch: Batch) -> None:
    plan = batch.plan
    head = layout.row()
    head.label(text=plan.name, icon="FILE_FOLDER", translate=False)
    if batch.is_reported:
        head.operator("trellis2.dismiss_batch", text="", icon="X", emboss=False).batch_id = plan.id
    count = len(batch.where)
    over = count - batch.states[""]
    bar = Text("{over} of {count}", over=over, count=count)
    layout.progress(factor=over / count, text=translated(bar))
    draw_text(layout, context, _words(batch), "NONE")
    trouble = plan.trouble or batch.file.trouble
    if trouble and batch.report is None:
        draw_text(layout, context, trouble, "ERROR")
        draw_remedy(layout, Remedy(plan.remedy) if plan.trouble else Remedy.FOLDER)
    if batch.report is not None:
        _draw_report(layout, context, batch)
    elif not plan.is_stopped:
        row = layout.row(align=True)
        if plan.is_paused:
            row.operator("trellis2.resume_batch", icon="PLAY").batch_id = plan.id
        else:
            row.operator("trellis2.pause_batch", icon="PAUSE").batch_id = plan.id
        row.operator("trellis2.stop_batch", icon="X").batch_id = plan.id


def _words(batch: Batch) -> str:
    """Return where the batch stands, in a line."""
    plan = batch.plan
    parts = []
    if batch.report is None and (plan.is_paused or plan.is_stopped):
        parts.append("Paused" if plan.is_paused else "Stopping")
    parts.append(Text("{count} made", count=batch.models))
    numbers = (
        (len(batch.stages), "{count} at work"),
        (batch.waiting, "{count} waiting"),
        (batch.states[Stage.FAILED] + batch.states[Stage.UNCERTAIN], "{count} failed"),
        (batch.states[Stage.CANCELLED] + batch.states[NOT_SENT], "{count} not sent"),
    )
    parts += [Text(words, count=count) for count, words in numbers if count]
    return " · ".join(map(translated, parts))


def _draw_report(layout: Any, context: bpy.types.Context, batch: Batch) -> None:
    report = batch.report
    assert report is not None
    if report.trouble:
        draw_text(layout, context, report.trouble, "ERROR")
    if not report.is_shown:
        draw_text(layout, context, "The report is being written", "TIME")
        return
    column = layout.column(align=True)
    column.operator("trellis2.show_batch_report", icon="TEXT").batch_id = batch.plan.id
    column.operator("trellis2.open_batch_folder", icon="FILE_FOLDER").batch_id = batch.plan.id
