# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: what several steps need. It opens their model, exports, bakes and mends."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix
from mathutils.bvhtree import BVHTree
from mathutils.geometry import tessellate_polygon
from trellis_core.errors import Remedy, Text, TrellisError, blenders_words
from trellis_core.files import clear, rename
from trellis_core.model.surface.solid import Mended, Polygons, make_solid
from trellis_core.model.surface.welded import Surface
from trellis_host.painted import give_back, pixels_of
from trellis_host.shown import temporary

from .mesh_arrays import Array, Arrays, attributes_of, column, fill, read, starts_of
from .nodes import feed

MISSING = (
    "The file of the texture “{texture}” of “{name}” is missing. Find it with File > External Data > Find Missing "
    "Files, then try again."
)
NO_CYCLES = "This Blender has no Cycles, which bakes the textures. Use a Blender that has it."


def loaded(file: str) -> Arrays:
    """Return the arrays in a file."""
    with np.load(file) as arrays:
        return dict(arrays)


def opened(source: str) -> list[Any]:
    """Return the model, and then what is parented to it, alone in an empty scene. `source`: the step's arrays.

    `handover.take_blend` has written them. The model has no parent, and stands where it stood. Raises TrellisError if a
    file of one of its textures is missing.
    """
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    arrays = loaded(source)
    libraries: Any = bpy.data.libraries
    with libraries.load(str(Path(source).with_suffix(".blend")), link=False) as (_kept, wanted):
        wanted.objects = json.loads(str(arrays["objects"]))
    objects: list[Any] = [*wanted.objects]
    for obj in objects:
        scene().collection.objects.link(obj)
        obj.hide_viewport = obj.hide_render = False
        obj.hide_set(False)
    objects[0].parent = None
    objects[0].matrix_world = Matrix(arrays["matrix"].tolist())
    choose(*objects)
    give_back(arrays)
    _check_textures(objects[0].name)
    return objects


def _check_textures(name: str) -> None:
    """Raise TrellisError if a node shows an image without pixels: Blender would bake it as magenta, or leave it out."""
    trees = [tree for tree in (*(material.node_tree for material in bpy.data.materials), *bpy.data.node_groups) if tree]
    for node in (node for tree in trees for node in tree.nodes if node.type == "TEX_IMAGE"):
        given: Any = node
        if given.image is not None and any(output.links for output in given.outputs) and not all(given.image.size):
            raise TrellisError(Text(MISSING, texture=given.image.name, name=name), remedy=Remedy.NONE)


def scene() -> Any:
    """Return the scene. There is one."""
    return bpy.context.scene


def new_object(name: str, mesh: Any) -> Any:
    """Return a new object of this mesh, in the scene."""
    obj: Any = bpy.data.objects.new(name, mesh)
    scene().collection.objects.link(obj)
    return obj


def choose(*objects: Any) -> None:
    """Select these objects alone. The first becomes the active one."""
    layer: Any = bpy.context.view_layer
    layer.update()  # else it still lists what was removed
    for obj in layer.objects:
        obj.select_set(obj in objects)
    layer.objects.active = objects[0]


def run_exporter(call: Any, file: Path, options: Mapping[str, Any]) -> None:
    """Have one of Blender's exporters write the file. It gets those options that it knows. Raises TrellisError."""
    known = call.get_rna_type().properties
    try:
        result = call(filepath=str(file), **{key: value for key, value in options.items() if key in known})
        reason = "" if result == {"FINISHED"} and file.is_file() else "the exporter gave up"
    except RuntimeError as error:
        reason = blenders_words(str(error))
    if reason:
        raise TrellisError(
            Text("The model could not be exported: {reason}. Try another format.", reason=reason), remedy=Remedy.NONE
        )


def deliver(files: list[Path], folder: Path) -> None:
    """Put the files into the artist's folder, each under its own name at once when it is whole. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [(folder / f".{file.name}.part", folder / file.name) for file in files]
    try:
        for file, (part, _target) in zip(files, parts, strict=True):
            clear(part)  # a link in its place would be followed
            shutil.copyfile(file, part)
        for part, target in parts:
            rename(part, target)
    finally:
        for part, _target in parts:
            part.unlink(missing_ok=True)


# -- images


def bytes_of(path: Path) -> Array:
    """Return the pixels of an image's file as they are stored: (rows, columns, 4) uint8, the lowest row first."""
    with temporary(bpy.data.images, bpy.data.images.load(str(path))) as image:
        image.alpha_mode = "CHANNEL_PACKED"  # keeps the colours where alpha is 0
        pixels: Array = np.rint(pixels_of(image) * 255).astype(np.uint8)
        return pixels


def new_image(name: str, pixels: Array, *, is_data: bool = False, is_float: bool = False) -> Any:
    """Return a new image with these pixels."""
    height, width = pixels.shape[:2]
    image: Any = bpy.data.images.new(name, width, height, alpha=True, float_buffer=is_float, is_data=is_data)
    image.alpha_mode = "CHANNEL_PACKED"
    image.pixels.foreach_set(np.ascontiguousarray(pixels, np.float32).ravel())
    image.update()
    return image


