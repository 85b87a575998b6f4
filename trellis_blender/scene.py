# SPDX-License-Identifier: GPL-3.0-or-later
"""The model in the scene: imported, named, placed, one undo step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix, Vector

from .core.errors import ModelFileError
from .core.job import Job
from .picture_source import is_rendering

COLLECTION = "Trellis"


def busy_reason(context: bpy.types.Context) -> str:
    """Why nothing can be built in the scene at this moment, empty when it can.

    An import in the middle of a transform, a render or an edit would mix with it, or crash Blender.
    """
    if is_rendering():
        return "Waiting for the render to finish"
    for window in context.window_manager.windows if context.window_manager else ():
        if any(operator.bl_idname != "SCREEN_OT_animation_play" for operator in window.modal_operators):
            return "Waiting for the running tool to finish"
    if context.mode != "OBJECT":
        return "Waiting for Object Mode"
    return ""


def import_model(context: bpy.types.Context, job: Job, path: Path) -> bpy.types.Object:
    """Bring the model into the current scene, its base at the 3D cursor, and make it the selection.

    Returns the model's topmost object. Raises ModelFileError when Blender cannot read the file.
    """
    scene = context.scene
    assert scene is not None
    before = set(bpy.data.objects)
    try:
        bpy.ops.import_scene.gltf(filepath=str(path))
    except RuntimeError as error:
        raise ModelFileError(f"Blender could not import the model: {_first_line(error)}. Press Retry.") from error
    made = [thing for thing in bpy.data.objects if thing not in before]
    meshes = [thing for thing in made if thing.type == "MESH"]
    if not meshes:
        raise ModelFileError("The model's file holds no mesh. Press Retry to download it again.")
    _collect(scene, made)
    root = next(thing for thing in made if thing.parent is None)
    _name(root, meshes, job.name)
    _stand_at(root, meshes, scene.cursor.location)
    _select(context, root)
    bpy.ops.ed.undo_push(message=f"Import {root.name}")
    return root


def _first_line(error: RuntimeError) -> str:
    return str(error).strip().removeprefix("Error: ").splitlines()[0].rstrip(".")


def _collect(scene: bpy.types.Scene, made: list[bpy.types.Object]) -> None:
    """Move the objects from wherever the importer put them to the collection Trellis of this scene."""
    found = (child for child in scene.collection.children_recursive if child.name.split(".")[0] == COLLECTION)
    collection = next(found, None)
    if collection is None:
        collection = bpy.data.collections.new(COLLECTION)
        scene.collection.children.link(collection)
    for thing in made:
        for owner in thing.users_collection:
            owner.objects.unlink(thing)
        collection.objects.link(thing)


def _name(root: bpy.types.Object, meshes: list[bpy.types.Object], name: str) -> None:
    """Name everything after the picture; Blender makes each name unique."""
    root.name = name
    for thing in meshes:
        mesh: Any = thing.data
        mesh.name = name
        for material in filter(None, mesh.materials):
            material.name = name


def _stand_at(root: bpy.types.Object, meshes: list[bpy.types.Object], place: Vector) -> None:
    """Move the model so that the middle of its lowest level is at the place."""
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    corners = [thing.matrix_world @ Vector(corner) for thing in meshes for corner in thing.bound_box]
    low = [min(corner[axis] for corner in corners) for axis in range(3)]
    high = [max(corner[axis] for corner in corners) for axis in range(3)]
    base = Vector(((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]))
    root.matrix_world = Matrix.Translation(place - base) @ root.matrix_world


def _select(context: bpy.types.Context, root: bpy.types.Object) -> None:
    layer = context.view_layer
    assert layer is not None
    for thing in layer.objects:
        thing.select_set(thing is root)
    layer.objects.active = root
