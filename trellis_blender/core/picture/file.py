# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture on its way: as chosen, as prepared, as a file. Plain data that may cross threads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PictureError, Text
from ..files import open_own

if TYPE_CHECKING:
    from .encode import ViewportPixels
    from .pixels import Pixels
    from .view import View
    from .viewpoint import Viewpoint

PIXELS_MAXIMUM = 50_000_000
ALL_CLEAR = "All of it is transparent: there is nothing to make a model from. Choose another picture."
# The kinds we send. Jobs of earlier versions may hold a WebP.
SENDABLE = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
Crop = tuple[int, ...]


@dataclass(frozen=True)
class FileStamp:
    """A mark that changes when a file is saved again: its time of change (ns since 1970) and its size (bytes)."""

    changed: int
    size: int

    @classmethod
    def of(cls, path: Path) -> FileStamp:
        """Return the file's current stamp. Raises PictureError if the file cannot be examined."""
        try:
            status = path.stat()
        except (FileNotFoundError, ValueError):
            raise gone(path.name) from None
        except OSError as error:
            raise closed(path.name, error) from error
        return cls(status.st_mtime_ns, status.st_size)


@dataclass(frozen=True)
class PreparedPicture:
    """A picture ready to be sent: the bytes of a PNG or JPEG, as `kind` says.

    `crop`: left, top, right and bottom of the cut, in pixels of the upright picture, then that picture's width and
    height. The cut may reach beyond the picture's border; it is transparent there.
    `view`: what the model sees of these bytes.
    `stamp`: the stamp of the file it was made from.
    """

    data: bytes = field(repr=False)
    kind: str
    crop: Crop
    view: View
    stamp: FileStamp | None = None


@dataclass(frozen=True)
class ChosenPicture:
    """A picture as its source delivers it, to be prepared on a worker. Exactly one of the first four fields holds it.

    `file`: any file; the background Blender reads it.
    `targa`: an unpacked Targa that Blender has just written (as displayed, 8 bit, sRGB, straight alpha). The file is
    ours and is deleted after reading.
    `pixels`: an array; its class knows how to convert it to the same form.
    `prepared`: a picture that is already prepared.
    `name`: the artist's name for it, with an extension if it is a file.
    `pixel_aspect`: a pixel's width divided by its height, if known already.
    `orientation`: Exif's value, if known already.
    `ignores_alpha`: send it without its transparency.
    `stamp`: the stamp of the file that holds these pixels.
    `viewpoint`: where it was taken from, if that is known.
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
    viewpoint: Viewpoint | None = None


# Prepares a picture, on a worker. Raises TrellisError or OSError.
Prepare = Callable[[ChosenPicture], PreparedPicture]


@dataclass(frozen=True)
class PictureFile:
    """A file of ours that is ready to be sent, and its kind. We may move or delete it."""

    file: Path
    kind: str = "png"
    crop: Crop = ()


def gone(name: str) -> PictureError:
    """Return the error for a file that does not exist."""
    return PictureError(Text("The picture “{name}” is gone. Choose another file.", name=name))


def closed(name: str, error: OSError) -> PictureError:
    """Return the error for a file that the system does not let us read."""
    reason = error.strerror or type(error).__name__
    return PictureError(
        Text("The picture “{name}” cannot be read: {reason}. Choose another file.", name=name, reason=reason)
    )


def check_size(name: str, width: int, height: int) -> None:
    """Raise PictureError above 50 megapixels. Trellis uses at most 1024 pixels a side."""
    if width * height > PIXELS_MAXIMUM:
        size = Text("{width} × {height} pixels", width=f"{width:,}", height=f"{height:,}")
        raise PictureError(
            Text(
                "“{name}” is too large ({size}): 50 megapixels are the most. Scale it down first.", name=name, size=size
            )
        )


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a picture of ours in hexadecimal. Raises OSError."""
    with open_own(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
