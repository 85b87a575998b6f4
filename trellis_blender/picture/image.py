# SPDX-License-Identifier: GPL-3.0-or-later
"""An image that is open in Blender, as it is seen: painted or not, saved or not; one tile, one frame.

Its pixels are read and nothing of it is set, saved or packed: where a frame or tile has to be chosen, that happens in a
copy of the datablock, which is removed again.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..core.errors import PictureError
from ..core.picture import encode as pixels
from ..core.picture.file import HEADER_BYTES, Found, check_size, known, open_picture
from . import file
from .file import new_file
from .render import RENDER_RESULT

if TYPE_CHECKING:
    from ..core.picture.pixels import Held

LOSSLESS = ("PNG", "TARGA", "TARGA_RAW")
PIXELS_HELD = 2048 * 2048  # taking them out of Blender takes 15 to 30 ms
PIXELS_UNREAD = 1024 * 1024  # Blender reads a file of that many in 15 to 35 ms


def from_image(image: Any, frame: int, folder: Path) -> Found:
    """The image as it is seen, of a sequence or movie at that frame: a PNG in `folder`.

    Raises PictureError or StorageError.
    """
    held, target = take(image, frame), new_file(folder)
    return Found(target, is_ours=True, write=partial(pixels.write_reduced, held, target))


def is_render(image: Any) -> bool:
    """Whether the image is the current render, whose pixels cannot be taken."""
    return bool(image.type == "RENDER_RESULT" and image.name == RENDER_RESULT)


def take(image: Any, frame: int) -> Held:
    """What the image holds, of a sequence or movie at that frame. Raises PictureError."""
    check_size(image.name, *image.size)
    if image.type == "MULTILAYER" and image.source == "FILE":
        raise PictureError(f"The image “{image.name}” has layers. Save the one that you see as a PNG, and choose that.")
    held: Held | None
    if image.source in ("MOVIE", "SEQUENCE"):
        held = _frame(image, frame)
    elif image.source == "TILED":
        held = _tile(image)
    else:
        held = file.held(image)
    if held is None:
        raise PictureError(f"The image “{image.name}” holds no picture. Reload it, or choose another image.")
    return held


def is_quick(image: Any) -> bool:
    """Whether `take` keeps Blender for no longer than a redraw does: 50 ms at most.

    Of a file that Blender has not read yet, the first bytes are looked at here.
    """
    if image.source in ("MOVIE", "SEQUENCE") or image.type == "MULTILAYER":
        return False
    if image.source == "TILED" and image.tiles.active != image.tiles[0]:
        return False
    if image.has_data:
        width, height = image.size
        return int(width * height) <= PIXELS_HELD
    width, height = _size_unread(image)
    return 0 < width * height <= PIXELS_UNREAD


def _size_unread(image: Any) -> tuple[int, int]:
    """The size of an image that Blender has not read, or made, yet; zeros where only reading it tells."""
    if image.source == "GENERATED":
        return image.generated_width, image.generated_height
    if image.source != "FILE":
        return 0, 0
    try:
        if image.packed_file is not None:
            picture = known(Path(image.name), image.packed_file.data[:HEADER_BYTES])
        else:
            picture = open_picture(Path(image.filepath_from_user()))
    except PictureError:
        return 0, 0
    return picture.width, picture.height


def seen_frame(context: bpy.types.Context, image: Any) -> int:
    """The frame of a sequence or movie that an Image Editor shows, else the scene's."""
    assert context.scene is not None
    areas = [context.area, *(context.screen.areas if context.screen is not None else ())]
    for area in filter(None, areas):
        space: Any = area.spaces.active
        if area.type == "IMAGE_EDITOR" and space.image == image:
            return int(space.image_user.frame_current)
    return context.scene.frame_current


def _frame(image: Any, frame: int) -> Held:
    with _copied(image) as copy, _sampler(copy) as texture:
        # Blender holds the frame that was asked for last, and looking at one point of a texture asks for one.
        texture.image_user.frame_duration = max(frame, image.frame_duration)
        texture.image_user.frame_current = frame
        texture.evaluate((0, 0, 0))
        held = file.held(copy)
    if held is None:
        raise PictureError(
            f"The image “{image.name}” has no frame {frame}, or lost its file."
            " Go to another frame, or choose another image."
        )
    return held


def _tile(image: Any) -> Held | None:
    tiles = image.tiles
    number, first = tiles.active.number, tiles[0].number
    if number == first:
        return file.held(image)
    if image.is_dirty:  # a copy would be without what was painted
        corner = (number - 1001) % 10, (number - 1001) // 10
        return _saved(image, number) or _sampled(image, corner, tiles.active.size)
    with _copied(image) as copy:
        for tile in [tile for tile in copy.tiles if tile.number != number]:
            copy.tiles.remove(tile)
        return file.held(copy)


def _saved(image: Any, number: int) -> Held | None:
    """Have Blender save a copy of all tiles, since it saves no single one, and read this. None where it cannot: in 4.2,
    which saves no copies, and where the image's own format would lose something. Another one must not be set: that
    resets what the artist chose for it.
    """
    described: Any = bpy.types.Image.bl_rna
    is_kept = "save_copy" in described.functions["save"].parameters
    if image.is_float or image.file_format not in LOSSLESS or not is_kept:
        return None
    with tempfile.TemporaryDirectory(prefix="trellis_", ignore_cleanup_errors=True) as folder:
        try:
            image.save(filepath=str(Path(folder, "<UDIM>.png")), save_copy=True)
            tile: Any = bpy.data.images.load(str(Path(folder, f"{number}.png")))
        except RuntimeError:  # no room: then it is looked at point by point
            return None
        try:
            tile.alpha_mode, tile.colorspace_settings.name = image.alpha_mode, image.colorspace_settings.name
            return file.held(tile)
        finally:
            bpy.data.images.remove(tile)


def _sampled(image: Any, corner: tuple[int, int], size: tuple[int, int]) -> Held | None:
    """Look at the image point by point, where its pixels can be had in no other way. `corner` is in UV space."""
    import numpy as np

    from ..core.picture.pixels import Held

    width, height = size
    if not (width and height):
        return None
    factor = min(1.0, pixels.SIDE / max(width, height))
    columns, rows = max(1, round(width * factor)), max(1, round(height * factor))
    across = [2 * (corner[0] + (column + 0.5) / columns) - 1 for column in range(columns)]
    up = [2 * (corner[1] + (row + 0.5) / rows) - 1 for row in range(rows)]
    with _sampler(image) as texture:
        texture.image_user.tile = 1001 + corner[0] + 10 * corner[1]
        look = texture.evaluate
        found = np.array([look((x, y, 0.0))[:] for y in up for x in across], np.float32).ravel()
    return Held(found, columns, rows, is_linear=not image.colorspace_settings.is_data)


@contextlib.contextmanager
def _copied(image: Any) -> Iterator[Any]:
    copy = image.copy()
    try:
        yield copy
    finally:
        bpy.data.images.remove(copy)


@contextlib.contextmanager
def _sampler(image: Any) -> Iterator[Any]:
    """A texture for a moment, which looks at the image without smoothing it."""
    texture: Any = bpy.data.textures.new(image.name, "IMAGE")
    try:
        texture.image = image
        texture.use_interpolation = False
        yield texture
    finally:
        bpy.data.textures.remove(texture)
