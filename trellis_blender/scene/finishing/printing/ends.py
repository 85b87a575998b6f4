# SPDX-License-Identifier: GPL-3.0-or-later
"""The two ends of Print Ready on the main thread: the mesh as it stands in the world, and the copy in its place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from mathutils import Matrix, Vector

from ....core.errors import Remedy, Text, TrellisError, blenders_words
from ....host.translation.translation import translated
from .. import handover

if TYPE_CHECKING:
    from ..work import Arriving, Order, Result

NO_3MF = (
    "This Blender has no exporter for 3MF. Install an extension that has one, such as 3MF format, or choose STL, then "
    "try again."
)
# Modifiers that leave the shape as it is.
SHAPELESS = frozenset({"DATA_TRANSFER", "NORMAL_EDIT", "UV_PROJECT", "UV_WARP", "WEIGHTED_NORMAL"})
SMOOTH = "smooth_by_angle"  # Blender's own group of nodes behind “Shade Auto Smooth”


def has_3mf() -> bool:
    """Return whether an extension of this Blender exports 3MF."""
    operators: Any = bpy.ops
    return "threemf" in dir(operators.export_mesh)


def size(obj: bpy.types.Object) -> int:
    """Return how many bytes `take_mesh` needs. Raises TrellisError if something of the model would be lost."""
    for modifier in obj.modifiers:
        group = getattr(modifier, "node_group", None)
        nodes = group.name.lower().replace(" ", "_") if group is not None else ""
        if modifier.show_viewport and modifier.type not in SHAPELESS and not nodes.startswith(SMOOTH):
            sentence = "“{name}” has modifiers, which would be lost. Apply or remove them, then try again."
            raise TrellisError(Text(sentence, name=obj.name))
    return handover.mesh_size(obj)


def arrive(order: Order, obj: bpy.types.Object, result: Result) -> Arriving:
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


def _write_3mf(copy: bpy.types.Object, file: Path) -> None:
    """Write the copy with the extension's exporter, which this Blender alone has. Raises TrellisError."""
    layer = bpy.context.view_layer
    assert layer is not None
    before = [obj for obj in layer.objects if obj.select_get()]
    for obj in layer.objects:
        obj.select_set(obj == copy)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        operators: Any = bpy.ops
        if not has_3mf():
            raise TrellisError(NO_3MF, remedy=Remedy.NONE)
        operators.export_mesh.threemf(filepath=str(file), use_selection=True)
    except (RuntimeError, OSError) as error:
        reason = blenders_words(str(error))
        raise TrellisError(
            Text("The model could not be exported: {reason}. Try another format.", reason=reason), remedy=Remedy.NONE
        ) from error
    finally:
        for obj in layer.objects:
            obj.select_set(obj in before)
