# SPDX-License-Identifier: GPL-3.0-or-later
"""A program for the background Blender: it imports models with Blender's own importer, saves textures as PNG, and finds
out where models stand in their pictures.

`model_client.py` sends its requests.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from trellis_core.align.fit import NO_BOX, NO_DEPTH, NO_EDGE, at_point, fit, on_ground, scatter
from trellis_core.align.view import Camera, subject, subject_of
from trellis_core.errors import ModelFileError, Remedy, Text, blenders_words, import_error
from trellis_core.files import clear, close_to_others, own_folder, rename, temporary_folder, write_whole
from trellis_core.model.arrays import Shape
from trellis_core.model.glb import NotPlainError, check_images
from trellis_core.model.materials import kind_of
from trellis_core.model.read import read_model
from trellis_core.picture.metadata import HEADER_BYTES
from trellis_core.picture.pixels import Pixels
from trellis_host.gltf import COLLECTION, import_gltf
from trellis_host.painted import stored
from trellis_host.shown import temporary

_log = logging.getLogger(__name__)
NO_PNG = "A texture could not be saved as PNG: {reason}. Import it again to try once more."
BLEND_BYTES_MAXIMUM = 2 * 2**30  # that the artist's Blender reads on its main thread
TEXTURE_SIDE = 512  # pixels: enough to tell colours
PARTS_MAXIMUM = 256  # more objects than this slow down the artist's Blender


def import_model(request: Mapping[str, Any], _progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Import the `file`, and write its objects to the .blend `target`.

    The objects are in one collection. The .blend is not compressed: appending from a compressed one takes three times
    as long. The images are written into the folder `images`, with names that begin with `stem`, and packed too if
    `packs` is set. If `as_png` is set, WebP images become PNG.
    """
    _empty()
    try:
        made = import_gltf(Path(request["file"]))
    except RuntimeError as error:
        _log.warning("Blender's importer: %s", blenders_words(str(error)))
        raise import_error("Blender could not import the model") from error
    check_images(_data(image)[:HEADER_BYTES] for image in bpy.data.images)
    for number, image in enumerate(bpy.data.images, 1):
        _keep_image(image, Path(request["images"]) / f"{request['stem']}-{number}", request)
    collection = bpy.data.collections.new(COLLECTION)
    for obj in _joined(made):
        collection.objects.link(obj)
    try:
        target = Path(request["target"])
        for name in (target.name, f"{target.name}@"):  # Blender writes the second first, even through a link
            clear(target.with_name(name))
        bpy.data.libraries.write(str(target), {collection}, compress=False)
    except RuntimeError as error:
        raise OSError(blenders_words(str(error))) from error
    close_to_others(target)
    if target.stat().st_size > BLEND_BYTES_MAXIMUM:
        clear(target)
        raise import_error("The model is too large to be opened safely")
    return {}


def _data(image: Any) -> bytes:
    """Return the image's file, empty if it is not packed."""
    return bytes(image.packed_file.data) if image.packed_file else b""


def _keep_image(image: Any, stem: Path, wanted: Mapping[str, Any]) -> None:
    """Give an image of the model a file of its own, as `import_model` says. If that fails, the image stays packed."""
    data = _data(image)
    kind = kind_of(data)
    if kind is None:
        return
    file, is_converted = stem.with_name(f"{stem.name}.{kind}"), kind == "webp" and wanted["as_png"]
    with contextlib.suppress(OSError, RuntimeError):
        if wanted["packs"]:  # otherwise the folder is the artist's, and may be a link
            own_folder(file.parent)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, data)
        if is_converted:
            _save_png(file, file.with_suffix(".png"))
        image.filepath_raw = str(file.with_suffix(".png") if is_converted else file)
        if is_converted or not wanted["packs"]:
            image.unpack(method="REMOVE")
        if is_converted and wanted["packs"]:
            image.pack()


