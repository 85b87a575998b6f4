# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene of a glTF: which primitives stand where. Decides whether the file is plain enough for our own reader."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import Text
from .accessors import BufferViews
from .glb import Node, NotPlainError, child, damaged, indices, integer, numbers, objects, optional_index, texts
from .materials import WEBP
from .weld import Array

EXTENSIONS = frozenset({WEBP, "KHR_mesh_quantization"})
ATTRIBUTES = frozenset({"POSITION", "NORMAL", "TANGENT"})
TRIANGLES = 4
DEPTH_MAXIMUM = 256
PARTS_MAXIMUM = 16384
NODES_MAXIMUM = 2 * PARTS_MAXIMUM
UV_MAPS = tuple(f"TEXCOORD_{number}" for number in range(8))  # Blender's own limit
# The peak memory of building the mesh, in bytes for each vertex, corner, and corner of a UV map; a test measures it.
VERTEX_BYTES, CORNER_BYTES, UV_BYTES = 128, 152, 16
# The peak memory allowed: so many bytes for each byte of the file, plus `ROOM`. Only shared data, instancing or 8-bit
# indices exceed it.
EXPANSION_MAXIMUM = 40  # a mesh of 16-bit numbers takes 35
ROOM = 64 * 1024 * 1024
IDENTITY = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Part:
    """One primitive in its place: positions (vertices, 3) float32 in glTF's axes, triangles (faces, 3) int32.

    `normals`: None if the file has none. `uvs`: (vertices, 2) float32, with glTF's origin at the top left.
    """

    positions: Array
    triangles: Array
    normals: Array | None
    uvs: tuple[Array, ...]
    material: int | None


def refuse_unplain(gltf: Node) -> None:
    """Raise NotPlainError for anything that only Blender's importer can read."""
    unknown = sorted(set(texts(gltf, "extensionsRequired")) - EXTENSIONS)
    if unknown:
        raise NotPlainError(Text("the extension {unknown}", unknown=unknown[0]))
    if gltf.get("animations"):
        raise NotPlainError("an animation")
    if gltf.get("skins"):
        raise NotPlainError("an armature")
    if gltf.get("cameras"):
        raise NotPlainError("a camera")
    if len(objects(gltf, "scenes")) > 1:
        raise NotPlainError("several scenes")
    if len(objects(gltf, "nodes")) > NODES_MAXIMUM:  # before time is spent on each
        raise NotPlainError("thousands of parts")


def read_parts(gltf: Node, views: BufferViews, file_bytes: int) -> list[Part]:
    """Return every primitive of the scene. Raises ModelFileError, NotPlainError."""
    meshes, budget = objects(gltf, "meshes"), ROOM + EXPANSION_MAXIMUM * file_bytes
    parts: list[Part] = []
    material_count = len(objects(gltf, "materials"))
    for mesh_index, matrix in _mesh_nodes(gltf, len(meshes)):
        mesh, where = meshes[mesh_index], f"mesh {mesh_index}"
        if mesh.get("weights") or child(mesh, "extensions", where):
            raise NotPlainError("shape keys")
        for primitive in objects(mesh, "primitives"):
            if len(parts) == PARTS_MAXIMUM:
                raise NotPlainError("thousands of parts")
            accessor = _accessors(primitive, views, where)
            vertices = len(views.array(accessor["POSITION"], 3))
            corners = len(views.array(accessor["indices"], 1)) if "indices" in accessor else vertices
            budget -= vertices * VERTEX_BYTES + corners * (CORNER_BYTES + len(accessor.keys() & UV_MAPS) * UV_BYTES)
            if budget < 0:  # before any array is made
                raise NotPlainError("a mesh that is used many times over")
            material = optional_index(primitive, "material", where, material_count)
            parts.append(_part(accessor, views, where, matrix, material))
    if not parts:
        raise damaged("it holds no triangles")
    return parts


