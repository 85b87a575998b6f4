"""Render the examples of docs/pictures.md, pairs of a picture that works and one that does not, by Blender's Python:

    python scripts/demonstration/pictures.py docs/pictures.webp

Each pair differs in one thing. Everything is made of Blender's primitives and rendered by Cycles on the processor.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bpy
from mathutils import Vector
from PIL import Image

SIDE, SAMPLES, GAP = 176, 48, 6  # pixels of a picture, samples, pixels between two
CLAY, DARK = (0.55, 0.25, 0.12), (0.005, 0.005, 0.006)
Change = Callable[["Studio"], None]


class Studio:
    """A figure in soft light before nothing, seen from three quarters at its own height."""

    scene: Any
    material: Any
    figure: Any
    camera: Any

    def __init__(self) -> None:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        self.scene = bpy.context.scene
        self.scene.render.engine = "CYCLES"
        self.scene.cycles.device, self.scene.cycles.samples, self.scene.cycles.use_denoising = "CPU", SAMPLES, False
        self.scene.render.resolution_x = self.scene.render.resolution_y = SIDE
        self.scene.view_settings.view_transform = "Standard"
        self.scene.world = bpy.data.worlds.new("World")
        self.light_from_everywhere((0.8, 0.8, 0.8), 0.7)
        self.light_from(35, 25, 1.2, softness=80.0)
        self.material = bpy.data.materials.new("Clay")
        if not self.material.node_tree:  # since 5.0 a material always has nodes
            self.material.use_nodes = True
        self.paint(CLAY, roughness=0.7)
        bpy.ops.mesh.primitive_monkey_add(size=1.3, location=(0, 0, 0))
        self.figure = bpy.context.object
        self.figure.modifiers.new("Smooth", "SUBSURF").levels = 2
        self.figure.data.materials.append(self.material)
        self.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
        self.scene.collection.objects.link(self.camera)
        self.scene.camera = self.camera
        self.camera.data.lens = 57
        self.look_from((1.6, -3.0, 0.7))

    def look_from(self, place: tuple[float, float, float]) -> None:
        """Put the camera there; it looks at the figure."""
        self.camera.location = place
        self.camera.rotation_euler = (-Vector(place)).to_track_quat("-Z", "Y").to_euler()

    def light_from_everywhere(self, color: tuple[float, float, float], strength: float) -> None:
        """Light the figure from all sides, which is also its background."""
        if not self.scene.world.node_tree:
            self.scene.world.use_nodes = True
        background = self.scene.world.node_tree.nodes["Background"]
        background.inputs["Color"].default_value = (*color, 1.0)
        background.inputs["Strength"].default_value = strength

    def light_from(self, x: float, y: float, strength: float, softness: float = 0.5) -> None:
        """Add a lamp, turned about these axes, in degrees. `softness`: how wide it is in the sky, in degrees."""
        sun: Any = bpy.data.lights.new("Sun", "SUN")
        sun.energy, sun.angle = strength, math.radians(softness)
        lamp = bpy.data.objects.new("Sun", sun)
        lamp.rotation_euler = (math.radians(x), math.radians(y), 0.0)
        self.scene.collection.objects.link(lamp)

    def paint(self, color: tuple[float, float, float], *, roughness: float, transmission: float = 0.0) -> None:
        """Give the figure another surface."""
        surface = next(node for node in self.material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
        surface.inputs["Base Color"].default_value = (*color, 1.0)
        surface.inputs["Roughness"].default_value = roughness
        surface.inputs["Transmission Weight"].default_value = transmission

    def stand_before(self, size: float) -> None:
        """Put a wall and a floor of checks behind the figure."""
        material: Any = bpy.data.materials.new("Checks")
        if not material.node_tree:
            material.use_nodes = True
        nodes, links = material.node_tree.nodes, material.node_tree.links
        checks = nodes.new("ShaderNodeTexChecker")
        checks.inputs["Scale"].default_value = size
        checks.inputs["Color1"].default_value = (0.5, 0.2, 0.1, 1.0)
        checks.inputs["Color2"].default_value = (0.1, 0.2, 0.3, 1.0)
        surface = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
        links.new(checks.outputs["Color"], surface.inputs["Base Color"])
        for place, turn in (((0, 0, -0.65), 0.0), ((0, 2.0, 0), math.pi / 2)):
            bpy.ops.mesh.primitive_plane_add(size=12, location=place, rotation=(turn, 0, 0))
            plane: Any = bpy.context.object
            plane.data.materials.append(material)

    def stand_on_floor(self) -> None:
        """Put a bright floor below the figure, which takes its shadow."""
        bpy.ops.mesh.primitive_plane_add(size=40, location=(0, 0, -0.65))

    def picture(self, folder: Path) -> Image.Image:
        """Return what the camera sees."""
        self.scene.render.filepath = str(folder / "picture.png")
        self.scene.render.image_settings.file_format = "PNG"
        bpy.ops.render.render(write_still=True)
        return Image.open(folder / "picture.png").convert("RGB")


def shadow(studio: Studio) -> None:
    """Light it by a hard lamp alone, on a floor."""
    studio.stand_on_floor()
    studio.light_from_everywhere((0.8, 0.8, 0.8), 0.08)
    studio.light_from(50, 35, 4.0)


# What each pair is about, and what is changed for the one that does not work.
PAIRS: Mapping[str, Change] = {
    "background": lambda studio: studio.stand_before(14.0),
    "light": shadow,
    "size": lambda studio: setattr(studio.camera.data, "lens", 14),
    "view": lambda studio: studio.look_from((0.0, -0.6, 3.4)),
    "surface": lambda studio: studio.paint((1.0, 1.0, 1.0), roughness=0.0, transmission=1.0),
    "shine": lambda studio: studio.paint(DARK, roughness=0.02),
}


def main(target: Path) -> None:
    """Write all pairs into one picture: those that work above, the others below."""
    whole = Image.new("RGB", (len(PAIRS) * (SIDE + GAP) - GAP, 2 * SIDE + GAP), (255, 255, 255))
    with tempfile.TemporaryDirectory() as folder:
        for column, change in enumerate(PAIRS.values()):
            for row in range(2):
                studio = Studio()
                if row:
                    change(studio)
                whole.paste(studio.picture(Path(folder)), (column * (SIDE + GAP), row * (SIDE + GAP)))
    whole.save(target, quality=82, method=6)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
