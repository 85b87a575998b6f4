# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes a mesh apart into arrays, and fills a mesh with them, in this Blender and in the background one.

The arrays have Blender's own layout, so that nothing is converted. They are `positions`, `corners`, `starts` and
`edges` (see `core/model/surface/solid.py`), `corner_edges`, and the attributes as `attribute 0`, `attribute 1` and so
on, described in `attributes`. The background Blender uses this file too, so it imports nothing of ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Arrays = dict[str, Array]
New = Callable[[tuple[int, ...], Any], Array]

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
CORNER_VERTICES, CORNER_EDGES, EDGES = ".corner_vert", ".corner_edge", ".edge_verts"


def carried(mesh: Any) -> Iterator[Any]:
    """Yield the attributes that go along."""
    for attribute in mesh.attributes:
        if not attribute.name.startswith(".") and attribute.name not in OWN and attribute.data_type in TYPES:
            yield attribute


def column(items: Any, member: str, width: int, kind: type, new: New = np.empty) -> Array:
    """Return a member of all items: (items, width), or (items) if each has one number. `new`: makes the array."""
    values = new((len(items), width), kind)
    items.foreach_get(member, values.ravel())
    return values if width > 1 else values.ravel()


def read(attribute: Any, new: New = np.empty) -> Array:
    """Return an attribute's values as a column."""
    return column(attribute.data, *TYPES[attribute.data_type], new)


def read_shape(mesh: Any, new: New = np.empty) -> Arrays:
    """Return `positions`, `corners`, and `starts` unless all faces are triangles."""
    arrays = {
        "positions": read(mesh.attributes["position"], new),
        "corners": read(mesh.attributes[CORNER_VERTICES], new),
    }
    if len(mesh.loops) != 3 * len(mesh.polygons):
        arrays["starts"] = column(mesh.polygons, "loop_start", 1, np.int32, new)
    return arrays


def read_mesh(mesh: Any, new: New = np.empty, *, is_whole: bool = False) -> Arrays:
    """Return a mesh as arrays, with its attributes.

    Unless it `is_whole`, there are no `starts` if all faces are triangles, no `edges` if these have no attributes, and
    no `corner_edges`: each array takes the main thread a few milliseconds.
    """
    arrays = read_shape(mesh, new)
    described: list[tuple[str, str, str]] = []
    for attribute in carried(mesh):
        arrays[f"attribute {len(described)}"] = read(attribute, new)
        described.append((attribute.name, attribute.data_type, attribute.domain))
    arrays["attributes"] = np.array(json.dumps(described))
    if is_whole or any(domain == "EDGE" for _name, _kind, domain in described):
        arrays["edges"] = read(mesh.attributes[EDGES], new)
    if is_whole:
        arrays |= {"starts": starts_of(arrays), "corner_edges": read(mesh.attributes[CORNER_EDGES], new)}
    return arrays


def attributes_of(arrays: Arrays) -> Iterator[tuple[str, str, str, str]]:
    """Yield for each attribute the name of its array, and its own name, its type and its domain."""
    for number, (name, kind, domain) in enumerate(json.loads(str(arrays.get("attributes", "[]")))):
        yield f"attribute {number}", name, kind, domain


def starts_of(arrays: Arrays) -> Array:
    """Return the first corner of each face: (faces) int32."""
    return arrays["starts"] if "starts" in arrays else np.arange(0, len(arrays["corners"]), 3, dtype=np.int32)


def fill(mesh: Any, arrays: Arrays, set_starts: Callable[[Any, Array], None] | None = None) -> Iterator[None]:
    """Fill a new mesh. It yields before each attribute: the mesh is a whole one then, with less on it.

    Without `corner_edges`, Blender makes the edges, and these have no attributes. `set_starts`: a faster way to do so.
    """
    starts, has_edges = starts_of(arrays), "corner_edges" in arrays
    mesh.vertices.add(len(arrays["positions"]))
    mesh.edges.add(len(arrays["edges"]) if has_edges else 0)
    mesh.loops.add(len(arrays["corners"]))
    mesh.polygons.add(len(starts))
    _write(mesh.attributes["position"], arrays["positions"])
    _write(mesh.attributes[CORNER_VERTICES], arrays["corners"])
    if has_edges:
        _write(mesh.attributes[EDGES], arrays["edges"])
        _write(mesh.attributes[CORNER_EDGES], arrays["corner_edges"])
    if set_starts is None:
        mesh.polygons.foreach_set("loop_start", starts)
    else:
        set_starts(mesh, starts)
    if not has_edges:
        mesh.update(calc_edges=True)
    for key, name, kind, domain in attributes_of(arrays):
        if has_edges or domain != "EDGE":
            yield
            _write(mesh.attributes.get(name) or mesh.attributes.new(name, kind, domain), arrays[key])


def dress(mesh: Any, source: Any) -> None:
    """Give a mesh the materials of its source, and make the same UV map and the same colors the active ones."""
    for material in source.materials:
        mesh.materials.append(material)
    if source.uv_layers.active is not None and source.uv_layers.active.name in mesh.uv_layers:
        mesh.uv_layers.active = mesh.uv_layers[source.uv_layers.active.name]
    for layer in source.uv_layers:
        if layer.active_render and layer.name in mesh.uv_layers:
            mesh.uv_layers[layer.name].active_render = True
    if source.attributes.active_color_name in mesh.attributes:
        mesh.attributes.active_color_name = source.attributes.active_color_name
        mesh.attributes.default_color_name = source.attributes.default_color_name


def _write(attribute: Any, values: Array) -> None:
    attribute.data.foreach_set(TYPES[attribute.data_type][0], values.ravel())
