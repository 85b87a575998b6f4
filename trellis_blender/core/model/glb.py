# SPDX-License-Identifier: GPL-3.0-or-later
"""The GLB container: header, chunks, JSON and its fields. Everything is checked before it is used.

`check_glb` checks a file that was just downloaded; `open_glb` reads it, once, on its way to arrays. `refuse_bombs` says
how much a model may ask for, whoever reads it: our reader, or Blender's importer. A hundred kilobytes can stand for an
image of 3.6 gigapixels, a line of JSON for billions of vertices that are all zero. Our reader's own arrays have bounds
of their own (`parts.EXPANSION_MAXIMUM`).
"""

from __future__ import annotations

import base64
import json
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, TypeVar

from ..errors import ModelFileError, Remedy, Text, import_error
from ..files import open_own
from ..picture.metadata import HEADER_BYTES as PICTURE_HEADER_BYTES
from ..picture.metadata import read_header
from ..text import number as finite
from ..text import one_line

MAGIC = b"glTF"
HEADER_BYTES = 12
CHUNK_HEADER_BYTES = 8
VERSION = 2
JSON_CHUNK = b"JSON"
BINARY_CHUNK = b"BIN\0"
GLB_BYTES_MAXIMUM = 2**32 - 1  # its header can name no more (glTF 2.0 §4.4.2)
# A model of Trellis 2 has two kilobytes of JSON. As Python objects, JSON can take 30 times its size: 120 MB at most.
JSON_BYTES_MAXIMUM = 4 * 1024 * 1024
LARGE_JSON = "its JSON is unreasonably large"
INTEGER_MAXIMUM = 2**32  # of the JSON's fields
IMAGES_MAXIMUM = 1000  # Blender's main thread takes them over one by one
PIXELS_MAXIMUM = 2**28  # of all images together: one of 16,384 x 16,384, or sixteen of 4096 x 4096
EMPTY_ELEMENTS_MAXIMUM = 2**26  # of all accessors that hold no data of their own: sparse, or compressed elsewhere
AGAIN = "Press Retry to download it again; it is not charged again."
Node = Mapping[str, Any]
_Kind = TypeVar("_Kind")


class NotPlainError(Exception):
    """A sound file with something that only Blender's own importer can read. The message says what, for the artist."""


def damaged(what: str) -> ModelFileError:
    """Return the error for a file that breaks glTF's rules.

    `what`: for the log and not for the artist, for example "a chunk ends outside the file".
    """
    return ModelFileError(Text("The model's file is damaged. {again}", again=AGAIN), flaw=what)


def points_outside() -> ModelFileError:
    """Return the error for a file that would have other files be read."""
    return ModelFileError(
        Text("The model's file points at files outside itself, which is refused. {again}", again=AGAIN)
    )


@dataclass(frozen=True)
class Glb:
    """A GLB in memory: its JSON, and its binary chunk without a copy."""

    json: Node
    binary: memoryview


def check_glb(path: Path) -> None:
    """Raise ModelFileError unless the file has a GLB's tag and the length in its header. Raises OSError, too.

    It checks no more than that: whatever such a file holds, it was paid for and is kept.
    """
    with open_own(path) as file:
        _checked_size(file)


def open_glb(path: Path) -> Glb:
    """Return the file's JSON and binary chunk. Reads the whole file into memory. Raises ModelFileError or OSError."""
    with open_own(path, GLB_BYTES_MAXIMUM) as file:
        size = _checked_size(file)  # what only has a GLB's name is not read to its end
        file.seek(0)
        data = memoryview(file.read(size))
    _check_header(bytes(data[:HEADER_BYTES]), len(data))
    (version,) = struct.unpack_from("<I", data, 4)
    if version != VERSION:
        sentence = Text(
            "The model's file is glTF {version}, which this add-on cannot read. Update the add-on.", version=version
        )
        raise ModelFileError(sentence, remedy=Remedy.UPDATE)
    kind, chunk, end = _chunk(data, HEADER_BYTES)
    if kind != JSON_CHUNK:
        raise damaged("its first chunk is not JSON")
    kind, binary, _ = _chunk(data, end)
    return Glb(_json(chunk), binary if kind == BINARY_CHUNK else binary[:0])


def _checked_size(file: BufferedReader) -> int:
    """Return how many bytes the file has, which its header says, too."""
    header, size = file.read(HEADER_BYTES), file.seek(0, os.SEEK_END)
    _check_header(header, size)
    return size


def _check_header(header: bytes, size: int) -> None:
    if len(header) < HEADER_BYTES or header[:4] != MAGIC:
        raise ModelFileError(Text("The model's file is not a GLB. {again}", again=AGAIN))
    (length,) = struct.unpack_from("<I", header, 8)
    if length != size:  # no `flaw`: Blender's importer refuses such a file, too
        raise ModelFileError(Text("The model's file did not arrive whole. {again}", again=AGAIN))


def _chunk(data: memoryview, start: int) -> tuple[bytes, memoryview, int]:
    """Return the kind, the content and the end of the chunk that begins there; without a kind at the file's end."""
    if start == len(data):
        return b"", data[start:], start
    if start + CHUNK_HEADER_BYTES > len(data):
        raise damaged("a chunk's header ends outside the file")
    length, kind = struct.unpack_from("<I4s", data, start)
    start += CHUNK_HEADER_BYTES
    if start + length > len(data):
        raise damaged("a chunk ends outside the file")
    return kind, data[start : start + length], start + length


