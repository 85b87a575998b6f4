# SPDX-License-Identifier: GPL-3.0-or-later
"""Estimates the light that a generator has painted into the colour of a model.

Light that comes from far away depends on the normal alone, and varies with it smoothly: a polynomial of second degree
in the normal holds nearly all of a matt body's shading (Ramamoorthi and Hanrahan, “An Efficient Representation for
Irradiance Environment Maps”, 2001). So much of the brightness as such a polynomial explains is called light.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
DARKEST = 0.004  # linear: darker than this a colour tells no light
STRONGEST = float(np.log(4.0))  # no light makes a place more than four times as bright as the average, or as dark
ROUNDS = 8
STEADY = 1e-3  # keeps the fit steady where few directions are seen
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of linear Rec. 709


@dataclass(frozen=True)
class Light:
    """The logarithm of the light's brightness at a normal (x, y, z), 0 on the average of the surface.

    `linear`: the factors of x, y, z; `square`: of x², y², z²; `mixed`: of xy, yz, zx. `share`: how much of the
    differences in brightness it explains, 0 to 1.
    """

    linear: tuple[float, ...]
    square: tuple[float, ...]
    mixed: tuple[float, ...]
    share: float


def find_light(colors: Array, normals: Array) -> Light:
    """Return the light. `colors`: (points, 3) linear, of points spread evenly over the surface. `normals`: (points, 3).

    Raises ValueError if there are too few points that are not black.
    """
    brightness = colors @ LUMINANCE
    is_lit = brightness > DARKEST
    if is_lit.sum() < 100:
        message = "too few places that are not black"
        raise ValueError(message)
    terms = _terms(normals[is_lit].astype(np.float64))
    wanted = np.log(brightness[is_lit])
    weights = np.ones(len(wanted))
    factors, offset = np.zeros(9), 0.0
    for _ in range(ROUNDS):  # what differs more is rather paint, and counts less from round to round
        total = weights.sum()
        middle, offset = weights @ terms / total, weights @ wanted / total
        centred = terms - middle
        square = (centred * weights[:, None]).T @ centred / total + STEADY * np.eye(9)
        factors = np.linalg.solve(square, (centred * weights[:, None]).T @ (wanted - offset) / total)
        rest = wanted - offset - centred @ factors
        scale = 1.4826 * np.median(np.abs(rest)) + 1e-6
        weights = 1 / (1 + (rest / (2 * scale)) ** 2)
    said = terms @ factors
    said -= said.mean()
    strongest = float(np.abs(said).max())
    if strongest > STRONGEST:
        factors = factors * (STRONGEST / strongest)
    spread = float(np.var(wanted))
    share = 1 - float(np.var(wanted - terms @ factors)) / spread if spread > 0 else 0.0
    average = float((terms @ factors).mean())
    linear, square_of, mixed = factors[:3], factors[3:6] - average, factors[6:]  # x² + y² + z² is 1
    return Light(tuple(linear.tolist()), tuple(square_of.tolist()), tuple(mixed.tolist()), max(0.0, share))


def _terms(normals: Array) -> Array:
    """Return the terms of the polynomial at each normal: (points, 9)."""
    x, y, z = normals.T
    return np.stack([x, y, z, x * x, y * y, z * z, x * y, y * z, z * x], axis=1)
