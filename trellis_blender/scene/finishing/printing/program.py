# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: scales a solid mesh, cuts its bottom flat, checks it, and writes it for slicers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bmesh
import bpy
import numpy as np
import numpy.typing as npt
from mathutils.bvhtree import BVHTree
from trellis_core.errors import Remedy, Text, TrellisError, blenders_words
from trellis_core.files import clear, rename
from trellis_core.model.surface.check import check_printable
from trellis_core.model.surface.welded import TOLERANCE, make_surface

if TYPE_CHECKING:
    from trellis_host.background.serve import Work

Array = npt.NDArray[Any]
MM = 1000.0  # in a metre
CM3 = 1e6  # in a cubic metre
CARRIED: dict[tuple[str, str], tuple[str, int, Any]] = {
    ("FLOAT2", "CORNER"): ("vector", 2, np.float32),
    ("FLOAT", "POINT"): ("value", 1, np.float32),
    ("FLOAT_COLOR", "POINT"): ("color", 4, np.float32),
    ("BYTE_COLOR", "CORNER"): ("color", 4, np.float32),
    ("INT", "FACE"): ("value", 1, np.int32),
}


def prepare(arrays: Mapping[str, Array], request: Mapping[str, Any], work: Work) -> Mapping[str, Any]:
    """Make the mesh ready, write `result` and the file, and return the numbers.

    `request`: `size` and `cut` in millimetres, `unit`, metres of a unit of the scene, `density` in g/cm³, `format`,
    `folder`, `name`. The mesh stands on the origin. Each side of it grows by the same factor.
    """
    mesh: Any = _mesh_of(arrays)
    extent = np.ptp(arrays["positions"], axis=0)
    factor = request["size"] / MM / request["unit"] / max(float(extent.max()), 1e-30)
    _cut(mesh, factor, request["cut"] / MM / request["unit"])
    work.progress(0.8)
    numbers, faulty = _checked(mesh, request)
    work.progress(0.9)
    np.savez(request["result"], **{**_arrays_of(mesh), "doubtful": faulty, "foot": arrays["foot"]})  # type: ignore[arg-type]
    if request["format"] == "STL":
        _write_stl(mesh, Path(request["folder"], f"{request['name']}.stl"), request["unit"] * MM)
    return numbers


def stand(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the arrays with the mesh as it stands in the world, turned and scaled, and its `foot`, (3).

    That is the middle of its bottom, from which the positions are given. The faces of a mirrored mesh are turned.
    """
    matrix = arrays["matrix"]
    if np.linalg.det(matrix[:3, :3]) < 0:
        arrays = _turned(arrays)
    places = arrays["positions"] @ matrix[:3, :3].T + matrix[:3, 3]
    low, high = places.min(axis=0), places.max(axis=0)
    foot = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    return {**arrays, "positions": (places - foot).astype(np.float32), "foot": foot}


def _turned(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the arrays with the corners of each face the other way round."""
    count = len(arrays["corners"])
    starts = arrays.get("starts", np.arange(0, count, 3, dtype=np.int32)).astype(np.int64)
    ends = np.append(starts[1:], count)
    order = np.repeat(starts + ends - 1, ends - starts) - np.arange(count)
    turned = {**arrays, "corners": arrays["corners"][order]}
    for number, (_name, _kind, domain) in enumerate(json.loads(str(arrays["attributes"]))):
        if domain == "CORNER":
            turned[f"attribute {number}"] = arrays[f"attribute {number}"][order]
    return turned


def _mesh_of(arrays: Mapping[str, Array]) -> bpy.types.Mesh:
    """Return the mesh, with the attributes that `CARRIED` names."""
    corners = arrays["corners"]
    starts = arrays.get("starts", np.arange(0, len(corners), 3, dtype=np.int32))
    mesh: Any = bpy.data.meshes.new("Print")
    mesh.vertices.add(len(arrays["positions"]))
    mesh.loops.add(len(corners))
    mesh.polygons.add(len(starts))
    mesh.vertices.foreach_set("co", arrays["positions"].ravel())
    mesh.loops.foreach_set("vertex_index", corners)
    mesh.polygons.foreach_set("loop_start", starts)
    if bpy.app.version < (5, 0, 0):
        mesh.polygons.foreach_set("loop_total", np.diff(np.append(starts, len(corners))).astype(np.int32))
    mesh.update(calc_edges=True)
    for number, (name, kind, domain) in enumerate(json.loads(str(arrays["attributes"]))):
        if (kind, domain) in CARRIED:
            attribute = mesh.attributes.get(name) or mesh.attributes.new(name, kind, domain)
            attribute.data.foreach_set(CARRIED[kind, domain][0], arrays[f"attribute {number}"].ravel())
    return mesh  # type: ignore[no-any-return]  # a mesh


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
    mesh.calc_loop_triangles()
    count = len(mesh.loop_triangles)
    triangles, of_face = np.empty(count * 3, np.int32), np.empty(count, np.int32)
    mesh.loop_triangles.foreach_get("vertices", triangles)
    mesh.loop_triangles.foreach_get("polygon_index", of_face)
    positions = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", positions.ravel())
    surface = make_surface(positions, triangles.reshape(-1, 3))
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


def _arrays_of(mesh: Any) -> dict[str, Array]:
    """Return the mesh as arrays (see `handover.py`)."""
    arrays: dict[str, Array] = {}
    for key, items, name, width, kind in (
        ("positions", mesh.vertices, "co", 3, np.float32),
        ("corners", mesh.loops, "vertex_index", 1, np.int32),
        ("corner_edges", mesh.loops, "edge_index", 1, np.int32),
        ("starts", mesh.polygons, "loop_start", 1, np.int32),
        ("edges", mesh.edges, "vertices", 2, np.int32),
    ):
        values = np.empty(len(items) * width, kind)
        items.foreach_get(name, values)
        arrays[key] = values.reshape(-1, width) if width > 1 else values
    described: list[tuple[str, str, str]] = []
    for attribute in mesh.attributes:
        if attribute.name.startswith(".") or (attribute.data_type, attribute.domain) not in CARRIED:
            continue
        member, width, kind = CARRIED[attribute.data_type, attribute.domain]
        values = np.empty(len(attribute.data) * width, kind)
        attribute.data.foreach_get(member, values)
        arrays[f"attribute {len(described)}"] = values.reshape(-1, width)
        described.append((attribute.name, attribute.data_type, attribute.domain))
    arrays["attributes"] = np.array(json.dumps(described))
    return arrays


def _write_stl(mesh: Any, file: Path, scale: float) -> None:
    """Write the mesh in millimetres, whole or not at all. Raises OSError and TrellisError."""
    obj: Any = bpy.data.objects.new("Print", mesh)
    assert bpy.context.scene is not None
    bpy.context.scene.collection.objects.link(obj)
    for each in bpy.context.scene.objects:
        each.select_set(each == obj)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.stem}.part.stl")
    clear(part)  # a link in its place would be followed
    try:
        bpy.ops.wm.stl_export(
            filepath=str(part), export_selected_objects=True, global_scale=scale, forward_axis="Y", up_axis="Z"
        )
        rename(part, file)
    except RuntimeError as error:
        reason = blenders_words(str(error))
        raise TrellisError(
            Text("The model could not be exported: {reason}. Try another format.", reason=reason), remedy=Remedy.NONE
        ) from error
    finally:
        part.unlink(missing_ok=True)
