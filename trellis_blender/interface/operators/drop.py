# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes files that are dropped onto Blender or chosen in its file browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...core.errors import PictureError
from ...host.translation import translated
from ...picture import sources
from ...settings import props
from ...settings import scene as scene_settings
from ..at_need import file as image_file
from ..at_need import place
from .base import IMAGE_EXTENSIONS, FromBrowser, Generate, Result, click, click_again

if TYPE_CHECKING:
    from ...core.job.job import Job


class ImageFiles(FromBrowser):
    """The properties that Blender's file browser and a drop fill in."""

    directory: str = props.StringProperty(
        name="Folder",
        description="Folder of the image files",
        subtype="DIR_PATH",
        options={"SKIP_SAVE", "HIDDEN", *sources.BLEND_RELATIVE},
    )
    files: Any = props.CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"})

    def paths(self) -> list[Path]:
        """Return the paths of the chosen files."""
        folder = Path(bpy.path.abspath(self.directory))
        return [folder / each.name for each in self.files if each.name]


class GenerateFromFiles(ImageFiles, Generate):
    """Makes a model from each of the files."""

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Open the file browser, at a click. Several dropped files become a batch; one was asked for."""
        count = len(self.paths())
        if not count:
            return self.browse(context)
        return Generate.invoke(self, context, event) if count == 1 else self._as_batch()

    def _as_batch(self) -> Result:
        """Have the batch ask once for all files, and make few models at a time."""
        files = [{"name": path.name} for path in self.paths()]
        dropped = {} if self.dropped is None else {"location": self.dropped}
        return click(self, "trellis2.generate_batch", directory=self.directory, files=files, **dropped)

    def execute(self, context: bpy.types.Context) -> Result:
        """Send the files. Ask first if they were just chosen in the file browser and cost more than the limit."""
        if self.is_from_browser and len(self.paths()) > 1:
            return self._as_batch()
        is_asked = self.is_from_browser and self.objection(context)
        return click_again(self) if is_asked else Generate.execute(self, context)

    def count(self, context: bpy.types.Context) -> int:
        """Return the number of files times that of variations."""
        return len(self.paths()) * Generate.count(self, context)

    def start_generation(self, context: bpy.types.Context) -> None:
        """Send each file, even if others cannot be sent. Raises TrellisError for those that cannot."""
        paths, failed = self.paths(), []
        if not paths:
            raise PictureError("No image files are chosen. Choose some, then try again.")
        jobs: list[Job] = []
        try:
            for path in paths:
                try:
                    jobs += self.start_jobs(context, image_file.from_file(path), path.stem)
                except PictureError as error:
                    failed.append(translated(error.sentence))
        finally:
            self.await_models(context, jobs)
        if failed:
            raise PictureError(" ".join(failed))


class TRELLIS2_OT_generate_files(GenerateFromFiles, bpy.types.Operator):
    """Make a 3D model from each of the image files"""

    bl_idname = "trellis2.generate_files"
    bl_label = "Generate 3D Models from Image Files"


class TRELLIS2_OT_generate_dropped(GenerateFromFiles, bpy.types.Operator):
    """Make a 3D model from each of the image files, where they are dropped"""

    bl_idname = "trellis2.generate_dropped"
    bl_label = "Generate 3D Models from Image Files"  # Blender's menu at a drop shows this, for one file or many
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Note the place under the mouse: Blender's menu or our question may have it elsewhere later."""
        self.dropped = place.under_mouse(context, event.mouse_x, event.mouse_y)
        return GenerateFromFiles.invoke(self, context, event)


class TRELLIS2_OT_use_file(ImageFiles, bpy.types.Operator):
    """Use the image file for the next 3D model; nothing is sent yet"""

    bl_idname = "trellis2.use_file"
    bl_label = "Change Picture"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    filepath: str = props.StringProperty(
        name="Image",
        description="Image file",
        subtype="FILE_PATH",
        options={"SKIP_SAVE", *sources.BLEND_RELATIVE},
    )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        """Use the file, at a drop. At a click, open the file browser first."""
        return self.execute(context) if self.filepath else self.browse(context)

    def execute(self, context: bpy.types.Context) -> Result:
        """Put the file into the panel, which takes only one. Several become models, after a question."""
        files = [{"name": path.name} for path in self.paths()]
        if len(files) > 1:
            return click(self, "trellis2.generate_files", directory=self.directory, files=files)
        image_file.choose(scene_settings.of_scene(context.scene), self.filepath)
        return {"FINISHED"}


class DroppedImage:
    """A drop of an image file on a 3D viewport, in the region that the file handler names."""

    bl_file_extensions = IMAGE_EXTENSIONS.replace("*", "")
    region = ""

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Return whether the pointer is in that region."""
        area, region = context.area, context.region
        return area is not None and area.type == "VIEW_3D" and region is not None and region.type == cls.region


class TRELLIS2_FH_image(DroppedImage, bpy.types.FileHandler):
    """In the viewport itself: Blender's menu offers a model of the image."""

    bl_idname = "TRELLIS2_FH_image"
    bl_label = "Generate 3D Models from Image Files"
    bl_import_operator = "trellis2.generate_dropped"
    region = "WINDOW"


class TRELLIS2_FH_picture(DroppedImage, bpy.types.FileHandler):
    """In the sidebar: the image becomes the picture of the panel, and nothing is paid yet."""

    bl_idname = "TRELLIS2_FH_picture"
    bl_label = "Change Picture"
    bl_import_operator = "trellis2.use_file"
    region = "UI"
