"""Stand-ins for what Trellis 2 returns: what the emulator makes."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from emulator.model import workshop
from emulator.model.order import Order

if TYPE_CHECKING:
    from emulator.model.order import TextureFormat


@functools.cache
def trellis_glb(texture_format: TextureFormat, faces: int = 100_000, texture_size: int = 1024) -> bytes:
    """Return a model of a two-coloured disc, in the structure that Trellis 2 gives its files."""
    return workshop.make(Order(_picture(), faces, texture_size, texture_format, False, 7)).glb


def _picture() -> bytes:
    image = Image.new("RGBA", (120, 80))
    draw = ImageDraw.Draw(image)
    draw.ellipse((20, 10, 100, 70), fill=(200, 40, 30, 255))
    draw.pieslice((20, 10, 100, 70), -90, 90, fill=(30, 180, 60, 255))
    file = io.BytesIO()
    image.save(file, "png")
    return file.getvalue()
