# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of all steps that a model can go through, and how the results of the plainer ones arrive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import bpy
from mathutils import Matrix, Vector

from ...core.errors import Remedy, Text, TrellisError, blenders_words
from ...host.translation import translated
from ..pictured import projecting
from . import handover, nodes
from .game_ready import ends as game_ready

if TYPE_CHECKING:
    from .mesh_arrays import Arrays
    from .work import Arriving, Order, Result, Room

PROGRAM = Path(__file__).with_name("program.py")
MEMORY_MAXIMUM = 16 * 2**30  # bytes
NO_3MF = (
    "This Blender has no exporter for 3MF. Install an extension that has one, such as 3MF format, or choose STL, then "
    "try again."
)
# Modifiers that leave the shape as it is.
SHAPELESS = frozenset({"DATA_TRANSFER", "NORMAL_EDIT", "UV_PROJECT", "UV_WARP", "WEIGHTED_NORMAL"})
SMOOTH = "smooth_by_angle"  # Blender's own group of nodes behind “Shade Auto Smooth”


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


def _print_size(obj: bpy.types.Object) -> int:
    """Return how many bytes `take_mesh` needs. Raises TrellisError if something of the model would be lost."""
    for modifier in obj.modifiers:
        group = getattr(modifier, "node_group", None)
        group_name = group.name.lower().replace(" ", "_") if group is not None else ""
        if modifier.show_viewport and modifier.type not in SHAPELESS and not group_name.startswith(SMOOTH):
            sentence = "“{name}” has modifiers, which would be lost. Apply or remove them, then try again."
            raise TrellisError(Text(sentence, name=obj.name))
    return handover.mesh_size(obj)


def _print(order: Order, obj: bpy.types.Object, result: Result) -> Arriving:
    """Put the copy where the model stands, with what keeps it from being printed selected. Return the sentence."""
    name, numbers, count = obj.name, result.numbers, int(result.arrays["doubtful"].sum())
    copy = yield from handover.stand_in(order, obj, result, "Print")
    copy.matrix_world = Matrix.Translation(Vector(result.arrays["foot"].tolist()))
    bpy.ops.ed.undo_push(message=translated("Print Ready"))
    if order.settings["format"] == "3MF":
        _write_3mf(copy, Path(order.settings["folder"], f"{order.settings['name']}.3mf"))
    sentence = "“{name}” is ready to print: {size} mm, {volume} cm³, {weight} g, closed and without faults."
    if count:
        sentence = (
            "“{name}” may not print: open edges {open}, edges of more than two faces {crowded}, flipped {flipped}, "
            "faces that cut through others {crossing}. The {count} faces are selected in Edit Mode. {size} mm, "
            "{volume} cm³, {weight} g."
        )
    return Text(
        sentence,
        name=name,
        size=" × ".join(f"{side:.1f}" for side in numbers["size_mm"]),
        volume=f"{numbers['volume_cm3']:.1f}",
        weight=f"{numbers['grams']:.0f}",
        open=f"{numbers['open_edges']:,}",
        crowded=f"{numbers['crowded_edges']:,}",
        flipped=f"{numbers['flipped_edges']:,}",
        crossing=f"{numbers['crossing_faces']:,}",
        count=f"{count:,}",
    )


def exporter_of_3mf() -> Any:
    """Return the operator with which an extension of this Blender exports 3MF. Raises TrellisError if none does."""
    operators: Any = bpy.ops
    if "threemf" not in dir(operators.export_mesh):
        raise TrellisError(NO_3MF, remedy=Remedy.NONE)
    return operators.export_mesh.threemf


def _write_3mf(copy: bpy.types.Object, file: Path) -> None:
    """Write the copy with the extension's exporter, which this Blender alone has. Raises TrellisError."""
    layer: Any = bpy.context.view_layer
    before = [obj for obj in layer.objects if obj.select_get()]
    for obj in layer.objects:
        obj.select_set(obj == copy)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        exporter_of_3mf()(filepath=str(file), use_selection=True)
    except (RuntimeError, OSError) as error:
        reason = blenders_words(str(error))
        raise TrellisError(
            Text("The model could not be exported: {reason}. Try another format.", reason=reason), remedy=Remedy.NONE
        ) from error
    finally:
        for obj in layer.objects:
            obj.select_set(obj in before)


STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "solid": Step("Make Solid", 900.0, handover.take_mesh, _solid, handover.mesh_size),
        "game_ready": Step("Game Ready", 3600.0, handover.take_blend, game_ready.arrive, ended=game_ready.ended),
        "export": Step("Export", 900.0, handover.take_blend, _export),
        "print": Step("Print Ready", 900.0, handover.take_mesh, _print, _print_size),
        "light": Step("Take Out Light", 300.0, handover.take_blend, _light),
        "project": Step(projecting.LABEL, 300.0, handover.take_shape, projecting.arrive, handover.shape_size),
    }
)
