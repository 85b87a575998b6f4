# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands over the pixels of images that were painted or baked and not saved yet: no .blend holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import bpy
import numpy as np

PAINTED = ("FILE", "GENERATED")
NAMES = "names"


def taken(images: Iterable[Any]) -> dict[str, Any]:
    """Return the unsaved pixels among these images: `names`, and the pixels of each by its number, as text."""
    unsaved = [image for image in images if image.is_dirty and image.has_data and image.source in PAINTED]
    pixels: dict[str, Any] = {NAMES: np.array([image.name for image in unsaved], np.str_)}
    for number, image in enumerate(unsaved):
        pixels[str(number)] = np.empty(len(image.pixels), np.float32)
        image.pixels.foreach_get(pixels[str(number)])
    return pixels


def give_back(painted: Mapping[str, Any]) -> None:
    """Give the images of this file the pixels that `taken` has returned."""
    for number, name in enumerate(painted[NAMES]):
        image: Any = bpy.data.images.get(str(name))
        if image is not None and len(image.pixels) == len(painted[str(number)]):
            image.pixels.foreach_set(painted[str(number)])
            image.update()
