# SPDX-License-Identifier: GPL-3.0-or-later
"""Find where models stand: at the chosen place, or beside what stands there; several of one action in a grid.

Only bounds are compared, which Blender keeps with each object: no mesh is evaluated. So a click takes the same moment
however large the meshes are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import bpy
from bpy_extras import view3d_utils
from mathutils import Matrix, Vector
from mathutils.geometry import intersect_line_plane

from ..settings import scene as scene_settings
from . import placeholder, recipe

# What can stand in the way. Lights, cameras and empties cannot, nor lattices that are not our placeholders.
SOLID = frozenset({"MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "POINTCLOUD", "VOLUME"})
# All in parts of a model's edge.
GAP = 0.25  # between a model and what it stands beside
TOUCH = 0.01  # what overlaps by less only touches
GROUND = 0.1  # what rises less above the base is ground to stand on
WIDE, ROOMY = 4.0, 2.0  # the widths of what surrounds the place: of a landscape, and of a room


def size_for(scene: bpy.types.Scene) -> placeholder.Size:
    """Return the size that the settings say."""
    chosen, meter = scene_settings.of_scene(scene), 1.0 / scene.unit_settings.scale_length
    return placeholder.Size(chosen.size * meter if chosen.use_size else None, meter, chosen.use_ground)


def places(
    context: bpy.types.Context, count: int, dropped: Vector | None = None, beside: Vector | None = None
) -> list[Vector]:
    """Return the locations of so many models of one action, in scene units: a grid, row by row.

    The first one stands where the artist `dropped` the pictures, else at `beside`, else where the settings say. If
    something stands there and nothing was dropped, all move along X to the first free place.
    """
    scene, layer = context.scene, context.view_layer
    assert scene is not None
    assert layer is not None
    size, first = size_for(scene), beside if dropped is None else dropped
    edge, columns = size.edge, math.ceil(math.sqrt(count))
    step, standing = (1 + GAP) * edge, Standing(layer)
    chosen = scene_settings.of_scene(scene).place
    if first is None and chosen == "SELECTION":
        first = standing.beside_selection(edge, size.base)
    if first is None:
        first = Vector() if chosen == "ORIGIN" else scene.cursor.location.copy()
    if dropped is None:
        rows = math.ceil(count / columns)
        low = first + Vector((-edge / 2, -edge / 2 - (rows - 1) * step, size.base))
        high = first + Vector((edge / 2 + (columns - 1) * step, edge / 2, size.base + edge))
        first = first + Vector((standing.shift(low, high, first, edge), 0.0, 0.0))
    return [first + Vector((number % columns * step, -(number // columns) * step, 0.0)) for number in range(count)]


def bounds(points: Iterable[Vector]) -> tuple[Vector, Vector]:
    """Return the lowest and the highest corner of some points."""
    axes = [*zip(*points, strict=True)]
    return Vector([min(axis) for axis in axes]), Vector([max(axis) for axis in axes])


def corners(obj: bpy.types.Object, matrix: Matrix) -> list[Vector]:
    """Return the corners of the object's bounds, moved by the matrix."""
    return [matrix @ Vector(corner) for corner in obj.bound_box]


def foot(low: Vector, high: Vector) -> Vector:
    """Return the middle of the bottom between these corners."""
    return Vector(((low.x + high.x) / 2, (low.y + high.y) / 2, low.z))


def moved(point: Vector, to: Vector, factor: float) -> Matrix:
    """Return the matrix that moves the point there, and scales around it."""
    return Matrix.Translation(to) @ Matrix.Scale(factor, 4) @ Matrix.Translation(-point)


def under_mouse(context: bpy.types.Context, x: int, y: int) -> Vector | None:
    """Return the point under the mouse in the current 3D viewport, in scene units: of a surface, else of the ground.

    `x`, `y`: pixels of the window. None if there is no viewport, or neither is there.
    """
    region, view = context.region, context.region_data
    if not isinstance(view, bpy.types.RegionView3D) or region is None or region.type != "WINDOW":
        return None
    scene, space = context.scene, context.space_data
    assert scene is not None
    assert isinstance(space, bpy.types.SpaceView3D)
    pixel = (x - region.x, y - region.y)
    origin = view3d_utils.region_2d_to_origin_3d(region, view, pixel)
    direction = view3d_utils.region_2d_to_vector_3d(region, view, pixel)
    is_hit, point, *_more = scene.ray_cast(context.evaluated_depsgraph_get(), origin, direction)
    if is_hit:
        return point.copy()
    ground: Any = intersect_line_plane(origin, origin + direction, Vector(), Vector((0.0, 0.0, 1.0)))
    is_seen = ground is not None and 0 < (ground - origin).dot(direction) < space.clip_end
    return Vector(ground) if is_seen else None


