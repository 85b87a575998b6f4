# SPDX-License-Identifier: GPL-3.0-or-later
"""The artist's actions on a job of the list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...core.errors import PictureError, Remedy, Text, TrellisError
from ...core.request.parameters import BY_NAME, Value
from ...host.translation import translated_report
from ...jobs import rows
from ...settings import props
from ...settings import scene as scene_settings
from ..at_need import begin, importing, job_table, job_words, jobs_folder, session
from ..at_need import file as image_file
from . import price_tag
from .base import Action, Asking, PaidAction, Result, WaitOption, can_act, choose_places

if TYPE_CHECKING:
    from ...core.job.job import Job


def is_cancellable(job: Job) -> bool:
    """Return whether the job runs, or its model waits for the scene, and this Blender can stop that."""
    is_under_way = session.is_awaited(job) if job.is_resting else not job.cancel_asked
    return is_under_way and not job.foreign and session.echo_of(job) is None


def is_importable(job: Job) -> bool:
    """Return whether the job's model is on this computer."""
    return importing.is_importable(job)


def was_made_here(job: Job) -> bool:
    """Return whether the job was made here, with known parameters."""
    return bool(job.picture)


def show_folder(folder: Path) -> None:
    """Show the folder in the system's file browser. Raises TrellisError if that fails."""
    try:
        bpy.ops.wm.path_open(filepath=str(folder))
    except RuntimeError as error:
        raise TrellisError(Text("The folder could not be shown. It is {folder}.", folder=folder)) from error


class JobOperator(Action):
    """An operator on one job: the one with the given id, or the chosen one of the list, or the newest that fits."""

    job_id: str = props.StringProperty(name="Job", description="Job's id; the newest when empty", options={"SKIP_SAVE"})

    none = ""

    @classmethod
    def fits(cls, job: Job) -> bool:
        """Return whether the operator can act on this job."""
        raise NotImplementedError

    @classmethod
    def label(cls, _job: Job) -> str:
        """Return the label of the operator's buttons and menu entries for this job."""
        return cls.bl_label

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return can_act(cls, any(map(cls.fits, session.newest_first())), otherwise=cls.none)

    def target(self) -> Job:
        """Return the job. Raises TrellisError if there is no such job, or if the operator does not fit it now."""
        chosen = session.jobs().get(self.job_id or rows.active_id())
        if chosen is not None and self.fits(chosen):
            return chosen
        newest = next(filter(self.fits, session.newest_first()), None)
        if self.job_id or newest is None:
            raise TrellisError(f"{self.none}.")
        return newest

    def hold(self) -> Job:
        """Return the job, and keep to it until the artist has answered. Raises as `target` does."""
        job = self.target()
        self.job_id = job.id
        return job


class TRELLIS2_OT_cancel(JobOperator, bpy.types.Operator):
    """Stop this job. It is free until it is submitted; after that its model is paid for and kept, but not imported"""

    bl_idname = "trellis2.cancel"
    bl_label = "Cancel"
    none = "No job is running. Generate a model first"
    fits = staticmethod(is_cancellable)

    def act(self, _context: bpy.types.Context) -> None:
        session.cancel(self.target().id)


class TRELLIS2_OT_retry(JobOperator, Asking, bpy.types.Operator):
    """Try this job again from where it stopped; what is known to be paid for is not paid again"""

    bl_idname = "trellis2.retry"
    bl_label = "Retry"
    none = "No job has failed or was cancelled. There is nothing to try again"

    @classmethod
    def fits(cls, job: Job) -> bool:
        """Return whether the job failed, was cancelled or is uncertain, and has a picture or a model to go on from."""
        return job.is_retryable and session.echo_of(job) is None

    @classmethod
    def label(cls, job: Job) -> str:
        """Return the label, with the price if it is known: a new request has another name."""
        is_new = job.remedy is Remedy.SUBMIT_AGAIN or job.may_be_paid
        if job.holds_model:
            return "Submit Again · Free" if is_new else "Retry · Free"
        if job.cost is None:
            return "Submit Again" if is_new else "Retry"
        cost = job_words.cost_words(job.cost)
        return Text("Submit Again · {cost}", cost=cost) if is_new else Text("Retry · {cost}", cost=cost)

    def objection(self, _context: bpy.types.Context) -> str:
        """Ask if this may pay twice, or pays again and costs more than the artist's limit."""
        job = self.hold()
        self.yes = "Submit Again" if job.may_be_paid else "Retry"
        if job.may_be_paid:
            return "Scenario may have accepted the first request, so this may be charged twice. Submit it again?"
        cost = price_tag.cost_of(job.parameters) if job.cost is None else job.cost
        return "" if job.holds_model else price_tag.objection(cost)

    def act(self, context: bpy.types.Context) -> None:
        job_id = self.target().id
        session.retry(job_id)
        choose_places(context, [session.jobs()[job_id]])


