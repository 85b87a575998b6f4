# SPDX-License-Identifier: GPL-3.0-or-later
"""The panels of the sidebar's tab. Their classes are here; each imports its draw function at the first draw.

`sidebar` holds what all panels share: wrapped sentences, and buttons that fix a failure.
`first_run` leads a new artist to a key, and shows what was refused.
`generate_panel` draws the picture's source and the Generate button.
`preset_row` draws the four presets and the kinds of subject.
`preview_panel` draws the preview of the picture.
`job_panel` draws the list of jobs and the chosen job's details.
`picture_rows` draws what a job's picture can still do for its model.
`job_tooltip` tells all of a job where the mouse rests on its row.
`spending_rows` draws the cost per month.
`placement_panel` draws how a model enters the scene.
`parameter_panels` draws the parameters, one sub-panel per stage.
`gallery` has its own classes: thumbnails of all jobs, and pictures shown large.
"""

from typing import TYPE_CHECKING, Any

import bpy
from bl_ui.utils import PresetPanel

from ...settings.scene import PRESET_FOLDER
from ..at_need import imported, session

if TYPE_CHECKING:
    from ...core.request.parameters import Group

CATEGORY = "Trellis"  # the name of our tab


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
        """Draw the panel."""
        from .generate_panel import draw_generate

        draw_generate(self.property_layout(), context)


class TRELLIS2_PT_generate(GeneratePanel, bpy.types.Panel):
    """The picture from the chosen source."""


class TRELLIS2_PT_image(GeneratePanel, bpy.types.Panel):
    """The picture that an Image Editor shows."""

    bl_space_type = "IMAGE_EDITOR"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is an image."""
        from ..chosen_picture import shows_image

        return shows_image(context)


class TRELLIS2_PT_batch(SidebarPanel, bpy.types.Panel):
    """The batches under way, and those that have just ended."""

    bl_label = "Batch"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return whether there is any."""
        running = session.running() if imported(session) else None
        return running is not None and bool(running.batches.all)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        from ..batch.drawing import draw_batches

        draw_batches(self.layout, context)


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
        """Draw one row."""
        from .job_panel import draw_row

        draw_row(layout, context, item.job_id)


def row_tooltip(job_id: str) -> str:
    """Return what the tooltip of a row says about its job."""
    from .job_tooltip import tooltip

    return tooltip(job_id)


class TRELLIS2_PT_jobs(SidebarPanel, bpy.types.Panel):
    """The jobs, newest first, and the chosen one's details."""

    bl_label = "Jobs"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return whether there is anything to show."""
        return bool(imported(session) and (session.jobs() or session.notices()))

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        from .job_panel import draw_jobs

        draw_jobs(self.layout, context)


class TRELLIS2_MT_months(bpy.types.Menu):
    """What Scenario charged in the months before"""

    bl_label = "Earlier Months"

    def draw(self, _context: bpy.types.Context) -> None:
        """List the months."""
        from .spending_rows import draw_earlier_months

        draw_earlier_months(self.layout)


class TRELLIS2_PT_placement(SidebarPanel, bpy.types.Panel):
    """How the model comes into the scene."""

    bl_label = "Placement"
    bl_options: Any = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        from .placement_panel import draw_placement

        draw_placement(self.property_layout(), context)


class TRELLIS2_PT_presets(PresetPanel, bpy.types.Panel):
    """The artist's own presets, as Blender keeps them."""

    bl_label = "Trellis Presets"
    preset_subdir = PRESET_FOLDER
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
        """Draw the panel."""
        from .parameter_panels import draw_seed

        draw_seed(self.property_layout(), context)


class ParameterPanel(SidebarPanel):
    """The parameters of one stage of the model."""

    bl_parent_id = "TRELLIS2_PT_parameters"
    bl_options: Any = {"DEFAULT_CLOSED"}
    group: "Group"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Draw a button that resets the group to the preset, if it differs."""
        from .parameter_panels import draw_reset

        draw_reset(self.layout, context, self.group)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the parameters."""
        from .parameter_panels import draw_parameters

        draw_parameters(self.property_layout(), context, self.group)


class TRELLIS2_PT_mesh(ParameterPanel, bpy.types.Panel):
    """Resolution, faces and textures."""

    bl_label = group = "Mesh"


class TRELLIS2_PT_structure(ParameterPanel, bpy.types.Panel):
    """The first stage: where there is anything at all."""

    bl_label = group = "Structure"


class TRELLIS2_PT_shape(ParameterPanel, bpy.types.Panel):
    """The second stage: the surface."""

    bl_label = group = "Shape"


class TRELLIS2_PT_texture(ParameterPanel, bpy.types.Panel):
    """The third stage: colour and material."""

    bl_label = group = "Texture"


CLASSES: tuple[Any, ...] = (
    TRELLIS2_UL_jobs,
    TRELLIS2_MT_months,
    TRELLIS2_PT_generate,
    TRELLIS2_PT_image,
    TRELLIS2_PT_batch,
    TRELLIS2_PT_jobs,
    TRELLIS2_PT_placement,
    TRELLIS2_PT_presets,
    TRELLIS2_PT_parameters,
    TRELLIS2_PT_mesh,
    TRELLIS2_PT_structure,
    TRELLIS2_PT_shape,
    TRELLIS2_PT_texture,
)
