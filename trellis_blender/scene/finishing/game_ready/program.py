# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: from a heavy model to a light one with textures, LODs and a collision hull."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import bpy
import numpy as np
from trellis_core.errors import Remedy, Text, TrellisError
from trellis_core.model.surface.check import overlap
from trellis_core.model.surface.welded import make_surface

from ..background import mend, new_mesh, new_object, opened, positions_of, triangles_of
from ..mesh_arrays import Arrays, dress, read_mesh
from . import shape
from .bake import bake

SMOOTH_FROM = 10  # times the faces that are asked for: a model with fewer would lose thin parts
THIN = (
    "Quads would lose thin parts of this model: only {share} % of its outlines are left. Use triangles, or more faces."
)


def make(request: Mapping[str, Any], progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Write the meshes and the textures into the `result`, and return what was done in numbers."""
    model = opened(request["source"])[0]
    _apply_modifiers(model)
    for other in [*bpy.data.objects]:
        if other != model:
            bpy.data.objects.remove(other)
    model.matrix_world.identity()
    progress(0.02)
    hidden = _make_solid(model, progress)
    progress(0.25)
    wanted = int(request["faces"])
    surface = make_surface(positions_of(model.data), triangles_of(model.data))
    is_heavy = len(surface.triangles) > SMOOTH_FROM * wanted
    positions = shape.smoothed(surface) if is_heavy else surface.positions
    whole = new_object(
        "whole", new_mesh({"positions": positions, "corners": surface.triangles.ravel().astype(np.int32)})
    )
    is_quads = request["shape"] == "QUADS"
    low = (shape.quads if is_quads else shape.decimated)(whole, wanted, "low")
    progress(0.4)
    if not len(low.data.polygons):
        raise TrellisError(Text("Nothing is left of this model with so few faces. Choose more faces."))
    share = overlap(surface.positions, surface.triangles, positions_of(low.data), triangles_of(low.data))
    if is_quads and share < request["smallest_overlap"]:
        raise TrellisError(Text(THIN, share=f"{100 * share:.0f}"), remedy=Remedy.TRIANGLES)
    bpy.data.objects.remove(whole)
    covered = shape.unwrap(low)
    progress(0.45)
    size = int(request["texture_size"])
    images, numbers = bake(model, low, size, covered, lambda done: progress(0.45 + 0.5 * done))
    count = shape.triangle_count(low.data)
    lighter = [max(4, round(count * request["ratio"] ** level)) for level in range(1, int(request["levels"]))]
    meshes = [low.data, *(shape.decimated(low, faces, "lighter").data for faces in lighter)]
    parts = {str(level): mesh for level, mesh in enumerate(meshes)}
    if request["has_hull"]:
        parts["hull"] = shape.hull(low)
    result: Arrays = {f"image:{name}": np.frombuffer(data, np.uint8) for name, data in images.items()}
    for name, mesh in parts.items():
        mesh.shade_smooth()
        result |= {f"{name}:{key}": value for key, value in read_mesh(mesh, is_whole=True).items()}
    np.savez(request["result"], **result)  # type: ignore[arg-type]  # a name may be anything
    return {
        "made_faces": [len(mesh.polygons) for mesh in meshes],
        "hidden_faces": hidden,
        "overlap": round(share, 4),
        **numbers,
    }


def _apply_modifiers(model: Any) -> None:
    """Give the model the mesh that shows, with what its modifiers and its shape keys make of its own."""
    if model.modifiers or model.data.shape_keys:
        graph = bpy.context.evaluated_depsgraph_get()
        seen = model.evaluated_get(graph)
        mesh = bpy.data.meshes.new_from_object(seen, preserve_all_data_layers=True, depsgraph=graph)
        model.modifiers.clear()
        model.data = mesh


def _make_solid(model: Any, progress: Callable[[float], None]) -> int:
    """Mend the model's mesh. Return how many faces inside were removed."""
    source = model.data
    made, mended = mend(read_mesh(source, is_whole=True), lambda done: progress(0.02 + 0.23 * done), {})
    if not made:
        return 0
    model.data = new_mesh(made)
    dress(model.data, source)
    return int(mended.numbers["hidden_faces"])
