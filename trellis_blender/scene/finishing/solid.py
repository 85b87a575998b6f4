# SPDX-License-Identifier: GPL-3.0-or-later
"""Make Solid: what came of it goes into the scene, or the artist hears that nothing was to be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from ...core.errors import Text
from ...host.translation import translated
from . import handover
from .copies import stand_in

if TYPE_CHECKING:
    from .work import Arriving, Order, Result


def arrive(order: Order, obj: bpy.types.Object, result: Result) -> Arriving:
    """Put the mended copy where the model stands, or only select what the artist has to judge. Return the sentence."""
    mesh: Any = obj.data
    numbers, doubtful = result.numbers, result.arrays["doubtful"]
    name, is_doubtful = obj.name, bool(doubtful.any())
    count = f"{int(doubtful.sum()):,}"
    if "positions" not in result.arrays:
        if not is_doubtful or len(doubtful) != len(mesh.polygons):
            return Text("“{name}” is sound: there was nothing to mend.", name=name)
        handover.select(mesh, doubtful)
        bpy.ops.ed.undo_push(message=translated("Make Solid"))
        return Text(
            "Nothing of “{name}” was changed. {count} faces are yours to judge: they are selected in Edit Mode.",
            name=name,
            count=count,
        )
    made = yield from handover.mesh_of(result.arrays, mesh)
    if is_doubtful:
        handover.select(made, doubtful)
    stand_in(obj, made, "Solid", {"step": order.step, **order.settings, **numbers})
    bpy.ops.ed.undo_push(message=translated("Make Solid"))
    hidden, bits = f"{numbers['hidden_faces']:,}", f"{numbers['loose_parts']:,}"
    turned, holes = f"{numbers['flipped_faces']:,}", f"{numbers['closed_holes']:,}"
    if is_doubtful:
        return Text(
            "“{name}” is mended: hidden faces removed {hidden}, loose bits {bits}, faces turned "
            "{turned}, holes closed {holes}. {count} faces are yours to judge: they are selected in Edit "
            "Mode.",
            name=name,
            hidden=hidden,
            bits=bits,
            turned=turned,
            holes=holes,
            count=count,
        )
    return Text(
        "“{name}” is mended: hidden faces removed {hidden}, loose bits {bits}, faces turned "
        "{turned}, holes closed {holes}.",
        name=name,
        hidden=hidden,
        bits=bits,
        turned=turned,
        holes=holes,
    )
