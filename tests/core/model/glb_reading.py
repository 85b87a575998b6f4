"""Reads a GLB that a test has made."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trellis_blender.core.errors import ModelFileError
from trellis_blender.core.model.arrays import Shape
from trellis_blender.core.model.glb import NotPlainError
from trellis_blender.core.model.read import read_model

if TYPE_CHECKING:
    from tests.glbs.draft import Draft
    from trellis_blender.core.model.arrays import Model

AS_IT_IS = Shape(is_grounded=False)


def read(file: Draft | bytes, shape: Shape = AS_IT_IS) -> Model:
    """Return the model that our reader makes of the file, which lies in a folder as artists have them meanwhile."""
    with tempfile.TemporaryDirectory(prefix="Möbel neu ") as folder:
        path = Path(folder, "model.glb")
        path.write_bytes(file if isinstance(file, bytes) else file.glb())
        return read_model(path, shape)


def damage(file: Draft | bytes) -> str:
    """Return what the log says is wrong with a file that has to be refused, or else what the artist reads."""
    try:
        read(file)
    except ModelFileError as error:
        sentence, flaw = error.sentence, error.flaw
        assert "Press Retry" in sentence or "Update" in sentence, sentence
        assert not flaw or sentence.startswith("The model's file is damaged. Press"), sentence
        return flaw or sentence.split(". Press")[0]
    raise AssertionError("the file was read")


def reason(file: Draft | bytes) -> str:
    """Return why a file has to be left to Blender's importer."""
    try:
        read(file)
    except NotPlainError as error:
        return str(error)
    raise AssertionError("the file was read")


def corners(model: Model) -> Any:
    """Return the position of each triangle's corners in Blender's axes: (faces, 3, 3)."""
    return model.mesh.positions.reshape(-1, 3)[model.mesh.corner_vertices].reshape(-1, 3, 3)


def in_blenders_axes(rows: Any) -> Any:
    """Return glTF's positions or normals as Blender has them."""
    x, y, z = np.array(rows, np.float32).T
    return np.stack([x, -z, y], axis=1)
