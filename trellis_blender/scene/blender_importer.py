# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's own glTF importer, for the files that our reader leaves to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix, Vector

from ..core.errors import ModelFileError, Remedy, blenders_words
from ..core.job.job import Job
from ..settings import scene as settings
from . import placeholder, recipe
from .build import (
    ANYWHERE,
    Spot,
    beside,
    chosen_place,
    finish_import,
    largest_dimension,
    mark_as_asset,
    target_collection,
)


def import_with_blender(
    context: bpy.types.Context, job: Job, path: Path, *, select: bool, spot: Spot = ANYWHERE
) -> bpy.types.Object:
    """The model by Blender's own glTF importer, for files that our reader leaves to it. Blender stands still meanwhile.

    Returns the model's topmost object. Raises ModelFileError when Blender cannot read the file.
    """
    scene, layer = context.scene, context.view_layer
    assert scene is not None
    assert layer is not None
    if "gltf" not in dir(bpy.ops.import_scene):
        sentence = "Blender's glTF importer is off. Enable “glTF 2.0 format” in Preferences > Add-ons, then retry."
        raise ModelFileError(sentence, remedy=Remedy.IMPORTER)
    before, chosen, active = set(bpy.data.objects), list(context.selected_objects), layer.objects.active
    try:
        bpy.ops.import_scene.gltf(filepath=str(path))
    except RuntimeError as error:
        reason = blenders_words(str(error))
        raise ModelFileError(f"Blender could not import the model: {reason}. Press Retry.") from error
    made = [thing for thing in bpy.data.objects if thing not in before]
    meshes = [thing for thing in made if thing.type == "MESH"]
    if not meshes:
        raise ModelFileError("The model's file holds no mesh. Press Retry to download it again.")
    root = meshes[0]
    while root.parent is not None:
        root = root.parent
    roots = [root, *(thing for thing in made if thing.parent is None and thing != root)]
    for thing in layer.objects:
        thing.select_set(thing in chosen)
    layer.objects.active = active
    _name(root, meshes, job.name)
    if spot.box is None:
        largest, is_grounded = largest_dimension(scene), settings.of_scene(scene).use_ground
        _collect([target_collection(context)], made)
        _stand(roots, meshes, chosen_place(scene) + beside(spot.place, largest), largest, is_grounded=is_grounded)
    else:
        largest, is_grounded = placeholder.largest_dimension(spot.box), placeholder.is_grounded(spot.box)
        _collect(spot.box.users_collection, made)
        _stand(roots, meshes, Vector((0.0, 0.0, 0.0)), largest, is_grounded=is_grounded)
        placeholder.hand_over(spot.box, roots)
    for thing in roots:  # so that all of it is known as the job's
        recipe.write(thing, job)
    mark_as_asset(root, job, path.parent)
    finish_import(context, root, select)
    return root


def _collect(collections: Sequence[bpy.types.Collection], made: list[bpy.types.Object]) -> None:
    """Move the objects there from wherever the importer put them."""
    for thing in made:
        for owner in thing.users_collection:
            owner.objects.unlink(thing)
        for collection in collections:
            collection.objects.link(thing)


def _name(root: bpy.types.Object, meshes: list[bpy.types.Object], name: str) -> None:
    """Name everything after the picture; Blender makes each name unique."""
    root.name = name
    for thing in meshes:
        mesh: Any = thing.data
        mesh.name = name
        for material in filter(None, mesh.materials):
            material.name = name


def _stand(
    roots: list[bpy.types.Object],
    meshes: list[bpy.types.Object],
    place: Vector,
    largest: float | None,
    *,
    is_grounded: bool,
) -> None:
    """Give what Blender imported its size and its place."""
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    corners = [thing.matrix_world @ Vector(corner) for thing in meshes for corner in thing.bound_box]
    low = [min(corner[axis] for corner in corners) for axis in range(3)]
    high = [max(corner[axis] for corner in corners) for axis in range(3)]
    extent = max(top - bottom for top, bottom in zip(high, low, strict=True))
    scale = largest / extent if largest is not None and extent > 0 else 1.0
    base = Vector(((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]))
    if not is_grounded:
        base = Vector((0.0, 0.0, 0.0))
    moved = Matrix.Translation(place) @ Matrix.Scale(scale, 4) @ Matrix.Translation(-base)
    for root in roots:
        root.matrix_world = moved @ root.matrix_world
