# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the flaws of real models into a sound mesh."""

import dataclasses
from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from .flaws import Flaw
from .relief_mesh import Bools, Floats, Mesh

_PATCH = 0.12
"""The edge of the cubes that cut the surface into patches; the model is 0.98 long."""
_KINDS = 8
_FLIPPED, _TWO_SIDED, _TWICE = 1, 3, 5
"""Which of the eight kinds of patches get which flaw: a flaw strikes an eighth of the surface or so."""
SHELL_DEPTH = 0.006
"""How far the inner shell lies below the surface; the thinnest part of a relief is 0.02 thick."""
BITS = 10
"""The number of loose bits, each of eight faces."""
_BIT_RADIUS = 0.004
_BITS_AROUND, _BITS_BEFORE = 0.3, 0.4
"""Where the bits float: on a circle in front of the model. No relief reaches so far."""
HOLE_RADIUS = 0.08
_THINNED = 0.12


def spoil(mesh: Mesh, flaws: Collection[Flaw]) -> Mesh:
    """Return the mesh with the flaws in it; `no_normals` is left to whoever writes the file."""
    shell = [_inner_shell(mesh)] if "inner_shell" in flaws else []
    if "flipped_patches" in flaws:
        mesh = _with_flipped_patches(mesh)
    if "holes" in flaws:
        mesh = _with_holes(mesh)
    mesh = _joined(mesh, *shell)
    if "loose_bits" in flaws:
        mesh = _joined(mesh, *(_bit(2 * np.pi * number / BITS, mesh) for number in range(BITS)))
    if "slab" in flaws:
        mesh = _flattened(mesh)
    if "doubled_sheets" in flaws:
        mesh = _with_doubled_sheets(mesh)
    if "corner_normals" in flaws:
        mesh = _with_corner_normals(mesh)
    if "nan_normal" in flaws:
        mesh = _with_nan(mesh)
    return mesh


def _inner_shell(mesh: Mesh) -> Mesh:
    """Return a closed skin below the surface that faces inwards: the surface moved against its smooth normals."""
    sunk = (mesh.positions - SHELL_DEPTH * mesh.normals).astype(np.float32)
    return _turned(dataclasses.replace(mesh, positions=sunk))


def _with_holes(mesh: Mesh) -> Mesh:
    """Take away the face nearest to a point in front of the model, and all faces around another such point."""
    middles = mesh.positions[mesh.indices].reshape(-1, 3, 3).astype(np.float64).mean(axis=1)
    low, high = middles.min(axis=0), middles.max(axis=0)
    beside, below = (_from_front(middles, low + share * (high - low)) for share in ((0.3, 0.5, 1), (0.65, 0.5, 1)))
    gone = np.linalg.norm(middles - middles[below], axis=1) < HOLE_RADIUS
    gone[beside] = True
    return _part(mesh, ~gone)


def _from_front(middles: Floats, point: Floats) -> int:
    """Return the face that is nearest to the point as seen from the front; of those behind each other the front one."""
    away = np.linalg.norm(middles[:, :2] - point[:2], axis=1) - 1e-3 * middles[:, 2]
    return int(away.argmin())


def _bit(angle: float, mesh: Mesh) -> Mesh:
    """Return an octahedron in front of the model, at that angle around its middle, coloured like one texel."""
    middle = np.array((_BITS_AROUND * np.cos(angle), _BITS_AROUND * np.sin(angle), _BITS_BEFORE))
    normals = np.concatenate([np.eye(3), -np.eye(3)])
    triangles = [(0, 1, 2), (1, 3, 2), (3, 4, 2), (4, 0, 2), (1, 0, 5), (3, 1, 5), (4, 3, 5), (0, 4, 5)]
    return Mesh(
        positions=(middle + _BIT_RADIUS * normals).astype(np.float32),
        normals=normals.astype(np.float32),
        uvs=np.repeat(mesh.uvs[:1], 6, axis=0),
        indices=np.array(triangles, np.uint32).ravel(),
    )


