# SPDX-License-Identifier: GPL-3.0-or-later
"""A surface whose faces know their neighbours, whatever seams the file has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .. import weld
from ..weld import Array

TOLERANCE = 1e-6  # of the size: what lies closer is one place


@dataclass(frozen=True)
class Links:
    """Pairs of faces that share an edge: `first`, `second` (links) int32.

    `is_plain`: no third face shares the edge. `is_flipped`: both run along it in the same direction, so that one of
    them is inside out.
    """

    first: Array
    second: Array
    is_plain: Array
    is_flipped: Array

    @property
    def both_ways(self) -> tuple[Array, Array]:
        """Return each pair twice, the second time turned round."""
        return np.concatenate([self.first, self.second]), np.concatenate([self.second, self.first])


@dataclass(frozen=True)
class Surface:
    """Triangles between places: no two vertices lie at one.

    `positions`: (vertices, 3) float32. `triangles`: (faces, 3) int32. `faces`: for each of them its number among those
    that the surface was made of, some of which may have collapsed.
    """

    positions: Array
    triangles: Array
    faces: Array

    @property
    def size(self) -> float:
        """Return the largest dimension, at least a tiny one."""
        return _size(self.positions)

    @cached_property
    def edges(self) -> weld.Edges:
        """Return all edges."""
        return weld.make_edges(self.triangles)

    @cached_property
    def sharing(self) -> Array:
        """Return how many faces share each edge: (edges) int64."""
        return np.bincount(self.edges.of_corners, minlength=len(self.edges.ends))

    @cached_property
    def open_corners(self) -> Array:
        """Return the corners from which edges of one face run, within (faces * 3): (n)."""
        return np.flatnonzero(self.sharing[self.edges.of_corners] == 1)

    @cached_property
    def links(self) -> Links:
        """Return the pairs of faces that share an edge."""
        order = self.edges.order
        edge = weld.gather(self.edges.of_corners, order)
        follows = np.flatnonzero(edge[1:] == edge[:-1])
        here, there = order[follows], order[follows + 1]
        runs_up = self.triangles.ravel() == self.edges.ends[self.edges.of_corners, 0]
        return Links(
            first=here // 3,
            second=there // 3,
            is_plain=self.sharing[edge[follows]] == 2,
            is_flipped=runs_up[here] == runs_up[there],
        )

    @cached_property
    def patches(self) -> Array:
        """Return for each face the least number of a face in its patch: (faces) int32.

        The faces of a patch are linked with each other, and all run the same way round.
        """
        links = self.links
        agree = links.is_plain & ~links.is_flipped
        return components(len(self.triangles), links.first[agree], links.second[agree])

    @cached_property
    def parts(self) -> Array:
        """Return for each face the least number of a face that hangs together with it: (faces) int32."""
        links = self.links
        others = ~links.is_plain | links.is_flipped
        first, second = self.patches[links.first[others]], self.patches[links.second[others]]
        return components(len(self.triangles), first, second)[self.patches]

    @cached_property
    def normals(self) -> Array:
        """Return the faces' normals, as long as twice their areas: (faces, 3) float32."""
        a, b, c = (self.positions[self.triangles[:, corner]] for corner in range(3))
        return cross(b - a, c - a)

    @cached_property
    def areas(self) -> Array:
        """Return the faces' areas: (faces) float32."""
        return np.sqrt(dot(self.normals, self.normals)) / 2

    @cached_property
    def middles(self) -> Array:
        """Return the middle of each face: (faces, 3) float32."""
        a, b, c = (self.positions[self.triangles[:, corner]] for corner in range(3))
        return (a + b + c) / np.float32(3)

    def without(self, gone: Array) -> Surface:
        """Return the surface without these faces. `gone`: (faces) bool."""
        return Surface(self.positions, self.triangles[~gone], self.faces[~gone])

    def turned(self, faces: Array) -> Surface:
        """Return the surface with these faces turned inside out. `faces`: (faces) bool."""
        triangles = self.triangles.copy()
        triangles[faces] = triangles[faces][:, ::-1]
        return Surface(self.positions, triangles, self.faces)


def make_surface(positions: Array, triangles: Array) -> Surface:
    """Return the surface of triangles, (faces, 3) int32, between positions, (vertices, 3) float32."""
    low = positions.min(axis=0) if len(positions) else np.zeros(3, np.float32)
    cells = np.rint((positions - low) / np.float32(TOLERANCE * _size(positions))).astype(np.float32)
    kept, new_index = weld.weld(cells)
    joined = weld.gather(new_index, triangles).reshape(-1, 3)
    faces = np.flatnonzero(weld.drop_collapsed(joined))
    if len(faces) < len(joined):
        joined = joined[faces]
    return Surface(positions[kept], joined, faces)


def components(count: int, first: Array, second: Array) -> Array:
    """Return for each of `count` nodes the least one that is connected with it: (count) int32.

    `first`, `second`: the ends of all connections. Each round hangs trees below others until no connection leaves its
    tree; a round halves their number at least.
    """
    root = np.arange(count, dtype=np.int32)
    while True:
        first, second = root[first], root[second]
        differs = first != second
        if not differs.any():
            return root
        first, second = first[differs], second[differs]
        root[np.maximum(first, second)] = np.minimum(first, second)
        while True:
            higher = root[root]
            if np.array_equal(higher, root):
                break
            root = higher


def cross(a: Array, b: Array) -> Array:
    """Return the cross products of rows, (n, 3). numpy's own takes three times as long."""
    product = np.empty_like(a)
    product[:, 0] = a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1]
    product[:, 1] = a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2]
    product[:, 2] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return product


def dot(a: Array, b: Array) -> Array:
    """Return the dot products of rows, (n). As fast as can be."""
    product: Array = a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2]
    return product


def _size(positions: Array) -> float:
    extent = max((float(np.ptp(axis)) for axis in positions.T), default=0.0) if len(positions) else 0.0
    return max(extent, 1e-30)
