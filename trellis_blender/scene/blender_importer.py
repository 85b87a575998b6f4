# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a model from Blender's own glTF importer into the scene. It reads the files that our reader does not support.

The background Blender imports the model into a .blend, and we append from that. If no background Blender can be
started, this one imports the model.
"""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
from mathutils import Vector

from ..core.errors import ModelFileError, Remedy, blenders_words, import_error, storage_error
from ..core.job.job import Job
from ..core.job.words import object_name
from ..core.model.bounds import refuse_bombs
from ..core.model.glb import LARGE_JSON, open_glb
from ..host import gltf
from ..settings import scene as scene_settings
from . import build, placeholder, recipe
from .build import ANYWHERE, Placement
from .place import bounds, foot, moved

_log = logging.getLogger(__name__)
ORIGIN = Vector((0.0, 0.0, 0.0))


def append(
    context: bpy.types.Context, job: Job, imported: Path, *, select: bool, placement: Placement = ANYWHERE
) -> bpy.types.Object:
    """Append the model from the .blend that the background Blender wrote, and delete that file.

    Return the model's topmost object. Raises ModelFileError if the .blend holds no model.
    """
    assert context.scene is not None
    placement = build.settled(context, placement)
    made = _appended(imported)
    meter = placeholder.meter(placement.box) if placement.box is not None else build.meter(context.scene)
    return _put(context, job, made, imported.parent, select=select, placement=placement, meter=meter)


def import_here(
    context: bpy.types.Context, job: Job, path: Path, *, select: bool, placement: Placement = ANYWHERE
) -> bpy.types.Object:
    """Import the model in this Blender, which freezes meanwhile. Return the topmost object.

    Raises ModelFileError if Blender cannot read the file.
    """
    layer = context.view_layer
    assert layer is not None
    if not gltf.is_enabled():
        sentence = "Blender's glTF importer is off. Enable “glTF 2.0 format” in Preferences > Add-ons, then retry."
        raise ModelFileError(sentence, remedy=Remedy.IMPORTER)
    _refuse_bomb(path)
    placement = build.settled(context, placement)
    chosen, active = list(context.selected_objects), layer.objects.active
    try:
        made = gltf.import_gltf(path)
    except RuntimeError as error:
        _log.warning("Blender's importer: %s", blenders_words(str(error)))
        raise import_error("Blender could not import the model") from error
    for obj in layer.objects:
        obj.select_set(obj in chosen)
    layer.objects.active = active
    return _put(
        context, job, made, path.parent, select=select, placement=placement, meter=1.0
    )  # the importer has already converted the units


def _refuse_bomb(path: Path) -> None:
    """Raise ModelFileError if the file asks for more than this Blender could hold, or cannot be asked.

    In the background Blender its own bounds do that.
    """
    try:
        refuse_bombs(open_glb(path))
    except ModelFileError as error:
        if error.flaw == LARGE_JSON:
            raise import_error("The model needs a second Blender, which could not be started") from error
        if not error.flaw:
            raise
    except OSError as error:
        raise storage_error("read the model", error) from error


def _appended(file: Path) -> list[bpy.types.Object]:
    """Append and return the objects of the .blend's collection, in no collection.

    The file and the reference to it are removed. Raises ModelFileError.
    """
    before, images = set(bpy.data.libraries), set(bpy.data.images)
    libraries: Any = bpy.data.libraries  # the stubs do not know that `load` is a context manager
    try:
        with libraries.load(str(file), link=False) as (there, wanted):
            wanted.collections = [name for name in there.collections if name == gltf.COLLECTION]
    except OSError as error:
        raise ModelFileError("What Blender imported could not be read. Press Retry to download it again.") from error
    made: list[bpy.types.Object] = []
    for collection in wanted.collections:
        made += collection.all_objects
        for obj in [*collection.objects]:
            collection.objects.unlink(obj)
        bpy.data.collections.remove(collection)
    for library in set(bpy.data.libraries) - before:
        bpy.data.libraries.remove(library)
    for image in set(bpy.data.images) - images:
        if not image.packed_file and bpy.data.is_saved:
            image.filepath = bpy.path.relpath(image.filepath)
    with contextlib.suppress(OSError):  # removing the job, or the next import, deletes it
        file.unlink()
    return made


def _put(
    context: bpy.types.Context,
    job: Job,
    made: list[bpy.types.Object],
    folder: Path,
    *,
    select: bool,
    placement: Placement,
    meter: float,
) -> bpy.types.Object:
    """Name the objects, set their size and place, and make one undo step. `meter`: scene units per unit of theirs.

    Return the topmost object. Raises ModelFileError if there is no mesh among them.
    """
    scene = context.scene
    assert scene is not None
    meshes = [obj for obj in made if obj.type == "MESH"]
    if not meshes:
        raise import_error("The model's file holds no mesh")
    root = meshes[0]
    while root.parent is not None:
        root = root.parent
    roots = [root, *(obj for obj in made if obj.parent is None and obj != root)]
    if any(obj.animation_data is not None for obj in roots):  # its keys would move it back
        roots = [_parent(roots, object_name(job))]
        made = [*made, *roots]
    _name(roots[0], meshes, object_name(job))
    if placement.box is None:
        largest, is_grounded = build.largest_dimension(scene), scene_settings.of_scene(scene).use_ground
        _collect([build.collection_for(context, placement)], made)
        assert placement.place is not None
        _stand(roots, meshes, placement.place, largest, meter, is_grounded=is_grounded)
    else:
        largest, is_grounded = placeholder.largest_dimension(placement.box), placeholder.is_grounded(placement.box)
        _collect(placement.box.users_collection, made)
        _stand(roots, meshes, ORIGIN, largest, meter, is_grounded=is_grounded)
        placeholder.hand_over(placement.box, roots)
    for obj in roots:  # so that every root is recognized as the job's
        recipe.write(obj, job)
    build.mark_as_asset(roots[0], job, folder)
    build.finish_import(context, roots[0], select)
    return roots[0]


def _parent(roots: Sequence[bpy.types.Object], name: str) -> bpy.types.Object:
    """Return a new empty that is the parent of all the roots."""
    parent: bpy.types.Object = bpy.data.objects.new(name, None)
    for root in roots:
        root.parent = parent
    return parent


def _collect(collections: Sequence[bpy.types.Collection], made: list[bpy.types.Object]) -> None:
    """Move the objects to these collections, out of all others."""
    for obj in made:
        for owner in obj.users_collection:
            owner.objects.unlink(obj)
        for collection in collections:
            collection.objects.link(obj)


def _name(root: bpy.types.Object, meshes: list[bpy.types.Object], name: str) -> None:
    """Name the root, the meshes and their materials. Blender makes each name unique."""
    root.name = name
    for obj in meshes:
        mesh: Any = obj.data
        mesh.name = name
        for material in filter(None, mesh.materials):
            material.name = name


def _stand(
    roots: list[bpy.types.Object],
    meshes: list[bpy.types.Object],
    place: Vector,
    largest: float | None,
    meter: float,
    *,
    is_grounded: bool,
) -> None:
    """Scale and move the imported objects."""
    low, high = _bounds(meshes)
    extent = max((high - low).to_tuple())
    scale = largest / extent if largest is not None and extent > 0 else meter
    matrix = moved(foot(low, high) if is_grounded else ORIGIN, place, scale)
    for root in roots:
        root.matrix_world = matrix @ root.matrix_world


def _bounds(meshes: list[bpy.types.Object]) -> tuple[Vector, Vector]:
    """Return the lowest and the highest corner of all evaluated meshes in world space, ignoring those not finite."""
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    shown = [obj.evaluated_get(graph) for obj in meshes]
    corners = [obj.matrix_world @ Vector(corner) for obj in shown for corner in obj.bound_box]
    return bounds([corner for corner in corners if all(map(math.isfinite, corner.to_tuple()))] or [ORIGIN])
