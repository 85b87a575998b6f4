# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a finished copy where the model stands: the copy shows, the model is hidden, and the recipe grows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy

from .. import placeholder, recipe


def stand_in(obj: bpy.types.Object, mesh: bpy.types.Mesh, ending: str, step: Mapping[str, Any]) -> bpy.types.Object:
    """Return a copy of the object with this mesh, in its place. `step`: what was done, for the recipe.

    It makes no undo step. The selection goes over to the copy if the object was selected.
    """
    layer = bpy.context.view_layer
    assert layer is not None
    copy: Any = obj.copy()
    copy.data = mesh
    copy.name = mesh.name = f"{obj.name} {ending}"
    for collection in obj.users_collection:
        collection.objects.link(copy)
    for space in placeholder.local_views():
        if obj.local_view_get(space):
            copy.local_view_set(space, True)
    recipe.grow(copy, step)
    is_here = layer.objects.get(obj.name) == obj
    if is_here and obj.select_get() and copy.visible_get():
        copy.select_set(True)
        if layer.objects.active == obj:
            layer.objects.active = copy
    obj.hide_render = True
    if is_here:
        obj.hide_set(True)
    return copy  # type: ignore[no-any-return]  # an object
