# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the viewport as the artist sees it, without overlays and with a transparent background."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import bpy
from mathutils import Matrix

from ..core.errors import PictureError, Remedy
from ..core.picture.file import ChosenPicture
from ..core.picture.viewpoint import Viewpoint
from ..host import viewpoint
from ..host.busy import is_rendering
from .render import StillRenderingError

DRAWN_BY_BLENDER = ("BLENDER_EEVEE", "BLENDER_EEVEE_NEXT", "BLENDER_WORKBENCH")
SIDE = 1024  # pixels: the longer side
SUBJECT_SHARE = 0.9  # of the view's longer side: a subject that fills less is drawn again, enlarged
MARGIN = 0.06  # of the subject's longer side: wider than the margin that the picture is cut to
WHOLE = (0.0, 0.0, 1.0, 1.0)
Box = tuple[float, float, float, float]  # left, bottom, right and top, as fractions of the view
LIGHTS = ("LIGHT", "LIGHT_PROBE")
NOTHING_SELECTED = "Nothing is selected. Select what should become a model, then try again."
NOTHING_SEEN = "There is nothing in view. Turn the view to what should become a model, then try again."
NO_ROOM = "The 3D viewport has no room to show anything. Make it larger, then try again."
NO_MEMORY = "The graphics card has no room for the picture. Close other programs, then retry."
OTHER_ENGINE = (
    "What this engine renders in the viewport cannot be captured. Switch to Material Preview, or use the camera as the"
    " source."
)


def from_viewport(context: bpy.types.Context, *, selected_only: bool = False) -> ChosenPicture:
    """Return the view of the current 3D viewport, else of the window's largest. Raises PictureError.

    `selected_only`: show nothing but the selected objects.

    Its longer side is 1024 pixels. It holds everything in view, as large as possible: a small subject is drawn a second
    time, enlarged. (Drawing once at 2048 pixels would take longer, and still lose detail.)
    """
    if bpy.app.background:
        raise PictureError("There is no viewport without a window. Use the camera as the source.")
    if is_rendering():
        raise StillRenderingError
    area = _area(context)
    assert context.scene is not None
    if area.spaces.active.shading.type == "RENDERED" and context.scene.render.engine not in DRAWN_BY_BLENDER:
        raise PictureError(OTHER_ENGINE, remedy=Remedy.NONE)
    with _selected_alone(context.view_layer) if selected_only else contextlib.nullcontext():
        seen, taken_from = _capture(context, area)
    if not seen[..., 3].any():
        raise PictureError(NOTHING_SEEN, remedy=Remedy.NONE)
    from ..core.picture.encode import ViewportPixels

    return ChosenPicture("Viewport", pixels=ViewportPixels(seen), viewpoint=taken_from)


def check_selection(layer: Any) -> None:
    """Raise PictureError if no object of the view layer is selected."""
    if next(iter(layer.objects.selected), None) is None:
        raise PictureError(NOTHING_SELECTED, remedy=Remedy.NONE)


@contextlib.contextmanager
def _selected_alone(layer: Any) -> Iterator[None]:
    """Hide for a moment what is not selected, except the lights. Raises PictureError if nothing is selected."""
    check_selection(layer)
    chosen = set(layer.objects.selected)
    others = [obj for obj in layer.objects if obj.type not in LIGHTS and obj not in chosen]
    hidden = [obj for obj in others if not obj.hide_get(view_layer=layer)]
    try:
        for obj in hidden:
            obj.hide_set(True, view_layer=layer)
        yield
    finally:
        for obj in hidden:
            obj.hide_set(False, view_layer=layer)
        layer.update()


def _area(context: bpy.types.Context) -> Any:
    if context.area is not None and context.area.type == "VIEW_3D":
        return context.area
    assert context.screen is not None
    views = [area for area in context.screen.areas if area.type == "VIEW_3D"]
    if not views:
        raise PictureError("There is no 3D viewport in this window. Open one, then try again.", remedy=Remedy.NONE)
    return max(views, key=lambda area: area.width * area.height)


