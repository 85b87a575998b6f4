# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators' entries in Blender's menus, and the jobs in its status bar. F3 finds only operators in a menu."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import bpy

from ..core.request.parameters import GROUPS
from ..core.request.presets import COMPLAINTS, PRESETS
from ..host.translation import translated
from ..jobs import rows
from ..picture import sources
from . import panels
from .at_need import asset, imported, job_table, placeholder, presets, session
from .operators import assets as asset_operators
from .operators import pictured
from .operators.base import Result

# Rows of menus: an operator, its label where that is not its own, and an icon; None is a line between them.
Row = tuple[str, str, str] | None
EXPORT = "trellis2.export_model"  # asks in menus, whether a folder is remembered or not: its label has a dialog's dots
FINISHING: tuple[Row, ...] = (  # what mends a model, what puts it in its place, what makes it ready
    ("trellis2.make_solid", "", "MOD_SOLIDIFY"),
    ("trellis2.set_transparency", "Transparency...", "MATERIAL"),
    ("trellis2.material_sanity", "Material Sanity...", "NODE_MATERIAL"),
    None,
    ("trellis2.align", "", "CAMERA_DATA"),
    ("trellis2.project_picture", "", "IMAGE_DATA"),
    ("trellis2.replace_block_out", "", "MOD_BUILD"),
    None,
    ("trellis2.level_of_detail", "Level of Detail...", "MOD_DECIM"),
    ("trellis2.game_ready", "Game Ready...", "MOD_REMESH"),
    ("trellis2.print_ready", "Print Ready...", "MESH_CUBE"),
    (EXPORT, "Export...", "EXPORT"),
)
FROM_FILES: tuple[Row, ...] = (
    ("trellis2.generate_files", "Generate 3D Models from Image Files...", "FILE_IMAGE"),
    ("trellis2.generate_batch", "Generate 3D Models from Folder...", "FILE_FOLDER"),
)
FROM_IMAGE: tuple[Row, ...] = (
    ("trellis2.generate_open_image", "", "IMAGE_DATA"),
    ("trellis2.generate_render", "", "RENDER_RESULT"),
)
LIBRARY: tuple[Row, ...] = (
    ("trellis2.mark_asset", "", "ASSET_MANAGER"),
    ("trellis2.save_to_library", "", "FILE_TICK"),
)
RETRY = ("trellis2.retry", "", "FILE_REFRESH")
REMOVE = ("trellis2.remove", "", "TRASH")
JOB: tuple[Row, ...] = (
    ("trellis2.import_model", "", "IMPORT"),
    ("trellis2.generate_again", "", "ADD"),
    ("trellis2.use_settings", "", "PRESET"),
    RETRY,
    ("trellis2.cancel", "", "CANCEL"),
    None,
    ("trellis2.check_model", "", "VIEWZOOM"),
    *FINISHING,
    None,
    *LIBRARY,
    None,
    ("trellis2.enlarge_job", "", "ZOOM_IN"),
    ("trellis2.toggle_favorite", "", "SOLO_ON"),
    None,
    ("trellis2.open_folder", "", "FILE_FOLDER"),
    ("trellis2.copy_job_id", "", "COPYDOWN"),
    None,
    REMOVE,
)


def _draw(layout: Any, entries: Iterable[Row]) -> None:
    for entry in entries:
        if entry is None:
            layout.separator()
            continue
        operator, label, icon = entry
        button = layout.operator(operator, icon=icon, **({"text": label} if label else {}))
        if operator == EXPORT:
            button.asks = True


class TRELLIS2_MT_job(bpy.types.Menu):
    """What can be done with the chosen job of the list"""

    bl_label = "Job"

    def draw(self, _context: bpy.types.Context) -> None:
        """List all actions. Grey out those that do not fit this job, so that they never act on another one."""
        layout: Any = self.layout
        job = session.jobs().get(rows.active_id())
        for entry in JOB:
            if entry is None:
                layout.separator()
                continue
            name, _, icon = entry
            operator = _class_of(name)
            is_fitting = job is not None and operator.fits(job)
            row = layout.row()
            row.enabled = is_fitting or job is None
            label = operator.label(job) if is_fitting else operator.bl_label
            button = row.operator(name, text=translated(label), icon=icon)
            button.job_id = "" if job is None else job.id
            if name == EXPORT:
                button.asks = True
        layout.operator("trellis2.remove_failed", icon="TRASH")


def _class_of(operator: str) -> Any:
    return getattr(bpy.types, operator.replace("trellis2.", "TRELLIS2_OT_"))


