# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: from a heavy model to a light one with textures, LODs and a collision hull."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import numpy.typing as npt
from trellis_core.errors import Remedy, Text, TrellisError
from trellis_core.model.surface.check import overlap
from trellis_core.model.surface.welded import make_surface

from ..opened import opened
from . import shape
from .bake import bake
from .unwrap import LAYER, unwrap, uvs_of

if TYPE_CHECKING:
    from trellis_core.model.surface.solid import Mended
    from trellis_host.background.serve import Work

Array = npt.NDArray[Any]
Mend = Callable[[Mapping[str, Array]], "Mended"]
# Attributes that a material may read, and what is sharp: the member of their items, how many numbers, and their type.
BAKED: dict[str, tuple[str, int, type]] = {
    "FLOAT": ("value", 1, np.float32),
    "FLOAT2": ("vector", 2, np.float32),
    "FLOAT_VECTOR": ("vector", 3, np.float32),
    "FLOAT_COLOR": ("color", 4, np.float32),
    "BYTE_COLOR": ("color", 4, np.float32),
    "BOOLEAN": ("value", 1, np.bool_),
}
SMOOTH_FROM = 10  # times the faces that are asked for: a model with fewer would lose thin parts
THIN = (
    "Quads would lose thin parts of this model: only {share} % of its outlines are left. Use triangles, or more faces."
)


def make(request: Mapping[str, Any], work: Work, mend: Mend) -> Mapping[str, Any]:
    """Write the meshes and the textures into the `result`, and return what was done in numbers."""
    model = opened(Path(request["source"]))[0]
    _apply_modifiers(model)
    for other in [*bpy.data.objects]:
        if other != model:
            bpy.data.objects.remove(other)
    model.matrix_world.identity()
    work.progress(0.02)
    hidden = _make_solid(model, mend)
    work.progress(0.25)
    wanted = int(request["faces"])
    surface = make_surface(shape.positions_of(model.data), shape.triangles_of(model.data))
    is_heavy = len(surface.triangles) > SMOOTH_FROM * wanted
    positions = shape.smoothed(surface) if is_heavy else surface.positions
    whole = shape.make_object("whole", positions, surface.triangles)
    is_quads = request["shape"] == "QUADS"
    low = (shape.quads if is_quads else shape.decimated)(whole, wanted, "low")
    work.progress(0.4)
    _check_faces(low)
    share = overlap(surface.positions, surface.triangles, shape.positions_of(low.data), shape.triangles_of(low.data))
    if is_quads and share < request["smallest_overlap"]:
        raise TrellisError(Text(THIN, share=f"{100 * share:.0f}"), remedy=Remedy.TRIANGLES)
    bpy.data.objects.remove(whole)
    covered = unwrap(low)
    work.progress(0.45)
    baked = bake(model, low, int(request["texture_size"]), covered, lambda done: work.progress(0.45 + 0.5 * done))
    levels = [low]
    count = shape.triangle_count(low.data)
    lighter = [max(4, round(count * request["ratio"] ** level)) for level in range(1, int(request["levels"]))]
    levels += [shape.decimated(low, faces, "lighter") for faces in lighter]
    result: dict[str, Array] = {}
    for level, obj in enumerate(levels):
        result |= {f"{level}:{key}": value for key, value in _arrays(obj.data).items()}
    if request["has_hull"]:
        points, faces = shape.hull(low)
        mesh: Any = bpy.data.meshes.new("hull")
        mesh.from_pydata(points.tolist(), [], faces)
        result |= {f"hull:{key}": value for key, value in _arrays(mesh).items()}
    for name, data in baked.images.items():
        result[f"image:{name}"] = np.frombuffer(data, np.uint8)
    np.savez(request["result"], **result)  # type: ignore[arg-type]  # a name may be anything
    return {
        "made_faces": [len(obj.data.polygons) for obj in levels],
        "hidden_faces": hidden,
        "overlap": round(share, 4),
        "baked": round(baked.hits, 4),
        "alpha": baked.alpha,
        "threshold": baked.threshold,
    }


