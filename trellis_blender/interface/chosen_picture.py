# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the picture that the settings mean, and takes it for the preview, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from ..core.errors import PictureError
from ..picture import sources
from ..settings import scene as scene_settings
from .at_need import session

if TYPE_CHECKING:
    from ..core.runner.messages import Key


def shows_image(context: Any) -> bool:
    """Return whether the current editor is an Image Editor with an image, which its panel generates from."""
    return getattr(context, "edit_image", None) is not None


def source_of(context: bpy.types.Context, chosen: scene_settings.TRELLIS2_PG_settings) -> sources.Source:
    """Return the source that the current editor's panel generates from: the image shown here, else the chosen one."""
    return sources.by_key("IMAGE" if shows_image(context) else chosen.source)


def preview_key(context: bpy.types.Context, chosen: scene_settings.TRELLIS2_PG_settings) -> Key:
    """Return the key of the picture that the current editor's panel means. It changes when the picture does.

    Its first item is the key of the picture's source. Without a picture it has no other item.
    """
    return source_of(context, chosen).preview_key(context, chosen)


def picture_to_preview(key: Key, *, is_asked: bool) -> sources.Taken | None:
    """Take the picture with this key; None: the artist has to ask for it, because it is not made yet or takes long.

    `is_asked`: the artist has asked. Raises TrellisError.
    """
    source, folder, context = sources.by_key(key[0]), session.incoming(), bpy.context
    if source.preview is not None:
        return source.preview.take(context, key, folder, is_asked)
    if not is_asked:
        return None
    scenes: list[Any] = list(bpy.data.scenes)
    scene = next((each for each in scenes if str(each.session_uid) == key[1]), None)
    if scene is None:
        raise PictureError("The scene is gone. Choose another picture.")
    return (source.take_for_preview or source.take)(context, scene_settings.of_scene(scene), folder)
