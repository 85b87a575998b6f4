# SPDX-License-Identifier: GPL-3.0-or-later
"""The current render, saved as the artist sees it."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import bpy

from ..core.errors import PictureError, Remedy
from ..core.picture import encode as pixels
from ..core.picture.file import Found
from ..host.busy import is_rendering
from .file import new_file

RENDER_RESULT = "Render Result"
NO_RENDER = "There is no render yet. Render an image (F12), then try again."
NO_DATA = "does not have any image data"  # in Blender's words
# `file_format` decides what the others may be, and in 5.0 and later `media_type` decides that, so these go first.
FIRST_SET = ("media_type", "file_format", "color_mode", "color_depth")


class StillRenderingError(PictureError):
    """There will be a picture, once the render is done."""

    def __init__(self) -> None:
        super().__init__("The render is still running. Wait until it is done, then try again.", remedy=Remedy.NONE)


def from_render(scene: bpy.types.Scene, folder: Path) -> Found:
    """The current render as the artist sees it: a PNG in `folder`, 8 bit, with its alpha.

    Blender saves it unpacked here: to pack a PNG takes up to a hundred times as long, and is done later. The scene's
    render settings are the same afterwards. Raises PictureError when there is no render, or not yet, or StorageError.
    """
    if is_rendering():
        raise StillRenderingError
    image: Any = bpy.data.images.get(RENDER_RESULT)
    if image is None:
        raise PictureError(NO_RENDER, remedy=Remedy.RENDER)
    target = new_file(folder)
    unpacked = target.with_suffix(".tga")
    with _targa_settings(scene.render.image_settings):
        try:
            image.save_render(str(unpacked), scene=scene)
        except RuntimeError as error:
            if NO_DATA in str(error):
                raise PictureError(NO_RENDER, remedy=Remedy.RENDER) from error
            if not _keep_one_view(unpacked):
                sentence = f"The render could not be saved: {error}. Check the disk, then try again."
                raise PictureError(sentence, remedy=Remedy.FOLDER) from error
    return Found(target, is_ours=True, write=partial(_pack, unpacked, target))


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
    result: Any = bpy.data.images.get(RENDER_RESULT)
    return 0 if result is None else int(result.render_slots.active_index)


def set_format(settings: Any, file_format: str) -> None:
    """Have image settings save that format with 8 bit and alpha, with the scene's own colours."""
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format = file_format
    settings.color_mode = "RGBA"
    settings.color_depth = "8"
    settings.color_management = "FOLLOW_SCENE"


def _pack(unpacked: Path, target: Path) -> None:
    """Make the PNG of the file that Blender saved, which is gone then; on any thread. Raises OSError."""
    from ..core.picture.pixels import targa

    try:
        seen = targa(unpacked.read_bytes())
    except ValueError as error:
        raise OSError(errno.EIO, "the file was cut short") from error
    finally:
        with contextlib.suppress(OSError):  # it is swept with what else was left behind
            unpacked.unlink()
    pixels.write(seen, target)


@contextlib.contextmanager
def _targa_settings(settings: Any) -> Iterator[None]:
    """Save Targa with 8 bit and alpha, with the scene's own colours, for a moment."""
    names = [rna.identifier for rna in settings.bl_rna.properties if not rna.is_readonly]
    ordered = [name for name in FIRST_SET if name in names] + [name for name in names if name not in FIRST_SET]
    before = {name: getattr(settings, name) for name in ordered}
    colours = [_Colours(owner) for owner in (settings.display_settings, settings.view_settings)]
    try:
        set_format(settings, "TARGA_RAW")
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
