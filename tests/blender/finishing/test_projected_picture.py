"""A projected picture goes along: baked into what has textures of its own, kept by what has the model's material."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest
import trimesh
from mathutils import Euler, Matrix
from PIL import Image

from tests.blender.finishing.bodies import body, ended, everything
from tests.blender.finishing.test_export import gltf
from tests.blender.finishing.test_game_ready import made_ready, pixels, uvs
from tests.blender.working import tick_until

if TYPE_CHECKING:
    from pathlib import Path

OPS: Any = bpy.ops
LEFT, RIGHT, OWN = (200, 60, 40), (40, 180, 60), (50, 40, 200)  # of the picture's halves, and of the texture
NODES = "trellis_picture_uv", "trellis_picture_mix"
CLEAR, SHARP = 0.1, 0.6  # of half the size: no place is looked at near the seam of both, nor in the soft rim


@pytest.fixture
def model(addon: Any, tmp_path: Path, request: Any) -> Any:
    """A blue body, turned, scaled and moved, with a picture projected from its front."""
    thing = body(tmp_path, *getattr(request, "param", ()))
    node = next(node for node in thing.active_material.node_tree.nodes if node.label == "BASE COLOR")
    node.image = bpy.data.images.new("Own", 128, 128)
    node.image.pixels.foreach_set(np.tile(np.array([*OWN, 255], np.float32) / 255, 128 * 128))
    node.image.update()
    thing.matrix_world = Matrix.LocRotScale((3.0, -2.0, 1.0), Euler((0.0, 0.0, 0.7)), (2.0, 2.0, 2.0))
    scene: Any = bpy.context.scene
    lens = bpy.data.cameras.new("Camera")
    lens.type, lens.ortho_scale = "ORTHO", 4.0
    scene.camera = bpy.data.objects.new("Camera", lens)
    scene.collection.objects.link(scene.camera)
    middle = np.array(thing.bound_box).mean(axis=0) - (0.0, 3.0, 0.0)
    sight = Matrix.Translation(middle.tolist()) @ Euler((np.pi / 2, 0.0, 0.0)).to_matrix().to_4x4()
    scene.camera.matrix_world = thing.matrix_world @ sight
    scene.render.resolution_x = scene.render.resolution_y = 128
    shown = np.full((128, 128, 4), 255, np.uint8)
    shown[:, :64, :3], shown[:, 64:, :3], shown[:2, :, 3] = LEFT, RIGHT, 0  # a picture that has its own alpha
    Image.fromarray(shown).save(tmp_path / "picture.png")
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    view = addon.viewpoint.of_camera(bpy.context, scene)
    settings = addon.projecting.settings(view, thing.matrix_world, (-1, -1, 1, 1), tmp_path / "picture.png")
    addon.session.start()
    running = addon.session.running()
    running.finishing.begin("project", thing, settings)
    tick_until(lambda: not running.finishing.is_busy)
    assert addon.projecting.is_shown(thing)
    return thing


def seen(thing: Any, image: Any) -> list[bool]:
    """Return whether what the camera saw, left and right, and what it did not see has its colour in the image.

    `thing`: a body in the model's own axes. `image`: (height, width, 3), 0 to 255, the lowest row first.
    """
    at = uvs(thing).reshape(-1, 3, 2).mean(axis=1)
    height, width = image.shape[:2]
    there = image[(at[:, 1] * height).astype(int).clip(0, height - 1), (at[:, 0] * width).astype(int)]
    faces = [*thing.data.polygons]
    facing, areas = -np.array([face.normal.y for face in faces]), np.array([face.area for face in faces])
    places = np.array([face.center[:] for face in faces])[:, [0, 2]]
    low, high = places.min(axis=0), places.max(axis=0)
    across, up = (places - (low + high) / 2).T / ((high - low) / 2)[:, None]  # from -1 to 1
    is_inside = (np.hypot(across, up) < SHARP) & (facing > 0.5)
    found = []
    for chosen, wanted in (
        (is_inside & (across < -CLEAR), LEFT),
        (is_inside & (across > CLEAR), RIGHT),
        (facing < -0.2, OWN),
    ):
        is_it = np.abs(there - wanted).max(axis=1) < 12
        found.append(bool(areas[chosen & is_it].sum() > 0.95 * areas[chosen].sum() > 0))
    return found


def test_a_picture_can_be_projected_onto_a_model_that_is_scaled_flat(addon: Any, tmp_path: Path) -> None:
    scene: Any = bpy.context.scene
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(scene.camera)
    view = addon.viewpoint.of_camera(bpy.context, scene)
    found = addon.projecting.settings(view, Matrix.Diagonal((1.0, 0.0, 1.0, 1.0)), (-1, -1, 1, 1), tmp_path / "a.png")
    assert np.isfinite(found["matrix"]).all()


WITH_SHELL = pytest.mark.parametrize("model", [("inner_shell",)], indirect=True)  # it is mended first


@WITH_SHELL
def test_game_ready_bakes_it_where_the_camera_saw_the_model(addon: Any, model: Any) -> None:
    made_ready(levels=1, has_hull=False)
    copy: Any = bpy.data.objects["Körper_Game"]
    baked = pixels(bpy.data.images["Körper_BaseColor"]) * 255
    assert seen(copy, baked[..., :3]) == [True, True, True]
    assert baked[..., 3].min() == 255  # the picture's alpha is not the model's
    assert addon.projecting.is_shown(copy) is None
    assert [layer.name for layer in copy.data.uv_layers] == ["UVMap"]
    assert "trellis_picture" not in copy.data.attributes


def test_a_glb_has_it_in_its_texture_and_the_model_keeps_its_nodes(model: Any, addon: Any, tmp_path: Path) -> None:
    before = everything(model.data)
    tree = model.active_material.node_tree
    for is_on in (True, False):
        addon.projecting.show(model, is_on=is_on)
        assert OPS.trellis2.export_model(format="GLB", engine="GLTF", folder=str(tmp_path)) == {"FINISHED"}
        sentence = ended()
        assert ("baked into it (new images: 1)" in sentence) is is_on
        read = next(iter(trimesh.load_scene(tmp_path / "Körper.glb").geometry.values()))
        texture = np.asarray(read.visual.material.baseColorTexture.convert("RGB"))[::-1].astype(float)
        assert texture.shape == (128, 128, 3)
        assert seen(model, texture) == [is_on, is_on, True]
        (primitive,) = gltf(tmp_path / "Körper.glb")["meshes"][0]["primitives"]
        assert sorted(primitive["attributes"]) == ["NORMAL", "POSITION", "TEXCOORD_0"]
        assert everything(model.data) == before
        assert all(name in tree.nodes for name in NODES)


@WITH_SHELL
def test_mended_and_printed_copies_show_it_too(model: Any, addon: Any, tmp_path: Path) -> None:
    assert OPS.trellis2.make_solid() == {"FINISHED"}
    assert "is mended" in ended()
    solid = bpy.data.objects["Körper Solid"]
    assert addon.projecting.is_shown(solid)
    share = covered(solid)
    assert share > 0.2
    assert OPS.trellis2.print_ready(size=80.0, cut=1.0, folder=str(tmp_path)) == {"FINISHED"}
    ended()
    printed = bpy.data.objects["Körper Solid Print"]
    assert covered(printed) == pytest.approx(share, rel=0.1)
    assert OPS.trellis2.level_of_detail(faces=1000) == {"FINISHED"}
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    lighter: Any = bpy.data.objects["Körper Solid Print LOD"]
    evaluated = lighter.evaluated_get(bpy.context.evaluated_depsgraph_get())
    assert covered(evaluated) == pytest.approx(share, rel=0.1)


def covered(thing: Any) -> float:
    """Return the share of the surface that the mask covers. It needs the picture's UV map, too."""
    mesh = thing.data
    mask = np.empty(len(mesh.vertices), np.float32)
    mesh.attributes["trellis_picture"].data.foreach_get("value", mask)
    assert "Trellis Picture" in mesh.uv_layers
    areas = [face.area for face in mesh.polygons]
    return float(np.dot([mask[[*face.vertices]].mean() for face in mesh.polygons], areas) / sum(areas))


