# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's own glTF importer, as it is called here and in the background Blender."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

COLLECTION = "Trellis Import"
# What not every version of it knows is left out. The shapes that it would make for bones are no part of the model.
OPTIONS: dict[str, Any] = {
    "disable_bone_shape": True,
    "import_scene_as_collection": False,
    "import_select_created_objects": False,
}


def is_enabled() -> bool:
    """Whether this Blender has its glTF importer."""
    return "gltf" in dir(bpy.ops.import_scene)


def import_gltf(path: Path) -> list[Any]:
    """The objects that it makes of the file. Raises RuntimeError with what Blender says."""
    before = set(bpy.data.objects)
    operator: Any = bpy.ops.import_scene.gltf
    known = operator.get_rna_type().properties
    operator(filepath=str(path), **{name: value for name, value in OPTIONS.items() if name in known})
    return [thing for thing in bpy.data.objects if thing not in before]
