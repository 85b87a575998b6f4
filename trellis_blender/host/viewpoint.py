# SPDX-License-Identifier: GPL-3.0-or-later
"""Note where a picture is taken from, so that its model can stand there."""

from __future__ import annotations

from typing import Any

import bpy
from mathutils import Matrix

from ..core.picture.viewpoint import NAMES_MAXIMUM, Viewpoint


def of_camera(context: Any, scene: Any, *, uses_border: bool = False) -> Viewpoint | None:
    """Return the viewpoint of the scene's camera; None if it has none, or a panorama's.

    `uses_border`: the picture shows the render region only, if one is set and the render is cropped to it.
    """
    camera, render = scene.camera, scene.render
    if camera is None or camera.type != "CAMERA" or camera.data.type not in ("PERSP", "ORTHO"):
        return None
    share = render.resolution_percentage / 100
    size = max(1, int(render.resolution_x * share)), max(1, int(render.resolution_y * share))
    projection = camera.calc_matrix_camera(
        context.evaluated_depsgraph_get(),
        x=size[0],
        y=size[1],
        scale_x=render.pixel_aspect_x,
        scale_y=render.pixel_aspect_y,
    )
    if uses_border and render.use_border and render.use_crop_to_border:
        border = render.border_min_x, render.border_min_y, render.border_max_x, render.border_max_y
        projection = zoom(border) @ projection
    matrix = camera.matrix_world.normalized()
    return _made(matrix, projection, is_perspective=camera.data.type == "PERSP", layer=context.view_layer)


def of_view(context: Any, view: Matrix, window: Matrix, *, is_perspective: bool) -> Viewpoint:
    """Return the viewpoint of a viewport. `view`, `window`: from the world to its axes, and from those to its frame."""
    return _made(view.inverted(), window, is_perspective=is_perspective, layer=context.view_layer)


def zoom(box: tuple[float, float, float, float]) -> Matrix:
    """Return the matrix to apply after a projection to show only this box: it becomes -1 to 1 across and up.

    `box`: left, bottom, right and top, as fractions of the frame.
    """
    across, up = 1 / (box[2] - box[0]), 1 / (box[3] - box[1])
    rows = [[across, 0, 0, -across * (box[0] + box[2] - 1)], [0, up, 0, -up * (box[1] + box[3] - 1)]]
    return Matrix([*rows, [0, 0, 1, 0], [0, 0, 0, 1]])


def _made(matrix: Matrix, projection: Matrix, *, is_perspective: bool, layer: Any) -> Viewpoint:
    chosen: list[bpy.types.Object] = list(layer.objects.selected)
    names = [obj.name for obj in chosen][:NAMES_MAXIMUM]
    flat = [tuple(float(each[row][column]) for row in range(4) for column in range(4)) for each in (matrix, projection)]
    return Viewpoint(flat[0], flat[1], is_perspective, tuple(names))
