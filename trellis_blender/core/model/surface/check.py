# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures a model that has arrived: at most a second of one worker for half a million faces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ...picture.metadata import read_header
from ..arrays import Model
from .enclosed import enclosed_parts
from .findings import Findings
from .flatness import flatness
from .holes import find_rims
from .welded import Surface, make_surface
from .winding import inside_out

Array = npt.NDArray[Any]
LOOSE_AREA = 0.001  # of the surface: a smaller part is a loose bit
_WORK = 2_000_000  # pairs of a point and a face, for what lies inside


def measure(positions: Array, triangles: Array) -> Findings:
    """Return the findings about the geometry. `positions`: (vertices, 3) float32. `triangles`: (faces, 3) int32."""
    surface = make_surface(positions, triangles)
    flipped = np.zeros(len(surface.triangles), bool)
    is_mixed = (surface.links.is_plain & surface.links.is_flipped).any() or _is_turned(surface)
    if is_mixed:
        flipped = inside_out(surface)[0]
    hidden = enclosed_parts(surface, flipped, _WORK)
    if is_mixed:
        flipped = inside_out(surface, hidden)[0]
    loose = loose_parts(surface, LOOSE_AREA) & ~hidden
    rims = find_rims(surface)
    flat, facing = flatness(surface)
    return Findings(
        faces=len(triangles),
        parts=count_parts(surface, None),
        hidden_parts=count_parts(surface, hidden),
        hidden_faces=int(hidden.sum()),
        loose_parts=count_parts(surface, loose),
        loose_faces=int(loose.sum()),
        holes=len(rims.perimeters),
        largest_hole=float(rims.perimeters.max(initial=0.0) / surface.size),
        flipped_faces=int(flipped.sum()),
        flatness=flat,
        facing=facing,
    )


def measure_model(model: Model) -> Findings:
    """Return the findings about a model's geometry, and how large its textures are."""
    found = measure(model.mesh.positions.reshape(-1, 3), model.mesh.corner_vertices.reshape(-1, 3))
    return replace(found, texture=_texture_side(model))


def _texture_side(model: Model) -> int | None:
    """Return the longer side of the base colour, or else of the largest texture, in pixels; None if there is none."""
    of_color = {material.base_texture.image for material in model.materials if material and material.base_texture}
    sides = []
    for index in of_color or model.images:
        image = model.images[index]
        data = image.data if image.data is not None else image.path.read_bytes() if image.path is not None else b""
        header = read_header(data)
        sides.append(max(header.width, header.height))
    return max(sides, default=0) or None


def loose_parts(surface: Surface, share: float) -> Array:
    """Return which faces belong to a part below that share of the whole area: (faces) bool. The largest never does."""
    areas = np.bincount(surface.parts, weights=surface.areas, minlength=len(surface.triangles))
    least = min(share * float(areas.sum()), float(areas.max(initial=0.0)))
    small: Array = areas < least
    return small[surface.parts]


def count_parts(surface: Surface, faces: Array | None) -> int:
    """Return how many parts these faces are of. `faces`: (faces) bool, None: all."""
    return len(np.unique(surface.parts if faces is None else surface.parts[faces]))


def _is_turned(surface: Surface) -> bool:
    """Return whether the surface as a whole encloses a negative volume."""
    middles = surface.middles - surface.middles.mean(axis=0)
    return bool(np.einsum("ij,ij->", middles, surface.normals, dtype=np.float64) < 0)
