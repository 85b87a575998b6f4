# SPDX-License-Identifier: GPL-3.0-or-later
"""The panels of the sidebar's tab, and what is clicked in its gallery.

The classes are here; the modules that draw them are imported at the first draw.

`sidebar` holds what all panels share: wrapped sentences, and buttons that fix a failure.
`first_run` leads a new artist to a key, and shows what was refused.
`generate_panel` draws what leads to the next model: source, presets, button, preview, parameters and placement.
`job_panel` draws the list of jobs, the chosen job's details, and the cost per month.
`model_rows` draws what can be done with a job's model.
`gallery` draws thumbnails of all jobs, and pictures shown large.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import bpy
from bl_ui.utils import PresetPanel

from ...core.errors import TrellisError
from ...host.at_need import AtNeed
from ...host.translation import translated
from ...jobs import rows
from ...settings import Fields, props
from ...settings import scene as scene_settings
from ..at_need import imported, importing, job_words, running, session
from ..operators import preview_requests
from ..operators.base import DOUBLE_CLICK_SECONDS, Result, can_act, click, tell
from ..operators.jobs import JobOperator

if TYPE_CHECKING:
    from ...core.job.job import Job
    from ...core.request.parameters import Group
    from ..batch import drawing as batches
    from . import gallery, generate_panel, job_panel
else:
    batches = AtNeed("interface.batch.drawing")
    gallery = AtNeed("interface.panels.gallery")
    generate_panel = AtNeed("interface.panels.generate_panel")
    job_panel = AtNeed("interface.panels.job_panel")

CATEGORY = "Trellis"  # the name of our tab
STATES = (
    ("ALL", "All States", "Show jobs in every state"),
    ("RUNNING", "Running", "Show jobs that are still under way"),
    ("READY", "Ready", "Show jobs whose model waits to be imported"),
    ("IMPORTED", "Imported", "Show jobs whose model was imported"),
    ("FAILED", "Failed", "Show jobs that failed, or of which nobody knows whether they did"),
    ("CANCELLED", "Cancelled", "Show cancelled jobs"),
)


class SidebarPanel:
    """The settings that all our panels share."""

    bl_space_type: Any = "VIEW_3D"
    bl_region_type: Any = "UI"
    bl_category: Any = CATEGORY
    layout: Any

    def property_layout(self) -> Any:
        """Return the layout for properties, set up as in Blender's own panels."""
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        return self.layout


class GeneratePanel(SidebarPanel):
    """The picture and the button."""

    bl_label = "Image to 3D"

    def draw(self, context: bpy.types.Context) -> None:
        generate_panel.draw_generate(self.property_layout(), context)


class TRELLIS2_PT_generate(GeneratePanel, bpy.types.Panel):
    """The picture from the chosen source."""


class TRELLIS2_PT_image(GeneratePanel, bpy.types.Panel):
    """The picture that an Image Editor shows."""

    bl_space_type = "IMAGE_EDITOR"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return preview_requests.shows_image(context)


class TRELLIS2_PT_batch(SidebarPanel, bpy.types.Panel):
    """The batches under way, and those that have just ended."""

    bl_label = "Batch"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        state = running()
        return state is not None and bool(state.batches.all)

    def draw(self, context: bpy.types.Context) -> None:
        batches.draw_batches(self.layout, context)


class TRELLIS2_UL_jobs(bpy.types.UIList):
    """The rows of the list."""

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: Any,
        _data: Any,
        item: Any,
        _icon: int | None,
        _active_data: Any,
        _active_property: str | None,
        _index: int | None,
        _flag: int | None,
    ) -> None:
        job_panel.draw_row(layout, context, item.job_id)


class TRELLIS2_PT_jobs(SidebarPanel, bpy.types.Panel):
    """The jobs, newest first, and the chosen one's details."""

    bl_label = "Jobs"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return bool(imported(session) and (session.jobs() or session.notices()))

    def draw(self, context: bpy.types.Context) -> None:
        job_panel.draw_jobs(self.layout, context)


class TRELLIS2_MT_months(bpy.types.Menu):
    """What Scenario charged in the months before"""

    bl_label = "Earlier Months"

    def draw(self, _context: bpy.types.Context) -> None:
        job_panel.draw_earlier_months(self.layout)


class TRELLIS2_PT_placement(SidebarPanel, bpy.types.Panel):
    """How the model comes into the scene."""

    bl_label = "Placement"
    bl_options: Any = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        generate_panel.draw_placement(self.property_layout(), context)


class TRELLIS2_PT_presets(PresetPanel, bpy.types.Panel):
    """The artist's own presets, as Blender keeps them."""

    bl_label = "Trellis Presets"
    preset_subdir = scene_settings.PRESET_FOLDER
    preset_operator = "script.execute_preset"
    preset_add_operator = "trellis2.add_preset"

    def path_menu(self, searchpaths: Any, operator: str, **words: Any) -> None:
        """List the presets. Without one there is no folder of them, which Blender would call “* Missing Paths *”."""
        blenders: Any = PresetPanel  # the stubs do not know that it has this method
        blenders.path_menu(self, searchpaths or iter(()), operator, **words)


class TRELLIS2_PT_parameters(SidebarPanel, bpy.types.Panel):
    """The seed; the stages are sub-panels."""

    bl_label = "Parameters"
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header_preset(self, _context: bpy.types.Context) -> None:
        """Offer the artist's own presets."""
        TRELLIS2_PT_presets.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        generate_panel.draw_seed(self.property_layout(), context)


