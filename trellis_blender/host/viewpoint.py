# SPDX-License-Identifier: GPL-3.0-or-later
"""Note where a picture is taken from, so that its model can stand there."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from mathutils import Matrix

if TYPE_CHECKING:
    from ..core.picture.viewpoint import Viewpoint

NAMES_MAXIMUM = 100  # of selected objects
# What a viewpoint is made of: two matrices, whether it is a perspective, and the names of what was selected.
Note = tuple[Matrix, Matrix, bool, tuple[str, ...]]


def of_camera(context: Any, scene: Any) -> Viewpoint | None:
    """Return the viewpoint of the scene's camera; None if it has none, or a panorama's."""
    noted = note(context.evaluated_depsgraph_get(), scene, context.view_layer)
    return None if noted is None else of_note(noted)


def of_note(noted: Note) -> Viewpoint:
    """Return the viewpoint that was noted."""
    from ..core.picture.viewpoint import Viewpoint  # here, because a start of Blender and each render take notes

    matrix, projection, is_perspective, names = noted
    flat = [tuple(float(each[row][column]) for row in range(4) for column in range(4)) for each in (matrix, projection)]
    return Viewpoint(flat[0], flat[1], is_perspective, names)


def note(graph: Any, scene: Any, layer: Any, *, uses_border: bool = False) -> Note | None:
    """Return what the viewpoint of the scene's camera is made of; None if it has none, or a panorama's.

    Measured: 6 microseconds in a small scene, 59 with 10,000 objects. `graph`: the dependency graph of the view layer,
    evaluated. `uses_border`: the picture shows the render region only, if one is set and the render is cropped to it.
    """
    camera, render = scene.camera, scene.render
    if camera is None or camera.type != "CAMERA" or camera.data.type not in ("PERSP", "ORTHO"):
        return None
    share = render.resolution_percentage / 100
    size = max(1, int(render.resolution_x * share)), max(1, int(render.resolution_y * share))
    projection = camera.calc_matrix_camera(
        graph,
        x=size[0],
        y=size[1],
        scale_x=render.pixel_aspect_x,
        scale_y=render.pixel_aspect_y,
    )
    if uses_border and render.use_border and render.use_crop_to_border:
        border = render.border_min_x, render.border_min_y, render.border_max_x, render.border_max_y
        projection = zoom(border) @ projection
    return camera.matrix_world.normalized(), projection, camera.data.type == "PERSP", _selected(layer)


def of_view(context: Any, view: Matrix, window: Matrix, *, is_perspective: bool) -> Viewpoint:
    """Return the viewpoint of a viewport. `view`, `window`: from the world to its axes, and from those to its frame."""
    return of_note((view.inverted(), window, is_perspective, _selected(context.view_layer)))


def zoom(box: tuple[float, float, float, float]) -> Matrix:
    """Return the matrix to apply after a projection to show only this box: it becomes -1 to 1 across and up.

    `box`: left, bottom, right and top, as fractions of the frame.
    """
    across, up = 1 / (box[2] - box[0]), 1 / (box[3] - box[1])
    rows = [[across, 0, 0, -across * (box[0] + box[2] - 1)], [0, up, 0, -up * (box[1] + box[3] - 1)]]
    return Matrix([*rows, [0, 0, 1, 0], [0, 0, 0, 1]])


def _selected(layer: Any) -> tuple[str, ...]:
    return tuple(obj.name for obj in islice(layer.objects.selected, NAMES_MAXIMUM))
