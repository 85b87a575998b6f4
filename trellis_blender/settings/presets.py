# SPDX-License-Identifier: GPL-3.0-or-later
"""Find which preset the settings match, and which parameters differ from the chosen one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..core.request.parameters import BY_NAME, TABLE, Parameter, of_group
from ..core.request.presets import MOVED, PRESETS, SUBJECTS, Preset, Subject
from ..host.translation import translated
from . import scene as scene_settings

if TYPE_CHECKING:
    from ..core.request.parameters import Group

RESET_LABELS: Mapping[Group, str] = MappingProxyType(
    {
        "Mesh": "Reset Mesh",
        "Structure": "Reset Structure",
        "Shape": "Reset Shape",
        "Texture": "Reset Texture",
    }
)
# The values that Blender's properties hold under each preset, so that a redraw only compares.
HELD = {
    name: {parameter.name: scene_settings.held(parameter, preset.value(parameter.name)) for parameter in TABLE}
    for name, preset in PRESETS.items()
}
_NAMES = {tuple(held.values()): name for name, held in HELD.items()}


def name_of(chosen: scene_settings.TRELLIS2_PG_settings) -> str:
    """Return the name of the preset that all parameters match, empty if none does."""
    return _NAMES.get(scene_settings.held_values(chosen), "")


def differs(chosen: scene_settings.TRELLIS2_PG_settings, parameter: Parameter) -> bool:
    """Return whether the parameter differs from the preset chosen last."""
    return bool(getattr(chosen, parameter.name) != HELD[chosen.preset][parameter.name])


def is_changed(chosen: scene_settings.TRELLIS2_PG_settings, group: Group) -> bool:
    """Return whether any parameter of the group differs from the preset chosen last."""
    return any(differs(chosen, parameter) for parameter in of_group(group))


def changes_of(preset: Preset) -> str:
    """Return the preset's differences from the defaults as a tooltip: “Resolution 512 voxels, Faces 100,000, …”."""
    changed = [parameter for parameter in TABLE if parameter.name in preset.changes]
    return ", ".join(
        f"{_label(parameter)} {translated(parameter.words(preset.value(parameter.name)))}" for parameter in changed
    )


def subject_values(chosen: scene_settings.TRELLIS2_PG_settings, subject: Subject) -> dict[str, Any]:
    """Return the parameters that a kind of subject sets, as Blender's properties hold them: from the chosen preset."""
    preset = PRESETS[chosen.preset]
    wanted = subject.values({name: preset.value(name) for name in MOVED})
    return {name: scene_settings.held(BY_NAME[name], value) for name, value in wanted.items()}


def subject_of(chosen: scene_settings.TRELLIS2_PG_settings) -> Subject | None:
    """Return the kind of subject that the parameters fit, None if there is none."""
    for subject in SUBJECTS.values():
        if all(getattr(chosen, name) == value for name, value in subject_values(chosen, subject).items()):
            return subject
    return None


def subject_words(subject: Subject) -> str:
    """Return what a kind of subject sets, and why, as a tooltip."""
    moved = {**subject.changes, **subject.least}
    rows = [f"{_label(BY_NAME[name])} {translated(BY_NAME[name].words(value))}" for name, value in moved.items()]
    return "\n".join(filter(None, (translated(subject.reason), ", ".join(rows))))


def _label(parameter: Parameter) -> str:
    """Return the parameter's label, with its group's in front if another group uses the same label."""
    is_unique = sum(other.label == parameter.label for other in TABLE) == 1
    words = (parameter.label,) if is_unique else (parameter.group, parameter.label)
    return " ".join(map(translated, words))
