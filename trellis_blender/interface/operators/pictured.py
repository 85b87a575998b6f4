# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators on a model and its picture.

They move models to where their pictures show them, project the pictures onto them, replace block-outs by them, make
another model of the same picture with one thing changed, and keep one of several of the same picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import bpy

from ...core.errors import Remedy, Text, TrellisError
from ...core.request.parameters import BY_NAME, Value
from ...core.request.presets import COMPLAINTS
from ...host.translation import translated, translated_report
from ...settings import props
from ..at_need import (
    aligning,
    asset,
    importing,
    job_words,
    material,
    placeholder,
    projecting,
    recipe,
    session,
    viewpoint,
)
from .assets import AssetOperator, made_by
from .base import Result, can_act
from .jobs import PaidAgain, cost_again

if TYPE_CHECKING:
    from ...core.job.job import Job

PROJECTION_MODES = (
    ("ON", "On", "Show the picture; project it first where it is not yet"),
    ("OFF", "Off", "Show the model's own texture, and keep the picture"),
    ("REMOVE", "Remove", "Take the picture away, with its UV map, its mask and its nodes"),
)
NO_VIEWPOINT = "The picture does not tell its camera, and the scene has none. Add a camera, then try again."
NOTHING_LEFT = "Nothing is left to change for that. Try another seed, or another picture"


class ModelsOperator(AssetOperator):
    """An operator that has the background Blender find out where models stand in their pictures."""

    def begin(self, context: bpy.types.Context, **wanted: Any) -> None:
        """Have it find out. `wanted`: see `aligning.Request`. Raises TrellisError."""
        models = [(obj, job_of(obj)) for obj in self.targets(context)]
        camera = viewpoint.of_camera(context, context.scene)
        if camera is None and any(job.viewpoint is None for _, job in models):
            raise TrellisError(NO_VIEWPOINT, remedy=Remedy.NONE)
        session.start().aligning.add(models, viewpoint=camera, **wanted)
        self.report({"INFO"}, "Looking for where the picture shows it")

    def targets(self, context: bpy.types.Context) -> list[bpy.types.Object]:
        """Return the given job's model, or all selected ones. Raises TrellisError if there is none."""
        chosen = [] if self.job_id else [obj for obj in context.selected_objects if asset.is_model(obj)]
        return chosen or [self.target(context)]


def job_of(obj: bpy.types.Object) -> Job:
    """Return the model's job. Raises TrellisError if it was removed."""
    session.start()
    job = made_by(obj)
    if job is None or not job.picture:
        raise TrellisError(
            Text("The job of “{name}” is gone, and its picture with it. Move the model by hand.", name=obj.name),
            remedy=Remedy.NONE,
        )
    return job


class TRELLIS2_OT_align(ModelsOperator, bpy.types.Operator):
    """Turn, scale and move the selected models to where their pictures show them, as the camera or viewport saw it; \
without one, as the scene's camera sees it"""

    bl_idname = "trellis2.align"
    bl_label = "Align to Picture"
    bl_options = {"REGISTER"}

    may_tilt: bool = props.BoolProperty(
        name="Allow Tilting", description="The model need not stand upright", default=False, options={"SKIP_SAVE"}
    )

    def act(self, context: bpy.types.Context) -> None:
        """Have the background Blender find out where they stand. They move when it has, as one undo step."""
        self.begin(context, may_tilt=self.may_tilt)


