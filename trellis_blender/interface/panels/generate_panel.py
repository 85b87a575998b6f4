# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws what leads to the next model: the picture's source, presets, the Generate button, and the preview with what may
go wrong with the picture; then the parameters from their table, and the placement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from ...core.request.parameters import of_group
from ...core.request.presets import PRESETS
from ...host.translation import translated
from ...picture import sources
from ...settings import presets
from ...settings import scene as scene_settings
from .. import price_tag
from ..at_need import icons
from ..preview_requests import asked_view_of, preview_key, shows_image, source_of, view_of
from .first_run import draw_first_run, draw_refusal, draw_unit
from .sidebar import CHARACTER_PIXELS, draw_picture_button, draw_remedy, draw_text, sidebar_width, ui_scale, wrapped

if TYPE_CHECKING:
    from ...core.picture.view import Concern
    from ...core.request.parameters import Group

QUESTION_UNITS, QUESTION_CHARACTERS = 11, 44  # the dialog's width, for a picture and for words
SENTENCES = {  # by the values of `Concern`, which only a preview brings: importing it takes a millisecond
    "no_alpha": "There is no transparency: the background is removed on the server. Cut out the subject"
    " yourself to decide what belongs to it.",
    "touches_border": "The subject touches the border: what is cut off is missing. Leave some room around it.",
    "tiny": "The subject is tiny, so there is little to see of it. Crop the picture, or move closer.",
    "small": "The picture is smaller than 256 pixels, so there is little to see in it. Use a larger one.",
}
MADE_ANEW = "This is how it looked when you asked. A new picture is taken when you generate."
OPAQUE_RENDER = "The render has a background, which is removed on the server."
OPAQUE_ALL_THE_SAME = (
    "The render has a background, though the film is transparent. Render again (F12), or hide what stands behind the"
    " subject."
)
UNIT = 20  # pixels of Blender's interface at a resolution scale of 1
MOST_UNITS = 11  # so that 256 pixels are not enlarged much
PADDING = 6  # pixels beside a label in its button; MARGIN: beside a row of buttons in the sidebar; measured on screen
MARGIN = 54
SHARE = 0.2  # of the sidebar's height at most, so that a job's error and its remedy stay in sight below


def draw_generate(layout: Any, context: bpy.types.Context) -> None:
    """Draw source, presets, button and preview, or what the artist has to do first.

    What differs in height from source to source stands below the button, so that the button keeps its place.
    """
    chosen = scene_settings.of_scene(context.scene)
    if draw_first_run(layout, context):
        return
    source = source_of(context, chosen)
    column = layout.column()
    column.use_property_split = False  # no sidebar has room for labels beside these
    if not shows_image(context):
        column.prop(chosen, "source", text="")  # a menu of full width, since no sidebar has room for so many buttons
        source.draw_line(column.row(), context, chosen)
    draw_presets(column, context, chosen)
    row = column.row()
    draw_subject(row, chosen)
    row.prop(chosen, "variations")
    button = column.row()
    button.scale_y = 1.5
    given = source.given(chosen)
    button.enabled = all(given.values())
    pressed = button.operator(source.operator, text=translated(price_tag.words(chosen)), icon="MESH_MONKEY")
    for name, value in given.items():
        setattr(pressed, name, value)
    if price_tag.is_first():
        draw_unit(layout, context)
    draw_refusal(layout, context)
    draw_preview(layout, context, chosen)


def draw_preview(layout: Any, context: bpy.types.Context, chosen: scene_settings.TRELLIS2_PG_settings) -> None:
    """Draw the preview in its own fold."""
    header, body = layout.panel("trellis2_sight", default_closed=False)
    header.label(text="What the Model Sees")
    if body is None:
        return
    key = preview_key(context, chosen)
    source = sources.by_key(key[0])
    if not key[1:]:
        draw_text(body, context, source.hint, "INFO")
        return
    header.operator("trellis2.look_again", text="", icon="FILE_REFRESH", emboss=False)
    is_made = source.preview is None
    answer = asked_view_of(key) if is_made else view_of(key)
    if answer is None:
        body.label(text="Looking at the picture", icon="VIEWZOOM")
    elif answer.view is not None:
        assert context.region is not None
        height = context.region.height / ui_scale(context)
        units = min(sidebar_width(context) / UNIT - 3, height * SHARE / UNIT, MOST_UNITS)
        draw_picture_button(body, icons.of_view(key), max(4, units), "trellis2.enlarge_preview")
        if is_made:
            draw_text(body, context, MADE_ANEW, "INFO")
        for concern in answer.view.concerns:
            if not (concern == "tiny" and "small" in answer.view.concerns):  # one word on size is enough
                draw_concern(body, context, concern, source)
    elif answer.error:
        draw_text(body, context, answer.error, "ERROR")
        draw_remedy(body, answer.remedy)
    else:
        if is_made:
            draw_text(body, context, source.hint, "INFO")
        body.operator("trellis2.look_again", text=source.preview_label, icon="VIEWZOOM")


