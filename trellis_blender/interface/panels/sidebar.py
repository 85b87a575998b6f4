# SPDX-License-Identifier: GPL-3.0-or-later
"""What all our panels share: sentences wrapped to the sidebar's width, and the buttons that fix a failure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import bpy

from ...core.errors import Remedy
from ...core.request.account import TEAM_PAGE, WEB_PAGE
from ...host.translation import translated
from ...settings import preferences
from ..at_need import session

if TYPE_CHECKING:
    from ...core.job.job import Job

# The operator of each remedy, its label and icon, and its properties.
REMEDIES: Mapping[Remedy, tuple[str, str, str, Mapping[str, Any]]] = {
    Remedy.KEY: ("trellis2.enter_key", "Enter Key", "KEYINGSET", {}),
    Remedy.PREFERENCES: ("trellis2.open_preferences", "Open Preferences", "PREFERENCES", {}),
    Remedy.ONLINE_ACCESS: ("trellis2.allow_online_access", "Allow Online Access", "INTERNET", {}),
    Remedy.CREDITS: ("wm.url_open", "Buy Credits", "URL", {"url": TEAM_PAGE}),
    Remedy.SETTINGS: ("trellis2.use_settings", "Use Settings", "PRESET", {}),
    Remedy.PICTURE: ("trellis2.use_file", "Change Picture", "FILE_IMAGE", {}),
    Remedy.OPAQUE: ("trellis2.send_opaque", "Send Without Transparency", "IMAGE_RGB", {}),
    Remedy.RENDER: ("render.render", "Render Image", "RENDER_STILL", {"use_viewport": True}),
    Remedy.FOLDER: ("trellis2.open_folder", "Open Folder", "FILE_FOLDER", {}),
    Remedy.SCENARIO: ("wm.url_open", "Look at Scenario", "URL", {"url": WEB_PAGE}),
    Remedy.IMPORTER: ("preferences.addon_enable", "Enable Importer", "CHECKBOX_HLT", {"module": "io_scene_gltf2"}),
    Remedy.UPDATE: ("screen.userpref_show", "Open Extensions", "PREFERENCES", {"section": "EXTENSIONS"}),
    Remedy.LIBRARIES: ("screen.userpref_show", "Open File Paths", "PREFERENCES", {"section": "FILE_PATHS"}),
    Remedy.TRIANGLES: ("trellis2.use_triangles", "Use Triangles", "MESH_DATA", {}),
}
_WIDE = "\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef"
_CLOSING = "\u3001\u3002\u300d\u300f\u30fc\uff01\uff09\uff1a\uff1f"
_FIRST_WIDE = "\u2e80"  # no character below this is wide or closes something
# These act on the failed job; without a job, only the first makes sense.
OF_A_JOB = (Remedy.FOLDER, Remedy.SETTINGS, Remedy.OPAQUE)
UNBROKEN = "\u00a0"  # the no-break space
DOT = " ·"  # between two facts
CHARACTER_PIXELS = 6.3  # of Blender's default font at a resolution scale of 1, measured on screen
BUTTON_PIXELS = 26
FEWEST_CHARACTERS = 10  # in a line, however narrow the sidebar is: “generation” has so many


def draw_remedy(layout: Any, remedy: Remedy, job_id: str = "") -> None:
    """Draw the button that fixes a failure, if there is one. `job_id`: the failed job, empty if there is none."""
    if remedy not in REMEDIES or (remedy is Remedy.SETTINGS and not job_id):
        return
    operator, label, icon, properties = REMEDIES[remedy]
    if remedy is Remedy.FOLDER and not job_id:
        operator, label = "trellis2.open_jobs_folder", "Open Jobs Folder"
    button = layout.operator(operator, text=label, icon=icon)
    for name, value in properties.items():
        setattr(button, name, value)
    if job_id and remedy in OF_A_JOB:
        button.job_id = job_id


def remedy_of(job: Job) -> Remedy:
    """Return the remedy for the job's failure, or for what keeps it waiting."""
    state = session.running()
    if job.remedy is Remedy.OPAQUE and (state is None or job.id not in state.refused):
        return Remedy.NONE
    if job.message or not job.trouble:
        return job.remedy
    problem = preferences.problem()
    is_that = problem is not None and problem.sentence == job.trouble
    return problem.remedy if problem is not None and is_that else job.trouble_remedy


def draw_dismissible(layout: Any, context: bpy.types.Context, sentence: str, icon: str) -> None:
    """Draw a sentence with a button that dismisses it."""
    row = layout.row()
    draw_text(row.column(), context, sentence, icon, beside=BUTTON_PIXELS)
    row.operator("trellis2.dismiss", text="", icon="X", emboss=False)


def draw_picture_button(layout: Any, icon: int, units: float, operator: str, *, is_pressed: bool = False) -> Any:
    """Draw a picture that can be clicked, `units` of Blender's interface high. Return the operator's properties.

    Blender has no button with a large picture. So the button is drawn first, in a row that says it has no height; the
    picture then comes to lie over it. Blender gives a picture's clicks to the button below, as it does with labels.
    """
    stack = layout.column(align=True)
    flat = stack.column()
    flat.ui_units_y = 0.01  # 0 means: as high as what is in it
    button = flat.column()
    button.scale_y = units
    pressed = button.operator(operator, text="", depress=is_pressed)
    stack.template_icon(icon, scale=units)
    return pressed


def ui_scale(context: bpy.types.Context) -> float:
    """Return the pixels of this screen per pixel at a resolution scale of 1."""
    assert context.preferences is not None
    return context.preferences.system.ui_scale


def sidebar_width(context: bpy.types.Context) -> float:
    """Return the sidebar's width in pixels at a resolution scale of 1."""
    assert context.region is not None
    return context.region.width / ui_scale(context)


def draw_text(layout: Any, context: bpy.types.Context, sentence: str, icon: str, *, beside: int = 0) -> None:
    """Draw a sentence, wrapped to the sidebar's width. `beside`: pixels of that width for other elements."""
    width = sidebar_width(context) - beside - (48 if icon == "NONE" else 68)
    lines = wrapped(translated(sentence), max(FEWEST_CHARACTERS, int(width / CHARACTER_PIXELS)))
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(lines):
        column.label(text=line, icon=icon if number == 0 or icon == "NONE" else "BLANK1")


def _pieces(sentence: str) -> list[tuple[str, str]]:
    """Split a sentence into pairs of white space and a word or wide character, with its closing characters.

    A no-break space is part of its word.
    """
    if max(sentence, default="") < _FIRST_WIDE:
        return re.findall(r"([ \t\n]*)([^ \t\n]+)", sentence)
    # Compiling this pattern takes 4 ms, once, and most languages do not need it.
    return re.findall(rf"([ \t\n]*)((?:[{_WIDE}]|[^ \t\n{_WIDE}]+)[{_CLOSING}]*)", sentence)


def wrapped(sentence: str, characters: int) -> list[str]:
    """Return the sentence in lines of at most that many characters, more only for a longer word.

    A Chinese or Japanese character counts as two. A line may end after each, but not before a closing character. The
    dot between two facts is left out where a new line parts them.
    """
    lines, length = [""], 0
    for space, piece in _pieces(sentence):
        width = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in piece)
        if lines[-1] and length + bool(space) + width > characters:
            lines[-1] = lines[-1].removesuffix(DOT)
            lines.append("")
            length = 0
            if piece == DOT.strip():
                continue
        gap = " " if space and lines[-1] else ""
        lines[-1] += gap + piece
        length += len(gap) + width
    return [line.replace(UNBROKEN, " ") for line in lines]
