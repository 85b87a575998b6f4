"""The still life as one mesh with baked textures, for the stand-in for Trellis 2, which cannot guess a geometry.

Everything happens on a copy, and the scene stays as it was.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# The objects' own coordinates, which their textures are made of, are kept in this attribute when they are joined.
PLACE = "place"
MARGIN = 4  # pixels around each island of the UVs; between two of them there is more than that
COLLECTIONS = ("objects", "meshes", "materials", "images")


def export_geometry(path: Path, pixels: int = 1024) -> int:
    """Write the scene's shapes as a GLB of one mesh, unwrapped, and return its number of faces.

    Base colour and roughness are baked by Cycles into textures of so many pixels square.
    """
    with _nothing_left_behind():
        joined = _joined()
        _unwrap()
        materials = [slot.material for slot in joined.material_slots]
        for material in materials:
            _take_place_from_attribute(material.node_tree)
        color = _baked("Base Color", materials, pixels, _color_of)
        roughness = _baked("Roughness", materials, pixels, _roughness_of)
        roughness.colorspace_settings.name = "Non-Color"
        joined.data.materials.clear()
        joined.data.materials.append(_material(color, roughness))
        bpy.ops.export_scene.gltf(
            filepath=str(path), export_format="GLB", use_selection=True, export_animations=False, check_existing=False
        )
        joined.data.calc_loop_triangles()
        return len(joined.data.loop_triangles)


@contextmanager
def _nothing_left_behind() -> Iterator[None]:
    """Remove afterwards what the block has made."""
    before = {name: set(getattr(bpy.data, name)) for name in COLLECTIONS}
    yield
    for name, known in before.items():
        made: Any = getattr(bpy.data, name)
        for block in set(made) - known:
            made.remove(block)


def _joined() -> Any:
    """Return one object, selected alone, with a copy of all shapes as they are seen, and copies of their materials."""
    view: Any = bpy.context.view_layer
    graph = bpy.context.evaluated_depsgraph_get()
    copies = [_copy(thing, graph) for thing in bpy.data.objects if thing.type in ("MESH", "CURVE")]
    for thing in bpy.data.objects:
        thing.select_set(thing in copies)
    view.objects.active = copies[0]
    bpy.ops.object.join()
    joined = view.objects.active
    for slot in joined.material_slots:
        slot.material = slot.material.copy()
    return joined


def _copy(thing: Any, graph: Any) -> Any:
    """Return a new object with the mesh of a shape, in the world's coordinates."""
    mesh: Any = bpy.data.meshes.new_from_object(
        thing.evaluated_get(graph), preserve_all_data_layers=True, depsgraph=graph
    )
    places = mesh.attributes.new(PLACE, "FLOAT_VECTOR", "POINT")
    for vertex, place in zip(mesh.vertices, places.data, strict=True):
        place.vector = vertex.co
    mesh.transform(thing.matrix_world)
    copy = bpy.data.objects.new(thing.name, mesh)
    bpy.context.scene.collection.objects.link(copy)  # type: ignore[union-attr]  # there is a scene
    return copy


def _unwrap() -> None:
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.uv.smart_project(angle_limit=math.radians(66), island_margin=0.005)
    bpy.ops.object.mode_set(mode="OBJECT")


def _take_place_from_attribute(tree: Any) -> None:
    attribute = tree.nodes.new("ShaderNodeAttribute")
    attribute.attribute_name = PLACE
    coordinates = next(node for node in tree.nodes if node.type == "TEX_COORD")
    for link in list(coordinates.outputs["Object"].links):
        tree.links.new(attribute.outputs["Vector"], link.to_socket)


def _baked(name: str, materials: list[Any], pixels: int, paint: Callable[[Any, Any, Any], None]) -> Any:
    """Return a new image of what `paint` gives to the colour of an emission, which it gets with nodes and links."""
    scene: Any = bpy.context.scene
    image = bpy.data.images.new(name, pixels, pixels)
    for material in materials:
        nodes, links = material.node_tree.nodes, material.node_tree.links
        emission, target = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeTexImage")
        paint(nodes, links, emission.inputs["Color"])
        output = next(node for node in nodes if node.type == "OUTPUT_MATERIAL")
        links.new(emission.outputs["Emission"], output.inputs["Surface"])
        target.image = image
        nodes.active = target
    scene.render.engine = "CYCLES"
    scene.cycles.device, scene.cycles.samples = "CPU", 1  # no light is involved
    bpy.ops.object.bake(type="EMIT", margin=MARGIN)
    return image


def _color_of(nodes: Any, links: Any, color: Any) -> None:
    links.new(next(node for node in nodes if node.type == "VALTORGB").outputs["Color"], color)


def _roughness_of(nodes: Any, _links: Any, color: Any) -> None:
    surface = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    color.default_value = (*[surface.inputs["Roughness"].default_value] * 3, 1.0)


def _material(color: Any, roughness: Any) -> Any:
    """Return a material with these two textures, in the form that Blender's exporter understands."""
    material: Any = bpy.data.materials.new("Still Life")
    if not material.node_tree:  # since 5.0 a material always has nodes
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    surface = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    for name, image in (("Base Color", color), ("Roughness", roughness)):
        texture = nodes.new("ShaderNodeTexImage")
        texture.image = image
        links.new(texture.outputs["Color"], surface.inputs[name])
    return material
