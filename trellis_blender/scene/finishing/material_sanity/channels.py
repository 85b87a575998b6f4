# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: bakes roughness and metal, as the nodes make them of an image, into new images."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..picture_nodes import image_behind
from . import nodes
from .images import new_image, pixels_of

Array = npt.NDArray[Any]
CHANNELS = (("Roughness", "Green", 1), ("Metallic", "Blue", 2))  # glTF 2.0 §3.9.2


def bake_channels(material: Any, *, splits: bool = False) -> int:
    """Bake roughness and metal into one new image, or into two if `splits`. Return how many images were made.

    A value that comes from nodes other than Material Sanity's and the importer's stays as it is.
    """
    shader = nodes.shader_of(material)
    maps: dict[str, Array] = {}
    for name, _output, _channel in CHANNELS:
        value = evaluated(shader.inputs[name])
        if isinstance(value, float):
            _unlink(material, shader.inputs[name])
            shader.inputs[name].default_value = value
        elif value is not None:
            maps[name] = value
    sources = {name: image_behind(shader.inputs[name]) for name in maps}
    if splits or len({source.image.name for source in sources.values()}) > 1:
        for name, value in maps.items():
            pixels = np.ones((*value.shape, 4), np.float32)
            pixels[..., :3] = value[..., None]
            node = _image_node(material, sources[name], new_image(f"{material.name} {name}", pixels, is_data=True))
            _link_alone(material, shader.inputs[name], node.outputs["Color"])
        return len(maps)
    return _bake_packed(material, maps, next(iter(sources.values()))) if maps else 0


def _bake_packed(material: Any, maps: dict[str, Array], source: Any) -> int:
    """Bake these into their channels of a copy of the source's image, which keeps the occlusion in red."""
    before, pixels, shader = source.image, pixels_of(source.image), nodes.shader_of(material)
    for name, _output, channel in CHANNELS:
        if name in maps:
            pixels[..., channel] = maps[name]
    image = new_image(f"{before.name} Baked", pixels, is_data=True)
    node = _image_node(material, source, image)
    split = material.node_tree.nodes.new("ShaderNodeSeparateColor")
    material.node_tree.links.new(split.inputs[0], node.outputs["Color"])
    for name, output, _channel in CHANNELS:
        if name in maps:
            _link_alone(material, shader.inputs[name], split.outputs[output])
    for other in material.node_tree.nodes:  # the occlusion, so that it stays one image
        if other.type == "TEX_IMAGE" and other.image == before:
            other.image = image
    return 1


def evaluated(socket: Any) -> Array | float | None:
    """Return what comes into a socket: (height, width) of an image, or a number; None if other nodes say it."""
    if not socket.links:
        return float(socket.default_value)
    link = socket.links[0]
    node = link.from_node
    if node.type == "TEX_IMAGE" and node.image is not None and link.from_socket.name == "Color":
        return np.array(pixels_of(node.image)[..., 0])
    if node.type == "SEPARATE_COLOR" and node.mode == "RGB" and node.inputs[0].links:
        source = node.inputs[0].links[0].from_node
        channel = ("Red", "Green", "Blue").index(link.from_socket.name)
        return pixels_of(source.image)[..., channel] if source.type == "TEX_IMAGE" and source.image else None
    return _computed(node) if node.type == "MATH" and not node.inputs[1].links else None


def _computed(node: Any) -> Array | float | None:
    """Return what a math node makes of its first input, None if that or what it does is not known."""
    value, other = evaluated(node.inputs[0]), float(node.inputs[1].default_value)
    if node.mute or value is None:
        return value
    does: Any = {"MULTIPLY": np.multiply, "MAXIMUM": np.maximum, "MINIMUM": np.minimum}.get(node.operation)
    if does is None:
        return None
    result = does(value, other)
    return result if isinstance(value, np.ndarray) else float(result)


def _image_node(material: Any, source: Any, image: Any) -> Any:
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image, node.extension, node.interpolation = image, source.extension, source.interpolation
    if source.inputs[0].links:
        material.node_tree.links.new(node.inputs[0], source.inputs[0].links[0].from_socket)
    return node


def _link_alone(material: Any, socket: Any, output: Any) -> None:
    _unlink(material, socket)
    material.node_tree.links.new(socket, output)


def _unlink(material: Any, socket: Any) -> None:
    for link in [*socket.links]:
        material.node_tree.links.remove(link)
