# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a picture from the clipboard: an image file, or the pixels of an image."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bpy

from ..core.errors import PictureError
from ..core.picture.file import ChosenPicture
from ..host.shown import temporary
from .file import from_file
from .image import from_image

NOTHING = "There is no picture on the clipboard. Copy an image, or an image file, then try again."
NOWHERE = "Blender pastes an image only in an editor. Use the Trellis tab, or press F3 over the 3D viewport."
LONGEST = 4096  # characters: a longer text is not a path


def from_clipboard(context: bpy.types.Context, folder: Path) -> ChosenPicture:
    """Return the copied picture. Writes a temporary file to `folder` if the picture needs one.

    Raises PictureError or StorageError.
    """
    if bpy.app.background:
        raise PictureError("There is no clipboard without a window. Use an image file as the source.")
    assert context.window_manager is not None
    path = copied_file(context.window_manager.clipboard)
    if path is not None:
        return from_file(path)
    with temporary(bpy.data.images, _pasted(context)) as pasted:
        if not all(pasted.size):
            raise PictureError(NOTHING)
        return replace(from_image(context, pasted, 0, folder), name="Clipboard")


def copied_file(text: str) -> Path | None:
    """Return the first file that the text names, None without one: a path or URL a line, as file managers copy them."""
    for line in text[:LONGEST].splitlines():
        name = line.strip().strip('"')
        if name.startswith("file://"):
            from urllib.request import url2pathname  # imports all of http and email, so only here

            parts = urlsplit(name)
            host = f"//{parts.netloc}" if parts.netloc not in ("", "localhost") else ""
            name = url2pathname(host + parts.path)
        path = Path(name)
        with suppress(OSError, ValueError):  # the name is too long, or has forbidden characters
            if name and path.is_absolute() and path.is_file():
                return path
    return None


def _pasted(context: bpy.types.Context) -> Any:
    """Paste the copied image and return the new datablock.

    Blender pastes only in an Image Editor, so the current editor becomes one for a moment. Another editor would take a
    context override (see `window.report`), and the top bar could not be restored. Raises PictureError.
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
