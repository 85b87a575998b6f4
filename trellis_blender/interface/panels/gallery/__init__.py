# SPDX-License-Identifier: GPL-3.0-or-later
"""The gallery of all jobs, and pictures shown large: the classes that Blender is told about.

`pages` finds the jobs that match the search, page by page.
`drawing` draws a page, and the large pictures.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, PointerProperty, StringProperty

from ....core.errors import TrellisError
from ....core.files import is_plain
from ....host.translation.translation import translated, translated_report
from ....jobs import rows
from ....settings import scene as scene_settings
from ...at_need import imported, importing, job_folder, job_words, session
from ...operators.base import DOUBLE_CLICK_SECONDS, Result, attempt, can_act, click
from ...operators.jobs import JobOperator
from .. import SidebarPanel

if TYPE_CHECKING:
    from ....core.job.job import Job
    from ....core.picture.file import PreparedPicture

STATES = (
    ("ALL", "All States", "Show jobs in every state"),
    ("RUNNING", "Running", "Show jobs that are still under way"),
    ("READY", "Ready", "Show jobs whose model waits to be imported"),
    ("IMPORTED", "Imported", "Show jobs whose model was imported"),
    ("FAILED", "Failed", "Show jobs that failed, or of which nobody knows whether they did"),
    ("CANCELLED", "Cancelled", "Show cancelled jobs"),
)
LABELS = {"picture": "What the Model Sees", "model": "Model"}  # of the large pictures, by their places


def _searched(gallery: "TRELLIS2_PG_gallery", _context: bpy.types.Context) -> None:
    gallery.page = 1


def _turned(gallery: "TRELLIS2_PG_gallery", _context: bpy.types.Context) -> None:
    from . import pages

    if gallery.page > (last := pages.count(gallery)):
        gallery.page = last


class TRELLIS2_PG_gallery(bpy.types.PropertyGroup):
    """What the artist looks for in the gallery."""

    if TYPE_CHECKING:
        search: str
        state: str
        only_favorites: bool
        page: int
    else:
        search: StringProperty(
            name="Search",
            description="Show only jobs with all of these words in their names",
            options={"SKIP_SAVE", "TEXTEDIT_UPDATE"},
            update=_searched,
        )
        state: EnumProperty(
            name="State",
            description="Show only jobs in this state",
            items=STATES,
            options={"SKIP_SAVE"},
            update=_searched,
        )
        only_favorites: BoolProperty(
            name="Favorites Only",
            description="Show only jobs that you marked as favorites",
            options={"SKIP_SAVE"},
            update=_searched,
        )
        page: IntProperty(
            name="Page",
            description="Page of the gallery, the newest jobs first",
            default=1,
            min=1,
            options={"SKIP_SAVE"},
            update=_turned,
        )


class TRELLIS2_PT_gallery(SidebarPanel, bpy.types.Panel):
    """All jobs as thumbnails."""

    bl_label = "Gallery"
    bl_parent_id = "TRELLIS2_PT_jobs"
    bl_options: Any = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return whether there is any job."""
        return bool(imported(session) and session.jobs())

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        from .drawing import draw_gallery

        draw_gallery(self.layout, context)


class TRELLIS2_OT_choose_job(bpy.types.Operator):
    """Choose this job in the list. Double-click to import its model"""

    bl_idname = "trellis2.choose_job"
    bl_label = "Choose Job"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        job_id: str
    else:
        job_id: StringProperty(name="Job", description="Job's id", options={"SKIP_SAVE"})

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Return the job's name, state and date, and what a double click does, as the tooltip."""
        job = session.jobs().get(properties.job_id)
        if job is None:
            return ""
        facts = (job.name, translated(session.words_of(job)), translated(job_words.date(job.created, time.time())))
        importable = [translated("Double-click to import the model")] if importing.is_importable(job) else []
        return "\n".join([" · ".join(facts), *importable])

    def execute(self, context: bpy.types.Context) -> Result:
        """Choose the job. Import its model at the second of two quick clicks."""
        assert context.preferences is not None
        # Blender draws between the two clicks, which may take longer than the artist's hand.
        longest = max(DOUBLE_CLICK_SECONDS, context.preferences.inputs.mouse_double_click_time / 1000)
        gallery, job, now = session.state().gallery, session.jobs().get(self.job_id), time.monotonic()
        (before, at), gallery.clicked = gallery.clicked, (self.job_id, now)
        is_double = before == self.job_id and now - at < longest
        if is_double and job is not None and importing.is_importable(job):
            gallery.clicked = ("", 0.0)
            return click(self, "trellis2.import_model", job_id=self.job_id)
        rows.choose(self.job_id)
        return {"FINISHED"}


