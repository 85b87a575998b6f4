"""Material Sanity: nodes that do what they say, leave nothing behind, and are baked into exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest
import trimesh

from tests.blender.finishing.bodies import body, ended
from tests.blender.finishing.khronos import problems

if TYPE_CHECKING:
    from pathlib import Path

OPS: Any = bpy.ops


@pytest.fixture
def model(addon: Any, tmp_path: Path) -> Any:
    return body(tmp_path, "mirror_spots")


def textures(file: Path) -> tuple[Any, Any]:
    """Return the base colour and the ORM of a GLB: (height, width, 3) uint8 each."""
    meshes: Any = trimesh.load_scene(file).geometry
    (read,) = meshes.values()
    material = read.visual.material
    images = (material.baseColorTexture, material.metallicRoughnessTexture)
    color, orm = (np.asarray(image.convert("RGB")) for image in images)
    return color, orm


def exported(folder: Path) -> tuple[str, Any, Any]:
    """Export the model as GLB. Return the sentence and its two textures."""
    assert OPS.trellis2.export_model(format="GLB", folder=str(folder)) == {"FINISHED"}
    sentence = ended()
    return sentence, *textures(folder / "Körper.glb")


def test_bounds_are_baked_into_the_export_which_says_so(model: Any, tmp_path: Path) -> None:
    _said, _color, raw = exported(tmp_path)
    assert OPS.trellis2.material_sanity(roughness=0.4, metallic=0.5) == {"FINISHED"}
    said, _color, baked = exported(tmp_path)
    assert "is baked into it (new images: 1)" in said
    assert problems(tmp_path / f"{model.name}.glb") == []
    assert raw[..., 1].min() < 0.1 * 255
    assert raw[..., 2].max() > 0.9 * 255
    assert np.abs(baked[..., 1].astype(int) - np.maximum(raw[..., 1], 102)).max() <= 1
    assert np.abs(baked[..., 2].astype(int) - np.minimum(raw[..., 2], 128)).max() <= 1
    assert (baked[..., 0] == raw[..., 0]).all()


def test_nodes_can_be_switched_off_and_the_export_follows(addon: Any, model: Any, tmp_path: Path) -> None:
    _said, _color, raw = exported(tmp_path)
    assert OPS.trellis2.material_sanity(roughness=0.4, metallic=0.5) == {"FINISHED"}
    material = model.material_slots[0].material
    for label in (addon.nodes.FLOOR, addon.nodes.LIMIT):
        addon.nodes.find(material, label).mute = True
    said, _color, baked = exported(tmp_path)
    assert "Material Sanity" not in said
    assert (baked == raw).all()
    addon.nodes.find(material, addon.nodes.LIMIT).mute = False
    said, _color, baked = exported(tmp_path)
    assert "Material Sanity" in said
    assert (baked[..., 1] == raw[..., 1]).all()
    assert baked[..., 2].max() <= 128


def test_removing_leaves_the_material_as_it_was(addon: Any, model: Any) -> None:
    material = model.material_slots[0].material
    before = wires(material)
    assert OPS.trellis2.material_sanity(light=0.5) == {"FINISHED"}
    ended()
    assert addon.nodes.find(material, addon.nodes.LIGHT).inputs["Amount"].default_value == 0.5
    assert len(material.node_tree.nodes) == len(before[0]) + 3
    assert OPS.trellis2.material_sanity(roughness=0.3, light=1.0) == {"FINISHED"}
    assert len(material.node_tree.nodes) == len(before[0]) + 3
    assert OPS.trellis2.remove_material_sanity() == {"FINISHED"}
    assert wires(material) == before
    with pytest.raises(RuntimeError, match="have no nodes of Material Sanity"):
        OPS.trellis2.remove_material_sanity()


def test_painted_light_is_found_and_taken_out_of_the_export(addon: Any, tmp_path: Path) -> None:
    thing = lit_ball()
    among_others(thing)
    _said, lit, _orm = exported_ball(tmp_path)
    assert OPS.trellis2.material_sanity(roughness=0.0, metallic=1.0, light=1.0) == {"FINISHED"}
    assert "painted light" in ended()
    said, flat, _orm = exported_ball(tmp_path)
    assert "new images: 1" in said
    inner = slice(8, -8)
    spread = [float(np.std(np.log(image[inner, :, 0].astype(float) + 1))) for image in (lit, flat)]
    assert spread[0] > 0.15
    assert spread[1] < 0.25 * spread[0]
    assert bpy.data.objects["Ball"] == thing


def test_a_model_without_a_shader_says_so(model: Any) -> None:
    model.material_slots[0].material.node_tree.nodes.clear()
    with pytest.raises(RuntimeError, match="has a Principled shader"):
        OPS.trellis2.material_sanity()


def wires(material: Any) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the names of the nodes and the links of a material."""
    tree = material.node_tree
    links = [
        (link.from_node.name, link.from_socket.name, link.to_node.name, link.to_socket.name) for link in tree.links
    ]
    return sorted(node.name for node in tree.nodes), sorted(links)


def among_others(thing: Any) -> None:
    """Put a shader between the material's own and its output, and give the mesh an empty slot: Cycles minds both."""
    tree = thing.active_material.node_tree
    shader, output = (
        next(node for node in tree.nodes if node.type == kind) for kind in ("BSDF_PRINCIPLED", "OUTPUT_MATERIAL")
    )
    both = tree.nodes.new("ShaderNodeAddShader")
    tree.links.new(both.inputs[0], shader.outputs[0])
    tree.links.new(output.inputs["Surface"], both.outputs[0])
    thing.data.materials.append(None)


def exported_ball(folder: Path) -> tuple[str, Any, None]:
    """Export the ball as GLB. Return the sentence and its base colour."""
    assert OPS.trellis2.export_model(format="GLB", folder=str(folder)) == {"FINISHED"}
    sentence = ended()
    meshes: Any = trimesh.load_scene(folder / "Ball.glb").geometry
    (read,) = meshes.values()
    return sentence, np.asarray(read.visual.material.baseColorTexture.convert("RGB")), None


def lit_ball() -> Any:
    """Return a grey ball with the light of one lamp and some sky painted into its texture."""
    OPS.mesh.primitive_uv_sphere_add(segments=64, ring_count=32)
    thing: Any = bpy.context.active_object
    thing.name = "Ball"
    side = 128
    rows, columns = (np.mgrid[0:side, 0:side] + 0.5) / side
    turn, height = 2 * np.pi * columns, np.pi * (rows - 0.5)
    normals = np.stack([-np.cos(height) * np.cos(turn), -np.cos(height) * np.sin(turn), np.sin(height)], axis=-1)
    shade = 0.25 + 0.6 * np.maximum(0, normals @ np.array([0.6, 0.0, 0.8]))
    pixels = np.ones((side, side, 4), np.float32)
    pixels[..., :3] = (0.7 * shade[..., None]) ** (1 / 2.2)
    image: Any = bpy.data.images.new("Lit", side, side)
    image.pixels.foreach_set(pixels.ravel())
    image.pack()
    material = bpy.data.materials.new("Ball")
    if material.node_tree is None:
        material.use_nodes = True
    tree: Any = material.node_tree
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    tree.links.new(shader.inputs["Base Color"], node.outputs["Color"])
    thing.data.materials.append(material)
    return thing
