# SPDX-License-Identifier: GPL-3.0-or-later
"""Build a model in the scene: name it, place it, make one undo step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import bpy
from mathutils import Matrix, Vector

from ..core.errors import Text
from ..core.job.job import Job
from ..core.job.words import object_name, picture_name
from ..core.model.arrays import Model
from ..host.translation import translated
from ..settings import preferences
from ..settings import scene as scene_settings
from . import asset, place, placeholder, recipe
from .material import make_images, make_material
from .mesh import make_mesh

COLLECTION = "Trellis"
BATCH = "trellis2_batch"  # a collection's property: the id of the batch whose models it holds


@dataclass(frozen=True)
class Placement:
    """Where a model goes: it replaces the placeholder `box`; without one, it stands at the `place`, if that is free.

    None: at the place that the settings name, or the first free one beside it. `batch`: the id of the batch that it
    belongs to; its models have a collection of their own.
    """

    box: bpy.types.Object | None = None
    place: Vector | None = None
    batch: str = ""


ANYWHERE = Placement()


def add_placeholders(
    context: bpy.types.Context,
    jobs: Sequence[Job],
    places: Sequence[Vector],
    home: str,
    collection: bpy.types.Collection | None = None,
) -> None:
    """Add placeholders for these jobs' models at these places, as one undo step. The selection stays as it is.

    `home`: the name of the folder that holds the jobs. `collection`: where to; None: to the one that settings name.
    """
    scene = context.scene
    assert scene is not None
    size, collection = place.size_for(scene), collection or target_collection(context)
    for job, location in zip(jobs, places, strict=True):
        box = placeholder.make(object_name(job), job.id, home, size)
        box.matrix_world = Matrix.Translation(location)  # at once, so that the next click sees where it stands
        collection.objects.link(box)
        for space in placeholder.local_views():
            if space == context.space_data and box.visible_get():
                box.local_view_set(space, True)
    if context.mode == "OBJECT":  # in an edit mode, a step would hold the edited mesh only
        name = picture_name(jobs[0])
        bpy.ops.ed.undo_push(message=translated(Text("Generate {name}", name=name)))


def settled(context: bpy.types.Context, placement: Placement) -> Placement:
    """Return the placement with its place, which is free. Find it before the model is in the scene."""
    is_in_grid = bool(placement.batch) and placement.place is not None  # which was chosen as a whole
    if placement.box is not None or is_in_grid:
        return placement
    return replace(placement, place=place.places(context, 1, beside=placement.place)[0])


def build_model(
    context: bpy.types.Context,
    job: Job,
    model: Model,
    *,
    select: bool,
    placement: Placement = ANYWHERE,
    folder: Path | None = None,
) -> bpy.types.Object:
    """Build the model as one new object and return it.

    One tick does it all, so Blender never draws, saves or undoes half a model. `select`: select the object. `folder`:
    the job's folder, with the picture.
    """
    name = object_name(job)
    images = make_images(model.images, name)
    mesh = make_mesh(name, model.mesh)
    for material in model.materials:
        own = f"{name} {material.name}".strip() if material is not None and len(model.materials) > 1 else name
        mesh.materials.append(None if material is None else make_material(own, material, images))
    obj: bpy.types.Object = bpy.data.objects.new(name, mesh)
    placement = settled(context, placement)
    if placement.box is None:
        assert placement.place is not None
        obj.matrix_world = Matrix.Translation(placement.place)
        collection_for(context, placement).objects.link(obj)
    else:
        placeholder.hand_over(placement.box, [obj])
    finish_import(context, job, [obj], folder, select=select)
    return obj


def finish_import(
    context: bpy.types.Context, job: Job, roots: Sequence[bpy.types.Object], folder: Path | None, *, select: bool
) -> None:
    """Write the recipe to the model's topmost objects, and make one undo step of everything.

    The first of them is marked as an asset if the preferences say so, and selected if `select` is set. `folder`: the
    job's folder, with the picture.
    """
    for obj in roots:  # so that every root is recognized as the job's
        recipe.write(obj, job)
    obj, layer = roots[0], context.view_layer
    if preferences.values().mark_as_asset and asset.is_model(obj):
        asset.mark(obj, folder / job.picture if folder is not None and job.picture else None)
    assert layer is not None
    # `layer.objects` lacks the object if its collection is new; `visible_get` updates the layer. An object in an
    # excluded or hidden collection cannot be selected.
    if select and obj.visible_get(view_layer=layer):
        for other in layer.objects:
            other.select_set(other == obj)
        layer.objects.active = obj
    bpy.ops.ed.undo_push(message=translated(Text("Import {name}", name=obj.name)))


def target_collection(context: bpy.types.Context) -> bpy.types.Collection:
    """Return the collection that the settings name, if it is writable. Else find this scene's “Trellis”, or make it."""
    scene = context.scene
    assert scene is not None
    active = context.collection
    if scene_settings.of_scene(scene).collection == "ACTIVE" and active is not None and _is_writable(active):
        return active
    layer: Any = context.view_layer
    visible = (below.collection for below in _below(layer.layer_collection) if not below.exclude)
    ours = (found for found in visible if _is_writable(found) and found.name.split(".")[0] == COLLECTION)
    collection = next(ours, None)
    if collection is None:
        collection = bpy.data.collections.new(COLLECTION)
        scene.collection.children.link(collection)
    return collection


def collection_for(context: bpy.types.Context, placement: Placement) -> bpy.types.Collection:
    """Return the collection for a model without a placeholder: its batch's if it has one, or `target_collection`."""
    own = batch_collection(placement.batch) if placement.batch else None
    return own if own is not None and _is_writable(own) else target_collection(context)


def batch_collection(batch: str) -> bpy.types.Collection | None:
    """Return the collection of a batch's models, whatever the artist calls it by now; None if it is gone."""
    return next((found for found in bpy.data.collections if cast(Any, found).get(BATCH) == batch), None)


def make_batch_collection(context: bpy.types.Context, batch: str, name: str) -> bpy.types.Collection:
    """Make a collection for a batch's models, inside the one that the settings name."""
    collection = bpy.data.collections.new(name)
    cast(Any, collection)[BATCH] = batch
    target_collection(context).children.link(collection)
    return collection


def _below(layer: bpy.types.LayerCollection) -> Iterator[bpy.types.LayerCollection]:
    for child in layer.children:
        yield child
        yield from _below(child)


def _is_writable(collection: Any) -> bool:
    """Return whether objects can be added. Blender adds none to a linked collection or a library override."""
    return collection.library is None and collection.override_library is None
