# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a picture's file: Blender or Pillow decodes it, and this module decides whether all of the picture is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..errors import PictureError, Text, storage_error
from ..files import read_any
from .encode import targa
from .file import check_size, closed, gone
from .metadata import FileHeader, complaint, damaged, ends_where_it_should, read_header, unreadable
from .pixels import Array, breaks_off

PICTURE_BYTES_MAXIMUM = 1024**3  # 50 megapixels of 32-bit floats are 800 MB
END_OF_FILE = "end of file"  # from the messages of Blender's libraries
LAYERS = "“{name}” has layers. Open it in Blender, save the one that you see as a PNG, and choose that."
# Decodes the first file, calls the check with width, height and whether it has layers, and saves the picture as
# displayed in the second file, an unpacked Targa. Returns whether it could, and what was printed. Raises OSError.
Decode = Callable[[Path, Path, Callable[[int, int, bool], None]], tuple[bool, str]]


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

    is_whole = False
    try:
        read = read_whole(path, decoded)
        is_whole = True
    except OSError as error:
        raise storage_error("read the picture", error) from error
    finally:
        if not is_whole:
            shown.unlink(missing_ok=True)
    return read


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
