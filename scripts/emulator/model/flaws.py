# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the GLBs that generators really export, one kind at a time or all that can be in one file.

Seen in public files of TRELLIS, Hunyuan3D, Stable Fast 3D and others. TRELLIS.2's own files have none of it as far as
its source tells; what a host does to them before it hands them on is not known.
"""

from typing import Literal, get_args

Flaw = Literal["no_normals", "corner_normals", "flipped_patches", "doubled_sheets", "nan_normal"]
"""The kinds:

- `no_normals`: there is no NORMAL at all.
- `corner_normals`: no two corners at one place have the same normal, so each corner has a vertex of its own.
- `flipped_patches`: patches of the surface are inside out, their normals too.
- `doubled_sheets`: patches are there twice: some with a back (the same corners, wound the other way, as the two sides
  of a sheet), some as the very same triangles again.
- `nan_normal`: one normal has a component that is not a number.
"""

FLAWS: tuple[Flaw, ...] = get_args(Flaw)
ALL_FLAWS = frozenset(FLAWS) - {"no_normals"}
"""All that can be in one file: where normals are missing, none can be wrong."""
_OF_NORMALS: frozenset[Flaw] = frozenset({"corner_normals", "nan_normal"})


def check_flaws(flaws: frozenset[Flaw]) -> None:
    """Raise ValueError if there is no such flaw, or normals are to be missing and wrong at once."""
    unknown = flaws.difference(FLAWS)
    if unknown:
        raise ValueError(f"no flaw named {min(unknown)!r}; the flaws are {', '.join(FLAWS)}")
    if "no_normals" in flaws and flaws & _OF_NORMALS:
        raise ValueError("normals that are missing cannot be wrong as well")
