# SPDX-License-Identifier: GPL-3.0-or-later
"""Encode and decode pixels: uint8 (height, width, 3 or 4), top row first, sRGB with straight alpha."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np

from .pixels import Array, as_bytes, encoded, linear

PNG_COMPRESSION = 6
JPEG_ABOVE = 3_500_000  # bytes: the API takes at most 4 MB in one request
JPEG_QUALITY = 95
TARGA_HEADER, TARGA_SIZE_AT = 18, 12
_BLEED = 4  # pixels: the greatest width of a smooth edge


def png(rows: Array) -> bytes:
    """Return the pixels as a PNG without any metadata (PNG, third edition, §5 and §9)."""
    height, width, channels = rows.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 6 if channels == 4 else 2, 0, 0, 0)
    lines = _filtered(rows.reshape(height, width * channels), channels)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), PNG_COMPRESSION)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _filtered(lines: Array, channels: int) -> Array:
    """Return each line under its smallest filter: none, left or up (PNG, third edition, §9)."""
    left, upper = lines.copy(), lines.copy()
    left[:, channels:] -= lines[:, :-channels]
    upper[1:] -= lines[:-1]
    every = (lines, left, upper)
    sizes = np.stack([np.abs(each.astype(np.int8).astype(np.int16)).sum(axis=1) for each in every])
    best = sizes.argmin(axis=0)
    made = np.empty((len(lines), lines.shape[1] + 1), np.uint8)
    made[:, 0] = best
    for number, each in enumerate(every):
        made[best == number, 1:] = each[best == number]
    return made


def targa(data: bytes) -> Array:
    """Return the pixels of an unpacked Targa with alpha that Blender saved: uint8 (height, width, 4).

    Raises ValueError when the file is cut short. (Truevision TGA 2.0: 18 bytes, then rows of BGRA, bottom row first.)
    """
    if len(data) < TARGA_HEADER:
        raise ValueError(f"{len(data)} bytes are no picture")
    width, height = struct.unpack_from("<HH", data, TARGA_SIZE_AT)
    if len(data) < TARGA_HEADER + width * height * 4:
        raise ValueError(f"{len(data)} bytes are too few for {width} × {height} pixels")
    rows = np.frombuffer(data, np.uint8, width * height * 4, TARGA_HEADER).reshape(height, width, 4)
    return rows[::-1, :, [2, 1, 0, 3]]


@dataclass(frozen=True)
class ViewportPixels:
    """The viewport's pixels: uint8 (height, width, 4), top row first, colours as the viewport blends them.

    The viewport multiplies colours by their alpha and then applies the view transform, so a division cannot undo it.
    """

    seen: Array

    def rows(self) -> Array:
        """Return the same pixels with straight alpha.

        A smooth edge takes the colour of the solid pixel beside it. Pixels further from anything solid are divided as
        if the transform were sRGB's.
        """
        seen = self.seen
        alpha = seen[..., 3:].astype(np.float32) / 255
        colour = encoded(linear(seen[..., :3].astype(np.float32) / 255) / np.where(alpha > 0, alpha, 1))
        made: Array = np.concatenate([as_bytes(colour), seen[..., 3:]], axis=2)
        known = seen[..., 3] == 255
        made[known] = seen[known]
        for _ in range(_BLEED):
            for rows, columns in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                beside = np.roll(known, (rows, columns), (0, 1)) & ~known & (seen[..., 3] > 0)
                made[beside, :3] = np.roll(made, (rows, columns), (0, 1))[beside, :3]
                known = known | beside
        return made
