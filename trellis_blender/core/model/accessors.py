# SPDX-License-Identifier: GPL-3.0-or-later
"""Accessors of a glTF as numpy arrays: checked against glTF 2.0 §3.6, then taken from the file's bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .glb import Glb, Node, NotPlainError, damaged, flag, integer, objects, text
from .weld import Array

COMPONENTS: dict[int, type[np.generic]] = {
    5120: np.int8,
    5121: np.uint8,
    5122: np.int16,
    5123: np.uint16,
    5125: np.uint32,
    5126: np.float32,
}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
STRIDE_MAXIMUM = 252  # glTF 2.0 §3.6.2.1


@dataclass(frozen=True)
class BufferViews:
    """The accessors, buffer views and binary chunk of one file."""

    accessors: list[Node]
    views: list[Node]
    binary: memoryview

    @classmethod
    def of(cls, glb: Glb) -> BufferViews:
        """Return the file's accessors and buffer views. Raises ModelFileError; NotPlainError if data lies elsewhere."""
        return cls(objects(glb.json, "accessors"), objects(glb.json, "bufferViews"), _buffer(glb))

    def view(self, index: int) -> memoryview:
        """Return the bytes of a buffer view, without a copy. Raises ModelFileError."""
        where, view = f"buffer view {index}", self.views[index]
        if integer(view, "buffer", where) != 0:
            raise damaged(f"{where} refers to a buffer that is not there")
        start, length = integer(view, "byteOffset", where, 0), integer(view, "byteLength", where)
        if start + length > len(self.binary):
            raise damaged(f"{where} ends outside the file")
        return self.binary[start : start + length]

    def array(self, index: int, width: int) -> Array:
        """Return the accessor's elements as stored: (count, width), of its own component type, without a copy.

        Raises ModelFileError, and NotPlainError for an accessor that is sparse or has no data.
        """
        where, accessor = f"accessor {index}", self.accessors[index]
        if "sparse" in accessor or "bufferView" not in accessor:
            raise NotPlainError("a mesh stored in an unusual way")
        component = COMPONENTS.get(integer(accessor, "componentType", where))
        if component is None or WIDTHS.get(text(accessor, "type", where)) != width:
            raise damaged(f"{where} has another type than its use asks for")
        view_index = integer(accessor, "bufferView", where, below=len(self.views))
        data, item = self.view(view_index), np.dtype(component)
        count, start = integer(accessor, "count", where), integer(accessor, "byteOffset", where, 0)
        size = item.itemsize * width
        stride = integer(self.views[view_index], "byteStride", where, size, below=STRIDE_MAXIMUM + 1)
        if count < 1 or stride < size or start + stride * (count - 1) + size > len(data):
            raise damaged(f"{where} ends outside its buffer view")
        return np.ndarray((count, width), item, data, start, (stride, item.itemsize))

    def floats(self, index: int, width: int, *, mends: bool = False) -> Array:
        """Return the accessor's elements as (count, width) float32. Normalised integers become numbers from -1 to 1.

        `mends`: an element with a NaN or an infinity becomes zeros, as a model can do without a few normals and UVs.
        Raises ModelFileError, also for such an element if it is not mended.
        """
        values = self._numbers(index, width)
        is_finite = np.isfinite(values)
        if is_finite.all():
            return values
        if not mends:
            raise damaged(f"accessor {index} holds a number that is not finite")
        return np.where(is_finite.all(axis=1, keepdims=True), values, np.float32(0))

    def _numbers(self, index: int, width: int) -> Array:
        """Return the accessor's elements as `floats` does, but allow a NaN or an infinity."""
        stored = self.array(index, width)
        if stored.dtype == np.float32:
            return np.ascontiguousarray(stored)
        if not flag(self.accessors[index], "normalized", f"accessor {index}"):
            return stored.astype(np.float32)
        if stored.dtype == np.uint32:
            raise damaged(f"accessor {index} normalises 32-bit integers")
        scaled = stored.astype(np.float32) / np.float32(np.iinfo(stored.dtype).max)
        clamped: Array = np.maximum(scaled, np.float32(-1.0))  # glTF 2.0 §3.6.2.2: -128 means -1, too
        return clamped

    def indices(self, index: int, vertices: int) -> Array:
        """Return the accessor's elements as (count,) int32, each below `vertices`. Raises ModelFileError."""
        stored = self.array(index, 1)[:, 0]
        if stored.dtype not in (np.uint8, np.uint16, np.uint32):
            raise damaged(f"accessor {index} has another type than its use asks for")
        if int(stored.max()) >= vertices:
            raise damaged(f"accessor {index} points at a vertex that is not there")
        return stored.astype(np.int32)


def _buffer(glb: Glb) -> memoryview:
    """Return the one buffer of a GLB: its binary chunk (glTF 2.0 §3.6.1.2)."""
    buffers = objects(glb.json, "buffers")
    if len(buffers) > 1 or any("uri" in buffer for buffer in buffers):
        raise NotPlainError("a mesh stored in an unusual way")
    if not buffers:
        return memoryview(b"")
    length = integer(buffers[0], "byteLength", "buffer 0")
    if length > len(glb.binary):
        raise damaged("buffer 0 ends outside the file")
    return glb.binary[:length]