class Standing:
    """What stands in a view layer: the bounds of its solid objects and of our placeholders, in world space."""

    def __init__(self, layer: bpy.types.ViewLayer) -> None:
        import numpy as np

        self._layer, self._np = layer, np
        objects: Any = layer.objects
        self.objects: list[bpy.types.Object] = objects[:]
        count = len(self.objects)
        matrices, boxes = np.empty(count * 16, np.float32), np.empty(count * 24, np.float32)
        objects.foreach_get("matrix_world", matrices)
        objects.foreach_get("bound_box", boxes)
        worlds, points = matrices.reshape(count, 4, 4), boxes.reshape(count, 8, 3)  # matrices column by column
        low, high = points[:, 0], points[:, 6]  # opposite corners
        kinds = [obj.type for obj in self.objects]
        self.is_solid = np.fromiter((kind in SOLID for kind in kinds), bool, count)
        for number, kind in enumerate(kinds):
            if kind == "LATTICE" and placeholder.job_id(self.objects[number]):
                lattice: Any = self.objects[number].data  # Blender has no bounds of a new one yet
                own = np.array([point.co_deform for point in lattice.points])
                low[number], high[number], self.is_solid[number] = own.min(axis=0), own.max(axis=0), True
        self.origin = worlds[:, 3, :3]
        middle = self.origin + np.einsum("ni,nij->nj", (low + high) / 2, worlds[:, :3, :3])
        half = np.einsum("ni,nij->nj", (high - low) / 2, abs(worlds[:, :3, :3]))
        self.low, self.high = middle - half, middle + half

    def beside_selection(self, edge: float, base: float) -> Vector | None:
        """Return the location beside the selected objects, along X and on their base; None if none is selected.

        `edge`: the length of the model's edge. `base`: the height of its base above its location.
        """
        np = self._np
        chosen = np.fromiter((obj.select_get(view_layer=self._layer) for obj in self.objects), bool, len(self.objects))
        if not chosen.any():
            return None
        solid = chosen & self.is_solid
        reach = (self.low[solid], self.high[solid]) if solid.any() else (self.origin[chosen],) * 2
        low, high = reach[0].min(axis=0), reach[1].max(axis=0)
        return Vector((float(high[0]) + (GAP + 0.5) * edge, float(low[1] + high[1]) / 2, float(low[2]) - base))

    def shift(self, low: Vector, high: Vector, place: Vector, edge: float) -> float:
        """Return how far to move a block along X so that nothing stands in it, in scene units.

        `low`, `high`: its corners. `place`: where its first model shall stand, with that length of `edge`.
        """
        np = self._np
        touch = TOUCH * edge
        is_near = self.is_solid & (self.high[:, 2] > low.z + GROUND * edge) & (self.low[:, 2] < high.z - touch)
        is_near &= (self.high[:, 1] > low.y + touch) & (self.low[:, 1] < high.y - touch)
        is_near &= self.high[:, 0] > low.x + touch
        near = np.flatnonzero(is_near)
        left, width = low.x, high.x - low.x
        for number in near[np.argsort(self.low[near, 0], kind="stable")]:
            if self.low[number, 0] >= left + width - touch:
                break
            obj = self.objects[number]
            is_over = self.high[number, 0] <= left + touch or self._surrounds(number, low.z, place, edge)
            if not is_over and obj.visible_get(view_layer=self._layer):
                left = float(self.high[number, 0]) + GAP * edge
        return left - low.x

    def _surrounds(self, number: int, base: float, place: Vector, edge: float) -> bool:
        """Return whether the object is ground, landscape or room around the place, rather than a thing standing there.

        A room is wide for its height, and reaches from the base to above the model.
        """
        low, high = self.low[number], self.high[number]
        is_around = low[0] <= place.x <= high[0] and low[1] <= place.y <= high[1]
        if not is_around or self.objects[number].get(recipe.JOB_ID) is not None:
            return False
        wide, tall = min(high[0] - low[0], high[1] - low[1]), high[2] - low[2]
        is_room = wide >= ROOMY * edge and wide > tall and low[2] <= base + GROUND * edge and high[2] >= base + edge
        return bool(wide >= WIDE * edge or is_room)
