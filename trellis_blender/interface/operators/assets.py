# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done to a model that is there: put it into the Asset Browser or the artist's library, make it lighter,
mend it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import bpy
from bpy.props import EnumProperty, FloatProperty, IntProperty, StringProperty

from ...core.errors import Remedy, StorageError, Text, TrellisError
from ...host.translation import translated, translated_report
from ...jobs import rows
from ..at_need import asset, findings, imported, importing, job_table, recipe, session, transparency
from .base import Result, attempt, can_act, refuse
from .jobs import JobOperator

if TYPE_CHECKING:
    from ...core.job.job import Job

NO_MESH = "Select a model in Object Mode first"
NO_MODEL = "Switch to Object Mode and select a model that was made here, or import one"
# Measured: Blender's Decimate takes 9 to 22 microseconds per face on 100,000 to 2,000,000 faces. Others may be faster.
SECONDS_PER_FACE = 14e-6


class AssetOperator:
    """An operator on a job's model: the one with the given id, or the active object, or the chosen job's model."""

    if TYPE_CHECKING:
        job_id: str
    else:
        job_id: StringProperty(name="Job", description="Job's id; the active model when empty", options={"SKIP_SAVE"})

    has_dialog = False

    @classmethod
    def fits(cls, job: "Job") -> bool:
        """Return whether the job's model is in this file."""
        return job.stage is job_table.Stage.IMPORTED and next(asset.models_of(job.remote_id), None) is not None

    @classmethod
    def label(cls, _job: "Job") -> str:
        """Return the label of the menu entry for this job."""
        label: str = cls.bl_label  # type: ignore[attr-defined]  # of bpy.types.Operator
        return f"{label}..." if cls.has_dialog else label

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is such a model, in Object Mode."""
        return can_act(cls, context.mode == "OBJECT" and _model(context, "") is not None, otherwise=NO_MODEL)

    def target(self, context: bpy.types.Context) -> bpy.types.Object:
        """Return the model. Raises TrellisError if there is none."""
        obj = _model(context, self.job_id)
        if obj is None:
            raise TrellisError(f"{NO_MODEL}.")
        return obj


class MeshOperator(AssetOperator):
    """An operator on any mesh: the given job's model, or the active mesh, or the chosen job's model."""

    has_dialog = True

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether any mesh is active or there is a model, in Object Mode."""
        is_mesh = context.mode == "OBJECT" and _is_mesh(context.active_object)
        return can_act(cls, is_mesh or super().poll(context), otherwise=NO_MESH)

    def target(self, context: bpy.types.Context) -> bpy.types.Object:
        """Return the model. Raises TrellisError if there is none."""
        active = context.active_object
        return active if active is not None and _is_mesh(active) and not self.job_id else super().target(context)

    def ask(self, context: bpy.types.Context, width: int) -> Result:
        """Open the operator's dialog, unless there is no model."""
        assert context.window_manager is not None
        operator = cast(bpy.types.Operator, self)
        if (refused := attempt(operator, lambda: self.target(context))) != {"FINISHED"}:
            return refused
        return context.window_manager.invoke_props_dialog(operator, width=width)

    def stem(self, obj: bpy.types.Object) -> str:
        """Return the name of a file for the model, without its ending."""
        return asset.file_stem(obj.name)


