# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels as arrays: as they are shown, smaller, and as a PNG. Plain numpy, for workers and child processes."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
PNG_COMPRESSION = 6
TARGA_HEADER, TARGA_SIZE_AT = 18, 12


@dataclass(frozen=True)
class Held:
    """What a Blender image holds, taken out of it: what it shows can be worked out on any thread.

    `flat` is float32, row after row, the bottom one first. `is_float`: scene-linear with premultiplied alpha.
    `is_linear`: linear light with straight alpha.
    """

    flat: Array
    width: int
    height: int
    is_float: bool = False
    is_linear: bool = False

    def seen(self) -> Array:
        """What it shows: uint8 (height, width, 4), the top row first, sRGB with straight alpha."""
        channels = len(self.flat) // (self.width * self.height)
        made = shown(self.flat, channels, is_float=self.is_float).reshape(self.height, self.width, 4)
        if self.is_linear:
            made[..., :3] = encoded(made[..., :3])
        return as_bytes(made[::-1])


def shown(pixels: Array, channels: int, *, is_float: bool) -> Array:
    """The pixels of a Blender image, flat float32, as (count, 4) float32: sRGB with straight alpha, 0 to 1.

    Blender keeps `is_float` ones scene-linear with premultiplied alpha (its manual, "Alpha Modes").
    """
    given = pixels.reshape(-1, channels)
    colour = given[:, :3] if channels > 2 else given[:, :1]
    alpha = given[:, -1:] if channels in (2, 4) else np.ones((len(given), 1), np.float32)
    if is_float:
        colour = encoded(colour / np.where(alpha > 0, alpha, 1))
    made = np.empty((len(given), 4), np.float32)
    made[:, :3], made[:, 3:] = colour, alpha
    np.clip(np.nan_to_num(made, copy=False), 0, 1, out=made)
    return made


def encoded(linear: Array) -> Array:
    """Linear light as sRGB shows it (IEC 61966-2-1)."""
    bright = 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055
    made: Array = np.where(linear <= 0.0031308, linear * 12.92, bright)
    return made


def linear(shown_colours: Array) -> Array:
    """The linear light of sRGB colours, 0 to 1: the way back."""
    bright = ((shown_colours + 0.055) / 1.055) ** 2.4
    made: Array = np.where(shown_colours <= 0.04045, shown_colours / 12.92, bright)
    return made


def resized(image: Array, height: int, width: int) -> Array:
    """The image (rows, columns, channels), each new pixel the mean of those that it covers, or the one it lies in."""
    for axis, count in enumerate((height, width)):
        before = image.shape[axis]
        starts = np.arange(count) * before // count
        if count >= before:
            image = image.take(starts, axis)
            continue
        share = np.diff([*starts, before]).astype(np.float32)
        sums: Array = np.add.reduceat(image, starts, axis, dtype=np.float32)
        image = np.divide(sums, share.reshape((-1, 1, 1) if axis == 0 else (1, -1, 1)), out=sums)
    return image


def as_bytes(image: Array) -> Array:
    """Numbers from 0 to 1 as uint8."""
    whole: Array = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return whole


def targa(data: bytes) -> Array:
    """What a Targa file shows that Blender saved unpacked, with alpha: uint8 (height, width, 4), the top row first.

    Raises ValueError when it is cut short. (Truevision TGA 2.0: 18 bytes, then rows of BGRA, the bottom one first.)
    """
    width, height = struct.unpack_from("<HH", data, TARGA_SIZE_AT)
    if len(data) < TARGA_HEADER + width * height * 4:
        raise ValueError(f"{len(data)} bytes are too few for {width} × {height} pixels")
    rows = np.frombuffer(data, np.uint8, width * height * 4, TARGA_HEADER).reshape(height, width, 4)
    return rows[::-1, :, [2, 1, 0, 3]]


def png(rows: Array) -> bytes:
    """A PNG of (height, width, 4) uint8, bottom row first as Blender has them (PNG, third edition, §5 and §9)."""
    height, width = rows.shape[:2]
    lines = np.zeros((height, 1 + width * 4), np.uint8)  # each line begins with its filter: 0, none
    lines[:, 1:] = rows[::-1].reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), PNG_COMPRESSION)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
