# SPDX-License-Identifier: GPL-3.0-or-later
"""From the model's file to arrays that Blender takes over unchanged. Runs on a worker and needs no Blender.

Peak memory: the file, its images twice, its JSON as objects (120 MB at most), and the arrays: `ROOM` bytes plus
`EXPANSION_MAXIMUM` for each byte of the file. A file that would take more is left to Blender's importer.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import ModelFileError, Text
from ..files import clear, own_folder, read_own, write_whole
from . import normals as file_normals
from . import weld
from .accessors import BufferViews
from .arrays import ImageFile, Material, MeshArrays, Model, Shape
from .glb import Glb, NotPlainError, damaged, objects, open_glb, points_outside, refuse_bombs, text
from .materials import image_data, is_external, read_materials
from .parts import Part, read_parts, refuse_unplain
from .weld import Array

MATERIALS_MAXIMUM = 64  # more would keep Blender's main thread busy too long
IMAGES_EXPANSION_MAXIMUM = 2  # times the file's size, for all images together: they can share bytes


@dataclass(frozen=True)
class _Contents:
    """The checked contents of a file. `slots`: the glTF material of each slot. `images`: data, kind and name."""

    parts: list[Part]
    slots: list[int | None]
    materials: tuple[Material | None, ...]
    images: dict[int, tuple[memoryview, str, str]]


def read_model(path: Path, shape: Shape) -> Model:
    """Return the model in the file, shaped as requested.

    Raises ModelFileError, NotPlainError with the feature that only Blender's own importer can read, and OSError.
    """
    contents = _contents(path)
    return Model(_mesh(contents.parts, contents.slots, shape), contents.materials, _images(contents, shape))


def _contents(path: Path) -> _Contents:
    glb = open_glb(path)
    refuse_bombs(glb)
    if any(map(is_external, objects(glb.json, "buffers"))):
        raise points_outside()
    try:
        return _checked(glb)
    except (NotPlainError, ModelFileError) as error:
        if any(map(is_external, objects(glb.json, "images"))):  # Blender's importer would follow them
            raise points_outside() from error
        raise


def _checked(glb: Glb) -> _Contents:
    refuse_unplain(glb.json)
    views = BufferViews.of(glb)
    parts = read_parts(glb.json, views, len(glb.binary))
    materials = read_materials(glb.json, sorted({part.material for part in parts if part.material is not None}))
    if len(materials) > MATERIALS_MAXIMUM:
        parts, materials = _joined_materials(parts, materials)
    slots = sorted({part.material for part in parts}, key=lambda slot: (slot is None, slot))
    of_slots = tuple(None if slot is None else materials[slot] for slot in slots) if materials else ()
    textures = [texture for material in materials.values() for texture in material.textures]
    if any(texture.uv >= max(1, *(len(part.uvs) for part in parts)) for texture in textures):
        raise damaged("a texture uses a UV map that is not there")
    images = _image_data(glb, views, sorted({texture.image for texture in textures}))
    return _Contents(parts, slots, of_slots, images)


def _joined_materials(parts: list[Part], materials: dict[int, Material]) -> tuple[list[Part], dict[int, Material]]:
    """Return the same with one material for all that differ only in name. Raises NotPlainError if too many remain."""
    first: dict[Material, int] = {}
    same = {index: first.setdefault(replace(material, name=""), index) for index, material in materials.items()}
    if len(first) > MATERIALS_MAXIMUM:
        raise NotPlainError(Text("{count} materials", count=f"{len(first):,}"))
    joined = [replace(part, material=None if part.material is None else same[part.material]) for part in parts]
    return joined, {index: materials[index] for index in first.values()}


def _image_data(glb: Glb, views: BufferViews, used: list[int]) -> dict[int, tuple[memoryview, str, str]]:
    """Return the images with these indices: their bytes without a copy, their kind and their name."""
    images, budget = objects(glb.json, "images"), IMAGES_EXPANSION_MAXIMUM * len(glb.binary)
    found = {}
    for index in used:
        data, kind = image_data(images[index], views, f"image {index}")
        budget -= len(data)
        if budget < 0:
            raise damaged("its images overlap")
        found[index] = data, kind, text(images[index], "name", f"image {index}")
    return found


def _images(contents: _Contents, shape: Shape) -> dict[int, ImageFile]:
    """Return the images as bytes, as files, or both. Files are written here, so that the main thread never waits."""
    made, harmless = {}, (OSError,) if shape.packs else ()  # what is packed can do without a file
    for index, (data, kind, name) in contents.images.items():
        file = None
        with contextlib.suppress(*harmless):
            file = _written(data, shape, f"{shape.stem}-{index + 1}.{kind}")
        image = ImageFile(name, bytes(data) if shape.packs else None, file)
        made[index] = image.as_png() if shape.as_png else image
    return made


def _written(data: memoryview, shape: Shape, name: str) -> Path | None:
    """Return the file with these bytes and this name, written unless it exists; None if none is wanted. Raises OSError.

    The folder is the job's own, or the artist's, which may be a link. It is made if needed.
    """
    if shape.images is None:
        return None
    if shape.packs:
        own_folder(shape.images)
    else:
        shape.images.mkdir(parents=True, exist_ok=True)
    file = shape.images / name
    with contextlib.suppress(OSError):
        if read_own(file, len(data)) == data:
            return file
    clear(file.with_suffix(".png"))  # it was made from another image
    write_whole(file, data)
    return file


def _mesh(parts: list[Part], slots: list[int | None], shape: Shape) -> MeshArrays:
    """Return one mesh of all parts. `slots`: the glTF material of each of its slots."""
    offsets = np.cumsum([0, *(len(part.positions) for part in parts)])
    if offsets[-1] >= 2**31:
        raise NotPlainError("more vertices than a mesh can have")
    positions = _blender_axes(_joined([part.positions for part in parts]))
    numbered = zip(parts, offsets, strict=False)
    triangles = _joined([part.triangles + np.int32(first) if first else part.triangles for part, first in numbered])
    slot = None
    if len(slots) > 1:
        faces = [len(part.triangles) for part in parts]
        slot = np.repeat(np.array([slots.index(part.material) for part in parts], np.int32), faces)
    given = [part.normals for part in parts if part.normals is not None]
    if 0 < len(given) < len(parts):
        raise NotPlainError("parts without normals beside parts with them")
    normals = _blender_axes(_joined(given)) if given else None
    return _built(positions, triangles, _uvs(parts), normals, slot, shape)


def _uvs(parts: list[Part]) -> list[Array]:
    """Return each UV map of all vertices: (vertices, 2) float32 with Blender's origin, at the bottom left."""
    maps = []
    for n in range(max(len(part.uvs) for part in parts)):
        zero = [np.zeros((len(part.positions), 2), np.float32) if n >= len(part.uvs) else part.uvs[n] for part in parts]
        uv = np.concatenate(zero)
        np.subtract(np.float32(1), uv[:, 1], out=uv[:, 1])
        maps.append(uv)
    return maps


