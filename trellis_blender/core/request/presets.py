# SPDX-License-Identifier: GPL-3.0-or-later
"""Four ways to set all parameters at once, from fast and cheap to fine and expensive, and what is set at first.

A parameter that a preset does not name keeps its default; Standard consists of the defaults. All values lie within the
ranges that Scenario documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from .parameters import BY_NAME, TABLE, Value, shortest_decimal

# What the panel and the command line begin with.
PRESET = "STANDARD"
VARIATIONS, VARIATIONS_MAXIMUM = 1, 4
SIZE = 2.0  # metres, of a model's largest dimension in the scene
CONCURRENCY = 4  # models of a batch that are made at the same time


class Preset(NamedTuple):
    """A named set of values. `changes`: the values that differ from the defaults, by the parameters' Python names."""

    name: str
    label: str
    changes: Mapping[str, Value]

    def value(self, parameter: str) -> Value:
        """Return the parameter's value in this preset."""
        return self.changes.get(parameter, BY_NAME[parameter].default)


def _steps(count: int) -> dict[str, Value]:
    return {name: count for name in BY_NAME if name.endswith("sampling_steps")}


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset(
                "DRAFT",
                "Draft",
                {"resolution": 512, "decimation_target": 100_000, "texture_size": 1024, **_steps(12)},
            ),
            Preset("STANDARD", "Standard", {}),
            Preset(
                "HIGH",
                "High",
                {"resolution": 1536, "decimation_target": 1_000_000, "texture_size": 4096, **_steps(25)},
            ),
            Preset(
                "ULTRA",
                "Ultra",
                {"resolution": 1536, "decimation_target": 2_000_000, "texture_size": 4096, **_steps(50)},
            ),
        )
    }
)


def name_of(values: Mapping[str, Value]) -> str:
    """Return the name of the preset with these values; empty if there is none. The seed does not matter."""
    return next((name for name, preset in PRESETS.items() if _is(preset, values)), "")


def _is(preset: Preset, values: Mapping[str, Value]) -> bool:
    return all(
        shortest_decimal(values.get(parameter.name, parameter.default)) == preset.value(parameter.name)
        for parameter in TABLE
    )