def save_as_png(request: Mapping[str, Any], _progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Save each of the `images` as a PNG of the same pixels. `images` holds pairs of a file and its target."""
    _empty()
    for source, target in request["images"]:
        try:
            _save_png(Path(source), Path(target))
        except RuntimeError as error:
            sentence = Text(NO_PNG, reason=blenders_words(str(error)))
            raise ModelFileError(sentence, remedy=Remedy.NONE) from error
    return {}


def _save_png(source: Path, target: Path) -> None:
    """Save the image as a PNG of the same pixels. Raises RuntimeError or OSError."""
    part = target.with_name(target.name + ".part")
    clear(part)
    with temporary(bpy.data.images, bpy.data.images.load(str(source))) as image:
        image.alpha_mode = "CHANNEL_PACKED"  # keeps the colours where alpha is 0
        if not all(image.size):  # asking for the size reads the file
            raise RuntimeError("it cannot be read")
        image.file_format, image.filepath_raw = "PNG", str(part)
        image.save()
    rename(part, target)


def _empty() -> None:
    """Open an empty file, so nothing of the last request remains. One scene unit is then one metre."""
    import addon_utils  # importing bpy adds its folder to the path

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    addon_utils.enable("io_scene_gltf2")


def _joined(objects: list[Any]) -> list[Any]:
    """Return the objects, joined into one mesh if there are hundreds of meshes and nothing moves."""
    meshes = [obj for obj in objects if obj.type == "MESH"]
    if len(meshes) <= PARTS_MAXIMUM or any(map(_moves, objects)):
        return objects
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    for obj, world in [(obj, obj.matrix_world.copy()) for obj in objects]:
        obj.parent = None
        obj.matrix_world = world
    for mesh in meshes:
        if mesh.data.users > 1:
            mesh.data = mesh.data.copy()
    layer = bpy.context.view_layer
    for obj in objects:
        obj.select_set(obj.type == "MESH")
    layer.objects.active = meshes[0]
    bpy.ops.object.join()
    return [obj for obj in bpy.data.objects if obj.type != "EMPTY"]


def _moves(obj: Any) -> bool:
    return bool(obj.animation_data or obj.modifiers or (obj.type == "MESH" and obj.data.shape_keys))


def align(request: Mapping[str, Any], _progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Find where the model `file` stands in its `picture`, which shows the part `shows` of the camera's frame.

    `viewpoint`: the camera. `may_tilt`: the model need not stand upright. `knows_ground`: it stands on the ground
    if that tells its depth. `points`: what lies as far away as the model if not: the first in front of the camera
    counts.
    Return `matrix`, from the model's place in the file to the world, row by row, `low` and `high`, its bounds in the
    file, `overlap` from 0 to 1, and `doubt`, which says why it is not sure. An empty `matrix`: nothing was found.
    """
    _empty()
    try:
        model = read_model(Path(request["file"]), Shape(largest=None, is_grounded=False))
    except NotPlainError as error:
        raise ModelFileError(str(error), remedy=Remedy.NONE) from error
    mesh, materials = model.mesh, model.materials
    textures = [_texture(model, each.base_texture.image if each and each.base_texture else None) for each in materials]
    positions = mesh.positions.reshape(-1, 3)
    uvs = mesh.uvs[0].reshape(-1, 3, 2) if mesh.uvs else None
    cloud, middle = scatter(positions, mesh.corner_vertices.reshape(-1, 3), uvs, mesh.materials, textures)
    given = request["viewpoint"]
    matrix, projection = (np.array(given[name], np.float64).reshape(4, 4) for name in ("matrix", "projection"))
    camera = Camera(matrix, projection, given["is_perspective"])
    low, high = positions.min(axis=0), positions.max(axis=0)
    found: dict[str, Any] = {"matrix": [], "low": low.tolist(), "high": high.tolist(), "overlap": 0.0, "doubt": NO_BOX}
    pixels = _pixels(Path(request["picture"]))
    covered = subject_of(pixels)
    if covered is None:
        return {**found, "doubt": NO_EDGE}
    pixels[..., 3] = np.where(covered, np.maximum(pixels[..., 3], 128), 0)
    seen = subject(pixels, tuple(request["shows"]))
    fitted = fit(cloud, camera, seen, may_tilt=request["may_tilt"]) if seen is not None else None
    if fitted is None:
        return found
    poses = [on_ground(fitted.pose, cloud, camera)] if request["knows_ground"] else []
    poses += [at_point(fitted.pose, camera, np.array(point, np.float64)) for point in request["points"]]
    pose = next((each for each in poses if each is not None), None)
    if pose is None:
        return {**found, "overlap": fitted.overlap, "doubt": fitted.doubt or NO_DEPTH}
    placed = np.eye(4)
    placed[:3, :3] = pose.rotation * pose.size
    placed[:3, 3] = pose.place - placed[:3, :3] @ middle
    return {**found, "matrix": placed.ravel().tolist(), "overlap": fitted.overlap, "doubt": fitted.doubt}


def _texture(model: Any, index: int | None) -> Any:
    """Return a small version of one of the model's images: uint8 (height, width, 4), the bottom row first, or None."""
    if index is None:
        return None
    with temporary_folder() as folder:
        file = folder / "texture"
        file.write_bytes(model.images[index].data)
        try:
            return _pixels(file, TEXTURE_SIDE)[::-1]
        except RuntimeError:  # the outline alone has to do
            return None


def _pixels(file: Path, side: int = 0) -> Any:
    """Return the picture's pixels as stored: uint8 (height, width, 4), the top row first. `side`: shrink it to that.

    Raises RuntimeError if Blender cannot read it.
    """
    with temporary(bpy.data.images, bpy.data.images.load(str(file), check_existing=False)) as image:
        image.alpha_mode = "CHANNEL_PACKED"  # colours as stored, whatever the alpha
        width, height = image.size
        if not (width and height):  # asking for the size reads the file
            raise RuntimeError("it cannot be read")
        if side and max(width, height) > side:
            image.scale(*(max(1, round(each * side / max(width, height))) for each in (width, height)))
            width, height = image.size
        return Pixels(stored(image), width, height).rows()


HANDLERS = {"import": import_model, "png": save_as_png, "align": align}
