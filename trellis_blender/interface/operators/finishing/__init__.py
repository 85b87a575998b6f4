# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that get a model ready for something: an engine, a printer, a render. Each begins a step."""

from pathlib import Path
from typing import Any

import bpy

from ....core.errors import Remedy, TrellisError
from ...at_need import asset
from ..assets import AssetOperator
from ..base import can_act

NO_FOLDER = "Choose a folder to export to first."
# Lets a folder be given relative to the .blend; older versions take it anyway, and do not know the option.
BLEND_RELATIVE = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
NO_MESH = "Select a model in Object Mode first"


def folder_of(path: str) -> str:
    """Return the whole path of the folder that the artist chose. Raises TrellisError if there is none.

    One beside the .blend (“//”) needs a saved file.
    """
    if not path:
        raise TrellisError(NO_FOLDER, remedy=Remedy.NONE)
    if path.startswith("//") and not bpy.data.filepath:
        raise TrellisError("Save the file first, or choose a folder that is not relative to it.", remedy=Remedy.NONE)
    return str(Path(bpy.path.abspath(path)))


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