def draw_concern(layout: Any, context: bpy.types.Context, concern: Concern, source: sources.Source) -> None:
    """Draw the sentence about a concern, and the button that fixes it if there is one."""
    assert context.scene is not None
    if concern != "no_alpha":
        draw_text(layout, context, SENTENCES[concern], "ERROR")
    elif not source.is_render:  # only a note: the model works all the same
        draw_text(layout, context, SENTENCES[concern], "INFO")
    elif context.scene.render.film_transparent:
        draw_text(layout, context, OPAQUE_ALL_THE_SAME, "INFO")
    else:
        draw_text(layout, context, OPAQUE_RENDER, "INFO")
        layout.operator("trellis2.make_film_transparent", icon="CHECKMARK")


def draw_question(layout: Any, context: bpy.types.Context) -> None:
    """Draw the picture of the next model and what may speak against it, in the dialog of the shortcut."""
    chosen = scene_settings.of_scene(context.scene)
    source, key = source_of(context, chosen), preview_key(context, chosen)
    answer = view_of(key) if source.preview is not None and key[1:] else None
    if answer is not None and answer.view is not None:
        layout.template_icon(icons.of_view(key), scale=QUESTION_UNITS)
    else:
        _draw_lines(layout, answer.error if answer is not None and answer.error else source.hint)
    preset = PRESETS.get(presets.name_of(chosen))
    words = [source.label, *([preset.label] if preset is not None else ())]
    layout.label(text=" · ".join(map(translated, words)), translate=False, icon=source.icon)
    cost = price_tag.cost_shown(chosen)
    objection = price_tag.objection(None if cost is None else cost * chosen.variations)
    if objection:
        _draw_lines(layout, objection)


def _draw_lines(layout: Any, sentence: str) -> None:
    column = layout.column(align=True)
    for line in wrapped(translated(sentence), QUESTION_CHARACTERS):
        column.label(text=line, translate=False)


def draw_presets(layout: Any, context: bpy.types.Context, chosen: scene_settings.TRELLIS2_PG_settings) -> None:
    """Draw the presets. A preset is pressed while all parameters equal its own."""
    current = presets.name_of(chosen)
    column = layout.column(align=True)
    for number, preset in enumerate(PRESETS.values()):
        if number % _columns(context) == 0:
            row = column.row(align=True)
        row.operator("trellis2.use_preset", text=preset.label, depress=preset.name == current).preset = preset.name


def draw_subject(layout: Any, chosen: scene_settings.TRELLIS2_PG_settings) -> None:
    """Draw the menu of kinds of subject. It names the kind that the parameters fit."""
    subject = presets.subject_of(chosen)
    layout.menu("TRELLIS2_MT_subject", text=translated("Subject" if subject is None else subject.label))


def _columns(context: bpy.types.Context) -> int:
    """Return the number of buttons per row."""
    width = sidebar_width(context) - MARGIN
    widest = max(len(translated(preset.label)) for preset in PRESETS.values()) * CHARACTER_PIXELS + PADDING
    return len(PRESETS) if width >= widest * len(PRESETS) else 2


def draw_seed(layout: Any, context: bpy.types.Context) -> None:
    """Draw the seed. The stages are sub-panels."""
    _draw_option(layout, scene_settings.of_scene(context.scene), "Seed", "seed", "")


def _draw_option(layout: Any, chosen: Any, heading: str, name: str, text: str) -> None:
    """Draw the setting `name` beside the box that says whether it is used, grey if it is not."""
    row = layout.row(heading=heading)
    row.prop(chosen, f"use_{name}", text="")
    value = row.row()
    value.active = getattr(chosen, f"use_{name}")
    value.prop(chosen, name, text=text)


def draw_reset(layout: Any, context: bpy.types.Context, group: Group) -> None:
    """Draw a button that resets the group to the preset, if it differs."""
    if presets.is_changed(scene_settings.of_scene(context.scene), group):
        layout.operator("trellis2.reset_group", text="", icon="LOOP_BACK", emboss=False).group = group.upper()


def draw_parameters(layout: Any, context: bpy.types.Context, group: Group) -> None:
    """Draw the group's parameters from the table, with a dot beside each that differs from the last chosen preset."""
    chosen = scene_settings.of_scene(context.scene)
    for parameter in of_group(group):
        row = layout.row(align=True)
        row.active = parameter.name != "remesh_band" or getattr(chosen, "remesh")  # noqa: B009 - made from the table
        row.prop(chosen, parameter.name)
        row.label(icon="DOT" if presets.differs(chosen, parameter) else "BLANK1")


def draw_placement(layout: Any, context: bpy.types.Context) -> None:
    """Draw the settings of the placement."""
    chosen = scene_settings.of_scene(context.scene)
    layout.prop(chosen, "place")
    if chosen.place == "PICTURE":
        layout.prop(chosen, "use_projection")
    _draw_option(layout, chosen, "Size", "size", "Meters")
    layout.prop(chosen, "use_ground")
    layout.prop(chosen, "collection")
    layout.prop(chosen, "textures")