def test_material_sanity_lies_below_it_and_neither_takes_the_other_away(model: Any, addon: Any) -> None:
    shader = model.active_material.node_tree.nodes["Principled BSDF"]
    for is_on in (True, False):
        addon.projecting.show(model, is_on=is_on)
        assert OPS.trellis2.material_sanity(light=0.5) == {"FINISHED"}
        ended()
        addon.projecting.show(model, is_on=True)
        mix = shader.inputs["Base Color"].links[0].from_node
        (light,) = [node for node in model.active_material.node_tree.nodes if node.label == "Take Out Light"]
        assert (mix.name, mix.inputs[6].links[0].from_node) == ("trellis_picture_mix", light)
        assert light.inputs["Color"].links[0].from_node.label == "BASE COLOR"
        assert OPS.trellis2.remove_material_sanity() == {"FINISHED"}
        assert mix.inputs[6].links[0].from_node.label == "BASE COLOR"
        assert addon.projecting.is_shown(model)


def test_without_a_texture_the_picture_is_not_taken_for_one(model: Any, addon: Any, tmp_path: Path) -> None:
    for node in [*model.active_material.node_tree.nodes]:
        if node.label == "BASE COLOR":
            model.active_material.node_tree.nodes.remove(node)
    assert [*addon.nodes.materials_with_alpha(model)] == []
    assert OPS.trellis2.export_model(format="GLB", engine="GLTF", folder=str(tmp_path / "out")) == {"FINISHED"}
    assert "no texture to bake the projected picture into" in ended()
    assert not (tmp_path / "out").exists()
