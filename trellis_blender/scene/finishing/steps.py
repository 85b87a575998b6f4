# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of all steps that a model can go through, and how the results of the plainer ones arrive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import bpy

from ...core.errors import Text
from ...host.translation.translation import translated
from ..pictured import projecting
from . import handover, nodes
from .game_ready import ends as game_ready
from .printing import ends as printing

if TYPE_CHECKING:
    from ...core.errors import TrellisError
    from .mesh_arrays import Arrays
    from .work import Arriving, Order, Result, Room

PROGRAM = Path(__file__).with_name("program.py")
MEMORY_MAXIMUM = 16 * 2**30  # bytes


@dataclass(frozen=True)
class Step:
    """A step: its label, and the two ends of it on the main thread. `program.HANDLERS` has what lies between.

    `take`: returns what the step needs of the model, in the room that was made for it; it may write more into the
    step's folder. `size`: returns how many bytes of room that takes, None: it is taken at the click, without any.
    Both may raise a TrellisError. `arrive`: puts the result into the scene as one undo step, and returns the sentence
    that says in numbers what was done; if that would keep Blender too long, it takes several ticks, and yields after
    each. `seconds`: how long it may take. `ended`: returns what to say if the background Blender does not come back;
    None: what is always said then.
    """

    label: str
    seconds: float
    take: Callable[[bpy.types.Object, Path, Room], Arrays]
    arrive: Callable[[Order, bpy.types.Object, Result], str | Arriving]
    size: Callable[[bpy.types.Object], int] | None = None
    ended: Callable[[Mapping[str, Any]], TrellisError | None] = lambda _settings: None


def _solid(order: Order, obj: bpy.types.Object, result: Result) -> Arriving:
    """Put the mended copy where the model stands, or only select what the artist has to judge. Return the sentence."""
    numbers, doubtful = result.numbers, result.arrays["doubtful"]
    given = {"name": obj.name, "count": f"{int(doubtful.sum()):,}"}
    if "positions" not in result.arrays:
        mesh = cast(bpy.types.Mesh, obj.data)
        if not doubtful.any() or len(doubtful) != len(mesh.polygons):
            return Text("“{name}” is sound: there was nothing to mend.", **given)
        handover.select(mesh, doubtful)
        bpy.ops.ed.undo_push(message=translated("Make Solid"))
        return Text(
            "Nothing of “{name}” was changed. {count} faces are yours to judge: they are selected in Edit Mode.",
            **given,
        )
    yield from handover.stand_in(order, obj, result, "Solid")
    bpy.ops.ed.undo_push(message=translated("Make Solid"))
    sentence = (
        "“{name}” is mended: hidden faces removed {hidden}, loose bits {bits}, faces turned {turned}, "
        "holes closed {holes}."
    )
    if doubtful.any():
        sentence = (
            "“{name}” is mended: hidden faces removed {hidden}, loose bits {bits}, faces turned {turned}, "
            "holes closed {holes}. {count} faces are yours to judge: they are selected in Edit Mode."
        )
    return Text(
        sentence,
        **given,
        hidden=f"{numbers['hidden_faces']:,}",
        bits=f"{numbers['loose_parts']:,}",
        turned=f"{numbers['flipped_faces']:,}",
        holes=f"{numbers['closed_holes']:,}",
    )


def _export(order: Order, _obj: bpy.types.Object, result: Result) -> str:
    """Return the sentence. Nothing in the scene changes."""
    numbers = result.numbers
    sentence = "Exported {file}, {size} MB, to “{folder}”."
    if numbers["baked"]:
        sentence = (
            "Exported {file}, {size} MB, to “{folder}”. What the nodes of Material Sanity and of a projected picture "
            "do is baked into it (new images: {count}); your material keeps them."
        )
    folder, size = order.settings["folder"], f"{numbers['bytes'] / 1e6:.1f}"
    return Text(sentence, file=numbers["main"], folder=folder, size=size, count=numbers["baked"])


def _light(order: Order, obj: bpy.types.Object, result: Result) -> str:
    """Put in the nodes, as one undo step. Return the sentence that says how much light there was."""
    found, shares = result.numbers["light"], [0.0]
    for material in nodes.materials(obj):
        if material.name in found:
            *vectors, share = found[material.name]
            nodes.set_light(material, vectors, order.settings["amount"])
            shares.append(share)
    bpy.ops.ed.undo_push(message=translated("Material Sanity"))
    return Text(
        "{share} % of the light and dark in the colors of “{name}” is painted light. The slider takes it out.",
        share=round(100 * max(shares)),
        name=obj.name,
    )


STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "solid": Step("Make Solid", 900.0, handover.take_mesh, _solid, handover.mesh_size),
        "game_ready": Step("Game Ready", 3600.0, handover.take_blend, game_ready.arrive, ended=game_ready.ended),
        "export": Step("Export", 900.0, handover.take_blend, _export),
        "print": Step("Print Ready", 900.0, handover.take_mesh, printing.arrive, printing.size),
        "light": Step("Take Out Light", 300.0, handover.take_blend, _light),
        "project": Step(projecting.LABEL, 300.0, handover.take_shape, projecting.arrive, handover.shape_size),
    }
)
