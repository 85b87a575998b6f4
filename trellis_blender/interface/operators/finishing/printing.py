# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a copy of a model that is ready to print, in the background."""

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import EnumProperty, FloatProperty, StringProperty

from ....core.errors import Remedy, TrellisError
from ...at_need import printing, session
from ..base import Result, attempt
from . import BLEND_RELATIVE, MeshOperator, folder_of

SMALLEST_PART, LARGEST_HOLE = 0.001, 1.0  # as Make Solid's own


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
        assert context.window_manager is not None
        if (refused := attempt(self, lambda: self.target(context))) != {"FINISHED"}:
            return refused
        self._recall(context)
        return context.window_manager.invoke_props_dialog(self, width=360)

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
            if self.format == "3MF" and not printing.has_3mf():
                raise TrellisError(printing.NO_3MF, remedy=Remedy.NONE)
            assert kept is not None
            settings = {
                "smallest_part": SMALLEST_PART,
                "largest_hole": LARGEST_HOLE,
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


CLASSES: tuple[Any, ...] = (TRELLIS2_OT_print_ready,)
