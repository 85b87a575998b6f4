# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a mesh with two textures as a GLB, by trimesh and with the arguments that TRELLIS.2 gives it.

After `to_glb` in microsoft/TRELLIS.2, `o-voxel/o_voxel/postprocess.py`, and `export(..., extension_webp=True)` in its
`app.py`: OPAQUE whatever the base colour's alpha holds, double-sided unless remeshed, WebP without a PNG to fall back
to.
"""

from typing import Any

import numpy as np
import trimesh
from PIL import Image
from trimesh.visual.material import PBRMaterial

from .order import TextureFormat
from .relief_mesh import Mesh

Json = dict[str, Any]


def write_glb(
    mesh: Mesh,
    textures: tuple[Image.Image, Image.Image],
    texture_format: TextureFormat,
    *,
    double_sided: bool,
    with_normals: bool,
    note: str,
) -> bytes:
    """Return the GLB: a scene, a root node, and one node, mesh, primitive and material.

    Args:
        mesh: the arrays, written as they are.
        textures: base colour (RGBA), then metallic-roughness (RGB).
        texture_format: "webp" as TRELLIS.2 writes it, or "png", which needs no extension.
        double_sided: whether the material is.
        with_normals: without, the file has no NORMAL.
        note: what the model was made of; it says in the file that this is no model of Trellis 2.
    """
    base_color, metallic_roughness = textures
    material = PBRMaterial(
        baseColorTexture=base_color,
        baseColorFactor=np.array([255, 255, 255, 255], dtype=np.uint8),
        metallicRoughnessTexture=metallic_roughness,
        metallicFactor=1.0,
        roughnessFactor=1.0,
        alphaMode="OPAQUE",
        doubleSided=double_sided,
    )
    # trimesh has the origin of UVs at the bottom, glTF at the top.
    uvs = mesh.uvs.astype(np.float64)
    uvs[:, 1] = 1 - uvs[:, 1]
    body = trimesh.Trimesh(
        vertices=mesh.positions,
        faces=mesh.indices.reshape(-1, 3),
        vertex_normals=mesh.normals if with_normals else None,
        process=False,
        visual=trimesh.visual.TextureVisuals(uv=uvs, material=material),
    )
    glb = body.export(
        file_type="glb", extension_webp=texture_format == "webp", tree_postprocessor=lambda tree: _finish(tree, note)
    )
    assert isinstance(glb, bytes)
    return glb


def _finish(document: Json, note: str) -> None:
    document["asset"]["extras"] = {"standIn": True, "note": note}
    # Some versions of trimesh put a root above the mesh, and the files that were seen have it. It is the harder case.
    document["nodes"] = [{"name": "world", "children": [1]}, {"name": "geometry_0", "mesh": 0}]
    (mesh,) = document["meshes"]
    normals = mesh["primitives"][0]["attributes"].get("NORMAL")
    if normals is not None:
        # Only POSITION needs bounds (glTF 2.0 §3.7.2.1), and in JSON there is no "not a number" to write.
        document["accessors"][normals].pop("min")
        document["accessors"][normals].pop("max")
