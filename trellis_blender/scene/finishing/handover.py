# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes a mesh apart into arrays, and makes a mesh of them: some milliseconds for half a million faces.

The arrays have Blender's own layout, so that nothing is converted. They are `positions`, `corners`, `starts` and
`edges` (see `core/model/surface/solid.py`), `corner_edges`, and the attributes as `attribute 0`, `attribute 1` and so
on, described in `attributes`. Vertex groups and shape keys are no attributes: a mesh with these is refused.
"""

from __future__ import annotations

import json
from typing import Any, cast

import bpy
import numpy as np
import numpy.typing as npt

from ...core.errors import Text, TrellisError
from ..mesh import set_loop_starts

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
OWN = frozenset({"position", "custom_normal"})  # the first goes by itself; the other fits no other shape


def taken(obj: bpy.types.Object) -> Arrays:
    """Return the mesh of an object as arrays. Raises TrellisError if something of it would be lost.

    There are no `starts` if all faces are triangles, no `edges` if these have no attributes, and no `corner_edges`:
    each array takes the main thread a few milliseconds.
    """
    mesh: Any = obj.data
    if mesh.shape_keys is not None:
        raise TrellisError(
            Text("“{name}” has shape keys, which would be lost. Apply or remove them, then try again.", name=obj.name)
        )
    if obj.vertex_groups:
        raise TrellisError(
            Text("“{name}” has vertex groups, which would be lost. Remove them, then try again.", name=obj.name)
        )
    if not len(mesh.polygons):
        raise TrellisError(Text("“{name}” has no faces.", name=obj.name))
    arrays: Arrays = {
        "positions": _read(mesh.attributes["position"], len(mesh.vertices)).reshape(-1, 3),
        "corners": np.empty(len(mesh.loops), np.int32),
    }
    mesh.attributes[".corner_vert"].data.foreach_get("value", arrays["corners"])
    if len(mesh.loops) != 3 * len(mesh.polygons):
        arrays["starts"] = np.empty(len(mesh.polygons), np.int32)
        mesh.polygons.foreach_get("loop_start", arrays["starts"])
    described: list[tuple[str, str, str]] = []
    for attribute in mesh.attributes:
        if attribute.name.startswith(".") or attribute.name in OWN or attribute.data_type not in TYPES:
            continue
        arrays[f"attribute {len(described)}"] = _read(attribute, len(attribute.data))
        described.append((attribute.name, attribute.data_type, attribute.domain))
    if any(domain == "EDGE" for _name, _kind, domain in described):
        arrays["edges"] = np.empty((len(mesh.edges), 2), np.int32)
        mesh.attributes[".edge_verts"].data.foreach_get("value", arrays["edges"].ravel())
    arrays["attributes"] = np.array(json.dumps(described))
    return arrays


def mesh_of(arrays: Arrays, source: bpy.types.Mesh) -> bpy.types.Mesh:
    """Return a new mesh of these arrays, with the name, the materials and the active layers of its source."""
    mesh: Any = bpy.data.meshes.new(source.name)
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
    for number, (name, kind, domain) in enumerate(json.loads(str(arrays["attributes"]))):
        attribute = mesh.attributes.get(name) or mesh.attributes.new(name, kind, domain)
        attribute.data.foreach_set(TYPES[kind][0], arrays[f"attribute {number}"].ravel())
    for material in cast(Any, source.materials):
        mesh.materials.append(material)
    _activate(mesh, source)
    return cast(bpy.types.Mesh, mesh)


def select(mesh: bpy.types.Mesh, faces: Array) -> None:
    """Select these faces, and nothing else, for Edit Mode. `faces`: (faces) bool."""
    given: Any = mesh
    corners, starts = np.empty(len(given.loops), np.int32), np.empty(len(given.polygons), np.int32)
    given.loops.foreach_get("vertex_index", corners)
    given.polygons.foreach_get("loop_start", starts)
    sizes = np.diff(np.append(starts, len(corners)))
    chosen = np.zeros(len(given.vertices), bool)
    chosen[corners[np.repeat(faces, sizes)]] = True
    ends = np.empty(2 * len(given.edges), np.int32)
    given.edges.foreach_get("vertices", ends)
    given.vertices.foreach_set("select", chosen)
    given.edges.foreach_set("select", chosen[ends].reshape(-1, 2).all(axis=1))
    given.polygons.foreach_set("select", faces)
    given.update()


def _read(attribute: Any, count: int) -> Array:
    member, width, kind = TYPES[attribute.data_type]
    values: Array = np.empty(count * width, kind)
    attribute.data.foreach_get(member, values)
    return values.reshape(count, width)


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
