# SPDX-License-Identifier: GPL-3.0-or-later
"""One process of ``scripts/bench.py finish``: what Game Ready costs, beside Blender's own steps, and its looks.

    python -m benchmarks.game_runs MODEL PRESET ANSWER

MODEL is a GLB, or a number of faces, of which the emulator makes a model. The answer is JSON. `import`, `begin`, `end`
and `step`: as `finish_runs.py` has them. `by_hand`, for a large model: seconds of Blender's own steps run one after the
other, as an artist would. `difference`: between model and copy, seen from eight sides, of 255. `overlap`: of their
outlines, as the step measured it. `faces`: of the model.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from emulator.model.order import Order
from emulator.model.relief import make_relief

from .finish_runs import GAME, PIXELS, imported, stalls
from .game_table import LARGE
from .import_runs import enabled, part, picture

SIDES, SIDE_PIXELS = 8, 256


def main(model: str, preset: str) -> dict[str, Any]:
    """Make the model ready, then by hand if it is large, and return what both took and how the copy differs."""
    addon = enabled()
    import bpy

    with tempfile.TemporaryDirectory(prefix="trellis_blender ") as folder:
        file = Path(model)
        if model.isdigit():
            file = Path(folder, "model.glb")
            order = Order(picture(), int(model), PIXELS, "png", double_sided=True, seed=1, flaws=frozenset())
            file.write_bytes(make_relief(order)[0])
        obj, run = imported(addon, file)
        faces = len(obj.data.polygons)
        chosen = part(addon, "scene.finishing.game_ready.presets").PRESETS[preset]
        settings = {"faces": chosen.faces, "texture_size": chosen.texture_size, **GAME}
        run |= stalls(addon, "game_ready", obj, settings, Path(folder, "jobs"))
        copy: Any = bpy.data.objects["Model_LOD0"]
        run["overlap"] = json.loads(copy["trellis2_finishing"])[-1]["overlap"]
        run["difference"] = _difference(obj, copy)
        if faces >= LARGE:
            run["by_hand"] = _by_hand(obj, chosen)
        return {"model": "made" if model.isdigit() else file.stem, "preset": preset, "faces": faces, **run}


def _by_hand(obj: Any, chosen: Any) -> float:
    """Return the seconds of Blender's own steps: as many textures as Game Ready bakes, of the same sizes."""
    import bmesh
    import bpy

    scene: Any = bpy.context.scene
    obj.hide_set(False)
    obj.hide_render = False
    size = max(obj.dimensions)
    low: Any = bpy.data.objects.new("By Hand", obj.data.copy())
    scene.collection.objects.link(low)
    begun = time.perf_counter()
    _choose(low)
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.remove_doubles(threshold=1e-6 * size)
    bpy.ops.mesh.vertices_smooth(factor=0.5, repeat=2)
    bpy.ops.object.mode_set(mode="OBJECT")
    _decimate(low, chosen.faces / len(low.data.polygons))
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.uv.smart_project(angle_limit=math.radians(66), island_margin=0.001)
    bpy.ops.object.mode_set(mode="OBJECT")
    target: Any = bpy.data.materials.new("By Hand")
    if target.node_tree is None:
        target.use_nodes = True
    low.data.materials.clear()
    low.data.materials.append(target)
    node = target.node_tree.nodes.new("ShaderNodeTexImage")
    target.node_tree.nodes.active = node
    scene.render.engine = "CYCLES"
    half = chosen.texture_size // 2
    for kind, pixels, samples in (
        ("DIFFUSE", chosen.texture_size, 1),
        ("ROUGHNESS", chosen.texture_size, 1),
        ("EMIT", chosen.texture_size, 1),  # metal
        ("NORMAL", chosen.texture_size, 1),
        ("AO", half, 32),
    ):
        node.image = bpy.data.images.new("By Hand", pixels, pixels)
        scene.cycles.samples = samples
        _choose(low, obj)
        given: Any = {"pass_filter": {"COLOR"}} if kind == "DIFFUSE" else {}
        bake: Any = bpy.ops.object.bake
        bake(type=kind, use_selected_to_active=True, cage_extrusion=0.01 * size, margin_type="EXTEND", **given)
    for _ in range(GAME["levels"] - 1):
        _choose(low)
        bpy.ops.object.duplicate()
        _decimate(bpy.context.active_object, GAME["ratio"])
    mesh = bmesh.new()
    mesh.from_mesh(low.data)
    bmesh.ops.convex_hull(mesh, input=[*mesh.verts])
    mesh.free()
    return time.perf_counter() - begun


