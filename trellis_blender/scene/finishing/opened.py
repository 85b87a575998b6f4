# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: opens the model that `blend.py` has handed over. The add-on imports it nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix
from trellis_host.painted import give_back


def opened(source: Path) -> list[Any]:
    """Return the model, and then what is parented to it, alone in an empty scene. `source`: the step's arrays.

    The model has no parent, and stands where it stood.
    """
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with np.load(source) as file:
        arrays = {name: file[name] for name in file.files}
    names = json.loads(str(arrays["objects"]))
    libraries: Any = bpy.data.libraries
    with libraries.load(str(source.with_suffix(".blend")), link=False) as (_kept, wanted):
        wanted.objects = names
    objects: list[Any] = [*wanted.objects]
    assert bpy.context.scene is not None
    assert bpy.context.view_layer is not None
    for obj in objects:
        bpy.context.scene.collection.objects.link(obj)
        obj.hide_viewport = obj.hide_render = False
        obj.hide_set(False)
        obj.select_set(True)
    objects[0].parent = None
    objects[0].matrix_world = Matrix(arrays["matrix"].tolist())
    bpy.context.view_layer.objects.active = objects[0]
    give_back(arrays)
    return objects
