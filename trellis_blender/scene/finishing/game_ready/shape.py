# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: makes light meshes of a heavy one."""

from __future__ import annotations

from typing import Any

import bmesh
import bpy
import numpy as np
import numpy.typing as npt
from trellis_core.errors import Remedy, Text, TrellisError
from trellis_core.model.surface.welded import Surface

from .presets import NO_QUADS

Array = npt.NDArray[Any]

LARGE = 100.0  # Blender refuses quads if an edge is shorter than 1e-4 units, whatever the model's size
VOXEL = 0.008  # of the size
SMOOTHINGS = ((0.5, -0.53),) * 2  # Taubin's pairs: the second undoes the shrinking of the first
HULL_DIRECTIONS = 120  # a hull of so many points has at most 236 faces; Unity takes 255


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


def make_object(name: str, positions: Array, triangles: Array) -> Any:
    """Return a new object of triangles, alone selected and active."""
    mesh: Any = bpy.data.meshes.new(name)
    mesh.vertices.add(len(positions))
    mesh.loops.add(triangles.size)
    mesh.polygons.add(len(triangles))
    mesh.vertices.foreach_set("co", np.ascontiguousarray(positions, np.float32).ravel())
    mesh.loops.foreach_set("vertex_index", np.ascontiguousarray(triangles, np.int32).ravel())
    mesh.polygons.foreach_set("loop_start", np.arange(0, triangles.size, 3, dtype=np.int32))
    mesh.update(calc_edges=True)
    obj: Any = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(obj)  # type: ignore[union-attr]  # there is one
    choose(obj)
    return obj


def choose(*objects: Any) -> None:
    """Select these objects alone. The first becomes the active one."""
    layer: Any = bpy.context.view_layer
    layer.update()  # else it still lists what was removed
    for obj in layer.objects:
        obj.select_set(obj in objects)
    layer.objects.active = objects[0]


def decimated(obj: Any, faces: int, name: str) -> Any:
    """Return a new object: the mesh with at most about so many triangles, and what it has at its corners."""
    modifier = obj.modifiers.new("decimate", "DECIMATE")
    modifier.ratio = min(1.0, faces / max(1, triangle_count(obj.data)))
    modifier.use_collapse_triangulate = True
    mesh = _applied(obj)
    obj.modifiers.remove(modifier)
    made: Any = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(made)  # type: ignore[union-attr]  # there is one
    return made


def quads(source: Any, faces: int, name: str) -> Any:
    """Return a new object of about so many quads. Raises TrellisError if Blender's QuadriFlow refuses the mesh."""
    scale = LARGE / max(source.dimensions)
    made: Any = bpy.data.objects.new(name, source.data.copy())
    bpy.context.scene.collection.objects.link(made)  # type: ignore[union-attr]  # there is one
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


def hull(obj: Any) -> tuple[Array, list[tuple[int, ...]]]:
    """Return a convex hull of few faces: positions, (n, 3), and the vertices of each face."""
    positions = positions_of(obj.data)
    axes = np.concatenate([np.eye(3), -np.eye(3)])  # it is as long, as wide and as high as the body
    spread = HULL_DIRECTIONS - len(axes)
    height = 1 - (2 * np.arange(spread) + 1) / spread
    angle = np.pi * (1 + 5**0.5) * np.arange(spread)
    radius = np.sqrt(1 - height * height)
    directions = np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=1)
    directions = np.concatenate([axes, directions])
    chosen = np.unique((positions @ directions.T).argmax(axis=0))
    mesh = bmesh.new()
    for point in positions[chosen].tolist():
        mesh.verts.new(point)
    made: Any = bmesh.ops.convex_hull(mesh, input=[*mesh.verts])
    inside = {*made["geom_interior"], *made["geom_unused"]}  # may name a vertex twice, which `delete` refuses
    bmesh.ops.delete(mesh, geom=[*inside], context="VERTS")
    mesh.verts.index_update()
    points = np.array([vertex.co[:] for vertex in mesh.verts], np.float32)
    faces = [tuple(vertex.index for vertex in face.verts) for face in mesh.faces]
    mesh.free()
    return points, faces


def triangle_count(mesh: Any) -> int:
    """Return how many triangles a mesh has."""
    return len(mesh.loops) - 2 * len(mesh.polygons)


def positions_of(mesh: Any) -> Array:
    """Return the positions of a mesh: (vertices, 3) float32."""
    found = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", found)
    return found.reshape(-1, 3)


def triangles_of(mesh: Any) -> Array:
    """Return the triangles of a mesh: (n, 3) int32."""
    mesh.calc_loop_triangles()
    found = np.empty(3 * len(mesh.loop_triangles), np.int32)
    mesh.loop_triangles.foreach_get("vertices", found)
    return found.reshape(-1, 3)


def _applied(obj: Any) -> Any:
    graph = bpy.context.evaluated_depsgraph_get()
    graph.update()
    mesh: Any = bpy.data.meshes.new_from_object(obj.evaluated_get(graph), depsgraph=graph)
    mesh.validate()  # of a thin part, Decimate may leave two faces between the same corners
    return mesh


def _scale(mesh: Any, factor: float) -> None:
    mesh.vertices.foreach_set("co", (positions_of(mesh) * np.float32(factor)).ravel())
    mesh.update()
