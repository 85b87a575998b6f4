# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a model from Blender's own glTF importer into the scene. It reads the files that our reader does not support.

The background Blender imports the model into a .blend, and we append from that. If no background Blender can be
started, this one imports the model.
"""

from __future__ import annotations

import contextlib
import logging
import math
from pathlib import Path
from typing import Any

import bpy
from mathutils import Vector

from ..core.errors import ModelFileError, Remedy, as_storage_error, blenders_words, import_error
from ..core.job.job import Job
from ..core.job.words import object_name
from ..core.model.glb import LARGE_JSON, open_glb, refuse_bombs
from ..host import gltf
from . import build, placeholder
from .build import ANYWHERE, Placement
from .place import bounds, corners, foot, moved, size_for

_log = logging.getLogger(__name__)
ORIGIN = Vector((0.0, 0.0, 0.0))


def append(
    context: bpy.types.Context, job: Job, imported: Path, *, select: bool, placement: Placement = ANYWHERE
) -> bpy.types.Object:
    """Append the model from the .blend that the background Blender wrote, and delete that file.

    Return the model's topmost object. Raises ModelFileError if the .blend holds no model.
    """
    placement = build.settled(context, placement)
    return _put(context, job, _appended(imported), imported.parent, select=select, placement=placement)


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
    return _put(context, job, made, path.parent, select=select, placement=placement, has_units=True)


def _refuse_bomb(path: Path) -> None:
    """Raise ModelFileError if the file asks for more than this Blender could hold, or cannot be asked.

    In the background Blender its own bounds do that.
    """
    try:
        with as_storage_error("read the model"):
            refuse_bombs(open_glb(path))
    except ModelFileError as error:
        if error.flaw == LARGE_JSON:
            raise import_error("The model needs a second Blender, which could not be started") from error
        if not error.flaw:
            raise


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
    has_units: bool = False,
) -> bpy.types.Object:
    """Name the objects, set their size and place, and make one undo step.

    `has_units`: they are in the scene's units already, because the importer has converted theirs.

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
        parent: bpy.types.Object = bpy.data.objects.new(object_name(job), None)
        for each in roots:
            each.parent = parent
        roots, made = [parent], [*made, parent]
    _name(roots[0], meshes, object_name(job))
    if placement.box is None:
        assert placement.place is not None
        size, stands, collections = size_for(scene), placement.place, [build.collection_for(context, placement)]
    else:
        size, stands, collections = placeholder.size_of(placement.box), ORIGIN, [*placement.box.users_collection]
    for obj in made:
        placeholder.relink(obj, collections)
    _stand(roots, meshes, stands, size._replace(meter=1.0) if has_units else size)
    if placement.box is not None:
        placeholder.hand_over(placement.box, roots)
    build.finish_import(context, job, roots, folder, select=select)
    return roots[0]


def _name(root: bpy.types.Object, meshes: list[bpy.types.Object], name: str) -> None:
    """Name the root, the meshes and their materials. Blender makes each name unique."""
    root.name = name
    for obj in meshes:
        mesh: Any = obj.data
        mesh.name = name
        for material in filter(None, mesh.materials):
            material.name = name


def _stand(
    roots: list[bpy.types.Object], meshes: list[bpy.types.Object], stands: Vector, size: placeholder.Size
) -> None:
    """Scale and move the imported objects."""
    low, high = _bounds(meshes)
    extent = max((high - low).to_tuple())
    scale = size.largest / extent if size.largest is not None and extent > 0 else size.meter
    matrix = moved(foot(low, high) if size.is_grounded else ORIGIN, stands, scale)
    for root in roots:
        root.matrix_world = matrix @ root.matrix_world


def _bounds(meshes: list[bpy.types.Object]) -> tuple[Vector, Vector]:
    """Return the lowest and the highest corner of all evaluated meshes in world space, ignoring those not finite."""
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    shown = [obj.evaluated_get(graph) for obj in meshes]
    every = (corner for obj in shown for corner in corners(obj, obj.matrix_world))
    return bounds([corner for corner in every if all(map(math.isfinite, corner.to_tuple()))] or [ORIGIN])
