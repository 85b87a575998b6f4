# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender's own glTF importer makes of a model, put where ours would stand: for what our reader leaves to it.

The background Blender imports it into a .blend, and that is appended. Where none can be started, this one imports it.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix, Vector

from ..core.errors import ModelFileError, Remedy, blenders_words, import_error
from ..core.job.job import Job
from ..host import gltf
from ..settings import scene as scene_settings
from . import build, placeholder, recipe
from .build import ANYWHERE, Placement

ORIGIN = Vector((0.0, 0.0, 0.0))


def append(
    context: bpy.types.Context, job: Job, imported: Path, *, select: bool, placement: Placement = ANYWHERE
) -> bpy.types.Object:
    """The model that the background Blender imported into that .blend, which is gone afterwards; its topmost object.

    Raises ModelFileError when there is none in it.
    """
    assert context.scene is not None
    made = _appended(imported)
    meter = placeholder.meter(placement.box) if placement.box is not None else build.meter(context.scene)
    return _put(context, job, made, imported.parent, select=select, placement=placement, meter=meter)


def import_here(
    context: bpy.types.Context, job: Job, path: Path, *, select: bool, placement: Placement = ANYWHERE
) -> bpy.types.Object:
    """The same by this Blender, which freezes meanwhile. Raises ModelFileError when it cannot read the file."""
    layer = context.view_layer
    assert layer is not None
    if not gltf.is_enabled():
        sentence = "Blender's glTF importer is off. Enable “glTF 2.0 format” in Preferences > Add-ons, then retry."
        raise ModelFileError(sentence, remedy=Remedy.IMPORTER)
    chosen, active = list(context.selected_objects), layer.objects.active
    try:
        made = gltf.import_gltf(path)
    except RuntimeError as error:
        raise import_error(f"Blender could not import the model: {blenders_words(str(error))}") from error
    for thing in layer.objects:
        thing.select_set(thing in chosen)
    layer.objects.active = active
    return _put(
        context, job, made, path.parent, select=select, placement=placement, meter=1.0
    )  # the importer knows the units


def _appended(file: Path) -> list[bpy.types.Object]:
    """The objects of the .blend's collection, in none now. Neither the file nor a reference to it is left."""
    before, images = set(bpy.data.libraries), set(bpy.data.images)
    libraries: Any = bpy.data.libraries  # the stubs do not know that `load` is for `with`
    try:
        with libraries.load(str(file), link=False) as (there, wanted):
            wanted.collections = [name for name in there.collections if name == gltf.COLLECTION]
    except OSError as error:
        raise ModelFileError("What Blender imported could not be read. Press Retry to download it again.") from error
    made: list[bpy.types.Object] = []
    for collection in wanted.collections:
        made += collection.all_objects
        for thing in [*collection.objects]:
            collection.objects.unlink(thing)
        bpy.data.collections.remove(collection)
    for library in set(bpy.data.libraries) - before:
        bpy.data.libraries.remove(library)
    for image in set(bpy.data.images) - images:
        if not image.packed_file and bpy.data.is_saved:
            image.filepath = bpy.path.relpath(image.filepath)
    with contextlib.suppress(OSError):  # the job's removal, or the next import, takes it away
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
    """Name the objects, give them size and place, and make one undo step. `meter`: scene units to one of theirs.

    Returns the topmost object. Raises ModelFileError when there is no mesh among them.
    """
    scene = context.scene
    assert scene is not None
    meshes = [thing for thing in made if thing.type == "MESH"]
    if not meshes:
        raise import_error("The model's file holds no mesh")
    root = meshes[0]
    while root.parent is not None:
        root = root.parent
    roots = [root, *(thing for thing in made if thing.parent is None and thing != root)]
    if any(thing.animation_data is not None for thing in roots):  # its keys would set it back to where the file has it
        roots = [_parent(roots, job.name)]
        made = [*made, *roots]
    _name(roots[0], meshes, job.name)
    if placement.box is None:
        largest, is_grounded = build.largest_dimension(scene), scene_settings.of_scene(scene).use_ground
        _collect([build.target_collection(context)], made)
        _stand(roots, meshes, build.row_place(scene, placement.place), largest, meter, is_grounded=is_grounded)
    else:
        largest, is_grounded = placeholder.largest_dimension(placement.box), placeholder.is_grounded(placement.box)
        _collect(placement.box.users_collection, made)
        _stand(roots, meshes, ORIGIN, largest, meter, is_grounded=is_grounded)
        placeholder.hand_over(placement.box, roots)
    for thing in roots:  # so that all of it is known as the job's
        recipe.write(thing, job)
    build.mark_as_asset(roots[0], job, folder)
    build.finish_import(context, roots[0], select)
    return roots[0]


def _parent(roots: Sequence[bpy.types.Object], name: str) -> bpy.types.Object:
    """An empty that all of them hang on."""
    parent: bpy.types.Object = bpy.data.objects.new(name, None)
    for root in roots:
        root.parent = parent
    return parent


def _collect(collections: Sequence[bpy.types.Collection], made: list[bpy.types.Object]) -> None:
    """Move the objects there from wherever they are."""
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
    meter: float,
    *,
    is_grounded: bool,
) -> None:
    """Give what Blender imported its size and its place."""
    low, high = _bounds(meshes)
    extent = max((high - low).to_tuple())
    scale = largest / extent if largest is not None and extent > 0 else meter
    base = Vector(((low.x + high.x) / 2, (low.y + high.y) / 2, low.z)) if is_grounded else ORIGIN
    moved = Matrix.Translation(place) @ Matrix.Scale(scale, 4) @ Matrix.Translation(-base)
    for root in roots:
        root.matrix_world = moved @ root.matrix_world


def _bounds(meshes: list[bpy.types.Object]) -> tuple[Vector, Vector]:
    """The lowest and the highest corner of all of them as they are seen, in the world; what is no number left out."""
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    shown = [thing.evaluated_get(graph) for thing in meshes]
    corners = [thing.matrix_world @ Vector(corner) for thing in shown for corner in thing.bound_box]
    sound = [corner for corner in corners if all(map(math.isfinite, corner.to_tuple()))] or [ORIGIN]
    low, high = (Vector([pick(axis) for axis in zip(*sound, strict=True)]) for pick in (min, max))
    return low, high
