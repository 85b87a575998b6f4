# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands a model over to the background Blender, and puts what that made of it where the model stands.

Most steps need the mesh alone, as arrays (`mesh_arrays`); a mesh with what these lose is refused. Others need the model
as a .blend of its own, with all that belongs to it.

No call keeps the main thread for longer than an import of as many faces. Half a million have 20 MB of arrays: copying
these takes 2 ms, but the first touch of fresh memory 3 to 10 ms more, so that they go into memory that is touched.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import bpy
import numpy as np

from ...core.errors import Text, TrellisError, storage_error
from ...host import painted
from .. import placeholder, recipe
from ..material import images_of
from ..mesh import set_loop_starts
from .mesh_arrays import TYPES, Array, Arrays, carried, dress, fill, read_mesh, read_shape
from .work import SOURCE_FILE

if TYPE_CHECKING:
    from .work import Order, Result, Room

LARGE = 200_000  # corners from which on a mesh is made in several ticks
BLEND_FILE = Path(SOURCE_FILE).with_suffix(".blend")  # in the step's folder
KINDS = ("MESH", "EMPTY")


# -- out of the scene


def mesh_size(obj: bpy.types.Object) -> int:
    """Return how many bytes `take_mesh` needs. Raises TrellisError if something of the mesh would be lost."""
    mesh: Any = obj.data
    if mesh.shape_keys is not None:
        raise TrellisError(
            Text("“{name}” has shape keys, which would be lost. Apply or remove them, then try again.", name=obj.name)
        )
    if obj.vertex_groups:
        raise TrellisError(
            Text("“{name}” has vertex groups, which would be lost. Remove them, then try again.", name=obj.name)
        )
    widths = ((len(each.data), *TYPES[each.data_type][1:]) for each in carried(mesh))
    return shape_size(obj) + sum(count * width * np.dtype(kind).itemsize for count, width, kind in widths)


def shape_size(obj: bpy.types.Object) -> int:
    """Return how many bytes `take_shape` needs. Raises TrellisError if the mesh has no faces."""
    mesh: Any = obj.data
    if not len(mesh.polygons):
        raise TrellisError(Text("“{name}” has no faces.", name=obj.name))
    return 4 * (3 * len(mesh.vertices) + len(mesh.loops) + len(mesh.polygons) + 2 * len(mesh.edges))


def take_mesh(obj: bpy.types.Object, _folder: Path, room: Room) -> Arrays:
    """Return the mesh of an object as arrays, and `matrix`, its place in the world, (4, 4). Raises as `mesh_size`."""
    mesh_size(obj)
    return {**read_mesh(obj.data, room.array), "matrix": np.array(obj.matrix_world, np.float64)}


def take_shape(obj: bpy.types.Object, _folder: Path, room: Room) -> Arrays:
    """Return the shape of the mesh as arrays. Raises as `shape_size`."""
    shape_size(obj)
    return read_shape(obj.data, room.array)


def take_blend(obj: bpy.types.Object, folder: Path, _room: Room) -> Arrays:
    """Write the model, and what is parented to it, into the step's folder. Raises StorageError.

    Return `objects`, their names in JSON with the model's first, `matrix`, its place in the world, (4, 4), and the
    pixels that no .blend holds (`host/painted.py`). Nothing is compressed: that takes longer.
    """
    objects: list[Any] = [obj, *(each for each in obj.children_recursive if each.type in KINDS)]
    for each in objects:
        each.update_from_editmode()  # the mesh of an object in Edit Mode is out of date until then
    try:
        folder.mkdir(parents=True, exist_ok=True)
        bpy.data.libraries.write(str(folder / BLEND_FILE), {*objects}, path_remap="ABSOLUTE", compress=False)
    except (OSError, RuntimeError) as error:
        raise storage_error("save the model", error) from error
    names = np.array(json.dumps([each.name for each in objects]))
    return {"objects": names, "matrix": np.array(obj.matrix_world), **painted.taken(images_of(*objects))}


# -- into the scene


def mesh_of(arrays: Arrays, source: bpy.types.Mesh) -> Generator[None, None, bpy.types.Mesh]:
    """Return a new mesh of these arrays, with the name, the materials and the active layers of its source.

    Large ones are made in several ticks: it yields after each of them. The mesh is a whole one then, with less on it.
    """
    mesh = bpy.data.meshes.new(source.name)
    uid: int = cast(Any, mesh).session_uid
    try:
        for _ in fill(mesh, arrays, set_loop_starts):
            if len(arrays["corners"]) > LARGE:
                yield
        if len(arrays["corners"]) > LARGE:
            yield
    except GeneratorExit:
        drop({uid})
        raise
    dress(mesh, source)
    return mesh


def drop(made: Collection[int]) -> None:
    """Remove what was made for a step that does not arrive, unless undo or another file has removed it already.

    `made`: the `session_uid` of meshes, materials and images. Undo leaves no reference to them that could be used.
    """
    kinds: tuple[Any, ...] = bpy.data.meshes, bpy.data.materials, bpy.data.images
    for blocks in kinds:
        for block in [block for block in blocks if block.session_uid in made]:
            blocks.remove(block)


def select(mesh: bpy.types.Mesh, faces: Array) -> None:
    """Select these faces, and nothing else, for Edit Mode. `faces`: (faces) bool.

    Edit Mode selects the corners and the edges of a selected face (`BM_mesh_bm_from_me` in Blender's
    bmesh_mesh_convert.cc). The attributes take 1 ms where the properties of the same meaning take 30.
    """
    given: Any = mesh
    for name in (".select_vert", ".select_edge"):
        if name in given.attributes:
            given.attributes.remove(given.attributes[name])
    selected = given.attributes.get(".select_poly") or given.attributes.new(".select_poly", "BOOLEAN", "FACE")
    selected.data.foreach_set("value", faces)
    given.update()


def stand_in(
    order: Order, obj: bpy.types.Object, result: Result, ending: str
) -> Generator[None, None, bpy.types.Object]:
    """Return a copy of the object with the mesh of the result, which shows in its place. It may take several ticks.

    The faces that are `doubtful` are selected. It makes no undo step.
    """
    mesh = yield from mesh_of(result.arrays, cast(bpy.types.Mesh, obj.data))
    if result.arrays["doubtful"].any():
        select(mesh, result.arrays["doubtful"])
    return put_in_place(order, obj, mesh, ending, result.numbers)


def put_in_place(
    order: Order, obj: bpy.types.Object, mesh: bpy.types.Mesh, ending: str, numbers: Mapping[str, Any]
) -> bpy.types.Object:
    """Return a copy of the object with this mesh, which shows in its place. Its recipe says what was done.

    It makes no undo step. The selection goes over to the copy if the object was selected.
    """
    layer = bpy.context.view_layer
    assert layer is not None
    copy: Any = obj.copy()
    copy.data = mesh
    copy.name = mesh.name = f"{obj.name} {ending}"
    for collection in obj.users_collection:
        collection.objects.link(copy)
    for space in placeholder.local_views():
        if obj.local_view_get(space):
            copy.local_view_set(space, True)
    settings = {name: value for name, value in order.settings.items() if name != "folder"}
    recipe.grow(copy, {"step": order.step, **settings, **numbers})
    is_here = layer.objects.get(obj.name) == obj
    if is_here and obj.select_get() and copy.visible_get():
        copy.select_set(True)
        if layer.objects.active == obj:
            layer.objects.active = copy
    obj.hide_render = True
    if is_here:
        obj.hide_set(True)
    return copy  # type: ignore[no-any-return]  # an object
