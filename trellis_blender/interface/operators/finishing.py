# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that get a model ready for something: an engine, a printer, a render."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...core.errors import Remedy, Text, TrellisError
from ...host.translation import translated, translated_report
from ...picture.sources import BLEND_RELATIVE
from ...settings import props
from ...settings import scene as scene_settings
from ..at_need import asset, finishing_steps, formats, nodes, presets_of_games, session
from .assets import MeshOperator, StepOperator
from .base import Result, factor


def folder_of(path: str) -> str:
    """Return the whole path of the folder that the artist chose. Raises TrellisError if there is none.

    One beside the .blend (“//”) needs a saved file.
    """
    if not path:
        raise TrellisError("Choose a folder to export to first.", remedy=Remedy.NONE)
    if path.startswith("//") and not bpy.data.filepath:
        raise TrellisError("Save the file first, or choose a folder that is not relative to it.", remedy=Remedy.NONE)
    return str(Path(bpy.path.abspath(path)))


class FolderOption(MeshOperator):
    """An operator that writes a file into the folder that the artist chose last, or chooses now."""

    folder: str = props.StringProperty(**scene_settings.EXPORT["folder"], options={"SKIP_SAVE", *BLEND_RELATIVE})
    remembered: tuple[str, ...] = ("folder",)  # the properties that the scene's settings keep, as `export_folder`

    def recall(self, context: bpy.types.Context) -> None:
        """Take over what was chosen last, where nothing else is given."""
        kept = scene_settings.of_scene(context.scene)
        for name in self.remembered:
            if not self.properties.is_property_set(name):
                setattr(self, name, getattr(kept, f"export_{name}"))

    def remember(self, context: bpy.types.Context) -> None:
        """Keep what was chosen now."""
        kept = scene_settings.of_scene(context.scene)
        for name in self.remembered:
            setattr(kept, f"export_{name}", getattr(self, name))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask, at a click, and show what was chosen last."""
        self.recall(context)
        return super().invoke(context, event)


class TRELLIS2_OT_export_model(FolderOption, bpy.types.Operator):
    """Export the model, with what is parented to it, in the background, for a game engine or another program; \
the folder is remembered, and a file of the same name is replaced"""

    bl_idname = "trellis2.export_model"
    bl_label = "Export"
    bl_options = {"REGISTER"}
    dialog_width = 360
    remembered = ("format", "engine", "folder", "at_origin")

    engine: str = props.EnumProperty(**scene_settings.EXPORT["engine"], options={"SKIP_SAVE"})
    format: str = props.EnumProperty(**scene_settings.EXPORT["format"], options={"SKIP_SAVE"})
    at_origin: bool = props.BoolProperty(**scene_settings.EXPORT["at_origin"], options={"SKIP_SAVE"})
    asks: bool = props.BoolProperty(
        name="Ask", description="Ask even if a folder is remembered", options={"SKIP_SAVE", "HIDDEN"}
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Export at once if the folder is remembered, else ask, at a click."""
        self.recall(context)
        return self.execute(context) if self.folder and not self.asks else super().invoke(context, event)

    def draw(self, _context: bpy.types.Context) -> None:
        self.draw_fields("engine", "format", "folder", "at_origin")

    def act(self, context: bpy.types.Context) -> None:
        """Begin it, and remember what was chosen."""
        self.recall(context)
        obj, folder = self.target(context), folder_of(self.folder)
        kind = formats.resolved(self.format, self.engine)
        settings = {**self.chosen(), "format": kind, "folder": folder, "name": asset.file_stem(obj.name)}
        session.start().finishing.begin("export", obj, settings)
        self.remember(context)
        engine = next(label for name, label, _tip in scene_settings.EXPORT_ENGINES if name == self.engine)
        said = Text("Exporting {name} as {format} for {engine}", name=obj.name, format=kind, engine=translated(engine))
        self.report({"INFO"}, translated_report(said))


