# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the nodes that take out the light into the model's materials, now that the light is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ....core.errors import Text
from ....host.translation import translated
from . import nodes

if TYPE_CHECKING:
    from ..work import Order, Result


def arrive(order: Order, obj: bpy.types.Object, result: Result) -> str:
    """Put in the nodes, as one undo step. Return the sentence that says how much light there was."""
    found, shares = result.numbers["light"], []
    for material in nodes.materials(obj):
        if material.name in found:
            *vectors, share = found[material.name]
            nodes.set_light(material, vectors, order.settings["amount"])
            shares.append(share)
    bpy.ops.ed.undo_push(message=translated("Material Sanity"))
    share = round(100 * max(shares, default=0.0))
    return Text(
        "{share} % of the light and dark in the colors of “{name}” is painted light. The slider takes it out.",
        share=share,
        name=obj.name,
    )
