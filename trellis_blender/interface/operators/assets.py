# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done to a model that is there: put it into the Asset Browser or the artist's library, make it lighter,
mend it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...core.errors import Remedy, StorageError, Text, TrellisError
from ...host.translation import translated, translated_report
from ...jobs import rows
from ...settings import props
from ..at_need import asset, findings, imported, job_table, nodes, recipe, session
from .base import Action, Result, attempt, can_act, factor, refuse
from .jobs import JobOperator, is_importable

if TYPE_CHECKING:
    from ...core.job.job import Job

NO_MESH = "Select a model in Object Mode first"
NO_MODEL = "Switch to Object Mode and select a model that was made here, or import one"
# Measured: Blender's Decimate takes 9 to 22 microseconds per face on 100,000 to 2,000,000 faces. Others may be faster.
SECONDS_PER_FACE = 14e-6


class AssetOperator(Action):
    """An operator on a job's model: the one with the given id, or the active object, or the chosen job's model."""

    job_id: str = props.StringProperty(
        name="Job", description="Job's id; the active model when empty", options={"SKIP_SAVE"}
    )

    dialog_width = 0  # of the dialog that a click opens; 0: none

    @classmethod
    def fits(cls, job: Job) -> bool:
        """Return whether the job's model is in this file."""
        return job.stage is job_table.Stage.IMPORTED and next(asset.models_of(job.remote_id), None) is not None

    @classmethod
    def label(cls, _job: Job) -> str:
        """Return the label of the menu entry for this job."""
        return f"{cls.bl_label}..." if cls.dialog_width else cls.bl_label

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return can_act(cls, context.mode == "OBJECT" and _model(context, "") is not None, otherwise=NO_MODEL)

    def target(self, context: bpy.types.Context) -> bpy.types.Object:
        """Return the model. Raises TrellisError if there is none."""
        obj = _model(context, self.job_id)
        if obj is None:
            raise TrellisError(f"{NO_MODEL}.")
        return obj

    def chosen(self) -> dict[str, Any]:
        """Return what the artist chose, by the names of the properties."""
        named: Any = self  # the stubs say that `as_keywords` returns None
        return dict(named.as_keywords(ignore=("job_id", "asks")))

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        """Open the dialog, at a click, if there is one; without a model say so."""
        if not self.dialog_width:
            return self.execute(context)
        answer = attempt(self, lambda: self.target(context))
        return self.ask(context, width=self.dialog_width) if answer == {"FINISHED"} else answer


class MeshOperator(AssetOperator):
    """An operator on any mesh: the given job's model, or the active mesh, or the chosen job's model."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        is_mesh = context.mode == "OBJECT" and _is_mesh(context.active_object)
        return can_act(cls, is_mesh or super().poll(context), otherwise=NO_MESH)

    def target(self, context: bpy.types.Context) -> bpy.types.Object:
        active = context.active_object
        return active if active is not None and _is_mesh(active) and not self.job_id else super().target(context)


class StepOperator(Action):
    """An operator on a step that is done to a model: the one with the given id, or the newest."""

    step_id: str = props.StringProperty(
        name="Step", description="Step's id; the newest when empty", options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        is_any = imported(session) and bool(session.works())
        return can_act(cls, is_any, otherwise="Nothing is being done to a model")

    def target(self) -> str:
        return self.step_id or [*session.works()][-1]


def _model(context: bpy.types.Context, job_id: str) -> bpy.types.Object | None:
    if not job_id and asset.is_model(context.active_object):
        return context.active_object
    job = session.jobs().get(job_id or rows.active_id())
    return next(asset.models_of(job.remote_id), None) if job is not None else None


def picture_of(obj: bpy.types.Object) -> Path | None:
    """Return the path of the picture that the model was made from, as it was sent; None if its job is gone."""
    job = made_by(obj)
    return session.picture_path(job) if job is not None else None


def made_by(obj: bpy.types.Object) -> Job | None:
    """Return the job that made the model, None if it is gone."""
    remote_id = obj.get(recipe.JOB_ID)
    return next((job for job in session.newest_first() if remote_id and job.remote_id == remote_id), None)


def select(job_id: str) -> None:
    """Select the job's visible objects and make one active, as one undo step. Do nothing if there are none.

    Only in Object Mode: in other modes the artist works on something else.
    """
    job, layer = session.jobs().get(job_id), bpy.context.view_layer
    if job is None or not job.remote_id or layer is None or bpy.context.mode != "OBJECT":
        return
    found = [obj for obj in layer.objects if recipe.is_of(obj, job) and obj.visible_get(view_layer=layer)]
    chosen = list(bpy.context.selected_objects)
    if not found or (chosen == found and layer.objects.active in found):
        return
    for obj in chosen:
        obj.select_set(False)
    for obj in found:
        obj.select_set(True)
    layer.objects.active = found[0]
    bpy.ops.ed.undo_push(message="Select")


class TRELLIS2_OT_mark_asset(AssetOperator, bpy.types.Operator):
    """Mark this model as an asset in the catalog Trellis, with the picture as its preview; an unsaved file gets the \