def _mesh_nodes(gltf: Node, mesh_count: int) -> Iterator[tuple[int, Array]]:
    """Yield each use of a mesh in the scene: the mesh's index and its (4, 4) float64 matrix in the scene."""
    nodes, scenes = objects(gltf, "nodes"), objects(gltf, "scenes")
    if not scenes:
        raise NotPlainError("no scene")
    scene = scenes[integer(gltf, "scene", "the file", 0, below=len(scenes))]
    roots = indices(scene, "nodes", "the scene", len(nodes))
    seen: set[int] = set()
    stack = [(root, np.identity(4), 0) for root in reversed(roots)]
    while stack:
        index, above, depth = stack.pop()
        if index in seen or depth > DEPTH_MAXIMUM:
            raise damaged(f"node {index} stands below itself or twice")
        seen.add(index)
        node, where = nodes[index], f"node {index}"
        if child(node, "extensions", where):
            raise NotPlainError("lights or other unusual objects")
        matrix = above @ _matrix(node, where)
        mesh = optional_index(node, "mesh", where, mesh_count)
        if mesh is not None:
            yield mesh, matrix
        stack += [(below, matrix, depth + 1) for below in reversed(indices(node, "children", where, len(nodes)))]


def _matrix(node: Node, where: str) -> Array:
    """Return the node's own transform (glTF 2.0 §3.5.3)."""
    if "matrix" in node:
        return np.array(numbers(node, "matrix", where, IDENTITY)).reshape(4, 4).T
    quaternion = numbers(node, "rotation", where, (0.0, 0.0, 0.0, 1.0))
    length = math.hypot(*quaternion)
    if not 0.0 < length < math.inf:
        raise damaged(f"{where} has no valid rotation")
    x, y, z, w = (part / length for part in quaternion)
    across = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])  # its product with a vector is a cross product
    matrix = np.identity(4)
    matrix[:3, :3] += 2 * (w * across + across @ across)
    matrix[:3, :3] *= numbers(node, "scale", where, (1.0, 1.0, 1.0))
    matrix[:3, 3] = numbers(node, "translation", where, (0.0, 0.0, 0.0))
    return matrix


def _accessors(primitive: Node, views: BufferViews, where: str) -> dict[str, int]:
    """Return the accessor of each attribute of a plain primitive, and of its `indices` if it has some."""
    if primitive.get("targets") or child(primitive, "extensions", where):
        raise NotPlainError("shape keys or compressed meshes")
    if integer(primitive, "mode", where, TRIANGLES) != TRIANGLES:
        raise NotPlainError("points, lines or strips")
    attributes, count = child(primitive, "attributes", where), len(views.accessors)
    accessor = {name: integer(attributes, name, where, below=count) for name in attributes}
    if accessor.keys() - ATTRIBUTES - set(UV_MAPS):
        raise NotPlainError("vertex colors or other attributes")
    if "POSITION" not in accessor:
        raise damaged(f"{where} has no positions")
    index = optional_index(primitive, "indices", where, count)
    return accessor if index is None else {**accessor, "indices": index}


def _part(accessor: Mapping[str, int], views: BufferViews, where: str, matrix: Array, material: int | None) -> Part:
    positions = views.floats(accessor["POSITION"], 3)
    vertices = len(positions)
    corner_vertices = (
        views.indices(accessor["indices"], vertices) if "indices" in accessor else np.arange(vertices, dtype=np.int32)
    )
    if len(corner_vertices) % 3:
        raise damaged(f"{where} has a triangle without three corners")
    normals = views.floats(accessor["NORMAL"], 3, mends=True) if "NORMAL" in accessor else None
    uvs = tuple(views.floats(accessor[name], 2, mends=True) for name in UV_MAPS if name in accessor)
    if any(len(each) != vertices for each in (*uvs, positions if normals is None else normals)):
        raise damaged(f"{where} has attributes of different lengths")
    triangles = corner_vertices.reshape(-1, 3)
    return Part(*_placed(positions, triangles, normals, matrix, where), uvs, material)


def _placed(
    positions: Array, triangles: Array, normals: Array | None, matrix: Array, where: str
) -> tuple[Array, Array, Array | None]:
    """Return the primitive where its node puts it. A mirrored one is reversed, so that its faces face outwards."""
    if np.array_equal(matrix, np.identity(4)):
        return positions, triangles, normals
    with np.errstate(all="ignore"):
        placed = (positions @ matrix[:3, :3].T + matrix[:3, 3]).astype(np.float32)
        if not np.isfinite(placed).all():
            raise damaged(f"{where} is placed out of all bounds")
        determinant = np.linalg.det(matrix[:3, :3])
        if normals is not None and determinant:
            normals = (normals @ np.linalg.inv(matrix[:3, :3])).astype(np.float32)
            length = np.linalg.norm(normals, axis=1, keepdims=True)
            normals = np.nan_to_num(normals / np.where(length > 0, length, 1)).astype(np.float32)
    if determinant < 0:
        triangles = np.ascontiguousarray(triangles[:, ::-1])
    return placed, triangles, normals
