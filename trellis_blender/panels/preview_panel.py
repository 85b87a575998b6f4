# SPDX-License-Identifier: GPL-3.0-or-later
"""What the model sees of the chosen picture, and what is to be said of it."""

from __future__ import annotations

from typing import Any

import bpy

from .. import icons, looking, settings
from ..chosen_picture import wanted
from ..core.picture import ALL_CLEAR
from ..core.sight import Concern
from .sidebar import draw_text

SENTENCES = {
    Concern.NO_ALPHA: "There is no transparency: the background is removed on the server. Cut out the subject to say"
    " yourself what it is.",
    Concern.EMPTY: ALL_CLEAR,
    Concern.TOUCHES_BORDER: "The subject touches the border: what is cut off is missing. Leave some room around it.",
    Concern.TINY: "The subject is tiny, so there is little to see of it. Crop the picture, or move closer.",
    Concern.SMALL: "The picture is smaller than 256 pixels, so there is little to see in it. Use a larger one.",
}
HINTS = {
    "FILE": "Choose an image file to see it here.",
    "IMAGE": "Choose an image to see it here.",
    "RENDER": "Render an image (F12) to see it here.",
    "VIEWPORT": "The picture is taken when you generate: all that is in this view, without overlays and background.",
    "CAMERA": "The picture is rendered when you generate: the camera's view, without a background.",
    "CLIPBOARD": "The picture is taken from the clipboard when you generate.",
}
OPAQUE_RENDER = "The render has a background, which is removed on the server. With a transparent film there is none."
UNIT = 20  # pixels of Blender's interface at a resolution scale of 1
LARGEST = 11  # units: the button below stays in sight, and 256 pixels are not shown much larger than they are


def draw_preview(layout: Any, context: bpy.types.Context, chosen: settings.TRELLIS2_PG_settings) -> None:
    """Draw it, in a fold of its own."""
    header, body = layout.panel("trellis2_sight", default_closed=False)
    header.label(text="What the Model Sees")
    if body is None:
        return
    key, find = wanted(context, chosen)
    if not key:
        draw_missing(body, context, chosen)
        return
    header.operator("trellis2.look_again", text="", icon="FILE_REFRESH", emboss=False)
    seen = looking.view_of(key, find)
    if seen is None:
        body.label(text="Looking at the picture", icon="VIEWZOOM")
    elif seen.view is None and seen.error:
        draw_text(body, context, seen.error, "ERROR")
    elif seen.view is None and key[0] == "IMAGE":
        body.operator("trellis2.look_again", text="Look at the Image", icon="VIEWZOOM")
    elif seen.view is None:
        body.operator("trellis2.look_again", text="Look at the Render", icon="VIEWZOOM")
    else:
        draw_square(body, context)
        for concern in seen.view.concerns:
            draw_concern(body, context, concern, chosen.source)


def draw_square(layout: Any, context: bpy.types.Context) -> None:
    """The square, as wide as the sidebar allows."""
    assert context.region is not None
    assert context.preferences is not None
    units = context.region.width / context.preferences.system.ui_scale / UNIT - 3
    layout.template_icon(icons.of_view(), scale=max(4, min(LARGEST, units)))


def draw_concern(layout: Any, context: bpy.types.Context, concern: Concern, source: str) -> None:
    """A sentence, and the button that mends it where there is one."""
    is_note = concern is Concern.NO_ALPHA  # the model comes out all the same
    if is_note and source == "RENDER":
        draw_text(layout, context, OPAQUE_RENDER, "INFO")
        layout.operator("trellis2.make_film_transparent", icon="CHECKMARK")
    else:
        draw_text(layout, context, SENTENCES[concern], "INFO" if is_note else "ERROR")


def draw_missing(layout: Any, context: bpy.types.Context, chosen: settings.TRELLIS2_PG_settings) -> None:
    """What to do to see something, or what the picture will be where it is made at the click only."""
    draw_text(layout, context, HINTS["RENDER" if chosen.source == "IMAGE" and chosen.image else chosen.source], "INFO")
