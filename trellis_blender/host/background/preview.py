# SPDX-License-Identifier: GPL-3.0-or-later
"""A program for the background Blender: it reads pictures and models, prepares pictures for sending, makes thumbnails.

A hostile or huge file can hang or crash the background Blender only. Blender itself reads the file, so every picture
that Blender can read can be sent. `preview_client.py` sends its requests.
"""

from __future__ import annotations

import base64
import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trellis_core.errors import ModelFileError, PictureError
from trellis_core.picture.metadata import FileHeader

if TYPE_CHECKING:
    from trellis_host.background.serve import Work

TEXTURE_SIDE = 2048
SMALL_SIDE = 256


def prepare(request: Mapping[str, Any], work: Work) -> Mapping[str, Any]:
    """Prepare the picture `file` for sending and write its bytes to the file `target`.

    Return `kind`, `crop`, `concerns` and `view`.
    """
    from trellis_core.picture.prepare import packed, prepared

    path = Path(request["file"])
    with _own_folder() as folder:
        facts, rows = _read(path, folder, work)
        cut = prepared(
            rows,
            orientation=facts.orientation,
            pixel_aspect=facts.pixel_aspect,
            ignores_alpha=request["ignores_alpha"],
        )
        del rows
        made = packed(cut, lambda data: _packed_jpeg(data, folder))
    Path(request["target"]).write_bytes(made.data)
    return {
        "kind": made.kind,
        "crop": made.crop,
        "concerns": [concern.value for concern in made.view.concerns],
        "view": _text(made.view.pixels),
    }


def pack_jpeg(request: Mapping[str, Any], _work: Work) -> Mapping[str, Any]:
    """Save the opaque PNG `file` as the JPEG `target`, and the JPEG's pixels as `shown`: RGB bytes, top row first.

    Return `height` and `width` in pixels.
    """
    from trellis_core.picture.encode import targa

    with _own_folder() as folder:
        data, _ = _packed_jpeg(Path(request["file"]).read_bytes(), folder)
        shown = targa((folder / "shown.tga").read_bytes())[..., :3]
    Path(request["target"]).write_bytes(data)
    Path(request["shown"]).write_bytes(shown.tobytes())
    return {"height": shown.shape[0], "width": shown.shape[1]}


def make_thumbnail(request: Mapping[str, Any], work: Work) -> Mapping[str, Any]:
    """Make a thumbnail of the model `file`. Return its `side` and its `pixels`."""
    from trellis_core.model.arrays import Shape
    from trellis_core.model.glb import NotPlainError
    from trellis_core.model.read import read_model
    from trellis_core.model.thumbnail import SIDE, picture_of

    try:
        model = read_model(Path(request["file"]), Shape(keeps_seams=True))
    except NotPlainError as error:
        raise ModelFileError(str(error)) from error
    used = {material.base_texture.image for material in model.materials if material and material.base_texture}
    textures = {}
    with _own_folder() as folder:
        for index in used:
            file = folder / f"texture {index}"
            file.write_bytes(model.images[index].data)
            with contextlib.suppress(PictureError):  # the thumbnail then lacks this texture
                textures[index] = _small(file, TEXTURE_SIDE, folder, work)
    return {"side": SIDE, "pixels": _text(picture_of(model, textures).tobytes())}


def shrink(request: Mapping[str, Any], work: Work) -> Mapping[str, Any]:
    """Shrink the whole picture `file`. Return `width`, `height` and `pixels`, the bottom row first."""
    from trellis_core.picture.pixels import as_bytes

    with _own_folder() as folder:
        pixels = _small(Path(request["file"]), SMALL_SIDE, folder, work)
    height, width = pixels.shape[:2]
    return {"width": width, "height": height, "pixels": _text(as_bytes(pixels).tobytes())}


