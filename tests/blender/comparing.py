"""A model brought in both ways, by our reader and by Blender's own importer, and what there is to compare."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np

from tests.addon import addon
from tests.blender.snapshots import snapshot

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Surface:
    """The triangles of one or more objects in the world, in the file's order.

    `corners`: (faces, 3, 3). `uvs`: each (faces, 3, 2). `normals`: (faces, 3, 3). `materials`: a description for
    each face. `low`, `high`: of the bounding boxes.
    """

    corners: Any
    uvs: list[Any]
    normals: Any
    materials: list[Any]
    low: Any
    high: Any


def read(path: Path, **shape: Any) -> Any:
    """Read the file with our reader, as it is unless a shape is asked for; the model."""

    return addon.read.read_model(path, addon.arrays.Shape(**{"is_grounded": False, **shape}))


def build(model: Any, name: str = "Ours", *, select: bool = False) -> Any:
    """Build the model at the origin and return its object."""

    job = snapshot(addon, name=name)
    return addon.build.build_model(bpy.context, job, model, select=select)


def import_theirs(path: Path) -> list[Any]:
    """Let Blender's importer read the file, with the settings that it comes with; the mesh objects, by name."""
    before = set(bpy.data.objects)
    assert bpy.ops.import_scene.gltf(filepath=str(path)) == {"FINISHED"}
    made = [thing for thing in bpy.data.objects if thing not in before and thing.type == "MESH"]
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    return sorted(made, key=lambda thing: thing.name)


def surface(things: list[Any]) -> Surface:
    """All triangles of the objects, where they stand, as they are seen."""
    parts = [_placed(thing) for thing in things]
    maps = max(len(part.uvs) for part in parts)
    for part in parts:  # where one has fewer UV maps than another, they are 0 in a mesh of both
        blank = np.zeros((len(part.corners), 3, 2), np.float32)
        blank[..., 1] = 1
        part.uvs.extend([blank] * (maps - len(part.uvs)))
    return Surface(
        np.concatenate([part.corners for part in parts]),
        [np.concatenate([part.uvs[number] for part in parts]) for number in range(maps)],
        np.concatenate([part.normals for part in parts]),
        [material for part in parts for material in part.materials],
        np.min([part.low for part in parts], axis=0),
        np.max([part.high for part in parts], axis=0),
    )


def _placed(thing: Any) -> Surface:
    mesh, matrix = thing.data, np.array(thing.matrix_world, np.float64)
    faces = len(mesh.polygons)
    assert (_values(mesh.polygons, "loop_total", np.int32) == 3).all()
    vertices = _values(mesh.loops, "vertex_index", np.int32).reshape(faces, 3)
    positions = _values(mesh.vertices, "co", np.float32).reshape(-1, 3)
    corners = (positions @ matrix[:3, :3].T + matrix[:3, 3])[vertices]
    normals = _values(mesh.corner_normals, "vector", np.float32).reshape(-1, 3) @ np.linalg.inv(matrix[:3, :3])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals = normals.reshape(faces, 3, 3)
    uvs = [_values(layer.uv, "vector", np.float32).reshape(faces, 3, 2) for layer in mesh.uv_layers]
    if np.linalg.det(matrix[:3, :3]) < 0:  # seen from outside, a mirrored triangle runs the other way
        corners, normals, uvs = corners[:, ::-1], normals[:, ::-1], [uv[:, ::-1] for uv in uvs]
    described = [None if material is None else material_of(material) for material in mesh.materials] or [None]
    materials = [described[slot] for slot in _values(mesh.polygons, "material_index", np.int32)]
    return Surface(corners, uvs, normals, materials, corners.min(axis=(0, 1)), corners.max(axis=(0, 1)))


def _values(collection: Any, member: str, kind: Any) -> Any:
    first = getattr(collection[0], member)
    width = len(first) if hasattr(first, "__len__") else 1
    values = np.empty(len(collection) * width, kind)
    collection.foreach_get(member, values)
    return values


# -- materials


def material_of(material: Any) -> dict[str, Any]:
    """All that a material says, node by node from its ends, without names and places."""
    ends = [node for node in material.node_tree.nodes if not any(socket.is_linked for socket in node.outputs)]
    return {
        "culling": material.use_backface_culling,
        "method": material.surface_render_method,
        "nodes": len(material.node_tree.nodes),
        "tree": sorted((_node(end) for end in ends), key=lambda node: str(node["kind"])),
    }


def _node(node: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": node.bl_idname, "label": node.label}
    for field in ("operation", "blend_type", "data_type", "extension", "interpolation", "uv_map", "mode", "projection"):
        if hasattr(node, field):
            found[field] = getattr(node, field)
    if node.bl_idname == "ShaderNodeTexImage":
        found["image"] = image_of(node.image)
    if node.bl_idname == "ShaderNodeGroup":
        found["group"] = node.node_tree.name
    found["inputs"] = [_socket(socket) for socket in node.inputs]
    return found


def _socket(socket: Any) -> Any:
    if socket.is_linked:
        (link,) = socket.links
        return socket.name, link.from_socket.name, _node(link.from_node)
    value: Any = getattr(socket, "default_value", None)
    return socket.name, tuple(round(number, 6) for number in value) if hasattr(value, "__len__") else value


def image_of(image: Any) -> dict[str, Any]:
    """All that an image says, with a digest of its pixels."""
    return {
        "size": tuple(image.size),
        "colours": image.colorspace_settings.name,
        "alpha": image.alpha_mode,
        "is packed": bool(image.packed_files),
        "kind": image.file_format,
        "pixels": hashlib.sha256(pixels_of(image).tobytes()).hexdigest(),
    }


def pixels_of(image: Any) -> Any:
    """The pixels as floats, in a row."""
    pixels = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(pixels)
    return pixels


def angles(ours: Any, theirs: Any) -> Any:
    """The angles in degrees between normals, in a row."""
    lengths = np.linalg.norm(ours, axis=-1) * np.linalg.norm(theirs, axis=-1)
    return np.degrees(np.arccos(np.clip((ours * theirs).sum(axis=-1) / lengths, -1, 1))).ravel()
