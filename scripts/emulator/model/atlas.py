# SPDX-License-Identifier: GPL-3.0-or-later
"""The textures of a relief: the picture four times, two copies for the front above and two for the back below."""

from PIL import Image, ImageEnhance, ImageFilter

from .relief_mesh import MARGIN

_LEAST_ALPHA = 96


def paint_atlas(subject: Image.Image, size: int) -> tuple[Image.Image, Image.Image]:
    """Return the base colour (RGBA) and the metallic-roughness texture (RGB), both `size` pixels square.

    Roughness is in G, metalness in B (glTF 2.0 §3.9.2), R is 0 as Trellis 2 writes it. The alpha is the picture's, but
    nowhere less than `_LEAST_ALPHA`: TRELLIS.2 stores one, too, though the material is opaque, and fills in what no
    face uses.
    """
    half = size // 2
    front = _copy_with_margin(subject, half)
    back = ImageEnhance.Brightness(front.filter(ImageFilter.GaussianBlur(half / 128))).enhance(0.75)
    base_color = Image.new("RGBA", (size, size))
    for row, copy in enumerate((front, back)):
        for column in range(2):
            base_color.paste(copy, (column * half, row * half))
    light = base_color.convert("L")
    roughness = light.point(lambda value: 230 - value // 3)
    metalness = light.point(lambda value: value // 16)
    return base_color, Image.merge("RGB", (Image.new("L", light.size), roughness, metalness))


def _copy_with_margin(subject: Image.Image, side: int) -> Image.Image:
    """Return the picture as a square of `side` pixels with a margin, its colours running out into all that is clear."""
    margin = round(side * MARGIN)
    inner = subject.resize((side - 2 * margin, side - 2 * margin), Image.Resampling.BILINEAR)
    sharp = Image.new("RGBA", (side, side))
    sharp.paste(inner, (margin, margin))
    canvas = sharp.resize((1, 1), Image.Resampling.BOX).resize((side, side))
    canvas.putalpha(255)
    # From coarse to fine: nearer colours cover those from farther away.
    for coarse in (8, 32, 128):
        blurred = sharp.resize((coarse, coarse), Image.Resampling.BOX)
        solid = blurred.getchannel("A").point(lambda alpha: 255 if alpha > 8 else 0)
        blurred.putalpha(solid)
        canvas = Image.alpha_composite(canvas, blurred.resize((side, side), Image.Resampling.BILINEAR))
    canvas = Image.alpha_composite(canvas, sharp)
    # WebP drops the colours of what is wholly transparent.
    canvas.putalpha(sharp.getchannel("A").point(lambda alpha: max(alpha, _LEAST_ALPHA)))
    return canvas
