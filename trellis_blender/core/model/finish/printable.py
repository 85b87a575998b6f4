# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a surface can be printed: closed, with two faces at every edge, all the right way round, and its volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..surface.welded import Surface, cross

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Printable:
    """What keeps a surface from being printed, in numbers.

    `open_edges`: of one face. `crowded_edges`: of three or more. `flipped_edges`: between two faces that disagree on
    which side is outside. `parts`: that hang together. `volume`: enclosed, in cubed units, below 0 if inside out.
    `faces`: (faces) bool, those at such edges.
    """

    open_edges: int
    crowded_edges: int
    flipped_edges: int
    parts: int
    volume: float
    faces: Array


def check_printable(surface: Surface) -> Printable:
    """Return what keeps the surface from being printed."""
    sharing, links = surface.sharing, surface.links
    is_bad = sharing != 2
    corners = surface.edges.of_corners.reshape(-1, 3)
    faces = is_bad[corners].any(axis=1)
    flipped = links.is_plain & links.is_flipped
    faces[links.first[flipped]] = True
    faces[links.second[flipped]] = True
    a, b, c = (surface.positions[surface.triangles[:, corner]].astype(np.float64) for corner in range(3))
    return Printable(
        open_edges=int((sharing == 1).sum()),
        crowded_edges=int((sharing > 2).sum()),
        flipped_edges=int(flipped.sum()),
        parts=len(np.unique(surface.parts)),
        volume=float((a * cross(b, c)).sum() / 6),
        faces=faces,
    )