class TRELLIS2_OT_import_model(WaitOption, JobOperator, bpy.types.Operator):
    """Bring this job's model into the scene, where Placement says"""

    bl_idname = "trellis2.import_model"
    bl_label = "Import"
    none = "No model is finished yet. Generate one first"
    fits = staticmethod(is_importable)

    @classmethod
    def label(cls, job: Job) -> str:
        """Return the label, which says whether the model was imported before."""
        return "Import Again" if job.stage is job_table.Stage.IMPORTED else cls.bl_label

    def act(self, context: bpy.types.Context) -> None:
        job_id = self.target().id
        if context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")  # a click on Import implies that
        session.import_model(job_id)
        if self.wait:
            session.wait(job_id)


class PaidAgain(JobOperator, PaidAction):
    """An operator that pays for another model of a job's picture."""

    none = "No job's picture is known yet. Generate a model first"
    fits = staticmethod(was_made_here)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return super().poll(context) and super(JobOperator, cls).poll(context)

    def objection(self, context: bpy.types.Context) -> str:
        """Hold on to the job, then ask what a click on Generate asks."""
        self.hold()
        return super().objection(context)

    def start_again(
        self, context: bpy.types.Context, job: Job, changed: Mapping[str, Value], seed: int | None = None
    ) -> None:
        """Start a job like this one with some parameters changed, and await its model. Raises TrellisError."""
        picture = image_file.from_file(picture_of(job))
        self.await_models(context, self.start(picture, job.name, {**own_values(job), **changed}, seed, 1))


class TRELLIS2_OT_generate_again(PaidAgain, bpy.types.Operator):
    """Make another 3D model from this job's picture with the same parameters, but a new random seed"""

    bl_idname = "trellis2.generate_again"
    bl_label = "Again with Another Seed"

    @classmethod
    def label(cls, job: Job) -> str:
        price = cost_again(job, {})
        if price is None:
            return cls.bl_label
        return Text("Again with Another Seed · {cost}", cost=job_words.cost_words(price))

    def cost(self, _context: bpy.types.Context) -> float | None:
        return cost_again(self.target(), {})

    def start_generation(self, context: bpy.types.Context) -> None:
        self.start_again(context, self.target(), {})


def picture_of(job: Job) -> Path:
    """Return the path of the job's picture. Raises PictureError if something else lies there."""
    picture = session.picture_path(job)
    if picture is None:
        raise PictureError("The job's picture is not in its folder any more. Choose another file.")
    return picture


def own_values(job: Job) -> dict[str, Value]:
    """Return the job's parameters without its seed."""
    return {name: value for name, value in job.parameters.items() if name in BY_NAME}


def cost_again(job: Job, changed: Mapping[str, Value]) -> float | None:
    """Return what a model costs, in compute units, with the job's parameters but for some that are `changed`.

    That is as Scenario would ask now, or else as the job did; None until it is known.
    """
    defaults = {name: parameter.default for name, parameter in BY_NAME.items()}
    cost = price_tag.cost_of({**defaults, **own_values(job), **changed})
    return job.cost if cost is None else cost


class TRELLIS2_OT_use_settings(JobOperator, bpy.types.Operator):
    """Put this job's picture, parameters and seed back into the panel"""

    bl_idname = "trellis2.use_settings"
    bl_label = "Use Settings"
    bl_options = {"REGISTER", "UNDO"}
    none = "No job's settings are known yet. Generate a model first"
    fits = staticmethod(was_made_here)

    def act(self, context: bpy.types.Context) -> None:
        job, chosen = self.target(), scene_settings.of_scene(context.scene)
        picture = picture_of(job)
        for name, value in {**own_values(job), "seed": job.parameters["seed"]}.items():
            is_choice = name in BY_NAME and bool(BY_NAME[name].choices)
            if not is_choice or value in BY_NAME[name].choices:
                setattr(chosen, name, str(int(value)) if is_choice else value)
        chosen.use_seed = True
        image_file.choose(chosen, str(picture))


class TRELLIS2_OT_open_folder(JobOperator, bpy.types.Operator):
    """Show this job's files in the system's file browser"""

    bl_idname = "trellis2.open_folder"
    bl_label = "Open Folder"
    none = "There is no job yet. Generate a model first"

    fits = staticmethod(lambda job: True)  # every job has a folder

    def act(self, _context: bpy.types.Context) -> None:
        folder = session.folder(self.target().id)
        show_folder(folder if folder.is_dir() else folder.parent)  # a full disk had no room for it


