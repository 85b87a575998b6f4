# SPDX-License-Identifier: GPL-3.0-or-later
"""Find room beside the other models of the same picture: all of them would stand in one and the same place."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import bpy
from mathutils import Matrix, Vector

from .. import recipe

GAP = 0.25  # of the model's width, between two models
TOUCH = 0.02  # of the model's extent: what overlaps by less only touches
PICTURE = f"{recipe.PREFIX}picture_sha256"


def moved_aside(obj: bpy.types.Object, matrix: Matrix, right: Vector, *, ignored: Collection[int] = ()) -> Matrix:
    """Return the matrix moved along `right` until the model overlaps no other one of its picture.

    `matrix`: where the model would stand. `ignored`: the `session_uid`s of models that will move as well.
    """
    axes = _axes(right)
    own = _extent(obj, matrix, axes)
    scene: Any = bpy.context.scene
    others = [
        _extent(other, other.matrix_world, axes)
        for other in scene.objects
        if other != obj and other.session_uid not in ignored and _is_of_same_picture(obj, other)
    ]
    width, shift = own[1][0] - own[0][0], 0.0
    for low, high in sorted(others, key=lambda extent: extent[0][0]):
        if _overlap(own, (low, high), shift):
            shift = high[0] + GAP * width - own[0][0]
    return Matrix.Translation(axes[0] * shift) @ matrix


def _is_of_same_picture(obj: bpy.types.Object, other: bpy.types.Object) -> bool:
    picture = obj.get(PICTURE)
    return picture is not None and other.get(PICTURE) == picture and other.type == "MESH" and other.visible_get()


def _axes(right: Vector) -> tuple[Vector, Vector, Vector]:
    """Return three axes of the world at right angles: to the right in the picture, away from the camera, and up."""
    flat = Vector((right.x, right.y, 0.0))
    across = flat.normalized() if flat.length > 1e-3 else Vector((1.0, 0.0, 0.0))
    return across, Vector((-across.y, across.x, 0.0)), Vector((0.0, 0.0, 1.0))


Extent = tuple[list[float], list[float]]


def _extent(obj: bpy.types.Object, matrix: Matrix, axes: tuple[Vector, Vector, Vector]) -> Extent:
    """Return how far the object reaches along the axes: the least and the largest values."""
    corners = [matrix @ Vector(corner) for corner in obj.bound_box]
    reach = [[corner.dot(axis) for corner in corners] for axis in axes]
    return [min(values) for values in reach], [max(values) for values in reach]


def _overlap(own: Extent, other: Extent, shift: float) -> bool:
    for axis, moved in enumerate((shift, 0.0, 0.0)):
        touch = TOUCH * (own[1][axis] - own[0][axis])
        is_clear = own[1][axis] + moved <= other[0][axis] + touch or other[1][axis] <= own[0][axis] + moved + touch
        if is_clear:
            return False
    return True
