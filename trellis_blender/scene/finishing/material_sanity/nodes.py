# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes of Material Sanity, each before its socket of the shader. A muted one lets pass what comes in.

The background Blender uses this file too, so it imports nothing of ours but `../picture_nodes.py`. A projected picture
lies over them: what comes from the model's own texture is theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import bpy

from ..picture_nodes import below

FLOOR, LIMIT, LIGHT = "Roughness Floor", "Metal Limit", "Take Out Light"  # the nodes' labels
GROUP = "Trellis 2 Take Out Light"
VECTORS = ("Linear", "Square", "Mixed")  # sockets of the group: see `find_light` in core/model/surface/textures.py
SOCKETS = {FLOOR: "Roughness", LIMIT: "Metallic", LIGHT: "Base Color"}


def materials(obj: Any) -> Iterator[Any]:
    """Yield the object's own materials that have a Principled shader. Each comes once."""
    seen = set()
    for slot in obj.material_slots:
        material = slot.material
        is_ours = material is not None and material.library is None and material.override_library is None
        if is_ours and material.name not in seen and shader_of(material) is not None:
            seen.add(material.name)
            yield material


def shader_of(material: Any) -> Any:
    """Return the material's Principled shader, None if it has none."""
    tree = material.node_tree
    return next((node for node in tree.nodes if node.type == "BSDF_PRINCIPLED"), None) if tree is not None else None


def find(material: Any, label: str) -> Any:
    """Return the node with this label before its socket of the shader, None if there is none."""
    shader = shader_of(material)
    link = next(iter(below(shader.inputs[SOCKETS[label]]).links), None) if shader is not None else None
    return link.from_node if link is not None and link.from_node.label == label else None


def set_floor(material: Any, least: float) -> None:
    """Let no place be smoother than this."""
    _bounded(material, FLOOR, "MAXIMUM").inputs[1].default_value = least


def set_limit(material: Any, most: float) -> None:
    """Let no place be more of a metal than this."""
    _bounded(material, LIMIT, "MINIMUM").inputs[1].default_value = most


def set_light(material: Any, vectors: Sequence[Sequence[float]], amount: float) -> None:
    """Take this light out of the colour. `vectors`: for the sockets `VECTORS`. `amount`: 0 to 1."""
    node = find(material, LIGHT)
    if node is None:
        node = _inserted(material, LIGHT, "ShaderNodeGroup")
        node.node_tree = _group()
        _connect(material, LIGHT, node, node.inputs["Color"], node.outputs["Color"])
    for name, vector in zip(VECTORS, vectors, strict=True):
        node.inputs[name].default_value = vector
    node.inputs["Amount"].default_value = amount


def remove(material: Any) -> int:
    """Remove the nodes, so that the material is as it was. Return how many there were."""
    tree, count = material.node_tree, 0
    for label, name in SOCKETS.items():
        node = find(material, label)
        if node is None:
            continue
        socket = below(shader_of(material).inputs[name])
        first = node.inputs["Color"] if label == LIGHT else node.inputs[0]
        if first.links:
            tree.links.new(socket, first.links[0].from_socket)
        tree.nodes.remove(node)
        count += 1
    return count


def _bounded(material: Any, label: str, operation: str) -> Any:
    node = find(material, label)
    if node is None:
        node = _inserted(material, label, "ShaderNodeMath")
        node.operation = operation
        _connect(material, label, node, node.inputs[0], node.outputs[0])
    return node


def _inserted(material: Any, label: str, kind: str) -> Any:
    shader = shader_of(material)
    node = material.node_tree.nodes.new(kind)
    node.label = node.name = label
    node.location = (shader.location.x - 190, shader.location.y - 160 * [*SOCKETS].index(label))
    return node


def _connect(material: Any, label: str, node: Any, entry: Any, exit_: Any) -> None:
    """Put the node between the shader's socket and what was connected with it, or the socket's own value."""
    socket, tree = below(shader_of(material).inputs[SOCKETS[label]]), material.node_tree
    if socket.links:
        tree.links.new(entry, socket.links[0].from_socket)
    else:
        entry.default_value = socket.default_value
    tree.links.new(socket, exit_)


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
    square, mixed = _vector(group, "MULTIPLY", normal, normal), _vector(group, "MULTIPLY", normal, turned.outputs[0])
    light = None
    for name, terms in zip(VECTORS, (normal, square.outputs[0], mixed.outputs[0]), strict=True):
        dot = _vector(group, "DOT_PRODUCT", given.outputs[name], terms).outputs["Value"]
        light = dot if light is None else _math(group, "ADD", light, dot)
    taken = _math(group, "MULTIPLY", light, given.outputs["Amount"])
    factor = _math(group, "EXPONENT", _math(group, "MULTIPLY", taken, -1.0))
    scaled = _vector(group, "SCALE", given.outputs["Color"])
    group.links.new(scaled.inputs["Scale"], factor)
    group.links.new(made.inputs["Color"], scaled.outputs[0])
    group.links.new(made.inputs["Factor"], factor)
    for number, node in enumerate(group.nodes):
        node.location = (180 * (number % 6), -200 * (number // 6))
    return group


def _vector(group: Any, operation: str, *operands: Any) -> Any:
    node = group.nodes.new("ShaderNodeVectorMath")
    node.operation = operation
    for socket, operand in zip(node.inputs, operands, strict=False):
        group.links.new(socket, operand)
    return node


def _math(group: Any, operation: str, *operands: Any) -> Any:
    """Return the output of a new node. `operands`: sockets or numbers."""
    node = group.nodes.new("ShaderNodeMath")
    node.operation = operation
    for socket, operand in zip(node.inputs, operands, strict=False):
        if isinstance(operand, float):
            socket.default_value = operand
        else:
            group.links.new(socket, operand)
    return node.outputs[0]
