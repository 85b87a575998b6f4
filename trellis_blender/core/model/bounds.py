# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a model may ask for, whoever reads it: our reader, or Blender's importer.

A hundred kilobytes can stand for an image of 3.6 gigapixels, a line of JSON for billions of vertices that are all zero.
Our reader's own arrays have bounds of their own (`parts.EXPANSION_MAXIMUM`).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

from ..errors import ModelFileError, import_error
from ..picture.metadata import HEADER_BYTES, read_header
from .fields import Node, objects
from .glb import Glb

IMAGES_MAXIMUM = 1000  # Blender's main thread takes them over one by one
PIXELS_MAXIMUM = 2**28  # of all images together: one of 16,384 x 16,384, or sixteen of 4096 x 4096
EMPTY_ELEMENTS_MAXIMUM = 2**26  # of all accessors that hold no data of their own: sparse, or compressed elsewhere


def refuse_bombs(glb: Glb) -> None:
    """Raise ModelFileError if the model asks for more than Blender could hold. Decodes nothing."""
    try:
        images, accessors = objects(glb.json, "images"), objects(glb.json, "accessors")
    except ModelFileError:  # whoever reads it will say so
        return
    elements = sum(_count(accessor) for accessor in accessors if "bufferView" not in accessor or "sparse" in accessor)
    if elements > EMPTY_ELEMENTS_MAXIMUM:
        raise import_error("The model claims to have more vertices than can be opened safely")
    check_images(_beginning(glb, image) for image in images)


def check_images(beginnings: Iterable[bytes]) -> None:
    """Raise ModelFileError if these images are too many, or too large together. Each is the beginning of its file."""
    pixels = 0
    for count, data in enumerate(beginnings, 1):
        if count > IMAGES_MAXIMUM:
            raise import_error(f"The model holds more than {IMAGES_MAXIMUM:,} images, which cannot be opened safely")
        header = read_header(data)
        pixels += max(0, header.width) * max(0, header.height)
        if pixels > PIXELS_MAXIMUM:
            size = f"{header.width:,} × {header.height:,} pixels"
            raise import_error(f"The model's images are too large to be opened safely, one with {size}")


def _count(accessor: Node) -> int:
    count = accessor.get("count")
    return count if isinstance(count, int) and count > 0 else 0


def _beginning(glb: Glb, image: Node) -> bytes:
    """Return the first bytes of an image, in the file or in its JSON; empty if it is neither, or does not fit."""
    uri = image.get("uri")
    if isinstance(uri, str) and uri.startswith("data:"):
        try:
            return base64.b64decode(uri.partition(",")[2][: HEADER_BYTES // 3 * 4], validate=False)
        except (binascii.Error, ValueError):
            return b""
    index = image.get("bufferView")
    views = glb.json.get("bufferViews")
    if type(index) is not int or not isinstance(views, list) or not 0 <= index < len(views):
        return b""
    view = views[index]
    start = view.get("byteOffset", 0) if isinstance(view, dict) else None
    return bytes(glb.binary[start : start + HEADER_BYTES]) if type(start) is int and start >= 0 else b""
