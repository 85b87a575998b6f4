# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: finds the light in a model's colours, and bakes what the nodes do into new images."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import bpy
import numpy as np
from trellis_core.errors import Remedy, Text, TrellisError
from trellis_core.model.surface.textures import find_light
from trellis_host.painted import pixels_of

from . import nodes
from .background import baked, choose, new_image, opened, shine, to_linear, to_srgb, tree_of
from .mesh_arrays import Array, column
from .nodes import below, image_behind, shader_of

POINTS, SEED = 40_000, 0
MARGIN = 16  # pixels around the charts, for what a renderer takes in beside their rims
CHANNELS = (("Roughness", "Green", 1), ("Metallic", "Blue", 2))  # glTF 2.0 §3.9.2
NO_TEXTURE = (
    "“{name}” has no texture to bake the projected picture into. Run Game Ready first, or switch the picture off, then "
    "export again."
)


def find(request: Mapping[str, Any], progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Return `light`: for each material whose colour is an image, by its name, the vectors and the share."""
    obj = opened(request["source"])[0]
    mesh, found = obj.data, {}
    mesh.calc_loop_triangles()
    for material in nodes.materials(obj):
        image = image_behind(shader_of(material).inputs["Base Color"])
        slots = [number for number, slot in enumerate(obj.material_slots) if slot.material == material]
        seen = _seen(mesh, slots, image.image) if image is not None else None
        progress(0.5)
        if seen is not None:
            with contextlib.suppress(ValueError):
                found[material.name] = find_light(*seen)
    if not found:
        raise TrellisError(
            Text("No material of “{name}” has an image for its base color.", name=obj.name), remedy=Remedy.NONE
        )
    return {"light": found}


def _seen(mesh: Any, slots: list[int], image: Any) -> tuple[Array, Array] | None:
    """Return the linear colours and the normals, (points, 3) each, of points spread over the faces with these slots.

    None if there are no such faces or no UVs.
    """
    triangles, uvs = mesh.loop_triangles, mesh.uv_layers.active
    if not len(triangles) or uvs is None or not all(image.size):
        return None
    areas = column(triangles, "area", 1, np.float32)
    areas[~np.isin(column(triangles, "material_index", 1, np.int32), slots)] = 0
    if not areas.sum() > 0:
        return None
    normals, places = column(mesh.corner_normals, "vector", 3, np.float32), column(uvs.uv, "vector", 2, np.float32)
    draw = np.random.default_rng(SEED)
    up_to = np.cumsum(areas, dtype=np.float64)
    face = np.searchsorted(up_to, draw.random(POINTS) * up_to[-1], side="right").clip(0, len(areas) - 1)
    weights = draw.dirichlet((1, 1, 1), POINTS)[..., None]
    at = column(triangles, "loops", 3, np.int32)[face]
    normal = (normals[at] * weights).sum(axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    uv = (places[at] * weights).sum(axis=1)
    pixels = pixels_of(image)
    height, width = pixels.shape[:2]
    x, y = (np.floor(uv * (width, height)).astype(np.int64) % (width, height)).T
    return to_linear(pixels[y, x, :3]), normal


def bake(obj: Any) -> int:
    """Bake what the nodes do to the object's materials into new images, and remove them. Return how many images.

    A projected picture is baked, too. Raises TrellisError if there is no texture to bake it into.
    """
    return sum(_bake_sanity(obj, material) + _bake_picture(obj, material) for material in nodes.materials(obj))


def _bake_sanity(obj: Any, material: Any) -> int:
    made, light = 0, nodes.find(material, nodes.LIGHT)
    if light is not None and not light.mute and light.inputs["Amount"].default_value > 0:
        source = image_behind(light.inputs["Color"])
        if source is not None:
            pixels = pixels_of(source.image)
            factor = _shone(obj, material, light.outputs["Factor"], source.image.size)
            pixels[..., :3] = to_srgb(to_linear(pixels[..., :3]) * factor[..., :1])
            source.image, made = new_image(f"{source.image.name} Without Light", pixels), 1
    bounds = [nodes.find(material, label) for label in (nodes.FLOOR, nodes.LIMIT)]
    if any(node is not None and not node.mute for node in bounds):
        made += bake_channels(material)
    nodes.remove_sanity(material)
    return made


def _bake_picture(obj: Any, material: Any) -> int:
    """Bake the picture that lies over the model's own colour into a new texture. Return how many images that made."""
    socket = shader_of(material).inputs["Base Color"]
    if below(socket) == socket:
        return 0
    source = image_behind(socket)
    if source is None:
        raise TrellisError(Text(NO_TEXTURE, name=obj.name), remedy=Remedy.NONE)
    pixels = pixels_of(source.image)
    shone = _shone(obj, material, socket.links[0].from_socket, source.image.size)
    is_baked = shone[..., 3] > 0
    pixels[is_baked, :3] = to_srgb(shone[is_baked, :3])
    source.image = new_image(f"{source.image.name} With Picture", pixels)
    material.node_tree.links.new(socket, source.outputs["Color"])
    return 1


def _shone(obj: Any, material: Any, given: Any, size: Sequence[int]) -> Array:
    """Return the output `given` over the object's charts: (height, width, 4), linear; alpha is 0 elsewhere.

    Cycles bakes it, as the light that the material gives off: nothing else plays a part, so that one sample is enough.
    Charts get a margin of the nearest pixels: the default one has dark ones. `size`: width and height in pixels.
    """
    tree = material.node_tree
    output = tree.get_output_node("CYCLES")
    before = [link.from_socket for link in output.inputs["Surface"].links] if output is not None else []
    for slot in obj.material_slots:  # Cycles bakes nothing if one is empty
        slot.material = slot.material or bpy.data.materials.new("plain")
    added = [_spare(slot.material) for slot in obj.material_slots if slot.material != material]
    added.append(shine(tree, given))
    choose(obj)
    try:
        return baked(tree, size, type="EMIT", margin=MARGIN, margin_type="EXTEND", use_clear=False)
    except RuntimeError as error:
        raise TrellisError(
            Text("The colors of “{name}” could not be baked: Blender says “{reason}”.", name=obj.name, reason=error),
            remedy=Remedy.NONE,
        ) from error
    finally:
        for socket in before:
            tree.links.new(output.inputs["Surface"], socket)
        for each in added:
            each.id_data.nodes.remove(each)


def _spare(material: Any) -> Any:
    """Return a new node with an image: Cycles asks for one in each material, and bakes nothing else then."""
    tree = tree_of(material)
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = bpy.data.images.new("Spare", 8, 8)
    tree.nodes.active = node
    return node


# -- roughness and metal


def bake_channels(material: Any, *, splits: bool = False) -> int:
    """Bake roughness and metal, as the nodes make them of an image, into one new image, or into two if `splits`.

    Return how many images were made. A value that comes from nodes other than Material Sanity's and the importer's
    stays as it is.
    """
    shader = shader_of(material)
    maps: dict[str, Array] = {}
    for name, _output, _channel in CHANNELS:
        value = _evaluated(shader.inputs[name])
        if isinstance(value, float):
            for link in [*shader.inputs[name].links]:
                material.node_tree.links.remove(link)
            shader.inputs[name].default_value = value
        elif value is not None:
            maps[name] = value
    sources = {name: image_behind(shader.inputs[name]) for name in maps}
    if splits or len({source.image.name for source in sources.values()}) > 1:
        for name, value in maps.items():
            pixels = np.ones((*value.shape, 4), np.float32)
            pixels[..., :3] = value[..., None]
            node = _image_node(material, sources[name], new_image(f"{material.name} {name}", pixels, is_data=True))
            material.node_tree.links.new(shader.inputs[name], node.outputs["Color"])
        return len(maps)
    return _bake_packed(material, maps, next(iter(sources.values()))) if maps else 0


def _bake_packed(material: Any, maps: dict[str, Array], source: Any) -> int:
    """Bake these into their channels of a copy of the source's image, which keeps the occlusion in red."""
    before, pixels, tree = source.image, pixels_of(source.image), material.node_tree
    for name, _output, channel in CHANNELS:
        if name in maps:
            pixels[..., channel] = maps[name]
    image = new_image(f"{before.name} Baked", pixels, is_data=True)
    split = tree.nodes.new("ShaderNodeSeparateColor")
    tree.links.new(split.inputs[0], _image_node(material, source, image).outputs["Color"])
    for name, output, _channel in CHANNELS:
        if name in maps:
            tree.links.new(shader_of(material).inputs[name], split.outputs[output])
    for other in tree.nodes:  # the occlusion, so that it stays one image
        if other.type == "TEX_IMAGE" and other.image == before:
            other.image = image
    return 1


def _evaluated(socket: Any) -> Array | float | None:
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
    value, other = _evaluated(node.inputs[0]), float(node.inputs[1].default_value)
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
