"""What artists do to a model's mesh, and how many of its corners then look away from their face."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import bmesh
import bpy
import numpy as np
from mathutils import Matrix, Vector

from tests.blender.comparing import angles

if TYPE_CHECKING:
    from collections.abc import Callable

OPS: Any = bpy.ops


def _select(thing: Any) -> None:
    assert bpy.context.view_layer is not None
    for other in bpy.context.view_layer.objects:
        other.select_set(other == thing)
    bpy.context.view_layer.objects.active = thing


def _edited(thing: Any, change: Callable[[Any], None]) -> None:
    """Change the mesh in Edit Mode."""
    _select(thing)
    OPS.object.mode_set(mode="EDIT")
    OPS.mesh.select_all(action="SELECT")
    mesh = bmesh.from_edit_mesh(thing.data)
    change(mesh)
    bmesh.update_edit_mesh(thing.data)
    OPS.object.mode_set(mode="OBJECT")


def leave(thing: Any) -> None:
    """Do nothing."""


def rotate(thing: Any) -> None:
    """Turn everything upside down in Edit Mode."""
    _select(thing)
    OPS.object.mode_set(mode="EDIT")
    OPS.mesh.select_all(action="SELECT")
    OPS.transform.rotate(value=math.pi * 0.9, orient_axis="X")
    OPS.object.mode_set(mode="OBJECT")


def mirror(thing: Any) -> None:
    """Apply a Mirror modifier that stands beside the model."""
    _select(thing)
    around = bpy.data.objects.new("around", None)
    around.location = (10.0, 0.0, 0.0)
    bpy.context.scene.collection.objects.link(around)  # type: ignore[union-attr]  # there is one
    modifier = thing.modifiers.new("Mirror", "MIRROR")
    modifier.mirror_object, modifier.use_mirror_merge = around, False
    OPS.object.modifier_apply(modifier=modifier.name)


def join(thing: Any) -> None:
    """Join it with a copy of it that lies on its side."""
    copy = thing.copy()
    copy.data = thing.data.copy()
    thing.users_collection[0].objects.link(copy)
    copy.matrix_world = Matrix.Translation((5.0, 0.0, 0.0)) @ Matrix.Rotation(2.0, 4, (1.0, 1.0, 0.0))
    _select(thing)
    copy.select_set(True)
    OPS.object.join()


def sculpt(thing: Any) -> None:
    """Pull its vertices into waves, as a brush does."""

    def pull(mesh: Any) -> None:
        low, high = (Vector(thing.bound_box[number]) for number in (0, 6))
        size = float(max((high - low).to_tuple()))
        for vertex in mesh.verts:  # by its place alone, so that seams stay closed whether they are welded or not
            wave = math.sin(12 * sum(vertex.co.to_tuple()) / size)
            vertex.co += (vertex.co - (low + high) / 2).normalized() * 0.02 * size * wave

    _edited(thing, pull)


def flip(thing: Any) -> None:
    """Turn it inside out."""
    _select(thing)
    OPS.object.mode_set(mode="EDIT")
    OPS.mesh.select_all(action="SELECT")
    OPS.mesh.flip_normals()
    OPS.object.mode_set(mode="OBJECT")


def pose(thing: Any) -> None:
    """Bend its upper half with a bone, and apply that."""
    armature: Any = bpy.data.objects.new("bones", bpy.data.armatures.new("bones"))
    bpy.context.scene.collection.objects.link(armature)  # type: ignore[union-attr]  # there is one
    _select(armature)
    OPS.object.mode_set(mode="EDIT")
    bone = armature.data.edit_bones.new("bone")
    bone.head, bone.tail = (0.0, 0.0, 0.0), (0.0, 0.0, 1.0)
    OPS.object.mode_set(mode="OBJECT")
    group = thing.vertex_groups.new(name="bone")
    heights = np.array([vertex.co.z for vertex in thing.data.vertices])
    weights = (heights - heights.min()) / max(np.ptp(heights), 1e-9)
    for number, weight in enumerate(weights):
        group.add([number], float(weight), "REPLACE")
    armature.pose.bones["bone"].rotation_mode = "XYZ"
    armature.pose.bones["bone"].rotation_euler = (1.2, 0.0, 0.4)
    modifier = thing.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    _select(thing)
    OPS.object.modifier_apply(modifier=modifier.name)


def turn_inside_out(thing: Any) -> None:
    """Scale it by -1 along an axis, and apply that."""
    _select(thing)
    thing.scale = (-1.0, 1.0, 1.0)
    OPS.object.transform_apply(location=False, rotation=False, scale=True)


EDITS: dict[str, Callable[[Any], None]] = {
    "not edited": leave,
    "turned in Edit Mode": rotate,
    "mirrored": mirror,
    "joined with a turned copy": join,
    "sculpted": sculpt,
    "normals flipped": flip,
    "posed": pose,
    "scale of -1 applied": turn_inside_out,
}


def corner_normals(thing: Any) -> Any:
    """The normals that the mesh is shaded with: (faces, 3, 3) in its own space."""
    normals = np.empty(len(thing.data.loops) * 3, np.float32)
    thing.data.corner_normals.foreach_get("vector", normals)
    return normals.reshape(-1, 3, 3)


def share_away(thing: Any) -> float:
    """The share of the corners whose normals look away from their face, 0 to 1."""
    faces = np.empty(len(thing.data.polygons) * 3, np.float32)
    thing.data.polygons.foreach_get("normal", faces)
    cosine = np.einsum("fci,fi->fc", corner_normals(thing), faces.reshape(-1, 3))
    return float((cosine < 0).mean())


def mean_off(thing: Any, wanted: Any) -> float:
    """The mean angle in degrees between its corners' normals and the wanted ones, (faces, 3, 3)."""
    return float(np.nanmean(angles(corner_normals(thing), wanted)))
