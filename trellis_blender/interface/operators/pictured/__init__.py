# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators on a model and its picture.

They move models to where their pictures show them, project the pictures onto them, replace block-outs by them, and make
another model of the same picture with one thing changed.
"""

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, EnumProperty

from ....core.errors import Remedy, Text, TrellisError
from ....core.request.parameters import BY_NAME, Value
from ....core.request.presets import COMPLAINTS
from ....host.translation import translated
from ...at_need import asset, block_out, job_words, projecting, session, viewpoint
from ...at_need import file as image_file
from .. import price_tag
from ..assets import AssetOperator, made_by
from ..base import Result, attempt
from ..jobs import PaidAgain, own_values, picture_of

if TYPE_CHECKING:
    from ....core.job.job import Job

NO_VIEWPOINT = "The picture does not tell its camera, and the scene has none. Add a camera, then try again."
NOTHING_LEFT = "Nothing is left to change for that. Try another seed, or another picture"
LOOKING = "Looking for where the picture shows it"


class _OnModels(AssetOperator):
    """An operator that has the background Blender find out where models stand in their pictures."""

    def begin(self, context: bpy.types.Context, **wanted: Any) -> None:
        """Have it find out. `wanted`: see `aligning.Request`. Raises TrellisError."""
        models = [(obj, job_of(obj)) for obj in self.targets(context)]
        camera = viewpoint.of_camera(context, context.scene)
        if camera is None and any(job.viewpoint is None for _, job in models):
            raise TrellisError(NO_VIEWPOINT, remedy=Remedy.NONE)
        session.start().aligning.add(models, viewpoint=camera, **wanted)
        self.report({"INFO"}, LOOKING)  # type: ignore[attr-defined]  # of bpy.types.Operator

    def targets(self, context: bpy.types.Context) -> list[bpy.types.Object]:
        """Return the given job's model, or all selected ones. Raises TrellisError if there is none."""
        chosen = [] if self.job_id else [obj for obj in context.selected_objects if asset.is_model(obj)]
        return chosen or [self.target(context)]


def job_of(obj: bpy.types.Object) -> "Job":
    """Return the model's job. Raises TrellisError if it was removed."""
    session.start()
    job = made_by(obj)
    if job is None or not job.picture:
        raise TrellisError(
            Text("The job of “{name}” is gone, and its picture with it. Move the model by hand.", name=obj.name),
            remedy=Remedy.NONE,
        )
    return job


class TRELLIS2_OT_align(_OnModels, bpy.types.Operator):
    """Turn, scale and move the selected models to where their pictures show them, as the camera or viewport saw it; \
without one, as the scene's camera sees it"""

    bl_idname = "trellis2.align"
    bl_label = "Align to Picture"
    bl_options = {"REGISTER"}

    if TYPE_CHECKING:
        may_tilt: bool
    else:
        may_tilt: BoolProperty(
            name="Allow Tilting", description="The model need not stand upright", default=False, options={"SKIP_SAVE"}
        )

    def execute(self, context: bpy.types.Context) -> Result:
        """Have the background Blender find out where they stand. They move when it has, as one undo step."""
        return attempt(self, lambda: self.begin(context, may_tilt=self.may_tilt))


class TRELLIS2_OT_project_picture(_OnModels, bpy.types.Operator):
    """Mix the picture's own pixels over the texture where its camera saw the model, so that text and faces are as \
sharp; the texture stays below, and the model stays where it is. Solid shading shows the texture alone"""

    bl_idname = "trellis2.project_picture"
    bl_label = "Project the Picture"
    bl_options = {"REGISTER", "UNDO"}

    if TYPE_CHECKING:
        mode: str
    else:
        mode: EnumProperty(
            name="Mode",
            description="What is done with the projected picture",
            items=(
                ("ON", "On", "Show the picture; project it first where it is not yet"),
                ("OFF", "Off", "Show the model's own texture, and keep the picture"),
                ("REMOVE", "Remove", "Take the picture away, with its UV map, its mask and its nodes"),
            ),
            default="ON",
            options={"SKIP_SAVE"},
        )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Return the tooltip of a mode's own button."""
        return "" if properties.mode == "ON" else str(_described(cls, properties.mode))

    def execute(self, context: bpy.types.Context) -> Result:
        """Switch it, or have it projected, which takes some seconds in the background."""

        def act() -> None:
            models = self.targets(context)
            if self.mode != "ON":
                for obj in models:
                    projecting.remove(obj) if self.mode == "REMOVE" else projecting.show(obj, is_on=False)
            elif all(projecting.is_shown(obj) is not None for obj in models):
                for obj in models:
                    projecting.show(obj, is_on=True)
            else:
                self.begin(context, moves=False, projects=True)

        return attempt(self, act)


