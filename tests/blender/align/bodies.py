"""Bodies of Blender's primitives whose turn can be known, and some whose turn cannot; each about a metre tall."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import bmesh
import bpy
import numpy as np
from mathutils import Euler, Matrix, Vector

Colour = tuple[float, float, float]
RED, BLUE, GREEN, SAND, GREY, DARK = (
    (0.7, 0.1, 0.08),
    (0.08, 0.2, 0.6),
    (0.1, 0.45, 0.15),
    (0.75, 0.6, 0.4),
    (0.5, 0.5, 0.5),
    (0.06, 0.05, 0.05),
)


class Clay:
    """Puts coloured parts together."""

    def __init__(self) -> None:
        self.mesh = bmesh.new()
        self.layer: Any = self.mesh.loops.layers.float_color.new("Col")

    def _paint(self, given: Mapping[str, Any], colour: Colour) -> None:
        faces = {face for vertex in given["verts"] for face in vertex.link_faces}
        for face in faces:
            for loop in face.loops:
                loop[self.layer] = (*colour, 1.0)

    def box(self, place: Any, size: Any, colour: Colour, turn: float = 0.0) -> None:
        """Add a box."""
        matrix = Matrix.LocRotScale(Vector(place), Euler((0.0, 0.0, turn)), Vector(size))
        self._paint(bmesh.ops.create_cube(self.mesh, size=1.0, matrix=matrix), colour)

    def ball(self, place: Any, size: Any, colour: Colour) -> None:
        """Add an ellipsoid; `size`: its diameters."""
        matrix = Matrix.LocRotScale(Vector(place), None, Vector(size))
        made = bmesh.ops.create_uvsphere(self.mesh, u_segments=32, v_segments=16, radius=0.5, matrix=matrix)
        self._paint(made, colour)

    def rod(self, start: Any, end: Any, radius: float, colour: Colour, tip: float | None = None) -> None:
        """Add a rod, or a cone, from one point to another."""
        along = Vector(end) - Vector(start)
        matrix = Matrix.LocRotScale(
            (Vector(start) + Vector(end)) / 2, along.to_track_quat("Z", "Y"), Vector((1.0, 1.0, 1.0))
        )
        made = bmesh.ops.create_cone(
            self.mesh,
            cap_ends=True,
            segments=24,
            radius1=radius,
            radius2=radius if tip is None else tip,
            depth=along.length,
            matrix=matrix,
        )
        self._paint(made, colour)

    def monkey(self) -> None:
        """Add Suzanne, shaded from top to bottom."""
        made = bmesh.ops.create_monkey(self.mesh, matrix=Matrix.Scale(0.5, 4))
        self._paint(made, SAND)
        for face in self.mesh.faces:
            for loop in face.loops:
                if loop.vert.co.z > 0.25:
                    loop[self.layer] = (*DARK, 1.0)

    def end(self, name: str) -> Any:
        """Return the object, in no collection."""
        mesh = bpy.data.meshes.new(name)
        bmesh.ops.triangulate(self.mesh, faces=self.mesh.faces[:])
        self.mesh.to_mesh(mesh)
        self.mesh.free()
        material = bpy.data.materials.new(name)
        material.use_nodes = True
        tree: Any = material.node_tree
        colours = tree.nodes.new("ShaderNodeVertexColor")
        colours.layer_name = "Col"
        tree.links.new(colours.outputs["Color"], tree.nodes["Principled BSDF"].inputs["Base Color"])
        mesh.materials.append(material)
        return bpy.data.objects.new(name, mesh)


def _monkey(clay: Clay) -> None:
    clay.monkey()


def _chair(clay: Clay) -> None:
    for x in (-0.2, 0.2):
        for y in (-0.2, 0.2):
            clay.rod((x, y, 0), (x, y, 0.45), 0.025, DARK)
    clay.box((0, 0, 0.47), (0.5, 0.5, 0.06), RED)
    clay.box((0, 0.22, 0.77), (0.5, 0.05, 0.55), SAND)


def _car(clay: Clay) -> None:
    clay.box((0, 0, 0.2), (0.5, 1.1, 0.2), BLUE)
    clay.box((0, 0.1, 0.38), (0.42, 0.5, 0.18), GREY)
    clay.box((0, -0.5, 0.26), (0.4, 0.12, 0.06), SAND)
    for x in (-0.25, 0.25):
        for y in (-0.35, 0.35):
            clay.rod((x - 0.04, y, 0.1), (x + 0.04, y, 0.1), 0.11, DARK)


def _mug(clay: Clay) -> None:
    clay.rod((0, 0, 0), (0, 0, 0.6), 0.25, GREEN)
    for step in range(10):
        first, second = (math.pi * (number / 10 - 0.5) for number in (step, step + 1))
        here, there = ((0.25 + 0.2 * math.cos(a), 0, 0.3 + 0.22 * math.sin(a)) for a in (first, second))
        clay.rod(here, there, 0.04, SAND)


def _house(clay: Clay) -> None:
    clay.box((0, 0, 0.25), (0.8, 0.55, 0.5), SAND)
    clay.rod((0, 0, 0.5), (0, 0, 0.85), 0.6, RED, tip=0.02)
    clay.box((0.25, 0.1, 0.75), (0.1, 0.1, 0.4), DARK)
    clay.box((-0.15, -0.28, 0.17), (0.18, 0.04, 0.34), BLUE)


def _dog(clay: Clay) -> None:
    clay.ball((0, 0, 0.45), (0.3, 0.75, 0.32), SAND)
    clay.ball((0, -0.45, 0.65), (0.24, 0.3, 0.24), SAND)
    clay.ball((0, -0.6, 0.6), (0.12, 0.2, 0.1), DARK)
    clay.rod((0, 0.35, 0.5), (0, 0.6, 0.75), 0.04, DARK)
    for x in (-0.1, 0.1):
        clay.rod((x, -0.4, 0.75), (x * 1.4, -0.38, 0.88), 0.05, DARK, tip=0.01)
        for y in (-0.25, 0.25):
            clay.rod((x, y, 0), (x, y, 0.4), 0.05, SAND)


def _lamp(clay: Clay) -> None:
    clay.rod((0, 0, 0), (0, 0, 0.04), 0.22, DARK)
    clay.rod((0, 0, 0.04), (0.1, 0.2, 0.5), 0.025, GREY)
    clay.rod((0.1, 0.2, 0.5), (-0.05, -0.25, 0.8), 0.025, GREY)
    clay.rod((-0.05, -0.25, 0.84), (-0.07, -0.4, 0.66), 0.05, RED, tip=0.16)


def _plane(clay: Clay) -> None:
    clay.rod((0, -0.6, 0.35), (0, 0.5, 0.35), 0.1, GREY, tip=0.05)
    clay.box((0, -0.1, 0.35), (1.2, 0.25, 0.03), BLUE)
    clay.box((0, 0.45, 0.38), (0.45, 0.14, 0.02), RED)
    clay.box((0, 0.45, 0.5), (0.02, 0.16, 0.25), RED)
    clay.rod((0.15, -0.25, 0), (0.1, -0.2, 0.3), 0.03, DARK)


def _cube(clay: Clay) -> None:
    clay.box((0, 0, 0.4), (0.8, 0.8, 0.8), GREY)


def _vase(clay: Clay) -> None:
    clay.rod((0, 0, 0), (0, 0, 0.5), 0.3, GREEN, tip=0.2)
    clay.rod((0, 0, 0.5), (0, 0, 0.8), 0.2, GREEN, tip=0.28)


TURNABLE: Mapping[str, Callable[[Clay], None]] = {
    "monkey": _monkey,
    "chair": _chair,
    "car": _car,
    "mug": _mug,
    "house": _house,
    "dog": _dog,
    "lamp": _lamp,
    "plane": _plane,
}
UNTURNABLE: Mapping[str, Callable[[Clay], None]] = {"cube": _cube, "vase": _vase}


def make(name: str) -> Any:
    """Return the body as a new object, in no collection."""
    clay = Clay()
    {**TURNABLE, **UNTURNABLE}[name](clay)
    return clay.end(name)


def imperfect(body: Any, seed: int) -> None:
    """Change the mesh as a generation would: 8 % stretch, 4 degrees of tilt, noise, another brightness."""
    draw = np.random.default_rng(seed)
    mesh = body.data
    flat = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", flat)
    points: Any = flat.reshape(-1, 3)
    axis = draw.integers(3)
    points[:, axis] *= 1.08
    about = draw.uniform(0, math.tau)
    tilt = Matrix.Rotation(math.radians(4), 3, Vector((math.cos(about), math.sin(about), 0.0)))
    points = points @ np.array(tilt).T
    points += draw.normal(0, 0.006, points.shape)
    mesh.vertices.foreach_set("co", points.astype(np.float32).ravel())
    colours = np.empty(len(mesh.loops) * 4, np.float32)
    mesh.color_attributes["Col"].data.foreach_get("color", colours)
    colours.reshape(-1, 4)[:, :3] *= 0.7
    mesh.color_attributes["Col"].data.foreach_set("color", colours)
    mesh.update()
