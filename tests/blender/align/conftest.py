"""A scene with a camera, a light and a body, of which pictures are taken."""

from __future__ import annotations

from typing import Any

import bpy
import pytest
from mathutils import Vector

from tests.blender.align import bodies
from tests.blender.picture.test_render import current_scene

SIDE = 256


@pytest.fixture
def studio(addon: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A scene with a camera that looks at a dog from its front, lit from everywhere."""
    monkeypatch.setattr(addon.camera, "SIDE", SIDE)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene: Any = current_scene()
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 4
    scene.render.resolution_x = scene.render.resolution_y = SIDE
    scene.view_settings.view_transform = "Standard"
    scene.world = bpy.data.worlds.new("World")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs[0].default_value = (1.0, 1.0, 1.0, 1.0)
    lens = bpy.data.cameras.new("Camera")
    lens.lens = 105
    camera = bpy.data.objects.new("Camera", lens)
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.collection.objects.link(bodies.make("dog"))
    look_from(camera, (0.9, -3.0, 0.5))
    return scene


def look_from(camera: Any, place: tuple[float, float, float], at: tuple[float, float, float] = (0, 0, 0.45)) -> None:
    """Put the camera there and turn it to that point."""
    camera.location = place
    camera.rotation_euler = (Vector(at) - Vector(place)).to_track_quat("-Z", "Y").to_euler()
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