class StepOperator:
    """An operator on a step that is done to a model: the one with the given id, or the newest."""

    if TYPE_CHECKING:
        step_id: str
    else:
        step_id: StringProperty(name="Step", description="Step's id; the newest when empty", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return whether there is a step."""
        is_any = imported(session) and bool(session.works())
        return can_act(cls, is_any, otherwise="Nothing is being done to a model")

    def target(self) -> str:
        """Return the step's id."""
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


def made_by(obj: bpy.types.Object) -> "Job | None":
    """Return the job that made the model, None if it is gone."""
    remote_id = obj.get(recipe.JOB_ID)
    return next((job for job in session.newest_first() if remote_id and job.remote_id == remote_id), None)


class TRELLIS2_OT_mark_asset(AssetOperator, bpy.types.Operator):
    """Mark this model as an asset in the catalog Trellis, with the picture as its preview; an unsaved file gets the \
catalog when it is saved"""

    bl_idname = "trellis2.mark_asset"
    bl_label = "Mark as Asset"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> Result:
        """Mark the model."""

        def act() -> None:
            obj = self.target(context)
            if bpy.data.filepath:  # first: if that fails, nothing is marked
                asset.ensure_catalog(asset.catalog_folder(Path(bpy.data.filepath)))
            asset.mark(obj, picture_of(obj))

        return attempt(self, act)


_items: list[tuple[str, str, str]] = []  # Blender keeps no reference to what a callback returns


def _library_items(_self: Any, _context: Any) -> list[tuple[str, str, str]]:
    _items[:] = [(str(number), name, str(folder)) for number, (name, folder) in enumerate(asset.libraries())]
    return _items


class TRELLIS2_OT_save_to_library(AssetOperator, bpy.types.Operator):
    """Write this model to your asset library as a .blend of its own, with its textures inside"""

    bl_idname = "trellis2.save_to_library"
    bl_label = "Save to Asset Library"
    bl_options = {"REGISTER"}

    if TYPE_CHECKING:
        library: str
    else:
        library: EnumProperty(name="Asset Library", description="Library to write to", items=_library_items)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        """Ask for the library, at a click, if there are several."""
        assert context.window_manager is not None
        if len(asset.libraries()) > 1:
            return context.window_manager.invoke_props_dialog(self)
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> Result:
        """Write the model to the library."""

        def act() -> None:
            known = asset.libraries()
            if not known:
                sentence = "There is no asset library yet. Add one in Preferences > File Paths, then try again."
                raise StorageError(sentence, remedy=Remedy.LIBRARIES)
            obj = self.target(context)
            name, folder = known[int(self.library or 0)]
            path = asset.write(obj, folder, picture_of(obj))
            self.report(
                {"INFO"},
                translated_report(Text("Saved {name} to the asset library {library}", name=path.name, library=name)),
            )

        return attempt(self, act)


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

    if TYPE_CHECKING:
        faces: int
    else:
        faces: IntProperty(
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

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        """Ask for the number of faces, at a click, and say how long it takes."""
        return self.ask(context, 340)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the number and the time it takes."""
        layout: Any = self.layout
        layout.use_property_split = True
        layout.prop(self, "faces")
        seconds = max(1, round(_face_count(self.target(context)) * SECONDS_PER_FACE))
        column = layout.column(align=True)
        column.label(
            text=translated(Text("Blender will freeze for about {seconds} s now,", seconds=seconds)), icon="TIME"
        )
        column.label(text="and again whenever the model's mesh is edited", icon="BLANK1")

    def execute(self, context: bpy.types.Context) -> Result:
        """Make the copy in the model's place, select it, and hide the model, so that only one of the two shows."""

        def make() -> None:
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

        return attempt(self, make)


class TRELLIS2_OT_make_solid(MeshOperator, bpy.types.Operator):
    """Make a mended copy of the model in the background, and hide the model: without a shell inside and loose bits, \
with holes closed and all faces outside out"""

    bl_idname = "trellis2.make_solid"
    bl_label = "Make Solid"
    bl_options = {"REGISTER"}
    has_dialog = False

    if TYPE_CHECKING:
        smallest_part: float
        largest_hole: float
    else:
        smallest_part: FloatProperty(
            name="Smallest Part",
            description="Loose parts with less than this share of the surface are removed, in percent",
            default=0.1,
            min=0.0,
            max=100.0,
            soft_max=5.0,
        )
        largest_hole: FloatProperty(
            name="Largest Hole",
            description="Holes up to this perimeter are closed, as a factor of the model's largest dimension",
            default=1.0,
            min=0.0,
            soft_max=4.0,
        )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Return the tooltip. Beside the check's result it also says in numbers what was found."""
        job = session.jobs().get(properties.job_id) if properties.job_id else None
        if job is None or job.findings is None:
            return ""
        tip = translated(" ".join((cls.__doc__ or "").split()))
        return "\n".join([f"{tip}.", *map(translated, findings.numbers(job.findings))])

    def execute(self, context: bpy.types.Context) -> Result:
        """Begin it. It is a row in the list of jobs, and costs nothing."""

        def begin() -> None:
            settings = {"smallest_part": self.smallest_part / 100, "largest_hole": self.largest_hole}
            session.start().finishing.begin("solid", self.target(context), settings)

        return attempt(self, begin)


class TRELLIS2_OT_cancel_step(StepOperator, bpy.types.Operator):
    """Stop this step, or remove it from the list; the model stays as it is"""

    bl_idname = "trellis2.cancel_step"
    bl_label = "Cancel Step"

    def execute(self, _context: bpy.types.Context) -> Result:
        """Cancel it."""
        return attempt(self, lambda: session.start().finishing.forget(self.target()))


class TRELLIS2_OT_check_model(JobOperator, bpy.types.Operator):
    """Measure this job's model: what is hidden inside, loose, open, inside out, flat or transparent"""

    bl_idname = "trellis2.check_model"
    bl_label = "Check Model"
    none = "No model is finished yet. Generate one first"

    @classmethod
    def fits(cls, job: "Job") -> bool:
        """Return whether the job's model is on this computer."""
        return importing.is_importable(job)

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Return the tooltip: what was found, in numbers, if the model was checked."""
        job = session.jobs().get(properties.job_id) if properties.job_id else None
        if job is None or job.findings is None:
            return ""
        lines = findings.numbers(job.findings, job.parameters.get("texture_size", 0))
        return "\n".join(map(translated, [*lines, "Click to check again"]))

    def execute(self, _context: bpy.types.Context) -> Result:
        """Have it measured. The details of the job say what was found."""
        return attempt(self, lambda: session.check_model(self.target()))


class TRELLIS2_OT_set_transparency(AssetOperator, bpy.types.Operator):
    """Choose how the model's material uses the alpha of its base color; viewport, renders and exports follow"""

    bl_idname = "trellis2.set_transparency"
    bl_label = "Transparency"
    bl_options = {"REGISTER", "UNDO"}
    has_dialog = True

    if TYPE_CHECKING:
        mode: str
        threshold: float
    else:
        mode: EnumProperty(
            name="Mode",
            description="How the alpha is used",
            items=(
                ("OFF", "Off", "The material is opaque, whatever its alpha holds"),
                ("CLIP", "Clip", "A place is either clear or opaque"),
                ("BLEND", "Blend", "The alpha says how clear a place is"),
            ),
            default="CLIP",
        )
        threshold: FloatProperty(
            name="Threshold",
            description="Alpha up to which a place is clear, with Clip",
            default=0.5,
            min=0.0,
            max=1.0,
            subtype="FACTOR",
        )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        """Ask for the mode, at a click in a menu."""
        assert context.window_manager is not None
        return context.window_manager.invoke_props_dialog(self)

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the mode, and the threshold where it counts."""
        layout: Any = self.layout
        layout.use_property_split = True
        layout.prop(self, "mode", expand=True)
        if self.mode == "CLIP":
            layout.prop(self, "threshold")

    def execute(self, context: bpy.types.Context) -> Result:
        """Switch all materials of the model that have an image for their base color."""

        def switch() -> None:
            obj = self.target(context)
            materials = [*transparency.materials_with_alpha(obj)]
            if not materials:
                raise TrellisError(Text("No material of “{name}” has an image for its base color.", name=obj.name))
            for material in materials:
                transparency.switch(material, transparency.Transparency(self.mode), self.threshold)

        return attempt(self, switch)


def _is_mesh(obj: bpy.types.Object | None) -> bool:
    return obj is not None and obj.type == "MESH"


def _face_count(model: Any) -> int:
    """Return the number of triangles in the model's mesh, which is what Decimate counts."""
    return len(model.data.loops) - 2 * len(model.data.polygons)


CLASSES: tuple[Any, ...] = (
    TRELLIS2_OT_mark_asset,
    TRELLIS2_OT_save_to_library,
    TRELLIS2_OT_level_of_detail,
    TRELLIS2_OT_make_solid,
    TRELLIS2_OT_cancel_step,
    TRELLIS2_OT_check_model,
    TRELLIS2_OT_set_transparency,
)
