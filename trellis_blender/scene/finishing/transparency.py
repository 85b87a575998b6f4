# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches how a material uses the alpha of its base colour: off, clipped, or blended.

The nodes say it, for Cycles, the viewport and the exporters alike. glTF's exporter reads nothing else (“Alpha Modes”
in its manual): no link to Alpha is OPAQUE, a Greater Than between is MASK with its threshold, a direct link is BLEND.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import bpy

from .picture_nodes import image_behind

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
    seen = set()
    for slot in obj.material_slots:
        material = slot.material
        is_ours = material is not None and material.library is None and material.override_library is None
        if is_ours and material.name not in seen and _nodes(material) is not None:
            seen.add(material.name)
            yield material


def state(material: bpy.types.Material) -> Transparency:
    """Return how the material uses its alpha now."""
    found = _nodes(material)
    link = found[0].inputs["Alpha"].links if found is not None else ()
    if not link:
        return Transparency.OFF
    source = link[0].from_node
    is_clip = source.type == "MATH" and source.operation == "GREATER_THAN"
    return Transparency.CLIP if is_clip else Transparency.BLEND


def switch(material: bpy.types.Material, wanted: Transparency, threshold: float = THRESHOLD) -> None:
    """Have the material use its alpha in this way. `threshold`: below or at it a place is clear, with CLIP.

    Other nodes stay as they are; those that an earlier switch added go.
    """
    found = _nodes(material)
    if found is None:
        return
    shader, image = found
    tree: Any = material.node_tree
    socket = shader.inputs["Alpha"]
    for link in [*socket.links]:
        clip = link.from_node
        tree.links.remove(link)
        if clip.label == CLIP_LABEL and not any(output.links for output in clip.outputs):
            tree.nodes.remove(clip)
    socket.default_value = 1.0
    given: Any = material
    given.surface_render_method = "BLENDED" if wanted is Transparency.BLEND else "DITHERED"
    if wanted is Transparency.BLEND:
        tree.links.new(socket, image.outputs["Alpha"])
    elif wanted is Transparency.CLIP:
        clip = tree.nodes.new("ShaderNodeMath")
        clip.operation, clip.label = "GREATER_THAN", CLIP_LABEL
        clip.location = (shader.location.x - 180, shader.location.y - 230)
        clip.inputs[1].default_value = threshold
        tree.links.new(clip.inputs[0], image.outputs["Alpha"])
        tree.links.new(socket, clip.outputs[0])


def _nodes(material: bpy.types.Material) -> tuple[Any, Any] | None:
    """Return the Principled shader and the image node of its base colour, None if there are none."""
    tree: Any = material.node_tree
    for shader in tree.nodes if tree is not None else ():
        if shader.type == "BSDF_PRINCIPLED":
            image = image_behind(shader.inputs["Base Color"])
            if image is not None:
                return shader, image
    return None
