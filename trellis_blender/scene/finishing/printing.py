# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: mends a mesh, scales it, cuts its bottom flat, checks it, and writes it for slicers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bmesh
import bpy
import numpy as np
from mathutils.bvhtree import BVHTree
from trellis_core.errors import Remedy, TrellisError
from trellis_core.model.surface.check import check_printable
from trellis_core.model.surface.welded import TOLERANCE, make_surface

from .background import choose, deliver, loaded, mend, new_mesh, new_object, positions_of, run_exporter, triangles_of
from .mesh_arrays import Array, Arrays, attributes_of, column, read_mesh, starts_of

MM = 1000.0  # in a metre
CM3 = 1e6  # in a cubic metre


def prepare(request: Mapping[str, Any], progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Make the mesh in `source` ready, write the `result` and the file, and return what was done and the numbers.

    `request`: `size` and `cut` in millimetres, `unit`, metres of a unit of the scene, `density` in g/cm³, `format`,
    `folder`, `name`. Each side of the mesh grows by the same factor. Raises OSError and TrellisError.
    """
    arrays, foot = _standing(loaded(request["source"]))
    made, mended = mend(arrays, lambda fraction: progress(0.7 * fraction), request)
    mesh = new_mesh(made or arrays)
    extent = np.ptp(positions_of(mesh), axis=0)
    factor = request["size"] / MM / request["unit"] / max(float(extent.max()), 1e-30)
    _cut(mesh, factor, request["cut"] / MM / request["unit"])
    progress(0.8)
    numbers, faulty = _checked(mesh, request)
    progress(0.9)
    result: Arrays = {**read_mesh(mesh, is_whole=True), "doubtful": faulty, "foot": foot}
    np.savez(request["result"], **result)  # type: ignore[arg-type]  # a name may be anything
    if request["format"] == "STL":
        choose(new_object("Print", mesh))
        file = Path(request["source"]).with_name(f"{request['name']}.stl")
        options = {"export_selected_objects": True, "forward_axis": "Y", "up_axis": "Z"}
        run_exporter(bpy.ops.wm.stl_export, file, {**options, "global_scale": request["unit"] * MM})
        deliver([file], Path(request["folder"]))
    return {**mended.numbers, **numbers}


def _standing(arrays: Arrays) -> tuple[Arrays, Array]:
    """Return the arrays with the mesh as it stands in the world, turned and scaled, and its foot, (3).

    That is the middle of its bottom, from which the positions are given. The faces of a mirrored mesh are turned.
    """
    matrix = arrays["matrix"]
    if np.linalg.det(matrix[:3, :3]) < 0:
        arrays = _turned(arrays)
    places = arrays["positions"] @ matrix[:3, :3].T + matrix[:3, 3]
    low, high = places.min(axis=0), places.max(axis=0)
    foot = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    return {**arrays, "positions": (places - foot).astype(np.float32)}, foot


def _turned(arrays: Arrays) -> Arrays:
    """Return the arrays with the corners of each face the other way round."""
    count, starts = len(arrays["corners"]), starts_of(arrays).astype(np.int64)
    ends = np.append(starts[1:], count)
    order = np.repeat(starts + ends - 1, ends - starts) - np.arange(count)
    of_corners = [key for key, _name, _kind, domain in attributes_of(arrays) if domain == "CORNER"]
    return arrays | {key: arrays[key][order] for key in ("corners", *of_corners)}


def _cut(mesh: Any, factor: float, height: float) -> None:
    """Scale the mesh, and take away what lies below the height. The flat bottom is closed. Raises TrellisError.

    What touches itself in the plane may stay open; the check counts it.
    """
    made = bmesh.new()
    made.from_mesh(mesh)
    bmesh.ops.scale(made, vec=(factor, factor, factor), verts=[*made.verts])
    top = max(vertex.co.z for vertex in made.verts)
    bmesh.ops.remove_doubles(made, verts=[*made.verts], dist=TOLERANCE * max(top, height))
    if height > 0:
        geometry = [*made.verts, *made.edges, *made.faces]
        bmesh.ops.bisect_plane(
            made, geom=geometry, dist=0.0, plane_co=(0, 0, height), plane_no=(0, 0, 1), clear_inner=True
        )
        if not made.faces:
            sentence = "The cut takes the whole model away. Cut off less, then try again."
            raise TrellisError(sentence, remedy=Remedy.NONE)
        near = 1e-4 * max(top - height, height)
        rims = [
            edge for edge in made.edges if edge.is_boundary and all(abs(v.co.z - height) < near for v in edge.verts)
        ]
        if rims:
            bmesh.ops.triangle_fill(made, edges=rims, use_beauty=True, normal=(0, 0, -1))
            lids = [face for face in made.faces if all(abs(v.co.z - height) < near for v in face.verts)]
            for face in lids:
                face.normal_update()
            bmesh.ops.reverse_faces(made, faces=[face for face in lids if face.normal.z > 0])
        bmesh.ops.translate(made, vec=(0, 0, -height), verts=[*made.verts])
    made.to_mesh(mesh)
    made.free()


def _checked(mesh: Any, request: Mapping[str, Any]) -> tuple[dict[str, Any], Array]:
    """Return the numbers, and which faces keep it from being printed: (faces) bool."""
    positions, triangles = positions_of(mesh), triangles_of(mesh)
    of_face = column(mesh.loop_triangles, "polygon_index", 1, np.int32)
    surface = make_surface(positions, triangles)
    numbers, volume, bad = check_printable(surface)
    tree: Any = BVHTree.FromPolygons(surface.positions.tolist(), surface.triangles.tolist(), all_triangles=True)
    crossing = np.unique(np.array([pair for pair in tree.overlap(tree) if pair[0] != pair[1]], np.int64).ravel())
    bad[crossing] = True
    faulty = np.zeros(len(mesh.polygons), bool)
    faulty[of_face[surface.faces[bad]]] = True
    unit = request["unit"]
    volume = abs(volume) * unit**3 * CM3
    return {
        **numbers,
        "crossing_faces": len(crossing),
        "size_mm": [float(side) * unit * MM for side in np.ptp(positions, axis=0)],
        "volume_cm3": volume,
        "grams": volume * request["density"],
    }, faulty
