# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes a mesh apart into arrays, and makes a mesh of them, piece by piece.

No call keeps the main thread for longer than an import of as many faces. Half a million have 20 MB of arrays: copying
these takes 2 ms, but the first touch of fresh memory 3 to 10 ms more, so that they go into memory that is touched.

The arrays have Blender's own layout, so that nothing is converted. They are `positions`, `corners`, `starts` and
`edges` (see `core/model/surface/solid.py`), `corner_edges`, and the attributes as `attribute 0`, `attribute 1` and so
on, described in `attributes`. Vertex groups and shape keys are no attributes: a mesh with these is refused.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Iterator
from typing import TYPE_CHECKING, Any, cast

import bpy
import numpy as np
import numpy.typing as npt

from ...core.errors import Text, TrellisError
from ..mesh import set_loop_starts

if TYPE_CHECKING:
    from .work import Room

Array = npt.NDArray[Any]
Arrays = dict[str, Array]

# For each type of attribute: the member of its items, how many numbers that has, and their type.
TYPES: dict[str, tuple[str, int, type]] = {
    "FLOAT": ("value", 1, np.float32),
    "INT": ("value", 1, np.int32),
    "INT8": ("value", 1, np.int32),
    "BOOLEAN": ("value", 1, np.bool_),
    "FLOAT2": ("vector", 2, np.float32),
    "FLOAT_VECTOR": ("vector", 3, np.float32),
    "FLOAT_COLOR": ("color", 4, np.float32),
    "BYTE_COLOR": ("color", 4, np.float32),
    "INT32_2D": ("value", 2, np.int32),
    "QUATERNION": ("value", 4, np.float32),
}
LARGE = 200_000  # corners from which on a mesh is made in several ticks
OWN = frozenset({"position", "custom_normal"})  # the first goes by itself; the other fits no other shape


def size(obj: bpy.types.Object) -> int:
    """Return how many bytes `taken` needs. Raises TrellisError if something of the mesh would be lost."""
    mesh: Any = obj.data
    if mesh.shape_keys is not None:
        raise TrellisError(
            Text("“{name}” has shape keys, which would be lost. Apply or remove them, then try again.", name=obj.name)
        )
    if obj.vertex_groups:
        raise TrellisError(
            Text("“{name}” has vertex groups, which would be lost. Remove them, then try again.", name=obj.name)
        )
    return shape_size(obj) + sum(_size(attribute) for attribute in _carried(mesh))


def shape_size(obj: bpy.types.Object) -> int:
    """Return how many bytes `shape_taken` needs. Raises TrellisError if the mesh has no faces."""
    mesh: Any = obj.data
    if not len(mesh.polygons):
        raise TrellisError(Text("“{name}” has no faces.", name=obj.name))
    return 4 * (3 * len(mesh.vertices) + len(mesh.loops) + len(mesh.polygons) + 2 * len(mesh.edges))


def taken(obj: bpy.types.Object, room: Room) -> Arrays:
    """Return the mesh of an object as arrays. Raises as `size` does.

    There are no `starts` if all faces are triangles, no `edges` if these have no attributes, and no `corner_edges`:
    each array takes the main thread a few milliseconds.
    """
    size(obj)
    mesh: Any = obj.data
    arrays = shape_taken(obj, room)
    described: list[tuple[str, str, str]] = []
    for attribute in _carried(mesh):
        arrays[f"attribute {len(described)}"] = _read(attribute, room)
        described.append((attribute.name, attribute.data_type, attribute.domain))
    if any(domain == "EDGE" for _name, _kind, domain in described):
        arrays["edges"] = _read(mesh.attributes[".edge_verts"], room)
    arrays["attributes"] = np.array(json.dumps(described))
    return arrays


def shape_taken(obj: bpy.types.Object, room: Room) -> Arrays:
    """Return `positions`, `corners`, and `starts` unless all faces are triangles."""
    mesh: Any = obj.data
    arrays: Arrays = {
        "positions": _read(mesh.attributes["position"], room),
        "corners": _read(mesh.attributes[".corner_vert"], room).ravel(),
    }
    if len(mesh.loops) != 3 * len(mesh.polygons):
        arrays["starts"] = room.array((len(mesh.polygons),), np.int32)
        mesh.polygons.foreach_get("loop_start", arrays["starts"])
    return arrays


def _carried(mesh: Any) -> Iterator[Any]:
    """Yield the attributes that go along."""
    for attribute in mesh.attributes:
        if not attribute.name.startswith(".") and attribute.name not in OWN and attribute.data_type in TYPES:
            yield attribute


def mesh_of(arrays: Arrays, source: bpy.types.Mesh) -> Generator[None, None, bpy.types.Mesh]:
    """Return a new mesh of these arrays, with the name, the materials and the active layers of its source.

    Large ones are made in several ticks: it yields after each of them. The mesh is a whole one then, with less on it.
    """
    mesh: Any = bpy.data.meshes.new(source.name)
    uid: int = mesh.session_uid
    is_large = len(arrays["corners"]) > LARGE
    mesh.vertices.add(len(arrays["positions"]))
    mesh.edges.add(len(arrays["edges"]))
    mesh.loops.add(len(arrays["corners"]))
    mesh.polygons.add(len(arrays["starts"]))
    for name, member, key in (
        ("position", "vector", "positions"),
        (".edge_verts", "value", "edges"),
        (".corner_vert", "value", "corners"),
        (".corner_edge", "value", "corner_edges"),
    ):
        mesh.attributes[name].data.foreach_set(member, arrays[key].ravel())
    set_loop_starts(mesh, arrays["starts"])
    try:
        for number, (name, kind, domain) in enumerate(json.loads(str(arrays["attributes"]))):
            if is_large:
                yield
            attribute = mesh.attributes.get(name) or mesh.attributes.new(name, kind, domain)
            attribute.data.foreach_set(TYPES[kind][0], arrays[f"attribute {number}"].ravel())
        if is_large:
            yield
    except GeneratorExit:
        drop({uid})
        raise
    for material in cast(Any, source.materials):
        mesh.materials.append(material)
    _activate(mesh, source)
    return cast(bpy.types.Mesh, mesh)


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


def _size(attribute: Any) -> int:
    _member, width, kind = TYPES[attribute.data_type]
    return len(attribute.data) * width * np.dtype(kind).itemsize


def _read(attribute: Any, room: Room) -> Array:
    member, width, kind = TYPES[attribute.data_type]
    values = room.array((len(attribute.data), width), kind)
    attribute.data.foreach_get(member, values.ravel())
    return values


def _activate(mesh: Any, source: Any) -> None:
    """Make the same UV map and the same color attribute the active one, and the one for rendering."""
    if source.uv_layers.active is not None and source.uv_layers.active.name in mesh.uv_layers:
        mesh.uv_layers.active = mesh.uv_layers[source.uv_layers.active.name]
    for layer in source.uv_layers:
        if layer.active_render and layer.name in mesh.uv_layers:
            mesh.uv_layers[layer.name].active_render = True
    if source.attributes.active_color_name in mesh.attributes:
        mesh.attributes.active_color_name = source.attributes.active_color_name
        mesh.attributes.default_color_name = source.attributes.default_color_name