def _json(chunk: memoryview) -> Node:
    if len(chunk) > JSON_BYTES_MAXIMUM:
        raise damaged(LARGE_JSON)
    try:
        data = json.loads(bytes(chunk).decode("utf-8"))
    except (ValueError, RecursionError):
        raise damaged("its JSON cannot be read") from None
    if not isinstance(data, dict):
        raise damaged("its JSON is not an object")
    return data


# -- fields of the JSON: each returns a value of the type that it must have, or raises a ModelFileError that says where


def integer(holder: Node, name: str, where: str, default: int | None = None, below: int = INTEGER_MAXIMUM) -> int:
    """Return a whole number from 0 up to, but not including, `below`."""
    value = holder.get(name, default)
    if isinstance(value, float) and value.is_integer():  # glTF 2.0 §2.7: 1.0 is an integer too
        value = int(value)
    if type(value) is not int or not 0 <= value < below:
        raise damaged(f"{where} has no valid {name}")
    return value


def optional_index(holder: Node, name: str, where: str, count: int) -> int | None:
    """Return an index into a list of that length; None if the field is missing."""
    return integer(holder, name, where, below=count) if name in holder else None


def indices(holder: Node, name: str, where: str, count: int) -> list[int]:
    """Return a list of indices into a list of that length; empty if the field is missing."""
    items: list[Any] = _field(holder, name, where, [])
    return [integer({name: item}, name, where, below=count) for item in items]


def number(holder: Node, name: str, where: str, default: float) -> float:
    """Return a finite number."""
    value = finite(holder.get(name, default))
    if value is None:
        raise damaged(f"{where} has no valid {name}")
    return value


def numbers(holder: Node, name: str, where: str, default: Sequence[float]) -> tuple[float, ...]:
    """Return as many finite numbers as the default has."""
    values = _field(holder, name, where, list(default))
    if len(values) != len(default):
        raise damaged(f"{where} has no valid {name}")
    return tuple(number({name: value}, name, where, 0.0) for value in values)


def text(holder: Node, name: str, where: str, default: str = "") -> str:
    """Return a text, made plain: it may become a name in Blender."""
    return one_line(_field(holder, name, where, default))


def flag(holder: Node, name: str, where: str) -> bool:
    """Return True or False; False if the field is missing."""
    return _field(holder, name, where, False)


def child(holder: Node, name: str, where: str) -> Node:
    """Return a JSON object; empty if the field is missing."""
    return _field(holder, name, where, {})


def objects(holder: Node, name: str) -> list[Node]:
    """Return a list of JSON objects; empty if the field is missing."""
    return _items(holder, name, dict, "objects")


def texts(holder: Node, name: str) -> list[str]:
    """Return a list of texts, made plain; empty if the field is missing."""
    return [one_line(item) for item in _items(holder, name, str, "texts")]


def _field(holder: Node, name: str, where: str, default: _Kind) -> _Kind:
    """Return a value of the default's type."""
    value = holder.get(name, default)
    if not isinstance(value, type(default)):
        raise damaged(f"{where} has no valid {name}")
    return value


def _items(holder: Node, name: str, kind: type, what: str) -> list[Any]:
    value = holder.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
        raise damaged(f"{name} is not a list of {what}")
    return value


# -- how much a model may ask for


def refuse_bombs(glb: Glb) -> None:
    """Raise ModelFileError if the model asks for more than Blender could hold. Decodes nothing."""
    try:
        images, accessors = objects(glb.json, "images"), objects(glb.json, "accessors")
    except ModelFileError:  # whoever reads it will say so
        return
    empty = [accessor.get("count") for accessor in accessors if "bufferView" not in accessor or "sparse" in accessor]
    if sum(count for count in empty if isinstance(count, int) and count > 0) > EMPTY_ELEMENTS_MAXIMUM:
        raise import_error("The model claims to have more vertices than can be opened safely")
    check_images(_beginning(glb, image) for image in images)


def check_images(beginnings: Iterable[bytes]) -> None:
    """Raise ModelFileError if these images are too many, or too large together. Each is the beginning of its file."""
    pixels = 0
    for count, data in enumerate(beginnings, 1):
        if count > IMAGES_MAXIMUM:
            raise import_error(
                Text(
                    "The model holds more than {images_maximum} images, which cannot be opened safely",
                    images_maximum=f"{IMAGES_MAXIMUM:,}",
                )
            )
        header = read_header(data)
        pixels += max(0, header.width) * max(0, header.height)
        if pixels > PIXELS_MAXIMUM:
            size = Text("{width} × {height} pixels", width=f"{header.width:,}", height=f"{header.height:,}")
            raise import_error(Text("The model's images are too large to be opened safely, one with {size}", size=size))


def _beginning(glb: Glb, image: Node) -> bytes:
    """Return the first bytes of an image, in the file or in its JSON; empty if it is neither, or does not fit."""
    uri = image.get("uri")
    try:
        if isinstance(uri, str) and uri.startswith("data:"):
            return base64.b64decode(uri.partition(",")[2][: PICTURE_HEADER_BYTES // 3 * 4], validate=False)
        views = glb.json["bufferViews"]
        start = integer(views[integer(image, "bufferView", "image", below=len(views))], "byteOffset", "view", 0)
    except (ModelFileError, ValueError, TypeError, LookupError, AttributeError):
        return b""
    return bytes(glb.binary[start : start + PICTURE_HEADER_BYTES])
