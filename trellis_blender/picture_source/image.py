# SPDX-License-Identifier: GPL-3.0-or-later
"""An image that is open in Blender, as it is seen: painted or not, saved or not; one tile, one frame.

Its pixels are read and nothing of it is set, saved or packed: where a frame or tile has to be chosen, that happens in a
copy of the datablock, which is removed again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ..core.errors import PictureError
from ..core.picture import Picture, check_size, open_picture
from . import pixels
from .files import new_file
from .render import RENDER_RESULT, from_render


def from_image(context: bpy.types.Context, image: Any, folder: Path) -> Picture:
    """The image as it is seen, as a PNG in `folder`. Raises PictureError or StorageError."""
    assert context.scene is not None
    if image.name == RENDER_RESULT and image.type == "RENDER_RESULT":
        return from_render(context.scene, folder)
    check_size(image.name, *image.size)
    if image.source in ("MOVIE", "SEQUENCE"):
        seen = _frame(image, context)
    elif image.source == "TILED":
        seen = _tile(image)
    elif image.type == "MULTILAYER":
        seen = _sampled(image, (0, 0), image.size)
    else:
        seen = pixels.of_image(image)
    if seen is None:
        raise PictureError(f"The image “{image.name}” holds no picture. Reload it, or choose another image.")
    return open_picture(pixels.write(pixels.reduced(seen), new_file(folder)))


def seen_frame(context: bpy.types.Context, image: Any) -> int:
    """The frame of a sequence or movie that an Image Editor shows, else the scene's."""
    assert context.scene is not None
    areas = [context.area, *(context.screen.areas if context.screen is not None else ())]
    for area in filter(None, areas):
        space: Any = area.spaces.active
        if area.type == "IMAGE_EDITOR" and space.image == image:
            return int(space.image_user.frame_current)
    return context.scene.frame_current


def _frame(image: Any, context: bpy.types.Context) -> Any:
    frame = seen_frame(context, image)
    with _copied(image) as copy, _sampler(copy) as texture:
        # Blender holds the frame that was asked for last, and looking at one point of a texture asks for one.
        texture.image_user.frame_duration = max(frame, image.frame_duration)
        texture.image_user.frame_current = frame
        texture.evaluate((0, 0, 0))
        seen = pixels.of_image(copy)
    if seen is None:
        raise PictureError(f"The image “{image.name}” has no frame {frame}. Go to a frame that it has, then try again.")
    return seen


def _tile(image: Any) -> Any:
    tiles = image.tiles
    number, first = tiles.active.number, tiles[0].number
    if number == first:
        return pixels.of_image(image)
    if image.is_dirty:  # a copy would be without what was painted
        return _sampled(image, ((number - 1001) % 10, (number - 1001) // 10), tiles.active.size)
    with _copied(image) as copy:
        for tile in [tile for tile in copy.tiles if tile.number != number]:
            copy.tiles.remove(tile)
        return pixels.of_image(copy)


def _sampled(image: Any, corner: tuple[int, int], size: tuple[int, int]) -> Any:
    """Look at the image point by point, where its pixels can be had in no other way. `corner` is in UV space."""
    import numpy as np

    from ..core.pixels import as_bytes, encoded

    width, height = size
    if not (width and height):
        return None
    factor = min(1.0, pixels.SIDE / max(width, height))
    columns, rows = max(1, round(width * factor)), max(1, round(height * factor))
    across = [2 * (corner[0] + (column + 0.5) / columns) - 1 for column in range(columns)]
    up = [2 * (corner[1] + (row + 0.5) / rows) - 1 for row in reversed(range(rows))]
    with _sampler(image) as texture:
        texture.image_user.tile = 1001 + corner[0] + 10 * corner[1]
        look = texture.evaluate
        found = np.array([look((x, y, 0.0))[:] for y in up for x in across], np.float32).reshape(rows, columns, 4)
    if not image.colorspace_settings.is_data:
        found[..., :3] = encoded(found[..., :3])
    return as_bytes(found)


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
