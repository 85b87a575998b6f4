# SPDX-License-Identifier: GPL-3.0-or-later
"""Find which preset the settings match, and which parameters differ from the chosen one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..core.request.parameters import TABLE, Group, Parameter, of_group
from ..core.request.presets import PRESETS, Preset
from ..host.translation.translation import translated
from . import scene as scene_settings

RESET_LABELS: Mapping[Group, str] = MappingProxyType(
    {
        Group.MESH: "Reset Mesh",
        Group.STRUCTURE: "Reset Structure",
        Group.SHAPE: "Reset Shape",
        Group.TEXTURE: "Reset Texture",
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


def _label(parameter: Parameter) -> str:
    """Return the parameter's label, with its group's in front if another group uses the same label."""
    is_unique = sum(other.label == parameter.label for other in TABLE) == 1
    words = (parameter.label,) if is_unique else (parameter.group, parameter.label)
    return " ".join(map(translated, words))
