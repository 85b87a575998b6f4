# SPDX-License-Identifier: GPL-3.0-or-later
"""Take an image that is open in Blender as the artist sees it: painted or not, saved or not, one tile, one frame.

We only read the image: nothing of it is set, saved or packed. If a frame or tile must be chosen, we choose it in a
temporary copy of the datablock.
"""

from __future__ import annotations

import os
import re
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..core.errors import PictureError, Text, storage_error
from ..core.files import open_own, temporary_folder
from ..host.shown import save_shown, temporary
from ..host.translation import translated
from . import render
from .completed_renders import RENDER_RESULT
from .file import new_file
from .render import from_render

if TYPE_CHECKING:
    from ..core.picture.file import ChosenPicture
    from ..core.picture.pixels import Pixels

KEY = "IMAGE"
MISSING = "No image is chosen. Choose one in the Trellis tab, or open it in an Image Editor"
LAYERS = "The image “{name}” has layers. Save the one that you see as a PNG, and choose that."
EMPTY = "The image “{name}” holds no picture. Reload it, or choose another image."
NO_FRAME = "The image “{name}” has no frame {frame}, or lost its file. Go to another frame, or choose another image."
UNSAVED = "The image “{name}” was painted and not saved, so only its first tile can be sent. Save it, then try again."
MOVING = ("MOVIE", "SEQUENCE")
LOSSLESS = ("PNG", "TARGA", "TARGA_RAW")
HEADER_BYTES = 1024 * 1024  # bytes: a JPEG may hold that much metadata before its size
# How many pixels take 50 ms at most: when we read them as stored, when Blender saves them as shown, and when Blender
# has yet to read the file.
PIXELS_TAKEN, PIXELS_SHOWN, PIXELS_UNREAD = 2048 * 2048, 768 * 768, 1024 * 1024
_RAMP = 16  # pixels: the side of the image that tests what a colour space does
_NUMBER = re.compile(r"(\d+)(\D*)$")
OF_THE_EDITOR = ("frame_start", "frame_offset", "frame_duration", "use_cyclic", "frame_current")


def from_image(context: bpy.types.Context, image: Any, frame: int, folder: Path) -> ChosenPicture:
    """Return the image as the artist sees it, a sequence or movie at that frame. Temporary files go to `folder`.

    Raises PictureError or StorageError.
    """
    from ..core.picture.file import check_size  # here, since drawing the panel needs none

    check_size(image.name, *image.size)
    if image.type == "MULTILAYER" and image.source == "FILE":
        raise PictureError(Text(LAYERS, name=image.name))
    scene = context.scene if image.use_view_as_render else None
    if image.source in MOVING:
        taken: ChosenPicture | None = _frame(image, frame, scene, folder)
    elif image.source == "TILED":
        taken = _tile(image, scene, folder)
    else:
        taken = _taken(image, scene, folder)
    if taken is None:
        raise PictureError(Text(EMPTY, name=image.name))
    aspect, ignores_alpha = image.display_aspect[0] / image.display_aspect[1], image.alpha_mode == "NONE"
    return replace(taken, name=image.name, pixel_aspect=aspect, ignores_alpha=ignores_alpha)


def shown_image(context: Any, chosen: Any) -> Any:
    """Return the image of the current Image Editor, else the panel's, None if neither has one."""
    edited = getattr(context, "edit_image", None)
    return edited if edited is not None else chosen.image


def missing(context: Any, chosen: Any) -> str:
    """Return why there is no image to take, empty if there is one."""
    return MISSING if shown_image(context, chosen) is None else ""


def from_chosen(context: Any, chosen: Any, folder: Path) -> ChosenPicture:
    """Return the shown image, which may be the current render. Raises as `from_image` and `from_render` do."""
    image = shown_image(context, chosen)
    if image.type == RENDER_RESULT:
        return replace(from_render(context.scene, folder), name=image.name)
    return from_image(context, image, seen_frame(context, image), folder)


def preview_key(context: Any, chosen: Any) -> tuple[str, ...]:
    """Return the key of the shown image. It changes with the file, tile or frame, and after painting or saving.

    For the current render, it is the render's key.
    """
    image = shown_image(context, chosen)
    if image is None:
        return (KEY,)
    if image.type == RENDER_RESULT:
        return render.preview_key(context, chosen)
    frame = seen_frame(context, image) if image.source in MOVING else 0
    tile = image.tiles.active.number if image.source == "TILED" and image.tiles.active is not None else 0
    shown_as = image.colorspace_settings.name, image.alpha_mode, str(image.use_view_as_render)
    return (KEY, str(image.session_uid), str(frame), str(tile), image.filepath, str(image.is_dirty), *shown_as)


