# SPDX-License-Identifier: GPL-3.0-or-later
"""Selects a job's model in the scene when the artist clicks the job in the list."""

from __future__ import annotations

import bpy

from .at_need import recipe, session


def select(job_id: str) -> None:
    """Select the job's visible objects and make one active, as one undo step. Do nothing if there are none.

    Only in Object Mode: in other modes the artist works on something else.
    """
    job, layer = session.jobs().get(job_id), bpy.context.view_layer
    if job is None or not job.remote_id or layer is None or bpy.context.mode != "OBJECT":
        return
    found = [obj for obj in layer.objects if recipe.is_of(obj, job) and obj.visible_get(view_layer=layer)]
    chosen = list(bpy.context.selected_objects)
    if not found or (chosen == found and layer.objects.active in found):
        return
    for obj in chosen:
        obj.select_set(False)
    for obj in found:
        obj.select_set(True)
    layer.objects.active = found[0]
    bpy.ops.ed.undo_push(message="Select")
