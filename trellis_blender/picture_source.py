# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the picture comes from: a file, or the current render. The outcome is a file that Scenario takes."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from .core.errors import PictureError, Remedy, storage_error
from .core.picture import Picture, check_size, open_picture, without_texts

RENDER_RESULT = "Render Result"
NO_RENDER = "There is no render yet. Render an image (F12), then try again."
# `file_format` decides what the others may be, and in 5.0 and later `media_type` decides that, so these go first.
FIRST_SET = ("media_type", "file_format", "color_mode", "color_depth")


def from_file(path: Path, folder: Path) -> tuple[Picture, bool]:
    """The picture in a file, and whether it is a copy of ours, made in `folder` since Scenario does not take its kind.

    Raises PictureError with the sentence for the artist.
    """
    picture = open_picture(path)
    if picture.is_sendable:
        return picture, False
    return open_picture(_converted(path, _new_file(folder))), True


def from_render(scene: bpy.types.Scene, folder: Path) -> Picture:
    """The current render as the artist sees it: a PNG in `folder`, 8 bit, with its alpha.

    The scene's render settings are the same afterwards. Raises PictureError when there is no render, or not yet.
    """
    if is_rendering():
        raise PictureError("The render is still running. Wait until it is done, then try again.", remedy=Remedy.NONE)
    image: Any = bpy.data.images.get(RENDER_RESULT)
    if image is None:
        raise PictureError(NO_RENDER, remedy=Remedy.RENDER)
    target = _new_file(folder)
    with _png_settings(scene.render.image_settings):
        try:
            image.save_render(str(target), scene=scene)
        except RuntimeError as error:
            if "does not have any image data" in str(error):
                raise PictureError(NO_RENDER, remedy=Remedy.RENDER) from error
            sentence = f"The render could not be saved: {error}. Check the disk, then try again."
            raise PictureError(sentence, remedy=Remedy.FOLDER) from error
    target.write_bytes(without_texts(target.read_bytes()))
    return open_picture(target)


def kept_copy(picture: Path, target: Path) -> Path:
    """The picture as it is now, in the file `target`: the artist may go on with theirs. Raises StorageError."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, target)
    except OSError as error:
        raise storage_error("copy the picture", error) from error
    return target


def is_rendering() -> bool:
    """Whether a render is under way (F12), which neither saving nor importing may disturb."""
    ask: Any = bpy.app.is_job_running  # the stubs say that it returns nothing
    return bool(ask("RENDER"))


def _new_file(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error("save the picture", error) from error
    return folder / f"{secrets.token_hex(8)}.png"


@contextlib.contextmanager
def _png_settings(settings: Any) -> Iterator[None]:
    """Save PNG with 8 bit and alpha, with the scene's own colours, for a moment."""
    names = [rna.identifier for rna in settings.bl_rna.properties if not rna.is_readonly]
    ordered = [name for name in FIRST_SET if name in names] + [name for name in names if name not in FIRST_SET]
    before = {name: getattr(settings, name) for name in ordered}
    colours = [_Colours(owner) for owner in (settings.display_settings, settings.view_settings)]
    try:
        if "media_type" in before:
            settings.media_type = "IMAGE"
        settings.file_format = "PNG"
        settings.color_mode = "RGBA"
        settings.color_depth = "8"
        settings.color_management = "FOLLOW_SCENE"
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


def _converted(path: Path, target: Path) -> Path:
    """Have Blender read the file, and write what it shows as a PNG with 8 bit and alpha."""
    try:
        image = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError as error:
        raise PictureError(f"Blender cannot read “{path.name}”. Choose a PNG, JPEG or WebP file.") from error
    copy = None
    try:
        width, height = image.size
        if not (width and height and image.has_data):
            raise PictureError(f"Blender cannot read “{path.name}”. Choose a PNG, JPEG or WebP file.")
        check_size(path.name, width, height)
        copy = bpy.data.images.new(path.stem, width, height, alpha=True)
        _pixels(copy).foreach_set(_shown_pixels(image))
        copy.file_format = "PNG"
        copy.filepath_raw = str(target)
        copy.save()
    except RuntimeError as error:
        raise PictureError(
            f"“{path.name}” could not be converted: {error}. Choose a PNG, JPEG or WebP file."
        ) from error
    finally:
        for made in filter(None, (image, copy)):
            bpy.data.images.remove(made)
    return target


def _pixels(image: Any) -> Any:
    return image.pixels  # a property array, which the stubs take for one number


def _shown_pixels(image: bpy.types.Image) -> Any:
    """The pixels as sRGB with straight alpha: float32, flat, four a pixel, 0 to 1."""
    import numpy as np

    from .core.pixels import shown

    pixels = np.empty(image.size[0] * image.size[1] * image.channels, np.float32)
    _pixels(image).foreach_get(pixels)
    return shown(pixels, image.channels, is_float=image.is_float).ravel()
