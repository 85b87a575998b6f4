# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: finds the light in a model's colours, and bakes what the nodes do into new images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import numpy.typing as npt
from trellis_core.errors import Remedy, Text, TrellisError
from trellis_core.model.surface.textures import find_light

from ..opened import opened
from ..picture_nodes import below, image_behind
from . import nodes
from .channels import bake_channels
from .images import new_image, pixels_of, to_linear, to_srgb

if TYPE_CHECKING:
    from trellis_host.background.serve import Work

Array = npt.NDArray[Any]
POINTS, SEED = 40_000, 0
MARGIN = 16  # pixels around the charts, for what a renderer takes in beside their rims
NO_TEXTURE = (
    "“{name}” has no texture to bake the projected picture into. Run Game Ready first, or switch the picture off, then "
    "export again."
)


def find(request: Mapping[str, Any], work: Work) -> Mapping[str, Any]:
    """Return `light`: for each material whose colour is an image, by its name, the vectors and the share."""
    obj = opened(Path(request["source"]))[0]
    mesh, found = obj.data, {}
    mesh.calc_loop_triangles()
    for material in nodes.materials(obj):
        image = image_behind(nodes.shader_of(material).inputs["Base Color"])
        slots = [number for number, slot in enumerate(obj.material_slots) if slot.material == material]
        seen = _seen(mesh, slots, image.image) if image is not None and image.image is not None else None
        work.progress(0.5)
        if seen is not None:
            try:
                found[material.name] = find_light(*seen)
            except ValueError:
                continue
    if not found:
        raise TrellisError(
            Text("No material of “{name}” has an image for its base color.", name=obj.name), remedy=Remedy.NONE
        )
    return {"light": found}


def _seen(mesh: Any, slots: list[int], image: Any) -> tuple[Array, Array] | None:
    """Return the linear colours and the normals, (points, 3) each, of points spread over the faces with these slots.

    None if there are no such faces or no UVs.
    """
    count = len(mesh.loop_triangles)
    uvs = mesh.uv_layers.active
    if not count or uvs is None or not all(image.size):
        return None
    corners, areas, slot = np.empty(count * 3, np.int32), np.empty(count, np.float32), np.empty(count, np.int32)
    mesh.loop_triangles.foreach_get("loops", corners)
    mesh.loop_triangles.foreach_get("area", areas)
    mesh.loop_triangles.foreach_get("material_index", slot)
    areas[~np.isin(slot, slots)] = 0
    if not areas.sum() > 0:
        return None
    normals, places = np.empty(len(mesh.loops) * 3, np.float32), np.empty(len(mesh.loops) * 2, np.float32)
    mesh.corner_normals.foreach_get("vector", normals)
    uvs.uv.foreach_get("vector", places)
    draw = np.random.default_rng(SEED)
    up_to = np.cumsum(areas, dtype=np.float64)
    face = np.searchsorted(up_to, draw.random(POINTS) * up_to[-1], side="right").clip(0, count - 1)
    weights = draw.dirichlet((1, 1, 1), POINTS)[..., None]
    at = corners.reshape(-1, 3)[face]
    normal = (normals.reshape(-1, 3)[at] * weights).sum(axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    uv = (places.reshape(-1, 2)[at] * weights).sum(axis=1)
    pixels = pixels_of(image)
    height, width = pixels.shape[:2]
    x, y = (np.floor(uv * (width, height)).astype(np.int64) % (width, height)).T
    return to_linear(pixels[y, x, :3]), normal


def bake(obj: Any) -> int:
    """Bake what the nodes do to the object's materials into new images, and remove them. Return how many images.

    A projected picture is baked, too. Raises TrellisError if there is no texture to bake it into.
    """
    return sum(_baked(obj, material) + _baked_picture(obj, material) for material in nodes.materials(obj))


def _baked(obj: Any, material: Any) -> int:
    made = 0
    light = nodes.find(material, nodes.LIGHT)
    if light is not None and not light.mute and light.inputs["Amount"].default_value > 0:
        source = image_behind(light.inputs["Color"])
        if source is not None and source.image is not None:
            pixels = pixels_of(source.image)
            factor = _shone(obj, material, light.outputs["Factor"], source.image.size)
            pixels[..., :3] = to_srgb(to_linear(pixels[..., :3]) * factor[..., :1])
            source.image, made = new_image(f"{source.image.name} Without Light", pixels), made + 1
    bounds = [nodes.find(material, label) for label in (nodes.FLOOR, nodes.LIMIT)]
    if any(node is not None and not node.mute for node in bounds):
        made += bake_channels(material)
    nodes.remove(material)
    return made


def _baked_picture(obj: Any, material: Any) -> int:
    """Bake the picture that lies over the model's own colour into a new texture. Return how many images that made."""
    socket = nodes.shader_of(material).inputs["Base Color"]
    if below(socket) == socket:
        return 0
    source = image_behind(socket)
    if source is None or source.image is None:
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
    width, height = size
    target = new_image("baked", np.zeros((height, width, 4), np.float32), is_data=True, is_float=True)
    tree, scene = material.node_tree, _scene()
    output = tree.get_output_node("CYCLES") or tree.nodes.new("ShaderNodeOutputMaterial")
    before = [link.from_socket for link in output.inputs["Surface"].links]
    shine, node = tree.nodes.new("ShaderNodeEmission"), tree.nodes.new("ShaderNodeTexImage")
    node.image = target
    for slot in obj.material_slots:  # Cycles bakes nothing if one is empty
        slot.material = slot.material or bpy.data.materials.new("plain")
    others = [_spare(slot.material) for slot in obj.material_slots if slot.material != material]
    try:
        tree.links.new(shine.inputs["Color"], given)
        tree.links.new(output.inputs["Surface"], shine.outputs[0])
        tree.nodes.active = node
        scene.render.engine = "CYCLES"
        scene.cycles.samples, scene.cycles.device = 1, "CPU"
        for each in bpy.data.objects:
            each.select_set(each == obj)
        bpy.ops.object.bake(type="EMIT", margin=MARGIN, margin_type="EXTEND", use_clear=False)
    except RuntimeError as error:
        raise TrellisError(
            Text("The colors of “{name}” could not be baked: Blender says “{reason}”.", name=obj.name, reason=error),
            remedy=Remedy.NONE,
        ) from error
    finally:
        for socket in before:
            tree.links.new(output.inputs["Surface"], socket)
        for each in (shine, node, *others):
            each.id_data.nodes.remove(each)
    pixels = pixels_of(target)
    bpy.data.images.remove(target)
    return pixels


def _spare(material: Any) -> Any:
    """Return a new node with an image: Cycles asks for one in each material, and bakes nothing else then."""
    if material.node_tree is None:
        material.use_nodes = True
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = bpy.data.images.new("Spare", 8, 8)
    material.node_tree.nodes.active = node
    return node


def _scene() -> Any:
    return bpy.context.scene
