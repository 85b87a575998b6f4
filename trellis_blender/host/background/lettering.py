# SPDX-License-Identifier: GPL-3.0-or-later
"""Text as triangles, by Blender's own font, which has the letters of nearly all scripts. Needs no window."""

from __future__ import annotations

from typing import Any

import bpy


def triangles_of(text: str) -> Any:
    """Return the text's triangles as (count, 3, 2) float32, in units of the font's size, its baseline at 0."""
    import numpy as np

    curve: Any = bpy.data.curves.new("text", "FONT")
    obj = bpy.data.objects.new("text", curve)
    try:
        curve.body, curve.resolution_u = text, 2
        mesh: Any = obj.to_mesh()
        mesh.calc_loop_triangles()
        points = np.empty(len(mesh.vertices) * 3, np.float32)
        corners = np.empty(len(mesh.loop_triangles) * 3, np.int32)
        mesh.vertices.foreach_get("co", points)
        mesh.loop_triangles.foreach_get("vertices", corners)
        obj.to_mesh_clear()
        return points.reshape(-1, 3)[corners.reshape(-1, 3), :2]
    finally:
        bpy.data.objects.remove(obj)
        bpy.data.curves.remove(curve)
