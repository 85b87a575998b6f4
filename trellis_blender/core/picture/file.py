# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture on its way: as its source has it, and as it is sent. Plain data, which any thread may have."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PictureError

if TYPE_CHECKING:
    from .encode import ViewportPixels
    from .pixels import Pixels
    from .view import View

PIXELS_MAXIMUM = 50_000_000
ALL_CLEAR = "All of it is transparent: there is nothing to make a model from. Choose another picture."
# What is sent. (Jobs from before may have a WebP.)
SENDABLE = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
Crop = tuple[int, ...]


@dataclass(frozen=True)
class FileStamp:
    """What changes when a file is saved again: when that was, in nanoseconds since 1970, and its size in bytes."""

    changed: int
    size: int

    @classmethod
    def of(cls, path: Path) -> FileStamp:
        """The stamp of the file as it is now. Raises PictureError where it cannot be had."""
        try:
            status = path.stat()
        except (FileNotFoundError, ValueError):
            raise gone(path.name) from None
        except OSError as error:
            raise closed(path.name, error) from error
        return cls(status.st_mtime_ns, status.st_size)


@dataclass(frozen=True)
class PreparedPicture:
    """A picture as it is sent: the bytes of a PNG or JPEG, as `kind` says.

    `crop` is what was cut out: left, top, right and bottom, in pixels of the upright picture, beyond its border where
    nothing was added; then that picture's width and height. `view` is what the model sees of these very bytes. `stamp`
    is the file's that it was made of.
    """

    data: bytes = field(repr=False)
    kind: str
    crop: Crop
    view: View
    stamp: FileStamp | None = None


@dataclass(frozen=True)
class ChosenPicture:
    """A picture as its source has it, to be prepared on a worker. Exactly one of the four ways holds it:

    `file`: any file, which the background Blender reads. `targa`: an unpacked Targa that Blender has just written: what
    it shows, 8 bit, sRGB, straight alpha; the file is ours and goes when it is read. `pixels`: an array, whose class
    says how it becomes the same. `prepared`: nothing is to be done any more.

    `name` is what the artist calls it, with an ending if it is a file. `pixel_aspect` is the width of a pixel by its
    height, `orientation` Exif's, where those are known already. `ignores_alpha`: it is sent without its transparency.
    `stamp` is that of a file whose pixels these are.
    """

    name: str
    file: Path | None = None
    targa: Path | None = None
    pixels: Pixels | ViewportPixels | None = None
    prepared: PreparedPicture | None = None
    pixel_aspect: float = 1.0
    orientation: int = 1
    ignores_alpha: bool = False
    stamp: FileStamp | None = None


# Makes what is sent of a picture, on a worker. Raises TrellisError or OSError.
Prepare = Callable[[ChosenPicture], PreparedPicture]


@dataclass(frozen=True)
class PictureFile:
    """A picture that is ready to be sent: its file, which is ours to move or delete if it `is_ours`, and its kind."""

    file: Path
    is_ours: bool = False
    kind: str = "png"
    crop: Crop = ()


def gone(name: str) -> PictureError:
    """The error for a file that is not there."""
    return PictureError(f"The picture “{name}” is gone. Choose another file.")


def closed(name: str, error: OSError) -> PictureError:
    """The error for a file that the system does not let us read."""
    reason = error.strerror or type(error).__name__
    return PictureError(f"The picture “{name}” cannot be read: {reason}. Choose another file.")


def check_size(name: str, width: int, height: int) -> None:
    """Raises PictureError above 50 megapixels: Trellis looks at 1024 pixels at most."""
    if width * height > PIXELS_MAXIMUM:
        size = f"{width} × {height}"
        raise PictureError(f"“{name}” is too large ({size}): 50 megapixels are the most. Scale it down first.")


def fingerprint(path: Path) -> str:
    """The file's SHA-256 in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
