# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture in a file: the artist's as it is, and new ones of ours."""

from __future__ import annotations

import secrets
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..core.errors import storage_error
from ..core.picture import encode
from ..core.picture.file import Found, check_size, open_picture, unreadable

if TYPE_CHECKING:
    from ..core.picture.pixels import Held


def from_file(path: Path, folder: Path) -> Found:
    """The picture in a file; a copy of ours in `folder` where Scenario does not take its kind.

    Raises PictureError with the sentence for the artist, or StorageError.
    """
    picture = open_picture(path)
    if picture.is_sendable:
        return Found(path, kind=picture.kind)
    pixels, target = _read(path), new_file(folder)
    return Found(target, is_ours=True, write=partial(encode.write_seen, pixels, target))


def new_file(folder: Path) -> Path:
    """The path of a new PNG in the folder, which is made if need be. Raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error("save the picture", error) from error
    return folder / f"{secrets.token_hex(8)}.png"


def _read(path: Path) -> Held:
    """Have Blender read the file."""
    try:
        image = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError as error:
        raise unreadable(path) from error
    try:
        width, height = image.size
        check_size(path.name, width, height)
        pixels = held(image)
    finally:
        bpy.data.images.remove(image)
    if pixels is None:
        raise unreadable(path)
    return pixels


def held(image: bpy.types.Image) -> Held | None:
    """What the image holds, None where that is nothing. Of a tiled one it is its first tile."""
    import numpy as np

    from ..core.picture.pixels import Held

    values: Any = image.pixels  # a property array, which the stubs take for one number
    width, height = image.size
    if not (width and height and len(values)):
        return None
    flat = np.empty(len(values), np.float32)
    values.foreach_get(flat)
    space: Any = image.colorspace_settings
    is_linear = not image.is_float and space.name.startswith("Linear")
    return Held(flat, width, height, is_float=image.is_float and not space.is_data, is_linear=is_linear)
