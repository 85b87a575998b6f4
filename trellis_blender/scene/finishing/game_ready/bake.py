# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: bakes the look of a heavy model into textures of a light one.

Each pass is one sample without light. A pass adds a half to what it bakes, so that a texel without a hit stays at 0.
The texels around the charts are then filled from their neighbours: Blender's own margin leaves dark ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
import numpy as np
from trellis_core.errors import Remedy, TrellisError
from trellis_core.picture.encode import png

from ..background import baked, choose, shine, to_srgb, tree_of
from ..mesh_arrays import Array
from ..nodes import clip_of, computed, given_to, image_behind, shader_of

EXTRUSION = 0.01  # of the size: of 0.002 to 0.1 the best
OCCLUSION_SAMPLES, OCCLUSION_REACH = 32, 0.25  # how far it looks, by the size
FILL = 8  # texels around the charts
FEWEST_HITS = 0.5  # of the texels that the charts cover
NO_BAKE = "The textures could not be baked: Blender found no surface to bake from. Run Make Solid first."


def bake(
    source: Any, target: Any, size: int, covered: float, progress: Callable[[float], None]
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return the textures of the `target`, baked from the `source`, as PNG files by what they are for, and numbers.

    These are `baked`, the share of the texels of the charts, `alpha`, how the source used its alpha, and `threshold`,
    with CLIP. `size`: of the textures, in pixels. `covered`: the share of a texture that the target's UVs cover. Raises
    TrellisError.
    """
    materials, extent = _own_materials(source), max(source.dimensions)
    own = bpy.data.materials.new("target")
    target.data.materials.clear()
    target.data.materials.append(own)
    choose(target, source)

    def run(kind: str, pixels: int = size) -> Array:
        options = {"use_selected_to_active": True, "cage_extrusion": EXTRUSION * extent, "margin": 0}
        try:
            return baked(tree_of(own), (pixels, pixels), type=kind, **options)
        except RuntimeError as error:
            raise TrellisError(NO_BAKE, remedy=Remedy.NONE) from error

    def show(value: Callable[[Any, Any], Any]) -> None:
        for material in materials:
            shine(material.node_tree, value(material.node_tree, shader_of(material)))

    normal = run("NORMAL")
    progress(0.25)
    alpha, threshold = _alpha_of(materials)
    show(lambda _tree, shader: given_to(shader.inputs["Base Color"]))
    color = run("EMIT")
    progress(0.5)
    show(_surface)
    surface = run("EMIT")
    progress(0.75)
    show(lambda tree, _shader: _occlusion(tree, OCCLUSION_REACH * extent))
    half = run("EMIT", max(1, size // 2))
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
    return images, {"baked": round(min(1.0, share), 4), "alpha": alpha, "threshold": threshold}


def _own_materials(source: Any) -> list[Any]:
    """Return the source's materials, each with a Principled shader: one without gets the look that the viewport shows.

    An empty slot, and a mesh without slots, get a plain one.
    """
    if not source.material_slots:
        source.data.materials.append(None)
    for slot in source.material_slots:
        slot.material = slot.material or bpy.data.materials.new("plain")
    materials: list[Any] = list(dict.fromkeys(slot.material for slot in source.material_slots))
    for material in materials:
        if shader_of(material) is None:
            tree = tree_of(material)
            shader = shader_of(material) or tree.nodes.new("ShaderNodeBsdfPrincipled")
            shader.inputs["Base Color"].default_value = material.diffuse_color
            shader.inputs["Roughness"].default_value = material.roughness
            shader.inputs["Metallic"].default_value = material.metallic
    return materials


def _surface(tree: Any, shader: Any) -> Any:
    """Return alpha, roughness and metal as one colour, each from a half to 1."""
    joined = tree.nodes.new("ShaderNodeCombineColor")
    given = (_alpha(shader), given_to(shader.inputs["Roughness"]), given_to(shader.inputs["Metallic"]))
    for entry, value in zip(joined.inputs, given, strict=True):
        half = computed(tree, "MULTIPLY_ADD", value, 0.5, 0.5)
        half.use_clamp = True
        tree.links.new(entry, half.outputs[0])
    return joined.outputs[0]


def _alpha(shader: Any) -> Any:
    """Return where the alpha comes from: before a clip, and from the base colour's image even if it is not used."""
    socket, clip, image = shader.inputs["Alpha"], clip_of(shader), image_behind(shader.inputs["Base Color"])
    if clip is not None:
        return given_to(clip.inputs[0])
    if image is not None and not socket.links and socket.default_value == 1.0:
        return image.outputs["Alpha"]
    return given_to(socket)


def _alpha_of(materials: list[Any]) -> tuple[str, float]:
    """Return how the first material that uses its alpha does so, and the threshold with CLIP."""
    for shader in map(shader_of, materials):
        clip = clip_of(shader)
        if clip is not None:
            return "CLIP", float(clip.inputs[1].default_value)
        if shader.inputs["Alpha"].links or shader.inputs["Alpha"].default_value < 1.0:
            return "BLEND", 0.5
    return "OFF", 0.5


def _occlusion(tree: Any, reach: float) -> Any:
    node = tree.nodes.new("ShaderNodeAmbientOcclusion")
    node.samples = OCCLUSION_SAMPLES
    node.inputs["Distance"].default_value = reach
    return computed(tree, "MULTIPLY_ADD", node.outputs["AO"], 0.5, 0.5).outputs[0]


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