def _flattened(mesh: Mesh) -> Mesh:
    """Return the mesh pressed flat in the direction in which the camera looked."""
    flat = np.array((1.0, 1.0, _THINNED))
    normals = mesh.normals / flat
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    return dataclasses.replace(
        mesh, positions=(mesh.positions * flat).astype(np.float32), normals=normals.astype(np.float32)
    )


def _with_flipped_patches(mesh: Mesh) -> Mesh:
    """Turn patches inside out, with vertices of their own, for the surface around them keeps its normals."""
    flipped = _patches(mesh) == _FLIPPED
    inside_out = _turned(_part(mesh, flipped))
    return _joined(_part(mesh, ~flipped), inside_out)


def _with_doubled_sheets(mesh: Mesh) -> Mesh:
    kinds = _patches(mesh)
    return _joined(mesh, _turned(_part(mesh, kinds == _TWO_SIDED)), _part(mesh, kinds == _TWICE))


def _with_corner_normals(mesh: Mesh) -> Mesh:
    """Give each corner a normal halfway between the vertex's and the face's: neither smooth nor flat shading fits."""
    corners = mesh.indices
    faces = np.repeat(_face_normals(mesh.positions[corners].reshape(-1, 3, 3)), 3, axis=0)
    normals = mesh.normals[corners] + faces
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.where(lengths > 0.01, normals / np.maximum(lengths, 0.01), faces)
    return Mesh(
        positions=mesh.positions[corners],
        normals=normals.astype(np.float32),
        uvs=mesh.uvs[corners],
        indices=np.arange(len(corners), dtype=np.uint32),
    )


def _with_nan(mesh: Mesh) -> Mesh:
    normals = mesh.normals.copy()
    normals[len(normals) // 3, 1] = np.nan
    return dataclasses.replace(mesh, normals=normals)


def _patches(mesh: Mesh) -> npt.NDArray[np.int64]:
    """Return for each face the kind of patch that it lies in, 0 to 7."""
    middles = mesh.positions[mesh.indices].reshape(-1, 3, 3).astype(np.float64).mean(axis=1)
    cells = np.floor(middles / _PATCH).astype(np.int64)
    kinds: npt.NDArray[np.int64] = cells @ np.array((1, 3, 5)) % _KINDS
    return kinds


def _part(mesh: Mesh, faces: Bools) -> Mesh:
    """Return those faces, with copies of their vertices."""
    corners = mesh.indices.reshape(-1, 3)[faces].ravel()
    used, indices = np.unique(corners, return_inverse=True)
    return Mesh(mesh.positions[used], mesh.normals[used], mesh.uvs[used], indices.ravel().astype(np.uint32))


def _turned(mesh: Mesh) -> Mesh:
    """Return the mesh seen from behind: wound the other way, its normals turned round."""
    indices = mesh.indices.reshape(-1, 3)[:, ::-1].ravel()
    return dataclasses.replace(mesh, normals=-mesh.normals, indices=indices)


def _joined(*meshes: Mesh) -> Mesh:
    if len(meshes) == 1:
        return meshes[0]
    starts = np.cumsum([0, *(len(mesh.positions) for mesh in meshes)])
    return Mesh(
        positions=np.concatenate([mesh.positions for mesh in meshes]),
        normals=np.concatenate([mesh.normals for mesh in meshes]),
        uvs=np.concatenate([mesh.uvs for mesh in meshes]),
        indices=np.concatenate(
            [mesh.indices + np.uint32(start) for mesh, start in zip(meshes, starts[:-1], strict=True)]
        ),
    )


def _face_normals(triangles: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the unit normals of triangles (faces, 3 corners, 3)."""
    first, second, third = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    normals = np.cross(second - first, third - first)
    lengths = np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    unit: npt.NDArray[np.float32] = (normals / lengths).astype(np.float32)
    return unit