catalog when it is saved"""

    bl_idname = "trellis2.mark_asset"
    bl_label = "Mark as Asset"
    bl_options = {"REGISTER", "UNDO"}

    def act(self, context: bpy.types.Context) -> None:
        obj = self.target(context)
        if bpy.data.filepath:  # first: if that fails, nothing is marked
            asset.ensure_catalog(asset.catalog_folder(Path(bpy.data.filepath)))
        asset.mark(obj, picture_of(obj))


_items: list[tuple[str, str, str]] = []  # Blender keeps no reference to what a callback returns


def _library_items(_self: Any, _context: Any) -> list[tuple[str, str, str]]:
    _items[:] = [(str(number), name, str(folder)) for number, (name, folder) in enumerate(asset.libraries())]
    return _items


class TRELLIS2_OT_save_to_library(AssetOperator, bpy.types.Operator):
    """Write this model to your asset library as a .blend of its own, with its textures inside"""

    bl_idname = "trellis2.save_to_library"
    bl_label = "Save to Asset Library"
    bl_options = {"REGISTER"}

    library: str = props.EnumProperty(name="Asset Library", description="Library to write to", items=_library_items)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        return self.ask(context) if len(asset.libraries()) > 1 else self.execute(context)

    def act(self, context: bpy.types.Context) -> None:
        known = asset.libraries()
        if not known:
            sentence = "There is no asset library yet. Add one in Preferences > File Paths, then try again."
            raise StorageError(sentence, remedy=Remedy.LIBRARIES)
        obj = self.target(context)
        name, folder = known[int(self.library or 0)]
        path = asset.write(obj, folder, picture_of(obj))
        said = Text("Saved {name} to the asset library {library}", name=path.name, library=name)
        self.report({"INFO"}, translated_report(said))


def file_saved() -> None:
    """Write the catalog beside a file with our assets, which has a place on disk now."""
    if not (bpy.data.filepath and asset.has_ours()):
        return
    try:
        asset.ensure_catalog(asset.catalog_folder(Path(bpy.data.filepath)))
    except TrellisError as error:
        refuse(error)


class TRELLIS2_OT_level_of_detail(MeshOperator, bpy.types.Operator):
    """Make a lighter copy of the model, with a modifier that can still be changed, and hide the model"""

    bl_idname = "trellis2.level_of_detail"
    bl_label = "Level of Detail"
    bl_options = {"REGISTER", "UNDO"}

    dialog_width = 340

    faces: int = props.IntProperty(
        name="Faces", description="Number of faces of the copy", default=20_000, min=4, soft_max=500_000
    )

    def target(self, context: bpy.types.Context) -> bpy.types.Object:
        """Return the model. Raises TrellisError if this view layer has none."""
        assert context.view_layer is not None
        obj = super().target(context)
        found: Any = context.view_layer.objects.get(obj.name)
        if found != obj:
            raise TrellisError(f"{NO_MODEL}.")
        return obj

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the number of faces, and the time that it takes."""
        seconds = max(1, round(_face_count(self.target(context)) * SECONDS_PER_FACE))
        column = self.draw_fields("faces").column(align=True)
        column.label(
            text=translated(Text("Blender will freeze for about {seconds} s now,", seconds=seconds)), icon="TIME"
        )
        column.label(text="and again whenever the model's mesh is edited", icon="BLANK1")

    def act(self, context: bpy.types.Context) -> None:
        """Make the copy in the model's place, select it, and hide the model, so that only one of the two shows."""
        model: Any = self.target(context)
        assert context.view_layer is not None
        copy = model.copy()  # shares the mesh, so it takes no memory
        copy.name = f"{model.name} LOD"
        modifier = copy.modifiers.new("Level of Detail", "DECIMATE")
        modifier.ratio = min(1.0, self.faces / max(1, _face_count(model)))
        for collection in model.users_collection:
            collection.objects.link(copy)
        for obj in context.view_layer.objects:
            obj.select_set(obj == copy)
        context.view_layer.objects.active = copy
        model.hide_set(True)
        model.hide_render = True


