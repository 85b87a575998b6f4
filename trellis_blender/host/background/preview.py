# SPDX-License-Identifier: GPL-3.0-or-later
"""A program for the background Blender: it reads pictures and models, prepares pictures for sending, makes thumbnails.

A hostile or huge file can hang or crash the background Blender only. Blender itself reads the file, so every picture
that Blender can read can be sent. `preview_client.py` sends its requests, each with a `file`, and a `folder` for
what is made of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from trellis_core.errors import ModelFileError, PictureError
from trellis_core.model.arrays import Shape
from trellis_core.model.glb import NotPlainError
from trellis_core.model.read import read_model
from trellis_core.model.thumbnail import picture_of
from trellis_core.picture.contact_sheet import ContactSheet
from trellis_core.picture.encode import JPEG_QUALITY, png, targa
from trellis_core.picture.metadata import FileHeader, without_jpeg_metadata
from trellis_core.picture.pixels import shrunk, upright
from trellis_core.picture.prepare import packed, prepared, read_picture
from trellis_core.picture.view import view_of
from trellis_host.shown import save_file_shown, save_shown, set_output, temporary

TEXTURE_SIDE = 2048


def prepare(request: Mapping[str, Any], _progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Prepare the picture `file` for sending: write its bytes to “made”, and what the model sees to “view”.

    Return `kind`, `crop` and `concerns`.
    """
    folder = Path(request["folder"])
    facts, rows = _read(Path(request["file"]), folder)
    cut = prepared(
        rows,
        orientation=facts.orientation,
        pixel_aspect=facts.pixel_aspect,
        ignores_alpha=request["ignores_alpha"],
    )
    del rows
    made = packed(cut, lambda data: _packed_jpeg(data, folder))
    (folder / "made").write_bytes(made.data)
    (folder / "view").write_bytes(made.view.pixels)
    return {"kind": made.kind, "crop": made.crop, "concerns": [concern.value for concern in made.view.concerns]}


def pack_jpeg(request: Mapping[str, Any], _progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Save the opaque PNG `file` as the JPEG “made”, and what an editor shows of that as the Targa “shown”."""
    _packed_jpeg(Path(request["file"]).read_bytes(), Path(request["folder"]))
    return {}


def make_thumbnail(request: Mapping[str, Any], _progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Make a thumbnail of the model `file`: the PNG “made”."""
    try:
        model = read_model(Path(request["file"]), Shape(keeps_seams=True))
    except NotPlainError as error:
        raise ModelFileError(str(error)) from error
    used = {material.base_texture.image for material in model.materials if material and material.base_texture}
    textures, folder = {}, Path(request["folder"])
    for index in used:
        file = folder / "texture"
        file.write_bytes(model.images[index].data)
        with contextlib.suppress(PictureError):  # the thumbnail then lacks this texture
            textures[index] = _small(file, TEXTURE_SIDE, folder)[::-1] / np.float32(255)
    (folder / "made").write_bytes(png(picture_of(model, textures)[::-1]))
    return {}


def shrink(request: Mapping[str, Any], _progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Write the pixels of the picture `file` to “made”, RGBA, the bottom row first: no side above `side`.

    `as_seen`: as the model sees it, a square with that side. Return `width` and `height`.
    """
    path, folder, side = Path(request["file"]), Path(request["folder"]), request["side"]
    if request["as_seen"]:
        facts, rows = _read(path, folder)
        width = height = side
        pixels = view_of(upright(rows, facts.orientation), side=side).pixels
    else:
        small = _small(path, side, folder)
        height, width = small.shape[:2]
        pixels = small[::-1].tobytes()
    (folder / "made").write_bytes(pixels)
    return {"width": width, "height": height}


def make_contact_sheet(request: Mapping[str, Any], _progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Make a contact sheet: the PNG “made”. `tiles`: pairs of a picture's file, empty without one, and a name."""
    sheet, folder = ContactSheet(len(request["tiles"])), Path(request["folder"])
    for number, (file, name) in enumerate(request["tiles"]):
        if file:
            with contextlib.suppress(PictureError):  # its place stays empty
                sheet.put_picture(number, _small(Path(file), sheet.side, folder))
        sheet.put_name(number, _triangles_of(name))
    (folder / "made").write_bytes(png(sheet.rows))
    return {}


def _read(path: Path, folder: Path) -> tuple[FileHeader, Any]:
    """Return the file's header, and its pixels as they are stored: uint8 (height, width, 4), the top row first.

    Raises PictureError if the picture is too large, incomplete, or not readable for Blender, StorageError if the pixels
    cannot be saved.
    """
    shown = folder / "shown"
    header, rows = read_picture(path, shown, save_file_shown)
    shown.unlink()
    return header, rows


def _packed_jpeg(opaque: bytes, folder: Path) -> tuple[bytes, Any]:
    """Return the opaque PNG as a JPEG, and the JPEG's pixels: uint8 (height, width, 3), the top row first."""
    source, target, shown = folder / "source.png", folder / "made", folder / "shown"
    source.write_bytes(opaque)
    images, scenes = bpy.data.images, bpy.data.scenes
    with (
        temporary(scenes, scenes.new("Trellis Picture")) as scene,
        temporary(images, images.load(str(source))) as image,
    ):
        set_output(scene.render.image_settings, "JPEG", "RGB")
        scene.render.image_settings.quality = JPEG_QUALITY
        scene.view_settings.view_transform = "Standard"
        image.save_render(str(target), scene=scene)
    data = without_jpeg_metadata(target.read_bytes())
    target.write_bytes(data)
    with temporary(images, images.load(str(target))) as image:
        save_shown(image, shown)
    return data, targa(shown.read_bytes())[..., :3]


def _small(path: Path, largest: int, folder: Path) -> Any:
    """Return the picture upright, no side above `largest` pixels: uint8 (height, width, 4), the top row first."""
    facts, rows = _read(path, folder)
    return shrunk(upright(rows, facts.orientation), largest)


def _triangles_of(text: str) -> Any:
    """Return the text's triangles as (count, 3, 2) float32, in units of the font's size, its baseline at 0.

    Blender's own font has the letters of nearly all scripts. Needs no window.
    """
    data: Any = bpy.data
    with (
        temporary(data.curves, data.curves.new("text", "FONT")) as curve,
        temporary(data.objects, data.objects.new("text", curve)) as obj,
    ):
        curve.body, curve.resolution_u = text, 2
        mesh: Any = obj.to_mesh()
        mesh.calc_loop_triangles()
        points = np.empty(len(mesh.vertices) * 3, np.float32)
        corners = np.empty(len(mesh.loop_triangles) * 3, np.int32)
        mesh.vertices.foreach_get("co", points)
        mesh.loop_triangles.foreach_get("vertices", corners)
        obj.to_mesh_clear()
        return points.reshape(-1, 3)[corners.reshape(-1, 3), :2]


HANDLERS = {
    "prepare": prepare,
    "jpeg": pack_jpeg,
    "shrink": shrink,
    "model": make_thumbnail,
    "sheet": make_contact_sheet,
}
