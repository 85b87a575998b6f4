# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches how a material uses the alpha of its base colour: off, clipped, or blended.

The nodes say it, for Cycles, the viewport and the exporters alike. glTF's exporter reads nothing else (“Alpha Modes”
in its manual): no link to Alpha is OPAQUE, a Greater Than between is MASK with its threshold, a direct link is BLEND.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, cast

import bpy

from .nodes import computed, image_behind, materials, shader_of

CLIP_LABEL = "Clip"
THRESHOLD = 0.5


class Transparency(StrEnum):
    """How the alpha is used."""

    OFF = "OFF"
    CLIP = "CLIP"
    BLEND = "BLEND"


LABELS = {Transparency.OFF: "Off", Transparency.CLIP: "Clip", Transparency.BLEND: "Blend"}


def materials_with_alpha(obj: Any) -> Iterator[bpy.types.Material]:
    """Yield the object's materials whose base colour comes from an image: these can be switched. Each comes once."""
    return (each for each in materials(obj) if image_behind(shader_of(each).inputs["Base Color"]) is not None)


def clip_of(shader: Any) -> Any:
    """Return the node that clips the alpha, None if none does."""
    node = next((link.from_node for link in shader.inputs["Alpha"].links), None)
    return node if node is not None and node.type == "MATH" and node.operation == "GREATER_THAN" else None


def state(material: bpy.types.Material) -> Transparency:
    """Return how the material uses its alpha now."""
    shader = shader_of(material)
    if shader is None or not shader.inputs["Alpha"].links:
        return Transparency.OFF
    return Transparency.BLEND if clip_of(shader) is None else Transparency.CLIP


def switch(material: bpy.types.Material, wanted: Transparency, threshold: float = THRESHOLD) -> None:
    """Have one of `materials_with_alpha` use it in this way. `threshold`: below or at it a place is clear, with CLIP.

    Other nodes stay as they are; those that an earlier switch added go.
    """
    shader, tree = shader_of(material), cast(Any, material.node_tree)
    socket, alpha = shader.inputs["Alpha"], image_behind(shader.inputs["Base Color"]).outputs["Alpha"]
    for link in [*socket.links]:
        clip = link.from_node
        tree.links.remove(link)
        if clip.label == CLIP_LABEL and not any(output.links for output in clip.outputs):
            tree.nodes.remove(clip)
    socket.default_value = 1.0
    material.surface_render_method = "BLENDED" if wanted is Transparency.BLEND else "DITHERED"
    if wanted is Transparency.BLEND:
        tree.links.new(socket, alpha)
    elif wanted is Transparency.CLIP:
        clip = computed(tree, "GREATER_THAN", alpha, threshold)
        clip.label, clip.location = CLIP_LABEL, (shader.location.x - 180, shader.location.y - 230)
        tree.links.new(socket, clip.outputs[0])