class TRELLIS2_OT_make_solid(MeshOperator, bpy.types.Operator):
    """Make a mended copy of the model in the background, and hide the model: without a shell inside and loose bits, \
with holes closed and all faces outside out"""

    bl_idname = "trellis2.make_solid"
    bl_label = "Make Solid"
    bl_options = {"REGISTER"}

    smallest_part: float = props.FloatProperty(
        name="Smallest Part",
        description="Loose parts with less than this share of the surface are removed, in percent",
        default=0.1,
        min=0.0,
        max=100.0,
        soft_max=5.0,
    )
    largest_hole: float = props.FloatProperty(
        name="Largest Hole",
        description="Holes up to this perimeter are closed, as a factor of the model's largest dimension",
        default=1.0,
        min=0.0,
        soft_max=4.0,
    )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Return the tooltip. Beside the check's result it also says in numbers what was found."""
        job = session.jobs().get(properties.job_id)
        if job is None or job.findings is None:
            return ""
        tip = translated(" ".join((cls.__doc__ or "").split()))
        return "\n".join([f"{tip}.", *map(translated, findings.numbers(job.findings))])

    def act(self, context: bpy.types.Context) -> None:
        settings = {"smallest_part": self.smallest_part / 100, "largest_hole": self.largest_hole}
        session.start().finishing.begin("solid", self.target(context), settings)


class TRELLIS2_OT_cancel_step(StepOperator, bpy.types.Operator):
    """Stop this step, or remove it from the list; the model stays as it is"""

    bl_idname = "trellis2.cancel_step"
    bl_label = "Cancel Step"

    def act(self, _context: bpy.types.Context) -> None:
        session.start().finishing.forget(self.target())


class TRELLIS2_OT_check_model(JobOperator, bpy.types.Operator):
    """Measure this job's model: what is hidden inside, loose, open, inside out, flat or transparent"""

    bl_idname = "trellis2.check_model"
    bl_label = "Check Model"
    none = "No model is finished yet. Generate one first"
    fits = staticmethod(is_importable)

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Return the tooltip: what was found, in numbers, if the model was checked."""
        job = session.jobs().get(properties.job_id)
        if job is None or job.findings is None:
            return ""
        lines = findings.numbers(job.findings, job.parameters.get("texture_size", 0))
        return "\n".join(map(translated, [*lines, "Click to check again"]))

    def act(self, _context: bpy.types.Context) -> None:
        """Have it measured. The details of the job say what was found."""
        session.check_model(self.target().id)


class TRELLIS2_OT_set_transparency(AssetOperator, bpy.types.Operator):
    """Choose how the model's material uses the alpha of its base color; viewport, renders and exports follow"""

    bl_idname = "trellis2.set_transparency"
    bl_label = "Transparency"
    bl_options = {"REGISTER", "UNDO"}
    dialog_width = 300

    mode: str = props.EnumProperty(
        name="Mode",
        description="How the alpha is used",
        items=(
            ("OFF", "Off", "The material is opaque, whatever its alpha holds"),
            ("CLIP", "Clip", "A place is either clear or opaque"),
            ("BLEND", "Blend", "The alpha says how clear a place is"),
        ),
        default="CLIP",
    )
    threshold: float = factor(
        name="Threshold", description="Alpha up to which a place is clear, with Clip", default=0.5
    )

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.draw_fields()
        layout.prop(self, "mode", expand=True)
        if self.mode == "CLIP":
            layout.prop(self, "threshold")

    def act(self, context: bpy.types.Context) -> None:
        """Switch all materials of the model that have an image for their base color."""
        obj = self.target(context)
        materials = [*nodes.materials_with_alpha(obj)]
        if not materials:
            raise TrellisError(Text("No material of “{name}” has an image for its base color.", name=obj.name))
        for material in materials:
            nodes.switch_transparency(material, nodes.Transparency(self.mode), self.threshold)


def _is_mesh(obj: bpy.types.Object | None) -> bool:
    return obj is not None and obj.type == "MESH"


def _face_count(model: Any) -> int:
    """Return the number of triangles in the model's mesh, which is what Decimate counts."""
    return len(model.data.loops) - 2 * len(model.data.polygons)
