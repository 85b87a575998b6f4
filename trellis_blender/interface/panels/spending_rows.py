# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws what Scenario charged: the newest month below the jobs, the older ones in a menu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy

from ...core.errors import Text
from ...core.job.spending import Month
from ...host.translation.translation import translated
from ...jobs import session
from ..price_tag import cost_words
from .sidebar import draw_text

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def draw_spending(layout: Any, context: bpy.types.Context) -> None:
    """Draw the newest month in which anything was charged, with a menu for the months before it."""
    months = _months()
    if months:
        row = layout.row()
        draw_text(row.column(), context, sentence(months[0]), "NONE")
        if len(months) > 1:
            row.menu("TRELLIS2_MT_months", text="", icon="DOWNARROW_HLT")


def _months() -> Sequence[Month]:
    running = session.running()
    return running.spending.months if running is not None else ()


def sentence(spent: Month) -> str:
    """Return a sentence such as “November 2026: 14 models, 168 CU”. The cost is also of jobs that made no model."""
    month, cost = MONTHS[spent.month - 1], cost_words(spent.cost)
    if spent.count == 0:
        return Text("{month} {year}: no model, {cost}", month=month, year=spent.year, cost=cost)
    if spent.count == 1:
        return Text("{month} {year}: 1 model, {cost}", month=month, year=spent.year, cost=cost)
    return Text("{month} {year}: {count} models, {cost}", month=month, year=spent.year, count=spent.count, cost=cost)


def draw_earlier_months(layout: Any) -> None:
    """List what was charged in the months before, the newest first."""
    for spent in _months()[1:]:
        layout.label(text=translated(sentence(spent)))