class TRELLIS2_OT_material_sanity(MeshOperator, bpy.types.Operator):
    """Put nodes into the model's materials: a least roughness, a most metal, and the painted light taken out of the \
color; they can be changed, switched off and removed, and our exports bake them"""

    bl_idname = "trellis2.material_sanity"
    bl_label = "Material Sanity"
    bl_options = {"REGISTER", "UNDO"}
    dialog_width = 320

    roughness: float = factor(
        name="Roughness Floor", description="No place is smoother than this; 0 adds no node", default=0.2
    )
    metallic: float = factor(
        name="Metal Limit", description="No place is more of a metal than this; 1 adds no node", default=0.8
    )
    light: float = factor(
        name="Take Out Light",
        description="How much of the light that is painted into the color is taken out; it is found in the "
        "background first. 0 adds no node",
        default=0.0,
    )

    def draw(self, _context: bpy.types.Context) -> None:
        self.draw_fields("roughness", "metallic", "light")

    def act(self, context: bpy.types.Context) -> None:
        """Put the nodes in, or change them. The light is found in the background, once."""
        obj = self.target(context)
        materials = [*nodes.materials(obj)]
        if not materials:
            raise TrellisError(Text("No material of “{name}” has a Principled shader.", name=obj.name))
        has_light = False
        for material in materials:
            if self.roughness > 0:
                nodes.set_bound(material, nodes.FLOOR, self.roughness)
            if self.metallic < 1:
                nodes.set_bound(material, nodes.LIMIT, self.metallic)
            node = nodes.find(material, nodes.LIGHT)
            if node is not None:
                node.inputs["Amount"].default_value, has_light = self.light, True
        if self.light > 0 and not has_light and not _is_sought(obj):
            session.start().finishing.begin("light", obj, {"amount": self.light})


def _is_sought(obj: bpy.types.Object) -> bool:
    """Return whether the light of this model is being looked for: a slider of the redo panel acts many times."""
    return any(work.order.step == "light" and work.order.name == obj.name for work in session.works().values())


class TRELLIS2_OT_remove_material_sanity(MeshOperator, bpy.types.Operator):
    """Remove the nodes of Material Sanity, so that the materials are as they were"""

    bl_idname = "trellis2.remove_material_sanity"
    bl_label = "Remove Material Sanity"
    bl_options = {"REGISTER", "UNDO"}

    def act(self, context: bpy.types.Context) -> None:
        obj = self.target(context)
        if not sum(nodes.remove_sanity(material) for material in nodes.materials(obj)):
            raise TrellisError(Text("The materials of “{name}” have no nodes of Material Sanity.", name=obj.name))


class TRELLIS2_OT_print_ready(FolderOption, bpy.types.Operator):
    """Make a copy of the model for a 3D printer in the background, and hide the model: solid, in millimeters, with a \
flat bottom, checked, with its volume and weight"""

    bl_idname = "trellis2.print_ready"
    bl_label = "Print Ready"
    bl_options = {"REGISTER"}
    dialog_width = 360

    size: float = props.FloatProperty(
        name="Size", description="Largest dimension in millimeters", default=100.0, min=0.1, soft_max=1000.0
    )
    cut: float = props.FloatProperty(
        name="Flat Bottom",
        description="How many millimeters are cut off at the bottom; 0 leaves it as it is",
        default=1.0,
        min=0.0,
        soft_max=50.0,
    )
    density: float = props.FloatProperty(
        name="Density",
        description="Of the material, in grams per cubic centimeter: 1.24 is PLA, 1.27 PETG, 1.1 resin",
        default=1.24,
        min=0.01,
        soft_max=20.0,
    )
    format: str = props.EnumProperty(
        name="File",
        description="File to write",
        items=(
            ("STL", "STL", "In millimeters, for every slicer"),
            ("3MF", "3MF", "Where an extension of this Blender writes it; that freezes Blender for a moment"),
            ("NONE", "None", "Only make the copy"),
        ),
    )

    def draw(self, _context: bpy.types.Context) -> None:
        self.draw_fields("size", "cut", "density", "format", *(["folder"] if self.format != "NONE" else ()))

    def act(self, context: bpy.types.Context) -> None:
        self.recall(context)
        obj, is_written = self.target(context), self.format != "NONE"
        if self.format == "3MF":
            finishing_steps.exporter_of_3mf()
        assert context.scene is not None
        settings = {
            **self.chosen(),
            "unit": context.scene.unit_settings.scale_length,
            "folder": folder_of(self.folder) if is_written else "",
            "name": asset.file_stem(obj.name),
        }
        session.start().finishing.begin("print", obj, settings)
        if is_written:
            self.remember(context)


