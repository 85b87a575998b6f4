# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: bakes the look of a heavy model into textures of a light one.

Each pass is one sample without light. A pass adds a half to what it bakes, so that a texel without a hit stays at 0.
The texels around the charts are then filled from their neighbours: Blender's own margin leaves dark ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import bpy
import numpy as np
import numpy.typing as npt
from trellis_core.errors import Remedy, TrellisError
from trellis_core.picture.encode import png

from ..material_sanity.images import pixels_of, to_srgb
from ..material_sanity.nodes import shader_of
from ..picture_nodes import image_behind
from .shape import choose

Array = npt.NDArray[Any]
EXTRUSION = 0.01  # of the size: of 0.002 to 0.1 the best
OCCLUSION_SAMPLES, OCCLUSION_REACH = 32, 0.25  # how far it looks, by the size
FILL = 8  # texels around the charts
FEWEST_HITS = 0.5  # of the texels that the charts cover
NO_BAKE = "The textures could not be baked: Blender found no surface to bake from. Run Make Solid first."
NO_CYCLES = "This Blender has no Cycles, which bakes the textures. Use a Blender that has it."


@dataclass(frozen=True)
class Baked:
    """`images`: PNG files by what they are for. `alpha`: how the source used its alpha. `threshold`: with CLIP.

    `hits`: the share of the texels of the charts that were baked.
    """

    images: dict[str, bytes]
    alpha: str
    threshold: float
    hits: float


