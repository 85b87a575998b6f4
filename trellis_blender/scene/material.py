# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a Principled BSDF wired as Blender's glTF importer wires it, so that a glTF export returns the same material."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import bpy

from ..core.job.folder import JOB_ID
from ..core.model.arrays import ImageFile, Material, Texture

SETTINGS_GROUP = "glTF Material Output"  # Blender's exporter finds the occlusion by this name
# All of the group's sockets. The importer takes a group of that name for its own, and fails if a socket is missing.
SETTINGS: tuple[tuple[str, float], ...] = (("Occlusion", 0.0), ("Thickness", 0.0))
if bpy.app.version >= (5, 1, 0):
    SETTINGS += (("Dispersion", 0.0), ("Iridescence Factor", 0.0), ("Iridescence Thickness Minimum", 100.0))
IOR = 1.5  # gives the specular reflection of 4 % in glTF 2.0 §B.3.4
BLOCK = 460  # node editor pixels from one texture to the next below
WHITE = (1.0, 1.0, 1.0)


def make_images(files: Mapping[int, ImageFile], name: str) -> dict[int, bpy.types.Image]:
    """Return the model's images as datablocks, by the same indices.

    An image with bytes is packed; any other refers to its path. A packed one names its file too, for exporters that
    copy files. Nothing is decoded here: Blender does that when it first shows the image.
    """
    made = {}
    for number, file in files.items():
        label = file.name or (f"{name} {number + 1}" if len(files) > 1 else name)
        if file.data is not None:
            image = bpy.data.images.new(label, 8, 8)  # Blender reads the true size from the file later
            pack: Any = image.pack
            pack(data=file.data, data_len=len(file.data))
            image.source = "FILE"
            if file.path is not None:
                image.filepath_raw = str(file.path)
        else:
            image = bpy.data.images.load(str(file.path), check_existing=True)
            image.name = label
            if bpy.data.is_saved:
                image.filepath = bpy.path.relpath(str(file.path))
        image.alpha_mode = "CHANNEL_PACKED"
        made[number] = image
    return made


def images_of(*objects: bpy.types.Object) -> list[bpy.types.Image]:
    """Return the images in the nodes of the objects' materials, each once. The base colour of our own comes first."""
    materials = [slot.material for obj in objects for slot in obj.material_slots if slot.material is not None]
    trees = [material.node_tree for material in materials if material.node_tree is not None]
    images = (getattr(node, "image", None) for tree in trees for node in cast(Any, tree).nodes)
    return list(dict.fromkeys(image for image in images if image is not None))


def follow_jobs(root: Path) -> None:
    """Let images and scenes that name a file of a job which is not there any more name that job's file in `root`.

    An image is packed, but an exporter that copies files looks for the one that it names.
    """
    data: Any = bpy.data  # the stubs know no linked data
    for image in data.images:
        moved = _moved(image.filepath, root) if image.library is None and image.source == "FILE" else None
        if moved is not None:
            image.filepath_raw = str(moved)
    for scene in data.scenes:
        moved = _moved(scene.trellis2.filepath, root) if scene.library is None else None
        if moved is not None:
            scene.trellis2.filepath = str(moved)


def _moved(path: str, root: Path) -> Path | None:
    """Return where the file is now, None if it is still there, is no job's, or is gone."""
    parts = Path(bpy.path.abspath(path)).parts if path else ()
    place = next((place for place in (-2, -3) if len(parts) >= -place and JOB_ID.fullmatch(parts[place])), None)
    if place is None or Path(*parts).exists():
        return None
    moved = root.joinpath(*parts[place:])
    return moved if moved.is_file() else None


def make_material(name: str, material: Material, images: Mapping[int, bpy.types.Image]) -> bpy.types.Material:
    """Return a new material with the glTF material's values and textures."""
    made = bpy.data.materials.new(name)
    made.use_backface_culling = not material.is_double_sided
    made.surface_render_method = "BLENDED" if material.is_blended else "DITHERED"
    if material.base_texture is None:
        made.diffuse_color = material.base_color
    if made.node_tree is None:  # since 5.0 a material always has nodes, and setting this is deprecated
        made.use_nodes = True
    tree: Any = made.node_tree
    tree.nodes.clear()
    _Wiring(tree, images).wire(material)
    return made


