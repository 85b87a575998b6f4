# SPDX-License-Identifier: GPL-3.0-or-later
"""Which picture the settings mean, and how it is taken for a look at it, before anything is sent."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..core.errors import PictureError
from ..host import renders
from ..settings import scene as settings
from . import preview_requests as looking
from .at_need import camera, clipboard, file, image, render, session, viewport

if TYPE_CHECKING:
    from ..core.picture.file import ChosenPicture
    from ..core.runner.messages import Key

# Saving a render of that many takes up to a fifth of a second, in which Blender stands still.
PIXELS_UNASKED = 1920 * 1080
# These are made at the click, and so are only looked at when the artist asks for it.
MADE_AT_THE_CLICK = ("VIEWPORT", "CAMERA", "CLIPBOARD")


def wanted(context: bpy.types.Context, chosen: settings.TRELLIS2_PG_settings) -> tuple[Key, looking.Find]:
    """A key that changes with the picture, and what finds it, as `looking.view_of` takes them.

    Without a picture the key is empty.
    """
    assert context.scene is not None
    if chosen.source == "FILE":
        path = chosen.filepath
        key = ("FILE", path, bpy.data.filepath) if path else ()
        return key, lambda _is_asked: file.from_file(Path(bpy.path.abspath(path)))
    if chosen.source in MADE_AT_THE_CLICK:
        return (chosen.source, str(context.scene.session_uid)), partial(_made, chosen.source)
    if chosen.source == "IMAGE" and chosen.image is None:
        return (), lambda _is_asked: None
    if chosen.source == "IMAGE" and not image.is_render(chosen.image):
        return _of_image(context, chosen.image)
    return _of_render(context.scene)


def _made(source: str, is_asked: bool) -> ChosenPicture | None:
    if not is_asked:
        return None
    if source == "VIEWPORT":
        return viewport.from_viewport(bpy.context)
    if source == "CAMERA":
        return camera.look(bpy.context, session.incoming())
    return clipboard.from_clipboard(bpy.context, session.incoming())[0]


def _of_render(scene: bpy.types.Scene) -> tuple[Key, looking.Find]:
    """Each scene has renders of its own, in several slots."""
    count = renders.count()
    key = ("RENDER", str(count), str(scene.session_uid), str(render.shown_slot())) if count else ()
    return key, partial(_rendered, scene.session_uid)


def _rendered(uid: int, is_asked: bool) -> ChosenPicture | None:
    scene = next((each for each in bpy.data.scenes if each.session_uid == uid), None)
    if scene is None:
        raise PictureError("The scene is gone. Choose another picture.")
    share = scene.render.resolution_percentage / 100
    pixels = scene.render.resolution_x * share * scene.render.resolution_y * share
    return render.from_render(scene, session.incoming()) if is_asked or pixels <= PIXELS_UNASKED else None


def _of_image(context: bpy.types.Context, seen: Any) -> tuple[Key, looking.Find]:
    """The key tells another file, tile or frame, and an image that was painted on or saved since."""
    frame = image.seen_frame(context, seen) if seen.source in ("SEQUENCE", "MOVIE") else 0
    tile = seen.tiles.active.number if seen.source == "TILED" and seen.tiles.active is not None else 0
    shown_as = seen.colorspace_settings.name, seen.alpha_mode, str(seen.use_view_as_render)
    key = ("IMAGE", str(seen.session_uid), seen.filepath, f"{tile} {frame}", str(seen.is_dirty), *shown_as)
    return key, partial(_taken, seen.session_uid, frame)


def _taken(uid: int, frame: int, is_asked: bool) -> ChosenPicture | None:
    """What the image shows is taken here; the rest is worked out where it keeps nobody waiting."""
    images: Any = bpy.data.images
    seen = next((each for each in images if each.session_uid == uid), None)
    if seen is None:
        raise PictureError("The image is gone. Choose another one.")
    if not (is_asked or image.is_quick(seen)):
        return None
    return image.from_image(bpy.context, seen, frame, session.incoming())
