# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a picture's file, and prepare every picture alike, whatever its source.

Blender or Pillow decodes a file, and this module decides whether all of the picture is there. What is sent is upright,
has square pixels, is 8-bit RGB or RGBA, cropped and not too large.

TRELLIS.2 scales a picture to 1024 pixels first and crops it to the subject afterwards (microsoft/TRELLIS.2,
trellis2/pipelines/trellis2_image_to_3d.py, `preprocess_image`), so a small subject loses its pixels. We crop first, by
the same rule: the square around everything with more than 80 % alpha. We keep a margin around it, so that some
transparency is left to mark the subject.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import PictureError, Remedy, Text, as_storage_error
from ..files import read_any
from .encode import JPEG_ABOVE, png, targa
from .file import ALL_CLEAR, Crop, PreparedPicture, check_size, closed, gone
from .metadata import FileHeader, complaint, damaged, ends_where_it_should, read_header, unreadable
from .pixels import Array, bounds_of, breaks_off, shrunk, square_of, squared, upright
from .view import Concern, view_of

SOLID = 204  # of 255: TRELLIS.2 keeps everything above 80 %
SUBJECT_SIDE, WHOLE_SIDE = 1024, 2048  # the longer side we send, in pixels: with alpha, and without
SUBJECT_MINIMUM = 32  # pixels: the subject's longer side, if alpha marks the subject
MARGIN_SHARE, MARGIN_MINIMUM = 1 / 20, 4  # a share of the subject's longer side; pixels
# The longer side in pixels, at most: of a small picture; of a tiny subject, unless it is half the picture.
SMALL, TINY = 256, 128
GLASS = (
    "No part of it is above 80 % opaque, so the model would see nothing."
    " Send it without its transparency, or choose another picture."
)
TOO_SMALL = (
    "The subject is only {size} pixels large: there is nothing to see in it. Choose a larger picture, or move closer."
)
PICTURE_BYTES_MAXIMUM = 1024**3  # 50 megapixels of 32-bit floats are 800 MB
END_OF_FILE = "end of file"  # from the messages of Blender's libraries
LAYERS = "“{name}” has layers. Open it in Blender, save the one that you see as a PNG, and choose that."
# Decodes the first file, calls the check with width, height and whether it has layers, and saves the picture as
# displayed in the second file, an unpacked Targa. Returns whether it could, and what was printed. Raises OSError.
Decode = Callable[[Path, Path, Callable[[int, int, bool], None]], tuple[bool, str]]
# Turns a PNG's bytes into a JPEG's. Returns these and the pixels they show, uint8 (height, width, 3).
Packer = Callable[[bytes], tuple[bytes, Array]]


def read_picture(path: Path, shown: Path, decode: Decode) -> tuple[FileHeader, Array]:
    """Return the file's header, and its pixels as they are stored: uint8 (height, width, 4), the top row first.

    `shown`: the file to decode to, which stays if all went well.

    Raises PictureError if the picture is too large, incomplete, or not readable for Blender, StorageError if the pixels
    cannot be saved.
    """

    def check(width: int, height: int, has_layers: bool) -> None:
        check_size(path.name, width, height)
        if has_layers:
            raise PictureError(Text(LAYERS, name=path.name))

    def decoded(_header: FileHeader, _data: bytes) -> tuple[Array | None, str]:
        is_read, printed = decode(path, shown, check)
        return targa(shown.read_bytes()) if is_read else None, printed

    try:
        with as_storage_error("read the picture"):
            return read_whole(path, decoded)
    except BaseException:
        shown.unlink(missing_ok=True)
        raise


def read_whole(path: Path, decode: Callable[[FileHeader, bytes], tuple[Array | None, str]]) -> tuple[FileHeader, Array]:
    """Return the file's header, and its pixels as `decode` returns them for the file's bytes.

    `decode` returns None in their place if it cannot, and what the library said about the file. Raises PictureError if
    the picture is too large, incomplete or not readable, and what `decode` raises.
    """
    try:
        data = read_any(path, PICTURE_BYTES_MAXIMUM)
    except FileNotFoundError:
        raise gone(path.name) from None
    except OSError as error:
        raise closed(path.name, error) from error
    header = read_header(data)
    check_size(path.name, header.width, header.height)
    rows, said = decode(header, data)
    if rows is None:
        raise damaged(path.name) if END_OF_FILE in said else unreadable(path.name, data)
    is_whole = not header.ends_early and not complaint(said)
    if not is_whole or not (ends_where_it_should(header.kind) or not breaks_off(rows)):
        raise damaged(path.name)
    return header, rows


@dataclass(frozen=True)
class PreparedPixels:
    """The pixels to send: `rows` are uint8 (height, width, 3 or 4), top row first."""

    rows: Array
    crop: Crop
    concerns: tuple[Concern, ...]


def prepared(
    rows: Array, *, orientation: int = 1, pixel_aspect: float = 1.0, ignores_alpha: bool = False
) -> PreparedPixels:
    """Return the pixels to send for a picture as stored: uint8 (height, width, 4), top row first, sRGB, straight alpha.

    Raises PictureError if the model could not use them.
    """
    rows = upright(squared(rows, pixel_aspect), orientation)
    height, width = rows.shape[:2]
    is_small = max(height, width) < SMALL
    if ignores_alpha or (rows[..., 3] == 255).all():
        concerns = (Concern.NO_ALPHA, Concern.SMALL) if is_small else (Concern.NO_ALPHA,)
        return PreparedPixels(shrunk(rows[..., :3], WHOLE_SIDE), (0, 0, width, height, width, height), concerns)
    solid = rows[..., 3] > SOLID
    if not solid.any():
        raise PictureError(GLASS, remedy=Remedy.OPAQUE) if rows[..., 3].any() else PictureError(ALL_CLEAR)
    top, left, bottom, right = bounds_of(solid)
    side = max(bottom - top, right - left)
    if side < SUBJECT_MINIMUM:
        raise PictureError(Text(TOO_SMALL, size=side))
    doubts = {
        Concern.TOUCHES_BORDER: 0 in (top, left) or bottom == height or right == width,
        Concern.TINY: side <= TINY and side <= max(height, width) / 2,
        Concern.SMALL: is_small,
    }
    whole = side + 2 * max(MARGIN_MINIMUM, math.ceil(side * MARGIN_SHARE))
    # Cut at even positions, so that TRELLIS.2 rounds as it would in the whole picture.
    top, left = (math.floor((both - whole) / 4) * 2 for both in (top + bottom, left + right))
    cut = square_of(rows, top, left, whole)
    cut[cut[..., 3] == 0] = 0  # invisible pixels lose their colour
    crop = (left, top, left + whole, top + whole, width, height)
    return PreparedPixels(shrunk(cut, SUBJECT_SIDE), crop, tuple(each for each, is_so in doubts.items() if is_so))


def packed(cut: PreparedPixels, pack_jpeg: Packer | None) -> PreparedPicture:
    """Return the picture as a file: a PNG, or a JPEG from `pack_jpeg` if the picture is opaque and its PNG too large.

    With `pack_jpeg` None, it stays a PNG. The view is computed from the pixels that the file's bytes show.
    """
    data, kind, shown = png(cut.rows), "png", cut.rows
    if shown.shape[2] == 3 and len(data) > JPEG_ABOVE and pack_jpeg is not None:
        data, shown = pack_jpeg(data)
        kind = "jpeg"
    return PreparedPicture(data, kind, cut.crop, view_of(shown, cut.concerns))
