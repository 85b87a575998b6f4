# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the current render as the artist sees it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..core.errors import PictureError, Remedy, Text
from ..host.busy import is_rendering
from ..host.shown import DISPLAY, NO_DATA, set_output, show_on_srgb
from . import completed_renders
from .file import new_file

if TYPE_CHECKING:
    from ..core.picture.file import ChosenPicture

KEY = "RENDER"
RENDER_NAME = "Render"
# Saving a render of this many pixels freezes Blender for up to 0.2 s.
PIXELS_UNASKED = 1920 * 1080
NO_RENDER = "There is no render yet. Render an image (F12), then try again."
STAMPED = (
    "The render has Blender's stamp burned into it. Turn off Burn Into Image in the output properties, then render an"
    " image (F12) again."
)
# These go first: `file_format` decides the possible values of the others, and since 5.0 `media_type` decides its own.
FIRST_SET = ("media_type", "file_format", "color_mode", "color_depth")


class StillRenderingError(PictureError):
    """The error for a picture that must wait until a render is done."""

    def __init__(self) -> None:
        super().__init__("The render is still running. Wait until it is done, then try again.", remedy=Remedy.NONE)


def from_render(scene: bpy.types.Scene, folder: Path) -> ChosenPicture:
    """Return the current render as the artist sees it, with its alpha, as a Targa in `folder`.

    Blender saves it uncompressed, since a PNG takes up to a hundred times as long; a worker compresses it later. The
    scene's render settings are restored. Raises PictureError if there is no render, or not yet, or StorageError.
    """
    from ..core.picture.file import ChosenPicture  # here, since drawing the panel needs none

    if is_rendering():
        raise StillRenderingError
    image = completed_renders.render_result()
    if image is None:
        raise PictureError(NO_RENDER, remedy=Remedy.RENDER)
    if completed_renders.is_stamped(scene):
        raise PictureError(STAMPED, remedy=Remedy.RENDER)
    target = new_file(folder)
    with _targa_settings(scene):
        try:
            image.save_render(str(target), scene=scene)
        except RuntimeError as error:
            if NO_DATA in str(error):
                raise PictureError(NO_RENDER, remedy=Remedy.RENDER) from error
            if not _keep_one_view(target):
                sentence = Text("The render could not be saved: {error}. Check the disk, then try again.", error=error)
                raise PictureError(sentence, remedy=Remedy.FOLDER) from error
    render = scene.render
    return ChosenPicture(
        RENDER_NAME,
        targa=target,
        pixel_aspect=render.pixel_aspect_x / render.pixel_aspect_y,
        viewpoint=completed_renders.viewpoint_of(scene),
    )


def preview_key(context: Any, _chosen: Any) -> tuple[str, ...]:
    """Return the key of the scene's render. Each scene has its own renders, in several slots."""
    count, uid = completed_renders.count(), context.scene.session_uid
    return (KEY, str(count), str(uid), str(completed_renders.shown_slot())) if count else (KEY,)


def preview_picture(_context: Any, key: tuple[str, ...], folder: Path, is_asked: bool) -> ChosenPicture | None:
    """Return the render with this key, None if it is so large that we ask first. Raises as `from_render` does."""
    scene = next((each for each in bpy.data.scenes if str(each.session_uid) == key[2]), None)
    if scene is None:
        raise PictureError("The scene is gone. Choose another picture.")
    share = scene.render.resolution_percentage / 100
    pixels = scene.render.resolution_x * share * scene.render.resolution_y * share
    return from_render(scene, folder) if is_asked or pixels <= PIXELS_UNASKED else None


def _keep_one_view(unpacked: Path) -> bool:
    """Keep the left eye's file of a stereoscopic render. Return whether there was one.

    Blender saves a file for each eye, then reports an error because the requested file is missing.
    """
    views = sorted(unpacked.parent.glob(f"{unpacked.stem}_*{unpacked.suffix}"))
    for view in views[1:]:
        view.unlink()
    for view in views[:1]:
        view.replace(unpacked)
    return bool(views)


@contextlib.contextmanager
def _targa_settings(scene: Any) -> Iterator[None]:
    """Set the scene to save an 8-bit Targa with alpha, in its own view for an sRGB display; restore it afterwards."""
    settings = scene.render.image_settings
    kept = [_Kept(settings)]
    # Blender overwrites these with the scene's own at each switch of `color_management`.
    kept += [_Kept(settings.display_settings), _Kept(settings.view_settings)]
    try:
        set_output(settings, "TARGA_RAW")
        if scene.display_settings.display_device != DISPLAY:
            settings.color_management = "OVERRIDE"  # setting this copies the scene's own colours
            show_on_srgb(settings.display_settings, settings.view_settings, scene.view_settings.view_transform)
        yield
    finally:
        for each in kept:
            each.restore()


class _Kept:
    """A backup of Blender's settings, with their curves."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        names = [rna.identifier for rna in owner.bl_rna.properties if not rna.is_readonly]
        names.sort(key=lambda name: FIRST_SET.index(name) if name in FIRST_SET else len(FIRST_SET))
        self._values = {name: getattr(owner, name) for name in names}
        self._points = [
            [(tuple(point.location), point.handle_type) for point in each.points] for each in self._curves()
        ]

    def restore(self) -> None:
        """Restore everything that has changed."""
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
