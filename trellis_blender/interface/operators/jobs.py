# SPDX-License-Identifier: GPL-3.0-or-later
"""The artist's actions on a job of the list."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import StringProperty

from ...core.errors import TrellisError
from ...core.request.parameters import BY_NAME
from ...host.translation.translation import translated, translated_report
from ...jobs import jobs_root, rows
from ...settings import scene as scene_settings
from .. import price_tag
from ..at_need import begin, block_until_done, importing, job_table, session
from ..at_need import file as image_file
from .base import Result, WaitOption, attempt, choose_places

if TYPE_CHECKING:
    from ...core.job.job import Job


def is_cancellable(job: "Job") -> bool:
    """Return whether the job runs, or its model waits for the scene, and this Blender can stop that."""
    is_under_way = session.is_awaited(job) if job.is_resting else not job.cancel_asked
    return is_under_way and not job.foreign and session.echo_of(job) is None


def show_folder(folder: Path) -> None:
    """Show the folder in the system's file browser. Raises TrellisError if that fails."""
    try:
        bpy.ops.wm.path_open(filepath=str(folder))
    except RuntimeError as error:
        raise TrellisError(f"The folder could not be shown. It is {folder}.") from error


class JobOperator:
    """An operator on one job: the one with the given id, or the chosen one of the list, or the newest that fits."""

    if TYPE_CHECKING:
        job_id: str
    else:
        job_id: StringProperty(name="Job", description="Job's id; the newest when empty", options={"SKIP_SAVE"})

    none = ""

    @classmethod
    def fits(cls, job: "Job") -> bool:
        """Return whether the operator can act on this job."""
        raise NotImplementedError

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return whether there is such a job."""
        is_any = any(map(cls.fits, session.newest_first()))
        if not is_any:
            cls.poll_message_set(cls.none)  # type: ignore[attr-defined]  # of bpy.types.Operator
        return is_any

    def target(self) -> str:
        """Return the job's id. Raises TrellisError if there is no such job, or if the operator does not fit it now."""
        chosen = session.jobs().get(self.job_id or rows.active_id())
        if chosen is not None and self.fits(chosen):
            return chosen.id
        newest = next(filter(self.fits, session.newest_first()), None)
        if self.job_id or newest is None:
            raise TrellisError(f"{self.none}.")
        return newest.id


class TRELLIS2_OT_cancel(JobOperator, bpy.types.Operator):
    """Stop this job. It is free until it is submitted; after that its model is paid for and kept, but not imported"""

    bl_idname = "trellis2.cancel"
    bl_label = "Cancel Job"
    none = "No job is running. Generate a model first"

    @classmethod
    def fits(cls, job: "Job") -> bool:
        """Return whether the job runs and is not cancelled yet."""
        return is_cancellable(job)

    def execute(self, _context: bpy.types.Context) -> Result:
        """Cancel the job."""
        return attempt(self, lambda: session.cancel(self.target()))


class TRELLIS2_OT_retry(JobOperator, bpy.types.Operator):
    """Try this job again from where it stopped; what is known to be paid for is not paid again"""

    bl_idname = "trellis2.retry"
    bl_label = "Retry Job"
    none = "No job has failed or was cancelled. There is nothing to try again"

    @classmethod
    def fits(cls, job: "Job") -> bool:
        """Return whether the job failed, was cancelled or is uncertain, and has a picture or a model to go on from."""
        return job.is_retryable and session.echo_of(job) is None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask first, at a click, if this may pay twice, or pays again and costs more than the artist's limit."""
        try:
            job = session.jobs()[self.target()]
        except TrellisError as error:
            self.report({"ERROR"}, translated_report(error.sentence))
            return {"CANCELLED"}
        self.job_id = job.id
        if job.may_be_paid:
            text = "Scenario may have accepted the first request, so this may be charged twice. Submit it again?"
            return price_tag.confirm(self, context, event, text, yes="Submit Again")
        cost = price_tag.cost_of(job.parameters) if job.cost is None else job.cost
        objection = "" if job.holds_model else price_tag.objection(cost)
        if not objection:
            return self.execute(context)
        return price_tag.confirm(self, context, event, objection, yes="Retry")

    def execute(self, context: bpy.types.Context) -> Result:
        """Resume the job."""

        def go_on() -> None:
            job_id = self.target()
            session.retry(job_id)
            choose_places(context, [session.jobs()[job_id]])

        return attempt(self, go_on)


class TRELLIS2_OT_import_model(WaitOption, JobOperator, bpy.types.Operator):
    """Bring this job's model into the scene, at the 3D cursor"""

    bl_idname = "trellis2.import_model"
    bl_label = "Import Model"
    none = "No model is finished yet. Generate one first"

    @classmethod
    def fits(cls, job: "Job") -> bool:
        """Return whether the job's model is on this computer."""
        return importing.is_importable(job)

    def execute(self, context: bpy.types.Context) -> Result:
        """Import the model."""

        def bring() -> None:
            job_id = self.target()
            if context.mode != "OBJECT":
                bpy.ops.object.mode_set(mode="OBJECT")  # a click on Import implies that
            session.import_model(job_id)
            if self.wait:
                block_until_done.wait(job_id)

        return attempt(self, bring)


class TRELLIS2_OT_use_settings(JobOperator, bpy.types.Operator):
    """Put this job's picture, parameters and seed back into the panel"""

    bl_idname = "trellis2.use_settings"
    bl_label = "Use Settings"
    bl_options = {"REGISTER", "UNDO"}
    none = "No job's settings are known yet. Generate a model first"

    @classmethod
    def fits(cls, job: "Job") -> bool:
        """Return whether the job was made here, with known parameters."""
        return bool(job.picture)

    def execute(self, context: bpy.types.Context) -> Result:
        """Put picture, parameters and seed into the panel."""

        def use() -> None:
            assert context.scene is not None
            job, chosen = session.jobs()[self.target()], scene_settings.of_scene(context.scene)
            for name, value in job.parameters.items():
                is_choice = name in BY_NAME and bool(BY_NAME[name].choices)
                setattr(chosen, name, str(value) if is_choice else value)
            chosen.use_seed = True
            image_file.choose(chosen, str(session.picture_path(job)))

        return attempt(self, use)


