# SPDX-License-Identifier: GPL-3.0-or-later
"""The GLB container: header, chunks, JSON. Everything is checked before it is used.

`check_glb` checks a file that was just downloaded; `open_glb` reads it, once, on its way to arrays.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ModelFileError, Remedy, Text
from ..files import open_own

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
AGAIN = "Press Retry to download it again; it is not charged again."


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

    json: Mapping[str, Any]
    binary: memoryview


def check_glb(path: Path) -> None:
    """Raise ModelFileError unless the file has a GLB's tag and the length in its header. Raises OSError, too.

    It checks no more than that: whatever such a file holds, it was paid for and is kept.
    """
    with open_own(path) as file:
        header = file.read(HEADER_BYTES)
        size = file.seek(0, os.SEEK_END)
    _check_header(header, size)


def open_glb(path: Path) -> Glb:
    """Return the file's JSON and binary chunk. Reads the whole file into memory. Raises ModelFileError or OSError."""
    data = memoryview(_read(path))
    header = bytes(data[:HEADER_BYTES])
    _check_header(header, len(data))
    (version,) = struct.unpack_from("<I", header, 4)
    if version != VERSION:
        sentence = Text(
            "The model's file is glTF {version}, which this add-on cannot read. Update the add-on.", version=version
        )
        raise ModelFileError(sentence, remedy=Remedy.UPDATE)
    chunks = _chunks(data)
    if not chunks or chunks[0][0] != JSON_CHUNK:
        raise damaged("its first chunk is not JSON")
    binary = next((chunk for kind, chunk in chunks[1:2] if kind == BINARY_CHUNK), memoryview(b""))
    return Glb(_json(chunks[0][1]), binary)


def _read(path: Path) -> bytes:
    """Return the file's bytes, if its header fits its size: what only has its name is not read to its end."""
    with open_own(path, GLB_BYTES_MAXIMUM) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        _check_header(file.read(HEADER_BYTES), size)
        file.seek(0)
        return file.read(size)


def _check_header(header: bytes, size: int) -> None:
    if len(header) < HEADER_BYTES or header[:4] != MAGIC:
        raise ModelFileError(Text("The model's file is not a GLB. {again}", again=AGAIN))
    (length,) = struct.unpack_from("<I", header, 8)
    if length != size:  # no `flaw`: Blender's importer refuses such a file, too
        raise ModelFileError(Text("The model's file did not arrive whole. {again}", again=AGAIN))


def _chunks(data: memoryview) -> list[tuple[bytes, memoryview]]:
    """Return the first chunks, at most the two that glTF 2.0 §4.4.3 defines."""
    chunks: list[tuple[bytes, memoryview]] = []
    start = HEADER_BYTES
    while start < len(data) and len(chunks) < 2:
        if start + CHUNK_HEADER_BYTES > len(data):
            raise damaged("a chunk's header ends outside the file")
        (length,) = struct.unpack_from("<I", data, start)
        kind, start = bytes(data[start + 4 : start + 8]), start + CHUNK_HEADER_BYTES
        if start + length > len(data):
            raise damaged("a chunk ends outside the file")
        chunks.append((kind, data[start : start + length]))
        start += length
    return chunks


def _json(chunk: memoryview) -> Mapping[str, Any]:
    if len(chunk) > JSON_BYTES_MAXIMUM:
        raise damaged(LARGE_JSON)
    try:
        data = json.loads(bytes(chunk).decode("utf-8"))
    except (ValueError, RecursionError):
        raise damaged("its JSON cannot be read") from None
    if not isinstance(data, dict):
        raise damaged("its JSON is not an object")
    return data
