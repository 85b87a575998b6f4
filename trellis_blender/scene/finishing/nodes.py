# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes in a model's materials: what is there, those of Material Sanity, those that mix a projected picture in, and
those that use the alpha of the base colour.

The nodes of Material Sanity stand each before its socket of the shader; a muted one lets pass what comes in. The
picture, which `../pictured/projecting.py` mixes over the base colour, lies over them. Nodes say how the alpha is used,
for Cycles, the viewport and the exporters alike: glTF's exporter reads nothing else (“Alpha Modes” in its manual).

The background Blender uses this file too, so it imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

import bpy

UV_MAP, MASK = "Trellis Picture", "trellis_picture"
IMAGE, MIX = "trellis_picture_image", "trellis_picture_mix"
NODES = ("trellis_picture_uv", IMAGE, "trellis_picture_mask", "trellis_picture_edge", "trellis_picture_strength", MIX)
MIX_FACTOR, MIX_FIRST, MIX_SECOND, MIX_RESULT = 0, 6, 7, 2  # the sockets of a Mix node that mixes colours

FLOOR, LIMIT, LIGHT = "Roughness Floor", "Metal Limit", "Take Out Light"  # the nodes' labels
GROUP = "Trellis 2 Take Out Light"
VECTORS = ("Linear", "Square", "Mixed")  # sockets of the group: see `find_light` in core/model/surface/textures.py
SOCKETS = {FLOOR: "Roughness", LIMIT: "Metallic", LIGHT: "Base Color"}
BOUNDS = {FLOOR: "MAXIMUM", LIMIT: "MINIMUM"}  # what these nodes do
CLIP = "Clip"  # a label, too


class Transparency(StrEnum):
    """How the alpha is used: no link to Alpha, a Greater Than between (glTF's MASK, with its threshold), or a link."""

    OFF = "OFF"
    CLIP = "CLIP"
    BLEND = "BLEND"


TRANSPARENCIES = {Transparency.OFF: "Off", Transparency.CLIP: "Clip", Transparency.BLEND: "Blend"}


def materials(obj: Any) -> Iterator[Any]:
    """Yield the object's own materials that have a Principled shader. Each comes once."""
    for material in dict.fromkeys(slot.material for slot in obj.material_slots):
        is_ours = material is not None and material.library is None and material.override_library is None
        if is_ours and shader_of(material) is not None:
            yield material


def shader_of(material: Any) -> Any:
    """Return the material's Principled shader, None if it has none."""
    tree = material.node_tree
    return next((node for node in tree.nodes if node.type == "BSDF_PRINCIPLED"), None) if tree is not None else None


def below(socket: Any) -> Any:
    """Return the socket that has the model's own colour: below the picture, if one lies over this socket."""
    mix = next((link.from_node for link in socket.links if link.from_node.name == MIX), None)
    return socket if mix is None else mix.inputs[MIX_FIRST]


def image_behind(socket: Any) -> Any:
    """Return the node of the image that a socket gets its value from, through any nodes between; None without an image.

    It is the model's own, never the projected picture, and colours go before factors.
    """
    for link in below(socket).links:
        node = link.from_node
        if node.type == "TEX_IMAGE":
            return node if node.image is not None else None
        for entry in sorted(node.inputs, key=lambda each: each.type != "RGBA"):
            found = image_behind(entry)
            if found is not None:
                return found
    return None


def given_to(socket: Any) -> Any:
    """Return the socket that feeds this one, else its own value."""
    return socket.links[0].from_socket if socket.links else socket.default_value


def feed(tree: Any, socket: Any, given: Any) -> None:
    """Link the socket with another one, or set its own value."""
    if isinstance(given, bpy.types.NodeSocket):
        tree.links.new(socket, given)
    else:
        socket.default_value = given


def computed(tree: Any, operation: str, *operands: Any, kind: str = "ShaderNodeMath") -> Any:
    """Return a new node that computes something of the operands: sockets or values."""
    node = tree.nodes.new(kind)
    node.operation = operation
    for socket, operand in zip(node.inputs, operands, strict=False):
        feed(tree, socket, operand)
    return node


def remove_picture_layers(mesh: Any) -> None:
    """Remove the picture's UV map and mask."""
    if UV_MAP in mesh.uv_layers:
        mesh.uv_layers.remove(mesh.uv_layers[UV_MAP])
    if MASK in mesh.attributes:
        mesh.attributes.remove(mesh.attributes[MASK])


# -- Material Sanity


def find(material: Any, label: str) -> Any:
    """Return the node with this label before its socket of the shader, None if there is none."""
    shader = shader_of(material)
    link = next(iter(below(shader.inputs[SOCKETS[label]]).links), None) if shader is not None else None
    return link.from_node if link is not None and link.from_node.label == label else None


def set_bound(material: Any, label: str, value: float) -> None:
    """Let no place be smoother (`FLOOR`), or more of a metal (`LIMIT`), than this."""
    node = find(material, label)
    if node is None:
        node = computed(material.node_tree, BOUNDS[label])
        _insert(material, label, node)
    node.inputs[1].default_value = value


def set_light(material: Any, vectors: Sequence[Sequence[float]], amount: float) -> None:
    """Take this light out of the colour. `vectors`: for the sockets `VECTORS`. `amount`: 0 to 1."""
    node = find(material, LIGHT)
    if node is None:
        node = material.node_tree.nodes.new("ShaderNodeGroup")
        node.node_tree = _group()
        _insert(material, LIGHT, node)
    for name, vector in zip(VECTORS, vectors, strict=True):
        node.inputs[name].default_value = vector
    node.inputs["Amount"].default_value = amount


