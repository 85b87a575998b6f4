# SPDX-License-Identifier: GPL-3.0-or-later
"""The model in the scene: built or imported, named, placed, one undo step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix, Vector

from ..core.errors import ModelFileError, Remedy, blenders_words
from ..core.job.job import Job
from ..core.model.arrays import Model
from ..host.translation.translation import translated
from ..settings import preferences
from ..settings import scene as settings
from . import asset, placeholder, recipe
from .material import make_images, make_material
from .mesh import make_mesh

COLLECTION = "Trellis"


@dataclass(frozen=True)
class Spot:
    """Where a model goes: instead of the `box`; without one to the `place`, from 0, of a row at the chosen location."""

    box: bpy.types.Object | None = None
    place: int = 0


ANYWHERE = Spot()


def place_boxes(context: bpy.types.Context, jobs: Sequence[Job], home: str) -> None:
    """Let boxes stand where these jobs' models will, in a row, as one undo step. What is selected stays so.

    `home` names the folder that the jobs are kept in.
    """
    scene = context.scene
    assert scene is not None
    largest, is_grounded = largest_dimension(scene), settings.of_scene(scene).use_ground
    collection = _collection(context)
    for job in jobs:
        box = placeholder.make(job.name, job.id, home, largest, is_grounded=is_grounded)
        box.location = _place(scene) + beside(job.place, largest)
        collection.objects.link(box)
        for space in placeholder.local_views():
            if space == context.space_data and box.visible_get():
                box.local_view_set(space, True)
    if context.mode == "OBJECT":  # in an edit mode a step would hold the edited mesh alone
        bpy.ops.ed.undo_push(message=translated(f"Generate {jobs[0].name}"))


def beside(place: int, largest: float | None) -> Vector:
    """How far from the chosen location the model of this place in a row stands, models of this largest dimension side
    by side: the first where a single one would, the others to its right along X, with a quarter of it between them.
    """
    return Vector((place * placeholder.edge(largest) * 1.25, 0.0, 0.0))


def build_model(
    context: bpy.types.Context,
    job: Job,
    model: Model,
    *,
    select: bool,
    spot: Spot = ANYWHERE,
    folder: Path | None = None,
) -> bpy.types.Object:
    """The model as one new object, in one tick: nothing half-built is ever drawn, saved or undone.

    Selects it if `select` says so. Returns the object.
    """
    scene = context.scene
    assert scene is not None
    images = make_images(model.images, job.name)
    mesh = make_mesh(job.name, model.mesh)
    for material in model.materials:
        name = f"{job.name} {material.name}".strip() if material is not None and len(model.materials) > 1 else job.name
        mesh.materials.append(None if material is None else make_material(name, material, images))
    thing: bpy.types.Object = bpy.data.objects.new(job.name, mesh)
    if spot.box is None:
        thing.location = _place(scene) + beside(spot.place, largest_dimension(scene))
        _collection(context).objects.link(thing)
    else:
        placeholder.hand_over(spot.box, [thing])
    recipe.write(thing, job)
    _mark(thing, job, folder)
    _finish(context, thing, select)
    return thing


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
        _collect([_collection(context)], made)
        _stand(roots, meshes, _place(scene) + beside(spot.place, largest), largest, is_grounded=is_grounded)
    else:
        largest, is_grounded = placeholder.largest_dimension(spot.box), placeholder.is_grounded(spot.box)
        _collect(spot.box.users_collection, made)
        _stand(roots, meshes, Vector((0.0, 0.0, 0.0)), largest, is_grounded=is_grounded)
        placeholder.hand_over(spot.box, roots)
    for thing in roots:  # so that all of it is known as the job's
        recipe.write(thing, job)
    _mark(root, job, path.parent)
    _finish(context, root, select)
    return root


def _mark(thing: bpy.types.Object, job: Job, folder: Path | None) -> None:
    """Make it an asset, where the preferences say so. `folder` is the job's, with the picture."""
    if preferences.marks_assets() and asset.is_model(thing):
        asset.mark(thing, folder / job.picture if folder is not None and job.picture else None)


def _finish(context: bpy.types.Context, thing: bpy.types.Object, select: bool) -> None:
    """Select it, and make everything one undo step."""
    layer = context.view_layer
    assert layer is not None
    # `layer.objects` does not know the object yet when its collection is new: asking the object itself brings the layer
    # up to date. One in an excluded or hidden collection cannot be selected.
    if select and thing.visible_get(view_layer=layer):
        for other in layer.objects:
            other.select_set(other == thing)
        layer.objects.active = thing
    bpy.ops.ed.undo_push(message=translated(f"Import {thing.name}"))


def _place(scene: bpy.types.Scene) -> Vector:
    return scene.cursor.location.copy() if settings.of_scene(scene).place == "CURSOR" else Vector((0.0, 0.0, 0.0))


def _collection(context: bpy.types.Context) -> bpy.types.Collection:
    """The collection that the settings name, if anything can be put into it. Trellis is looked for in this scene, and
    made when it is not there.
    """
    scene = context.scene
    assert scene is not None
    active = context.collection
    if settings.of_scene(scene).collection == "ACTIVE" and active is not None and _is_writable(active):
        return active
    layer = context.view_layer
    assert layer is not None
    visible = (below.collection for below in _below(layer.layer_collection) if not below.exclude)
    collection = next((found for found in visible if _is_ours(found)), None)
    if collection is None:
        collection = bpy.data.collections.new(COLLECTION)
        scene.collection.children.link(collection)
    return collection


def _below(layer: bpy.types.LayerCollection) -> Iterator[bpy.types.LayerCollection]:
    for child in layer.children:
        yield child
        yield from _below(child)


def _is_ours(collection: bpy.types.Collection) -> bool:
    """Whether it is a collection Trellis that a model can be put into."""
    return _is_writable(collection) and collection.name.split(".")[0] == COLLECTION


def _is_writable(collection: Any) -> bool:
    """Blender puts nothing into a collection that is linked from another file, or overrides one."""
    return collection.library is None and collection.override_library is None


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


def largest_dimension(scene: bpy.types.Scene) -> float | None:
    """The model's largest dimension in scene units, None: as it comes."""
    chosen = settings.of_scene(scene)
    return chosen.size / scene.unit_settings.scale_length if chosen.use_size else None
