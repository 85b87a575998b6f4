# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a batch of pictures after one question; pauses, resumes and stops it; shows its report.

`drawing` shows batches in the sidebar.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...core.errors import PictureError, Text
from ...host.translation import translated
from ...settings import preferences, props
from ...settings import scene as scene_settings
from ..at_need import batches, build, job_folder, place, plans, session
from ..operators import price_tag
from ..operators.base import Action, Asking, Generate, Result, attempt, can_act, click_again, mark_places
from ..operators.drop import ImageFiles
from ..operators.jobs import show_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from mathutils import Vector

    from ...core.batch.plan import Plan
    from ...core.job.job import Job
    from ...jobs.batch.batches import Batch

WIDTH = 340
NAME = "Batch"


def pictures_of(directory: str, names: list[str]) -> list[Path]:
    """Return the chosen files, and the pictures in chosen folders; without a name, those in `directory`.

    Raises PictureError if there is none, StorageError if a folder cannot be read.
    """
    from ...core.batch.manifest import pictures_in

    folder, found = Path(bpy.path.abspath(directory)), dict[Path, None]()
    for path in [folder / name for name in names] or [folder]:
        if path.is_dir():
            found.update(dict.fromkeys(pictures_in(path)))
        else:
            found[path] = None
    if not found:
        raise PictureError(Text("There is no picture in {folder}. Choose another folder.", folder=folder))
    return list(found)


def name_of(paths: Sequence[Path]) -> str:
    """Return the name of the folder that holds all pictures, or “Batch” if there are several."""
    folders = {path.parent for path in paths}
    return (folders.pop().name if len(folders) == 1 else "") or NAME


class TRELLIS2_OT_generate_batch(ImageFiles, Generate, bpy.types.Operator):
    """Make a 3D model from each picture of a folder, or from several image files, a few at a time"""

    bl_idname = "trellis2.generate_batch"
    bl_label = "Generate 3D Models from Folder"

    use_import: bool = props.BoolProperty(
        name="Import Models",
        description=(
            "Bring the models into the scene, in a grid in a collection of their own; otherwise they wait in the list"
        ),
        default=True,
        options={"SKIP_SAVE"},
    )
    location: Any = props.FloatVectorProperty(
        name="Location",
        description="Where the first model stands, in scene units; without it, where Placement says",
        subtype="TRANSLATION",
        options={"SKIP_SAVE", "HIDDEN"},
    )
    pictures: Sequence[Path] = ()  # what the question is about

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        """Open the file browser, at a click. Ask once for all pictures, as soon as they are chosen."""
        if not self.directory:
            return self.browse(context)
        if attempt(self, self._look) == {"CANCELLED"}:
            return {"CANCELLED"}
        self.cost(context)  # asks for the price, unless it is known
        title = translated(Text("Batch “{name}”", name=name_of(self.pictures)))
        return self.ask(context, width=WIDTH, title=title, confirm_text="Generate")

    def execute(self, context: bpy.types.Context) -> Result:
        """Begin. Ask first if the pictures were just chosen in the file browser."""
        return click_again(self) if self.is_from_browser else super().execute(context)

    def draw(self, context: bpy.types.Context) -> None:
        if not self.is_from_browser:
            from .drawing import draw_question

            draw_question(self.layout, context, self, self.count(context), self.cost(context))

    def count(self, context: bpy.types.Context) -> int:
        return len(self.pictures) * super().count(context)

    def cost(self, context: bpy.types.Context) -> float | None:
        """Return the price of all models together, in compute units; None until it is known. Asks for it."""
        known = super().cost(context)
        if known is None:
            price_tag.cost_shown(scene_settings.of_scene(context.scene))  # asks
        return known

    def _look(self) -> None:
        """Find the pictures. Raises as `pictures_of` does."""
        self.pictures = pictures_of(self.directory, [each.name for each in self.files if each.name])

    def start_generation(self, context: bpy.types.Context) -> None:
        """Plan the batch, and mark the places of its models. Raises TrellisError."""
        if not self.directory:
            raise PictureError("No folder is chosen. Choose one, then try again.")
        if not self.pictures:
            self._look()
        paths, chosen = self.pictures, scene_settings.of_scene(context.scene)
        values, seed = scene_settings.values(self, chosen)
        now, each = time.time(), scene_settings.variations(self, chosen)
        base = job_folder.new_id(now)
        ids = [tuple(f"{base}{number * each + place:06x}" for place in range(each)) for number in range(len(paths))]
        items = [plans.Item(str(path.absolute()), own) for path, own in zip(paths, ids, strict=True)]
        plan = plans.Plan(base, name_of(paths), now, items, dict(values), seed, self.opaque, self.use_import)
        jobs = [job for item in items for job in batches.jobs_of(plan, item)]  # raises for wrong parameters
        places = self._mark_places(context, plan, jobs) if self.use_import else {}
        batch = session.start().batches.add(plan, places)
        self.note_begun()
        if self.wait:
            session.wait_for(lambda: batch.is_reported)

    def _mark_places(self, context: bpy.types.Context, plan: Plan, jobs: list[Job]) -> dict[str, Vector]:
        """Mark the places of all models with placeholders in a collection of their own.

        Return the places of those without a placeholder: all if there are none.
        """
        dropped = None
        if self.properties.is_property_set("location"):
            from mathutils import Vector

            dropped = Vector(self.location)
        places = place.places(context, len(jobs), dropped)
        collection = build.make_batch_collection(context, plan.id, plan.name)
        return mark_places(context, jobs, places, with_boxes=not self.wait, collection=collection)


