# SPDX-License-Identifier: GPL-3.0-or-later
"""A program for the background Blender: it imports models with Blender's own importer, and saves textures as PNG.

`model_client.py` sends its requests.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trellis_core.errors import ModelFileError, Remedy, Text, blenders_words, import_error
from trellis_core.files import write_whole
from trellis_core.model.materials import kind_of
from trellis_host.gltf import COLLECTION, import_gltf

if TYPE_CHECKING:
    from trellis_host.background.serve import Work

_log = logging.getLogger(__name__)
PARTS_MAXIMUM = 256  # more objects than this slow down the artist's Blender


def import_model(request: Mapping[str, Any], _work: Work) -> Mapping[str, Any]:
    """Import the `file`, and write its objects to the .blend `target`.

    The objects are in one collection. The .blend is not compressed: appending from a compressed one takes three times
    as long. The images are written into the folder `images`, with names that begin with `stem`, and packed too if
    `packs` is set. If `as_png` is set, WebP images become PNG.
    """
    import bpy

    _empty()
    try:
        made = import_gltf(Path(request["file"]))
    except RuntimeError as error:
        _log.warning("Blender's importer: %s", blenders_words(str(error)))
        raise import_error("Blender could not import the model") from error
    for number, image in enumerate(bpy.data.images, 1):
        _keep_image(image, Path(request["images"]) / f"{request['stem']}-{number}", request)
    collection = bpy.data.collections.new(COLLECTION)
    for obj in _joined(made):
        collection.objects.link(obj)
    try:
        bpy.data.libraries.write(request["target"], {collection}, compress=False)
    except RuntimeError as error:
        raise OSError(blenders_words(str(error))) from error
    return {}


def _keep_image(image: Any, stem: Path, wanted: Mapping[str, Any]) -> None:
    """Give an image of the model a file of its own, as `import_model` says. If that fails, the image stays packed."""
    data = bytes(image.packed_file.data) if image.packed_file else b""
    kind = kind_of(data)
    if kind is None:
        return
    file = stem.with_suffix(f".{kind}")
    with contextlib.suppress(OSError, RuntimeError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, data)
        if kind == "webp" and wanted["as_png"]:
            file = stem.with_suffix(".png")
            _save_png(file.with_suffix(".webp"), file)
        image.filepath_raw = str(file)
        if not wanted["packs"] or file.suffix != f".{kind}":
            image.unpack(method="REMOVE")
        if wanted["packs"] and file.suffix != f".{kind}":
            image.pack()


def save_as_png(request: Mapping[str, Any], work: Work) -> Mapping[str, Any]:
    """Save each of the `images` as a PNG of the same pixels. `images` holds pairs of a file and its target."""
    _empty()
    for number, (source, target) in enumerate(request["images"], 1):
        try:
            _save_png(Path(source), Path(target))
        except RuntimeError as error:
            reason = blenders_words(str(error))
            sentence = Text(
                "A texture could not be saved as PNG: {reason}. Import it again to try once more.", reason=reason
            )
            raise ModelFileError(sentence, remedy=Remedy.NONE) from error
        work.progress(number / len(request["images"]))
    return {}


def _save_png(source: Path, target: Path) -> None:
    """Save the image as a PNG of the same pixels. Raises RuntimeError or OSError."""
    import bpy

    part = target.with_name(target.name + ".part")
    image: Any = bpy.data.images.load(str(source))
    image.alpha_mode = "CHANNEL_PACKED"  # keeps the colours where alpha is 0
    if not all(image.size):  # asking for the size reads the file
        raise RuntimeError("it cannot be read")
    image.file_format, image.filepath_raw = "PNG", str(part)
    image.save()
    part.replace(target)
    bpy.data.images.remove(image)


def _empty() -> None:
    """Open an empty file, so nothing of the last request remains. One scene unit is then one metre."""
    import addon_utils  # importing bpy adds its folder to the path
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    addon_utils.enable("io_scene_gltf2")


def _joined(objects: list[Any]) -> list[Any]:
    """Return the objects, joined into one mesh if there are hundreds of meshes and nothing moves."""
    import bpy

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


HANDLERS = {"import": import_model, "png": save_as_png}
