# SPDX-License-Identifier: GPL-3.0-or-later
"""The pixels of images, and how to hand over those that were painted or baked and not saved yet: no .blend has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import bpy
import numpy as np

PAINTED = ("FILE", "GENERATED")
NAMES = "names"


def stored(image: Any) -> Any:
    """Return the image's numbers as stored: float32, one for each channel of a pixel, the bottom row first."""
    values = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(values)
    return values


def pixels_of(image: Any) -> Any:
    """Return an image's pixels as stored: (height, width, 4) float32, the lowest row first."""
    width, height = image.size
    values = stored(image).reshape(height, width, image.channels)
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., : image.channels] = values
    if image.channels < 3:
        pixels[..., :3] = values[..., :1]
    return pixels


def taken(images: Iterable[Any]) -> dict[str, Any]:
    """Return the unsaved pixels among these images: `names`, and the pixels of each by its number, as text."""
    unsaved = [image for image in images if image.is_dirty and image.has_data and image.source in PAINTED]
    pixels: dict[str, Any] = {NAMES: np.array([image.name for image in unsaved], np.str_)}
    return pixels | {str(number): stored(image) for number, image in enumerate(unsaved)}


def give_back(painted: Mapping[str, Any]) -> None:
    """Give the images of this file the pixels that `taken` has returned."""
    for number, name in enumerate(painted[NAMES]):
        image: Any = bpy.data.images.get(str(name))
        if image is not None and len(image.pixels) == len(painted[str(number)]):
            image.pixels.foreach_set(painted[str(number)])
            image.update()
