"""Small shapes as plain lists, in glTF's axes: Y up, counter-clockwise from outside."""

from __future__ import annotations

import math
from dataclasses import dataclass

Row = tuple[float, ...]


@dataclass(frozen=True)
class Solid:
    """A closed shape with everything that a vertex can have."""

    positions: list[Row]
    normals: list[Row]
    uvs: list[Row]
    triangles: list[tuple[int, int, int]]

    @property
    def indices(self) -> list[int]:
        """The corners in a row."""
        return [corner for triangle in self.triangles for corner in triangle]


def wedge() -> Solid:
    """A lopsided tetrahedron, so that no swapped axis and no mirroring goes unseen; its normals are smooth."""
    positions: list[Row] = [(0.0, 0.0, 0.0), (2.0, 0.0, 0.25), (0.5, 0.0, 1.0), (0.25, 3.0, 0.5)]
    triangles = [(0, 1, 2), (0, 3, 1), (1, 3, 2), (2, 3, 0)]
    uvs: list[Row] = [(0.0, 0.0), (1.0, 0.125), (0.25, 0.5), (0.75, 1.0)]
    return Solid(positions, smooth(positions, triangles), uvs, triangles)


def globe(rings: int = 12, segments: int = 16) -> Solid:
    """A ball with smooth normals and a seam: vertices stand twice along one meridian, and often at the poles."""
    positions: list[Row] = []
    uvs: list[Row] = []
    for ring in range(rings + 1):
        down = math.pi * ring / rings
        for segment in range(segments + 1):
            around = 2 * math.pi * (segment % segments) / segments
            radius = 0.0 if ring in (0, rings) else math.sin(down)
            positions.append((radius * math.sin(around), math.cos(down), radius * math.cos(around)))
            uvs.append((segment / segments, ring / rings))
    triangles = []
    for ring in range(rings):
        for segment in range(segments):
            a, b = ring * (segments + 1) + segment, (ring + 1) * (segments + 1) + segment
            if ring < rings - 1:
                triangles.append((a, b, b + 1))
            if ring > 0:
                triangles.append((a, b + 1, a + 1))
    return Solid(positions, list(positions), uvs, triangles)


def cube() -> Solid:
    """A cube with hard edges: each side has its own four vertices, with the side's normal."""
    positions: list[Row] = []
    normals: list[Row] = []
    triangles = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            start = len(positions)
            for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
                corner = [0.0, 0.0, 0.0]
                corner[axis], corner[(axis + 1) % 3], corner[(axis + 2) % 3] = sign, u * sign, v
                positions.append(tuple(corner))
                normals.append(tuple(sign if other == axis else 0.0 for other in range(3)))
            triangles += [(start, start + 1, start + 2), (start, start + 2, start + 3)]
    return Solid(positions, normals, [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)] * 6, triangles)


def smooth(positions: list[Row], triangles: list[tuple[int, int, int]]) -> list[Row]:
    """Return vertex normals weighted with the corners' angles, as Blender makes them."""
    total = [[0.0, 0.0, 0.0] for _ in positions]
    for triangle in triangles:
        a, b, c = (positions[corner] for corner in triangle)
        face = unit(_cross(_minus(b, a), _minus(c, a)))
        for turn in range(3):
            here, after, before = (positions[triangle[(turn + step) % 3]] for step in range(3))
            sides = unit(_minus(after, here)), unit(_minus(before, here))
            angle = math.acos(max(-1.0, min(1.0, sum(x * y for x, y in zip(*sides, strict=True)))))
            for axis in range(3):
                total[triangle[turn]][axis] += angle * face[axis]
    return [unit(tuple(each)) for each in total]


def unit(vector: Row) -> Row:
    """Return the vector with length 1."""
    length = math.sqrt(sum(number * number for number in vector))
    return tuple(number / length for number in vector)


def _minus(a: Row, b: Row) -> Row:
    return tuple(x - y for x, y in zip(a, b, strict=True))


def _cross(a: Row, b: Row) -> Row:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
