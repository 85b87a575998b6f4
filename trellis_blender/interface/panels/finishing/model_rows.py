# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of a job's model: its export, and the sliders of Material Sanity."""

from __future__ import annotations

from typing import Any

import bpy

from ....core.errors import Text
from ....core.job.job import Job
from ....host.translation.translation import translated
from ....scene.finishing import nodes
from ....settings import scene as scene_settings


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
