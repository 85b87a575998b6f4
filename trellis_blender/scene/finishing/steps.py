# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of all steps that a model can go through. A row is all that the queue needs to know of a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import bpy

from ..pictured import projecting
from . import blend, handover, solid
from .exporting import arrive as exporting
from .game_ready import ends as game_ready
from .material_sanity import arrive as material_sanity
from .printing import ends as printing

if TYPE_CHECKING:
    from ...core.errors import TrellisError
    from .handover import Arrays
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


def _mesh(obj: bpy.types.Object, _folder: Path, room: Room) -> Arrays:
    return handover.taken(obj, room)


def _blend(obj: bpy.types.Object, folder: Path, _room: Room) -> Arrays:
    return blend.taken(obj, folder)


STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "solid": Step("Make Solid", 900.0, _mesh, solid.arrive, handover.size),
        "game_ready": Step("Game Ready", 3600.0, _blend, game_ready.arrive, ended=game_ready.ended),
        "export": Step("Export", 900.0, _blend, exporting.arrive),
        "print": Step("Print Ready", 900.0, printing.taken, printing.arrive, printing.size),
        "light": Step("Take Out Light", 300.0, _blend, material_sanity.arrive),
        "project": Step(projecting.LABEL, 300.0, projecting.take, projecting.arrive, handover.shape_size),
    }
)
