# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the flaws of real models into sound textures."""

from collections.abc import Collection

from PIL import Image, ImageDraw

from .flaws import Flaw

Textures = tuple[Image.Image, Image.Image]

_RIM = 0.15
"""How wide the clear frames are, as a part of a quarter of the atlas."""
_SPOTS = ((0.35, 0.4), (0.6, 0.35), (0.5, 0.65))
_SPOT_RADIUS = 0.07
"""Where the spots are, and how large, in each quarter of the atlas."""


def spoil_textures(textures: Textures, flaws: Collection[Flaw]) -> Textures:
    """Return base colour (RGBA) and metallic-roughness texture (RGB) with the flaws in them. Both are square."""
    base_color, metallic_roughness = textures
    half = base_color.width / 2
    quarters = [(column * half, row * half) for row in range(2) for column in range(2)]
    if "clear_rims" in flaws:
        base_color = base_color.copy()
        alpha = base_color.getchannel("A")
        for left, top in quarters:
            box = (left, top, left + half - 1, top + half - 1)
            ImageDraw.Draw(alpha).rectangle(box, outline=0, width=round(_RIM * half))
        base_color.putalpha(alpha)
    if "mirror_spots" in flaws:
        base_color, metallic_roughness = base_color.copy(), metallic_roughness.copy()
        radius = _SPOT_RADIUS * half
        for left, top in quarters:
            for x, y in _SPOTS:
                middle = left + x * half, top + y * half
                box = (middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius)
                ImageDraw.Draw(base_color).ellipse(box, fill=(0, 0, 0, 255))
                ImageDraw.Draw(metallic_roughness).ellipse(box, fill=(0, 0, 255))
    return base_color, metallic_roughness
