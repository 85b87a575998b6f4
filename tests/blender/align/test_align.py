"""Where the picture shows it: a model made from a camera's picture covers what that camera sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest
from mathutils import Vector

from tests import workshop
from tests.blender.align import bodies
from tests.blender.picture.test_render import current_scene
from tests.blender.working import OPS, SMALL, meshes, newest_job, refusal, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

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


def made(**given: Any) -> Any:
    """Return the model of the camera's picture, once nothing is left to do."""
    assert OPS.trellis2.generate_camera(**SMALL, **given) == {"FINISHED"}
    tick_until(lambda: newest_job().stage.value == "imported")
    return next(thing for thing in meshes() if thing.get("trellis2_job_id"))


def settle(addon: Any) -> list[str]:
    """Tick until no model waits to be moved. Return what was told."""
    tick_until(lambda: not addon.session.running().aligning.is_busy)
    return told(addon)


def told(addon: Any) -> list[str]:
    """Return what the artist was told."""
    return [notice.sentence for notice in addon.session.notices()]


def covered(camera: Any, thing: Any) -> tuple[Any, Any]:
    """Return the box that the object's corners cover in the camera's frame, from 0 to 1: low and high."""
    from bpy_extras.object_utils import world_to_camera_view

    corners = np.array([vertex.co[:] for vertex in thing.data.vertices])[::7]
    seen = [world_to_camera_view(current_scene(), camera, thing.matrix_world @ Vector(each)) for each in corners]
    places = np.array([each[:2] for each in seen])
    return np.quantile(places, 0.005, axis=0), np.quantile(places, 0.995, axis=0)


def test_a_model_arrives_where_the_picture_shows_it(studio: Any, addon: Any, connected: Emulator) -> None:
    studio.trellis2.place = "PICTURE"
    dog = bpy.data.objects["dog"]
    model = made()
    settle(addon)
    ours, its = covered(studio.camera, model), covered(studio.camera, dog)
    assert np.abs(np.array(ours) - np.array(its)).max() < 0.06  # the small relief's cells are as wide
    assert min((model.matrix_world @ vertex.co).z for vertex in model.data.vertices) == pytest.approx(0, abs=0.05)


def rendered(scene: Any, tmp_path: Path, name: str) -> Any:
    """Return what the camera sees: (SIDE, SIDE, 4) float32, the top row first."""
    scene.render.film_transparent = True
    scene.render.filepath = str(tmp_path / name)
    scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "PNG", "RGBA"
    bpy.ops.render.render(write_still=True)
    image: Any = bpy.data.images.load(str(tmp_path / name))
    flat = np.empty(SIDE * SIDE * 4, np.float32)
    image.pixels.foreach_get(flat)
    return flat.reshape(SIDE, SIDE, 4)[::-1]


def unlit(model: Any) -> None:
    """Let the model shine with the colours of its texture, which are the picture's: they hold its light already."""
    for material in model.data.materials:
        tree = material.node_tree
        shine = tree.nodes.new("ShaderNodeEmission")
        texture = next(node for node in tree.nodes if node.type == "TEX_IMAGE" and node.outputs["Color"].links)
        base = tree.nodes["Principled BSDF"].inputs["Base Color"].links
        source = base[0].from_socket if base else texture.outputs["Color"]
        tree.links.new(source, shine.inputs["Color"])
        tree.links.new(shine.outputs["Emission"], tree.nodes["Material Output"].inputs["Surface"])


def test_seen_by_the_same_camera_it_looks_like_the_picture(
    studio: Any, addon: Any, connected: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workshop, "FACES", range(60_000, 90_000, 5_000))  # fine enough to look like the picture
    monkeypatch.setattr(workshop, "TEXTURE", 512)
    picture = rendered(studio, tmp_path, "picture.png")
    studio.trellis2.place = "PICTURE"
    model = made()
    settle(addon)
    bpy.data.objects["dog"].hide_render = True
    unlit(model)
    seen = rendered(studio, tmp_path, "seen.png")
    inside = picture[..., 3] > 0.9
    difference = np.abs(picture - seen)[inside][:, :3].mean() * 255
    assert difference < 8


def test_a_model_that_was_moved_is_put_back_by_a_click(studio: Any, addon: Any, connected: Emulator) -> None:
    studio.trellis2.place = "PICTURE"
    model = made()
    settle(addon)
    before = np.array(model.matrix_world)
    model.location, model.rotation_euler, model.scale = (5, 6, 7), (0.0, 0.0, 2.0), (3, 3, 3)
    assert OPS.trellis2.align() == {"FINISHED"}
    settle(addon)
    assert np.abs(np.array(model.matrix_world) - before).max() < 0.01


def test_a_model_whose_job_is_gone_is_refused_in_a_sentence(studio: Any, addon: Any, connected: Emulator) -> None:
    model = made()
    before = model.matrix_world.copy()
    model["trellis2_job_id"] = "job_elsewhere"
    said = refusal(OPS.trellis2.align)
    assert "is gone, and its picture with it" in said
    assert model.matrix_world == before
