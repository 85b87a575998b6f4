"""Pictures of models, by Cycles: small, with few samples, always the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from mathutils import Vector
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path


def picture_of(things: list[Any], path: Path) -> Any:
    """Render what is in the scene, with the objects filling the picture: (64, 64, 3) in 0 to 255."""
    scene: Any = bpy.context.scene
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    corners = [thing.matrix_world @ Vector(corner) for thing in things for corner in thing.bound_box]
    low, high = (Vector([*map(pick, zip(*corners, strict=True))]) for pick in (min, max))
    size = (high - low).length
    toward = Vector((0.6, -1.0, 0.7)).normalized()
    camera: Any = bpy.data.cameras.new("camera")
    camera.type, camera.ortho_scale = "ORTHO", size
    scene.camera = _place(scene, camera, (low + high) / 2 + toward * size * 2, toward)
    sun: Any = bpy.data.lights.new("sun", "SUN")
    sun.energy = 3
    _place(scene, sun, (low + high) / 2, Vector((0.2, -0.5, 1.0)))
    world = bpy.data.worlds.new("world")
    world.color = (0.2, 0.2, 0.2)
    scene.world = world
    scene.render.engine, scene.cycles.samples, scene.cycles.seed = "CYCLES", 8, 1
    scene.cycles.use_denoising = False
    scene.render.resolution_x = scene.render.resolution_y = 64
    scene.render.resolution_percentage = 100
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    return np.asarray(Image.open(path).convert("RGB")).astype(np.float64)


def difference(ours: Any, theirs: Any) -> float:
    """The mean difference of the pixels in which either shows something, of 255."""
    is_seen = (ours != ours[0, 0]).any(axis=2) | (theirs != theirs[0, 0]).any(axis=2)
    return float(np.abs(ours - theirs)[is_seen].mean())


def _place(scene: Any, data: Any, place: Vector, toward: Vector) -> Any:
    thing = bpy.data.objects.new(data.name, data)
    thing.location = place
    thing.rotation_euler = toward.to_track_quat("Z", "Y").to_euler()
    scene.collection.objects.link(thing)
    return thing
