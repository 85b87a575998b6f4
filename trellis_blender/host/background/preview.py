# SPDX-License-Identifier: GPL-3.0-or-later
"""A program for the background Blender: it looks at pictures and models.

What is hostile or huge can hang or kill that Blender only. `preview_client.py` asks it. Blender shows a file there as
anywhere, so every picture that Blender can read can be looked at.
"""

from __future__ import annotations

import base64
import contextlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trellis_core.errors import ModelFileError, PictureError
from trellis_core.picture.file import check_size, open_picture, unreadable

if TYPE_CHECKING:
    from trellis_background.serve import Work

TEXTURE_SIDE = 2048
SMALL_SIDE = 256


def see(request: Mapping[str, Any], _work: Work) -> Mapping[str, Any]:
    """What the model sees of the picture `file`: `concerns`, and the `pixels` of a View."""
    from trellis_core.picture.view import view_of

    path = Path(request["file"])
    open_picture(path)
    view = view_of(_pixels(path))
    return {"concerns": [concern.value for concern in view.concerns], "pixels": _text(view.pixels)}


def portray(request: Mapping[str, Any], _work: Work) -> Mapping[str, Any]:
    """The thumbnail of the model `file`: `pixels`."""
    from trellis_core.model.arrays import Shape
    from trellis_core.model.glb import NotPlainError
    from trellis_core.model.read import read_model
    from trellis_core.model.thumbnail import picture_of

    try:
        model = read_model(Path(request["file"]), Shape(keeps_seams=True))
    except NotPlainError as error:
        raise ModelFileError(f"The model holds {error}.") from error
    used = {material.base_texture.image for material in model.materials if material and material.base_texture}
    textures = {}
    for index in used:
        with tempfile.NamedTemporaryFile(delete=False) as file:
            file.write(model.images[index].data)
        with contextlib.suppress(PictureError):  # then the model is shown without it
            textures[index] = _pixels(Path(file.name), TEXTURE_SIDE)
        Path(file.name).unlink()
    return {"pixels": _text(picture_of(model, textures).tobytes())}


def shrink(request: Mapping[str, Any], _work: Work) -> Mapping[str, Any]:
    """The picture `file` as it is, small: `width`, `height` and `pixels`."""
    from trellis_core.picture.pixels import as_bytes

    path = Path(request["file"])
    open_picture(path)
    pixels = _pixels(path, SMALL_SIDE)
    height, width = pixels.shape[:2]
    return {"width": width, "height": height, "pixels": _text(as_bytes(pixels).tobytes())}


def _text(pixels: bytes) -> str:
    return base64.b64encode(pixels).decode("ascii")


def _pixels(path: Path, largest: int = 0) -> Any:
    """The picture as it is shown: (height, width, 4) float32, bottom row first; no side above `largest`, 0: any."""
    import bpy
    import numpy as np
    from trellis_core.picture.pixels import shown

    try:
        image: Any = bpy.data.images.load(str(path))
    except RuntimeError:
        raise unreadable(path) from None
    try:
        width, height = image.size
        check_size(path.name, width, height)
        if not (width and height and image.has_data):
            raise unreadable(path)
        if largest and max(width, height) > largest:
            scale = largest / max(width, height)
            image.scale(max(1, int(width * scale)), max(1, int(height * scale)))
            width, height = image.size
        flat = np.empty(width * height * image.channels, np.float32)
        image.pixels.foreach_get(flat)
        return shown(flat, image.channels, is_float=image.is_float).reshape(height, width, 4)
    finally:
        bpy.data.images.remove(image)


HANDLERS = {"picture": see, "small": shrink, "model": portray}
