# SPDX-License-Identifier: GPL-3.0-or-later
"""The current render, saved as the artist sees it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ..core.errors import PictureError, Remedy
from ..core.picture.file import ChosenPicture
from ..host.busy import is_rendering
from ..host.renders import is_stamped
from ..host.shown import DISPLAY, NO_DATA, set_output, show_on_srgb
from .file import new_file

RENDER_NAME = "Render"
NO_RENDER = "There is no render yet. Render an image (F12), then try again."
STAMPED = (
    "The render has Blender's stamp burned into it. Turn off Burn Into Image in the output properties, then render an"
    " image (F12) again."
)
# `file_format` decides what the others may be, and in 5.0 and later `media_type` decides that, so these go first.
FIRST_SET = ("media_type", "file_format", "color_mode", "color_depth")


class StillRenderingError(PictureError):
    """There will be a picture, once the render is done."""

    def __init__(self) -> None:
        super().__init__("The render is still running. Wait until it is done, then try again.", remedy=Remedy.NONE)


def from_render(scene: bpy.types.Scene, folder: Path) -> ChosenPicture:
    """The current render as the artist sees it, with its alpha: a Targa in `folder`.

    Blender saves it unpacked here: to pack a PNG takes up to a hundred times as long, and is done later. The scene's
    render settings are the same afterwards. Raises PictureError when there is no render, or not yet, or StorageError.
    """
    if is_rendering():
        raise StillRenderingError
    image = render_result()
    if image is None:
        raise PictureError(NO_RENDER, remedy=Remedy.RENDER)
    if is_stamped(scene):
        raise PictureError(STAMPED, remedy=Remedy.RENDER)
    target = new_file(folder)
    with _targa_settings(scene):
        try:
            image.save_render(str(target), scene=scene)
        except RuntimeError as error:
            if NO_DATA in str(error):
                raise PictureError(NO_RENDER, remedy=Remedy.RENDER) from error
            if not _keep_one_view(target):
                sentence = f"The render could not be saved: {error}. Check the disk, then try again."
                raise PictureError(sentence, remedy=Remedy.FOLDER) from error
    render = scene.render
    return ChosenPicture(RENDER_NAME, targa=target, pixel_aspect=render.pixel_aspect_x / render.pixel_aspect_y)


def render_result() -> Any:
    """The image of the current render, None without one. Its name may be any, in any language."""
    every: list[Any] = list(bpy.data.images)
    return next((image for image in every if image.type == "RENDER_RESULT"), None)


def _keep_one_view(unpacked: Path) -> bool:
    """Of a stereoscopic render Blender saves a file for each eye, misses the one that it was told, and calls that an
    error. Keep the first, the left; whether there was any.
    """
    views = sorted(unpacked.parent.glob(f"{unpacked.stem}_*{unpacked.suffix}"))
    for view in views[1:]:
        view.unlink()
    for view in views[:1]:
        view.replace(unpacked)
    return bool(views)


def shown_slot() -> int:
    """Which of its slots the Render Result shows, from 0."""
    result = render_result()
    return 0 if result is None else int(result.render_slots.active_index)


@contextlib.contextmanager
def _targa_settings(scene: Any) -> Iterator[None]:
    """Save Targa with 8 bit and alpha, with the scene's own view for an sRGB display, for a moment."""
    settings = scene.render.image_settings
    names = [rna.identifier for rna in settings.bl_rna.properties if not rna.is_readonly]
    ordered = [name for name in FIRST_SET if name in names] + [name for name in names if name not in FIRST_SET]
    before = {name: getattr(settings, name) for name in ordered}
    colours = [_Colours(owner) for owner in (settings.display_settings, settings.view_settings)]
    try:
        set_output(settings, "TARGA_RAW")
        if scene.display_settings.display_device != DISPLAY:
            settings.color_management = "OVERRIDE"  # on the way to that Blender copies the scene's own
            show_on_srgb(settings.display_settings, settings.view_settings, scene.view_settings.view_transform)
        yield
    finally:
        for name, value in before.items():
            if getattr(settings, name) != value:
                setattr(settings, name, value)
        for kept in colours:  # which Blender overwrites with the scene's own on the way to those and back
            kept.restore()


class _Colours:
    """The colour management that an output may have of its own, with its curves."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        names = [rna.identifier for rna in owner.bl_rna.properties if not rna.is_readonly]
        self._values = {name: getattr(owner, name) for name in names}
        self._points = [
            [(tuple(point.location), point.handle_type) for point in curve.points] for curve in self._curves()
        ]

    def restore(self) -> None:
        """Set everything that has changed back."""
        for name, value in self._values.items():
            if getattr(self._owner, name) != value:
                setattr(self._owner, name, value)
        for curve, points in zip(self._curves(), self._points, strict=False):
            while len(curve.points) > max(2, len(points)):
                curve.points.remove(curve.points[1])
            while len(curve.points) < len(points):
                curve.points.new(0.5, 0.5)
            for point, (location, handle_type) in zip(curve.points, points, strict=True):
                point.location, point.handle_type = location, handle_type

    def _curves(self) -> list[Any]:
        mapping = getattr(self._owner, "curve_mapping", None)
        return list(mapping.curves) if mapping is not None and getattr(self._owner, "use_curve_mapping", False) else []
