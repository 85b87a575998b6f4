"""Game Ready: a light copy with textures, LODs and a hull stands where the model stood, or the model is as it was."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.finishing.bodies import body, ended, everything
from tests.blender.finishing.khronos import problems
from tests.blender.working import refusal, tick_until

if TYPE_CHECKING:
    from pathlib import Path

OPS: Any = bpy.ops
SMALL: dict[str, Any] = {"preset": "OWN", "faces": 600, "texture_size": 128}


def made_ready(**settings: Any) -> str:
    """Make the active model game ready, wait, and return the sentence."""
    assert OPS.trellis2.game_ready(**{**SMALL, **settings}) == {"FINISHED"}
    return ended()


def pixels(image: Any) -> Any:
    """Return an image's pixels: (height, width, 4)."""
    found = np.empty(image.size[0] * image.size[1] * 4, np.float32)
    image.pixels.foreach_get(found)
    return found.reshape(image.size[1], image.size[0], 4)


def test_a_light_copy_with_textures_lods_and_a_hull_stands_in_the_models_place(addon: Any, tmp_path: Path) -> None:
    thing = body(tmp_path, "inner_shell")
    thing.location, thing["trellis2_seed"] = (1.0, 2.0, 3.0), 7
    before = everything(thing.data)
    sentence = made_ready(engine="UNREAL", ratio=0.4)
    copy: Any = bpy.data.objects["Körper_LOD0"]
    finer: Any
    coarser: Any
    finer, coarser = bpy.data.objects["Körper_LOD1"], bpy.data.objects["Körper_LOD2"]
    hull: Any = bpy.data.objects["UCX_Körper_LOD0_00"]
    counts = [len(each.data.polygons) for each in (copy, finer, coarser)]
    assert counts[0] == pytest.approx(600, abs=30)
    assert counts[1] == pytest.approx(0.4 * counts[0], rel=0.1)
    assert counts[2] == pytest.approx(0.16 * counts[0], rel=0.1)
    assert f"{counts[0]} / {counts[1]} / {counts[2]} faces, textures of 128 px" in sentence
    assert copy.matrix_world == thing.matrix_world
    assert [each.parent for each in (finer, coarser, hull)] == [copy] * 3
    visible = [each.visible_get() for each in (thing, copy, finer, coarser, hull)]
    assert visible == [False, True, False, False, False]
    assert [each.hide_render for each in (thing, copy, finer, coarser, hull)] == [True, False, True, True, True]
    assert bpy.context.view_layer is not None
    assert bpy.context.view_layer.objects.active == copy
    assert everything(thing.data) == before
    (step,) = json.loads(copy["trellis2_finishing"])
    assert (step["step"], step["faces"], step["texture_size"], copy["trellis2_seed"]) == ("game_ready", 600, 128, 7)
    assert step["hidden_faces"] > 1000
    assert step["overlap"] > 0.97
    images = {node.image.name: node.image for node in copy.active_material.node_tree.nodes if node.type == "TEX_IMAGE"}
    assert sorted(images) == ["Körper_BaseColor", "Körper_Normal", "Körper_ORM"]
    assert all(tuple(image.size) == (128, 128) and image.packed_file for image in images.values())
    assert_is_hull(hull, copy)
    assert not copy.data.validate(verbose=True)
    assert uvs(copy).min() >= 0.0
    assert uvs(copy).max() <= 1.0
    assert_looks_alike(thing, copy, images)
    OPS.ed.undo()
    assert [each.name for each in bpy.data.objects] == ["Körper"]
    assert bpy.data.objects["Körper"].visible_get()


def uvs(thing: Any) -> Any:
    """Return the UVs of a mesh's corners."""
    found = np.empty(2 * len(thing.data.loops), np.float32)
    thing.data.uv_layers["UVMap"].uv.foreach_get("vector", found)
    return found.reshape(-1, 2)