class TRELLIS2_MT_preset(bpy.types.Menu):
    """Ways to set many parameters at once"""

    bl_label = "Preset"

    def draw(self, _context: bpy.types.Context) -> None:
        """List the presets and the resets, which the panel has as buttons."""
        layout: Any = self.layout
        for preset in PRESETS.values():
            layout.operator("trellis2.use_preset", text=preset.label).preset = preset.name
        layout.separator()
        for group in GROUPS:
            layout.operator("trellis2.reset_group", text=presets.RESET_LABELS[group]).group = group.upper()
        layout.separator()
        layout.operator("trellis2.add_preset", text="Add Preset...", icon="ADD")


class TRELLIS2_MT_batch(bpy.types.Menu):
    """What can be done with the batches"""

    bl_label = "Batch"

    def draw(self, _context: bpy.types.Context) -> None:
        layout: Any = self.layout
        layout.operator("trellis2.pause_batch", icon="PAUSE")
        layout.operator("trellis2.resume_batch", icon="PLAY")
        layout.operator("trellis2.stop_batch", icon="X")
        layout.operator("trellis2.show_batch_report", icon="TEXT")
        layout.operator("trellis2.open_batch_folder", icon="FILE_FOLDER")
        layout.operator("trellis2.dismiss_batch", icon="X")


class TRELLIS2_MT_model(bpy.types.Menu):
    """What can be done with a model in the scene"""

    bl_label = "Model"

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        layout.operator("trellis2.show_textures", icon="TEXTURE")
        layout.operator("trellis2.keep_variation", icon="CHECKMARK")
        layout.separator()
        layout.operator("trellis2.check_model", icon="VIEWZOOM")
        _draw(layout, FINISHING)
        layout.separator()
        layout.operator("trellis2.remove_material_sanity", icon="X")
        layout.operator("trellis2.use_triangles", icon="MESH_DATA")
        layout.operator("trellis2.cancel_step", icon="CANCEL")
        layout.separator()
        _draw_complaints(layout, context)
        layout.separator()
        _draw(layout, LIBRARY)


class TRELLIS2_MT_account(bpy.types.Menu):
    """The key, and the way to Scenario"""

    bl_label = "Account"

    def draw(self, _context: bpy.types.Context) -> None:
        layout: Any = self.layout
        layout.operator("trellis2.enter_key", text="Enter Key...", icon="KEYINGSET")
        layout.operator("trellis2.forget_key", text="Forget Key...", icon="TRASH")
        layout.operator("trellis2.test_connection", icon="LINKED")
        layout.separator()
        layout.operator("trellis2.allow_online_access", text="Allow Online Access...", icon="INTERNET")
        layout.operator("trellis2.open_network_preferences", icon="INTERNET")


class TRELLIS2_MT_trellis(bpy.types.Menu):
    """All there is to do with models and jobs."""

    bl_label = "Trellis"

    def draw(self, _context: bpy.types.Context) -> None:
        """List every operator, most of them in submenus: together they are higher than a screen."""
        layout: Any = self.layout
        # F3 looks for words that begin like the typed ones; of equal entries the weightiest comes first.
        words = "Generate Image to 3D Model with Scenario..."
        layout.operator("trellis2.generate", text=words, icon="MESH_MONKEY", search_weight=1.0)
        layout.separator()
        for source in sources.TABLE:
            ending = "..." if source.opens_browser else ""
            layout.operator(source.operator, text=f"{translated(source.title)}{ending}", icon=source.icon)
        layout.operator("trellis2.generate_files", text="Generate 3D Models from Image Files...", icon="FILE_FOLDER")
        layout.operator("trellis2.generate_batch", text="Generate 3D Models from Folder...", icon="FILE_FOLDER")
        layout.operator("trellis2.import_by_id", text="Import by Job ID...", icon="URL")
        layout.separator()
        layout.operator("trellis2.look_again", icon="FILE_REFRESH")
        layout.operator("trellis2.enlarge_preview", icon="ZOOM_IN")
        layout.operator("trellis2.make_film_transparent", icon="SCENE")
        layout.separator()
        layout.menu(TRELLIS2_MT_preset.__name__)
        layout.menu("TRELLIS2_MT_subject")
        layout.menu(TRELLIS2_MT_batch.__name__)
        layout.menu(TRELLIS2_MT_job.__name__)
        layout.menu(TRELLIS2_MT_model.__name__)
        layout.separator()
        layout.operator("trellis2.open_jobs_folder", icon="FILE_FOLDER")
        layout.operator("trellis2.clean_up", text="Clean Up Jobs...", icon="TRASH")
        layout.operator("trellis2.dismiss", icon="X")
        layout.separator()
        layout.menu(TRELLIS2_MT_account.__name__)
        layout.operator("trellis2.open_preferences", icon="PREFERENCES")


