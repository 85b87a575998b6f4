# SPDX-License-Identifier: GPL-3.0-or-later
"""Mix the picture's own pixels over a model's texture where the camera saw it, so that text and faces are as sharp.

Nothing is lost: the mesh gets a second UV map and a mask, and the material some nodes, one of which holds the strength.
The switch links them to the base colour, or what was linked before.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from mathutils import Matrix

from ...core.errors import Text, TrellisError
from ...core.picture.viewpoint import Viewpoint
from ...host.translation import translated
from ..finishing import nodes
from ..finishing.nodes import IMAGE, MASK, MIX, MIX_FIRST, MIX_RESULT, UV_MAP, computed, feed, given_to, shader_of

if TYPE_CHECKING:
    from ..finishing.work import Order, Result

LABEL = "Project the Picture"


def settings(viewpoint: Viewpoint, stands: Matrix, shows: tuple[float, ...], picture: Path) -> dict[str, Any]:
    """Return the settings of the step: the camera as the model's own axes have it, and the picture.

    `stands`: where the picture shows the model, in the world, wherever it stands now. `shows`: see `aligning`.
    """
    rows = [viewpoint.matrix[start : start + 4] for start in range(0, 16, 4)]
    own = stands.inverted_safe() @ Matrix(rows)
    flat = [float(own[row][column]) for row in range(4) for column in range(4)]
    return {**viewpoint.as_json(), "matrix": flat, "shows": list(shows), "picture": str(picture)}


def arrive(order: Order, obj: bpy.types.Object, result: Result) -> str:
    """Add map, mask and nodes to the model. Return the sentence. Raises TrellisError."""
    mesh: Any = obj.data
    uvs, mask = result.arrays["uvs"], result.arrays["mask"]
    if len(uvs) != len(mesh.loops) or len(mask) != len(mesh.vertices):
        sentence = Text("“{name}” was edited meanwhile. Choose Project the Picture once more.", name=obj.name)
        raise TrellisError(sentence)
    if not any(nodes.materials(obj)):
        raise TrellisError(Text("No material of “{name}” has a base color to mix the picture over.", name=obj.name))
    remove(obj)
    active = mesh.uv_layers.active_index
    if mesh.uv_layers.new(name=UV_MAP, do_init=False) is None:
        raise TrellisError(Text("“{name}” has as many UV maps as Blender allows. Remove one first.", name=obj.name))
    mesh.attributes.new(MASK, "FLOAT", "POINT")
    mesh.uv_layers[UV_MAP].uv.foreach_set("vector", uvs.ravel())
    mesh.attributes[MASK].data.foreach_set("value", mask)
    mesh.uv_layers.active_index = max(0, active)
    try:
        image: Any = bpy.data.images.load(order.settings["picture"], check_existing=False)
        image.pack()
    except RuntimeError as error:
        raise TrellisError("The job's picture could not be read. Choose Project the Picture once more.") from error
    image.name = f"{obj.name}-picture"
    for material in nodes.materials(obj):
        _add_nodes(material.node_tree, shader_of(material), image)
    bpy.ops.ed.undo_push(message=translated(LABEL))
    share = round(result.numbers["share"] * 100)
    return Text(
        "The picture covers {share} % of “{name}” now, in Material Preview and renders. Its texture is still there.",
        share=share,
        name=obj.name,
    )


def is_shown(obj: bpy.types.Object) -> bool | None:
    """Return whether the projected picture shows; None if there is none."""
    trees = _trees(obj)
    return any(tree.nodes[MIX].outputs[MIX_RESULT].links for tree in trees) if trees else None


def show(obj: bpy.types.Object, *, is_on: bool) -> None:
    """Switch the projected picture on or off. Off, the texture is linked as before, so that exporters find it."""
    for material in nodes.materials(obj):
        tree = material.node_tree
        if MIX not in tree.nodes:
            continue
        mix, color = tree.nodes[MIX], shader_of(material).inputs["Base Color"]
        if is_on:
            for link in [*color.links]:  # what has come meanwhile goes below the picture
                if link.from_node != mix:
                    tree.links.new(link.from_socket, mix.inputs[MIX_FIRST])
            tree.links.new(mix.outputs[MIX_RESULT], color)
            continue
        sources = [link.from_socket for link in mix.inputs[MIX_FIRST].links]
        for link in [*mix.outputs[MIX_RESULT].links]:
            target = link.to_socket
            tree.links.remove(link)
            for source in sources:
                tree.links.new(source, target)


def remove(obj: bpy.types.Object) -> None:
    """Take the projected picture away, with its nodes, its map and its mask. Materials of other objects stay."""
    show(obj, is_on=False)
    for tree in _trees(obj):
        image = tree.nodes[IMAGE].image if IMAGE in tree.nodes else None
        for name in nodes.NODES:
            if name in tree.nodes:
                tree.nodes.remove(tree.nodes[name])
        if image is not None and not image.users:
            bpy.data.images.remove(image)
    nodes.remove_picture_layers(obj.data)


def _trees(obj: Any) -> list[Any]:
    trees = (material.node_tree for material in nodes.materials(obj))
    return [tree for tree in trees if MIX in tree.nodes]


def _add_nodes(tree: Any, shader: Any, image: Any) -> None:
    """Mix the image over the shader's base colour."""
    color = shader.inputs["Base Color"]
    kinds = ("ShaderNodeUVMap", "ShaderNodeTexImage", "ShaderNodeAttribute", "ShaderNodeMix")
    uv, picture, masking, mix = map(tree.nodes.new, kinds)
    uv.uv_map, picture.image, picture.extension, masking.attribute_name = UV_MAP, image, "EXTEND", MASK
    tree.links.new(uv.outputs["UV"], picture.inputs["Vector"])
    edge = computed(tree, "MULTIPLY", masking.outputs["Fac"], picture.outputs["Alpha"])
    strength = computed(tree, "MULTIPLY", edge.outputs[0], 1.0)
    strength.label = translated(LABEL)
    mix.data_type = "RGBA"
    mix.inputs[MIX_FIRST].default_value = color.default_value
    feed(tree, mix.inputs[MIX_FIRST], given_to(color))
    tree.links.new(strength.outputs[0], mix.inputs[nodes.MIX_FACTOR])
    tree.links.new(picture.outputs["Color"], mix.inputs[nodes.MIX_SECOND])
    tree.links.new(mix.outputs[MIX_RESULT], color)
    places = ((0, 0), (1, 0), (1, 2), (2, 1), (3, 1), (4, 0))
    made = (uv, picture, masking, edge, strength, mix)
    for name, node, (column, row) in zip(nodes.NODES, made, places, strict=True):
        node.name = name
        node.location = (shader.location.x - 200 * (5 - column), shader.location.y + 420 + 180 * row)
