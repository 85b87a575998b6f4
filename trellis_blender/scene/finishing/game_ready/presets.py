# SPDX-License-Identifier: GPL-3.0-or-later
"""How light a model becomes, by what it is for, and how engines want its meshes to be called. It imports no `bpy`.

Unreal's “FBX Static Mesh Pipeline”: a collision hull is `UCX_`, the mesh's name and a number. Unity's “Import a mesh
with LOD settings”: `_LOD0` and so on make a LOD group. Godot's “Node type customization using name suffixes”: a mesh
with `-convcolonly` becomes a convex shape; it makes LODs itself, and keeps these as meshes of their own.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Container
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
LONGEST = 40  # bytes of the model's name: Blender's own limit is 63 with all that is added
HULLS = {  # what stands before and after the name
    "UNREAL": ("UCX_", "_00"),
    "UNITY": ("", "_Collider"),
    "GODOT": ("", "-convcolonly"),
    "GLTF": ("", "_Collision"),
}


class Names(NamedTuple):
    """`levels`: of the meshes, the finest first. `hull`: of the collision hull. `base`: of material and textures."""

    base: str
    levels: tuple[str, ...]
    hull: str


def names_for(engine: str, model: str, levels: int, taken: Container[str]) -> Names:
    """Return the names of so many meshes and of the hull, none of which is `taken` yet.

    Only letters, digits and underscores stay of the model's name: engines replace all else.
    """
    plain = re.sub(r"\W+", "_", model).strip("_") or "Model"
    plain = plain.encode()[:LONGEST].decode(errors="ignore")
    for number in itertools.count(1):
        base = plain if number == 1 else f"{plain}_{number}"
        meshes = tuple(f"{base}_LOD{level}" for level in range(levels)) if levels > 1 else (f"{base}_Game",)
        before, after = HULLS[engine]
        names = Names(base, meshes, f"{before}{meshes[0] if before else base}{after}")
        if not any(name in taken for name in (*names.levels, names.hull)):
            return names
    raise AssertionError
