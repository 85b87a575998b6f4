# SPDX-License-Identifier: GPL-3.0-or-later
"""The model in the scene: built or imported, named, placed, one undo step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix, Vector

from . import recipe, settings
from .core.errors import ModelFileError, Remedy
from .core.job import Job
from .core.model import Model
from .material import make_images, make_material
from .mesh import make_mesh
from .picture_source import is_rendering

COLLECTION = "Trellis"
# Tools that run on without touching the scene: the playback, and a render, which stays on until its window gets an
# event even when `is_rendering` says that it is over.
HARMLESS = frozenset({"SCREEN_OT_animation_play", "RENDER_OT_render"})
Selection = frozenset[int]


def busy_reason(context: bpy.types.Context, *, is_asked: bool = False) -> str:
    """Why nothing can be built in the scene at this moment, empty when it can.

    An import in the middle of a transform, a render or an edit would mix with it, or crash Blender. `is_asked`: the
    artist has just clicked, so a tool that is still running is one of those that always run.
    """
    if is_rendering():
        return "Waiting for the render to finish"
    for window in context.window_manager.windows if context.window_manager and not is_asked else ():
        if any(operator.bl_idname not in HARMLESS for operator in window.modal_operators):
            return "Waiting for the running tool to finish"
    if context.mode != "OBJECT":
        return "Waiting for Object Mode"
    return ""


def selection(context: bpy.types.Context) -> Selection:
    """What is selected and active, in a form that outlives undo."""
    layer = context.view_layer
    assert layer is not None
    active = layer.objects.active
    chosen = {thing.session_uid for thing in layer.objects if thing.select_get()}
    return frozenset(chosen | ({-active.session_uid} if active is not None else set()))


def build_model(context: bpy.types.Context, job: Job, model: Model, *, select: bool) -> bpy.types.Object:
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
    thing.location = _place(scene)
    _collection(context).objects.link(thing)
    recipe.write(thing, job)
    _finish(context, thing, select)
    return thing


def import_with_blender(context: bpy.types.Context, job: Job, path: Path, *, select: bool) -> bpy.types.Object:
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
        raise ModelFileError(f"Blender could not import the model: {_first_line(error)}. Press Retry.") from error
    made = [thing for thing in bpy.data.objects if thing not in before]
    meshes = [thing for thing in made if thing.type == "MESH"]
    if not meshes:
        raise ModelFileError("The model's file holds no mesh. Press Retry to download it again.")
    _collect(_collection(context), made)
    root = meshes[0]
    while root.parent is not None:
        root = root.parent
    _name(root, meshes, job.name)
    _stand(scene, [thing for thing in made if thing.parent is None], meshes)
    for thing in layer.objects:
        thing.select_set(thing in chosen)
    layer.objects.active = active
    recipe.write(root, job)
    _finish(context, root, select)
    return root


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
    bpy.ops.ed.undo_push(message=f"Import {thing.name}")


def _first_line(error: RuntimeError) -> str:
    return str(error).strip().removeprefix("Error: ").splitlines()[0].rstrip(".")


def _place(scene: bpy.types.Scene) -> Vector:
    return scene.cursor.location.copy() if settings.of_scene(scene).place == "CURSOR" else Vector((0.0, 0.0, 0.0))


def _collection(context: bpy.types.Context) -> bpy.types.Collection:
    """The collection that the settings name; Trellis is looked for in this scene, and made when it is not there."""
    scene = context.scene
    assert scene is not None
    if settings.of_scene(scene).collection == "ACTIVE" and context.collection is not None:
        return context.collection
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
    """Whether it is a collection Trellis that a model can be put into: not one linked from another file."""
    linked: Any = collection.library  # None for a local one, which the stubs do not know
    return linked is None and collection.name.split(".")[0] == COLLECTION


def _collect(collection: bpy.types.Collection, made: list[bpy.types.Object]) -> None:
    """Move the objects there from wherever the importer put them."""
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


def _stand(scene: bpy.types.Scene, roots: list[bpy.types.Object], meshes: list[bpy.types.Object]) -> None:
    """Give what Blender imported the size and the place that the settings ask for."""
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    corners = [thing.matrix_world @ Vector(corner) for thing in meshes for corner in thing.bound_box]
    low = [min(corner[axis] for corner in corners) for axis in range(3)]
    high = [max(corner[axis] for corner in corners) for axis in range(3)]
    largest, extent = largest_dimension(scene), max(top - bottom for top, bottom in zip(high, low, strict=True))
    scale = largest / extent if largest is not None and extent > 0 else 1.0
    base = Vector(((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]))
    if not settings.of_scene(scene).use_ground:
        base = Vector((0.0, 0.0, 0.0))
    moved = Matrix.Translation(_place(scene)) @ Matrix.Scale(scale, 4) @ Matrix.Translation(-base)
    for root in roots:
        root.matrix_world = moved @ root.matrix_world


def largest_dimension(scene: bpy.types.Scene) -> float | None:
    """The model's largest dimension in scene units, None: as it comes."""
    chosen = settings.of_scene(scene)
    return chosen.size / scene.unit_settings.scale_length if chosen.use_size else None
