# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands a model over as a .blend of its own, with all that belongs to it, to steps that need more than its mesh.

`host/painted.py` says how the pixels go along that no .blend holds. Nothing is compressed: that takes longer.
"""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np

from ...core.errors import storage_error
from ...host import painted
from ..material import images_of
from .work import SOURCE_FILE

if TYPE_CHECKING:
    from .handover import Arrays

FILE = Path(SOURCE_FILE).with_suffix(".blend")  # in the step's folder
KINDS = ("MESH", "EMPTY")


def taken(obj: bpy.types.Object, folder: Path) -> Arrays:
    """Write the model, and what is parented to it, into the step's folder. Raises StorageError.

    Return `objects`, their names in JSON with the model's first, `matrix`, its place in the world, (4, 4), and the
    pixels that are not saved.
    """
    objects: list[Any] = [obj, *(each for each in obj.children_recursive if each.type in KINDS)]
    for each in objects:
        each.update_from_editmode()  # the mesh of an object in Edit Mode is out of date until then
    try:
        folder.mkdir(parents=True, exist_ok=True)
        bpy.data.libraries.write(str(folder / FILE), {*objects}, path_remap="ABSOLUTE", compress=False)
    except (OSError, RuntimeError) as error:
        cause = error if isinstance(error, OSError) else OSError(errno.EIO, str(error).strip())
        raise storage_error("save the model", cause) from error
    names = np.array(json.dumps([each.name for each in objects]))
    return {"objects": names, "matrix": np.array(obj.matrix_world), **painted.taken(images_of(*objects))}
