# SPDX-License-Identifier: GPL-3.0-or-later
"""The price on the button, and the question before anything dearer than the artist's limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import bpy

from ..core.errors import AccountError, OnlineAccessError
from ..core.request.parameters import TABLE, Value
from ..host.translation.translation import translated
from ..settings import preferences
from ..settings import scene as scene_settings
from .at_need import begin_soon, imported, job_words, session

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ..jobs.prices import Key

    Result = set[OperatorReturnItems]


def words(chosen: scene_settings.TRELLIS2_PG_settings) -> str:
    """What the button says: “Generate”, with the price where it is known. For draw functions; a price that is missing
    is asked for in the background.
    """
    cost = _look(scene_settings.held_values(chosen))
    if cost is None:
        return "Generate"
    if chosen.variations == 1:
        return f"Generate · {job_words.number(cost)} CU"
    return f"Generate {chosen.variations} · {job_words.number(cost * chosen.variations)} CU"


def cost_of(values: Mapping[str, Value]) -> float | None:
    """What a model with these parameters costs, in creative units; None while that is not known."""
    running = session.running() if imported(session) else None
    if running is None or running.account is None:
        return None
    key = tuple(scene_settings.held(parameter, values[parameter.name]) for parameter in TABLE)
    return running.prices.costs.get((running.account, key))


def objection(cost: float | None) -> str:
    """The question to ask before so many creative units are spent, empty where none is to be asked."""
    limit = preferences.price_limit()
    if not limit:
        return ""
    if cost is None:
        return "The price is not known. Go on anyway?"
    if cost > limit:
        return (
            f"This costs {job_words.number(cost)} CU, more than your limit of {job_words.number(limit)} CU."
            " Go on anyway?"
        )
    return ""


def question(count: int, cost: float | None) -> str:
    """The one question before `count` models are made of several files, which cost so many creative units together."""
    if cost is None:
        return f"Generate {count} models from these images?"
    return f"Generate {count} models from these images? This costs {job_words.number(cost)} CU."


def confirm(
    operator: bpy.types.Operator, context: bpy.types.Context, event: bpy.types.Event, text: str, yes: str = "Generate"
) -> Result:
    """Ask the artist, who may go on with the operator or not. `yes` is the button that goes on."""
    assert context.window_manager is not None
    return context.window_manager.invoke_confirm(
        operator, event, title=translated(operator.bl_label), message=translated(text), confirm_text=yes
    )


def _look(key: Key) -> float | None:
    """The price if it is known. Begins to ask for it if it can be asked, with a session if there is none yet."""
    try:
        account = preferences.online_account()
    except (AccountError, OnlineAccessError):
        return None
    running = session.running() if imported(session) else None
    if running is None:
        begin_soon()
        return None
    cost = running.prices.costs.get((account, key))
    if cost is None and running.prices.want((account, key)):
        session.start()  # it runs; its timer may not
    return cost
