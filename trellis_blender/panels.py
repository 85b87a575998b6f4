# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar's tab: the picture, the button, the jobs, and the parameters one fold deeper."""

from __future__ import annotations

import time
from typing import Any

import bpy

from . import job_list, job_operators, preferences, session, settings
from .arrival import is_importable
from .core.errors import Remedy
from .core.job import Job, Stage
from .core.parameters import Group, of_group

CATEGORY = "Trellis"
WORDS = {
    Stage.QUEUED: "Queued",
    Stage.UPLOADING: "Uploading",
    Stage.SUBMITTING: "Submitting",
    Stage.UNCONFIRMED: "Looking for the Answer",
    Stage.RUNNING: "Generating",
    Stage.DOWNLOADING: "Downloading",
    Stage.READING: "Reading",
    Stage.READY: "Ready",
    Stage.IMPORTED: "Imported",
    Stage.FAILED: "Failed",
    Stage.CANCELLED: "Cancelled",
}
ICONS = {
    Stage.READY: "CHECKMARK",
    Stage.IMPORTED: "CHECKMARK",
    Stage.FAILED: "ERROR",
    Stage.CANCELLED: "X",
}
# How much of the bar a stage has behind it and takes up: most of the time is the generation's.
BAR = {
    Stage.QUEUED: (0.0, 0.0),
    Stage.UPLOADING: (0.02, 0.0),
    Stage.SUBMITTING: (0.08, 0.0),
    Stage.UNCONFIRMED: (0.08, 0.0),
    Stage.RUNNING: (0.1, 0.75),
    Stage.DOWNLOADING: (0.85, 0.13),
    Stage.READING: (0.98, 0.0),
}
REMEDIES = {
    Remedy.PREFERENCES: ("trellis2.open_preferences", "Open Preferences", "PREFERENCES"),
    Remedy.ONLINE_ACCESS: ("trellis2.open_network_preferences", "Allow Online Access", "INTERNET"),
}
CHARACTER_PIXELS = 6.3  # of Blender's default font at a resolution scale of 1, measured on screen


class SidebarPanel:
    """What all our panels have in common."""

    bl_space_type: Any = "VIEW_3D"
    bl_region_type: Any = "UI"
    bl_category: Any = CATEGORY
    layout: Any

    def property_layout(self) -> Any:
        """The layout for properties, as Blender's own panels have it."""
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        return self.layout


class TRELLIS2_PT_generate(SidebarPanel, bpy.types.Panel):
    """The picture and the button."""

    bl_label = "Image to 3D"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        assert context.scene is not None
        assert context.region is not None
        chosen = settings.of_scene(context.scene)
        layout = self.property_layout()
        sources = layout.row()
        sources.use_property_split = False
        sources.prop(chosen, "source", expand=True)
        if chosen.source == "FILE":
            layout.prop(chosen, "filepath", text="Image")
        problem = preferences.problem()
        if problem is not None:
            draw_text(layout, context, problem.sentence, "ERROR")
            operator, label, icon = REMEDIES[problem.remedy]
            layout.operator(operator, text=label, icon=icon)
        button = layout.row()
        button.scale_y = 1.5
        if chosen.source == "FILE":
            button.enabled = bool(chosen.filepath)
            button.operator("trellis2.generate_image", text="Generate", icon="MESH_MONKEY").filepath = chosen.filepath
        else:
            button.operator("trellis2.generate_render", text="Generate", icon="MESH_MONKEY")


