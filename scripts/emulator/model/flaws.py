# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the models that generators really make: with their files, and with the bodies in them.

The flaws of files were seen in public files of TRELLIS, Hunyuan3D, Stable Fast 3D and others. TRELLIS.2's own files
have none of them as far as its source tells; what a host does to them before it hands them on is not known. The flaws
of bodies are what users of TRELLIS and TRELLIS.2 complain about. Each can be there alone, or many at once.
"""

from typing import Literal, get_args

FileFlaw = Literal["no_normals", "corner_normals", "flipped_patches", "doubled_sheets", "nan_normal"]
"""The kinds:

- `no_normals`: there is no NORMAL at all.
- `corner_normals`: no two corners at one place have the same normal, so each corner has a vertex of its own.
- `flipped_patches`: patches of the surface are inside out, their normals too.
- `doubled_sheets`: patches are there twice: some with a back (the same corners, wound the other way, as the two sides
  of a sheet), some as the very same triangles again.
- `nan_normal`: one normal has a component that is not a number.
"""
BodyFlaw = Literal["inner_shell", "loose_bits", "holes", "clear_rims", "mirror_spots", "slab"]
"""The kinds:

- `inner_shell`: a second, closed skin a little below the surface, facing inwards, as narrow-band remeshing leaves one.
- `loose_bits`: small closed bodies float in front of the model.
- `holes`: one face is missing, and in another place the surface is open as wide as a sixth of the model.
- `clear_rims`: the base colour is transparent in frames around the parts of the atlas, though the material is opaque.
- `mirror_spots`: black spots without roughness that are all metal.
- `slab`: the body is flat.
"""
Flaw = FileFlaw | BodyFlaw

FLAWS: tuple[Flaw, ...] = (*get_args(FileFlaw), *get_args(BodyFlaw))
ALL_FLAWS: frozenset[Flaw] = frozenset(get_args(FileFlaw)) - {"no_normals"}
"""All flaws of a file that can be in one: where normals are missing, none can be wrong."""
BODY_FLAWS: frozenset[Flaw] = frozenset((*get_args(BodyFlaw), "flipped_patches"))
"""All flaws of a body."""
_OF_NORMALS: frozenset[Flaw] = frozenset({"corner_normals", "nan_normal"})


def check_flaws(flaws: frozenset[Flaw]) -> None:
    """Raise ValueError if there is no such flaw, or normals are to be missing and wrong at once."""
    unknown = flaws.difference(FLAWS)
    if unknown:
        raise ValueError(f"no flaw named {min(unknown)!r}; the flaws are {', '.join(FLAWS)}")
    if "no_normals" in flaws and flaws & _OF_NORMALS:
        raise ValueError("normals that are missing cannot be wrong as well")
