# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: makes light meshes of a heavy one, and gives them UVs."""

from __future__ import annotations

import math
from typing import Any

import bmesh
import bpy
import numpy as np
from trellis_core.errors import Remedy, Text, TrellisError
from trellis_core.model.surface.welded import Surface

from ..background import choose, new_object, positions_of
from ..mesh_arrays import Array, column, read
from .presets import NO_QUADS

LARGE = 100.0  # Blender refuses quads if an edge is shorter than 1e-4 units, whatever the model's size
VOXEL = 0.008  # of the size
SMOOTHINGS = ((0.5, -0.53),) * 2  # Taubin's pairs: the second undoes the shrinking of the first
HULL_DIRECTIONS = 120  # a hull of so many points has at most 236 faces; Unity takes 255
ANGLE = math.radians(66)  # gives the fewest charts of the angles that were tried
MARGIN = 0.001  # of the texture; more wastes most of it where there are many charts


def smoothed(surface: Surface) -> Array:
    """Return the positions after light smoothing, which gives larger charts: (vertices, 3) float32. Rims stay."""
    ends, positions = surface.edges.ends, surface.positions.astype(np.float64)
    count = len(positions)
    degree = np.maximum(np.bincount(ends.ravel(), minlength=count), 1)[:, None]
    moves = np.ones((count, 1))
    moves[ends[surface.sharing != 2].ravel()] = 0.0
    for factor in (factor for pair in SMOOTHINGS for factor in pair):
        total = np.empty_like(positions)
        for axis in range(3):
            along = positions[:, axis]
            total[:, axis] = np.bincount(ends[:, 0], weights=along[ends[:, 1]], minlength=count)
            total[:, axis] += np.bincount(ends[:, 1], weights=along[ends[:, 0]], minlength=count)
        positions += factor * moves * (total / degree - positions)
    moved: Array = positions.astype(np.float32)
    return moved


def decimated(obj: Any, faces: int, name: str) -> Any:
    """Return a new object: the mesh with at most about so many triangles, and what it has at its corners."""
    modifier = obj.modifiers.new("decimate", "DECIMATE")
    modifier.ratio = min(1.0, faces / max(1, triangle_count(obj.data)))
    modifier.use_collapse_triangulate = True
    mesh = _applied(obj)
    obj.modifiers.remove(modifier)
    return new_object(name, mesh)


def quads(source: Any, faces: int, name: str) -> Any:
    """Return a new object of about so many quads. Raises TrellisError if Blender's QuadriFlow refuses the mesh."""
    scale = LARGE / max(source.dimensions)
    made = new_object(name, source.data.copy())
    choose(made)
    _scale(made.data, scale)
    made.data.remesh_voxel_size = VOXEL * LARGE
    bpy.ops.object.voxel_remesh()
    before = len(made.data.polygons)
    try:
        bpy.ops.object.quadriflow_remesh(mode="FACES", target_faces=faces, seed=0)
    except RuntimeError as error:
        raise TrellisError(Text(NO_QUADS), remedy=Remedy.TRIANGLES) from error
    # 4.2 says it has finished although it refused
    if len(made.data.polygons) in (0, before):
        raise TrellisError(Text(NO_QUADS), remedy=Remedy.TRIANGLES)
    _scale(made.data, 1 / scale)
    modifier = made.modifiers.new("shrinkwrap", "SHRINKWRAP")
    modifier.target, modifier.wrap_method = source, "NEAREST_SURFACEPOINT"
    made.data = _applied(made)
    made.modifiers.clear()
    return made


def hull(obj: Any) -> Any:
    """Return the mesh of a convex hull of few faces."""
    positions = positions_of(obj.data)
    axes = np.concatenate([np.eye(3), -np.eye(3)])  # it is as long, as wide and as high as the body
    spread = HULL_DIRECTIONS - len(axes)
    height = 1 - (2 * np.arange(spread) + 1) / spread
    angle = np.pi * (1 + 5**0.5) * np.arange(spread)
    radius = np.sqrt(1 - height * height)
    directions = np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=1)
    directions = np.concatenate([axes, directions])
    chosen = np.unique((positions @ directions.T).argmax(axis=0))
    body = bmesh.new()
    for point in positions[chosen].tolist():
        body.verts.new(point)
    made: Any = bmesh.ops.convex_hull(body, input=[*body.verts])
    inside = {*made["geom_interior"], *made["geom_unused"]}  # may name a vertex twice, which `delete` refuses
    bmesh.ops.delete(body, geom=[*inside], context="VERTS")
    mesh: Any = bpy.data.meshes.new("hull")
    body.to_mesh(mesh)
    body.free()
    return mesh


def unwrap(obj: Any) -> float:
    """Unwrap the mesh into the UV map `UVMap`, its only one. Return the share of the texture that it uses."""
    while obj.data.uv_layers:
        obj.data.uv_layers.remove(obj.data.uv_layers[0])
    obj.data.uv_layers.new(name="UVMap")
    choose(obj)
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.uv.smart_project(angle_limit=ANGLE, island_margin=MARGIN)
    bpy.ops.object.mode_set(mode="OBJECT")
    mesh = obj.data
    mesh.calc_loop_triangles()
    loops = column(mesh.loop_triangles, "loops", 3, np.int32)
    a, b, c = read(mesh.attributes["UVMap"])[loops].transpose(1, 0, 2)
    first, second = b - a, c - a
    return float(np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]).sum() / 2)


def triangle_count(mesh: Any) -> int:
    """Return how many triangles a mesh has."""
    return len(mesh.loops) - 2 * len(mesh.polygons)


def _applied(obj: Any) -> Any:
    graph = bpy.context.evaluated_depsgraph_get()
    graph.update()
    mesh: Any = bpy.data.meshes.new_from_object(obj.evaluated_get(graph), depsgraph=graph)
    mesh.validate()  # of a thin part, Decimate may leave two faces between the same corners
    return mesh


def _scale(mesh: Any, factor: float) -> None:
    mesh.vertices.foreach_set("co", (positions_of(mesh) * np.float32(factor)).ravel())
    mesh.update()
