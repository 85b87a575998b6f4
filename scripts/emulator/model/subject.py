# SPDX-License-Identifier: GPL-3.0-or-later
"""From the geometry of what a picture shows to a GLB: a stand-in for Trellis 2 where somebody knows the geometry.

It returns that geometry in the form of TRELLIS.2's files: one mesh in the cube of +-0.5, split at the seams of its UVs
only, of as many faces as ordered, smooth, with one material and two textures. Trellis 2 would guess the geometry; what
this shows is not its quality.
"""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import trimesh
from PIL import Image

from .flawed_mesh import spoil
from .flawed_textures import spoil_textures
from .order import Order
from .preprocess import preprocess
from .relief_mesh import EXTENT, Floats, Integers, Mesh, smooth_normals
from .textured_glb import write_glb

_TOLERANCE = 0.01
"""How far below the order the number of faces may stay; TRELLIS.2 simplifies down to about the order."""

_LONG = 0.6
"""How long an edge has to be, compared with the longest, to be cut in the same step."""


@dataclass(frozen=True)
class Surface:
    """A mesh that is split at the seams of its UVs: `vertices` (n, 5) are x, y, z, u, v, with v downwards from the top.

    `place` (n,): a number for each position, the same for vertices at the same one. `faces` (f, 3): vertices.
    """

    vertices: Floats
    place: Integers
    faces: Integers


@dataclass(frozen=True)
class Subject:
    """What the picture shows, with textures of one size: base colour (RGB), roughness and metalness (L)."""

    surface: Surface
    base_color: Image.Image
    roughness: Image.Image
    metalness: Image.Image


def make_of_subject(order: Order) -> tuple[bytes, int, int]:
    """Return the GLB for `order`, its number of faces (at most 1 % below those ordered) and of vertices.

    Flaws may add to both. The seed changes nothing.

    Raises:
        PictureError: TRELLIS.2 would fail on the picture.
        ValueError: the subject cannot be used, or has more faces than ordered.
    """
    assert order.subject is not None
    preprocess(order.picture)
    subject = read_subject(order.subject)
    surface = _with_faces(subject.surface, order.faces)
    _, first = np.unique(surface.place, return_index=True)
    normals = smooth_normals(surface.vertices[first, :3], surface.place[surface.faces])
    mesh = Mesh(
        positions=surface.vertices[:, :3].astype(np.float32),
        normals=normals[surface.place].astype(np.float32),
        uvs=surface.vertices[:, 3:].astype(np.float32),
        indices=surface.faces.ravel().astype(np.uint32),
    )
    mesh = spoil(mesh, order.flaws)
    glb = write_glb(
        mesh,
        spoil_textures(_textures(subject, order.texture_size), order.flaws),
        order.texture_format,
        double_sided=order.double_sided,
        with_normals="no_normals" not in order.flaws,
        note="Made by the API emulator from the geometry that it was given.",
    )
    return glb, len(mesh.indices) // 3, len(mesh.positions)


def read_subject(glb: bytes) -> Subject:
    """Return what a GLB shows, in the middle of the cube of +-0.5, its longest side as long as a relief's.

    Raises:
        ValueError: it is no GLB of one mesh with UVs and a texture of the base colour.
    """
    try:
        scene: Any = trimesh.load(io.BytesIO(glb), file_type="glb", force="scene", process=False)
        (mesh,) = scene.dump()
        uvs, material = np.asarray(mesh.visual.uv, dtype=np.float64), mesh.visual.material
        base_color = material.baseColorTexture.convert("RGB")
    except Exception as error:  # trimesh raises whatever its reading comes upon
        raise ValueError(f"The model is no GLB of one mesh with UVs and a base colour texture: {error!r}") from error
    positions = np.asarray(mesh.vertices, dtype=np.float64)
    low, high = positions.min(axis=0), positions.max(axis=0)
    scaled = (positions - (low + high) / 2) * (EXTENT / (high - low).max())
    _, place = np.unique(positions, axis=0, return_inverse=True)
    place = place.reshape(-1).astype(np.int64)
    faces = np.asarray(mesh.faces, dtype=np.int64)
    is_face = (place[faces] != place[np.roll(faces, 1, axis=1)]).all(axis=1)
    packed = material.metallicRoughnessTexture or Image.new("RGB", base_color.size, (255, 255, 255))
    # Roughness is in G, metalness in B, each times its factor, which is 1 if absent (glTF 2.0 §3.9.2).
    _, roughness, metalness = packed.convert("RGB").split()
    return Subject(
        # trimesh has the origin of UVs at the bottom.
        Surface(np.column_stack((scaled, uvs[:, 0], 1 - uvs[:, 1])), place, faces[is_face]),
        base_color,
        _times(roughness, material.roughnessFactor),
        _times(metalness, material.metallicFactor),
    )


