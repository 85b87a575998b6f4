# SPDX-License-Identifier: GPL-3.0-or-later
"""The artist's actions on the preview: renew it, and make renders transparent."""

from __future__ import annotations

from typing import Any

import bpy

from ...core.errors import PictureError
from ...settings import scene as scene_settings
from . import chosen_picture, preview_requests
from .base import Result, attempt, can_act


class TRELLIS2_OT_look_again(bpy.types.Operator):
    """Look at the picture again, which may have changed since"""

    bl_idname = "trellis2.look_again"
    bl_label = "Look at the Picture Again"

    def execute(self, context: bpy.types.Context) -> Result:
        """Renew the preview, however long it takes."""

        def renew() -> None:
            assert context.scene is not None
            key = chosen_picture.preview_key(context, scene_settings.of_scene(context.scene))
            if not key[1:]:
                raise PictureError("There is no picture to look at. Choose one, or render an image (F12) first.")
            preview_requests.renew(key)

        return attempt(self, renew)


class TRELLIS2_OT_make_film_transparent(bpy.types.Operator):
    """Render the background transparent from now on, so that the render says itself what the subject is"""

    bl_idname = "trellis2.make_film_transparent"
    bl_label = "Make Film Transparent"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether the film is not transparent yet."""
        return can_act(
            cls,
            context.scene is not None and not context.scene.render.film_transparent,
            otherwise="The film is transparent. Render again (F12)",
        )

    def execute(self, context: bpy.types.Context) -> Result:
        """Make the film transparent."""
        assert context.scene is not None
        context.scene.render.film_transparent = True
        return {"FINISHED"}


CLASSES: tuple[Any, ...] = (TRELLIS2_OT_look_again, TRELLIS2_OT_make_film_transparent)
