# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh of a relief: grids of heights for front and back, joined along the outline, cut into UV charts.

Welded by position it is closed: each edge has two faces. In the file it is split where UV charts meet, as the meshes of
Trellis 2 are. The charts are squares of cells, in turn on two copies of the picture as on a chessboard; the sides
belong to the charts of the front and lie unrolled around the picture there.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CHART_CELLS = 4
"""Cells along the side of a chart: 4 gives 0.72 vertices per face."""
MARGIN = 0.04
"""The part of a picture's copy in the atlas, on each side, that is left around the picture for the sides."""
EXTENT = 0.98
"""The longest side: the model stays within the cube of +-0.5."""
_FRONT, _BACK, _SIDE = 0, 1, 2


@dataclass(frozen=True)
class Mesh:
    """The arrays of a glTF primitive: `positions`, `normals` (n, 3), `uvs` (n, 2) float32, `indices` (3 f,) uint32."""

    positions: npt.NDArray[np.float32]
    normals: npt.NDArray[np.float32]
    uvs: npt.NDArray[np.float32]
    indices: npt.NDArray[np.uint32]


def build_mesh(mask: Bools, front: Floats, back: Floats, aspect: float) -> Mesh:
    """Return the relief of the cells in `mask`.

    Args:
        mask: (rows, columns), the first row on top; no two cells touch at a corner only.
        front, back: z at the grid's points, (rows + 1, columns + 1); `front` is above `back` everywhere.
        aspect: width by height of the picture that the grid covers.
    """
    points = front.size
    corners = _corners(mask)
    # A vertex is named by its role, the copy of the picture it is on, and its point of the grid, in one number.
    used = np.zeros(6 * points, dtype=np.bool_)
    used[corners] = True
    new_index = np.cumsum(used, dtype=np.uint32) - np.uint32(1)
    role_and_copy, point = np.divmod(np.flatnonzero(used), points)
    role, copy = np.divmod(role_and_copy, 2)

    welded_positions = _welded_positions(front, back, aspect)
    welded_corners = corners % points + points * (corners >= 2 * points)
    normals = smooth_normals(welded_positions, welded_corners.reshape(-1, 3))
    welded = point + points * (role != _FRONT)
    return Mesh(
        positions=welded_positions[welded].astype(np.float32),
        normals=normals[welded].astype(np.float32),
        uvs=_uvs(mask, role, copy, point),
        indices=new_index[corners],
    )


def _corners(mask: Bools) -> Integers:
    """Return the vertex names of all triangles, counter-clockwise seen from outside, as one row (3 faces)."""
    rows, columns = mask.shape
    row, column = np.nonzero(mask)
    points = (rows + 1) * (columns + 1)
    copy = (row // CHART_CELLS + column // CHART_CELLS) % 2 * points
    top_left = row * (columns + 1) + column
    top_right, bottom_left, bottom_right = top_left + 1, top_left + columns + 1, top_left + columns + 2
    lid = np.stack((top_left, bottom_left, bottom_right, top_left, bottom_right, top_right), axis=1)
    parts = [lid + copy[:, None], lid[:, ::-1] + copy[:, None] + _BACK * 2 * points]

    padded = np.pad(mask, 1)
    # The four edges of a cell in the direction of its front face, and the neighbour that an edge of the outline lacks.
    for start, end, neighbour in (
        (top_left, bottom_left, padded[1:-1, :-2]),
        (bottom_left, bottom_right, padded[2:, 1:-1]),
        (bottom_right, top_right, padded[1:-1, 2:]),
        (top_right, top_left, padded[:-2, 1:-1]),
    ):
        open_edge = ~neighbour[row, column]
        near_start, near_end = (start + copy)[open_edge], (end + copy)[open_edge]
        far_start, far_end = near_start + _SIDE * 2 * points, near_end + _SIDE * 2 * points
        parts.append(np.stack((near_end, near_start, far_start, near_end, far_start, far_end), axis=1))
    return np.concatenate([part.ravel() for part in parts])


def _welded_positions(front: Floats, back: Floats, aspect: float) -> Floats:
    """Return the positions of the front's points, then of the back's."""
    rows, columns = front.shape
    width, height = (EXTENT, EXTENT / aspect) if aspect >= 1 else (EXTENT * aspect, EXTENT)
    x, y = np.meshgrid(np.linspace(-width / 2, width / 2, columns), np.linspace(height / 2, -height / 2, rows))
    return np.concatenate([np.stack((x, y, z), axis=2).reshape(-1, 3) for z in (front, back)])


def smooth_normals(positions: Floats, triangles: Integers) -> Floats:
    """Return unit normals of the vertices (n, 3): of the faces (f, 3) around them, weighted by area.

    As `compute_vertex_normals` of CuMesh does it, which TRELLIS.2 asks for them: it adds up cross products.
    """
    corners = positions[triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.empty_like(positions)
    for axis in range(3):
        weights = np.repeat(faces[:, axis], 3)
        normals[:, axis] = np.bincount(triangles.ravel(), weights=weights, minlength=len(positions))
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.where(lengths > 0, lengths, 1)


def _uvs(mask: Bools, role: Integers, copy: Integers, point: Integers) -> npt.NDArray[np.float32]:
    """Return UVs, origin at the top left (glTF 2.0 §3.8.3): front above, back below, the two copies side by side."""
    rows, columns = mask.shape
    row, column = np.divmod(point, columns + 1)
    outward_u, outward_v = _outward(mask)
    side = role == _SIDE
    u = MARGIN + (1 - 2 * MARGIN) * column / columns + np.where(side, outward_u.ravel()[point] * MARGIN * 0.6, 0)
    v = MARGIN + (1 - 2 * MARGIN) * row / rows + np.where(side, outward_v.ravel()[point] * MARGIN * 0.6, 0)
    return np.stack(((copy + u) / 2, ((role == _BACK) + v) / 2), axis=1).astype(np.float32)


def _outward(mask: Bools) -> tuple[Floats, Floats]:
    """Return the direction away from the cells around each point of the grid: -1, 0 or 1 to the right and down."""
    cells = np.pad(mask, 1).astype(np.float64)
    top_left, top_right = cells[:-1, :-1], cells[:-1, 1:]
    bottom_left, bottom_right = cells[1:, :-1], cells[1:, 1:]
    right = np.sign(top_left + bottom_left - top_right - bottom_right)
    down = np.sign(top_left + top_right - bottom_left - bottom_right)
    return right, down
