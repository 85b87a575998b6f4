# SPDX-License-Identifier: GPL-3.0-or-later
"""How light a model becomes, by what it is for. It imports nothing."""

from __future__ import annotations

from typing import NamedTuple


class Preset(NamedTuple):
    """`faces`: of the copy. `texture_size`: the side of its textures in pixels."""

    faces: int
    texture_size: int


PRESETS = {
    "MOBILE": Preset(2_000, 512),
    "PROP": Preset(10_000, 1024),
    "HERO": Preset(30_000, 2048),
    "FILM": Preset(100_000, 4096),
}
MOST_QUADS = 10_000  # beyond, QuadriFlow takes minutes: 50 s for 20,000 on two cores
"""The most faces that can be asked for as quads."""
NO_QUADS = "Blender could not make quads of this model: its surface is torn or cuts through itself. Use triangles."
