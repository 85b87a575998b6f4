# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: opens the model that `blend.py` has handed over. The add-on imports it nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix
from trellis_core.errors import Remedy, Text, TrellisError
from trellis_host.painted import give_back

MISSING = (
    "The file of the texture “{texture}” of “{name}” is missing. Find it with File > External Data > Find Missing "
    "Files, then try again."
)


def opened(source: Path) -> list[Any]:
    """Return the model, and then what is parented to it, alone in an empty scene. `source`: the step's arrays.

    The model has no parent, and stands where it stood. Raises TrellisError if a file of one of its textures is missing.
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
    _check_textures(objects[0].name)
    return objects


def _check_textures(name: str) -> None:
    """Raise TrellisError if a node shows an image without pixels: Blender would bake it as magenta, or leave it out."""
    trees = [tree for tree in (*(material.node_tree for material in bpy.data.materials), *bpy.data.node_groups) if tree]
    for node in (node for tree in trees for node in tree.nodes if node.type == "TEX_IMAGE"):
        given: Any = node
        if given.image is not None and any(output.links for output in given.outputs) and not all(given.image.size):
            raise TrellisError(Text(MISSING, texture=given.image.name, name=name), remedy=Remedy.NONE)
