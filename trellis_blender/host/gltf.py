# SPDX-License-Identifier: GPL-3.0-or-later
"""Call Blender's own glTF importer: in this Blender and in the background Blender."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

COLLECTION = "Trellis Import"
# We leave out options that only some versions know. The shapes that it makes for bones are not part of the model.
OPTIONS: dict[str, Any] = {
    "disable_bone_shape": True,
    "import_scene_as_collection": False,
    "import_select_created_objects": False,
}


def is_enabled() -> bool:
    """Return whether this Blender's glTF importer is enabled."""
    return "gltf" in dir(bpy.ops.import_scene)


def import_gltf(path: Path) -> list[Any]:
    """Import the file and return the objects it became. Raises RuntimeError with Blender's message."""
    before = set(bpy.data.objects)
    operator: Any = bpy.ops.import_scene.gltf
    known = operator.get_rna_type().properties
    operator(filepath=str(path), **{name: value for name, value in OPTIONS.items() if name in known})
    return [obj for obj in bpy.data.objects if obj not in before]