class TRELLIS2_UL_jobs(bpy.types.UIList):
    """The rows of the list: picture, name, and where the job stands."""

    def draw_item(
        self,
        _context: bpy.types.Context,
        layout: Any,
        _data: Any,
        item: Any,
        _icon: int | None,
        _active_data: Any,
        _active_property: str | None,
        _index: int | None,
        _flag: int | None,
    ) -> None:
        """Draw one row."""
        job = session.jobs().get(item.name)
        if job is None:
            return
        path = session.picture_path(job)
        thumbnail = job_list.thumbnail(job.id, path) if path is not None else 0
        row = layout.split(factor=0.5)
        if thumbnail:
            row.label(text=job.name, icon_value=thumbnail)
        else:
            row.label(text=job.name, icon="MESH_DATA")
        state = row.row(align=True)
        if job.is_resting:
            state.label(text=WORDS[job.stage], icon=ICONS[job.stage])
        else:
            state.progress(factor=progress(job), text=stage_words(job))
        if job_operators.is_cancellable(job):
            state.operator("trellis2.cancel", text="", icon="X", emboss=False).job_id = job.id


class TRELLIS2_PT_jobs(SidebarPanel, bpy.types.Panel):
    """The jobs, newest first, and the chosen one's details."""

    bl_label = "Jobs"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only when there is something to show."""
        return bool(session.jobs() or session.notices())

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        layout, rows = self.layout, job_list.of_window_manager()
        if session.notices():
            row = layout.row()
            draw_text(row.column(), context, session.notices()[-1], "INFO")
            row.operator("trellis2.dismiss", text="", icon="X", emboss=False)
        layout.template_list("TRELLIS2_UL_jobs", "", rows, "rows", rows, "active", rows=3, maxrows=8)
        job = session.jobs().get(job_list.active_id())
        if job is not None:
            draw_details(layout, context, job)


def draw_details(layout: Any, context: bpy.types.Context, job: Job) -> None:
    """What is to be said of the chosen job, and what can be done with it."""
    sentence = job.message or job.trouble or (session.waiting_for() if job.stage is Stage.READY else "")
    if sentence:
        draw_text(layout, context, sentence, "ERROR" if job.stage is Stage.FAILED else "INFO")
    layout.label(text=facts(job), icon="TIME")
    if job.stage is Stage.IMPORTED and shading(context) == "SOLID":
        layout.label(text="Material Preview shows the textures", icon="SHADING_TEXTURE")
    row = layout.row(align=True)
    if is_importable(job):
        row.operator("trellis2.import_model", text="Import", icon="IMPORT").job_id = job.id
    if job_operators.TRELLIS2_OT_retry.fits(job):
        row.operator("trellis2.retry", text=retry_words(job), icon="FILE_REFRESH").job_id = job.id
    if job.remedy in REMEDIES:
        operator, label, icon = REMEDIES[job.remedy]
        row.operator(operator, text=label, icon=icon)
    row.menu("TRELLIS2_MT_job", text="" if is_importable(job) or job.message else "Job", icon="DOWNARROW_HLT")


def shading(context: bpy.types.Context) -> str:
    """How the viewport is shaded, empty outside one."""
    space: Any = context.space_data
    return str(space.shading.type) if space is not None and space.type == "VIEW_3D" else ""


def facts(job: Job) -> str:
    """When the job was begun, how long it took, and what it cost."""
    parts = [time.strftime("%d %b %Y %H:%M", time.localtime(job.created))]
    if job.ended is not None and job.stage in (Stage.READY, Stage.IMPORTED):
        minutes, seconds = divmod(round(job.ended - job.created), 60)
        parts.append(f"{minutes}:{seconds:02d} min")
    if job.cost is not None:
        parts.append(f"{job.cost:g} CU")
    return ", ".join(parts)


def retry_words(job: Job) -> str:
    """What trying again is called, with the price where it is known."""
    words = "Submit Again" if job.remedy is Remedy.SUBMIT_AGAIN else "Retry"
    if job.holds_model:
        return f"{words} · Free"
    return words if job.cost is None else f"{words} · {job.cost:g} CU"


def stage_words(job: Job) -> str:
    """Where the job stands, in a word or two."""
    if job.foreign:
        return f"{WORDS[job.stage]} in Another Blender"
    if job.cancel_asked:
        return "Cancelling"
    if job.stage is Stage.RUNNING and job.progress:
        return f"{WORDS[job.stage]} {job.progress:.0%}"
    if job.stage is Stage.RUNNING and job.remote_status in ("pending", "queued", "warming-up"):
        return "Waiting at Scenario"
    return WORDS[job.stage]


def progress(job: Job) -> float:
    """How much of the bar is full, 0 to 1."""
    begin, share = BAR[job.stage]
    return begin + share * job.progress


def draw_text(layout: Any, context: bpy.types.Context, sentence: str, icon: str) -> None:
    """A sentence over as many lines as the sidebar's width asks for."""
    assert context.region is not None
    assert context.preferences is not None
    width = context.region.width / context.preferences.system.ui_scale - 60
    lines = wrapped(sentence, max(16, int(width / CHARACTER_PIXELS)))
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(lines):
        column.label(text=line, icon=icon if number == 0 or icon == "NONE" else "BLANK1")


