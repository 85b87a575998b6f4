# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that get a model ready for a game engine."""

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty

from ....core.errors import Remedy, Text, TrellisError
from ....host.translation import translated
from ....settings import scene as scene_settings
from ...at_need import presets_of_games, session
from ..assets import MeshOperator, StepOperator
from ..base import Result, attempt

TOO_MANY_QUADS = (
    "Quads are made up to {most} faces, since Blender takes minutes beyond. Ask for fewer, or for triangles."
)


class TRELLIS2_OT_game_ready(MeshOperator, bpy.types.Operator):
    """Make a light copy of the model for a game engine in the background, and hide the model: solid, unwrapped, with \
baked textures and a normal map, LODs and a collision hull"""

    bl_idname = "trellis2.game_ready"
    bl_label = "Game Ready"
    bl_options = {"REGISTER", "PRESET"}

    if TYPE_CHECKING:
        preset: str
        faces: int
        texture_size: int
        shape: str
        smallest_overlap: float
        engine: str
        levels: int
        ratio: float
        has_hull: bool
    else:
        preset: EnumProperty(
            name="Preset",
            description="How light the copy becomes",
            items=(
                ("MOBILE", "Mobile", "2,000 faces, textures of 512 pixels"),
                ("PROP", "Prop", "10,000 faces, textures of 1024 pixels"),
                ("HERO", "Hero", "30,000 faces, textures of 2048 pixels"),
                ("FILM", "Film", "100,000 faces, textures of 4096 pixels"),
                ("OWN", "Own", "As many faces and pixels as you say"),
            ),
            default="PROP",
        )
        faces: IntProperty(
            name="Faces", description="Number of faces of the copy", default=10_000, min=12, soft_max=200_000
        )
        texture_size: IntProperty(
            name="Texture Size", description="Side of the textures in pixels", default=1024, min=16, max=8192
        )
        shape: EnumProperty(
            name="Faces Of",
            description="What the copy is made of",
            items=(
                ("TRIANGLES", "Triangles", "They keep thin parts, and are what engines draw"),
                (
                    "QUADS",
                    "Quads",
                    "An even grid that is easy to edit; it loses thin parts, and has up to 10,000 faces",
                ),
            ),
        )
        smallest_overlap: FloatProperty(
            name="Least Overlap",
            description="Quads with less of the model's outlines than this are not made",
            default=0.95,
            min=0.0,
            max=1.0,
            subtype="FACTOR",
        )
        engine: EnumProperty(
            name="For",
            description="Program whose names the copy, its LODs and its hull get",
            items=scene_settings.EXPORT_ENGINES,
            default="GLTF",
        )
        levels: IntProperty(
            name="Levels of Detail",
            description="Number of meshes, each lighter than the one before",
            default=3,
            min=1,
            max=6,
        )
        ratio: FloatProperty(
            name="Ratio",
            description="How many of the faces the next LOD keeps",
            default=0.5,
            min=0.05,
            max=0.95,
            subtype="FACTOR",
        )
        has_hull: BoolProperty(
            name="Collision Hull", description="Add a convex hull, which engines use for collisions", default=True
        )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        """Ask for the preset and the rest, at a click."""
        return self.ask(context, 380)

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the settings."""
        layout: Any = self.layout
        layout.use_property_split = True
        layout.row().prop(self, "preset", expand=True)
        faces, size = self._counts()
        if self.preset == "OWN":
            layout.prop(self, "faces")
            layout.prop(self, "texture_size")
        else:
            said = Text("{faces} faces, textures of {size} px", faces=f"{faces:,}", size=size)
            layout.label(text=translated(said))
        layout.row().prop(self, "shape", expand=True)
        if self.shape == "QUADS":
            layout.prop(self, "smallest_overlap")
            if faces > presets_of_games.MOST_QUADS:
                most = f"{presets_of_games.MOST_QUADS:,}"
                layout.label(text=translated(Text("Quads: at most {most} faces", most=most)), icon="ERROR")
        layout.prop(self, "levels")
        if self.levels > 1:
            layout.prop(self, "ratio")
        layout.prop(self, "has_hull")
        layout.prop(self, "engine")

    def execute(self, context: bpy.types.Context) -> Result:
        """Begin it. It is a row in the list of jobs, and costs nothing."""

        def begin() -> None:
            faces, size = self._counts()
            if self.shape == "QUADS" and faces > presets_of_games.MOST_QUADS:
                most = f"{presets_of_games.MOST_QUADS:,}"
                raise TrellisError(Text(TOO_MANY_QUADS, most=most), remedy=Remedy.NONE)
            settings = {
                "preset": self.preset,
                "faces": faces,
                "texture_size": size,
                "shape": self.shape,
                "smallest_overlap": self.smallest_overlap,
                "engine": self.engine,
                "levels": self.levels,
                "ratio": self.ratio,
                "has_hull": self.has_hull,
            }
            session.start().finishing.begin("game_ready", self.target(context), settings)

        return attempt(self, begin)

    def _counts(self) -> tuple[int, int]:
        """Return how many faces and how large textures it asks for."""
        chosen = presets_of_games.PRESETS.get(self.preset)
        return (chosen.faces, chosen.texture_size) if chosen is not None else (self.faces, self.texture_size)


class TRELLIS2_OT_use_triangles(StepOperator, bpy.types.Operator):
    """Make the game-ready copy of triangles instead of quads, with the same settings"""

    bl_idname = "trellis2.use_triangles"
    bl_label = "Use Triangles"

    def execute(self, _context: bpy.types.Context) -> Result:
        """Begin again on the same model, and dismiss the one that failed."""
        return attempt(self, lambda: session.start().finishing.begin_again(self.target(), {"shape": "TRIANGLES"}))


CLASSES: tuple[Any, ...] = (TRELLIS2_OT_game_ready, TRELLIS2_OT_use_triangles)
