# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare pictures where there is no Blender: Pillow decodes them, and all else is as with Blender.

What is sent has the same size, crop and mode, and its pixels differ by less than 1 of 255 on average: Pillow cuts the
lower eight of sixteen bits, where Blender rounds them. Kinds that only Blender reads as an artist sees them (linear
light, layers) are refused with a sentence that says so. Pillow does not report damage within a JPEG's scan, as Blender
does; a JPEG that was not copied whole is refused here too.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import PictureError, Text
from .file import ChosenPicture, FileStamp, PreparedPicture, check_size

if TYPE_CHECKING:
    from PIL import Image

    from .metadata import FileHeader
    from .pixels import Array

# Pillow's names of the kinds that it decodes as Blender does; a Targa has no mark to know it by.
FORMATS = {"": "TGA"} | {
    kind: kind.upper().replace(" ", "") for kind in ("PNG", "JPEG", "WebP", "TIFF", "BMP", "PSD", "JPEG 2000", "AVIF")
}
ONLY_IN_BLENDER = frozenset({"OpenEXR", "HDR", "DPX", "DDS"})
_DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N")
_LINEAR = ("F", "I", "LAB")  # linear light, or numbers without a white: only a view transform makes colours of them


def prepare(chosen: ChosenPicture) -> PreparedPicture:
    """Return the picture of a file prepared for sending, as the background Blender does. Raises TrellisError.

    The picture must be in a file.
    """
    from .prepare import packed, prepared, read_whole

    assert chosen.file is not None
    file = chosen.file
    stamp = FileStamp.of(file)
    header, rows = read_whole(file, lambda header, data: (_decoded(file.name, header, data), ""))
    cut = prepared(
        rows,
        orientation=1 if header.kind == "TIFF" else header.orientation,  # Pillow turns a TIFF itself, and no other
        pixel_aspect=header.pixel_aspect,
        ignores_alpha=chosen.ignores_alpha,
    )
    del rows
    return replace(packed(cut, _packed_jpeg), stamp=stamp)


def prepare_file(path: Path, *, ignores_alpha: bool = False) -> PreparedPicture:
    """Return the picture in the file, prepared for sending. `ignores_alpha`: without its transparency.

    Raises PictureError if it cannot be sent, and StorageError.
    """
    return prepare(ChosenPicture(path.name, file=path, ignores_alpha=ignores_alpha))


def _decoded(name: str, header: FileHeader, data: bytes) -> Array | None:
    """Return the pixels as stored: uint8 (height, width, 4); None if the file is damaged. Raises PictureError."""
    if header.kind in ONLY_IN_BLENDER:
        raise _only_in_blender(name, header.kind)
    if header.kind not in FORMATS:
        raise PictureError(
            Text(
                "{kind} cannot be read. Export “{name}” as PNG or JPEG, or choose another file.",
                kind=header.kind,
                name=name,
            )
        )
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata, and sizes, which we check ourselves
            with Image.open(io.BytesIO(data), formats=[FORMATS[header.kind]]) as image:
                check_size(name, *image.size)
                image.load()
                return _rows(name, header.kind, image)
    except PictureError:
        raise
    except Image.DecompressionBombError:
        raise PictureError(
            Text("“{name}” is too large: 50 megapixels are the most. Scale it down first.", name=name)
        ) from None
    except Exception as error:
        if not header.kind and data:
            sentence = Text("“{name}” is no picture that can be read. Choose a PNG, JPEG or WebP file.", name=name)
            raise PictureError(sentence) from error
        return None


def _rows(name: str, kind: str, image: Image.Image) -> Array:
    import numpy as np
    from PIL import ImageOps

    if image.mode in _LINEAR:
        raise _only_in_blender(name, Text("{kind} with these numbers ({mode})", kind=kind, mode=image.mode))
    if kind == "AVIF":  # whose rotation is part of the format, see metadata.py
        image = ImageOps.exif_transpose(image)
    if image.mode in _DEEP_GREY:
        grey = np.rint(np.asarray(image).astype(np.float32) / 257).astype(np.uint8)
        return np.dstack([grey, grey, grey, np.full_like(grey, 255)])
    if image.mode in ("CMYK", "YCbCr"):
        image = image.convert("RGB")
    return np.asarray(image.convert("RGBA"))


def _packed_jpeg(png: bytes) -> tuple[bytes, Any]:
    """Return the opaque PNG as a JPEG, and the JPEG's pixels: uint8 (height, width, 3), the top row first."""
    import numpy as np
    from PIL import Image

    from .encode import JPEG_QUALITY
    from .metadata import without_jpeg_metadata

    packed = io.BytesIO()
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        image.save(packed, "JPEG", quality=JPEG_QUALITY)
    data = without_jpeg_metadata(packed.getvalue())
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        return data, np.asarray(image.convert("RGB"))


def _only_in_blender(name: str, kind: str) -> PictureError:
    return PictureError(
        Text(
            "Only Blender reads {kind}. Save “{name}” as PNG, or use the command in Blender: blender "
            "--command trellis2.",
            kind=kind,
            name=name,
        )
    )
