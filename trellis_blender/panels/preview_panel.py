# SPDX-License-Identifier: GPL-3.0-or-later
"""What the model sees of the chosen picture, and what is to be said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from .. import icons, looking, session, settings
from ..core.changes import Key
from ..core.sight import Concern
from .sidebar import draw_text

SENTENCES = {
    Concern.NO_ALPHA: "There is no transparency: the background is removed on the server. Cut out the subject to say"
    " yourself what it is.",
    Concern.EMPTY: "All of it is transparent: there is nothing to make a model from. Choose another picture.",
    Concern.TOUCHES_BORDER: "The subject touches the border: what is cut off is missing. Leave some room around it.",
    Concern.TINY: "The subject is tiny, so there is little to see of it. Crop the picture, or move closer.",
    Concern.SMALL: "The picture is smaller than 256 pixels, so there is little to see in it. Use a larger one.",
}
OPAQUE_RENDER = "The render has a background, which is removed on the server. With a transparent film there is none."
UNIT = 20  # pixels of Blender's interface at a resolution scale of 1
LARGEST = 16  # units: 256 pixels are not shown much larger than they are


def draw_preview(layout: Any, context: bpy.types.Context, chosen: settings.TRELLIS2_PG_settings) -> None:
    """Draw it, in a fold of its own."""
    header, body = layout.panel("trellis2_sight", default_closed=False)
    header.label(text="What the Model Sees")
    if body is None:
        return
    key, find = wanted(chosen)
    if not key:
        draw_missing(body, context, chosen.source)
        return
    header.operator("trellis2.look_again", text="", icon="FILE_REFRESH", emboss=False)
    seen = looking.view_of(key, find)
    if seen is None:
        body.label(text="Looking at the picture", icon="VIEWZOOM")
    elif seen.view is None:
        draw_text(body, context, seen.error, "ERROR")
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


def wanted(chosen: settings.TRELLIS2_PG_settings) -> tuple[Key, looking.Find]:
    """Which picture is to be looked at, as a key that changes with it, and what gives its file. No key: none is there.

    Of what is made at the click only, the picture that was sent last is shown.
    """
    if chosen.source == "FILE":
        path = chosen.filepath
        return ("FILE", path, bpy.data.filepath) if path else (), lambda: (Path(bpy.path.abspath(path)), False)
    if chosen.source == "RENDER":
        assert bpy.context.scene is not None
        count = looking.render_count()
        is_shown = count and looking.is_shown_unasked(bpy.context.scene)
        return ("RENDER", str(count)) if is_shown else (), looking.rendered
    job = next(session.newest_first(), None)
    picture = session.picture_path(job) if job is not None else None
    return ("JOB", str(picture)) if picture else (), lambda: (Path(str(picture)), False)


def draw_missing(layout: Any, context: bpy.types.Context, source: str) -> None:
    """What to do to see something."""
    if source == "FILE":
        draw_text(layout, context, "Choose an image file to see it here.", "INFO")
    elif source == "RENDER" and looking.render_count():
        layout.operator("trellis2.look_again", text="Look at the Render", icon="VIEWZOOM")
    elif source == "RENDER":
        draw_text(layout, context, "Render an image (F12) to see it here.", "INFO")
    else:
        draw_text(layout, context, "The picture is made when you generate. Then it is seen here.", "INFO")
