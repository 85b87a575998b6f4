# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: gives a light mesh its UVs."""

from __future__ import annotations

import math
from typing import Any

import bpy
import numpy as np

from .shape import choose

ANGLE = math.radians(66)  # gives the fewest charts of the angles that were tried
MARGIN = 0.001  # of the texture; more wastes most of it where there are many charts
LAYER = "UVMap"


def unwrap(obj: Any) -> float:
    """Unwrap the mesh into the UV map `UVMap`. Return the share of the texture that it uses."""
    mesh = obj.data
    while mesh.uv_layers:
        mesh.uv_layers.remove(mesh.uv_layers[0])
    mesh.uv_layers.new(name=LAYER)
    choose(obj)
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.uv.smart_project(angle_limit=ANGLE, island_margin=MARGIN)
    bpy.ops.object.mode_set(mode="OBJECT")
    return _area(obj.data)


def uvs_of(mesh: Any) -> Any:
    """Return the UVs of a mesh's corners: (corners, 2) float32."""
    found = np.empty(2 * len(mesh.loops), np.float32)
    mesh.uv_layers[LAYER].uv.foreach_get("vector", found)
    return found.reshape(-1, 2)


def _area(mesh: Any) -> float:
    mesh.calc_loop_triangles()
    loops = np.empty(3 * len(mesh.loop_triangles), np.int32)
    mesh.loop_triangles.foreach_get("loops", loops)
    a, b, c = uvs_of(mesh)[loops].reshape(-1, 3, 2).transpose(1, 0, 2)
    (first, second) = (b - a), (c - a)
    return float(np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]).sum() / 2)
