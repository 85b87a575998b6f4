# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: images as arrays."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def pixels_of(image: Any) -> Array:
    """Return an image's pixels as stored: (height, width, 4) float32, the lowest row first."""
    width, height = image.size
    values = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(values)
    values = values.reshape(height, width, image.channels)
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., : image.channels] = values
    if image.channels < 3:
        pixels[..., :3] = values[..., :1]
    return pixels


def new_image(name: str, pixels: Array, *, is_data: bool = False, is_float: bool = False) -> Any:
    """Return a new image with these pixels."""
    height, width = pixels.shape[:2]
    image: Any = bpy.data.images.new(name, width, height, alpha=True, float_buffer=is_float, is_data=is_data)
    image.alpha_mode = "CHANNEL_PACKED"
    image.pixels.foreach_set(np.ascontiguousarray(pixels, np.float32).ravel())
    image.update()
    return image


def to_linear(stored: Array) -> Array:
    """Return linear values of stored sRGB ones (IEC 61966-2-1)."""
    linear: Array = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    return linear


def to_srgb(linear: Array) -> Array:
    """Return the sRGB values of linear ones, clipped to 0 to 1."""
    kept = np.clip(linear, 0, 1)
    stored: Array = np.where(kept <= 0.0031308, kept * 12.92, 1.055 * kept ** (1 / 2.4) - 0.055)
    return stored