def bake(source: Any, target: Any, size: int, covered: float, progress: Callable[[float], None]) -> Baked:
    """Return the textures of the `target`, baked from the `source`. Raises TrellisError.

    `size`: of the textures, in pixels. `covered`: the share of a texture that the target's UVs cover.
    """
    scene: Any = bpy.context.scene
    try:
        scene.render.engine = "CYCLES"
    except TypeError as error:
        raise TrellisError(NO_CYCLES, remedy=Remedy.NONE) from error
    materials = _own_materials(source)
    extent = max(source.dimensions)
    passes = _Passes(source, target, size, extent)
    normal = passes.run("NORMAL")
    progress(0.25)
    alpha, threshold = _alpha_of(materials)
    for material in materials:
        _emit(material, _base_color)
    color = passes.run("EMIT")
    progress(0.5)
    for material in materials:
        _emit(material, _surface)
    surface = passes.run("EMIT")
    progress(0.75)
    for material in materials:
        _emit(material, lambda tree, shader: _occlusion(tree, shader, OCCLUSION_REACH * extent))
    half = _Passes(source, target, max(1, size // 2), extent).run("EMIT")
    hit = surface[..., 0] > 0.25
    share = float(hit.mean()) / max(covered, 1e-9)
    if share < FEWEST_HITS:
        raise TrellisError(NO_BAKE, remedy=Remedy.NONE)
    nearest, lonely = _nearest(hit)
    occlusion = _enlarged(_filled_occlusion(half), size)
    clear, rough, metal = (np.clip(surface[..., channel] * 2 - 1, 0, 1) for channel in range(3))
    base = to_srgb(color[..., :3])
    if (clear[hit] < 1 - 1 / 255).any():
        base = np.concatenate([base, clear[..., None]], axis=2)
    else:
        alpha = "OFF"
    orm = np.stack([occlusion, rough, metal], axis=2)
    plain = {"base_color": base, "orm": orm, "normal": normal[..., :3]}
    images = {}
    for name, values in plain.items():
        filled = values.reshape(-1, values.shape[2])[nearest].reshape(values.shape)
        filled[lonely] = (0.5, 0.5, 1.0) if name == "normal" else values[hit].mean(axis=0)
        images[name] = png(np.rint(np.clip(filled[::-1], 0, 1) * 255).astype(np.uint8))
    progress(1.0)
    return Baked(images, alpha, threshold, min(1.0, share))


class _Passes:
    """Bakes into images of this size."""

    def __init__(self, source: Any, target: Any, size: int, extent: float) -> None:
        self.source, self.target, self.size, self.extent = source, target, size, extent
        material: Any = bpy.data.materials.new("target")
        if material.node_tree is None:
            material.use_nodes = True
        target.data.materials.clear()
        target.data.materials.append(material)
        self.node = material.node_tree.nodes.new("ShaderNodeTexImage")
        material.node_tree.nodes.active = self.node

    def run(self, kind: Literal["EMIT", "NORMAL"]) -> Array:
        """Return what was baked: (size, size, 4) float32, linear, the lowest row first."""
        image: Any = bpy.data.images.new("baked", self.size, self.size, float_buffer=True, is_data=True)
        self.node.image = image
        scene: Any = bpy.context.scene
        scene.cycles.samples, scene.cycles.device = 1, "CPU"
        choose(self.target, self.source)
        try:
            bpy.ops.object.bake(
                type=kind,
                use_selected_to_active=True,
                cage_extrusion=EXTRUSION * self.extent,
                max_ray_distance=0.0,
                margin=0,
                use_clear=True,
                target="IMAGE_TEXTURES",
                normal_space="TANGENT",
            )
        except RuntimeError as error:
            raise TrellisError(NO_BAKE, remedy=Remedy.NONE) from error
        pixels = pixels_of(image)
        bpy.data.images.remove(image)
        return pixels


def _own_materials(source: Any) -> list[Any]:
    """Return the source's materials. An empty slot, and a mesh without slots, get a plain one."""
    if not source.material_slots:
        source.data.materials.append(None)
    for slot in source.material_slots:
        if slot.material is None or slot.material.node_tree is None:
            plain: Any = bpy.data.materials.new("plain")
            if slot.material is not None:
                plain.diffuse_color = slot.material.diffuse_color
            if plain.node_tree is None:
                plain.use_nodes = True
            slot.material = plain
    return list({slot.material.name: slot.material for slot in source.material_slots}.values())


def _emit(material: Any, value: Callable[[Any, Any], Any]) -> None:
    """Have the material shine with what `value` returns: a socket, or a colour. It gets the tree and the shader."""
    tree, shader = material.node_tree, shader_of(material)
    output = tree.get_output_node("CYCLES") or tree.nodes.new("ShaderNodeOutputMaterial")
    given = value(tree, shader) if shader is not None else value(tree, _Stand(material))
    emission = tree.nodes.new("ShaderNodeEmission")
    _feed(tree, emission.inputs["Color"], given)
    tree.links.new(output.inputs["Surface"], emission.outputs[0])


class _Stand:
    """What stands for the shader of a material that has no Principled one: its look in the viewport."""

    def __init__(self, material: Any) -> None:
        color = tuple(material.diffuse_color)
        values = {"Base Color": color, "Roughness": material.roughness, "Metallic": material.metallic, "Alpha": 1.0}
        self.inputs = {name: _Value(value) for name, value in values.items()}


@dataclass(frozen=True)
class _Value:
    default_value: Any
    links: tuple[()] = ()


def _given(socket: Any) -> Any:
    """Return the socket that feeds this one, else its own value."""
    return socket.links[0].from_socket if socket.links else socket.default_value


def _feed(tree: Any, socket: Any, given: Any) -> None:
    if isinstance(given, bpy.types.NodeSocket):
        tree.links.new(socket, given)
    else:
        socket.default_value = given


def _base_color(_tree: Any, shader: Any) -> Any:
    return _given(shader.inputs["Base Color"])


def _surface(tree: Any, shader: Any) -> Any:
    """Return alpha, roughness and metal as one colour, each from a half to 1."""
    joined = tree.nodes.new("ShaderNodeCombineColor")
    given = (_alpha(shader), _given(shader.inputs["Roughness"]), _given(shader.inputs["Metallic"]))
    for entry, value in zip(joined.inputs, given, strict=True):
        half = tree.nodes.new("ShaderNodeMath")
        half.operation = "MULTIPLY_ADD"
        half.use_clamp = True
        half.inputs[1].default_value = half.inputs[2].default_value = 0.5
        _feed(tree, half.inputs[0], value)
        tree.links.new(entry, half.outputs[0])
    return joined.outputs[0]


def _alpha(shader: Any) -> Any:
    """Return where the alpha comes from: before a clip, and from the base colour's image even if it is not used."""
    socket = shader.inputs["Alpha"]
    clip = _clip(shader)
    if clip is not None:
        return _given(clip.inputs[0])
    if socket.links:
        return _given(socket)
    image = image_behind(shader.inputs["Base Color"])
    has_alpha = image is not None and image.image is not None and socket.default_value == 1.0
    return image.outputs["Alpha"] if has_alpha else socket.default_value


def _clip(shader: Any) -> Any:
    link = next(iter(shader.inputs["Alpha"].links), None)
    node = link.from_node if link is not None else None
    return node if node is not None and node.type == "MATH" and node.operation == "GREATER_THAN" else None


def _alpha_of(materials: list[Any]) -> tuple[str, float]:
    """Return how the first material that uses its alpha does so, and the threshold with CLIP."""
    for shader in filter(None, map(shader_of, materials)):
        clip = _clip(shader)
        if clip is not None:
            return "CLIP", float(clip.inputs[1].default_value)
        if shader.inputs["Alpha"].links or shader.inputs["Alpha"].default_value < 1.0:
            return "BLEND", 0.5
    return "OFF", 0.5


def _occlusion(tree: Any, _shader: Any, reach: float) -> Any:
    node = tree.nodes.new("ShaderNodeAmbientOcclusion")
    node.samples = OCCLUSION_SAMPLES
    node.inputs["Distance"].default_value = reach
    half = tree.nodes.new("ShaderNodeMath")
    half.operation = "MULTIPLY_ADD"
    half.inputs[1].default_value = half.inputs[2].default_value = 0.5
    tree.links.new(half.inputs[0], node.outputs["AO"])
    return half.outputs[0]


def _filled_occlusion(pixels: Array) -> Array:
    values = np.clip(pixels[..., 0] * 2 - 1, 0, 1)
    hit = pixels[..., 0] > 0.25
    nearest, lonely = _nearest(hit)
    filled: Array = values.ravel()[nearest].reshape(values.shape)
    filled[lonely] = 1.0
    return filled


def _enlarged(values: Array, size: int) -> Array:
    """Return the values at this size, between their neighbours: (size, size)."""
    place = (np.arange(size) + 0.5) * len(values) / size - 0.5
    low = np.clip(np.floor(place).astype(np.int64), 0, len(values) - 1)
    high = np.minimum(low + 1, len(values) - 1)
    share = np.clip(place - low, 0, 1)
    rows = values[low] * (1 - share)[:, None] + values[high] * share[:, None]
    enlarged: Array = rows[:, low] * (1 - share) + rows[:, high] * share
    return enlarged


def _nearest(hit: Array) -> tuple[Array, Array]:
    """Return for each texel the place of a baked one near it: (texels) int64, and which have none: (size, size)."""
    height, width = hit.shape
    place = np.where(hit, np.arange(hit.size).reshape(hit.shape), -1)
    for _ in range(FILL):
        before = np.pad(place, 1, constant_values=-1)
        for down, right in ((0, 1), (1, 0), (1, 2), (2, 1), (0, 0), (0, 2), (2, 0), (2, 2)):
            there = before[down : down + height, right : right + width]
            place = np.where(place < 0, there, place)
    lonely = place < 0
    return np.maximum(place, 0).ravel(), lonely
