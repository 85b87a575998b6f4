# SPDX-License-Identifier: GPL-3.0-or-later
"""How flat a body is: a picture that was understood as a relief gives a slab."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .welded import Surface

Array = npt.NDArray[Any]
SAMPLES = 60_000
FACING = 0.9  # the cosine from which on a face faces along an axis: a tenth of a ball's surface does
PERCENTILES = (1.0, 99.0)  # bits far off do not count


def flatness(surface: Surface) -> tuple[float, float]:
    """Return the least extent by the largest, and the part of the surface that faces along the thinnest axis.

    The axes are the main ones of the surface, weighted by area.
    """
    faces = slice(None, None, max(1, len(surface.triangles) // SAMPLES))
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
