# SPDX-License-Identifier: GPL-3.0-or-later
"""What was copied elsewhere: an image file, or the pixels of an image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bpy

from ..core.errors import PictureError
from ..core.picture.file import ChosenPicture
from .file import from_file
from .image import from_image

NOTHING = "There is no picture on the clipboard. Copy an image, or an image file, then try again."
NOWHERE = "Blender pastes an image only in an editor. Use the Trellis tab, or press F3 over the 3D viewport."
LONGEST = 4096  # characters of a text that may be a path


def from_clipboard(context: bpy.types.Context, folder: Path) -> ChosenPicture:
    """The copied picture, where it needs a file with one of ours in `folder`.

    Raises PictureError or StorageError.
    """
    if bpy.app.background:
        raise PictureError("There is no clipboard without a window. Use an image file as the source.")
    assert context.window_manager is not None
    path = copied_file(context.window_manager.clipboard)
    if path is not None:
        return from_file(path)
    pasted = _pasted(context)
    try:
        if not (pasted.size[0] and pasted.size[1]):
            raise PictureError(NOTHING)
        return replace(from_image(context, pasted, 0, folder), name="Clipboard")
    finally:
        bpy.data.images.remove(pasted)


def copied_file(text: str) -> Path | None:
    """The first file that a copied text names: a path or an address as file managers write it, one a line."""
    for line in text[:LONGEST].splitlines():
        name = line.strip().strip('"')
        if name.startswith("file://"):
            from urllib.request import url2pathname  # brings all of http and email, which only such a name is worth

            parts = urlsplit(name)
            host = f"//{parts.netloc}" if parts.netloc not in ("", "localhost") else ""
            name = url2pathname(host + parts.path)
        path = Path(name)
        if name and path.is_absolute() and _is_file(path):
            return path
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long a name, or characters that no name may have
        return False


def _pasted(context: bpy.types.Context) -> Any:
    """The copied image as a new datablock. Blender pastes only in an Image Editor, so the editor at hand becomes one.

    No other editor, for that takes an override (see `reports.show`), and not the top bar, which cannot be had back.
    """
    area: Any = context.area
    if area is None or context.window is None or area not in context.window.screen.areas.values():
        raise PictureError(NOWHERE)
    before, kind = set(bpy.data.images), area.ui_type
    try:
        area.ui_type = "IMAGE_EDITOR"
        shown = area.spaces.active.image
        paste: Any = bpy.ops.image.clipboard_paste
        if paste.poll():
            paste()
        area.spaces.active.image = shown
    except RuntimeError as error:
        raise PictureError(NOTHING) from error
    finally:
        area.ui_type = kind
    made = [image for image in bpy.data.images if image not in before]
    if not made:
        raise PictureError(NOTHING)
    return made[0]
