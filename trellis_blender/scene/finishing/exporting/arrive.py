# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the artist what was exported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ....core.errors import Text

if TYPE_CHECKING:
    from ..work import Order, Result


def arrive(order: Order, _obj: bpy.types.Object, result: Result) -> str:
    """Return the sentence. Nothing in the scene changes."""
    numbers = result.numbers
    given = {
        "file": numbers["main"],
        "folder": order.settings["folder"],
        "size": f"{numbers['bytes'] / 1e6:.1f}",
    }
    if numbers["baked"]:
        return Text(
            "Exported {file}, {size} MB, to “{folder}”. What the nodes of Material Sanity and of a projected picture "
            "do is baked into it (new images: {count}); your material keeps them.",
            **given,
            count=numbers["baked"],
        )
    return Text("Exported {file}, {size} MB, to “{folder}”.", **given)
