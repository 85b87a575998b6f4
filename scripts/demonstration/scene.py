"""The demonstration's scenes: a still life of basic shapes and procedural textures, and a studio around the model.

They use only features of every supported Blender. The still life is ten times life size; its lengths are in metres.
`geometry.py` hands it to the stand-in for Trellis 2.
"""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import bpy
from mathutils import Euler, Vector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SAMPLES = 12
SIDE = 512
FROM_THE_FRONT = (math.radians(76), 0.0, 0.0)
FROM_THE_FRONT_LEFT = (math.radians(74), 0.0, math.radians(-25))

Outline = tuple[tuple[float, float], ...]
Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """A material: a texture node, stretched by `stretch`, through a ramp of (place, linear colour)."""

    name: str
    texture: str
    inputs: Mapping[str, float]
    ramp: tuple[tuple[float, Colour], ...]
    stretch: tuple[float, float, float] = (1, 1, 1)
    roughness: float = 0.5
    coat: float = 0.0
    bump: float = 0.0
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Turned:
    """An object turned on a lathe: its outline as (radius, height) from the bottom upwards, and its place."""

    name: str
    outline: Outline
    look: Look
    place: tuple[float, float, float] = (0, 0, 0)
    tilt: tuple[float, float, float] = (0, 0, 0)


WOOD = Look(
    "Walnut",
    "ShaderNodeTexWave",
    {"Scale": 0.4, "Distortion": 6.5, "Detail": 4.0, "Detail Scale": 1.2},
    ((0.0, (0.13, 0.048, 0.017)), (0.55, (0.30, 0.125, 0.045)), (1.0, (0.42, 0.20, 0.08))),
    stretch=(0.9, 5.0, 5.0),
    roughness=0.42,
    bump=0.06,
    options={"bands_direction": "Y"},
)
GLAZE = Look(
    "Glaze",
    "ShaderNodeTexNoise",
    {"Scale": 7.0, "Detail": 9.0, "Roughness": 0.72},
    ((0.34, (0.004, 0.05, 0.075)), (0.5, (0.012, 0.19, 0.22)), (0.72, (0.12, 0.45, 0.42))),
    roughness=0.2,
    coat=0.6,
    bump=0.03,
)
APPLE = Look(
    "Apple",
    "ShaderNodeTexNoise",
    {"Scale": 2.2, "Detail": 6.0, "Roughness": 0.6, "Distortion": 0.5},
    ((0.36, (0.33, 0.008, 0.012)), (0.55, (0.58, 0.03, 0.018)), (0.68, (0.80, 0.36, 0.06))),
    stretch=(2.6, 2.6, 0.7),
    roughness=0.28,
    coat=0.3,
)
LEMON = Look(
    "Lemon",
    "ShaderNodeTexNoise",
    {"Scale": 26.0, "Detail": 2.0},
    ((0.25, (0.66, 0.36, 0.008)), (0.7, (0.87, 0.60, 0.03))),
    roughness=0.38,
    bump=0.2,
)
STALK = Look(
    "Stalk", "ShaderNodeTexNoise", {"Scale": 20.0}, ((0.3, (0.05, 0.022, 0.01)), (0.7, (0.13, 0.07, 0.03))), bump=0.3
)
LEAF = Look(
    "Leaf",
    "ShaderNodeTexNoise",
    {"Scale": 9.0, "Detail": 4.0},
    ((0.3, (0.025, 0.11, 0.012)), (0.7, (0.10, 0.29, 0.035))),
    roughness=0.4,
)
PAPER = Look("Backdrop", "ShaderNodeTexNoise", {"Scale": 1.0}, ((0.0, (0.72, 0.73, 0.75)), (1.0, (0.76, 0.77, 0.79))))

BOARD_OUTLINE: Outline = (
    (0, 0), (1.2, 0), (1.34, 0), (1.4, 0.05), (1.42, 0.1), (1.42, 0.16), (1.4, 0.2), (1.35, 0.22), (1.3, 0.225),
    (0, 0.225),
)  # fmt: skip
JUG_OUTLINE: Outline = (
    (0, 0), (0.34, 0), (0.38, 0), (0.4, 0.03), (0.52, 0.22), (0.62, 0.46), (0.64, 0.7), (0.57, 0.95), (0.42, 1.18),
    (0.33, 1.36), (0.32, 1.5), (0.37, 1.64), (0.41, 1.69), (0.41, 1.71), (0.38, 1.71), (0.29, 1.5), (0.3, 1.36),
    (0.38, 1.18), (0.53, 0.95), (0.58, 0.5), (0.36, 0.08), (0, 0.06),
)  # fmt: skip
APPLE_OUTLINE: Outline = (
    (0, 0.09), (0.08, 0.06), (0.16, 0.01), (0.24, 0.01), (0.36, 0.13), (0.46, 0.34), (0.48, 0.52), (0.42, 0.7),
    (0.3, 0.8), (0.18, 0.8), (0.09, 0.74), (0, 0.66),
)  # fmt: skip
LEMON_OUTLINE: Outline = (
    (0, 0), (0.06, 0.0), (0.1, 0.06), (0.2, 0.13), (0.31, 0.28), (0.35, 0.46), (0.31, 0.64), (0.2, 0.78), (0.1, 0.85),
    (0.07, 0.92), (0, 0.94),
)  # fmt: skip
LEAF_OUTLINE: Outline = ((0, 0), (0.05, 0.04), (0.12, 0.16), (0.14, 0.26), (0.1, 0.38), (0.03, 0.48), (0, 0.5))

