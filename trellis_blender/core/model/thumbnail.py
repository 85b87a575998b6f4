# SPDX-License-Identifier: GPL-3.0-or-later
"""The thumbnail of a model, three quarters from the front, drawn by numpy alone. Runs in a child process.

Every face is covered with points less than a pixel apart. Only the nearest point of each pixel is coloured and lit.
Memory: the points of one batch, and two arrays of the mesh's size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..picture.pixels import as_bytes, encoded, linear, resized, texels
from .arrays import Model
from .weld import Array

SIDE = 512  # pixels: as large as it is shown beside the picture; lists show it smaller
FINER = 2  # grid points along a pixel's side; a pixel is the mean of its grid points, which smooths edges
MARGIN = 8
TOWARD = (0.55, -1.0, 0.55)  # from the model to the eye, in Blender's axes
LIGHT = (-0.45, 0.55, 0.75)  # from the model to the lamp, as the eye sees it: right, up, near
AMBIENT, DIFFUSE = 0.35, 0.8
SPACING = 0.8  # grid steps between two points of a face
BATCH_FACES = 65_536
BATCH_POINTS = 1_000_000


@dataclass(frozen=True)
class _Grid:
    """For each grid point, flat: the depth of the nearest surface, its face (-1: none), and where on that face."""

    depth: Array
    face: Array
    weights: Array

    def put(self, place: Array, depth: Array, face: Array, weights: Array) -> None:
        """Keep those points that lie nearer than the stored ones."""
        near = np.flatnonzero(depth > self.depth[place])
        near = near[np.argsort(depth[near], kind="stable")]  # the last one written to a place stays: the nearest
        self.depth[place[near]] = depth[near]
        self.face[place[near]] = face[near]
        self.weights[place[near]] = weights[near]


def picture_of(model: Model, textures: Mapping[int, Array]) -> Array:
    """Return the model's picture as (SIDE, SIDE, 4) uint8, bottom row first, straight alpha.

    `textures`: the available images, by their index: (height, width, 4), sRGB, bottom row first.
    """
    edge, mesh = SIDE * FINER, model.mesh
    grid = _Grid(
        np.full(edge * edge, -np.inf, np.float32),
        np.full(edge * edge, -1, np.int32),
        np.zeros((edge * edge, 3), np.float32),
    )
    points = _placed(mesh.positions.reshape(-1, 3), edge)
    corners = mesh.corner_vertices.reshape(-1, 3)
    for begin in range(0, len(corners), BATCH_FACES):
        triangles = points[corners[begin : begin + BATCH_FACES]]
        for faces, weights in _covering(triangles):
            spots = np.matmul(weights[None], triangles[faces]).reshape(-1, 3)
            place = spots[:, 1].astype(np.int32) * edge + spots[:, 0].astype(np.int32)
            face = np.repeat(faces.astype(np.int32) + begin, len(weights))
            grid.put(place, spots[:, 2], face, np.tile(weights, (len(faces), 1)))
    seen = np.flatnonzero(grid.face >= 0)
    image = np.zeros((edge * edge, 4), np.float32)
    face, weights = grid.face[seen], grid.weights[seen]
    colours = _colours(model, textures, face, weights) * _light(points[corners[face]])[:, None]
    image[seen, :3], image[seen, 3] = encoded(np.clip(colours, 0, 1)), 1
    image = resized(image.reshape(edge, edge, 4), SIDE, SIDE)
    image[..., :3] /= np.maximum(image[..., 3:], 1e-6)
    return as_bytes(image)


def _eye() -> Array:
    """Return the eye's axes as rows: right, up, near."""
    near = np.array(TOWARD) / np.linalg.norm(TOWARD)
    right = np.cross((0, 0, 1), near)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(near, right), near]).astype(np.float32)


def _placed(positions: Array, edge: int) -> Array:
    """Return the vertices as the eye sees them: column, row, nearness, in grid steps, all within the picture."""
    points: Array = positions @ _eye().T
    low, high = points.min(axis=0), points.max(axis=0)
    room, extent = edge - 2 * MARGIN, max(float((high - low)[:2].max()), 1e-20)
    points -= (low + high) / 2
    points *= room / extent
    points[:, :2] += edge / 2
    return points


def _covering(triangles: Array) -> Iterator[tuple[Array, Array]]:
    """Yield batches of faces: their indices, and the corner weights of every point that covers a face."""
    sides = np.linalg.norm(triangles[:, :, :2] - np.roll(triangles[:, :, :2], 1, axis=1), axis=2).max(axis=1)
    steps = np.maximum(np.ceil(sides / SPACING), 1).astype(np.int32)
    by_steps = np.argsort(steps, kind="stable")
    found, starts = np.unique(steps[by_steps], return_index=True)
    for count, faces in zip(found.tolist(), np.split(by_steps, starts[1:]), strict=True):
        first, second = np.nonzero(np.add.outer(np.arange(count + 1), np.arange(count + 1)) <= count)
        weights = np.stack([first, second, count - first - second], axis=1).astype(np.float32) / count
        size = max(1, BATCH_POINTS // len(weights))
        for begin in range(0, len(faces), size):
            yield faces[begin : begin + size], weights


def _light(triangles: Array) -> Array:
    """Return how bright each face is. Both sides are lit, as with glTF's double-sided materials."""
    first, second, third = triangles.swapaxes(0, 1)
    normals = np.cross(second - first, third - first)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    normals[normals[:, 2] < 0] *= -1
    lamp = np.array(LIGHT, np.float32) / np.float32(np.linalg.norm(LIGHT))
    light: Array = AMBIENT + DIFFUSE * np.maximum(normals @ lamp, 0)
    return light


def _colours(model: Model, textures: Mapping[int, Array], face: Array, weights: Array) -> Array:
    """Return the base colour of each point, linear."""
    mesh = model.mesh
    slots = np.zeros(len(face), np.int32) if mesh.materials is None else mesh.materials[face]
    colours = np.full((len(face), 3), 0.8, np.float32)
    for slot, material in enumerate(model.materials):
        chosen = np.flatnonzero(slots == slot)
        if material is None or not len(chosen):
            continue
        colours[chosen] = material.base_color[:3]
        texture = material.base_texture
        if texture is None or texture.image not in textures:
            continue
        uv = np.einsum("pcv,pc->pv", mesh.uvs[texture.uv].reshape(-1, 3, 2)[face[chosen]], weights[chosen])
        colours[chosen] *= linear(texels(textures[texture.image], uv, repeats=texture.extension == "REPEAT")[:, :3])
    return colours
