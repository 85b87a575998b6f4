# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a model in the place of its block-out: the objects that were selected when its picture was taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import bpy
from mathutils import Matrix, Vector

from ...core.picture.viewpoint import Viewpoint
from .. import asset, placeholder
from ..place import SOLID, bounds, foot, moved

COLLECTION = "Block-Out"


def of(viewpoint: Viewpoint | None) -> list[bpy.types.Object]:
    """Return the objects of the block-out that still stand in the scene, none if nothing was selected."""
    scene: Any = bpy.context.scene
    names = viewpoint.selected if viewpoint is not None and scene is not None else ()
    found = [scene.objects[name] for name in names if name in scene.objects]
    return [each for each in found if each.type in SOLID and not asset.is_model(each) and not _is_kept(each)]


def replace(obj: bpy.types.Object, matrix: Matrix, parts: Sequence[bpy.types.Object], *, is_fitted: bool) -> None:
    """Put the model in the place of these parts, and hide those. It makes no undo step. The model has their parent.

    `is_fitted`: the matrix is where the picture shows the model, as far away as the parts. If not, it only tells the
    turn, and the model has the parts' largest dimension, their middle and their base.
    """
    low, high = _bounds((part, part.matrix_world) for part in parts)
    own_low, own_high = _bounds([(obj, matrix)])
    factor = max((high - low).to_tuple()) / max(1e-9, *(own_high - own_low).to_tuple())
    boxed = moved(foot(own_low, own_high), foot(low, high), factor) @ matrix
    parents = {part.parent for part in parts} - set(parts)
    parent = next(iter(parents)) if len(parents) == 1 else None
    if parent is not None and parent != obj:
        obj.parent = parent
        obj.matrix_parent_inverse = parent.matrix_world.inverted_safe()
    obj.matrix_world = matrix if is_fitted else boxed
    _put_away(parts)


def _bounds(stands: Iterable[tuple[bpy.types.Object, Matrix]]) -> tuple[Vector, Vector]:
    return bounds(matrix @ Vector(corner) for obj, matrix in stands for corner in obj.bound_box)


def _is_kept(obj: bpy.types.Object) -> bool:
    return any(each.name.split(".")[0] == COLLECTION for each in obj.users_collection)


def _put_away(parts: Sequence[bpy.types.Object]) -> None:
    """Move the parts to the collection “Block-Out”, which neither the viewport nor a render shows."""
    scene: Any = bpy.context.scene
    kept = next((each for each in scene.collection.children if each.name.split(".")[0] == COLLECTION), None)
    if kept is None or kept.library is not None:
        kept = bpy.data.collections.new(COLLECTION)
        scene.collection.children.link(kept)
    kept.hide_viewport = kept.hide_render = True
    for part in parts:
        placeholder.relink(part, [kept])
