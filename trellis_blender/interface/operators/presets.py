# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets many parameters at once: by the four presets, back to the preset per group, by the artist's own presets.

And a few of them, by the kind of subject.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import bpy
from bl_operators.presets import AddPresetBase

from ...core.errors import storage_error
from ...core.request.parameters import GROUPS, TABLE
from ...core.request.presets import PRESETS, SUBJECTS
from ...host.translation import translated, translated_report
from ...settings import props
from ...settings import scene as scene_settings
from ...settings.scene import PRESET_FOLDER
from ..at_need import files, presets
from .base import Result, TrellisOperator


class SettingsOperator(TrellisOperator):
    """An operator that changes settings of the scene."""

    bl_options = {"REGISTER", "UNDO"}

    def changes(self, chosen: scene_settings.TRELLIS2_PG_settings) -> Mapping[str, Any]:
        """Return the settings that change, with their new values."""
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> Result:
        chosen = scene_settings.of_scene(context.scene)
        for name, value in self.changes(chosen).items():
            setattr(chosen, name, value)
        return {"FINISHED"}


class TRELLIS2_OT_use_preset(SettingsOperator, bpy.types.Operator):
    """Set all parameters but the seed to those of a preset"""

    bl_idname = "trellis2.use_preset"
    bl_label = "Use Preset"

    preset: str = props.EnumProperty(
        name="Preset",
        description="Preset to take the parameters from",
        items=[(preset.name, preset.label, "") for preset in PRESETS.values()],
        default="STANDARD",
    )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        default = "All parameters but the seed as Scenario has them by default"
        return presets.changes_of(PRESETS[properties.preset]) or translated(default)

    def changes(self, _chosen: scene_settings.TRELLIS2_PG_settings) -> Mapping[str, Any]:
        """Return the preset's parameters, and the preset itself, which they are compared with from now on."""
        return {**presets.HELD[self.preset], "preset": self.preset}


class TRELLIS2_OT_reset_group(SettingsOperator, bpy.types.Operator):
    """Set the parameters of this group back to those of the preset chosen last"""

    bl_idname = "trellis2.reset_group"
    bl_label = "Reset Group"

    group: str = props.EnumProperty(
        name="Group",
        description="Parameters to set back",
        items=[(group.upper(), group, "") for group in GROUPS],
        default="MESH",
    )

    def changes(self, chosen: scene_settings.TRELLIS2_PG_settings) -> Mapping[str, Any]:
        held = presets.HELD[chosen.preset]
        return {each.name: held[each.name] for each in TABLE if each.group.upper() == self.group}


class TRELLIS2_OT_add_preset(AddPresetBase, bpy.types.Operator):  # type: ignore[misc]  # without stubs
    """Keep all parameters and the seed as a preset of your own, or remove one"""

    bl_idname = "trellis2.add_preset"
    bl_label = "Add Preset"
    bl_options = {"REGISTER"}
    preset_menu = "TRELLIS2_PT_presets"
    preset_subdir = PRESET_FOLDER
    preset_defines = ("chosen = bpy.context.scene.trellis2",)

    def execute(self, context: bpy.types.Context) -> Result:  # type: ignore[override]  # the stubs say None
        try:
            done: Result = cast(Any, super()).execute(context)
        except OSError as error:
            self.report({"ERROR"}, translated_report(storage_error("save the preset", error).sentence))
            return {"CANCELLED"}
        return done

    def add(self, context: bpy.types.Context, filepath: str) -> None:
        """Write the preset as Blender would, but whole or not at all. Blender calls this. Raises OSError."""
        chosen = scene_settings.of_scene(context.scene)
        values = (f"chosen.{name} = {getattr(chosen, name)!r}" for name in scene_settings.parameter_annotations())
        files.write_whole(Path(filepath), "\n".join(("import bpy", *self.preset_defines, "", *values, "")).encode())


class TRELLIS2_OT_use_subject(SettingsOperator, bpy.types.Operator):
    """Set the few parameters that a kind of subject needs; the others stay as they are"""

    bl_idname = "trellis2.use_subject"
    bl_label = "Use Subject"

    subject: str = props.EnumProperty(
        name="Subject",
        description="Kind of subject that the picture shows",
        items=[(subject.name, subject.label, "") for subject in SUBJECTS.values()],
    )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        return presets.subject_words(SUBJECTS[properties.subject])

    def changes(self, chosen: scene_settings.TRELLIS2_PG_settings) -> Mapping[str, Any]:
        return presets.subject_values(chosen, SUBJECTS[self.subject])


class TRELLIS2_MT_subject(bpy.types.Menu):
    """What the picture shows: each kind moves a few parameters"""

    bl_label = "Subject"

    def draw(self, _context: bpy.types.Context) -> None:
        layout: Any = self.layout
        for subject in SUBJECTS.values():
            layout.operator("trellis2.use_subject", text=subject.label).subject = subject.name