def wrapped(sentence: str, characters: int) -> list[str]:
    """The sentence in lines of at most that many characters, longer only where a word is."""
    lines = [""]
    for word in sentence.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > characters:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


class TRELLIS2_PT_placement(SidebarPanel, bpy.types.Panel):
    """How the model comes into the scene."""

    bl_label = "Placement"
    bl_options: Any = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        assert context.scene is not None
        chosen, layout = settings.of_scene(context.scene), self.property_layout()
        layout.prop(chosen, "place")
        row = layout.row(heading="Size")
        row.prop(chosen, "use_size", text="")
        value = row.row()
        value.active = chosen.use_size
        value.prop(chosen, "size", text="")
        layout.prop(chosen, "use_ground")
        layout.prop(chosen, "collection")
        layout.prop(chosen, "textures")


class ParameterPanel(SidebarPanel):
    """The parameters of one stage of the model."""

    bl_parent_id = "TRELLIS2_PT_parameters"
    bl_options: Any = {"DEFAULT_CLOSED"}
    group: Group

    def draw(self, context: bpy.types.Context) -> None:
        """Draw them from the table."""
        assert context.scene is not None
        chosen, layout = settings.of_scene(context.scene), self.property_layout()
        for parameter in of_group(self.group):
            row = layout.row()
            row.active = parameter.name != "remesh_band" or getattr(chosen, "remesh")  # noqa: B009 - made from the table
            row.prop(chosen, parameter.name)


class TRELLIS2_PT_parameters(SidebarPanel, bpy.types.Panel):
    """The seed; the stages are sub-panels."""

    bl_label = "Parameters"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        assert context.scene is not None
        chosen, layout = settings.of_scene(context.scene), self.property_layout()
        row = layout.row(heading="Seed")
        row.prop(chosen, "use_seed", text="")
        value = row.row()
        value.active = chosen.use_seed
        value.prop(chosen, "seed", text="")


class TRELLIS2_PT_mesh(ParameterPanel, bpy.types.Panel):
    """Resolution, faces and textures."""

    bl_label, group = "Mesh", Group.MESH


class TRELLIS2_PT_structure(ParameterPanel, bpy.types.Panel):
    """The first stage: where there is anything at all."""

    bl_label, group = "Sparse Structure", Group.STRUCTURE


class TRELLIS2_PT_shape(ParameterPanel, bpy.types.Panel):
    """The second stage: the surface."""

    bl_label, group = "Shape", Group.SHAPE


class TRELLIS2_PT_texture(ParameterPanel, bpy.types.Panel):
    """The third stage: colour and material."""

    bl_label, group = "Texture", Group.TEXTURE


CLASSES: tuple[Any, ...] = (
    TRELLIS2_UL_jobs,
    TRELLIS2_PT_generate,
    TRELLIS2_PT_jobs,
    TRELLIS2_PT_placement,
    TRELLIS2_PT_parameters,
    TRELLIS2_PT_mesh,
    TRELLIS2_PT_structure,
    TRELLIS2_PT_shape,
    TRELLIS2_PT_texture,
)