def assert_looks_alike(thing: Any, copy: Any, images: Any) -> None:
    """Compare what the textures hold with what the model's own hold, where its surface is nearest."""
    ours, its = (near_the_middle_of_faces(copy, thing, each) for each in (copy, thing))
    for name, label, channels in (("BaseColor", "BASE COLOR", slice(3)), ("ORM", "METALLIC ROUGHNESS", slice(1, 3))):
        source = next(node.image for node in thing.active_material.node_tree.nodes if node.label == label)
        made, there = colours_at(images[f"Körper_{name}"], ours), colours_at(source, its)
        apart = np.abs(made - there)[:, channels].mean(axis=0)
        assert apart.max() < 0.05
    orm, normal = (pixels(images[f"Körper_{name}"])[..., :3] for name in ("ORM", "Normal"))
    assert orm[..., 0].max() > 0.9
    assert orm[..., 0].min() < 0.9
    assert normal[..., 2].mean() > 0.9


def near_the_middle_of_faces(copy: Any, model: Any, wanted: Any) -> Any:
    """Return the UVs of the copy's faces' middles, or of what is nearest to these on the model: (faces, 2)."""
    layer = wanted.data.uv_layers[0].uv
    found = []
    for face in copy.data.polygons:
        index = face.index
        if wanted is model:
            _is_hit, _place, _normal, index = model.closest_point_on_mesh(face.center)
        found.append(np.mean([layer[loop].vector[:] for loop in wanted.data.polygons[index].loop_indices], axis=0))
    return np.array(found)


def colours_at(image: Any, at: Any) -> Any:
    """Return the image's pixels at these UVs: (n, 3)."""
    width, height = image.size
    return pixels(image)[(at[:, 1] % 1 * height).astype(int), (at[:, 0] % 1 * width).astype(int), :3]


def assert_is_hull(hull: Any, copy: Any) -> None:
    """A convex body of at most 255 faces around the copy, as long, as wide and as high."""
    points = np.array([vertex.co[:] for vertex in hull.data.vertices])
    assert 4 <= len(hull.data.polygons) <= 255
    assert [*hull.dimensions] == pytest.approx([*copy.dimensions], rel=1e-3)
    size = max(copy.dimensions)
    for face in hull.data.polygons:
        assert ((points - np.array(face.center)) @ np.array(face.normal)).max() < 1e-3 * size


def test_a_hull_is_made_around_corners_that_are_almost_one(addon: Any) -> None:
    """Blender's hull leaves such vertices out, and names them twice."""
    OPS.mesh.primitive_cube_add()
    OPS.object.mode_set(mode="EDIT")
    OPS.mesh.bevel(offset=2e-5, segments=3)
    OPS.object.mode_set(mode="OBJECT")
    sentence = made_ready(levels=1, texture_size=16)
    assert "is game ready" in sentence
    assert_is_hull(bpy.data.objects["Cube_Collision"], bpy.data.objects["Cube_Game"])


def test_what_modifiers_make_of_a_model_is_made_ready(addon: Any) -> None:
    OPS.mesh.primitive_cube_add()
    thing: Any = bpy.context.active_object
    for vertex in thing.data.vertices:
        vertex.co.x += 2.0
    thing.modifiers.new("Mirror", "MIRROR")
    thing.shape_key_add(name="Basis")
    made_ready(levels=1, texture_size=16, has_hull=False)
    copy: Any = bpy.data.objects["Cube_Game"]
    assert [*copy.dimensions] == pytest.approx([6.0, 2.0, 2.0])
    assert not copy.modifiers
    assert len(thing.data.polygons) == 6


