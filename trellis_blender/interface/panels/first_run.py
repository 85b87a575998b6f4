# SPDX-License-Identifier: GPL-3.0-or-later
"""The first run: no key yet, the test of a key, no online access; and refusals with their remedies."""

from __future__ import annotations

from typing import Any

import bpy

from ...core.errors import Remedy
from ...core.request.account import TEAM_PAGE
from ...settings import preferences
from ..at_need import imported, session
from .sidebar import BUTTON_PIXELS, draw_dismissible, draw_remedy, draw_text

UNIT = "CU are compute units, Scenario's credits. Enter what one costs to see prices in money too."
MOVED = "Your key is in a file of its own now. Save the preferences, which still hold it, to take it out of them."
# Each fits one line of a sidebar that is 200 pixels wide.
WELCOME = ("Scenario makes models.", "Each costs credits (CU).", "You need an API key.")


def draw_first_run(layout: Any, context: bpy.types.Context) -> bool:
    """Draw what the artist has to do before the first model. Return whether to draw nothing else."""
    if not all(preferences.key_and_secret(preferences.values())):
        _draw_welcome(layout, context)
        return True
    problem = preferences.problem()
    if problem is not None:
        draw_text(layout, context, problem.sentence, "ERROR")
        draw_remedy(layout, problem.remedy)
        return True
    if preferences.TRELLIS2_AP_preferences.page.is_untested:
        session.later(session.test_entered_key)
    draw_connection(layout, context)
    kept = context.preferences
    assert kept is not None
    # Blender's saved preferences hold a key that has moved, and it does not save them by itself.
    if preferences.key_file().is_moved and kept.is_dirty and not kept.use_preferences_save:
        draw_text(layout, context, MOVED, "INFO")
        layout.operator("wm.save_userpref")
    return False


def draw_connection(layout: Any, context: bpy.types.Context) -> None:
    """Draw the test of the connection: that it is under way, or its result."""
    answer = preferences.TRELLIS2_AP_preferences.page.answer
    if imported(session) and session.is_checking():
        draw_text(layout, context, "Testing the connection", "SORTTIME")
    elif answer is not None:
        draw_dismissible(layout, context, answer.sentence, preferences.answer_icon(answer))
        if answer.remedy is not Remedy.NONE:
            draw_remedy(layout, answer.remedy)
        elif not answer.is_well:
            layout.operator("trellis2.test_connection", icon="LINKED")


def draw_refusal(layout: Any, context: bpy.types.Context) -> None:
    """Draw why the artist's last request was refused, with its remedy."""
    refusal = session.state().messages.refusal if imported(session) else None
    if refusal is None or preferences.problem() is not None:
        return
    draw_dismissible(layout, context, refusal.sentence, "ERROR")
    if refusal.remedy is not Remedy.OPAQUE:  # the refusal does not know its picture; the preview has the button
        draw_remedy(layout, refusal.remedy)


def draw_unit(layout: Any, context: bpy.types.Context) -> None:
    """Draw what “CU” means, below the first price, with a button to enter what one costs."""
    row = layout.row()
    draw_text(row.column(), context, UNIT, "INFO", beside=BUTTON_PIXELS)
    row.operator("trellis2.open_preferences", text="", icon="PREFERENCES", emboss=False)


def _draw_welcome(layout: Any, context: bpy.types.Context) -> None:
    trouble = preferences.key_file().trouble
    if trouble:
        draw_text(layout, context, trouble, "ERROR")
    column = layout.column(align=True)
    for line in () if trouble else WELCOME:
        draw_text(column, context, line, "NONE")
    layout.operator("wm.url_open", text="Get a Key", icon="URL").url = TEAM_PAGE
    layout.operator("trellis2.enter_key", text="Enter Key", icon="KEYINGSET")
