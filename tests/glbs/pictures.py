"""Small textures, each with other colours at every pixel, so that neither a turn nor a swap goes unseen."""

from __future__ import annotations

import io

from PIL import Image


def texture(kind: str = "png", *, shade: int = 0, size: tuple[int, int] = (8, 4), mode: str = "RGB") -> bytes:
    """Return an encoded image of that kind: "png", "jpeg" or "webp" (lossless). `shade` makes it another one."""
    width, height = size
    image = Image.new("RGBA", size)
    for x in range(width):
        for y in range(height):
            image.putpixel((x, y), (255 * x // width, 255 * y // height, 40 + shade, 255 - 20 * x))
    file = io.BytesIO()
    options = {"lossless": True, "exact": True} if kind == "webp" else {}
    image.convert(mode).save(file, kind, **options)
    return file.getvalue()


def bumps() -> bytes:
    """Return a normal map as PNG, nearly straight up everywhere."""
    image = Image.new("RGB", (8, 8))
    for x in range(8):
        for y in range(8):
            image.putpixel((x, y), (118 + 3 * x, 138 - 3 * y, 252))
    file = io.BytesIO()
    image.save(file, "png")
    return file.getvalue()