class TRELLIS2_OT_open_folder(JobOperator, bpy.types.Operator):
    """Show this job's files in the system's file browser"""

    bl_idname = "trellis2.open_folder"
    bl_label = "Open Folder"
    none = "There is no job yet. Generate a model first"

    @classmethod
    def fits(cls, _job: "Job") -> bool:
        """Return True: every job has a folder."""
        return True

    def execute(self, _context: bpy.types.Context) -> Result:
        """Open the folder."""

        def show() -> None:
            folder = session.folder(self.target())
            show_folder(folder if folder.is_dir() else folder.parent)  # a full disk had no room for it

        return attempt(self, show)


class TRELLIS2_OT_open_jobs_folder(bpy.types.Operator):
    """Show the folder of all jobs in the system's file browser"""

    bl_idname = "trellis2.open_jobs_folder"
    bl_label = "Open Folder of All Jobs"

    def execute(self, _context: bpy.types.Context) -> Result:
        """Open the folder."""
        return attempt(self, lambda: show_folder(jobs_root()))


class TRELLIS2_OT_copy_job_id(JobOperator, bpy.types.Operator):
    """Copy Scenario's ID of this job to the clipboard"""

    bl_idname = "trellis2.copy_job_id"
    bl_label = "Copy Job ID"
    none = "No job has an ID at Scenario yet. Wait until one is submitted"

    @classmethod
    def fits(cls, job: "Job") -> bool:
        """Return whether Scenario accepted the job, and so gave it an ID."""
        return bool(job.remote_id)

    def execute(self, context: bpy.types.Context) -> Result:
        """Copy the ID."""

        def copy() -> None:
            assert context.window_manager is not None
            context.window_manager.clipboard = session.jobs()[self.target()].remote_id

        return attempt(self, copy)


class TRELLIS2_OT_remove(JobOperator, bpy.types.Operator):
    """Remove this job from the list, with its files; what is in the scene stays there"""

    bl_idname = "trellis2.remove"
    bl_label = "Remove Job"
    none = "No job has ended that could be removed. Cancel one first"

    @classmethod
    def fits(cls, job: "Job") -> bool:
        """Return whether the job rests and no request for it is open."""
        return job.is_resting and session.echo_of(job) is None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask, at a click, before a model that was paid for is deleted."""
        try:
            job = session.jobs()[self.target()]
        except TrellisError as error:
            self.report({"ERROR"}, translated_report(error.sentence))
            return {"CANCELLED"}
        self.job_id = job.id
        if not (job.holds_model or job.may_be_paid):
            return self.execute(context)
        assert context.window_manager is not None
        words = f"Remove “{job.name}” with its files? The model was paid for."
        if job.may_be_paid:
            words = f"Remove “{job.name}” with its files? It may have been paid for."
        return context.window_manager.invoke_confirm(
            self, event, title=translated("Remove Job"), message=translated(words), confirm_text="Remove"
        )

    def execute(self, _context: bpy.types.Context) -> Result:
        """Remove the job."""
        return attempt(self, lambda: session.remove(self.target()))


class TRELLIS2_OT_import_by_id(WaitOption, bpy.types.Operator):
    """Bring in the model of a job that was started elsewhere, by its ID at Scenario"""

    bl_idname = "trellis2.import_by_id"
    bl_label = "Import by Job ID"

    if TYPE_CHECKING:
        remote_id: str
        job_id: str
    else:
        remote_id: StringProperty(name="Job ID", description="Scenario's ID of the job, as in “job_abc123”")
        job_id: StringProperty(
            name="Job",
            description="Id of the uncertain job in the list that it is; a new one when empty",
            options={"SKIP_SAVE", "HIDDEN"},
        )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        """Ask for the ID, at a click."""
        assert context.window_manager is not None
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> Result:
        """Fetch and import the model."""

        def adopt() -> None:
            self.check_wait(context)
            uncertain = session.jobs().get(self.job_id)
            if uncertain is not None and uncertain.stage is job_table.Stage.UNCERTAIN:
                begin.identify(uncertain.id, self.remote_id)
                return
            job = begin.adopt(self.remote_id)
            if self.wait:
                block_until_done.wait(job.id)
            elif not importing.is_importable(job):
                choose_places(context, [job])

        return attempt(self, adopt)


class TRELLIS2_OT_dismiss(bpy.types.Operator):
    """Take the message away"""

    bl_idname = "trellis2.dismiss"
    bl_label = "Dismiss Messages"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return whether there is a message."""
        is_any = session.state().messages.is_any
        if not is_any:
            cls.poll_message_set("There is no message to take away")
        return is_any

    def execute(self, _context: bpy.types.Context) -> Result:
        """Dismiss the messages."""
        session.state().messages.dismiss()
        return {"FINISHED"}


CLASSES: tuple[Any, ...] = (
    TRELLIS2_OT_cancel,
    TRELLIS2_OT_retry,
    TRELLIS2_OT_import_model,
    TRELLIS2_OT_use_settings,
    TRELLIS2_OT_open_folder,
    TRELLIS2_OT_open_jobs_folder,
    TRELLIS2_OT_copy_job_id,
    TRELLIS2_OT_remove,
    TRELLIS2_OT_import_by_id,
    TRELLIS2_OT_dismiss,
)