def _apply_modifiers(model: Any) -> None:
    """Give the model the mesh that shows, with what its modifiers and its shape keys make of its own."""
    if model.modifiers or model.data.shape_keys:
        graph = bpy.context.evaluated_depsgraph_get()
        seen = model.evaluated_get(graph)
        mesh = bpy.data.meshes.new_from_object(seen, preserve_all_data_layers=True, depsgraph=graph)
        model.modifiers.clear()
        model.data = mesh


def _check_faces(obj: Any) -> None:
    if len(obj.data.polygons) < 1:
        raise TrellisError(Text("Nothing is left of this model with so few faces. Choose more faces."))


def _make_solid(model: Any, mend: Mend) -> int:
    """Mend the model's mesh. Return how many faces inside were removed."""
    mesh = model.data
    corners, starts = np.empty(len(mesh.loops), np.int32), np.empty(len(mesh.polygons), np.int32)
    edges = np.empty((len(mesh.edges), 2), np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    mesh.polygons.foreach_get("loop_start", starts)
    mesh.edges.foreach_get("vertices", edges.ravel())
    mended = mend({"positions": shape.positions_of(mesh), "corners": corners, "starts": starts, "edges": edges})
    made, origins = mended.polygons, mended.origins
    if made is None:
        return 0
    solid: Any = bpy.data.meshes.new("solid")
    solid.vertices.add(len(made.positions))
    solid.edges.add(len(made.edges))
    solid.loops.add(len(made.corners))
    solid.polygons.add(len(made.starts))
    solid.vertices.foreach_set("co", made.positions.ravel())
    solid.edges.foreach_set("vertices", made.edges.ravel())
    solid.loops.foreach_set("vertex_index", made.corners)
    solid.loops.foreach_set("edge_index", mended.corner_edges)
    solid.polygons.foreach_set("loop_start", made.starts)
    of_domain = {"POINT": origins.vertices, "EDGE": origins.edges, "CORNER": origins.corners, "FACE": origins.faces}
    for layer in mesh.attributes:  # UV maps, colours, masks such as a projected picture's, and what is sharp
        if layer.data_type not in BAKED or layer.name == "position" or layer.name.startswith("."):
            continue
        member, width, kind = BAKED[layer.data_type]
        values: Array = np.empty(width * len(layer.data), kind)
        layer.data.foreach_get(member, values)
        origin = of_domain[layer.domain]
        values = values.reshape(-1, width)[origin]
        values[origin < 0] = 0  # an edge that is new
        kept = solid.attributes.new(layer.name, layer.data_type, layer.domain)
        kept.data.foreach_set(member, values.ravel())
    for uvs in mesh.uv_layers:
        solid.uv_layers[uvs.name].active_render = uvs.active_render
    solid.attributes.default_color_name = mesh.attributes.default_color_name
    slots = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("material_index", slots)
    solid.polygons.foreach_set("material_index", slots[origins.faces])
    for material in mesh.materials:
        solid.materials.append(material)
    solid.update(calc_edges_loose=True)
    model.data = solid
    return int(mended.numbers["hidden_faces"])


def _arrays(mesh: Any) -> dict[str, Array]:
    """Return the mesh as `handover.mesh_of` takes it."""
    arrays: dict[str, Array] = {"positions": shape.positions_of(mesh)}
    for key, items, member, width in (
        ("corners", mesh.loops, "vertex_index", 1),
        ("corner_edges", mesh.loops, "edge_index", 1),
        ("starts", mesh.polygons, "loop_start", 1),
        ("edges", mesh.edges, "vertices", 2),
    ):
        arrays[key] = np.empty(len(items) * width, np.int32)
        items.foreach_get(member, arrays[key])
    arrays["edges"] = arrays["edges"].reshape(-1, 2)
    described = []
    if LAYER in mesh.uv_layers:
        described.append((LAYER, "FLOAT2", "CORNER"))
        arrays["attribute 0"] = uvs_of(mesh)
    arrays["attributes"] = np.array(json.dumps(described))
    return arrays
