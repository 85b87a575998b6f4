# SPDX-License-Identifier: GPL-3.0-or-later
"""Which picture the settings mean, and how it is had for a look at it, before anything is sent."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import bpy

from . import looking, session, settings
from .core import job_folder
from .core.changes import Key
from .core.errors import PictureError
from .core.picture import Found
from .picture_source import from_render, image

PIXELS_UNASKED = (
    1920 * 1080
)  # saving a render of that many takes up to a fifth of a second, in which Blender stands still


def wanted(context: bpy.types.Context, chosen: settings.TRELLIS2_PG_settings) -> tuple[Key, looking.Find]:
    """A key that changes with the picture, and what finds its file, as `looking.view_of` takes them.

    No key: there is no picture, or it is made at the click only.
    """
    if chosen.source == "FILE":
        path = chosen.filepath
        return ("FILE", path, bpy.data.filepath) if path else (), lambda: Found(Path(bpy.path.abspath(path)))
    if chosen.source == "IMAGE" and chosen.image is not None and not image.is_render(chosen.image):
        return _of_image(context, chosen.image)
    if chosen.source == "RENDER" or (chosen.source == "IMAGE" and chosen.image is not None):
        count = looking.render_count()
        key = ("RENDER", str(count)) if count else ()
        return key, partial(_rendered, key)
    return (), lambda: None


def _rendered(key: Key) -> Found | None:
    scene = bpy.context.scene
    assert scene is not None
    share = scene.render.resolution_percentage / 100
    pixels = scene.render.resolution_x * share * scene.render.resolution_y * share
    return from_render(scene, _incoming()) if pixels <= PIXELS_UNASKED or looking.is_asked(key) else None


def _of_image(context: bpy.types.Context, seen: Any) -> tuple[Key, looking.Find]:
    """The key tells another file, tile or frame, and an image that was painted on or saved since."""
    frame = image.seen_frame(context, seen) if seen.source in ("SEQUENCE", "MOVIE") else 0
    tile = seen.tiles.active.number if seen.source == "TILED" and seen.tiles.active is not None else 0
    key = ("IMAGE", str(seen.session_uid), seen.filepath, f"{tile} {frame}", str(seen.is_dirty))
    return key, partial(_taken, key, seen.session_uid, frame)


def _taken(key: Key, uid: int, frame: int) -> Found | None:
    """What the image holds is taken here; it is worked out and written beside it, where it keeps nobody waiting."""
    images: Any = bpy.data.images
    seen = next((each for each in images if each.session_uid == uid), None)
    if seen is None:
        raise PictureError("The image is gone. Choose another one.")
    if not (looking.is_asked(key) or image.is_quick(seen)):
        return None
    return image.from_image(seen, frame, _incoming())


def _incoming() -> Path:
    return session.jobs_root() / job_folder.INCOMING
