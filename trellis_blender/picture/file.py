# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the artist's image file. The background Blender reads it; this one reads it only if none can be started."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from ..core.errors import PictureError, storage_error
from ..core.picture.file import ChosenPicture, check_size, closed, gone
from ..core.picture.metadata import damaged, read_header, unreadable
from ..host.shown import save_shown

KEY = "FILE"
ANNOUNCED = (
    "No second Blender could be started, so this one reads image files itself and freezes meanwhile. Restart Blender."
)


def from_file(path: Path) -> ChosenPicture:
    """Return the picture in a file, without reading it."""
    return ChosenPicture(path.name, file=path)


def chosen_file(path: str) -> ChosenPicture:
    """Return the picture at this path of Blender's, which may begin with “//”. Raises PictureError if it is empty."""
    if not path:
        raise PictureError("No image file is chosen. Choose one, then try again.")
    return from_file(Path(bpy.path.abspath(path)))


def preview_key(chosen: Any) -> tuple[str, ...]:
    """Return the key of the chosen file. It includes the .blend file's path, since the file's may be relative to it."""
    return (KEY, chosen.filepath, bpy.data.filepath) if chosen.filepath else (KEY,)


def choose(chosen: Any, path: str) -> None:
    """Choose this file in the panel."""
    chosen.source, chosen.filepath = KEY, path


def new_file(folder: Path, suffix: str = ".tga") -> Path:
    """Return the path for a new temporary file in the folder, and make the folder if needed. Raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error("save the picture", error) from error
    return folder / f"{secrets.token_hex(8)}{suffix}"


def read_here(chosen: ChosenPicture, folder: Path) -> ChosenPicture:
    """Read the file in this Blender. Return it as a Targa in `folder`. Raises PictureError or StorageError."""
    path = chosen.file
    assert path is not None
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise gone(path.name) from None
    except OSError as error:
        raise closed(path.name, error) from error
    facts = read_header(data)
    check_size(path.name, facts.width, facts.height)
    target = new_file(folder)
    try:
        image: Any = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError:
        raise unreadable(path.name, data) from None
    try:
        width, height = image.size
        check_size(path.name, width, height)
        if not (width and height and save_shown(image, target)):
            raise unreadable(path.name, data)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise storage_error("read the picture", error) from error
    finally:
        bpy.data.images.remove(image)
    if facts.ends_early:
        target.unlink(missing_ok=True)
        raise damaged(path.name)
    return replace(chosen, file=None, targa=target, orientation=facts.orientation, pixel_aspect=facts.pixel_aspect)
