# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that get a model ready for something: an engine, a printer, a render.

They are few files, since every start of Blender imports them.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

from ....core.errors import Remedy, Text, TrellisError
from ....host.translation.translation import translated, translated_report
from ....settings import scene as scene_settings
from ...at_need import finishing_steps, formats, sanity_nodes, session
from ..assets import MeshOperator
from ..base import Result, attempt

NO_FOLDER = "Choose a folder to export to first."
# Lets a folder be given relative to the .blend; older versions take it anyway, and do not know the option.
BLEND_RELATIVE = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
REMEMBERED = {
    "format": "export_format",
    "engine": "export_engine",
    "folder": "export_folder",
    "at_origin": "export_at_origin",
}
NO_SHADER = "No material of “{name}” has a Principled shader."


def folder_of(path: str) -> str:
    """Return the whole path of the folder that the artist chose. Raises TrellisError if there is none.

    One beside the .blend (“//”) needs a saved file.
    """
    if not path:
        raise TrellisError(NO_FOLDER, remedy=Remedy.NONE)
    if path.startswith("//") and not bpy.data.filepath:
        raise TrellisError("Save the file first, or choose a folder that is not relative to it.", remedy=Remedy.NONE)
    return str(Path(bpy.path.abspath(path)))


class TRELLIS2_OT_export_model(MeshOperator, bpy.types.Operator):
    """Export the model, with what is parented to it, in the background, for a game engine or another program; \
the folder is remembered, and a file of the same name is replaced"""

    bl_idname = "trellis2.export_model"
    bl_label = "Export"
    bl_options = {"REGISTER"}

    if TYPE_CHECKING:
        engine: str
        format: str
        folder: str
        at_origin: bool
        asks: bool
    else:
        engine: EnumProperty(
            name="For",
            description="Program that is to read the exported models",
            items=scene_settings.EXPORT_ENGINES,
            default="GLTF",
            options={"SKIP_SAVE"},
        )
        format: EnumProperty(
            name="Format",
            description="Format to export models in",
            items=scene_settings.EXPORT_FORMATS,
            options={"SKIP_SAVE"},
        )
        folder: StringProperty(
            name="Folder",
            description="Folder to export models to",
            subtype="DIR_PATH",
            options={"SKIP_SAVE", *BLEND_RELATIVE},
        )
        at_origin: BoolProperty(
            name="At Origin",
            description="Export a model as if it stood at the world's origin, where engines have its pivot",
            default=True,
            options={"SKIP_SAVE"},
        )
        asks: BoolProperty(
            name="Ask", description="Ask even if a folder is remembered", options={"SKIP_SAVE", "HIDDEN"}
        )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        """Export at once if the folder is remembered, else ask, at a click."""
        self._recall(context)
        return self.execute(context) if self.folder and not self.asks else self.ask(context, 360)

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the engine, the format and the folder."""
        layout: Any = self.layout
        layout.use_property_split = True
        layout.prop(self, "engine")
        layout.prop(self, "format")
        layout.prop(self, "folder")
        layout.prop(self, "at_origin")

    def execute(self, context: bpy.types.Context) -> Result:
        """Begin it, and remember what was chosen."""

        def begin() -> None:
            self._recall(context)
            obj, folder = self.target(context), folder_of(self.folder)
            kind = formats.resolved(self.format, self.engine)
            settings = {
                "format": kind,
                "engine": self.engine,
                "folder": folder,
                "name": self.stem(obj),
                "at_origin": self.at_origin,
            }
            session.start().finishing.begin("export", obj, settings)
            kept: Any = context.scene.trellis2  # type: ignore[union-attr]  # ours
            for own, remembered in REMEMBERED.items():
                setattr(kept, remembered, getattr(self, own))
            said = Text(
                "Exporting {name} as {format} for {engine}", name=obj.name, format=kind, engine=self.engine_label
            )
            self.report({"INFO"}, translated_report(said))

        return attempt(self, begin)

    @property
    def engine_label(self) -> str:
        """Return the engine's name."""
        return translated(next(label for name, label, _tip in scene_settings.EXPORT_ENGINES if name == self.engine))

    def _recall(self, context: bpy.types.Context) -> None:
        """Take over what was chosen last, where nothing else is given."""
        kept: Any = context.scene.trellis2  # type: ignore[union-attr]  # ours
        given: Any = self.properties
        for own, remembered in REMEMBERED.items():
            if not given.is_property_set(own):
                setattr(self, own, getattr(kept, remembered))


