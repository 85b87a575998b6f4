# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a lighter copy of a model: the same mesh with a Decimate modifier that is not applied."""

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import IntProperty

from ...host.translation.translation import translated

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

# Measured: Blender's Decimate takes 9 to 22 microseconds per face on 100,000 to 2,000,000 faces. Others may be faster.
SECONDS_PER_FACE = 14e-6


class TRELLIS2_OT_level_of_detail(bpy.types.Operator):
    """Make a lighter copy of the active model, with a modifier that can still be changed, and hide the model"""

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
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether a mesh is active, in Object Mode."""
        thing = context.active_object
        is_usable = thing is not None and thing.type == "MESH" and context.mode == "OBJECT"
        if not is_usable:
            cls.poll_message_set("Select a model in Object Mode first")
        return is_usable

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Ask for the number of faces, at a click, and say how long it takes."""
        assert context.window_manager is not None
        return context.window_manager.invoke_props_dialog(self, width=340)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the number and the time it takes."""
        layout: Any = self.layout
        layout.use_property_split = True
        layout.prop(self, "faces")
        seconds = max(1, round(_face_count(context) * SECONDS_PER_FACE))
        column = layout.column(align=True)
        column.label(text=translated(f"Blender will freeze for about {seconds} s now,"), icon="TIME")
        column.label(text="and again whenever the model's mesh is edited", icon="BLANK1")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Make the copy in the model's place, select it, and hide the model, so that only one of the two shows."""
        model: Any = context.active_object
        assert context.view_layer is not None
        copy = model.copy()  # shares the mesh, so it takes no memory
        copy.name = f"{model.name} LOD"
        modifier = copy.modifiers.new("Level of Detail", "DECIMATE")
        modifier.ratio = min(1.0, self.faces / max(1, _face_count(context)))
        for collection in model.users_collection:
            collection.objects.link(copy)
        for thing in context.view_layer.objects:
            thing.select_set(thing == copy)
        context.view_layer.objects.active = copy
        model.hide_set(True)
        model.hide_render = True
        return {"FINISHED"}


def _face_count(context: bpy.types.Context) -> int:
    """Return the number of triangles in the active mesh, which is what Decimate counts."""
    mesh: Any = getattr(context.active_object, "data")  # noqa: B009 - the stubs know no mesh here
    return len(mesh.loops) - 2 * len(mesh.polygons)


CLASSES: tuple[Any, ...] = (TRELLIS2_OT_level_of_detail,)
