# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that get a model ready for something: an engine, a printer, a render. Each begins a step."""

from typing import Any

import bpy

from ...at_need import asset
from ..assets import AssetOperator
from ..base import can_act

NO_MESH = "Select a model in Object Mode first"


class MeshOperator(AssetOperator):
    """An operator on any mesh: the given job's model, or the active mesh, or the chosen job's model."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether any mesh is active or there is a model, in Object Mode."""
        active = context.active_object
        is_mesh = context.mode == "OBJECT" and active is not None and active.type == "MESH"
        return can_act(cls, is_mesh or super().poll(context), otherwise=NO_MESH)

    @classmethod
    def label(cls, _job: Any) -> str:
        """Return the label of the menu entry, which opens a dialog."""
        return f"{cls.bl_label}..."  # type: ignore[attr-defined]  # of bpy.types.Operator

    def target(self, context: bpy.types.Context) -> bpy.types.Object:
        """Return the model. Raises TrellisError if there is none."""
        active = context.active_object
        is_mesh = active is not None and active.type == "MESH" and not self.job_id
        return active if is_mesh and active is not None else super().target(context)

    def stem(self, obj: bpy.types.Object) -> str:
        """Return the name of a file for the model, without its ending."""
        return asset.file_stem(obj.name)
