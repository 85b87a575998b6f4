# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the subject of a picture: by its alpha, or by the picture's own edges where there is none.

Without alpha the background is what can be reached from the border without crossing an edge. How much an edge is worth
is measured along the best way: the least span of brightness that it has to cross (minimum barrier distance; Zhang et
al., “Minimum Barrier Salient Object Detection at 80 FPS”, ICCV 2015). So a gradient behind the subject does no harm.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
OPAQUE = 0.5  # alpha
SIDE = 160  # pixels at most, in which edges are looked for
ROUNDS = 3
LEAST_STEP = 0.06  # of 1: a subject that stands off by less is not told from its background
FAINT = 0.5  # of the limit that parts both best: faint parts of the subject belong to it, too
SHARES = (0.01, 0.9)  # of the picture that a subject may take


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