@dataclass
class _Wiring:
    """A builder of one material's nodes. `y`: where the next texture's nodes go."""

    tree: Any
    images: Mapping[int, bpy.types.Image]
    y: float = 0.0

    def wire(self, material: Material) -> None:
        self.y = len(material.textures) * BLOCK / 2 - 20
        shader = self.node("ShaderNodeBsdfPrincipled", 10, 300)
        output = self.node("ShaderNodeOutputMaterial", 300, 300)
        self.link(shader.outputs[0], output.inputs[0])
        shader.inputs["IOR"].default_value = IOR
        self.base_color(shader, material)
        self.metallic_roughness(shader, material)
        self.normal(shader, material)
        self.emission(shader, material)
        self.occlusion(material)

    def base_color(self, shader: Any, material: Material) -> None:
        color, alpha = material.base_color[:3], material.base_color[3] if material.is_blended else 1.0
        color_socket, alpha_socket, x = shader.inputs["Base Color"], shader.inputs["Alpha"], -200.0
        if material.base_texture is None:
            color_socket.default_value, alpha_socket.default_value = (*color, 1.0), alpha
            return
        if color != WHITE:
            color_socket = self.factor_color("Color Factor", color_socket, color, x)
        if alpha != 1.0:
            alpha_socket = self.factor("Alpha Factor", alpha_socket, alpha, x, -230)
        x -= 200 if color != WHITE or alpha != 1.0 else 0
        node = self.texture(material.base_texture, "BASE COLOR", color_socket, x)
        if material.is_blended:
            self.link(node.outputs["Alpha"], alpha_socket)

    def metallic_roughness(self, shader: Any, material: Material) -> None:
        texture, x = material.metallic_roughness_texture, -200.0
        metallic, roughness = shader.inputs["Metallic"], shader.inputs["Roughness"]
        if texture is None:
            metallic.default_value, roughness.default_value = material.metallic, material.roughness
            return
        if material.metallic != 1.0:
            metallic = self.factor("Metallic Factor", metallic, material.metallic, x, 0)
        if material.roughness != 1.0:
            roughness = self.factor("Roughness Factor", roughness, material.roughness, x, -200)
        x -= 200 if (material.metallic, material.roughness) != (1.0, 1.0) else 0
        self.channels(texture, "METALLIC ROUGHNESS", {"Blue": metallic, "Green": roughness}, x)

    def normal(self, shader: Any, material: Material) -> None:
        texture = material.normal_texture
        if texture is None:
            return
        node = self.node("ShaderNodeNormalMap", -350, self.y - 40)
        node.uv_map = uv_name(texture.uv)
        node.inputs["Strength"].default_value = material.normal_scale
        self.link(node.outputs["Normal"], shader.inputs["Normal"])
        self.texture(texture, "NORMAL MAP", node.inputs["Color"], -400).image.colorspace_settings.is_data = True

    def emission(self, shader: Any, material: Material) -> None:
        color, strength, socket, x = material.emissive, 1.0, shader.inputs["Emission Color"], -200.0
        if color[0] == color[1] == color[2]:  # a grey factor is a strength
            color, strength = WHITE, color[0]
        shader.inputs["Emission Strength"].default_value = strength
        if material.emissive_texture is None:
            socket.default_value = (*color, 1.0)
            return
        if color != WHITE:
            socket, x = self.factor_color("Emissive Factor", socket, color, x), x - 200
        self.texture(material.emissive_texture, "EMISSIVE", socket, x)

    def occlusion(self, material: Material) -> None:
        if material.occlusion_texture is None:
            return
        group = self.node("ShaderNodeGroup", 40, -370)
        group.node_tree = _settings_group()
        socket, x = group.inputs["Occlusion"], -200.0
        if material.occlusion_strength != 1.0:
            mix = self.mix("Occlusion Strength", "MIX", socket, x)
            mix.inputs["Factor"].default_value = material.occlusion_strength
            mix.inputs[6].default_value = (*WHITE, 1.0)
            socket, x = mix.inputs[7], x - 200
        self.channels(material.occlusion_texture, "OCCLUSION", {"Red": socket}, x)

    # -- single nodes, from right to left

    def node(self, kind: str, x: float, y: float) -> Any:
        node = self.tree.nodes.new(kind)
        node.location = (x, y)
        return node

    def link(self, output: Any, socket: Any) -> None:
        self.tree.links.new(socket, output)

    def channels(self, texture: Texture, label: str, sockets: Mapping[str, Any], x: float) -> None:
        split = self.node("ShaderNodeSeparateColor", x - 150, self.y - 75)
        for channel, socket in sockets.items():
            self.link(split.outputs[channel], socket)
        self.texture(texture, label, split.inputs[0], x - 200).image.colorspace_settings.is_data = True

    def texture(self, texture: Texture, label: str, socket: Any, x: float) -> Any:
        node = self.node("ShaderNodeTexImage", x - 240, self.y)
        node.label, node.extension, node.interpolation = label, texture.extension, texture.interpolation
        node.image = self.images[texture.image]
        self.link(node.outputs["Color"], socket)
        if texture.uv:
            uv = self.node("ShaderNodeUVMap", x - 500, self.y - 70)
            uv.uv_map = uv_name(texture.uv)
            self.link(uv.outputs[0], node.inputs[0])
        self.y -= BLOCK
        return node

    def mix(self, label: str, kind: str, socket: Any, x: float) -> Any:
        node = self.node("ShaderNodeMix", x - 140, self.y)
        node.label, node.data_type, node.blend_type = label, "RGBA", kind
        self.link(node.outputs[2], socket)
        return node

    def factor_color(self, label: str, socket: Any, color: tuple[float, ...], x: float) -> Any:
        node = self.mix(label, "MULTIPLY", socket, x)
        node.inputs["Factor"].default_value = 1.0
        node.inputs[7].default_value = (*color, 1.0)
        return node.inputs[6]

    def factor(self, label: str, socket: Any, value: float, x: float, below: float) -> Any:
        node = self.node("ShaderNodeMath", x - 140, self.y + below)
        node.label, node.operation = label, "MULTIPLY"
        node.inputs[1].default_value = value
        self.link(node.outputs[0], socket)
        return node.inputs[0]


def uv_name(index: int) -> str:
    """Return the name that Blender's importer gives this UV map."""
    return "UVMap" if index == 0 else f"UVMap.{index:03d}"


def _settings_group() -> Any:
    """Return the node group that tells Blender's exporter the occlusion. It has no other effect."""
    found: Any = bpy.data.node_groups.get(SETTINGS_GROUP)
    if found is not None:
        return found
    group: Any = bpy.data.node_groups.new(SETTINGS_GROUP, "ShaderNodeTree")
    for name, value in SETTINGS:
        group.interface.new_socket(name, socket_type="NodeSocketFloat").default_value = value
    group.nodes.new("NodeGroupOutput")
    group.nodes.new("NodeGroupInput").location = (-200, 0)
    return group