def test_of_faces_that_lie_in_one_place_one_is_left(addon: Any) -> None:
    """A sheet with a face on either side: Blender would find the copy's mesh invalid."""
    OPS.mesh.primitive_grid_add(x_subdivisions=8, y_subdivisions=8)
    sheet: Any = bpy.context.active_object
    OPS.mesh.primitive_grid_add(x_subdivisions=8, y_subdivisions=8)
    other: Any = bpy.context.active_object
    other.data.flip_normals()
    sheet.select_set(True)
    OPS.object.join()
    assert "is game ready" in made_ready(levels=2, texture_size=16)
    copies: list[Any] = [bpy.data.objects["Grid_001_LOD0"], bpy.data.objects["Grid_001_LOD1"]]
    assert not any(each.data.validate(verbose=True) for each in copies)


def test_a_mended_model_keeps_what_is_sharp(addon: Any) -> None:
    """The copy is smooth, so that its normal map has to lean at the edges of a cube."""
    OPS.mesh.primitive_cube_add(size=1.0)  # is taken away
    inner: Any = bpy.context.active_object
    OPS.mesh.primitive_cube_add()
    inner.select_set(True)
    OPS.object.join()
    made_ready(levels=1, has_hull=False, texture_size=32)
    (step,) = json.loads(bpy.data.objects["Cube_001_Game"]["trellis2_finishing"])
    assert step["hidden_faces"] == 12
    assert pixels(bpy.data.images["Cube_001_Normal"])[..., 2].min() < 0.9


@pytest.mark.parametrize("has_nodes", [False, True])
def test_a_material_without_a_shader_is_baked_as_the_viewport_shows_it(addon: Any, has_nodes: bool) -> None:
    OPS.mesh.primitive_cube_add()
    thing: Any = bpy.context.active_object
    material: Any = bpy.data.materials.new("plain")
    material.diffuse_color = (1.0, 0.0, 0.0, 1.0)
    if has_nodes and material.node_tree is None:  # since 5.0 a material always has nodes
        material.use_nodes = True
    if material.node_tree is not None:
        material.node_tree.nodes.clear()
    thing.data.materials.append(material)
    made_ready(levels=1, has_hull=False, texture_size=32)
    assert pixels(bpy.data.images["Cube_BaseColor"])[16, 16].tolist() == [1.0, 0.0, 0.0, 1.0]


def test_quads_are_made_up_to_their_limit_and_keep_the_outlines(addon: Any, tmp_path: Path) -> None:
    body(tmp_path)
    sentence = made_ready(shape="QUADS", levels=1, has_hull=False)
    copy: Any = bpy.data.objects["Körper_Game"]
    assert "is game ready" in sentence
    assert 300 < len(copy.data.polygons) < 1200
    assert sum(len(face.vertices) == 4 for face in copy.data.polygons) > 0.98 * len(copy.data.polygons)
    assert len(bpy.data.objects) == 2
    assert "at most" not in sentence
    assert "Ask for fewer" in refusal(lambda: OPS.trellis2.game_ready(preset="HERO", shape="QUADS"))


def test_quads_that_would_lose_the_outlines_are_not_made_and_triangles_are_offered(addon: Any) -> None:
    OPS.mesh.primitive_torus_add(major_radius=1.0, minor_radius=0.006, major_segments=200, minor_segments=6)
    thing: Any = bpy.context.active_object
    sentence = made_ready(shape="QUADS", faces=100)
    assert "Use triangles" in sentence
    (work,) = addon.session.works().values()
    assert work.remedy is addon.errors.Remedy.TRIANGLES
    assert [each.name for each in bpy.data.objects] == ["Torus"]
    assert thing.visible_get()
    assert OPS.trellis2.use_triangles() == {"FINISHED"}
    tick_until(lambda: not addon.session.works())
    assert bpy.data.objects["Torus_LOD0"].visible_get()


