# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a finished copy where the model stands: the copy shows, the model is hidden, and the recipe grows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy

from ..scene import placeholder, recipe


def stand_in(thing: bpy.types.Object, mesh: bpy.types.Mesh, ending: str, step: Mapping[str, Any]) -> bpy.types.Object:
    """Return a copy of the object with this mesh, in its place. `step`: what was done, for the recipe.

    It makes no undo step. The selection goes over to the copy if the object was selected.
    """
    layer = bpy.context.view_layer
    assert layer is not None
    copy: Any = thing.copy()
    copy.data = mesh
    copy.name = mesh.name = f"{thing.name} {ending}"
    for collection in thing.users_collection:
        collection.objects.link(copy)
    for space in placeholder.local_views():
        if thing.local_view_get(space):
            copy.local_view_set(space, True)
    recipe.grow(copy, step)
    is_here = layer.objects.get(thing.name) == thing
    if is_here and thing.select_get() and copy.visible_get():
        copy.select_set(True)
        if layer.objects.active == thing:
            layer.objects.active = copy
    thing.hide_render = True
    if is_here:
        thing.hide_set(True)
    return copy  # type: ignore[no-any-return]  # an object
