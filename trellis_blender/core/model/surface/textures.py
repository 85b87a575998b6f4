# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model's textures hold where its surface uses them. What lies between the charts may be anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Model, Texture

Pixels = npt.NDArray[np.uint8]
"""(rows, columns, 4), the lowest row first, RGBA."""
Array = npt.NDArray[Any]
SAMPLES = 150_000  # faces, with four points each
# Of each corner, in the four points of a face.
POINTS = np.array([(0.6, 0.2, 0.2), (0.2, 0.6, 0.2), (0.2, 0.2, 0.6), (1 / 3, 1 / 3, 1 / 3)])
CLEAR = 64  # the alpha up to which a place is transparent: a quarter, as sound models have more at their rims
SMOOTH, METAL, BLACK = 25, 230, 25  # at most, at least, at most: a tenth of the way from an end


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
    picture = pixels[texture.image]
    height, width = picture.shape[:2]
    uvs = POINTS @ model.mesh.uvs[texture.uv].reshape(-1, 3, 2)[faces]
    column = np.floor(np.mod(uvs[..., 0], 1.0) * width).astype(np.int64).clip(0, width - 1)
    row = np.floor(np.mod(uvs[..., 1], 1.0) * height).astype(np.int64).clip(0, height - 1)
    values: Array = picture[row, column]
    return values