def remove_sanity(material: Any) -> int:
    """Remove the nodes of Material Sanity, so that the material is as it was. Return how many there were."""
    tree, count = material.node_tree, 0
    for label, name in SOCKETS.items():
        node = find(material, label)
        if node is None:
            continue
        if node.inputs[0].links:
            tree.links.new(below(shader_of(material).inputs[name]), node.inputs[0].links[0].from_socket)
        tree.nodes.remove(node)
        count += 1
    return count


def _insert(material: Any, label: str, node: Any) -> None:
    """Put the node between the shader's socket and what was connected with it, or the socket's own value."""
    shader, tree = shader_of(material), material.node_tree
    node.label = node.name = label
    node.location = (shader.location.x - 190, shader.location.y - 160 * [*SOCKETS].index(label))
    socket = below(shader.inputs[SOCKETS[label]])
    feed(tree, node.inputs[0], given_to(socket))
    tree.links.new(socket, node.outputs[0])


def _group() -> Any:
    """Return the node group that divides a colour by the light at the normal."""
    found: Any = bpy.data.node_groups.get(GROUP)
    if found is not None:
        return found
    group: Any = bpy.data.node_groups.new(GROUP, "ShaderNodeTree")
    face = group.interface
    face.new_socket("Color", in_out="OUTPUT", socket_type="NodeSocketColor")
    face.new_socket("Factor", in_out="OUTPUT", socket_type="NodeSocketFloat")
    face.new_socket("Color", in_out="INPUT", socket_type="NodeSocketColor")
    amount = face.new_socket("Amount", in_out="INPUT", socket_type="NodeSocketFloat")
    amount.subtype, amount.min_value, amount.max_value = "FACTOR", 0.0, 1.0
    for name in VECTORS:
        face.new_socket(name, in_out="INPUT", socket_type="NodeSocketVector")
    given, made = group.nodes.new("NodeGroupInput"), group.nodes.new("NodeGroupOutput")
    normal = group.nodes.new("ShaderNodeTexCoord").outputs["Normal"]
    parts, turned = group.nodes.new("ShaderNodeSeparateXYZ"), group.nodes.new("ShaderNodeCombineXYZ")
    group.links.new(parts.inputs[0], normal)
    for to, source in enumerate((1, 2, 0)):  # y, z, x
        group.links.new(turned.inputs[to], parts.outputs[source])

    def vector(operation: str, *operands: Any) -> Any:
        return computed(group, operation, *operands, kind="ShaderNodeVectorMath")

    def number(operation: str, *operands: Any) -> Any:
        return computed(group, operation, *operands).outputs[0]

    square, mixed = vector("MULTIPLY", normal, normal), vector("MULTIPLY", normal, turned.outputs[0])
    terms = normal, square.outputs[0], mixed.outputs[0]
    linear, squared, crossed = (
        vector("DOT_PRODUCT", given.outputs[name], term).outputs["Value"]
        for name, term in zip(VECTORS, terms, strict=True)
    )
    light = number("ADD", number("ADD", linear, squared), crossed)
    factor = number("EXPONENT", number("MULTIPLY", number("MULTIPLY", light, given.outputs["Amount"]), -1.0))
    scaled = vector("SCALE", given.outputs["Color"])
    group.links.new(scaled.inputs["Scale"], factor)
    group.links.new(made.inputs["Color"], scaled.outputs[0])
    group.links.new(made.inputs["Factor"], factor)
    for index, node in enumerate(group.nodes):
        node.location = (180 * (index % 6), -200 * (index // 6))
    return group


# -- transparency


def materials_with_alpha(obj: Any) -> Iterator[Any]:
    """Yield the object's materials whose base colour comes from an image: these can be switched. Each comes once."""
    return (each for each in materials(obj) if image_behind(shader_of(each).inputs["Base Color"]) is not None)


def clip_of(shader: Any) -> Any:
    """Return the node that clips the alpha, None if none does."""
    node = next((link.from_node for link in shader.inputs["Alpha"].links), None)
    return node if node is not None and node.type == "MATH" and node.operation == "GREATER_THAN" else None


def transparency(material: Any) -> Transparency:
    """Return how the material uses its alpha now."""
    shader = shader_of(material)
    if shader is None or not shader.inputs["Alpha"].links:
        return Transparency.OFF
    return Transparency.BLEND if clip_of(shader) is None else Transparency.CLIP


def switch_transparency(material: Any, wanted: Transparency, threshold: float) -> None:
    """Have one of `materials_with_alpha` use it in this way. `threshold`: below or at it a place is clear, with CLIP.

    Other nodes stay as they are; those that an earlier switch added go.
    """
    shader, tree = shader_of(material), material.node_tree
    socket, alpha = shader.inputs["Alpha"], image_behind(shader.inputs["Base Color"]).outputs["Alpha"]
    for link in [*socket.links]:
        clip = link.from_node
        tree.links.remove(link)
        if clip.label == CLIP and not any(output.links for output in clip.outputs):
            tree.nodes.remove(clip)
    socket.default_value = 1.0
    material.surface_render_method = "BLENDED" if wanted is Transparency.BLEND else "DITHERED"
    if wanted is Transparency.BLEND:
        tree.links.new(socket, alpha)
    elif wanted is Transparency.CLIP:
        clip = computed(tree, "GREATER_THAN", alpha, threshold)
        clip.label, clip.location = CLIP, (shader.location.x - 180, shader.location.y - 230)
        tree.links.new(socket, clip.outputs[0])
