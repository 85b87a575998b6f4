# SPDX-License-Identifier: GPL-3.0-or-later
"""A model as plain arrays: what a worker hands to the main thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import read_own
from .glb import GLB_BYTES_MAXIMUM

if TYPE_CHECKING:  # the main thread needs no numpy before the first model arrives
    import numpy.typing as npt

    Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Shape:
    """How the model is to be read and placed. Lengths are in scene units, in Blender's axes.

    `images`: the folder to write its images to; None writes none. `stem`: how the names of their files begin.
    `packs`: deliver the images as bytes, too. `as_png`: deliver the PNG of an image if it is there already.
    `largest`: the model's largest dimension; None keeps the file's size, at `meter` scene units to the metre.
    `is_grounded`: put the origin in the middle of the model's lowest level; otherwise keep the file's origin.
    `keeps_normals`: keep the file's normals as numbers. `keeps_seams`: leave vertices split at seams.
    """

    images: Path | None = None
    stem: str = "image"
    packs: bool = True
    as_png: bool = False
    largest: float | None = None
    meter: float = 1.0
    is_grounded: bool = True
    keeps_normals: bool = False
    keeps_seams: bool = False


@dataclass(frozen=True)
class Texture:
    """A use of an image. `uv`: the index of a UV map. `extension`, `interpolation`: Blender's words."""

    image: int
    uv: int
    extension: str
    interpolation: str


@dataclass(frozen=True)
class Material:
    """A metallic-roughness PBR material (glTF 2.0 §3.9), with that format's defaults. Colours are linear, 0 to 1."""

    name: str
    base_color: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    base_texture: Texture | None = None
    metallic: float = 1.0
    roughness: float = 1.0
    metallic_roughness_texture: Texture | None = None
    normal_texture: Texture | None = None
    normal_scale: float = 1.0
    occlusion_texture: Texture | None = None
    occlusion_strength: float = 1.0
    emissive: tuple[float, ...] = (0.0, 0.0, 0.0)
    emissive_texture: Texture | None = None
    is_blended: bool = False
    is_double_sided: bool = False

    @property
    def textures(self) -> tuple[Texture, ...]:
        """Return the textures it has."""
        return tuple(value for value in vars(self).values() if isinstance(value, Texture))


@dataclass(frozen=True)
class ImageFile:
    """An image of the model: its bytes, if it is to be packed, and the file it was written to, if any.

    `name` may be empty.
    """

    name: str
    data: bytes | None
    path: Path | None

    def as_png(self) -> ImageFile:
        """Return the PNG that lies beside the image's file; the image itself if there is none. Raises OSError."""
        file = None if self.path is None else self.path.with_suffix(".png")
        if file is None or file == self.path or not file.is_file():
            return self
        return replace(self, path=file, data=None if self.data is None else read_own(file, GLB_BYTES_MAXIMUM))


@dataclass(frozen=True)
class MeshArrays:
    """A triangle mesh in Blender's own layout: flat, contiguous, of Blender's types.

    `positions`: (vertices * 3) float32, scene units, Z up.
    `corner_vertices`, `corner_edges`: (faces * 3) int32. `edges`: (edges * 2) int32. `face_starts`: (faces) int32, the
    corner at which each face begins.
    `uvs`: each (faces * 3 * 2) float32. `materials`: (faces) int32; None with one material.
    `sharp_edges`: (edges) bool; None if no edge is sharp.
    `normals`: (faces * 3 * 3) float32; None unless the file's normals are kept.
    `vertex_normals`: the same as (vertices * 3) float32; None unless all corners of each vertex agree.
    `sharp_faces`: (faces) bool, all of them flat; None if none is shaded flat.
    """

    positions: Array
    corner_vertices: Array
    edges: Array
    corner_edges: Array
    uvs: tuple[Array, ...]
    materials: Array | None
    sharp_edges: Array | None
    normals: Array | None
    vertex_normals: Array | None
    face_starts: Array
    sharp_faces: Array | None

    @property
    def face_count(self) -> int:
        """Return the number of triangles."""
        return len(self.corner_vertices) // 3


@dataclass(frozen=True)
class Model:
    """A whole model: one mesh, the materials of its slots (None: an empty slot), and the images they use, by index."""

    mesh: MeshArrays
    materials: tuple[Material | None, ...]
    images: Mapping[int, ImageFile]
