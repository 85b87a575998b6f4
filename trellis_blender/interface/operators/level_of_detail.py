# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a lighter copy of a model: the same mesh with a Decimate modifier that is not applied."""

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import IntProperty

from ...core.errors import TrellisError
from ...host.translation.translation import translated
from .assets import NO_MODEL, AssetOperator
from .base import Result, attempt

if TYPE_CHECKING:
    from ...core.job.job import Job

# Measured: Blender's Decimate takes 9 to 22 microseconds per face on 100,000 to 2,000,000 faces. Others may be faster.
SECONDS_PER_FACE = 14e-6


class TRELLIS2_OT_level_of_detail(AssetOperator, bpy.types.Operator):
    """Make a lighter copy of the model, with a modifier that can still be changed, and hide the model"""

    bl_idname = "trellis2.level_of_detail"
    bl_label = "Level of Detail"
    bl_options = {"REGISTER", "UNDO"}

    if TYPE_CHECKING:
        faces: int
    else:
        faces: IntProperty(
            name="Faces", description="Number of faces of the copy", default=20_000, min=4, soft_max=500_000
        )

    @classmethod
    def label(cls, _job: "Job") -> str:
        """Return the label of the menu entry, which opens a dialog."""
        return f"{cls.bl_label}..."

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether any mesh is active or there is a model, in Object Mode."""
        is_there = (context.mode == "OBJECT" and _is_mesh(context.active_object)) or super().poll(context)
        if not is_there:
            cls.poll_message_set("Select a model in Object Mode first")
        return is_there

    def target(self, context: bpy.types.Context) -> bpy.types.Object:
        """Return the model, or the active mesh if no job is given. Raises TrellisError if this view layer has none."""
        assert context.view_layer is not None
        active: Any = context.active_object
        thing: Any = active if _is_mesh(active) and not self.job_id else super().target(context)
        if context.view_layer.objects.get(thing.name) != thing:
            raise TrellisError(f"{NO_MODEL}.")
        return thing  # type: ignore[no-any-return]  # an object

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        """Ask for the number of faces, at a click, and say how long it takes."""
        assert context.window_manager is not None
        if (refused := attempt(self, lambda: self.target(context))) != {"FINISHED"}:
            return refused
        return context.window_manager.invoke_props_dialog(self, width=340)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the number and the time it takes."""
        layout: Any = self.layout
        layout.use_property_split = True
        layout.prop(self, "faces")
        seconds = max(1, round(_face_count(self.target(context)) * SECONDS_PER_FACE))
        column = layout.column(align=True)
        column.label(text=translated(f"Blender will freeze for about {seconds} s now,"), icon="TIME")
        column.label(text="and again whenever the model's mesh is edited", icon="BLANK1")

    def execute(self, context: bpy.types.Context) -> Result:
        """Make the copy in the model's place, select it, and hide the model, so that only one of the two shows."""

        def make() -> None:
            model: Any = self.target(context)
            assert context.view_layer is not None
            copy = model.copy()  # shares the mesh, so it takes no memory
            copy.name = f"{model.name} LOD"
            modifier = copy.modifiers.new("Level of Detail", "DECIMATE")
            modifier.ratio = min(1.0, self.faces / max(1, _face_count(model)))
            for collection in model.users_collection:
                collection.objects.link(copy)
            for thing in context.view_layer.objects:
                thing.select_set(thing == copy)
            context.view_layer.objects.active = copy
            model.hide_set(True)
            model.hide_render = True

        return attempt(self, make)


def _is_mesh(thing: bpy.types.Object | None) -> bool:
    return thing is not None and thing.type == "MESH"


def _face_count(model: Any) -> int:
    """Return the number of triangles in the model's mesh, which is what Decimate counts."""
    return len(model.data.loops) - 2 * len(model.data.polygons)


CLASSES: tuple[Any, ...] = (TRELLIS2_OT_level_of_detail,)