class TRELLIS2_OT_project_picture(ModelsOperator, bpy.types.Operator):
    """Mix the picture's own pixels over the texture where its camera saw the model, so that text and faces are as \
sharp; the texture stays below, and the model stays where it is. Solid shading shows the texture alone"""

    bl_idname = "trellis2.project_picture"
    bl_label = "Project the Picture"
    bl_options = {"REGISTER", "UNDO"}

    mode: str = props.EnumProperty(
        name="Mode",
        description="What is done with the projected picture",
        items=PROJECTION_MODES,
        default="ON",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        tips = {name: tip for name, _label, tip in PROJECTION_MODES}
        return "" if properties.mode == "ON" else tips[properties.mode]

    def act(self, context: bpy.types.Context) -> None:
        """Switch it, or have it projected, which takes some seconds in the background."""
        models = self.targets(context)
        if self.mode == "ON" and any(projecting.is_shown(obj) is None for obj in models):
            self.begin(context, moves=False, projects=True)
            return
        for obj in models:
            projecting.remove(obj) if self.mode == "REMOVE" else projecting.show(obj, is_on=self.mode == "ON")


class TRELLIS2_OT_replace_block_out(ModelsOperator, bpy.types.Operator):
    """Hide what was selected when the picture was taken, in a collection “Block-Out”, and give the model its place, \
size and parent; the picture tells the turn"""

    bl_idname = "trellis2.replace_block_out"
    bl_label = "Replace the Block-Out"
    bl_options = {"REGISTER"}

    @classmethod
    def fits(cls, job: Job) -> bool:
        """Return whether the job's model is here, and what was selected when its picture was taken."""
        return super().fits(job) and bool(aligning.block_out_of(job.viewpoint))

    def act(self, context: bpy.types.Context) -> None:
        """Have the background Blender find the turn; then the model takes the place, as one undo step."""
        if not aligning.block_out_of(job_of(self.target(context)).viewpoint):
            sentence = "Nothing was selected when the picture was taken, or it is gone. Hide the block-out by hand."
            raise TrellisError(sentence, remedy=Remedy.NONE)
        self.begin(context, replaces=True)

    def targets(self, context: bpy.types.Context) -> list[bpy.types.Object]:
        """Return the one model that takes the place."""
        return [self.target(context)]


class TRELLIS2_OT_change_one_thing(PaidAgain, bpy.types.Operator):
    """Make another 3D model from this job's picture with the same seed and one parameter changed, beside the first"""

    bl_idname = "trellis2.change_one_thing"
    bl_label = "Change One Thing"

    complaint: str = props.EnumProperty(
        name="Complaint",
        description="What is wrong with the model",
        items=[(complaint.name, complaint.label, "") for complaint in COMPLAINTS.values()],
        options={"SKIP_SAVE"},
    )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Return the tooltip: what changes from which value to which, and why."""
        job = session.jobs().get(properties.job_id)
        change = COMPLAINTS[properties.complaint].change(job.parameters) if job is not None else None
        if job is None or change is None:
            return "" if job is None else translated(NOTHING_LEFT)
        name, value, reason = change
        parameter = BY_NAME[name]
        before = job.parameters.get(name, parameter.default)
        return translated(
            Text(
                "The same picture and seed, with {group} {label} {value} instead of {before}: {reason}",
                group=parameter.group,
                label=parameter.label,
                value=parameter.words(value),
                before=parameter.words(before),
                reason=reason,
            )
        )

    def cost(self, _context: bpy.types.Context) -> float | None:
        job = self.target()
        return cost_again(job, _changed(job, self.complaint))

    def start_generation(self, context: bpy.types.Context) -> None:
        job = self.target()
        changed = _changed(job, self.complaint)
        if not changed:
            raise TrellisError(f"{NOTHING_LEFT}.")
        first = next(asset.models_of(job.remote_id), None)
        self.beside = first.matrix_world.translation.copy() if first is not None else None
        self.start_again(context, job, changed, seed=int(job.parameters["seed"]))


def draw_complaint(layout: Any, job: Job, complaint: str) -> None:
    """Draw the button that begins another model with one parameter changed, greyed out if nothing is left to change.

    Its label has the price if it is known.
    """
    label, changed = COMPLAINTS[complaint].label, _changed(job, complaint)
    cost = cost_again(job, changed)
    if cost is not None:
        label = Text("{complaint} · {cost}", complaint=label, cost=job_words.cost_words(cost))
    row = layout.row(align=True)
    row.enabled = bool(changed)
    button = row.operator("trellis2.change_one_thing", text=translated(label), icon="FILE_REFRESH")
    button.job_id, button.complaint = job.id, complaint


def _changed(job: Job, complaint: str) -> dict[str, Value]:
    """Return the parameter that is changed, with its new value; empty if nothing is left to change."""
    change = COMPLAINTS[complaint].change(job.parameters)
    return {} if change is None else {change[0]: change[1]}


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
        if variation is not None and variation[0] == kept[0] and variation != kept and not obj.library:
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
        is_one, is_free = variation_of(context.object) is not None, context.mode == "OBJECT"
        return can_act(
            cls, is_one, otherwise="Make one of several variations active. Generate them with Variations above 1"
        ) and can_act(cls, is_free, otherwise="Switch to Object Mode, then choose the variation")

    def execute(self, context: bpy.types.Context) -> Result:
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
