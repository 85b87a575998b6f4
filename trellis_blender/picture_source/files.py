# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture in a file: the artist's as it is, and new ones of ours."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

import bpy

from ..core.errors import PictureError, storage_error
from ..core.picture import Picture, check_size, open_picture
from . import pixels


def from_file(path: Path, folder: Path) -> tuple[Picture, bool]:
    """The picture in a file, and whether it is a copy of ours, made in `folder` since Scenario does not take its kind.

    Raises PictureError with the sentence for the artist.
    """
    picture = open_picture(path)
    if picture.is_sendable:
        return picture, False
    return open_picture(_converted(path, new_file(folder))), True


def kept_copy(picture: Path, target: Path) -> Path:
    """The picture as it is now, in the file `target`: the artist may go on with theirs. Raises StorageError."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, target)
    except OSError as error:
        raise storage_error("copy the picture", error) from error
    return target


def new_file(folder: Path) -> Path:
    """The path of a new PNG in the folder, which is made if need be. Raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error("save the picture", error) from error
    return folder / f"{secrets.token_hex(8)}.png"


def _converted(path: Path, target: Path) -> Path:
    """Have Blender read the file, and write what it shows as a PNG with 8 bit and alpha."""
    try:
        image = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError as error:
        raise PictureError(f"Blender cannot read “{path.name}”. Choose a PNG, JPEG or WebP file.") from error
    try:
        width, height = image.size
        check_size(path.name, width, height)
        seen = pixels.of_image(image)
    finally:
        bpy.data.images.remove(image)
    if seen is None:
        raise PictureError(f"Blender cannot read “{path.name}”. Choose a PNG, JPEG or WebP file.")
    return pixels.write(seen, target)
