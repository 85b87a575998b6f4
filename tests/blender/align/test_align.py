"""Where the picture shows it: a model made from a camera's picture covers what that camera sees."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest
from mathutils import Vector

from tests import workshop
from tests.blender.align.conftest import SIDE, look_from
from tests.blender.picture.test_render import current_scene
from tests.blender.working import OPS, SMALL, finish, meshes, newest_job, refusal, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


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


def project(addon: Any, **given: Any) -> None:
    """Have the picture projected onto the chosen model, or set its switch, and wait until that is so."""
    assert OPS.trellis2.project_picture(**given) == {"FINISHED"}
    settle(addon)
    tick_until(lambda: not addon.session.running().finishing.is_busy)
    assert not addon.session.works()


def exported_texture(model: Any, tmp_path: Path) -> str:
    """Return the name of the texture that a glTF of the model has for its base colour."""
    for thing in bpy.data.objects:
        thing.select_set(thing == model)
    OPS.export_scene.gltf(filepath=str(tmp_path / "model.gltf"), export_format="GLTF_SEPARATE", use_selection=True)
    made = json.loads((tmp_path / "model.gltf").read_text())
    texture = made["textures"][made["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"]["index"]]
    source = texture["source"] if "source" in texture else texture["extensions"]["EXT_texture_webp"]["source"]
    return str(made["images"][source]["name"])


def shine_with_base(model: Any) -> None:
    """Let the model shine with what its base colour has become."""
    for material in model.data.materials:
        tree = material.node_tree
        shine = next(node for node in tree.nodes if node.type == "EMISSION")
        tree.links.new(tree.nodes["Principled BSDF"].inputs["Base Color"].links[0].from_socket, shine.inputs["Color"])


def test_seen_by_the_same_camera_it_looks_like_the_picture_and_more_so_with_the_picture_projected(
    studio: Any, addon: Any, connected: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workshop, "FACES", range(60_000, 90_000, 5_000))  # fine enough to look like the picture
    monkeypatch.setattr(workshop, "TEXTURE", 512)
    picture = rendered(studio, tmp_path, "picture.png")
    studio.trellis2.place = "PICTURE"
    model = made()
    settle(addon)
    bpy.data.objects["dog"].hide_render = True
    texture = exported_texture(model, tmp_path)
    unlit(model)
    inside = picture[..., 3] > 0.9

    def difference(name: str) -> float:
        seen = rendered(studio, tmp_path, name)
        return float(np.abs(picture - seen)[inside][:, :3].mean() * 255)

    own = difference("own.png")
    assert own < 8
    shine = model.data.materials[0].node_tree
    kept = [node.name for node in shine.nodes]
    project(addon)
    shine_with_base(model)
    with_picture = difference("projected.png")
    assert with_picture < 3
    project(addon, mode="OFF")
    shine_with_base(model)
    assert difference("off.png") == pytest.approx(own, abs=0.2)
    project(addon)
    assert addon.projecting.is_shown(model)
    shine.links.new(shine.nodes["Principled BSDF"].outputs[0], shine.nodes["Material Output"].inputs["Surface"])
    project(addon, mode="OFF")
    assert not addon.projecting.is_shown(model)
    assert exported_texture(model, tmp_path) == texture
    images = len(bpy.data.images)
    project(addon, mode="REMOVE")
    assert len(bpy.data.images) == images - 1
    assert [node.name for node in shine.nodes] == kept
    assert len(model.data.uv_layers) == 1
    assert "trellis_picture" not in model.data.attributes


def test_a_model_that_was_moved_is_put_back_by_a_click(studio: Any, addon: Any, connected: Emulator) -> None:
    studio.trellis2.place = "PICTURE"
    model = made()
    settle(addon)
    before = np.array(model.matrix_world)
    model.location, model.rotation_euler, model.scale = (5, 6, 7), (0.0, 0.0, 2.0), (3, 3, 3)
    assert OPS.trellis2.align() == {"FINISHED"}
    settle(addon)
    assert np.abs(np.array(model.matrix_world) - before).max() < 0.01


def test_of_a_picture_from_a_file_the_scenes_camera_is_taken_once_it_is_asked_for(
    studio: Any, addon: Any, connected: Emulator, tmp_path: Path
) -> None:
    studio.trellis2.place = "PICTURE"
    rendered(studio, tmp_path, "picture.png")
    finish(tmp_path / "picture.png")
    assert any("does not tell its camera" in sentence for sentence in settle(addon))
    model = next(thing for thing in meshes() if thing.get("trellis2_job_id"))
    model.location.x += 5
    assert OPS.trellis2.align() == {"FINISHED"}
    settle(addon)
    ours, its = covered(studio.camera, model), covered(studio.camera, bpy.data.objects["dog"])
    assert np.abs(np.array(ours) - np.array(its)).max() < 0.06  # as in the first test
    studio.camera = None
    assert refusal(OPS.trellis2.align).startswith("The picture does not tell its camera, and the scene has none.")


def test_a_model_whose_job_is_gone_is_refused_in_a_sentence(studio: Any, addon: Any, connected: Emulator) -> None:
    model = made()
    assert not addon.session.running().aligning.is_busy  # at the cursor, it waits for nothing
    before = model.matrix_world.copy()
    model["trellis2_job_id"] = "job_elsewhere"
    said = refusal(OPS.trellis2.align)
    assert "is gone, and its picture with it" in said
    assert model.matrix_world == before


def test_variations_stand_beside_each_other_as_the_picture_shows_them(
    studio: Any, addon: Any, connected: Emulator
) -> None:
    studio.trellis2.place = "PICTURE"
    made(variations=2)
    tick_until(lambda: sum(1 for thing in meshes() if thing.get("trellis2_job_id")) == 2)
    settle(addon)
    right = studio.camera.matrix_world.to_3x3() @ Vector((1, 0, 0))
    models = (thing for thing in meshes() if thing.get("trellis2_job_id"))
    first, second = sorted(models, key=lambda each: each.matrix_world.translation.dot(right))
    turns = [thing.matrix_world.to_euler().z for thing in (first, second)]
    assert turns[0] == pytest.approx(turns[1], abs=0.1)
    (_low, end), (start, _high) = (
        [pick((thing.matrix_world @ Vector(corner)).dot(right) for corner in thing.bound_box) for pick in (min, max)]
        for thing in (first, second)
    )
    assert start > end


def test_the_block_out_gives_its_place_its_size_and_its_parent_to_the_model(
    studio: Any, addon: Any, connected: Emulator
) -> None:
    dog, handle = bpy.data.objects["dog"], bpy.data.objects.new("handle", None)
    studio.collection.objects.link(handle)
    handle.location = (0.2, 0.0, 0.3)  # it does not stand on the ground
    dog.parent = handle
    dog.select_set(True)
    look_from(studio.camera, (1.1, -3.0, 0.8), (0.2, 0.0, 0.75))
    seen = covered(studio.camera, dog)
    eye, ahead = np.array(studio.camera.matrix_world.translation), -np.array(studio.camera.matrix_world.col[2][:3])
    model = made()
    assert OPS.trellis2.replace_block_out() == {"FINISHED"}
    settle(addon)
    assert not dog.visible_get()
    (away,) = dog.users_collection
    assert (away.name, away.hide_viewport, away.hide_render) == ("Block-Out", True, True)
    assert model.parent == handle
    assert np.abs(np.array(covered(studio.camera, model)) - np.array(seen)).max() < 0.06  # as in the first test
    corners = (np.array([thing.matrix_world @ Vector(corner) for corner in thing.bound_box]) for thing in (model, dog))
    ours, its = (float((each.mean(axis=0) - eye) @ ahead) for each in corners)
    assert ours == pytest.approx(its, rel=0.02)  # as far away
    assert refusal(OPS.trellis2.replace_block_out).startswith("Nothing was selected when the picture was taken")


def test_a_picture_without_alpha_is_told_by_its_own_edges(studio: Any, addon: Any, tmp_path: Path) -> None:
    studio.render.engine = "CYCLES"
    shown = rendered(studio, tmp_path, "picture.png")
    behind = np.linspace(0.2, 0.4, SIDE)[:, None, None] * np.ones(3)
    pixels = np.full((SIDE, SIDE, 4), 255, np.uint8)
    alpha = shown[..., 3:]
    pixels[..., :3] = ((shown[..., :3] * alpha + behind * (1 - alpha)) * 255).astype(np.uint8)
    found, wanted = addon.view.subject_of(pixels), alpha[..., 0] > 0.5
    assert (found & wanted).sum() / (found | wanted).sum() > 0.85
    pixels[..., :3] = (behind * 255).astype(np.uint8)
    assert addon.view.subject_of(pixels) is None


def test_without_a_known_turn_the_model_has_the_block_outs_box(studio: Any, addon: Any, connected: Emulator) -> None:
    dog = bpy.data.objects["dog"]
    model = made()
    addon.aligning.replace_block_out(model, model.matrix_world.copy(), [dog], is_fitted=False)
    ours, its = (
        np.array([thing.matrix_world @ Vector(corner) for corner in thing.bound_box]) for thing in (model, dog)
    )
    assert np.ptp(ours, axis=0).max() == pytest.approx(np.ptp(its, axis=0).max(), rel=1e-3)
    assert ours.min(axis=0)[2] == pytest.approx(its.min(axis=0)[2], abs=1e-3)
