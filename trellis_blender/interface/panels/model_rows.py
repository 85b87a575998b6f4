# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws what can be done with a job's model: its export, the sliders of Material Sanity, what its picture can still do
for it, and what to change if the model is not right.
"""

from __future__ import annotations

from typing import Any

import bpy

from ...core.errors import Text
from ...core.job.job import Job
from ...core.request.presets import COMPLAINTS
from ...host.translation import translated
from ...host.version import WEBSITE
from ...scene.finishing import nodes
from ...scene.pictured import aligning, projecting
from ...settings import scene as scene_settings
from ..operators import pictured

# How to cut a subject out of its background.
CUTTING_OUT = f"{WEBSITE}/blob/main/docs/pictures.md#cut-out-the-subject"


def draw_export(layout: Any, context: bpy.types.Context, job: Job) -> None:
    """Draw the button that exports at once, once a folder is remembered, and the one that asks first."""
    kept: Any = context.scene.trellis2  # type: ignore[union-attr]  # ours
    row = layout.row(align=True)
    if not kept.export_folder:
        row.operator("trellis2.export_model", text="Export...", icon="EXPORT").job_id = job.id
        return
    engine = next(label for name, label, _tip in scene_settings.EXPORT_ENGINES if name == kept.export_engine)
    text = translated(Text("Export for {engine}", engine=engine))
    row.operator("trellis2.export_model", text=text, icon="EXPORT").job_id = job.id
    button = row.operator("trellis2.export_model", text="", icon="PREFERENCES")
    button.job_id, button.asks = job.id, True


def has_sliders(obj: bpy.types.Object) -> bool:
    """Return whether the object's materials have nodes of Material Sanity."""
    return bool(_nodes(obj))


def draw_sliders(layout: Any, job: Job, obj: bpy.types.Object) -> None:
    """Draw the sliders of Material Sanity's nodes, each with its switch, where they are there."""
    found = _nodes(obj)
    if not found:
        return
    column = layout.column(align=True)
    for node in found:
        row = column.row(align=True)
        row.prop(node, "mute", text="", icon="HIDE_ON" if node.mute else "HIDE_OFF", emboss=False)
        bar = row.row(align=True)
        bar.enabled = not node.mute
        socket = node.inputs["Amount"] if node.label == nodes.LIGHT else node.inputs[1]
        bar.prop(socket, "default_value", text=translated(node.label), slider=node.label == nodes.LIGHT)
    column.operator("trellis2.remove_material_sanity", icon="X").job_id = job.id


def _nodes(obj: bpy.types.Object) -> list[Any]:
    """Return the nodes of the object's first material that has any."""
    for material in nodes.materials(obj):
        found = [node for label in nodes.SOCKETS if (node := nodes.find(material, label)) is not None]
        if found:
            return found
    return []


def draw_projection(layout: Any, context: bpy.types.Context, job: Job, obj: bpy.types.Object) -> None:
    """Draw the switch of the projected picture, if there is one, and the button for the model's block-out."""
    # Something is nearly always selected. Only who places models where the picture shows them works with block-outs.
    if scene_settings.of_scene(context.scene).place == "PICTURE" and aligning.block_out_of(job.viewpoint):
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