class BatchOperator(Action):
    """An operator on one batch: the one with the given id, or the newest that fits.

    `fits`: whether it can act on a batch. `none`: what its grey button says if there is no such batch.
    """

    batch_id: str = props.StringProperty(
        name="Batch", description="Batch's id; the newest when empty", options={"SKIP_SAVE"}
    )

    if TYPE_CHECKING:
        fits: Callable[[Batch], bool]

    none = ""

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        running = session.running()
        found = running is not None and any(map(cls.fits, running.batches.all))
        return can_act(cls, found, otherwise=cls.none)

    def target(self) -> Batch:
        """Return the batch. Raises PictureError if there is no such batch."""
        fitting = filter(type(self).fits, reversed(session.start().batches.all))
        found = next((each for each in fitting if self.batch_id in ("", each.plan.id)), None)
        if found is None:
            raise PictureError(f"{self.none}.")
        return found


def _is_at_work(batch: Batch) -> bool:
    return batch.report is None and not batch.plan.is_stopped


class TRELLIS2_OT_pause_batch(BatchOperator, bpy.types.Operator):
    """Begin and submit nothing of the batch for now; models that are paid for still come"""

    bl_idname = "trellis2.pause_batch"
    bl_label = "Pause Batch"
    fits = staticmethod(lambda batch: _is_at_work(batch) and not batch.plan.is_paused)
    none = "No batch is running. Start one first"

    def act(self, _context: bpy.types.Context) -> None:
        session.start().batches.pause(self.target())


class TRELLIS2_OT_resume_batch(BatchOperator, bpy.types.Operator):
    """Go on with the batch where it was paused; what is paid for is not paid again"""

    bl_idname = "trellis2.resume_batch"
    bl_label = "Resume Batch"
    fits = staticmethod(lambda batch: _is_at_work(batch) and batch.plan.is_paused)
    none = "No batch is paused. Pause one first"

    def act(self, _context: bpy.types.Context) -> None:
        batch = self.target()
        preferences.online_account()
        session.start().batches.resume(batch)


class TRELLIS2_OT_stop_batch(BatchOperator, Asking, bpy.types.Operator):
    """Stop the batch for good: pictures that were not submitted cost nothing; models that are paid for still come"""

    bl_idname = "trellis2.stop_batch"
    bl_label = "Stop Batch"
    fits = staticmethod(_is_at_work)
    none = "No batch is running. Start one first"
    yes = "Stop"

    def objection(self, _context: bpy.types.Context) -> str:
        return "Stop this batch for good? What is not submitted costs nothing, and models that are paid for still come."

    def act(self, _context: bpy.types.Context) -> None:
        session.start().batches.stop(self.target())


class TRELLIS2_OT_show_batch_report(BatchOperator, bpy.types.Operator):
    """Show the batch's report in a Text Editor: files, cost, time, and why models are missing"""

    bl_idname = "trellis2.show_batch_report"
    bl_label = "Show Batch Report"
    fits = staticmethod(lambda batch: batch.is_reported)
    none = "No batch has ended. Its report comes at the end"

    def act(self, context: bpy.types.Context) -> None:
        """Show the text in an open Text Editor, or else in a new window."""
        report: Any = self.target().report
        kept: Any = bpy.data.texts
        text = kept.get(report.text) or report.write_text()
        manager: Any = context.window_manager
        areas = [area for window in manager.windows for area in window.screen.areas]
        editor = next((area for area in areas if area.type == "TEXT_EDITOR"), None)
        if editor is None:
            bpy.ops.wm.window_new()
            editor = manager.windows[-1].screen.areas[0]
            editor.type = "TEXT_EDITOR"
        editor.spaces.active.text = text
        editor.spaces.active.top = 0


class TRELLIS2_OT_open_batch_folder(BatchOperator, bpy.types.Operator):
    """Show the batch's table and contact sheet in the system's file browser"""

    bl_idname = "trellis2.open_batch_folder"
    bl_label = "Open Batch Folder"
    fits = staticmethod(lambda batch: batch.is_reported)
    none = "No batch has ended. Its table and contact sheet come at the end"

    def act(self, _context: bpy.types.Context) -> None:
        show_folder(self.target().file.folder)


class TRELLIS2_OT_dismiss_batch(BatchOperator, bpy.types.Operator):
    """Show this batch no more; its models, report and files stay"""

    bl_idname = "trellis2.dismiss_batch"
    bl_label = "Dismiss Batch"
    fits = staticmethod(lambda batch: batch.is_reported)
    none = "No batch has ended. Stop one first"

    def act(self, _context: bpy.types.Context) -> None:
        session.start().batches.forget(self.target())
        session.redraw()
