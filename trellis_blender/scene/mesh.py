# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a Blender mesh from arrays that already have Blender's own layout.

The worker has done everything slow. It has also made the checks of `Mesh.validate`, so we do not call that: it takes
0.25 s for a million faces, and a test shows that it finds nothing to change.
"""

from __future__ import annotations

import ctypes
from typing import Any, cast

import bpy

from ..core.model.arrays import MeshArrays
from .material import uv_name

FIRST_UNKNOWN = (5, 3, 0)
"""The first version of Blender whose meshes' layout in memory we have not looked at."""


def make_mesh(name: str, arrays: MeshArrays) -> bpy.types.Mesh:
    """Return a new mesh with the arrays' geometry, UV maps and normals, and no material."""
    mesh = bpy.data.meshes.new(name)
    stubless = cast(Any, mesh)  # the stubs lack `add` for vertices and edges
    faces = arrays.face_count
    stubless.vertices.add(len(arrays.positions) // 3)
    stubless.edges.add(len(arrays.edges) // 2)
    stubless.loops.add(faces * 3)
    stubless.polygons.add(faces)
    _fill(mesh, "position", "vector", arrays.positions)
    _fill(mesh, ".edge_verts", "value", arrays.edges)
    _fill(mesh, ".corner_vert", "value", arrays.corner_vertices)
    _fill(mesh, ".corner_edge", "value", arrays.corner_edges)
    set_loop_starts(mesh, arrays.face_starts)
    for attribute, kind, domain, values in (
        *((uv_name(number), "FLOAT2", "CORNER", uv) for number, uv in enumerate(arrays.uvs)),
        ("material_index", "INT", "FACE", arrays.materials),
        ("sharp_face", "BOOLEAN", "FACE", arrays.sharp_faces),
        ("sharp_edge", "BOOLEAN", "EDGE", arrays.sharp_edges),
    ):
        if values is not None:
            stubless.attributes.new(attribute, kind, domain)
            _fill(mesh, attribute, "vector" if kind == "FLOAT2" else "value", values)
    if arrays.normals is not None:
        _keep_normals(mesh, arrays.normals, arrays.vertex_normals)
    return mesh


def set_loop_starts(mesh: bpy.types.Mesh, starts: Any) -> None:
    """Set the corner at which each face begins: (faces) int32.

    `foreach_set` takes these one by one: 27 ms for half a million faces, most of what an import takes here. In the
    versions we know, Blender keeps them as one array of int32 (`face_offset_indices` in its DNA_mesh_types.h), so we
    copy them there in 1 ms. Blender itself must say that the array is as we think: where its first, second and last
    item lie, and afterwards what it reads there. If not, the slow way sets them.
    """
    polygons, last = cast(Any, mesh).polygons, len(starts) - 1
    if last > 0 and bpy.app.version < FIRST_UNKNOWN:
        address = polygons[0].as_pointer()
        lie = polygons[1].as_pointer() - address, polygons[last].as_pointer() - address
        if lie == (starts.itemsize, last * starts.itemsize):
            ctypes.memmove(address, starts.ctypes.data, starts.nbytes)
            if all(polygons[index].loop_start == starts[index] for index in (0, 1, last // 2, last)):
                return
    polygons.foreach_set("loop_start", starts)


def _fill(mesh: bpy.types.Mesh, attribute: str, member: str, values: Any) -> None:
    cast(Any, mesh.attributes[attribute]).data.foreach_set(member, values)


def _keep_normals(mesh: bpy.types.Mesh, normals: Any, vertex_normals: Any) -> None:
    """Keep the file's normals in the form that follows edits: each relative to the surface around its corner.

    Only Blender can compute this form, and it takes 1 s for half a million faces. Plain vectors (an attribute
    `custom_normal` of the type FLOAT_VECTOR, since 4.5) would cost nothing, but would not follow an edit.
    """
    mesh.update()
    if vertex_normals is not None:
        cast(Any, mesh).normals_split_custom_set_from_vertices(vertex_normals.reshape(-1, 3))
    else:
        cast(Any, mesh).normals_split_custom_set(normals.reshape(-1, 3))