class TRELLIS2_OT_material_sanity(MeshOperator, bpy.types.Operator):
    """Put nodes into the model's materials: a least roughness, a most metal, and the painted light taken out of the \
color; they can be changed, switched off and removed, and our exports bake them"""

    bl_idname = "trellis2.material_sanity"
    bl_label = "Material Sanity"
    bl_options = {"REGISTER", "UNDO"}

    if TYPE_CHECKING:
        roughness: float
        metallic: float
        light: float
    else:
        roughness: FloatProperty(
            name="Roughness Floor",
            description="No place is smoother than this; 0 adds no node",
            default=0.2,
            min=0.0,
            max=1.0,
            subtype="FACTOR",
        )
        metallic: FloatProperty(
            name="Metal Limit",
            description="No place is more of a metal than this; 1 adds no node",
            default=0.8,
            min=0.0,
            max=1.0,
            subtype="FACTOR",
        )
        light: FloatProperty(
            name="Take Out Light",
            description="How much of the light that is painted into the color is taken out; it is found in the "
            "background first. 0 adds no node",
            default=0.0,
            min=0.0,
            max=1.0,
            subtype="FACTOR",
        )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        """Ask for the bounds, at a click."""
        return self.ask(context, 320)

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the three sliders."""
        layout: Any = self.layout
        layout.use_property_split = True
        for name in ("roughness", "metallic", "light"):
            layout.prop(self, name)

    def execute(self, context: bpy.types.Context) -> Result:
        """Put the nodes in, or change them. The light is found in the background, once."""

        def act() -> None:
            obj = self.target(context)
            materials = [*sanity_nodes.materials(obj)]
            if not materials:
                raise TrellisError(Text(NO_SHADER, name=obj.name))
            has_light = False
            for material in materials:
                if self.roughness > 0:
                    sanity_nodes.set_floor(material, self.roughness)
                if self.metallic < 1:
                    sanity_nodes.set_limit(material, self.metallic)
                node = sanity_nodes.find(material, sanity_nodes.LIGHT)
                if node is not None:
                    node.inputs["Amount"].default_value, has_light = self.light, True
            if self.light > 0 and not has_light and not _is_sought(obj):
                session.start().finishing.begin("light", obj, {"amount": self.light})

        return attempt(self, act)


def _is_sought(obj: bpy.types.Object) -> bool:
    """Return whether the light of this model is being looked for: a slider of the redo panel acts many times."""
    return any(work.order.step == "light" and work.order.name == obj.name for work in session.works().values())


class TRELLIS2_OT_remove_material_sanity(MeshOperator, bpy.types.Operator):
    """Remove the nodes of Material Sanity, so that the materials are as they were"""

    bl_idname = "trellis2.remove_material_sanity"
    bl_label = "Remove Material Sanity"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> Result:
        """Remove them."""

        def act() -> None:
            obj = self.target(context)
            if not sum(sanity_nodes.remove_sanity(material) for material in sanity_nodes.materials(obj)):
                raise TrellisError(Text("The materials of “{name}” have no nodes of Material Sanity.", name=obj.name))

        return attempt(self, act)


class TRELLIS2_OT_print_ready(MeshOperator, bpy.types.Operator):
    """Make a copy of the model for a 3D printer in the background, and hide the model: solid, in millimeters, with a \
flat bottom, checked, with its volume and weight"""

    bl_idname = "trellis2.print_ready"
    bl_label = "Print Ready"
    bl_options = {"REGISTER"}

    if TYPE_CHECKING:
        size: float
        cut: float
        density: float
        format: str
        folder: str
    else:
        size: FloatProperty(
            name="Size", description="Largest dimension in millimeters", default=100.0, min=0.1, soft_max=1000.0
        )
        cut: FloatProperty(
            name="Flat Bottom",
            description="How many millimeters are cut off at the bottom; 0 leaves it as it is",
            default=1.0,
            min=0.0,
            soft_max=50.0,
        )
        density: FloatProperty(
            name="Density",
            description="Of the material, in grams per cubic centimeter: 1.24 is PLA, 1.27 PETG, 1.1 resin",
            default=1.24,
            min=0.01,
            soft_max=20.0,
        )
        format: EnumProperty(
            name="File",
            description="File to write",
            items=(
                ("STL", "STL", "In millimeters, for every slicer"),
                ("3MF", "3MF", "Where an extension of this Blender writes it; that freezes Blender for a moment"),
                ("NONE", "None", "Only make the copy"),
            ),
        )
        folder: StringProperty(
            name="Folder",
            description="Folder to export models to",
            subtype="DIR_PATH",
            options={"SKIP_SAVE", *BLEND_RELATIVE},
        )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        """Ask for the size and the rest, at a click."""
        self._recall(context)
        return self.ask(context, 360)

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the settings."""
        layout: Any = self.layout
        layout.use_property_split = True
        for name in ("size", "cut", "density", "format"):
            layout.prop(self, name)
        if self.format != "NONE":
            layout.prop(self, "folder")

    def execute(self, context: bpy.types.Context) -> Result:
        """Begin it. It is a row in the list of jobs, and costs nothing."""

        def begin() -> None:
            self._recall(context)
            obj, kept = self.target(context), context.scene
            if self.format == "3MF":
                finishing_steps.exporter_of_3mf()
            assert kept is not None
            settings = {
                "size": self.size,
                "cut": self.cut,
                "density": self.density,
                "unit": kept.unit_settings.scale_length,
                "format": self.format,
                "folder": folder_of(self.folder) if self.format != "NONE" else "",
                "name": self.stem(obj),
            }
            session.start().finishing.begin("print", obj, settings)
            if self.format != "NONE":
                kept.trellis2.export_folder = self.folder  # type: ignore[attr-defined]  # ours

        return attempt(self, begin)

    def _recall(self, context: bpy.types.Context) -> None:
        if not self.folder:
            self.folder = context.scene.trellis2.export_folder  # type: ignore[union-attr]  # ours


CLASSES: tuple[Any, ...] = (
    TRELLIS2_OT_material_sanity,
    TRELLIS2_OT_remove_material_sanity,
    TRELLIS2_OT_print_ready,
    TRELLIS2_OT_export_model,
)