class TRELLIS2_OT_game_ready(MeshOperator, bpy.types.Operator):
    """Make a light copy of the model for a game engine in the background, and hide the model: solid, unwrapped, with \
baked textures and a normal map, LODs and a collision hull"""

    bl_idname = "trellis2.game_ready"
    bl_label = "Game Ready"
    bl_options = {"REGISTER", "PRESET"}
    dialog_width = 380

    preset: str = props.EnumProperty(
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
    faces: int = props.IntProperty(
        name="Faces", description="Number of faces of the copy", default=10_000, min=12, soft_max=200_000
    )
    texture_size: int = props.IntProperty(
        name="Texture Size", description="Side of the textures in pixels", default=1024, min=16, max=8192
    )
    shape: str = props.EnumProperty(
        name="Faces Of",
        description="What the copy is made of",
        items=(
            ("TRIANGLES", "Triangles", "They keep thin parts, and are what engines draw"),
            ("QUADS", "Quads", "An even grid that is easy to edit; it loses thin parts, and has up to 10,000 faces"),
        ),
    )
    smallest_overlap: float = factor(
        name="Least Overlap",
        description="Quads with less of the model's outlines than this are not made",
        default=0.95,
    )
    engine: str = props.EnumProperty(
        name="For",
        description="Program whose names the copy, its LODs and its hull get",
        items=scene_settings.EXPORT_ENGINES,
        default="GLTF",
    )
    levels: int = props.IntProperty(
        name="Levels of Detail",
        description="Number of meshes, each lighter than the one before",
        default=3,
        min=1,
        max=6,
    )
    ratio: float = props.FloatProperty(
        name="Ratio",
        description="How many of the faces the next LOD keeps",
        default=0.5,
        min=0.05,
        max=0.95,
        subtype="FACTOR",
    )
    has_hull: bool = props.BoolProperty(
        name="Collision Hull", description="Add a convex hull, which engines use for collisions", default=True
    )

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.draw_fields()
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

    def act(self, context: bpy.types.Context) -> None:
        faces, size = self._counts()
        if self.shape == "QUADS" and faces > presets_of_games.MOST_QUADS:
            sentence = (
                "Quads are made up to {most} faces, since Blender takes minutes beyond."
                " Ask for fewer, or for triangles."
            )
            raise TrellisError(Text(sentence, most=f"{presets_of_games.MOST_QUADS:,}"), remedy=Remedy.NONE)
        settings = {**self.chosen(), "faces": faces, "texture_size": size}
        session.start().finishing.begin("game_ready", self.target(context), settings)

    def _counts(self) -> tuple[int, int]:
        """Return how many faces and how large textures it asks for."""
        chosen = presets_of_games.PRESETS.get(self.preset)
        return (chosen.faces, chosen.texture_size) if chosen is not None else (self.faces, self.texture_size)


class TRELLIS2_OT_use_triangles(StepOperator, bpy.types.Operator):
    """Make the game-ready copy of triangles instead of quads, with the same settings"""

    bl_idname = "trellis2.use_triangles"
    bl_label = "Use Triangles"

    def act(self, _context: bpy.types.Context) -> None:
        """Begin again on the same model, and dismiss the one that failed."""
        session.start().finishing.begin_again(self.target(), {"shape": "TRIANGLES"})