class TRELLIS2_OT_open_jobs_folder(Action, bpy.types.Operator):
    """Show the folder of all jobs in the system's file browser"""

    bl_idname = "trellis2.open_jobs_folder"
    bl_label = "Open Jobs Folder"

    def act(self, _context: bpy.types.Context) -> None:
        show_folder(jobs_folder.jobs_root())


class TRELLIS2_OT_copy_job_id(JobOperator, bpy.types.Operator):
    """Copy Scenario's ID of this job to the clipboard"""

    bl_idname = "trellis2.copy_job_id"
    bl_label = "Copy Job ID"
    none = "No job has an ID at Scenario yet. Wait until one is submitted"

    @classmethod
    def fits(cls, job: Job) -> bool:
        """Return whether Scenario accepted the job, and so gave it an ID."""
        return bool(job.remote_id)

    def act(self, context: bpy.types.Context) -> None:
        manager: Any = context.window_manager
        manager.clipboard = self.target().remote_id


class TRELLIS2_OT_remove(JobOperator, Asking, bpy.types.Operator):
    """Remove this job from the list, with its files; what is in the scene stays there"""

    bl_idname = "trellis2.remove"
    bl_label = "Remove"
    none = "No job has ended that could be removed. Cancel one first"
    yes = "Remove"

    @classmethod
    def fits(cls, job: Job) -> bool:
        """Return whether the job rests and no request for it is open."""
        return job.is_resting and session.echo_of(job) is None

    def objection(self, _context: bpy.types.Context) -> str:
        """Ask before a model that was paid for is deleted."""
        job = self.hold()
        if job.may_be_paid:
            return Text("Remove “{name}” with its files? It may have been paid for.", name=job.name)
        if job.holds_model:
            return Text("Remove “{name}” with its files? The model was paid for.", name=job.name)
        return ""

    def act(self, _context: bpy.types.Context) -> None:
        session.remove(self.target().id)


class TRELLIS2_OT_remove_failed(Action, bpy.types.Operator):
    """Remove all failed jobs, with their files and boxes, but none whose model is or may be paid for"""

    bl_idname = "trellis2.remove_failed"
    bl_label = "Remove Failed"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        is_any = any(map(cls.fits, session.newest_first()))
        return can_act(cls, is_any, otherwise="No job has failed for good. There is nothing to remove")

    @classmethod
    def fits(cls, job: Job) -> bool:
        """Return whether the job failed, and nothing that is or may be paid for goes with it."""
        is_lost = job.stage is job_table.Stage.FAILED and session.echo_of(job) is None
        return is_lost and not (job.holds_model or job.may_be_paid)

    def act(self, _context: bpy.types.Context) -> None:
        """Remove them. Say how many stay because they are paid for."""
        failed = [job for job in session.newest_first() if job.stage is job_table.Stage.FAILED]
        gone = list(filter(self.fits, failed))
        for job in gone:
            session.remove(job.id)
        stay = len(failed) - len(gone)
        if stay == 1:
            self.report({"INFO"}, "One failed job stays: it is or may be paid for. Press Retry to get its model")
        elif stay:
            sentence = "{stay} failed jobs stay: they are or may be paid for. Press Retry to get their models"
            self.report({"INFO"}, translated_report(Text(sentence, stay=stay)))


class TRELLIS2_OT_import_by_id(WaitOption, bpy.types.Operator):
    """Bring in the model of a job that was started elsewhere, by its ID at Scenario"""

    bl_idname = "trellis2.import_by_id"
    bl_label = "Import by Job ID"

    remote_id: str = props.StringProperty(name="Job ID", description="Scenario's ID of the job, as in “job_abc123”")
    job_id: str = props.StringProperty(
        name="Job",
        description="Id of the uncertain job in the list that it is; a new one when empty",
        options={"SKIP_SAVE", "HIDDEN"},
    )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        return self.ask(context)

    def act(self, context: bpy.types.Context) -> None:
        self.check_wait(context)
        uncertain = session.jobs().get(self.job_id)
        if uncertain is not None and uncertain.stage is job_table.Stage.UNCERTAIN:
            begin.identify(uncertain.id, self.remote_id)
            return
        job = begin.adopt(self.remote_id)
        if self.wait:
            session.wait(job.id)
        elif not importing.is_importable(job):
            choose_places(context, [job])


class TRELLIS2_OT_dismiss(bpy.types.Operator):
    """Take the message away"""

    bl_idname = "trellis2.dismiss"
    bl_label = "Dismiss Messages"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return can_act(cls, session.state().messages.is_any, otherwise="There is no message to take away")

    def execute(self, _context: bpy.types.Context) -> Result:
        session.state().messages.dismiss()
        return {"FINISHED"}