def preview_picture(context: Any, key: tuple[str, ...], folder: Path, is_asked: bool) -> ChosenPicture | None:
    """Return the image with this key, None if it takes so long that we ask first. Raises as `from_image` does."""
    every: list[Any] = list(bpy.data.images)
    image = next((each for each in every if str(each.session_uid) == key[1]), None)
    if image is None:
        raise PictureError("The image is gone. Choose another one.")
    return from_image(context, image, int(key[2]), folder) if is_asked or is_quick(image) else None


def draw_line(row: Any, context: Any, chosen: Any) -> None:
    """Draw the choice of an image, and name the tile or frame if there is more than one."""
    image, part = chosen.image, ""
    if image is not None and image.source == "TILED" and image.tiles.active is not None:
        part = Text("Tile {number}", number=image.tiles.active.number)
    elif image is not None and image.source in MOVING:
        part = Text("Frame {frame}", frame=seen_frame(context, image))
    parts = row.split(factor=0.7) if part else row
    parts.template_ID(chosen, "image", open="image.open")
    if part:
        parts.label(text=translated(part))


def is_quick(image: Any) -> bool:
    """Return whether `from_image` blocks Blender no longer than a redraw does: 50 ms at most.

    If Blender has not read the file yet, this reads the size from the file's first bytes.
    """
    if image.source in MOVING or image.type == "MULTILAYER":
        return False
    if image.source == "TILED" and image.tiles.active != image.tiles[0]:
        return False
    if image.has_data:
        width, height = image.size
        is_plain = not image.is_float and not image.use_view_as_render
        return int(width * height) <= (PIXELS_TAKEN if is_plain else PIXELS_SHOWN)
    width, height = size_unread(image)
    return 0 < width * height <= PIXELS_UNREAD


def seen_frame(context: bpy.types.Context, image: Any) -> int:
    """Return the frame of a sequence or movie that an Image Editor shows, else the scene's frame."""
    assert context.scene is not None
    user = _editors_user(context, image)
    return context.scene.frame_current if user is None else int(user.frame_current)


def _editors_user(context: bpy.types.Context, image: Any) -> Any:
    """Return the image user of the Image Editor that shows the image, None if none does."""
    areas = [context.area, *(context.screen.areas if context.screen is not None else ())]
    for area in filter(None, areas):
        space: Any = area.spaces.active
        if area.type == "IMAGE_EDITOR" and space.image == image:
            return space.image_user
    return None


def size_unread(image: Any) -> tuple[int, int]:
    """Return the size in pixels of an image that Blender has not loaded yet; zeros if only loading would tell."""
    if image.source == "GENERATED":
        return image.generated_width, image.generated_height
    from ..core.picture.metadata import read_header

    if image.source != "FILE":
        return 0, 0
    try:
        if image.packed_file is not None:
            data = image.packed_file.data[:HEADER_BYTES]
        else:
            with open_own(Path(os.path.realpath(image.filepath_from_user()))) as file:
                data = file.read(HEADER_BYTES)
    except (OSError, ValueError):
        return 0, 0
    facts = read_header(data)
    return facts.width, facts.height


def _taken(image: Any, scene: Any, folder: Path) -> ChosenPicture | None:
    """Return the image's pixels if it shows them as stored, else a Targa of what it shows. None if it holds none.

    Raises StorageError.
    """
    values: Any = image.pixels  # a property array; the stubs say one number
    if not (image.size[0] and image.size[1] and len(values)):
        return None
    if scene is None and not image.is_float and _shows_as_stored(image.colorspace_settings.name):
        return ChosenPicture(image.name, pixels=_pixels(image))
    if image.is_float and image.alpha_mode == "CHANNEL_PACKED" and image.channels == 4:
        return _unpacked(image, scene, folder)
    target = new_file(folder)
    try:
        return ChosenPicture(image.name, targa=target) if save_shown(image, target, scene) else None
    except OSError as error:
        target.unlink(missing_ok=True)
        raise storage_error("save the picture", error) from error


def _pixels(image: Any) -> Pixels:
    from ..core.picture.pixels import Pixels
    from ..host.painted import stored

    return Pixels(stored(image), *image.size)


def _shows_as_stored(space: str) -> bool:
    """Return whether Blender shows an 8-bit image in that colour space with its stored values. Tries a small image."""
    import numpy as np

    from ..core.picture.encode import targa

    shades = np.arange(_RAMP * _RAMP, dtype=np.float32) / 255
    with suppress(OSError), _new_image(_RAMP, _RAMP) as ramp, temporary_folder() as folder:
        ramp.colorspace_settings.name = space
        ramp.pixels.foreach_set(np.column_stack([shades, shades[::-1], shades, np.ones_like(shades)]).ravel())
        ramp.update()
        target = folder / "ramp.tga"
        return save_shown(ramp, target) and bool((targa(target.read_bytes()) == _pixels(ramp).rows()).all())
    return False


