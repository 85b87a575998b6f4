# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures of surfaces: what a model is like that has arrived, whether it can be printed, how alike two bodies look.

Measuring a model that has arrived takes a worker at most a second for half a million faces.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...picture.metadata import read_header
from ..arrays import Model
from ..weld import Array, runs
from .findings import Findings
from .holes import find_rims
from .welded import Surface, cross, make_surface
from .winding import enclosed_parts, inside_out

LOOSE_AREA = 0.001  # of the surface: a smaller part is a loose bit
_WORK = 2_000_000  # pairs of a point and a face, for what lies inside
# How flat a body is: every so many faces are looked at; the cosine from which on a face faces along an axis, as a tenth
# of a ball's surface does; the ends of a body, as bits far off do not count.
FLAT_SAMPLES, FACING, PERCENTILES = 60_000, 0.9, (1.0, 99.0)
# Outlines: from so many sides; pixels along the body's largest extent; points a pixel, of each face.
SIDES, PIXELS, DENSITY = 8, 192, 3.0


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


def flatness(surface: Surface) -> tuple[float, float]:
    """Return how flat a body is: a picture that was understood as a relief gives a slab.

    That is the least extent by the largest, and the part of the surface that faces along the thinnest axis. The axes
    are the main ones of the surface, weighted by area.
    """
    faces = slice(None, None, max(1, len(surface.triangles) // FLAT_SAMPLES))
    areas = surface.areas[faces].astype(np.float64)
    total = float(areas.sum())
    if total <= 0.0:
        return 1.0, 0.0
    points = surface.middles[faces].astype(np.float64)
    points -= areas @ points / total
    _variances, axes = np.linalg.eigh((points * areas[:, None]).T @ points / total)
    low, high = np.percentile(points @ axes, PERCENTILES, axis=0)
    extents = high - low
    thinnest = int(extents.argmin())
    along = np.abs(surface.normals[faces].astype(np.float64) @ axes[:, thinnest]) / 2
    return float(extents[thinnest] / max(extents.max(), 1e-30)), float(areas[along > FACING * areas].sum() / total)


def check_printable(surface: Surface) -> tuple[dict[str, int], float, Array]:
    """Return what keeps the surface from being printed, in numbers, its volume, and the faces there: (faces) bool.

    `open_edges`: of one face. `crowded_edges`: of three or more. `flipped_edges`: between two faces that disagree on
    which side is outside. `parts`: that hang together. The volume is in cubed units, below 0 if inside out.
    """
    sharing, links = surface.sharing, surface.links
    is_bad = sharing != 2
    corners = surface.edges.of_corners.reshape(-1, 3)
    faces = is_bad[corners].any(axis=1)
    flipped = links.is_plain & links.is_flipped
    faces[links.first[flipped]] = True
    faces[links.second[flipped]] = True
    a, b, c = (surface.positions[surface.triangles[:, corner]].astype(np.float64) for corner in range(3))
    numbers = {
        "open_edges": int((sharing == 1).sum()),
        "crowded_edges": int((sharing > 2).sum()),
        "flipped_edges": int(flipped.sum()),
        "parts": count_parts(surface, None),
    }
    return numbers, float((a * cross(b, c)).sum() / 6), faces


def overlap(positions: Array, triangles: Array, other_positions: Array, other_triangles: Array) -> float:
    """Return the share of the outlines that two bodies have in common, over what either covers: the mean of 8 sides.

    `positions`: (vertices, 3) float. `triangles`: (faces, 3) int.
    """
    low, high = positions.min(axis=0), positions.max(axis=0)
    middle, scale = (low + high) / 2, PIXELS / max(float((high - low).max()), 1e-30)
    first = _points((positions - middle) * scale, triangles)
    second = _points((other_positions - middle) * scale, other_triangles)
    shares = []
    for side in range(SIDES):
        angle = 2 * np.pi * side / SIDES
        tilt = 0.35 if side % 2 else -0.35  # a bit from above and from below
        right = np.array([np.cos(angle), np.sin(angle), 0.0])
        up = np.array([-np.sin(angle) * np.sin(tilt), np.cos(angle) * np.sin(tilt), np.cos(tilt)])
        a, b = _outline(first, right, up), _outline(second, right, up)
        shares.append((a & b).sum() / max(1, (a | b).sum()))
    return float(np.mean(shares))


def _outline(points: Array, right: Array, up: Array) -> Array:
    """Return which pixels the points cover: (rows, columns) bool."""
    side = 2 * PIXELS
    places = np.stack([points @ right, points @ up]) + side / 2
    x, y = np.clip(places.astype(np.int64), 0, side - 1)
    covered = np.zeros(side * side, bool)
    covered[y * side + x] = True
    return covered.reshape(side, side)


def _points(positions: Array, triangles: Array) -> Array:
    """Return points spread over the faces, so many that no pixel between is left out: (points, 3) float32."""
    a, b, c = (positions[triangles[:, corner]].astype(np.float32) for corner in range(3))
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    counts = np.maximum(1, np.ceil(areas * DENSITY)).astype(np.int64)
    face, number = runs(counts)
    # Roberts' R2 sequence: evenly spread for any count
    u, v = (number * 0.7548776662 + 0.5) % 1, (number * 0.5698402910 + 0.5) % 1
    folded = u + v > 1
    u, v = np.where(folded, 1 - u, u).astype(np.float32), np.where(folded, 1 - v, v).astype(np.float32)
    return a[face] + u[:, None] * (b - a)[face] + v[:, None] * (c - a)[face]
