# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the artist's image file. The background Blender reads it; this one reads it only if none can be started."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..core.errors import PictureError, as_storage_error
from ..core.files import own_folder
from ..host.shown import save_file_shown

if TYPE_CHECKING:
    from ..core.picture.file import ChosenPicture

KEY = "FILE"
ANNOUNCED = (
    "No second Blender could be started, so this one reads image files itself and freezes meanwhile. Restart Blender."
)


def from_file(path: Path) -> ChosenPicture:
    """Return the picture in a file, without reading it."""
    from ..core.picture.file import ChosenPicture  # here, since drawing the panel needs none

    return ChosenPicture(path.name, file=path)


def chosen_file(path: str) -> ChosenPicture:
    """Return the picture at this path of Blender's, which may begin with “//”. Raises PictureError if it is empty."""
    if not path:
        raise PictureError("No image file is chosen. Choose one, then try again.")
    return from_file(Path(bpy.path.abspath(path)))


def preview_key(_context: Any, chosen: Any) -> tuple[str, ...]:
    """Return the key of the chosen file. It includes the .blend file's path, since the file's may be relative to it."""
    return (KEY, chosen.filepath, bpy.data.filepath) if chosen.filepath else (KEY,)


def choose(chosen: Any, path: str) -> None:
    """Choose this file in the panel."""
    chosen.source, chosen.filepath = KEY, path


def new_file(folder: Path) -> Path:
    """Return the path for a new temporary Targa in the folder, and make the folder if needed. Raises StorageError."""
    with as_storage_error("save the picture"):
        own_folder(folder)
    return folder / f"{os.urandom(8).hex()}.tga"


def read_here(chosen: ChosenPicture, folder: Path) -> ChosenPicture:
    """Read the file in this Blender. Return it as a Targa in `folder`. Raises PictureError or StorageError."""
    from ..core.picture.prepare import read_picture  # here, since it brings numpy: the panel's first draw needs none

    assert chosen.file is not None
    target = new_file(folder)
    header, _ = read_picture(chosen.file, target, save_file_shown)
    return replace(chosen, file=None, targa=target, orientation=header.orientation, pixel_aspect=header.pixel_aspect)
