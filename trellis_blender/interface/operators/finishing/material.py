# SPDX-License-Identifier: GPL-3.0-or-later
"""Material Sanity: bounds for roughness and metal, and light taken out of the colour, as nodes."""

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import FloatProperty

from ....core.errors import Text, TrellisError
from ...at_need import sanity_nodes, session
from ..base import Result, attempt
from . import MeshOperator

NO_SHADER = "No material of “{name}” has a Principled shader."


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
        assert context.window_manager is not None
        if (refused := attempt(self, lambda: self.target(context))) != {"FINISHED"}:
            return refused
        return context.window_manager.invoke_props_dialog(self, width=320)

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
            if not sum(sanity_nodes.remove(material) for material in sanity_nodes.materials(obj)):
                raise TrellisError(Text("The materials of “{name}” have no nodes of Material Sanity.", name=obj.name))

        return attempt(self, act)


CLASSES: tuple[Any, ...] = (TRELLIS2_OT_material_sanity, TRELLIS2_OT_remove_material_sanity)
