# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture in a file: what kind it is and how large, read from its first bytes."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import PictureError

PIXELS_MAXIMUM = 50_000_000
ALL_CLEAR = "All of it is transparent: there is nothing to make a model from. Choose another picture."
# What `POST /assets` takes as it is; Blender turns everything else it can read into PNG.
SENDABLE = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
HEADER_BYTES = 1024 * 1024  # a JPEG may carry that much metadata before its size
# A name for what the first bytes say, for pictures that Blender has to convert.
_CONVERTIBLE = (
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"BM", "bmp"),
    (b"\x76\x2f\x31\x01", "exr"),
    (b"#?RADIANCE", "hdr"),
    (b"GIF8", "gif"),
    (b"\x00\x00\x00\x0cjP  ", "jpeg2000"),
    (b"SDPX", "dpx"),
    (b"XPDS", "dpx"),
)


@dataclass(frozen=True)
class Picture:
    """A picture file. `width` and `height` are pixels, 0 where only Blender can tell."""

    path: Path
    kind: str
    width: int = 0
    height: int = 0

    @property
    def is_sendable(self) -> bool:
        """Whether Scenario takes the file as it is."""
        return self.kind in SENDABLE


@dataclass(frozen=True)
class Found:
    """A picture for a model: its file, which is ours to move or delete if it `is_ours`, and of which kind that is.

    `write` is called first, on any thread: it writes what was taken out of Blender to the file, where that is needed,
    and may raise TrellisError or OSError.
    """

    file: Path
    is_ours: bool = False
    kind: str = "png"
    write: Callable[[], object] = lambda: None


def open_picture(path: Path) -> Picture:
    """The picture at `path`, after a look at its first bytes.

    Raises PictureError when the file is gone, unreadable, no picture, or above 50 megapixels.
    """
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
    except FileNotFoundError:
        raise PictureError(f"The picture “{path.name}” is gone. Choose another file.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise PictureError(f"The picture “{path.name}” cannot be read: {reason}. Choose another file.") from error
    return known(path, header)


def known(path: Path, header: bytes) -> Picture:
    """The picture that begins with these bytes, at most HEADER_BYTES. Raises PictureError as `open_picture` does."""
    kind = _kind(header)
    if kind is None:
        raise PictureError(f"“{path.name}” is not a picture. Choose a PNG, JPEG, WebP, TIFF, BMP, AVIF or EXR file.")
    try:
        width, height = _SIZES[kind](header) if kind in _SIZES else (0, 0)
    except (struct.error, IndexError):
        raise PictureError(f"“{path.name}” is damaged: its first bytes end too early. Choose another file.") from None
    check_size(path.name, width, height)
    if kind in SENDABLE and not (width and height):
        raise PictureError(f"“{path.name}” is damaged: it has no size. Choose another file.")
    return Picture(path, kind, width, height)


def unreadable(path: Path) -> PictureError:
    """The error for a picture that Blender does not know how to read."""
    return PictureError(f"Blender cannot read “{path.name}”. Choose a PNG, JPEG or WebP file.")


def check_size(name: str, width: int, height: int) -> None:
    """Raises PictureError above 50 megapixels: Trellis looks at 1024 pixels at most."""
    if width * height > PIXELS_MAXIMUM:
        size = f"{width} × {height}"
        raise PictureError(f"“{name}” is too large ({size}): 50 megapixels are the most. Scale it down first.")


def fingerprint(path: Path) -> str:
    """The file's SHA-256 in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _kind(header: bytes) -> str | None:
    if header.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if header.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if header[:4] == b"RIFF" and header[8:12] == b"WEBP":
        return "webp"
    if header[4:8] == b"ftyp" and header[8:12] in (b"avif", b"avis"):
        return "avif"
    return next((kind for magic, kind in _CONVERTIBLE if header.startswith(magic)), None)


def _png_size(header: bytes) -> tuple[int, int]:
    """PNG (3rd edition) §11.2.1: IHDR is the first chunk, width and height its first fields."""
    width, height = struct.unpack_from(">II", header, 16)
    return width, height


def _jpeg_size(header: bytes) -> tuple[int, int]:
    """ITU-T T.81 §B.2.2: height and width stand in the start-of-frame segment."""
    position = 2
    while position < len(header):
        marker = header[position + 1]
        if marker == 0xFF:  # fill bytes may stand before a marker (§B.1.1.2)
            position += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", header, position + 5)
            return width, height
        position += 2 + struct.unpack_from(">H", header, position + 2)[0]
    raise IndexError


def _webp_size(header: bytes) -> tuple[int, int]:
    """RFC 9649 §2: the size stands in the first chunk, in one of three forms."""
    chunk = header[12:16]
    if chunk == b"VP8X":
        low_width, high_width, low_height, high_height = struct.unpack_from("<HBHB", header, 24)
        return 1 + low_width + (high_width << 16), 1 + low_height + (high_height << 16)
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", header, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", header, 26)
    return width & 0x3FFF, height & 0x3FFF


def _bmp_size(header: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<ii", header, 18)
    return abs(width), abs(height)  # a negative height means top-down rows


_SIZES = {"png": _png_size, "jpeg": _jpeg_size, "webp": _webp_size, "bmp": _bmp_size}