def _times(image: Image.Image, factor: float | None) -> Image.Image:
    return image if factor is None else image.point(lambda value: round(value * factor))


def _textures(subject: Subject, size: int) -> tuple[Image.Image, Image.Image]:
    """Return base colour (RGBA) and metallic-roughness (RGB, with 0 in R as in a relief), `size` pixels square."""
    color, roughness, metalness = (
        image.resize((size, size), Image.Resampling.LANCZOS)
        for image in (subject.base_color, subject.roughness, subject.metalness)
    )
    color.putalpha(255)
    return color, Image.merge("RGB", (Image.new("L", (size, size)), roughness, metalness))


def _with_faces(surface: Surface, wanted: int) -> Surface:
    """Return the surface after cutting long edges in two until it has about `wanted` faces.

    An edge is cut only if it is the longest one of all its faces, so no gap opens. Long ones come before short ones, so
    the faces become about equally large, like those of TRELLIS.2.

    Raises:
        ValueError: it has more faces than that to begin with.
    """
    if len(surface.faces) > wanted:
        raise ValueError(f"The model has {len(surface.faces)} faces, more than the {wanted} that were ordered.")
    while len(surface.faces) < wanted * (1 - _TOLERANCE):
        surface = _with_cut_edges(surface, wanted - len(surface.faces))
    return surface


def _with_cut_edges(surface: Surface, most: int) -> Surface:
    """Return the surface with one cut or more, which add `most` faces at most where that is possible."""
    faces, rows = surface.faces, np.arange(len(surface.faces))
    following = np.roll(faces, -1, axis=1)  # edge i of a face goes from its corner i to the next one
    lengths = np.linalg.norm(surface.vertices[following, :3] - surface.vertices[faces, :3], axis=2)
    edges = _pairs(surface.place[faces], surface.place[following])
    # Of two equally long edges the one with the higher number is the longer one, for both faces beside it to agree.
    longest = np.lexsort((edges, lengths), axis=1)[:, 2]
    edge, length = edges[rows, longest], lengths[rows, longest]
    count = int(edges.max()) + 1
    added = np.bincount(edges.ravel(), minlength=count)  # a cut adds a face for each that the edge has
    length_of = np.zeros(count)
    length_of[edge] = length
    is_long = length_of > length.max() * _LONG
    agreed = np.flatnonzero(is_long & (np.bincount(edge, minlength=count) == added))
    agreed = agreed[np.argsort(-length_of[agreed], kind="stable")]
    is_cut = np.zeros(count, dtype=np.bool_)
    is_cut[agreed[: max(1, int(np.searchsorted(np.cumsum(added[agreed]), most, side="right")))]] = True
    cut = np.flatnonzero(is_cut[edge])
    return _cut(surface, cut, longest[cut])


def _cut(surface: Surface, cut: Integers, side: Integers) -> Surface:
    """Return the surface with these faces cut across the middle of that side of each (0 to 2)."""
    vertices, place, faces = surface.vertices, surface.place, surface.faces
    start, end, apex = (faces[cut, (side + step) % 3] for step in range(3))
    # Two faces with the same two vertices share the new one. Along a seam there are two, at one place.
    number = _pairs(start, end)
    _, first = np.unique(number, return_index=True)
    new_place = _pairs(place[start], place[end])[first] + int(place.max()) + 1
    middle = len(vertices) + number
    return Surface(
        np.concatenate((vertices, (vertices[start] + vertices[end])[first] / 2)),
        np.concatenate((place, new_place)),
        np.concatenate(
            (
                np.delete(faces, cut, axis=0),
                np.stack((start, middle, apex), axis=1),
                np.stack((middle, end, apex), axis=1),
            )
        ),
    )


def _pairs(one: Integers, other: Integers) -> Integers:
    """Return for each pair of numbers, whichever comes first, the number of that pair: 0, 1, ..., in their shape."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    _, number = np.unique(low * (int(high.max()) + 1) + high, return_inverse=True)
    return number.reshape(one.shape).astype(np.int64)