STILL_LIFE = (
    Turned("Board", BOARD_OUTLINE, WOOD),
    Turned("Jug", JUG_OUTLINE, GLAZE, (-0.3, 0.3, 0.225)),
    Turned("Apple", APPLE_OUTLINE, APPLE, (0.68, -0.2, 0.225), (0.1, 0.06, 0)),
    Turned("Lemon", LEMON_OUTLINE, LEMON, (-0.5, -0.62, 0.575), (0, math.radians(90), math.radians(20))),
)


def build_still_life() -> None:
    """Put the still life, its light and its camera into the current scene."""
    for thing in STILL_LIFE:
        _turn(thing)
    _rod("Handle", ((0.0, 1.52), (0.42, 1.5), (0.5, 1.05), (0.18, 0.72)), 0.07, GLAZE, (-0.62, 0.3, 0.225), math.pi)
    _rod("Stalk", ((0.0, 0.64), (0.0, 0.8), (0.03, 0.92), (0.08, 1.0)), 0.025, STALK, (0.72, -0.2, 0.225), 0.0)
    leaf = _turn(Turned("Leaf", LEAF_OUTLINE, LEAF, (0.76, -0.2, 1.13), (0.5, math.radians(72), -0.35)))
    leaf.scale = (0.12, 1.1, 1.0)
    _light_up(Vector((0, 0, 0.8)), 2.0)
    bpy.context.view_layer.update()  # type: ignore[union-attr]  # there is one
    _frame(FROM_THE_FRONT, _points(bpy.data.objects), 1.06)


def build_studio() -> None:
    """Put a backdrop, lights and a camera from the front left around the objects of the collection "Trellis"."""
    points = _points(bpy.data.collections["Trellis"].all_objects)
    low, high = _box(points)
    middle, size = (low + high) / 2, (high - low).length / 2
    _light_up(middle, size)
    bowl = [(r * size, h * size) for r, h in ((0, 0), (8, 0), (11, 0), (13, 1), (14, 4), (14, 12))]
    _turn(Turned("Backdrop", tuple(bowl), PAPER, (middle.x, middle.y, low.z)))
    _frame(FROM_THE_FRONT_LEFT, points, 1.16)


def put_away() -> None:
    """Move all objects into a collection that is neither visible nor rendered."""
    scene: Any = bpy.context.scene
    shelf = bpy.data.collections.new("Still Life")
    for thing in list(scene.collection.objects):
        scene.collection.objects.unlink(thing)
        shelf.objects.link(thing)
    scene.collection.children.link(shelf)
    bpy.context.view_layer.layer_collection.children[shelf.name].exclude = True  # type: ignore[union-attr]  # there is one


def render(is_transparent: bool, path: Path | None = None) -> None:
    """Render a square of SIDE pixels with Cycles on the CPU, to the file if a path is given."""
    scene: Any = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device, scene.cycles.samples = "CPU", SAMPLES
    scene.cycles.use_denoising, scene.cycles.denoising_prefilter = _has_denoiser(), "FAST"
    # With three lamps and matt objects, more light paths or a light tree would only take time.
    scene.cycles.max_bounces, scene.cycles.use_light_tree = 3, False
    scene.render.resolution_x = scene.render.resolution_y = SIDE
    scene.render.resolution_percentage = 100
    scene.render.film_transparent = is_transparent
    # So that the picture, the model and its render have the same colours.
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGBA" if is_transparent else "RGB"
    if path is not None:
        scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=path is not None)


def _has_denoiser() -> bool:
    # Not every Linux distribution builds Cycles with a denoiser.
    return bool(importlib.import_module("_cycles").with_openimagedenoise)


def _turn(thing: Turned) -> Any:
    """Make an object by turning an edge along the outline about its upright axis, and return it."""
    mesh: Any = bpy.data.meshes.new(thing.name)
    points = [(radius, 0.0, height) for radius, height in thing.outline]
    mesh.from_pydata(points, [(i, i + 1) for i in range(len(points) - 1)], [])
    mesh.materials.append(_material(thing.look))
    turned = _add(thing.name, mesh)
    turned.location, turned.rotation_euler = thing.place, thing.tilt
    lathe = turned.modifiers.new("Lathe", "SCREW")
    lathe.steps = lathe.render_steps = 40
    lathe.use_merge_vertices = lathe.use_normal_calculate = True
    smooth = turned.modifiers.new("Smooth", "SUBSURF")
    smooth.levels, smooth.render_levels = 1, 2
    return turned


