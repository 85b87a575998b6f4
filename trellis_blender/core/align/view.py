# SPDX-License-Identifier: GPL-3.0-or-later
"""What a picture shows, and from where: its camera, its subject, also in coarse cells, and where it covers a mesh.

Places in the picture are given as a camera's own: -1 to 1 across and up, over the whole frame. Without alpha the
background is what can be reached from the border without crossing an edge. How much an edge is worth is measured along
the best way: the least span of brightness that it has to cross (minimum barrier distance; Zhang et al., “Minimum
Barrier Salient Object Detection at 80 FPS”, ICCV 2015). So a gradient behind the subject does no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..picture.pixels import Array, bounds_of

Box = tuple[float, float, float, float]  # left, bottom, right and top
FRAME: Box = (-1.0, -1.0, 1.0, 1.0)
CELLS = 64  # along a side of the grid that is laid over the subject: finer ones turn a model no better
BORDER = 0.12  # of the subject's box: how far the grid reaches beyond it
COVERED = 0.15  # of a cell: from here on the subject covers it, as the scattered points of a model would
OPAQUE = 0.5  # alpha
ON_BORDER = 0.01  # of the frame: a side of the subject's box that lies so near its border is cut off there
SIDE, ROUNDS = 160, 3  # pixels at most, in which edges are looked for, and so often
LEAST_STEP = 0.06  # of 1: a subject that stands off by less is not told from its background
FAINT = 0.5  # of the limit that parts both best: faint parts of the subject belong to it, too
SHARES = (0.01, 0.9)  # of the picture that a subject may take
# Returns the faces that rays hit, -1 for none, and how far away: origins and directions (n, 3) to (n) and (n).
Cast = Callable[[Array, Array], tuple[Array, Array]]
TURNED, FACING = 0.08, 0.3  # the cosine of the angle to the camera: not covered up to the first, fully from the second
OFF = 2e-3  # of the mesh's size: how far from the surface a ray begins
SOFT = 3  # rounds of softening, a ring of vertices each


@dataclass(frozen=True)
class Camera:
    """Where a picture was taken from.

    `matrix`: from the camera's own axes to the world's, without scale: (4, 4). `projection`: from the camera's axes to
    the frame's, homogeneous: (4, 4). `is_perspective`: what is far away looks small.
    """

    matrix: Array
    projection: Array
    is_perspective: bool

    @property
    def eye(self) -> Array:
        """Return its place in the world: (3)."""
        return np.asarray(self.matrix[:3, 3], np.float64)

    @property
    def backward(self) -> Array:
        """Return the unit vector from what it sees to the camera: (3)."""
        return np.asarray(self.matrix[:3, 2], np.float64)

    def seen(self, points: Array) -> tuple[Array, Array]:
        """Return the places of the points in the frame, (n, 2), and their distance along the view, (n).

        `points`: (n, 3) in the world.
        """
        view = np.linalg.inv(self.matrix)
        own = points @ view[:3, :3].T + view[:3, 3]
        flat = own @ self.projection[:, :3].T + self.projection[:, 3]
        return flat[:, :2] / np.where(np.abs(flat[:, 3:]) < 1e-9, 1e-9, flat[:, 3:]), -own[:, 2]

    def ray(self, place: Array) -> tuple[Array, Array]:
        """Return a point of the line of sight through a place of the frame, and its direction away from the camera."""
        full = np.linalg.inv(self.projection @ np.linalg.inv(self.matrix))
        ends = np.array([[*place, -1.0, 1.0], [*place, 1.0, 1.0]]) @ full.T
        near, far = ends[:, :3] / ends[:, 3:]
        return near, (far - near) / np.linalg.norm(far - near)


@dataclass(frozen=True)
class Subject:
    """The subject in a grid of CELLS by CELLS over its box and a border, the top row first.

    `box`: the subject's, in the frame. `grid`: what the cells cover, in the frame. `covered`, `known`: (CELLS, CELLS)
    bool. `colours`: (CELLS, CELLS, 3) float32, 0 to 1 as stored. `ends`: for left, bottom, right and top, whether the
    subject ends there rather than at the border of the frame.
    """

    box: Box
    grid: Box
    covered: Array
    known: Array
    colours: Array
    ends: tuple[bool, bool, bool, bool]


def subject(pixels: Array, shows: Box = FRAME) -> Subject | None:
    """Return the subject of a picture with alpha; None if there is none.

    `pixels`: (height, width, 4) uint8, the top row first. `shows`: what of the camera's frame the picture shows. The
    rest of the frame is empty; beyond, nothing is known.
    """
    height, width = pixels.shape[:2]
    opaque = pixels[..., 3] > OPAQUE * 255
    if not opaque.any():
        return None
    first_row, first_column, end_row, end_column = bounds_of(opaque)
    across, up = (shows[2] - shows[0]) / width, (shows[3] - shows[1]) / height
    left, right = (shows[0] + column * across for column in (first_column, end_column))
    top, bottom = (shows[3] - row * up for row in (first_row, end_row))
    box = (left, bottom, right, top)
    wide, high = box[2] - box[0], box[3] - box[1]
    grid = (box[0] - BORDER * wide, box[1] - BORDER * high, box[2] + BORDER * wide, box[3] + BORDER * high)
    xs = np.linspace(grid[0], grid[2], 4 * CELLS, endpoint=False) + (grid[2] - grid[0]) / (8 * CELLS)
    ys = np.linspace(grid[3], grid[1], 4 * CELLS, endpoint=False) - (grid[3] - grid[1]) / (8 * CELLS)
    column = np.floor((xs - shows[0]) / across).astype(np.int64)
    row = np.floor((shows[3] - ys) / up).astype(np.int64)
    is_inside = ((row >= 0) & (row < height))[:, None] & ((column >= 0) & (column < width))[None]
    taken = pixels[np.clip(row, 0, height - 1)[:, None], np.clip(column, 0, width - 1)[None]].astype(np.float32) / 255
    alpha = np.where(is_inside, taken[..., 3], 0.0)
    cover = _cells(alpha)
    colours = _cells(taken[..., :3] * alpha[..., None]) / np.maximum(cover, 1e-3)[..., None]
    is_known = ((ys > FRAME[1]) & (ys < FRAME[3]))[:, None] & ((xs > FRAME[0]) & (xs < FRAME[2]))[None]
    known = _cells(is_known.astype(np.float32)) > 0.5
    ends = tuple(abs(side - border) > ON_BORDER * 2 for side, border in zip(box, FRAME, strict=True))
    return Subject(box, grid, cover >= COVERED, known, colours.astype(np.float32), (ends[0], ends[1], ends[2], ends[3]))


def _cells(fine: Array) -> Array:
    """Return the means of four by four values each: (4 * CELLS, 4 * CELLS, …) becomes (CELLS, CELLS, …)."""
    means: Array = fine.reshape(CELLS, 4, CELLS, 4, *fine.shape[2:]).mean(axis=(1, 3))
    return means


def subject_of(pixels: Array) -> Array | None:
    """Return where the subject is, (height, width) bool; None if it does not stand off from its background.

    `pixels`: (height, width, 4) uint8, the top row first.
    """
    is_solid = pixels[..., 3] > OPAQUE * 255
    if not is_solid.all():
        return is_solid if is_solid.any() else None
    height, width = is_solid.shape
    step = max(1, -(-max(height, width) // SIDE))
    small = pixels[step // 2 :: step, step // 2 :: step, :3].astype(np.float32) / 255
    barrier = np.mean([_barrier(small[..., channel]) for channel in range(3)], axis=0)
    limit = max(_otsu(barrier) * FAINT, LEAST_STEP / 2)
    found = barrier > limit
    share = float(found.mean())
    if not SHARES[0] < share < SHARES[1] or barrier[found].mean() - barrier[~found].mean() < LEAST_STEP:
        return None
    rows = (np.arange(height) // step).clip(0, small.shape[0] - 1)
    columns = (np.arange(width) // step).clip(0, small.shape[1] - 1)
    subject: Array = found[rows[:, None], columns[None]]
    return subject


def _barrier(values: Array) -> Array:
    """Return for each pixel the least span of values on a way to it from the border: (height, width)."""
    low, high = values.copy(), values.copy()
    cost = np.full(values.shape, np.inf, np.float32)
    cost[0], cost[-1], cost[:, 0], cost[:, -1] = 0.0, 0.0, 0.0, 0.0
    for _ in range(ROUNDS):
        for turned in (False, True):
            given = [each.T if turned else each for each in (values, low, high, cost)]
            for backward in (False, True):
                _sweep(*(each[::-1] if backward else each for each in given))
    return cost


def _sweep(values: Array, low: Array, high: Array, cost: Array) -> None:
    """Let the ways go on from each row to the next."""
    for row in range(1, len(values)):
        lower, upper = np.minimum(low[row - 1], values[row]), np.maximum(high[row - 1], values[row])
        span = upper - lower
        better = np.isfinite(cost[row - 1]) & (span < cost[row])
        cost[row][better], low[row][better], high[row][better] = span[better], lower[better], upper[better]


def _otsu(values: Array) -> float:
    """Return the limit that parts the values best into two (Otsu 1979): the middle of the gap, if there is one."""
    counts, edges = np.histogram(values, bins=128)
    middles = (edges[:-1] + edges[1:]) / 2
    below, total = np.cumsum(counts), np.cumsum(counts * middles)
    above = below[-1] - below
    means = total / np.maximum(below, 1), (total[-1] - total) / np.maximum(above, 1)
    parted = below * above * (means[0] - means[1]) ** 2
    return float(middles[parted >= parted.max() * (1 - 1e-9)].mean())


def projected(
    positions: Array, corners: Array, starts: Array, camera: Camera, shows: Box, covered: Array, cast: Cast
) -> tuple[Array, Array]:
    """Return where a picture covers a mesh: its corners' places in it, (corners, 2) float32, and the vertices' mask.

    The mask is 1 where the camera saw the vertex: it faces the camera, nothing stands before it, and it lies on the
    picture's subject. It fades to 0 where the surface turns away, and softens within what is seen, so that no edge
    shows.

    `positions`: (vertices, 3). `corners`: each corner's vertex. `starts`: each face's first corner. `camera`: in the
    mesh's own axes. `shows`: what of the camera's frame the picture shows. `covered`: (height, width) bool, the top row
    first: where the picture shows its subject.
    """
    points = positions.astype(np.float64)
    places, away = camera.seen(points)
    low, size = np.array(shows[:2]), np.array([shows[2] - shows[0], shows[3] - shows[1]])
    uvs = (places - low) / size
    height, width = covered.shape
    column, row = np.floor(uvs[:, 0] * width), np.floor((1 - uvs[:, 1]) * height)
    is_inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    is_inside &= away > 0 if camera.is_perspective else True
    at = row.clip(0, height - 1).astype(np.int64), column.clip(0, width - 1).astype(np.int64)
    is_inside &= covered[at]
    normals = _normals(points, corners, starts)
    sight = camera.eye - points if camera.is_perspective else np.broadcast_to(camera.backward, points.shape)
    distance = np.linalg.norm(sight, axis=1)
    sight = sight / np.maximum(distance, 1e-9)[:, None]
    facing = np.einsum("nx,nx->n", normals, sight)
    raw = ((facing - TURNED) / (FACING - TURNED)).clip(0, 1)
    raw = raw * raw * (3 - 2 * raw) * is_inside
    asked = np.flatnonzero(raw > 0)
    if len(asked):
        off = OFF * float(np.ptp(points, axis=0).max())
        _face, hit = cast(points[asked] + (sight[asked] + normals[asked]) * off, sight[asked])
        raw[asked[hit < distance[asked] if camera.is_perspective else np.isfinite(hit)]] = 0.0
    return uvs[corners].astype(np.float32), _softened(raw, corners, starts).astype(np.float32)


def _normals(points: Array, corners: Array, starts: Array) -> Array:
    """Return the vertices' normals, weighted by the area of a face's first triangle: (vertices, 3)."""
    first, second, third = (points[corners[starts + corner]] for corner in range(3))
    faces = np.cross(second - first, third - first)
    ends = np.append(starts[1:], len(corners))
    of_corner = np.repeat(faces, ends - starts, axis=0)
    summed = np.stack([np.bincount(corners, of_corner[:, axis], len(points)) for axis in range(3)], axis=1)
    normals: Array = summed / np.maximum(np.linalg.norm(summed, axis=1), 1e-12)[:, None]
    return normals


def _softened(raw: Array, corners: Array, starts: Array) -> Array:
    """Return the mask with soft edges: nowhere more than it was."""
    following = np.arange(1, len(corners) + 1)
    following[np.append(starts[1:], len(corners)) - 1] = starts
    one, other = corners, corners[following]
    count = np.bincount(one, minlength=len(raw)) + np.bincount(other, minlength=len(raw))
    mask = raw
    for _ in range(SOFT):
        around = np.bincount(one, mask[other], len(raw)) + np.bincount(other, mask[one], len(raw))
        mask = np.minimum(raw, (mask + around / np.maximum(count, 1)) / 2)
    return mask
