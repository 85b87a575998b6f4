# SPDX-License-Identifier: GPL-3.0-or-later
"""From triangles with split vertices to one connected mesh: close the seams, make the edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
# Odd numbers with well mixed bits, one for each axis. If different positions share a hash, `_grouped` notices it.
MIX = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
_SLICE = 1 << 18
# numpy before 1.25 (Blender 4.2) sorts these numbers without vector instructions. Its merge sort then gains from what
# is in order already, as the edges of neighbouring triangles are.
_SORT: Literal["stable", "quicksort"] = (
    "stable" if tuple(map(int, np.__version__.split(".")[:2])) < (1, 25) else "quicksort"
)


def gather(values: Array, index: Array) -> Array:
    """Return `values` (n, ...) at each of the flattened `index`, none of which is out of range: (len(index), ...).

    Works in slices, because numpy first converts a whole index to 64-bit numbers.
    """
    flat = index.ravel()
    gathered = np.empty((len(flat), *values.shape[1:]), values.dtype)
    for start in range(0, len(flat), _SLICE):
        part = slice(start, start + _SLICE)
        np.take(values, flat[part], axis=0, out=gathered[part], mode="clip")  # only "raise" makes a copy
    return gathered


def runs(lengths: Array) -> tuple[Array, Array]:
    """Return for each item of runs with these lengths, one run after the other: its run, and its place in it."""
    run = np.repeat(np.arange(len(lengths)), lengths)
    return run, np.arange(len(run)) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def weld(positions: Array) -> tuple[Array, Array]:
    """Return the vertices to keep, and for every vertex the new index of the one at exactly its position.

    `positions`: (vertices, 3) float32. Returns (kept) int64 indices in their old order, and (vertices) int32.
    """
    bits = np.ascontiguousarray(positions + np.float32(0)).view(np.uint32)  # + 0: -0.0 and 0.0 are the same place
    order, is_new = _grouped(bits)
    first = order[is_new]  # for each place, the vertex that comes first in the file
    is_kept = np.zeros(len(bits), bool)
    is_kept[first] = True
    rank = np.cumsum(is_kept, dtype=np.int32) - np.int32(1)
    new_index = np.empty(len(bits), np.int32)
    new_index[order] = gather(rank[first], np.cumsum(is_new, dtype=np.int32) - np.int32(1))
    return np.flatnonzero(is_kept), new_index


def _grouped(bits: Array) -> tuple[Array, Array]:
    """Return a stable order in which equal rows are neighbours, and where in it a new row begins."""
    hashes = np.zeros(len(bits), np.uint64)
    for axis, mix in zip(bits.T, MIX, strict=True):
        hashes ^= np.multiply(axis, np.uint64(mix), dtype=np.uint64)
    hashes ^= hashes >> np.uint64(32)
    hashes *= np.uint64(MIX[0])
    place_bits = _place_bits(hashes)
    hashes >>= np.uint64(place_bits)
    ordered, order = _sorted(hashes, 64 - place_bits)
    is_new, differs = _begins(ordered), _rows_begin(bits, order)
    if not np.array_equal(is_new, differs):  # two places share a hash
        order = np.lexsort(bits.T)
        differs = _rows_begin(bits, order)
    return order, differs


def _place_bits(keys: Array) -> int:
    return (len(keys) - 1).bit_length()


def _sorted(keys: Array, key_bits: int) -> tuple[Array, Array]:
    """Return the keys (uint64, below 2 ** `key_bits`) in order, and the former place of each; equal keys stay in order.

    If key and place fit into one number, that number is sorted: several times as fast as `argsort`, in half the memory.
    """
    place_bits = _place_bits(keys)
    if key_bits + place_bits > 64:
        order = np.argsort(keys, kind="stable")
        return keys[order], order
    packed = keys << np.uint64(place_bits)
    packed |= np.arange(len(keys), dtype=np.uint64)
    packed.sort(kind=_SORT)
    order = (packed & np.uint64((1 << place_bits) - 1)).view(np.int64)
    packed >>= np.uint64(place_bits)
    return packed, order


def _begins(ordered: Array) -> Array:
    begins = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    return begins


def _rows_begin(rows: Array, order: Array) -> Array:
    begins = np.zeros(len(order), bool)
    for column in rows.T:
        begins |= _begins(gather(np.ascontiguousarray(column), order))
    return begins


def drop_loose(positions: Array, triangles: Array) -> tuple[Array, Array]:
    """Return the positions that triangles use, in their order, and the triangles with their new indices."""
    is_used = np.zeros(len(positions), bool)
    is_used[triangles] = True
    if is_used.all():
        return positions, triangles
    new_index = np.cumsum(is_used, dtype=np.int32) - np.int32(1)
    return positions[is_used], new_index[triangles]


def drop_collapsed(triangles: Array) -> Array:
    """Return which triangles have three different corners: (faces) bool."""
    a, b, c = triangles.T
    kept: Array = (a != b) & (b != c) & (c != a)
    return kept


def sort_doubled(triangles: Array, corner_edges: Array, slot: Array | None) -> tuple[Array, Array]:
    """Return which triangles to keep, (faces) bool, and the layer of each, (faces) int64.

    Of triangles with the same three corners, winding and material (`slot`, (faces) int32), the first stays. Triangles
    with the same corners but another winding or material are visible, like the back of a two-sided sheet. Blender
    allows no two faces with the same vertices, so each of these gets its own layer, the first layer 0.
    """
    edges = corner_edges.reshape(-1, 3).astype(np.uint64)  # two of its edges identify a triangle
    keys = (edges.min(axis=1) << np.uint64(32)) | edges.max(axis=1)
    _, group, counts = np.unique(keys, return_inverse=True, return_counts=True)
    doubled = np.flatnonzero(counts[group] > 1)
    group = group[doubled]
    a, b, c = triangles[doubled].T
    kind = ((a < b) ^ (b < c) ^ (c < a)).astype(np.int64)  # in which direction it runs through its corners
    if slot is not None:
        kind += 2 * slot[doubled].astype(np.int64)
    order = np.lexsort((doubled, kind, group))
    is_first = _begins(group[order]) | _begins(kind[order])
    kept, layer = np.ones(len(triangles), bool), np.zeros(len(triangles), np.int64)
    kept[doubled[order[~is_first]]] = False
    firsts = np.sort(order[is_first])
    firsts = firsts[np.argsort(group[firsts], kind="stable")]  # in the file's order within each group
    starts = np.flatnonzero(_begins(group[firsts]))
    layer[doubled[firsts]] = runs(np.diff(starts, append=len(firsts)))[1]
    return kept, layer


def set_apart(positions: Array, triangles: Array, layer: Array) -> tuple[Array, Array]:
    """Return the positions and the triangles, with separate vertices for each layer above 0."""
    above = np.flatnonzero(layer)
    if not len(above):
        return positions, triangles
    count = len(positions)
    places, new = np.unique(layer[above, None] * count + triangles[above], return_inverse=True)
    triangles = triangles.copy()
    triangles[above] = (count + new.reshape(-1, 3)).astype(np.int32)
    return np.concatenate([positions, positions[places % count]]), triangles


@dataclass(frozen=True)
class Edges:
    """All edges, each once.

    `ends`: (edges, 2) int32, lower vertex first.
    `of_corners`: (faces * 3) int32, the edge from each corner to the next one of its triangle, as in Blender.
    `order`: (faces * 3), the corners, sorted so that those of one edge are neighbours.
    `may_double`: two triangles may have the same corners.
    """

    ends: Array
    of_corners: Array
    order: Array
    may_double: bool


def make_edges(triangles: Array) -> Edges:
    """Return the edges of the triangles, (faces, 3) int32."""
    vertices = int(triangles.max()) + 1
    ordered, order = _sorted(_edge_keys(triangles, vertices), (vertices * vertices - 1).bit_length())
    is_new = _begins(ordered)
    unique = ordered[is_new]
    del ordered
    edges = np.empty((len(unique), 2), np.int32)
    lower = unique // np.uint64(vertices)
    edges[:, 0], edges[:, 1] = lower, unique - lower * np.uint64(vertices)
    del unique, lower
    corner_edges = np.empty(len(order), np.int32)
    corner_edges[order] = np.cumsum(is_new, dtype=np.int32) - np.int32(1)
    opposite = gather(_turned(triangles, 2).ravel(), order)
    shares_edge = ~is_new[1:]
    may_double = bool(
        (shares_edge & (opposite[1:] == opposite[:-1])).any() or (shares_edge[1:] & shares_edge[:-1]).any()
    )
    return Edges(edges, corner_edges, order.astype(np.int32), may_double)


def _edge_keys(triangles: Array, vertices: int) -> Array:
    """Return a sortable number for each corner's edge: (faces * 3) uint64, the same in both directions."""
    here, there = triangles.ravel(), _turned(triangles, 1).ravel()
    keys = np.minimum(here, there).astype(np.uint64)
    keys *= np.uint64(vertices)
    keys += np.maximum(here, there).view(np.uint32)
    return keys


def _turned(triangles: Array, by: int) -> Array:
    """Return a copy of the triangles that begins each one `by` corners later."""
    turned = np.empty_like(triangles)
    for corner in range(3):
        turned[:, corner] = triangles[:, (corner + by) % 3]
    return turned