def test_names_are_those_that_the_engine_reads_and_free_ones(addon: Any) -> None:
    names_for = addon.game_names.names_for
    assert names_for("UNITY", "Stuhl.001", 2, ()) == (
        "Stuhl_001",
        ("Stuhl_001_LOD0", "Stuhl_001_LOD1"),
        "Stuhl_001_Collider",
    )
    assert names_for("GODOT", "a b", 1, ()) == ("a_b", ("a_b_Game",), "a_b-convcolonly")
    assert names_for("UNREAL", "A", 2, {"A_LOD1"})[1:] == (("A_2_LOD0", "A_2_LOD1"), "UCX_A_2_LOD0_00")
    assert len(names_for("UNREAL", "ü" * 60, 6, ()).hull.encode()) <= 63


def test_alpha_is_kept_with_the_way_it_is_used(addon: Any, tmp_path: Path) -> None:
    thing = body(tmp_path, "clear_rims")
    addon.nodes.switch_transparency(thing.active_material, addon.nodes.Transparency.CLIP, 0.3)
    made_ready(levels=1, has_hull=False)
    copy: Any = bpy.data.objects[f"{thing.name}_Game"]
    material = copy.active_material
    assert addon.nodes.transparency(material) is addon.nodes.Transparency.CLIP
    clip = next(node for node in material.node_tree.nodes if node.type == "MATH")
    assert clip.inputs[1].default_value == pytest.approx(0.3)
    alpha = pixels(bpy.data.images[f"{thing.name}_BaseColor"])[..., 3]
    assert alpha.min() < 0.2
    assert alpha.max() == 1.0
    assert OPS.trellis2.export_model(format="GLB", folder=str(tmp_path)) == {"FINISHED"}
    assert "Exported" in ended()
    assert problems(tmp_path / f"{thing.name}_Game.glb") == []


def test_a_step_under_way_goes_on_after_a_restart_and_the_result_outlives_the_file(addon: Any, tmp_path: Path) -> None:
    body(tmp_path)
    assert OPS.trellis2.game_ready(**SMALL) == {"FINISHED"}
    (work,) = addon.session.works().values()
    tick_until((work.folder / addon.work.STEP_FILE).is_file)
    addon.session.stop()
    tick_until(lambda: work.is_done)
    addon.session.start()
    tick_until(lambda: bpy.data.objects.get("Körper_LOD0") is not None)
    saved = str(tmp_path / "Möbel.blend")
    bpy.ops.wm.save_as_mainfile(filepath=saved)
    bpy.ops.wm.open_mainfile(filepath=saved)
    copy: Any = bpy.data.objects["Körper_LOD0"]
    assert (bpy.data.objects["Körper"].visible_get(), copy.visible_get()) == (False, True)
    assert pixels(bpy.data.images["Körper_Normal"])[..., 2].mean() > 0.9


def test_what_cannot_be_baked_or_is_killed_leaves_the_model_as_it_was(
    addon: Any, cold: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    OPS.mesh.primitive_plane_add()
    thing: Any = bpy.context.active_object
    for vertex in thing.data.vertices:  # no surface, only a line
        vertex.co.y = vertex.co.z = 0.0
    before = everything(thing.data)
    assert made_ready() == "All faces of this model are lines or points, without any area."
    OPS.trellis2.cancel_step()
    asked = addon.process.Background.ask

    def killed(background: Any, *given: Any, **options: Any) -> Any:
        def kill(_done: float) -> None:
            os.kill(background.process_id, signal.SIGTERM)  # before it can answer

        return asked(background, *given, **{**options, "progress": kill})

    monkeypatch.setattr(addon.process.Background, "ask", killed)
    for vertex in thing.data.vertices:
        vertex.co.y = vertex.index // 2
    before = everything(thing.data)
    assert made_ready().startswith("The second Blender ended unexpectedly")
    assert made_ready(shape="QUADS").endswith("Use triangles.")  # QuadriFlow may use up the memory
    assert [*addon.session.works().values()][-1].remedy is addon.errors.Remedy.TRIANGLES
    assert everything(thing.data) == before
    assert (thing.visible_get(), len(bpy.data.objects), len(bpy.data.images)) == (True, 1, 0)