def _unpacked(image: Any, scene: Any, folder: Path) -> ChosenPicture | None:
    """Save a float image whose colours are not multiplied by its alpha. None if that fails.

    Save a copy as if it were opaque, then put the alpha back.
    """
    import numpy as np

    from ..core.picture.pixels import as_bytes
    from ..host.painted import stored

    flat = stored(image)
    alpha = as_bytes(np.nan_to_num(flat[3::4]))
    flat[3::4] = 1
    with _new_image(*image.size, alpha=True, float_buffer=True) as solid:
        solid.colorspace_settings.name = image.colorspace_settings.name
        solid.pixels.foreach_set(flat)
        solid.update()
        taken = _taken(solid, scene, folder)
    if taken is not None and taken.targa is not None:
        data = bytearray(taken.targa.read_bytes())
        data[18 + 3 : 18 + 4 * len(alpha) : 4] = alpha.tobytes()
        taken.targa.write_bytes(data)
    return taken


def _new_image(*size: int, **kind: bool) -> AbstractContextManager[Any]:
    return temporary(bpy.data.images, bpy.data.images.new("Trellis Picture", *size, **kind))


def _frame(image: Any, frame: int, scene: Any, folder: Path) -> ChosenPicture:
    user, textures = _editors_user(bpy.context, image), bpy.data.textures
    with (
        temporary(bpy.data.images, image.copy()) as copy,
        temporary(textures, textures.new(image.name, "IMAGE")) as texture,
    ):
        texture.image, texture.use_interpolation = copy, False
        # Blender holds the frame that was evaluated last. Evaluating one point of a texture evaluates the frame.
        show_frame(texture.image_user, image, frame, user)
        texture.evaluate((0, 0, 0))
        taken = _taken(copy, scene, folder)
    if taken is None:
        raise PictureError(Text(NO_FRAME, name=image.name, frame=frame))
    return taken


def _tile(image: Any, scene: Any, folder: Path) -> ChosenPicture | None:
    number = image.tiles.active.number
    if number == image.tiles[0].number:
        return _taken(image, scene, folder)
    if image.is_dirty:  # a copy would lack what was painted
        return _saved_tile(image, number, scene, folder)
    with temporary(bpy.data.images, image.copy()) as copy:
        for tile in [tile for tile in copy.tiles if tile.number != number]:
            copy.tiles.remove(tile)
        return _taken(copy, scene, folder)


def _saved_tile(image: Any, number: int, scene: Any, folder: Path) -> ChosenPicture:
    """Have Blender save a copy of all tiles, since it cannot save a single one, and take this tile.

    Raises PictureError where Blender cannot: 4.2 saves no copies, and the image's own format may lose something. We
    must not set another format, because that resets the artist's choices for it.
    """
    described: Any = bpy.types.Image.bl_rna
    is_kept = "save_copy" in described.functions["save"].parameters
    if image.is_float or image.file_format not in LOSSLESS or not is_kept:
        raise PictureError(Text(UNSAVED, name=image.name))
    with temporary_folder() as own:
        try:
            image.save(filepath=str(own / "<UDIM>.png"), save_copy=True)
            loaded = bpy.data.images.load(str(own / f"{number}.png"))
        except RuntimeError:  # the disk is full
            raise PictureError(Text(UNSAVED, name=image.name)) from None
        with temporary(bpy.data.images, loaded) as tile:
            tile.alpha_mode, tile.colorspace_settings.name = image.alpha_mode, image.colorspace_settings.name
            taken = _taken(tile, scene, folder)
    if taken is None:  # cut short by a full disk. To reload the image, as for an empty one, would lose what was painted
        raise PictureError(Text(UNSAVED, name=image.name))
    return taken


def show_frame(user: Any, image: Any, frame: int, editors: Any = None) -> None:
    """Set an image user to show the image at that frame.

    An Image Editor has its own start, offset and length to find the file of a sequence. Elsewhere, the frame's number
    is the file's number. Before the first file and after the last one, the sequence holds that file.
    """
    if editors is not None:
        for name in OF_THE_EDITOR:
            setattr(user, name, getattr(editors, name))
        return
    if image.source == "SEQUENCE":
        frame = _shown_number(Path(image.filepath_from_user()), frame)
    user.frame_start, user.frame_offset = 1, 0
    user.frame_duration = max(frame, image.frame_duration, 1)
    user.frame_current = frame


def _shown_number(path: Path, frame: int) -> int:
    """Return the number of the sequence's file that the frame shows: the frame, limited to the numbers that exist."""
    match = _NUMBER.search(path.name)
    if match is None:
        return frame
    before, after = path.name[: match.start()], match[2]
    pattern = re.compile(re.escape(before) + r"(\d+)" + re.escape(after))
    try:
        numbers = [int(found[1]) for each in path.parent.iterdir() if (found := pattern.fullmatch(each.name))]
    except OSError:
        return frame
    return min(max(frame, min(numbers)), max(numbers)) if numbers else frame