def _choose(*objects: Any) -> None:
    import bpy

    layer: Any = bpy.context.view_layer
    for obj in layer.objects:
        obj.select_set(obj in objects)
    layer.objects.active = objects[0]


def _decimate(obj: Any, ratio: float) -> None:
    import bpy

    _choose(obj)
    obj.modifiers.new("Decimate", "DECIMATE").ratio = ratio
    bpy.ops.object.modifier_apply(modifier="Decimate")


def _difference(obj: Any, copy: Any) -> float:
    """Return how the two differ in flat colour from eight sides: the mean over what either covers, of 255."""
    first, second = _views(obj, copy, obj), _views(obj, copy, copy)
    seen = (first[..., 3] > 0.5) | (second[..., 3] > 0.5)
    return float(np.abs(first[..., :3] - second[..., :3])[seen].mean() * 255)


def _views(obj: Any, copy: Any, shown: Any) -> Any:
    """Return the pictures of one of the two objects: (sides, rows, columns, 4)."""
    import bpy
    from mathutils import Vector

    scene: Any = bpy.context.scene
    corners = np.array([obj.matrix_world @ Vector(corner) for corner in obj.bound_box])
    middle, extent = Vector((corners.min(axis=0) + corners.max(axis=0)) / 2), float(np.ptp(corners, axis=0).max())
    kept = [(each, each.hide_render) for each in (obj, copy)]
    for each in (obj, copy):
        each.hide_render = each != shown
    hidden = shown.hide_get()
    shown.hide_set(False)
    has_none = not shown.material_slots
    if has_none:
        shown.data.materials.append(None)
    materials = [slot.material for slot in shown.material_slots]
    shown_flat = [_flat(material or _default()) for material in materials]
    for slot, material in zip(shown.material_slots, shown_flat, strict=True):
        slot.material = material
    camera: Any = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    camera.data.type, camera.data.ortho_scale, scene.camera = "ORTHO", 1.5 * extent, camera
    scene.render.engine, scene.cycles.samples, scene.render.film_transparent = "CYCLES", 4, True
    scene.render.resolution_x = scene.render.resolution_y = SIDE_PIXELS
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.color_mode = "RGBA"
    views = []
    with tempfile.TemporaryDirectory() as folder:
        for side in range(SIDES):
            angle = 2 * math.pi * side / SIDES
            away = Vector((math.cos(angle), math.sin(angle), 0.35 if side % 2 else -0.35)).normalized()
            camera.location = middle + away * 3 * extent
            camera.rotation_euler = away.to_track_quat("Z", "Y").to_euler()
            scene.render.filepath = str(Path(folder, "side.png"))
            bpy.ops.render.render(write_still=True)
            image: Any = bpy.data.images.load(scene.render.filepath)
            pixels = np.empty(SIDE_PIXELS * SIDE_PIXELS * 4, np.float32)
            image.pixels.foreach_get(pixels)
            bpy.data.images.remove(image)
            views.append(pixels.reshape(SIDE_PIXELS, SIDE_PIXELS, 4))
    for slot, material in zip(shown.material_slots, materials, strict=True):
        slot.material = material
    if has_none:
        shown.data.materials.clear()
    for each, was in kept:
        each.hide_render = was
    shown.hide_set(hidden)
    bpy.data.objects.remove(camera)
    return np.stack(views)


def _default() -> Any:
    """Return what a mesh without a material looks like: the gray that a new one has, too."""
    import bpy

    made: Any = bpy.data.materials.new("Default")
    if made.node_tree is None:
        made.use_nodes = True
    return made


def _flat(material: Any) -> Any:
    """Return the material without light: its base colour shines."""
    made = material.copy()
    tree = made.node_tree
    shader = next((node for node in tree.nodes if node.type == "BSDF_PRINCIPLED"), None)
    if shader is None:
        return made
    emission = tree.nodes.new("ShaderNodeEmission")
    socket = shader.inputs["Base Color"]
    if socket.links:
        tree.links.new(emission.inputs[0], socket.links[0].from_socket)
    else:
        emission.inputs[0].default_value = socket.default_value
    tree.links.new(tree.get_output_node("CYCLES").inputs[0], emission.outputs[0])
    return made


if __name__ == "__main__":
    Path(sys.argv[3]).write_text(json.dumps(main(sys.argv[1], sys.argv[2])), encoding="utf-8")
