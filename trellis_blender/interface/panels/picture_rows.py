# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws what a job's picture can still do for its model, and what to change if the model is not right."""

from __future__ import annotations

from typing import Any

import bpy

from ...core.job.job import Job
from ...core.request.presets import COMPLAINTS
from ...host.version import WEBSITE
from ...scene.pictured import block_out, projecting
from ...settings import scene as scene_settings
from ..operators import pictured

# How to cut a subject out of its background.
CUTTING_OUT = f"{WEBSITE}/blob/main/docs/pictures.md#cut-out-the-subject"


def draw_projection(layout: Any, context: bpy.types.Context, job: Job, obj: bpy.types.Object) -> None:
    """Draw the switch of the projected picture, if there is one, and the button for the model's block-out."""
    assert context.scene is not None
    # Something is nearly always selected. Only who places models where the picture shows them works with block-outs.
    if scene_settings.of_scene(context.scene).place == "PICTURE" and block_out.of(job.viewpoint):
        layout.operator("trellis2.replace_block_out", icon="MOD_BUILD").job_id = job.id
    shown = projecting.is_shown(obj)
    if shown is None:
        return
    row = layout.row(align=True)
    row.label(text="Picture")
    for mode, label, is_pressed in (("ON", "On", shown), ("OFF", "Off", not shown), ("REMOVE", "Remove", False)):
        button = row.operator("trellis2.project_picture", text=label, depress=is_pressed)
        button.mode, button.job_id = mode, job.id


def draw_questions(layout: Any, job: Job) -> None:
    """Draw a button for each complaint, with its price, and how to get another background, in a fold."""
    if not pictured.TRELLIS2_OT_change_one_thing.fits(job):
        return
    header, body = layout.panel("trellis2_not_right", default_closed=True)
    header.label(text="Not Right?")
    if body is None:
        return
    column = body.column(align=True)
    for complaint in COMPLAINTS:
        pictured.draw_complaint(column, job, complaint)
    column.operator("wm.url_open", text="Wrong Background?", icon="URL").url = CUTTING_OUT