class TRELLIS2_OT_toggle_favorite(JobOperator, bpy.types.Operator):
    """Mark this job as a favorite, so that the gallery finds it, or take the mark away"""

    bl_idname = "trellis2.toggle_favorite"
    bl_label = "Toggle Favorite"
    none = "There is no job yet. Generate a model first"

    @classmethod
    def fits(cls, job: "Job") -> bool:
        """Return whether the job is saved and not being removed."""
        return session.echo_of(job) is None

    def execute(self, _context: bpy.types.Context) -> Result:
        """Mark the job, or take its mark away."""

        def toggle() -> None:
            job_id = self.target()
            session.mark(job_id, is_favorite=not session.is_favorite(job_id))

        return attempt(self, toggle)


class LargePictures:
    """An operator that shows pictures large, beside the mouse."""

    def show(self, context: bpy.types.Context, pictures: "dict[str, Any]") -> Result:
        """Request the pictures in the size in which they are shown, and open the popup."""
        from .drawing import UNIT, large_units, pixels

        assert context.window_manager is not None
        units = large_units(context, len(pictures))
        session.start().previews.enlarge(pictures, pixels(context, units))
        operator = cast(bpy.types.Operator, self)
        return context.window_manager.invoke_popup(operator, width=round((units + 1) * len(pictures) * UNIT))

    def execute(self, _context: bpy.types.Context) -> Result:
        """Do nothing: a script has no use for it."""
        return {"FINISHED"}


class TRELLIS2_OT_enlarge_preview(LargePictures, bpy.types.Operator):
    """Show large what the model sees of the picture"""

    bl_idname = "trellis2.enlarge_preview"
    bl_label = "Enlarge Preview"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is a preview."""
        return can_act(
            cls, _prepared(context) is not None, otherwise="There is no preview yet. Look at the picture first"
        )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        """Show it beside the mouse."""
        prepared = _prepared(context)
        assert prepared is not None
        return self.show(context, {"picture": prepared})

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        from .drawing import draw_large

        draw_large(self.layout, context, {"picture": LABELS["picture"]})


class TRELLIS2_OT_enlarge_job(LargePictures, JobOperator, bpy.types.Operator):
    """Show large what the model saw of this job's picture, and beside it the model"""

    bl_idname = "trellis2.enlarge_job"
    bl_label = "Enlarge Picture and Model"
    none = "There is no job with a picture yet. Generate a model first"
    shown: tuple[str, ...] = ()

    @classmethod
    def fits(cls, job: "Job") -> bool:
        """Return whether there is a picture of the job, or of its model."""
        return bool(job.picture) or importing.is_importable(job)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        """Show them beside the mouse."""
        try:
            job = session.jobs()[self.target()]
        except TrellisError as error:
            self.report({"ERROR"}, translated_report(error.sentence))
            return {"CANCELLED"}
        pictures = _pictures_of(job)
        self.job_id, self.shown = job.id, tuple(pictures)
        return self.show(context, pictures)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw them, under the job's name."""
        from .drawing import draw_large

        job = session.jobs().get(self.job_id)
        if job is not None:
            layout: Any = self.layout
            layout.label(text=job.name, translate=False)
            draw_large(layout, context, {place: LABELS[place] for place in self.shown})


def _prepared(context: bpy.types.Context) -> "PreparedPicture | None":
    """Return the picture of the panel as it would be sent, None if there is no preview of it."""
    from ...chosen_picture import preview_key

    previews = session.previews() if imported(session) else None
    if previews is None or context.scene is None:
        return None
    preview = previews.shown.get(preview_key(context, scene_settings.of_scene(context.scene)))
    return preview.answer.prepared if preview is not None and preview.answer is not None else None


def _pictures_of(job: "Job") -> dict[str, Path]:
    """Return the files of the job's picture and of its model's thumbnail, as far as there are any."""
    picture, thumbnail = session.picture_path(job), session.folder(job.id) / job_folder.THUMBNAIL_FILE
    pictures = {} if picture is None else {"picture": picture}
    return {**pictures, **({"model": thumbnail} if is_plain(thumbnail) else {})}


def register() -> None:
    """Add the gallery's settings to the window manager, which is not saved."""
    bpy.types.WindowManager.trellis2_gallery = PointerProperty(type=TRELLIS2_PG_gallery)  # type: ignore[attr-defined, func-returns-value]


def unregister() -> None:
    """Remove the settings again."""
    del bpy.types.WindowManager.trellis2_gallery  # type: ignore[attr-defined]


CLASSES: tuple[Any, ...] = (
    TRELLIS2_PG_gallery,
    TRELLIS2_PT_gallery,
    TRELLIS2_OT_choose_job,
    TRELLIS2_OT_toggle_favorite,
    TRELLIS2_OT_enlarge_preview,
    TRELLIS2_OT_enlarge_job,
)
