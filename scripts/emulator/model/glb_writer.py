# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a mesh with two textures as a GLB (glTF 2.0 §4.4), in the structure that Trellis 2 gives its files."""

import json
import struct
from collections.abc import Sequence

import numpy as np

from .order import TextureFormat
from .relief_mesh import Mesh

_FLOAT, _UNSIGNED_INT = 5126, 5125
_ARRAY_BUFFER, _ELEMENT_ARRAY_BUFFER = 34962, 34963
_TRIANGLES = 4
_REPEAT, _LINEAR, _LINEAR_MIPMAP_LINEAR = 10497, 9729, 9987
GENERATOR = "Scenario API emulator: a relief as a stand-in, not made by Trellis 2"

Json = dict[str, object]


def write_glb(mesh: Mesh, textures: Sequence[bytes], texture_format: TextureFormat, *, double_sided: bool) -> bytes:
    """Return the GLB: one scene, node `geometry_0`, mesh, primitive and material.

    Args:
        mesh: the arrays, written as they are.
        textures: base colour, then metallic-roughness, encoded.
        texture_format: of both; "webp" makes `EXT_texture_webp` required, without another image to fall back to.
        double_sided: whether the material is.
    """
    arrays = (mesh.indices, mesh.positions, mesh.normals, mesh.uvs)
    chunks = [array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes() for array in arrays]
    views, binary = _buffer_views([*chunks, *textures])
    for view, target in zip(views, (_ELEMENT_ARRAY_BUFFER, *[_ARRAY_BUFFER] * 3), strict=False):
        view["target"] = target
    document: Json = {
        "asset": {
            "version": "2.0",
            "generator": GENERATOR,
            "extras": {"standIn": True, "note": "Made by the API emulator from the picture alone."},
        },
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "geometry_0", "mesh": 0}],
        "meshes": [{"name": "geometry_0", "primitives": [_primitive()]}],
        "materials": [_material(double_sided=double_sided)],
        "samplers": [{"magFilter": _LINEAR, "minFilter": _LINEAR_MIPMAP_LINEAR, "wrapS": _REPEAT, "wrapT": _REPEAT}],
        "images": [
            {"bufferView": len(chunks) + index, "mimeType": f"image/{texture_format}"} for index in range(len(textures))
        ],
        "textures": [_texture(index, texture_format) for index in range(len(textures))],
        "accessors": _accessors(mesh),
        "bufferViews": views,
        "buffers": [{"byteLength": len(binary)}],
    }
    if texture_format == "webp":
        document |= {"extensionsUsed": ["EXT_texture_webp"], "extensionsRequired": ["EXT_texture_webp"]}
    return _container(document, binary)


def _buffer_views(chunks: Sequence[bytes]) -> tuple[list[Json], bytes]:
    """Return a view for each chunk, and the chunks in a row, each beginning at a multiple of 4 (glTF 2.0 §3.6.2.4)."""
    views: list[Json] = []
    pieces: list[bytes] = []
    offset = 0
    for chunk in chunks:
        views.append({"buffer": 0, "byteOffset": offset, "byteLength": len(chunk)})
        pieces += [chunk, bytes(-len(chunk) % 4)]
        offset += len(chunk) + -len(chunk) % 4
    return views, b"".join(pieces)


def _primitive() -> Json:
    return {
        "attributes": {"POSITION": 1, "NORMAL": 2, "TEXCOORD_0": 3},
        "indices": 0,
        "material": 0,
        "mode": _TRIANGLES,
    }


def _material(*, double_sided: bool) -> Json:
    return {
        "name": "material_0",
        "alphaMode": "OPAQUE",
        "doubleSided": double_sided,
        "pbrMetallicRoughness": {
            "baseColorTexture": {"index": 0},
            "baseColorFactor": [1, 1, 1, 1],
            "metallicRoughnessTexture": {"index": 1},
            "metallicFactor": 1,
            "roughnessFactor": 1,
        },
    }


def _texture(index: int, texture_format: TextureFormat) -> Json:
    if texture_format == "webp":
        return {"sampler": 0, "extensions": {"EXT_texture_webp": {"source": index}}}
    return {"sampler": 0, "source": index}


def _accessors(mesh: Mesh) -> list[Json]:
    positions = mesh.positions
    return [
        {"bufferView": 0, "componentType": _UNSIGNED_INT, "count": len(mesh.indices), "type": "SCALAR"},
        {
            "bufferView": 1,
            "componentType": _FLOAT,
            "count": len(positions),
            "type": "VEC3",
            "min": np.min(positions, axis=0).tolist(),
            "max": np.max(positions, axis=0).tolist(),
        },
        {"bufferView": 2, "componentType": _FLOAT, "count": len(mesh.normals), "type": "VEC3"},
        {"bufferView": 3, "componentType": _FLOAT, "count": len(mesh.uvs), "type": "VEC2"},
    ]


def _container(document: Json, binary: bytes) -> bytes:
    """Return header, JSON chunk (padded with spaces) and BIN chunk (padded with zeros, which `binary` is already)."""
    text = json.dumps(document, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + len(binary)
    header = struct.pack("<4sII", b"glTF", 2, total)
    return b"".join(
        (header, struct.pack("<I4s", len(text), b"JSON"), text, struct.pack("<I4s", len(binary), b"BIN\0"), binary)
    )