def _joined(arrays: list[Array]) -> Array:
    """Return all arrays as one, without a copy if there is only one."""
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _blender_axes(vectors: Array) -> Array:
    """Return vectors with glTF's axes (Y up, Z to the front) in Blender's (Z up, -Y to the front)."""
    turned = np.empty_like(vectors)
    turned[:, 0], turned[:, 2] = vectors[:, 0], vectors[:, 1]
    np.negative(vectors[:, 2], out=turned[:, 1])
    return turned


def _shaped(positions: Array, shape: Shape) -> Array:
    """Return the positions in the requested size, around the requested origin."""
    low = np.array([axis.min() for axis in positions.T], np.float64)  # axis by axis is ten times as fast as axis=0
    high = np.array([axis.max() for axis in positions.T], np.float64)
    origin = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]]) if shape.is_grounded else np.zeros(3)
    extent = float((high - low).max())
    scale = shape.largest / extent if shape.largest is not None and extent > 0 else shape.meter
    if scale == 1.0 and not origin.any():
        return positions
    with np.errstate(all="ignore"):
        shaped: Array = positions - origin.astype(np.float32)
        shaped *= np.float32(scale)
    if not np.isfinite(shaped).all():
        raise damaged("its positions are out of all bounds")
    return shaped


def _built(
    positions: Array, triangles: Array, uvs: list[Array], normals: Array | None, slot: Array | None, shape: Shape
) -> MeshArrays:
    source = triangles  # each corner's vertex in the file: UVs and normals may differ at a seam
    if not shape.keeps_seams:
        kept, new_index = weld.weld(positions)
        positions, triangles = positions[kept], weld.gather(new_index, triangles).reshape(-1, 3)
        del kept, new_index
    keep = weld.drop_collapsed(triangles)
    if not keep.all():
        triangles, source, slot = triangles[keep], source[keep], None if slot is None else slot[keep]
    if not len(triangles):
        raise damaged("it holds no triangles")
    positions, triangles = weld.drop_loose(positions, triangles)
    edges = weld.make_edges(triangles)
    if edges.may_double:
        keep, layer = weld.sort_doubled(triangles, edges.of_corners, slot)
        triangles, source, slot = triangles[keep], source[keep], None if slot is None else slot[keep]
        positions, triangles = weld.set_apart(positions, triangles, layer[keep])
        edges = weld.make_edges(triangles)
    sharp = custom = None
    if normals is not None:
        sharp = file_normals.sharp_edges(triangles, edges, normals, source)
        if shape.keeps_normals:
            custom = file_normals.completed(positions, triangles, weld.gather(normals, source))
    return MeshArrays(
        positions=np.ascontiguousarray(_shaped(positions, shape)).ravel(),
        corner_vertices=np.ascontiguousarray(triangles).ravel(),
        edges=edges.ends.ravel(),
        corner_edges=edges.of_corners,
        uvs=tuple(weld.gather(uv, source).ravel() for uv in uvs),
        materials=slot,
        sharp_edges=sharp,
        normals=None if custom is None else custom.ravel(),
        vertex_normals=None if custom is None else file_normals.of_vertices(len(positions), triangles, custom),
        face_starts=np.arange(0, triangles.size, 3, dtype=np.int32),
        sharp_faces=np.ones(len(triangles), bool) if normals is None else None,
    )