class ParameterPanel(SidebarPanel):
    """The parameters of one stage of the model."""

    bl_parent_id = "TRELLIS2_PT_parameters"
    bl_options: Any = {"DEFAULT_CLOSED"}
    group: Group

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Draw a button that resets the group to the preset, if it differs."""
        generate_panel.draw_reset(self.layout, context, self.group)

    def draw(self, context: bpy.types.Context) -> None:
        generate_panel.draw_parameters(self.property_layout(), context, self.group)


# Resolution, faces and textures; then the stages: where there is anything at all, the surface, colour and material.
PARAMETER_PANELS = tuple(
    type(f"TRELLIS2_PT_{group.lower()}", (ParameterPanel, bpy.types.Panel), {"bl_label": group, "group": group})
    for group in ("Mesh", "Structure", "Shape", "Texture")
)


# -- the gallery


def _searched(wanted: Any, _context: bpy.types.Context) -> None:
    wanted.page = 1


def _turned(wanted: Any, _context: bpy.types.Context) -> None:
    if wanted.page > (last := gallery.page_count(wanted)):
        wanted.page = last


class TRELLIS2_PG_gallery(Fields, bpy.types.PropertyGroup):
    """What the artist looks for in the gallery."""

    search: str = props.StringProperty(
        name="Search",
        description="Show only jobs with all of these words in their names",
        options={"SKIP_SAVE", "TEXTEDIT_UPDATE"},
        update=_searched,
    )
    state: str = props.EnumProperty(
        name="State",
        description="Show only jobs in this state",
        items=STATES,
        options={"SKIP_SAVE"},
        update=_searched,
    )
    only_favorites: bool = props.BoolProperty(
        name="Favorites Only",
        description="Show only jobs that you marked as favorites",
        options={"SKIP_SAVE"},
        update=_searched,
    )
    page: int = props.IntProperty(
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
        return bool(imported(session) and session.jobs())

    def draw(self, context: bpy.types.Context) -> None:
        gallery.draw_gallery(self.layout, context)


class TRELLIS2_OT_choose_job(Fields, bpy.types.Operator):
    """Choose this job in the list. Double-click to import its model"""

    bl_idname = "trellis2.choose_job"
    bl_label = "Choose Job"
    bl_options = {"INTERNAL"}

    job_id: str = props.StringProperty(name="Job", description="Job's id", options={"SKIP_SAVE"})

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
        found, job, now = session.state().gallery, session.jobs().get(self.job_id), time.monotonic()
        (before, at), found.clicked = found.clicked, (self.job_id, now)
        is_double = before == self.job_id and now - at < longest
        if is_double and job is not None and importing.is_importable(job):
            found.clicked = ("", 0.0)
            return click(self, "trellis2.import_model", job_id=self.job_id)
        rows.choose(self.job_id)
        return {"FINISHED"}


class TRELLIS2_OT_toggle_favorite(JobOperator, bpy.types.Operator):
    """Mark this job as a favorite, so that the gallery finds it, or take the mark away"""

    bl_idname = "trellis2.toggle_favorite"
    bl_label = "Toggle Favorite"
    none = "There is no job yet. Generate a model first"

    @classmethod
    def fits(cls, job: Job) -> bool:
        """Return whether the job is saved and not being removed."""
        return session.echo_of(job) is None

    def act(self, _context: bpy.types.Context) -> None:
        job_id = self.target().id
        session.mark(job_id, is_favorite=not session.is_favorite(job_id))


class LargePictures:
    """An operator that shows pictures large, beside the mouse. A script has no use for it."""

    def execute(self, _context: bpy.types.Context) -> Result:
        return {"FINISHED"}


class TRELLIS2_OT_enlarge_preview(LargePictures, bpy.types.Operator):
    """Show large what the model sees of the picture"""

    bl_idname = "trellis2.enlarge_preview"
    bl_label = "Enlarge Preview"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        is_there = running() is not None and gallery.prepared_picture(context) is not None
        return can_act(cls, is_there, otherwise="There is no preview yet. Look at the picture first")

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        return gallery.enlarge(self, context, {"picture": gallery.prepared_picture(context)})

    def draw(self, context: bpy.types.Context) -> None:
        gallery.draw_large(self.layout, context, ["picture"])


class TRELLIS2_OT_enlarge_job(LargePictures, JobOperator, bpy.types.Operator):
    """Show large what the model saw of this job's picture, and beside it the model"""

    bl_idname = "trellis2.enlarge_job"
    bl_label = "Enlarge Picture and Model"
    none = "There is no job with a picture yet. Generate a model first"
    shown: tuple[str, ...] = ()

    @classmethod
    def fits(cls, job: Job) -> bool:
        return bool(job.picture) or importing.is_importable(job)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        try:
            pictures = gallery.pictures_of(self.hold())
        except TrellisError as error:
            tell(self, error)
            return {"CANCELLED"}
        self.shown = tuple(pictures)
        return gallery.enlarge(self, context, pictures)

    def draw(self, context: bpy.types.Context) -> None:
        job = session.jobs().get(self.job_id)
        if job is not None:
            layout: Any = self.layout
            layout.label(text=job.name, translate=False)
            gallery.draw_large(layout, context, self.shown)


def register() -> None:
    """Add the gallery's settings to the window manager, which is not saved."""
    bpy.types.WindowManager.trellis2_gallery = props.PointerProperty(type=TRELLIS2_PG_gallery)  # type: ignore[attr-defined]


def unregister() -> None:
    """Remove the settings again."""
    del bpy.types.WindowManager.trellis2_gallery  # type: ignore[attr-defined]