def _capture(context: bpy.types.Context, area: Any) -> tuple[Any, Viewpoint]:
    """Return the viewport's pixels and where they are seen from.

    The pixels are uint8 (height, width, 4), the top row first, their colours as `ViewportPixels` has them.
    """
    space = area.spaces.active
    region, view = _region(context, area, space)
    if not (region.width and region.height):
        raise PictureError(NO_ROOM, remedy=Remedy.NONE)

    def drawn(box: Box) -> tuple[Any, Matrix]:
        window, size = viewpoint.zoom(box) @ view.window_matrix, _size(region, box)
        scale = SIDE / max(size)
        pixels = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
        return _drawn(context, space, region, (view.view_matrix, window), pixels), window

    seen, window = drawn(WHOLE)
    box = _subject(seen[..., 3] > 0)
    if max(_size(region, box)) < SUBJECT_SHARE * max(region.width, region.height):
        seen, window = drawn(box)
    return seen, viewpoint.of_view(context, view.view_matrix, window, is_perspective=view.is_perspective)


def _size(region: Any, box: Box) -> tuple[float, float]:
    """Return the width and height of the box in the region, in pixels."""
    return (box[2] - box[0]) * region.width, (box[3] - box[1]) * region.height


def _subject(seen: Any) -> Box:
    """Return the box around everything in a picture, with a margin; the whole picture if it is empty.

    `seen`: bool (height, width), the top row first.
    """
    import numpy as np

    height, width = seen.shape
    down, across = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not len(down):
        return WHOLE
    margin = 1 + MARGIN * max(across[-1] + 1 - across[0], down[-1] + 1 - down[0])
    left, right = (across[0] - margin) / width, (across[-1] + 1 + margin) / width
    bottom, top = 1 - (down[-1] + 1 + margin) / height, 1 - (down[0] - margin) / height
    return max(0.0, left), max(0.0, bottom), min(1.0, right), min(1.0, top)


def _drawn(context: Any, space: Any, region: Any, matrices: tuple[Matrix, Matrix], size: tuple[int, int]) -> Any:
    """Draw the view with these view and window matrices. Return pixels as `_capture` does. Raises PictureError."""
    import gpu as gpu_module
    import numpy as np

    gpu: Any = gpu_module  # the stubs lack most of what we use here
    width, height = size
    try:
        screen: Any = gpu.types.GPUOffScreen(width, height)
    except (RuntimeError, ValueError) as error:
        raise PictureError(NO_MEMORY, remedy=Remedy.NONE) from error
    try:
        with _bare(context, space):
            given = context.scene, context.view_layer, space, region, *matrices
            screen.draw_view3d(*given, do_color_management=True, draw_background=False)
        with screen.bind():
            read = gpu.state.active_framebuffer_get().read_color(0, 0, width, height, 4, 0, "UBYTE")
    finally:
        screen.free()
    read.dimensions = width * height * 4
    return np.array(read, np.uint8).reshape(height, width, 4)[::-1]


def _region(context: bpy.types.Context, area: Any, space: Any) -> tuple[Any, Any]:
    """Return the region that shows the scene, and its view. In a quad view: the current one, else the last."""
    regions = [region for region in area.regions if region.type == "WINDOW"]
    if not space.region_quadviews:
        return regions[0], space.region_3d
    pairs = list(zip(regions, space.region_quadviews, strict=False))
    return next((pair for pair in pairs if pair[0] == context.region), pairs[-1])


@contextlib.contextmanager
def _bare(context: Any, space: Any) -> Iterator[None]:
    """Hide overlays and world for a moment: this gives EEVEE and Workbench a transparent background."""
    wanted: list[tuple[Any, str, Any]] = [(space.overlay, "show_overlays", False)]
    if space.shading.type in ("MATERIAL", "RENDERED"):
        wanted.append((context.scene.render, "film_transparent", True))
        wanted.append((space.shading, "studiolight_background_alpha", 0.0))
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in wanted]
    try:
        _set(context, wanted)
        yield
    finally:
        _set(context, before)


def _set(context: Any, values: list[tuple[Any, str, Any]]) -> None:
    for owner, name, value in values:
        if getattr(owner, name) != value:
            setattr(owner, name, value)
    context.view_layer.update()
