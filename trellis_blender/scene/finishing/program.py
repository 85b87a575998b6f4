# SPDX-License-Identifier: GPL-3.0-or-later
"""The program for the background Blender: one function a step, from `source.npz` to `result.npz`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from trellis_core.errors import ModelFileError, Remedy
from trellis_core.model.arrays import Shape
from trellis_core.model.read import read_model
from trellis_core.model.surface.solid import Mended, Polygons, make_solid
from trellis_core.model.surface.textures import Pixels, look_at

if TYPE_CHECKING:
    from trellis_core.model.surface.welded import Surface
    from trellis_host.background.serve import Work

Array = npt.NDArray[Any]


def solid(request: Mapping[str, Any], work: Work) -> Mapping[str, Any]:
    """Mend the mesh in `source`, and write the `result` and what the artist has to judge. Return what was done."""
    arrays = _read(request)
    mended = _mended(arrays, request, work.progress)
    result = {"doubtful": mended.doubtful, **_carried(arrays, mended)}
    np.savez(request["result"], **result)
    return dict(mended.numbers)


def print_ready(request: Mapping[str, Any], work: Work) -> Mapping[str, Any]:
    """Mend the mesh in `source`, and make it ready to print (see `printing/program.py`). Return what was done."""
    from .printing import program

    arrays = program.stand(_read(request))
    mended = _mended(arrays, request, lambda fraction: work.progress(0.7 * fraction))
    carried = _carried(arrays, mended)
    made = {**carried, "foot": arrays["foot"]} if carried else arrays
    return {**mended.numbers, **program.prepare(made, request, work)}


def _read(request: Mapping[str, Any]) -> dict[str, Array]:
    with np.load(request["source"]) as file:
        return {name: file[name] for name in file.files}


def _mended(arrays: Mapping[str, Array], request: Mapping[str, Any], progress: Callable[[float], None]) -> Mended:
    """Return the mesh made solid. `request`: has the settings that are not the usual ones."""
    from mathutils.geometry import tessellate_polygon

    corners = arrays["corners"]
    starts = arrays.get("starts", np.arange(0, len(corners), 3, dtype=np.int32))
    source = Polygons(arrays["positions"], corners, starts, arrays.get("edges", np.empty((0, 2), np.int32)))

    def cut(points: Array) -> list[tuple[int, int, int]]:
        return list(tessellate_polygon([points.tolist()]))

    settings = {name: request[name] for name in ("smallest_part", "largest_hole") if name in request}
    return make_solid(source, _cast_on, cut, progress, **settings)


def _carried(arrays: Mapping[str, Array], mended: Mended) -> dict[str, Array]:
    """Return the arrays of the mended mesh with the attributes of its source; nothing if nothing was to be done."""
    made, origins = mended.polygons, mended.origins
    if made is None:
        return {}
    carried = {
        "positions": made.positions,
        "corners": made.corners,
        "starts": made.starts,
        "edges": made.edges,
        "corner_edges": mended.corner_edges,
        "attributes": arrays["attributes"],
    }
    of_domain = {"POINT": origins.vertices, "EDGE": origins.edges, "FACE": origins.faces, "CORNER": origins.corners}
    for number, (_name, _kind, domain) in enumerate(json.loads(str(arrays["attributes"]))):
        values = arrays[f"attribute {number}"][of_domain[domain]]
        if domain == "EDGE":
            values[origins.edges < 0] = 0
        carried[f"attribute {number}"] = values
    return carried


def _cast_on(surface: Surface | SimpleNamespace) -> Any:
    """Return a function that casts rays on the surface (see `surface.sheets.Cast`)."""
    from mathutils.bvhtree import BVHTree

    tree: Any = None

    def cast(origins: Array, directions: Array) -> tuple[Array, Array]:
        nonlocal tree
        if tree is None:
            tree = BVHTree.FromPolygons(surface.positions.tolist(), surface.triangles.tolist(), all_triangles=True)
        ray, faces, distances = tree.ray_cast, np.full(len(origins), -1, np.int64), np.full(len(origins), np.inf)
        for number, (origin, direction) in enumerate(zip(origins.tolist(), directions.tolist(), strict=True)):
            _place, _normal, face, distance = ray(origin, direction)
            if face is not None:
                faces[number], distances[number] = face, distance
        return faces, distances

    return cast


def look(request: Mapping[str, Any], _work: Work) -> Mapping[str, Any]:
    """Return what the textures of the model in `file` hold: shares of its surface that are clear, mirrors and so on."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        model = read_model(Path(request["file"]), Shape(images=Path(folder), packs=False))
        return dict(look_at(model, {index: _pixels(image.path) for index, image in model.images.items()}))


def project(request: Mapping[str, Any], work: Work) -> Mapping[str, Any]:
    """Find where the `picture` covers the mesh in `source`, and write it to `result`. Return the covered `share`."""
    from trellis_core.align.view import Camera, projected, subject_of

    with np.load(request["source"]) as file:
        positions, corners = file["positions"], file["corners"]
        starts = file["starts"] if "starts" in file else np.arange(0, len(corners), 3, dtype=np.int32)
    matrix, projection = (np.array(request[name], np.float64).reshape(4, 4) for name in ("matrix", "projection"))
    covered = subject_of(_pixels(Path(request["picture"]))[::-1])
    if covered is None:
        raise ModelFileError(
            "The picture does not set its subject off. Cut it out, then generate again.", remedy=Remedy.NONE
        )
    work.progress(0.2)
    triangles = corners[Polygons(positions, corners, starts, np.empty((0, 2), np.int32)).triangles()[0]]
    cast = _cast_on(SimpleNamespace(positions=positions, triangles=triangles))
    uvs, mask = projected(
        positions,
        corners,
        starts,
        Camera(matrix, projection, request["is_perspective"]),
        tuple(request["shows"]),
        covered,
        cast,
    )
    np.savez(request["result"], uvs=uvs, mask=mask)
    return {"share": float(mask[triangles].mean())}


def _pixels(path: Path | None) -> Pixels:
    """Return the pixels of an image as they are stored: (rows, columns, 4) uint8, the lowest row first."""
    import bpy

    image: Any = bpy.data.images.load(str(path))
    image.alpha_mode = "CHANNEL_PACKED"  # keeps the colours where alpha is 0
    width, height = image.size
    values = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(values)
    values = values.reshape(height, width, image.channels)
    pixels = np.full((height, width, 4), 255, np.uint8)
    pixels[..., : image.channels] = np.rint(values * 255)
    bpy.data.images.remove(image)
    return pixels


def export(request: Mapping[str, Any], work: Work) -> Mapping[str, Any]:
    """Export the model (see `exporting/program.py`)."""
    from .exporting import program

    return program.export(request, work)


def light(request: Mapping[str, Any], work: Work) -> Mapping[str, Any]:
    """Find the light in the model's colours (see `material_sanity/program.py`)."""
    from .material_sanity import program

    return program.find(request, work)


def game_ready(request: Mapping[str, Any], work: Work) -> Mapping[str, Any]:
    """Make a light copy for a game engine (see `game_ready/program.py`)."""
    from .game_ready import program

    def mend(arrays: Mapping[str, Array]) -> Mended:
        return _mended(arrays, {}, lambda done: work.progress(0.02 + 0.23 * done))

    return program.make(request, work, mend)


HANDLERS = {
    "solid": solid,
    "look": look,
    "game_ready": game_ready,
    "print": print_ready,
    "export": export,
    "light": light,
    "project": project,
}
