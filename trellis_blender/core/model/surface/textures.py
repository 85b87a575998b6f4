# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model's textures hold where its surface uses them, and the light that a generator has painted into them.

What lies between the charts may be anything. Light that comes from far away depends on the normal alone, and varies
with it smoothly: a polynomial of second degree in the normal holds nearly all of a matt body's shading (Ramamoorthi and
Hanrahan, “An Efficient Representation for Irradiance Environment Maps”, 2001). So much of the brightness as such a
polynomial explains is called light.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ...picture.pixels import texels
from ..arrays import Model, Texture
from ..weld import Array

Pixels = npt.NDArray[np.uint8]
"""(rows, columns, 4), the lowest row first, RGBA."""
SAMPLES = 150_000  # faces, with four points each
# Of each corner, in the four points of a face.
POINTS = np.array([(0.6, 0.2, 0.2), (0.2, 0.6, 0.2), (0.2, 0.2, 0.6), (1 / 3, 1 / 3, 1 / 3)])
CLEAR = 64  # the alpha up to which a place is transparent: a quarter, as sound models have more at their rims
SMOOTH, METAL, BLACK = 25, 230, 25  # at most, at least, at most: a tenth of the way from an end
DARKEST = 0.004  # linear: darker than this a colour tells no light
STRONGEST = float(np.log(4.0))  # no light makes a place more than four times as bright as the average, or as dark
ROUNDS = 8
STEADY = 1e-3  # keeps the fit steady where few directions are seen
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of linear Rec. 709


def look_at(model: Model, pixels: Mapping[int, Pixels]) -> dict[str, float]:
    """Return the shares of the surface that `Findings` has of textures. `pixels`: of the model's images, by index."""
    mesh = model.mesh
    faces = np.arange(0, mesh.face_count, max(1, mesh.face_count // SAMPLES))
    corners = mesh.positions.reshape(-1, 3)[mesh.corner_vertices.reshape(-1, 3)[faces]].astype(np.float64)
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    slots = np.zeros(len(faces), np.int64) if mesh.materials is None else mesh.materials[faces]
    found = dict.fromkeys(("clear", "mirror", "black_mirror"), 0.0)
    total = max(float(areas.sum()), 1e-30)
    for number, material in enumerate(model.materials):
        own = slots == number
        if material is None or not own.any():
            continue
        shares = (areas[own] / total)[:, None] / len(POINTS)
        color = _values(model, pixels, material.base_texture, faces[own])
        rough = _values(model, pixels, material.metallic_roughness_texture, faces[own])
        if color is not None and not material.is_blended:
            found["clear"] += float((shares * (color[..., 3] <= CLEAR)).sum())
        if rough is not None:
            mirror = (rough[..., 1] * material.roughness <= SMOOTH) & (rough[..., 2] * material.metallic >= METAL)
            found["mirror"] += float((shares * mirror).sum())
            if color is not None:
                found["black_mirror"] += float((shares * (mirror & (color[..., :3].max(axis=-1) <= BLACK))).sum())
    return found


def _values(model: Model, pixels: Mapping[int, Pixels], texture: Texture | None, faces: Array) -> Array | None:
    """Return the texture's values at the points of these faces, (faces, points, 4); None if there is no texture."""
    if texture is None or texture.image not in pixels:
        return None
    return texels(pixels[texture.image], POINTS @ model.mesh.uvs[texture.uv].reshape(-1, 3, 2)[faces])


def find_light(colors: Array, normals: Array) -> list[Any]:
    """Return the logarithm of the light's brightness at a normal (x, y, z), 0 on the average of the surface.

    That is the factors of x, y, z, those of x², y², z², and those of xy, yz, zx; then how much of the differences in
    brightness it explains, 0 to 1. `colors`: (points, 3) linear, of points spread evenly over the surface.
    `normals`: (points, 3). Raises ValueError if there are too few points that are not black.
    """
    brightness = colors @ LUMINANCE
    is_lit = brightness > DARKEST
    if is_lit.sum() < 100:
        raise ValueError("too few places that are not black")
    x, y, z = normals[is_lit].astype(np.float64).T
    terms = np.stack([x, y, z, x * x, y * y, z * z, x * y, y * z, z * x], axis=1)
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
    factors[3:6] -= average  # x² + y² + z² is 1
    return [*factors.reshape(3, 3).tolist(), max(0.0, share)]