def to_linear(stored: Array) -> Array:
    """Return linear values of stored sRGB ones (IEC 61966-2-1)."""
    linear: Array = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    return linear


def to_srgb(linear: Array) -> Array:
    """Return the sRGB values of linear ones, clipped to 0 to 1."""
    kept = np.clip(linear, 0, 1)
    stored: Array = np.where(kept <= 0.0031308, kept * 12.92, 1.055 * kept ** (1 / 2.4) - 0.055)
    return stored


def tree_of(material: Any) -> Any:
    """Return the material's nodes, the usual ones if it had none."""
    if material.node_tree is None:
        material.use_nodes = True
    return material.node_tree


def shine(tree: Any, given: Any) -> Any:
    """Have a material shine with a socket's value, or with a colour. Return the node that does it."""
    output = tree.get_output_node("CYCLES") or tree.nodes.new("ShaderNodeOutputMaterial")
    emission = tree.nodes.new("ShaderNodeEmission")
    feed(tree, emission.inputs["Color"], given)
    tree.links.new(output.inputs["Surface"], emission.outputs[0])
    return emission


def baked(tree: Any, size: Sequence[int], **options: Any) -> Array:
    """Have Cycles bake the selected objects, and return the pixels: (height, width, 4) float32, linear.

    `tree`: of the material that takes them. `size`: width and height. `options`: of Blender's operator. One sample is
    enough for what needs no light. Raises TrellisError, and RuntimeError with Blender's message.
    """
    try:
        scene().render.engine = "CYCLES"
    except TypeError as error:
        raise TrellisError(NO_CYCLES, remedy=Remedy.NONE) from error
    scene().cycles.samples, scene().cycles.device = 1, "CPU"
    width, height = size
    image = new_image("baked", np.zeros((height, width, 4), np.float32), is_data=True, is_float=True)
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image, tree.nodes.active = image, node
    try:
        bpy.ops.object.bake(**options)
        pixels: Array = pixels_of(image)
        return pixels
    finally:
        tree.nodes.remove(node)
        bpy.data.images.remove(image)


# -- meshes


def new_mesh(arrays: Arrays) -> Any:
    """Return a new mesh of these arrays."""
    mesh: Any = bpy.data.meshes.new("made")
    for _ in fill(mesh, arrays):
        pass
    mesh.update()
    return mesh


def positions_of(mesh: Any) -> Array:
    """Return the positions of a mesh: (vertices, 3) float32."""
    return read(mesh.attributes["position"])


def triangles_of(mesh: Any) -> Array:
    """Return the triangles of a mesh: (n, 3) int32."""
    mesh.calc_loop_triangles()
    return column(mesh.loop_triangles, "vertices", 3, np.int32)


def mend(arrays: Arrays, progress: Callable[[float], None], request: Mapping[str, Any]) -> tuple[Arrays, Mended]:
    """Make a mesh solid. Return its arrays with the attributes of the source, none if nothing was to be done, and more.

    `request`: has the settings that are not the usual ones.
    """
    edges = arrays.get("edges", np.empty((0, 2), np.int32))
    source = Polygons(arrays["positions"], arrays["corners"], starts_of(arrays), edges)
    settings = {name: request[name] for name in ("smallest_part", "largest_hole") if name in request}
    mended = make_solid(source, cast_on, lambda points: [*tessellate_polygon([points.tolist()])], progress, **settings)
    made, origins = mended.polygons, mended.origins
    if made is None:
        return {}, mended
    result = {**vars(made), "corner_edges": mended.corner_edges, "attributes": arrays["attributes"]}
    of_domain = {"POINT": origins.vertices, "EDGE": origins.edges, "FACE": origins.faces, "CORNER": origins.corners}
    for key, _name, _kind, domain in attributes_of(arrays):
        result[key] = arrays[key][of_domain[domain]]
        if domain == "EDGE":
            result[key][origins.edges < 0] = 0  # new ones
    return result, mended


def cast_on(surface: Surface | SimpleNamespace) -> Any:
    """Return a function that casts rays on the surface (see `surface.sheets.Cast`)."""
    tree: Any = None

    def cast(origins: Array, directions: Array) -> tuple[Array, Array]:
        nonlocal tree
        if tree is None:
            tree = BVHTree.FromPolygons(surface.positions.tolist(), surface.triangles.tolist(), all_triangles=True)
        faces, distances = np.full(len(origins), -1, np.int64), np.full(len(origins), np.inf)
        for number, (origin, direction) in enumerate(zip(origins.tolist(), directions.tolist(), strict=True)):
            _place, _normal, face, distance = tree.ray_cast(origin, direction)
            if face is not None:
                faces[number], distances[number] = face, distance
        return faces, distances

    return cast