def _rod(name: str, path: Outline, radius: float, look: Look, place: Sequence[float], turn: float) -> None:
    """Add a bent rod along four Bezier control points, given as (across, up)."""
    curve: Any = bpy.data.curves.new(name, "CURVE")
    curve.dimensions, curve.bevel_depth, curve.bevel_resolution, curve.use_fill_caps = "3D", radius, 6, True
    spline = curve.splines.new("BEZIER")
    spline.bezier_points.add(1)
    start, end = spline.bezier_points
    start.co, start.handle_right, end.handle_left, end.co = [(x, 0.0, z) for x, z in path]
    start.handle_left, end.handle_right = start.co, end.co
    curve.materials.append(_material(look))
    rod = _add(name, curve)
    rod.location, rod.rotation_euler = place, (0, 0, turn)


def _material(look: Look) -> Any:
    """Return the material of that name, and make it if it does not exist."""
    known: Any | None = bpy.data.materials.get(look.name)
    if known is not None:
        return known
    material: Any = bpy.data.materials.new(look.name)
    if not material.node_tree:  # since 5.0 a material always has nodes
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    surface = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    surface.inputs["Roughness"].default_value = look.roughness
    surface.inputs["Coat Weight"].default_value = look.coat
    place, stretch = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeMapping")
    stretch.inputs["Scale"].default_value = look.stretch
    texture, ramp = nodes.new(look.texture), nodes.new("ShaderNodeValToRGB")
    for name, option in look.options.items():
        setattr(texture, name, option)
    for name, value in look.inputs.items():
        texture.inputs[name].default_value = value
    stops = ramp.color_ramp.elements
    while len(stops) < len(look.ramp):
        stops.new(0.5)
    for stop, (position, colour) in zip(stops, look.ramp, strict=True):
        stop.position, stop.color = position, (*colour, 1.0)
    links.new(place.outputs["Object"], stretch.inputs["Vector"])
    links.new(stretch.outputs["Vector"], texture.inputs["Vector"])
    links.new(texture.outputs[0], ramp.inputs[0])
    links.new(ramp.outputs["Color"], surface.inputs["Base Color"])
    if look.bump:
        bump = nodes.new("ShaderNodeBump")
        bump.inputs["Strength"].default_value = look.bump
        links.new(texture.outputs[0], bump.inputs["Height"])
        links.new(bump.outputs["Normal"], surface.inputs["Normal"])
    return material


def _light_up(middle: Vector, size: float) -> None:
    """Add a key light from the upper left, a weaker fill from the right, a rim from behind, and a pale sky."""
    for name, direction, strength, width in (
        ("Key", (-1.0, -1.1, 1.5), 110.0, 1.6),
        ("Fill", (1.6, -1.2, 0.6), 28.0, 2.5),
        ("Rim", (0.8, 1.6, 1.3), 70.0, 1.2),
    ):
        lamp: Any = bpy.data.lights.new(name, "AREA")
        way = Vector(direction).normalized()
        lamp.energy, lamp.size = strength * size**2, width * size
        light = _add(name, lamp)
        light.location = middle + way * 3.2 * size
        light.rotation_euler = way.to_track_quat("Z", "Y").to_euler()
    scene: Any = bpy.context.scene
    scene.world = bpy.data.worlds.new("Sky")
    scene.world.color = (0.30, 0.32, 0.36)


def _frame(rotation: tuple[float, float, float], points: Sequence[Vector], margin: float) -> None:
    """Add the scene's camera with this rotation, far enough away to see all points and a margin (1: none)."""
    lens: Any = bpy.data.cameras.new("Camera")
    lens.lens = 70
    camera = _add("Camera", lens)
    camera.rotation_euler = Euler(rotation)
    scene: Any = bpy.context.scene
    scene.camera = camera
    scene.render.resolution_x = scene.render.resolution_y = SIDE
    low, high = _box(points)
    middle = (low + high) / 2
    spread = [number for point in points for number in (middle + (point - middle) * margin).to_tuple()]
    bpy.context.view_layer.update()  # type: ignore[union-attr]  # there is one
    place, _ = camera.camera_fit_coords(bpy.context.evaluated_depsgraph_get(), spread)
    camera.location = place
    lens.clip_end = 100 * (Vector(place) - middle).length


def _points(things: Any) -> list[Vector]:
    """Return all points of the objects that have a surface, in world coordinates."""
    graph = bpy.context.evaluated_depsgraph_get()
    shapes = [thing.evaluated_get(graph) for thing in things if thing.type in ("MESH", "CURVE")]
    return [shape.matrix_world @ point.co for shape in shapes for point in shape.to_mesh().vertices]


def _box(points: Sequence[Vector]) -> tuple[Vector, Vector]:
    """Return the lowest and the highest corner of the bounding box of the points."""
    low, high = (Vector(tuple(map(pick, zip(*points, strict=True)))) for pick in (min, max))
    return low, high


def _add(name: str, data: Any) -> Any:
    thing = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(thing)  # type: ignore[union-attr]  # there is a scene
    return thing