def _described(cls: Any, mode: str) -> str:
    items = cls.__annotations__["mode"].keywords["items"]
    return next(str(description) for name, _label, description in items if name == mode)


class TRELLIS2_OT_replace_block_out(_OnModels, bpy.types.Operator):
    """Hide what was selected when the picture was taken, in a collection “Block-Out”, and give the model its place, \
size and parent; the picture tells the turn"""

    bl_idname = "trellis2.replace_block_out"
    bl_label = "Replace the Block-Out"
    bl_options = {"REGISTER"}

    @classmethod
    def fits(cls, job: "Job") -> bool:
        """Return whether the job's model is here, and what was selected when its picture was taken."""
        return super().fits(job) and bool(block_out.of(job.viewpoint))

    def execute(self, context: bpy.types.Context) -> Result:
        """Have the background Blender find the turn; then the model takes the place, as one undo step."""

        def act() -> None:
            obj = self.target(context)
            if not block_out.of(job_of(obj).viewpoint):
                sentence = "Nothing was selected when the picture was taken, or it is gone. Hide the block-out by hand."
                raise TrellisError(sentence, remedy=Remedy.NONE)
            self.begin(context, replaces=True)

        return attempt(self, act)

    def targets(self, context: bpy.types.Context) -> list[bpy.types.Object]:
        """Return the one model that takes the place."""
        return [self.target(context)]


class TRELLIS2_OT_change_one_thing(PaidAgain, bpy.types.Operator):
    """Make another 3D model from this job's picture with the same seed and one parameter changed, beside the first"""

    bl_idname = "trellis2.change_one_thing"
    bl_label = "Change One Thing"
    bl_options: Any = set()

    if TYPE_CHECKING:
        complaint: str
    else:
        complaint: EnumProperty(
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
        """Return the price of the model, in compute units; None until it is known."""
        return cost_of(session.jobs()[self.target()], self.complaint)

    def start_generation(self, context: bpy.types.Context) -> None:
        """Start the job. Raises TrellisError."""
        job = session.jobs()[self.target()]
        values = _changed(job, self.complaint)
        if values is None:
            raise TrellisError(f"{NOTHING_LEFT}.")
        picture = image_file.from_file(picture_of(job))
        first = next(asset.models_of(job.remote_id), None)
        self.beside = first.matrix_world.translation.copy() if first is not None else None
        self.await_models(context, self.start(picture, job.name, values, int(job.parameters["seed"]), 1))


def draw_complaint(layout: Any, job: "Job", complaint: str) -> None:
    """Draw the button that begins another model with one parameter changed, greyed out if nothing is left to change."""
    row = layout.row(align=True)
    row.enabled = COMPLAINTS[complaint].change(job.parameters) is not None
    button = row.operator("trellis2.change_one_thing", text=translated(label_of(job, complaint)), icon="FILE_REFRESH")
    button.job_id, button.complaint = job.id, complaint


def label_of(job: "Job", complaint: str) -> str:
    """Return the label of a complaint's button, with the price if it is known."""
    label, cost = COMPLAINTS[complaint].label, cost_of(job, complaint)
    if cost is None:
        return label
    return Text("{complaint} · {cost}", complaint=label, cost=job_words.cost_words(cost))


def cost_of(job: "Job", complaint: str) -> float | None:
    """Return what the changed model costs, in compute units; as the job did, unless that is known better."""
    values = _changed(job, complaint)
    cost = None if values is None else price_tag.cost_of(values)
    return job.cost if cost is None else cost


def _changed(job: "Job", complaint: str) -> dict[str, Value] | None:
    """Return the job's parameters with the one that is changed; None if nothing is left to change."""
    change = COMPLAINTS[complaint].change(job.parameters)
    values = {name: parameter.default for name, parameter in BY_NAME.items()}
    return None if change is None else {**values, **own_values(job), change[0]: change[1]}


CLASSES: tuple[Any, ...] = (
    TRELLIS2_OT_align,
    TRELLIS2_OT_project_picture,
    TRELLIS2_OT_replace_block_out,
    TRELLIS2_OT_change_one_thing,
)
