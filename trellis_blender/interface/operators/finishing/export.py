# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports a model for an engine, in the background."""

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from ....core.errors import Text
from ....host.translation.translation import translated, translated_report
from ....settings import scene as scene_settings
from ...at_need import formats, session
from ..base import Result, attempt
from . import BLEND_RELATIVE, MeshOperator, folder_of

REMEMBERED = {
    "format": "export_format",
    "engine": "export_engine",
    "folder": "export_folder",
    "at_origin": "export_at_origin",
}


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
        assert context.window_manager is not None
        if (refused := attempt(self, lambda: self.target(context))) != {"FINISHED"}:
            return refused
        self._recall(context)
        if self.folder and not self.asks:
            return self.execute(context)
        return context.window_manager.invoke_props_dialog(self, width=360)

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


CLASSES: tuple[Any, ...] = (TRELLIS2_OT_export_model,)
