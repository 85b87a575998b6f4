# SPDX-License-Identifier: GPL-3.0-or-later
"""The program for the background Blender: one function a step, from `source.npz` to `result.npz`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from trellis_core.errors import ModelFileError, Remedy
from trellis_core.model.arrays import Shape
from trellis_core.model.read import read_model
from trellis_core.model.surface.solid import Polygons
from trellis_core.model.surface.textures import look_at

from . import material_sanity, printing
from .background import bytes_of, cast_on, loaded, mend
from .exporting import program as exporting
from .game_ready import program as game_ready
from .mesh_arrays import starts_of


def solid(request: Mapping[str, Any], progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Mend the mesh in `source`, and write the `result` and what the artist has to judge. Return what was done."""
    made, mended = mend(loaded(request["source"]), progress, request)
    np.savez(request["result"], doubtful=mended.doubtful, **made)  # type: ignore[arg-type]  # a name may be anything
    return dict(mended.numbers)


def look(request: Mapping[str, Any], _progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Return what the textures of the model in `file` hold: shares of its surface that are clear, mirrors and so on."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        model = read_model(Path(request["file"]), Shape(images=Path(folder), packs=False))
        return dict(look_at(model, {index: bytes_of(image.path) for index, image in model.images.items()}))


def project(request: Mapping[str, Any], progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Find where the `picture` covers the mesh in `source`, and write it to `result`. Return the covered `share`."""
    from trellis_core.align.view import Camera, projected, subject_of

    arrays = loaded(request["source"])
    positions, corners, starts = arrays["positions"], arrays["corners"], starts_of(arrays)
    matrix, projection = (np.array(request[name], np.float64).reshape(4, 4) for name in ("matrix", "projection"))
    covered = subject_of(bytes_of(Path(request["picture"]))[::-1])
    if covered is None:
        raise ModelFileError(
            "The picture does not set its subject off. Cut it out, then generate again.", remedy=Remedy.NONE
        )
    progress(0.2)
    triangles = corners[Polygons(positions, corners, starts, np.empty((0, 2), np.int32)).triangles()[0]]
    uvs, mask = projected(
        positions,
        corners,
        starts,
        Camera(matrix, projection, request["is_perspective"]),
        tuple(request["shows"]),
        covered,
        cast_on(SimpleNamespace(positions=positions, triangles=triangles)),
    )
    np.savez(request["result"], uvs=uvs, mask=mask)
    return {"share": float(mask[triangles].mean())}


HANDLERS = {
    "solid": solid,
    "look": look,
    "game_ready": game_ready.make,
    "print": printing.prepare,
    "export": exporting.export,
    "light": material_sanity.find,
    "project": project,
}
