# SPDX-License-Identifier: GPL-3.0-or-later
"""The price on the button, and the question before anything above the artist's limit."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.errors import AccountError, OnlineAccessError, Text
from ..core.request.parameters import TABLE, Value
from ..settings import preferences
from ..settings import scene as scene_settings
from .at_need import begin_soon, job_words, running, session


def words(chosen: scene_settings.TRELLIS2_PG_settings) -> str:
    """Return the button's label: “Generate”, with the price if it is known. For draw functions.

    Asks for a missing price in the background.
    """
    cost = cost_shown(chosen)
    if cost is None:
        return "Generate"
    if chosen.variations == 1:
        return Text("Generate · {cost}", cost=cost_words(cost))
    return Text(
        "Generate {variations} · {cost}", variations=chosen.variations, cost=cost_words(cost * chosen.variations)
    )


def cost_words(cost: float) -> str:
    """Return an amount of compute units, with what it costs in money if the artist has entered what one costs."""
    amount, currency = preferences.money(cost)
    if not amount:
        return job_words.cost_words(cost)
    if not currency:
        return Text("{number} CU ({amount})", number=job_words.number(cost), amount=amount)
    return Text("{number} CU ({amount} {currency})", number=job_words.number(cost), amount=amount, currency=currency)


def is_first() -> bool:
    """Return whether the artist sees a price, and has never generated yet: then a job's error needs the room."""
    known = running()
    if known is None or not known.is_loaded:
        return False
    return bool(known.prices.costs) and not known.jobs and not known.spending.months


def cost_shown(chosen: scene_settings.TRELLIS2_PG_settings) -> float | None:
    """Return the price of one model as the panel is set, in compute units; None until it is known.

    Asks for it if possible, and starts a session for that if there is none yet.
    """
    try:
        key = preferences.online_account(), scene_settings.held_values(chosen)
    except (AccountError, OnlineAccessError):
        return None
    known = running()
    if known is None:
        begin_soon()
        return None
    cost = known.prices.costs.get(key)
    if cost is None and known.prices.want(key):
        session.start()  # the session runs, but its timer may not
    return cost


def cost_of(values: Mapping[str, Value]) -> float | None:
    """Return the price of a model with these parameters, in compute units; None until it is known."""
    known = running()
    if known is None or known.account is None:
        return None
    key = tuple(scene_settings.held(parameter, values[parameter.name]) for parameter in TABLE)
    return known.prices.costs.get((known.account, key))


def objection(cost: float | None) -> str:
    """Return the question to ask before `cost` compute units are spent, empty if none is necessary."""
    limit = preferences.values().price_limit
    if not limit:
        return ""
    if cost is None:
        return "The price is not known. Go on anyway?"
    if cost > limit:
        return Text(
            "This costs {cost}, more than your limit of {limit}. Go on anyway?",
            cost=cost_words(cost),
            limit=cost_words(limit),
        )
    return ""