def _draw_complaints(layout: Any, context: bpy.types.Context) -> None:
    """List what makes another model of the picture, with its price: of the active model's, or else the chosen job's."""
    model = context.active_object if asset.is_model(context.active_object) else None
    job = asset_operators.made_by(model) if model is not None else session.jobs().get(rows.active_id())
    for complaint in COMPLAINTS.values():
        if job is not None and pictured.TRELLIS2_OT_change_one_thing.fits(job):
            pictured.draw_complaint(layout, job, complaint.name)
            continue
        entry = layout.row()
        entry.enabled = job is None and model is None
        entry.operator("trellis2.change_one_thing", text=complaint.label).complaint = complaint.name


Draw = Callable[[Any, bpy.types.Context], None]


def _by_clicks(draw: Draw) -> Draw:
    """Make the entries act as clicks in every menu.

    A menu that pops up at the pointer (Shift A) would run them as a script does: without file browsers, questions and
    guards.
    """

    def draw_entries(self: Any, context: bpy.types.Context) -> None:
        self.layout.operator_context = "INVOKE_REGION_WIN"
        draw(self, context)

    return draw_entries


@_by_clicks
def _draw_submenu(self: Any, _context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.menu(TRELLIS2_MT_trellis.__name__)


def _entries(*rows: Row) -> Draw:
    """Return a function that adds these rows to a menu."""
    return _by_clicks(lambda menu, _context: _draw(menu.layout, rows))


@_by_clicks
def draw_on_model(self: Any, context: bpy.types.Context) -> None:
    """Add only entries that fit: others would only lengthen the menu."""
    obj = getattr(context, "active_object", None)
    _draw_on_failed_box(self.layout, obj)
    if pictured.variation_of(obj) is not None:
        self.layout.separator()
        self.layout.operator("trellis2.keep_variation", icon="CHECKMARK")
    if asset.is_model(obj):
        _draw(self.layout, (None, *FINISHING, None, *LIBRARY))


def _draw_on_failed_box(layout: Any, obj: Any) -> None:
    """Add what can be done with the box of a job that failed."""
    boxes = imported(session) and imported(placeholder)
    job = session.jobs().get(placeholder.job_id(obj)) if boxes else None
    if job is None or job.stage not in (job_table.Stage.FAILED, job_table.Stage.UNCERTAIN):
        return
    layout.separator()
    for name, _, icon in (RETRY, REMOVE):
        operator = _class_of(name)
        if operator.fits(job):
            layout.operator(name, text=translated(operator.label(job)), icon=icon).job_id = job.id
    layout.operator("trellis2.remove_failed", icon="TRASH")


def draw_status_bar(self: Any, _context: bpy.types.Context) -> None:
    """Draw short texts about the jobs, if there are any, and the pictures that are being made."""
    shown = session.display() if imported(session) else None
    for text in (shown.text, shown.waiting) if shown is not None else ():
        if text:
            self.layout.operator(TRELLIS2_OT_show_sidebar.bl_idname, text=translated(text), emboss=False)
    for making in filter(None, (source.progress() for source in sources.TABLE)):
        self.layout.label(text=translated(making))


class TRELLIS2_OT_show_sidebar(bpy.types.Operator):
    """Show the jobs in the sidebar of the 3D viewport"""

    bl_idname = "trellis2.show_sidebar"
    bl_label = "Show Jobs"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> Result:
        """Open the sidebar of the largest 3D viewport, of this window if it has any, at our tab."""
        manager, here = context.window_manager, context.window
        assert manager is not None
        screens = [window.screen for window in sorted(manager.windows, key=lambda window: window != here)]
        areas = [area for screen in screens for area in screen.areas if area.type == "VIEW_3D"]
        if not areas:
            self.report({"INFO"}, "The jobs are in the sidebar of a 3D viewport. Open one, then press N")
            return {"CANCELLED"}
        own = [area for area in areas if area in screens[0].areas[:]] or areas
        area: Any = max(own, key=lambda area: area.width * area.height)
        area.spaces.active.show_region_ui = True
        sidebar = next(region for region in area.regions if region.type == "UI")
        sidebar.active_panel_category = panels.CATEGORY
        sidebar.tag_redraw()
        return {"FINISHED"}


ENTRIES: tuple[tuple[str, Draw], ...] = (
    ("TOPBAR_MT_render", _draw_submenu),
    ("IMAGE_MT_image", _entries(None, *FROM_IMAGE)),
    ("VIEW3D_MT_add", _entries(("trellis2.generate_image", "Generate 3D Model from Image File...", "FILE_IMAGE"))),
    ("VIEW3D_MT_view", _entries(None, ("trellis2.generate_viewport", "", "VIEW3D"))),
    ("TOPBAR_MT_file_import", _entries(*FROM_FILES)),
    ("VIEW3D_MT_object_context_menu", draw_on_model),
)
DRAWN = (*ENTRIES, ("STATUSBAR_HT_header", draw_status_bar))  # what Blender draws in addition
