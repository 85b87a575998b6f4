# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps one of several models of the same picture, and removes the others in one step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

from ...core.errors import Text
from ...host.translation import translated_report
from ..at_need import importing, material, placeholder, recipe, session
from .base import Result, can_act

Variation = tuple[str, int]


def variation_of(obj: Any) -> Variation | None:
    """Return batch and place of a model, of an object that belongs to it, or of a placeholder; otherwise None."""
    while obj is not None:
        found = recipe.variation(obj)
        if found is None and (job := session.jobs().get(placeholder.job_id(obj))) is not None and job.batch:
            found = job.batch, job.place
        if found is not None:
            return found
        obj = obj.parent
    return None


def others(scene: bpy.types.Scene, kept: Variation) -> list[bpy.types.Object]:
    """Return the batch's other models in the scene, with all objects of Blender's importer, and their placeholders."""
    found: dict[bpy.types.Object, None] = {}
    for obj in scene.objects:
        variation = recipe.variation(obj) or (variation_of(obj) if placeholder.job_id(obj) else None)
        if variation is not None and variation[0] == kept[0] and variation != kept and _is_local(obj):
            found[obj] = None
            if obj.type == "EMPTY":
                found.update(dict.fromkeys(obj.children_recursive))
    return list(found)


def keep(scene: bpy.types.Scene, kept: Variation) -> int:
    """Remove the batch's other models and placeholders from the file, with all data that nothing else uses.

    Their jobs go on, since they are paid for, and their models wait in the list. Return how many wait.
    """
    waiting = 0
    for job in session.jobs().values():
        if job.batch == kept[0] and job.place != kept[1]:
            waiting += not job.is_resting
            session.start().importer.leave(job.id, importing.OTHER_KEPT)
    unwanted = others(scene, kept)
    for obj in unwanted:
        for child in obj.children:
            if child not in unwanted:  # the artist's own
                placeholder.unparent(child)
    data = list(dict.fromkeys(each for obj in unwanted for each in _data(obj)))
    bpy.data.batch_remove(unwanted)
    running = session.running()
    for each in data:  # a mesh before its materials, those before their images
        if not each.users and not (running is not None and running.decoding.has_in_hand(each)):
            bpy.data.batch_remove([each])
    return waiting


def _is_local(obj: Any) -> bool:
    return obj.library is None


def _data(obj: bpy.types.Object) -> Iterator[bpy.types.ID]:
    """Yield the data-blocks that the object uses, users first."""
    materials: list[Any] = [slot.material for slot in obj.material_slots if slot.material is not None]
    if obj.data is not None:
        yield obj.data
    yield from materials
    yield from material.images_of(obj)


class TRELLIS2_OT_keep_variation(bpy.types.Operator):
    """Keep the active variation and remove the others of the same picture from the scene"""

    bl_idname = "trellis2.keep_variation"
    bl_label = "Keep This Variation"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether the active object is one of several variations."""
        is_one, is_free = variation_of(context.object) is not None, context.mode == "OBJECT"
        return can_act(
            cls, is_one, otherwise="Make one of several variations active. Generate them with Variations above 1"
        ) and can_act(cls, is_free, otherwise="Switch to Object Mode, then choose the variation")

    def execute(self, context: bpy.types.Context) -> Result:
        """Remove the other variations."""
        kept = variation_of(context.object)
        assert kept is not None
        assert context.scene is not None
        waiting = keep(context.scene, kept)
        if waiting == 1:
            self.report({"INFO"}, "One variation is still being made. Its model will wait in the list.")
        elif waiting:
            sentence = Text(
                "{waiting} variations are still being made. Their models will wait in the list.", waiting=waiting
            )
            self.report({"INFO"}, translated_report(sentence))
        return {"FINISHED"}


CLASSES: tuple[Any, ...] = (TRELLIS2_OT_keep_variation,)