def enlarge(request: Mapping[str, Any], work: Work) -> Mapping[str, Any]:
    """Write the pixels of the picture `file` to the file `target`, RGBA, the bottom row first: no side above `side`.

    `as_seen`: as the model sees it, a square with that side. Return `width` and `height`.
    """
    from trellis_core.picture.pixels import as_bytes, upright
    from trellis_core.picture.view import view_of

    path, side = Path(request["file"]), request["side"]
    with _own_folder() as folder:
        if request["as_seen"]:
            facts, rows = _read(path, folder, work)
            width = height = side
            pixels = view_of(upright(rows, facts.orientation), side=side).pixels
        else:
            small = _small(path, side, folder, work)
            height, width = small.shape[:2]
            pixels = as_bytes(small).tobytes()
    Path(request["target"]).write_bytes(pixels)
    return {"width": width, "height": height}


def make_contact_sheet(request: Mapping[str, Any], work: Work) -> Mapping[str, Any]:
    """Write the pixels of a contact sheet to the file `target`: RGB bytes, the top row first.

    `tiles`: pairs of a picture's file, empty if there is none, and a name. Return `width` and `height`.
    """
    import numpy as np
    from trellis_core.picture.contact_sheet import ContactSheet
    from trellis_host.background.lettering import triangles_of

    sheet = ContactSheet(len(request["tiles"]))
    with _own_folder() as folder:
        for number, (file, name) in enumerate(request["tiles"]):
            if file:
                with contextlib.suppress(PictureError):  # its place stays empty
                    picture = _small(Path(file), sheet.side, folder, work)[::-1]
                    sheet.put_picture(number, np.asarray(picture * 255 + 0.5, np.uint8))
            sheet.put_name(number, triangles_of(name))
            work.progress((number + 1) / len(request["tiles"]))
    Path(request["target"]).write_bytes(sheet.rows.tobytes())
    height, width = sheet.rows.shape[:2]
    return {"width": width, "height": height}


def _read(path: Path, folder: Path, work: Work) -> tuple[FileHeader, Any]:
    """Return the file's header, and its pixels as they are stored: uint8 (height, width, 4), the top row first.

    Raises PictureError if the picture is too large, incomplete, or not readable for Blender, StorageError if the pixels
    cannot be saved.
    """
    from trellis_core.picture.prepare import read_picture
    from trellis_host.shown import save_file_shown

    shown = folder / "shown.tga"
    header, rows = read_picture(path, shown, save_file_shown, work.overheard)
    shown.unlink()
    return header, rows


def _packed_jpeg(png: bytes, folder: Path) -> tuple[bytes, Any]:
    """Return the PNG as a JPEG, and the JPEG's pixels: uint8 (height, width, 3), the top row first."""
    import bpy
    from trellis_core.picture.encode import JPEG_QUALITY, targa
    from trellis_core.picture.metadata import without_jpeg_metadata
    from trellis_host.shown import save_shown, set_output

    source, target, shown = folder / "source.png", folder / "packed.jpg", folder / "shown.tga"
    source.write_bytes(png)
    scene: Any = bpy.data.scenes.new("Trellis Picture")
    settings = scene.render.image_settings
    set_output(settings, "JPEG", "RGB")
    settings.quality = JPEG_QUALITY
    scene.view_settings.view_transform = "Standard"
    image: Any = bpy.data.images.load(str(source))
    image.save_render(str(target), scene=scene)
    bpy.data.images.remove(image)
    bpy.data.scenes.remove(scene)
    data = without_jpeg_metadata(target.read_bytes())
    target.write_bytes(data)
    image = bpy.data.images.load(str(target))
    save_shown(image, shown)
    bpy.data.images.remove(image)
    return data, targa(shown.read_bytes())[..., :3]


def _small(path: Path, largest: int, folder: Path, work: Work) -> Any:
    """Return the picture upright, no side above `largest` pixels: (height, width, 4) float32, the bottom row first."""
    import numpy as np
    from trellis_core.picture.pixels import shrunk, upright

    facts, rows = _read(path, folder, work)
    return shrunk(upright(rows, facts.orientation), largest)[::-1].astype(np.float32) / 255


def _text(pixels: bytes) -> str:
    return base64.b64encode(pixels).decode("ascii")


@contextlib.contextmanager
def _own_folder() -> Iterator[Path]:
    """Yield a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="trellis_", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


HANDLERS = {
    "prepare": prepare,
    "jpeg": pack_jpeg,
    "small": shrink,
    "large": enlarge,
    "model": make_thumbnail,
    "sheet": make_contact_sheet,
}
