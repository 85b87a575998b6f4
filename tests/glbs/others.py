"""GLBs of other software: what is in Python writes them now, JavaScript did beforehand. `OTHERS` has them by name."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pygltflib  # type: ignore[import-untyped]  # it has no types
import trimesh
from PIL import Image
from trimesh.transformations import rotation_matrix, translation_matrix

from tests.glbs.materials import all_textures
from tests.glbs.pictures import texture
from tests.glbs.shapes import globe, wedge

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = Path(__file__).parent / "files"


def trimesh_globe(extension_webp: bool) -> bytes:
    """Return a textured ball from trimesh, by which Trellis 2 writes its files."""
    solid = globe()
    picture = Image.open(io.BytesIO(texture(mode="RGBA")))
    material: Any = trimesh.visual.material.PBRMaterial(
        baseColorTexture=picture,
        metallicRoughnessTexture=Image.open(io.BytesIO(texture(shade=90))),
        baseColorFactor=np.array([255, 255, 255, 255], np.uint8),
        metallicFactor=1.0,
        roughnessFactor=1.0,
        alphaMode="OPAQUE",
        doubleSided=True,
    )
    uvs = [(u, 1 - v) for u, v in solid.uvs]
    made = trimesh.Trimesh(
        vertices=solid.positions,
        faces=solid.triangles,
        vertex_normals=solid.normals,
        process=False,
        visual=trimesh.visual.TextureVisuals(uv=uvs, material=material),
    )
    exported: Any = made.export(file_type="glb", extension_webp=extension_webp)
    return bytes(exported)


def trimesh_scene() -> bytes:
    """Return two shapes of trimesh's own, each in a node with a transform, without normals and UVs."""
    scene = trimesh.Scene()
    turned, moved = rotation_matrix(0.5, (1, 2, 3)), translation_matrix((3, 0, 0))
    scene.add_geometry(trimesh.creation.box((1, 2, 3)), "a", "a", transform=turned)
    scene.add_geometry(trimesh.creation.icosphere(subdivisions=2), "b", "b", transform=moved)
    for geometry in scene.geometry.values():
        geometry.visual = trimesh.visual.TextureVisuals(
            material=trimesh.visual.material.PBRMaterial(roughnessFactor=0.5, metallicFactor=0.25)
        )
    return bytes(scene.export(file_type="glb"))


def pygltflib_wedge() -> bytes:
    """Return the wedge from pygltflib, with 16-bit indices and no normals."""
    solid = wedge()
    corners = np.array(solid.triangles, np.uint16).tobytes()
    positions, uvs = np.array(solid.positions, np.float32), np.array(solid.uvs, np.float32)
    parts = [corners, positions.tobytes(), uvs.tobytes()]
    starts = np.cumsum([0, *map(len, parts)]).tolist()
    attributes = pygltflib.Attributes(POSITION=1, TEXCOORD_0=2)
    made = pygltflib.GLTF2(
        scene=0,
        scenes=[pygltflib.Scene(nodes=[0])],
        nodes=[pygltflib.Node(mesh=0, rotation=[0.0, 0.6, 0.0, 0.8])],
        meshes=[pygltflib.Mesh(primitives=[pygltflib.Primitive(attributes=attributes, indices=0, material=0)])],
        materials=[pygltflib.Material(pbrMetallicRoughness=pygltflib.PbrMetallicRoughness(metallicFactor=0.0))],
        accessors=[
            pygltflib.Accessor(bufferView=0, componentType=pygltflib.UNSIGNED_SHORT, count=12, type=pygltflib.SCALAR),
            pygltflib.Accessor(
                bufferView=1,
                componentType=pygltflib.FLOAT,
                count=4,
                type=pygltflib.VEC3,
                min=positions.min(axis=0).tolist(),
                max=positions.max(axis=0).tolist(),
            ),
            pygltflib.Accessor(bufferView=2, componentType=pygltflib.FLOAT, count=4, type=pygltflib.VEC2),
        ],
        bufferViews=[
            pygltflib.BufferView(buffer=0, byteOffset=start, byteLength=len(part))
            for start, part in zip(starts, parts, strict=False)
        ],
        buffers=[pygltflib.Buffer(byteLength=starts[-1])],
    )
    made.set_binary_blob(b"".join(parts))
    return b"".join(made.save_to_bytes())


def pygltflib_copy() -> bytes:
    """Return the globe with all textures, read by pygltflib and written again with every default that it fills in."""
    made = pygltflib.GLTF2.load_from_bytes(all_textures().glb())
    return b"".join(made.save_to_bytes())


OTHERS: dict[str, Callable[[], bytes]] = {
    "trimesh, PNG": lambda: trimesh_globe(extension_webp=False),
    "trimesh, WebP": lambda: trimesh_globe(extension_webp=True),
    "trimesh, two nodes": trimesh_scene,
    "pygltflib": pygltflib_wedge,
    "pygltflib, defaults filled in": pygltflib_copy,
    "glTF Transform, quantised": (FILES / "gltf-transform-quantised.glb").read_bytes,
    "glTF Transform, nested nodes": (FILES / "gltf-transform-nested.glb").read_bytes,
    "three.js": (FILES / "three.glb").read_bytes,
}
