"""Where a picture was taken from: the camera sees places where Blender itself says it does."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import pytest
from mathutils import Vector

from tests.addon import addon
from tests.blender.picture.test_render import current_scene

PLACES = np.random.default_rng(1).uniform(-1, 1, (20, 3))


@pytest.fixture
def camera() -> Any:
    """A camera that looks at the origin from above, in a scene of 200 by 100 pixels."""
    scene = current_scene()
    made: Any = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(made)
    made.location, made.scale = (4, -5, 3), (2, 2, 2)
    made.rotation_euler = Vector((-4, 5, -3)).to_track_quat("-Z", "Y").to_euler()
    scene.camera = made
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 200, 100, 100
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    return made


def noted(**given: Any) -> Any:
    """The viewpoint of the scene's camera now."""
    layer = bpy.context.view_layer
    assert layer is not None
    layer.update()
    note = addon.viewpoint.note(bpy.context.evaluated_depsgraph_get(), current_scene(), layer, **given)
    return None if note is None else addon.viewpoint.of_note(note)


def seen(viewpoint: Any) -> Any:
    """Where the viewpoint sees the places, from 0 to 1 across and up."""
    matrix, projection = (np.reshape(each, (4, 4)) for each in (viewpoint.matrix, viewpoint.projection))
    return (addon.view.Camera(matrix, projection, viewpoint.is_perspective).seen(PLACES)[0] + 1) / 2


def expected() -> Any:
    """Where Blender sees them."""
    from bpy_extras.object_utils import world_to_camera_view

    scene = current_scene()
    return np.array([world_to_camera_view(scene, scene.camera, Vector(place))[:2] for place in PLACES])


KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "orthographic": ({"type": "ORTHO", "ortho_scale": 3.0}, {}),
    "shifted": ({"shift_x": 0.2, "shift_y": -0.1, "lens": 85.0}, {}),
    "another sensor": ({"sensor_fit": "VERTICAL", "sensor_height": 30.0}, {}),
    "upright and small": ({}, {"resolution_x": 100, "resolution_y": 301, "resolution_percentage": 13}),
    "long pixels": ({}, {"pixel_aspect_x": 1.0, "pixel_aspect_y": 1.6}),
    "high pixels": ({}, {"pixel_aspect_x": 1.5, "pixel_aspect_y": 1.0}),
    "a border that crops nothing": ({}, {"use_border": True, "use_crop_to_border": False, "border_max_x": 0.5}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_sees_places_where_blender_does(camera: Any, kind: str) -> None:
    for thing, values in zip((camera.data, current_scene().render), KINDS[kind], strict=True):
        for name, value in values.items():
            setattr(thing, name, value)
    viewpoint = noted(uses_border=True)
    assert viewpoint.is_perspective is (camera.data.type == "PERSP")
    assert seen(viewpoint) == pytest.approx(expected(), abs=0.005)


def test_a_cropped_render_shows_its_region(camera: Any) -> None:
    render = current_scene().render
    render.use_border = render.use_crop_to_border = True
    render.border_min_x, render.border_max_x, render.border_min_y, render.border_max_y = 0.2, 0.7, 0.1, 0.5
    cropped = (expected() - (0.2, 0.1)) / (0.5, 0.4)
    assert seen(noted(uses_border=True)) == pytest.approx(cropped, abs=1e-4)
    assert seen(noted()) == pytest.approx(expected(), abs=1e-4)  # our own renders show all


def test_of_a_panorama_and_without_a_camera_nothing_is_claimed(camera: Any) -> None:
    camera.data.type = "PANO"
    assert noted() is None
    current_scene().camera = None
    assert noted() is None
