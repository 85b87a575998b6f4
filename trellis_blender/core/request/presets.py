# SPDX-License-Identifier: GPL-3.0-or-later
"""Four ways to set all parameters at once, from fast and cheap to fine and expensive, and what is set at first.

Beside them kinds of subject, which move a few parameters, and what to change when a model came out wrong.

A parameter that a preset does not name keeps its default; Standard consists of the defaults. All values lie within the
ranges that Scenario documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from .parameters import BY_NAME, TABLE, Record, Value, shortest_decimal

# What the panel and the command line begin with.
PRESET = "STANDARD"
VARIATIONS, VARIATIONS_MAXIMUM = 1, 4
SIZE = 2.0  # metres, of a model's largest dimension in the scene
CONCURRENCY = 4  # models of a batch that are made at the same time
# The endings by which file browsers and folders are searched for pictures. Whether one can be read, reading tells.
PICTURE_ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".avif", ".exr", ".hdr", ".tga", ".psd", ".psb"),
    *(".jp2", ".j2c", ".dds", ".dpx", ".cin", ".sgi", ".rgb", ".rgba", ".bw", ".gif", ".heic", ".heif"),
)


class Preset(Record):
    """A named set of values. `changes`: the values that differ from the defaults, by the parameters' Python names."""

    name: str
    label: str
    changes: Mapping[str, Value]

    def value(self, parameter: str) -> Value:
        """Return the parameter's value in this preset."""
        return self.changes.get(parameter, BY_NAME[parameter].default)


def _by_name(*records: Any) -> Mapping[str, Any]:
    return MappingProxyType({record.name: record for record in records})


def _changes(resolution: int, faces: int, texture: int, steps: int) -> Mapping[str, Value]:
    counts = {name: steps for name in BY_NAME if name.endswith("sampling_steps")}
    return {"resolution": resolution, "decimation_target": faces, "texture_size": texture, **counts}


PRESETS: Mapping[str, Preset] = _by_name(
    Preset("DRAFT", "Draft", _changes(512, 100_000, 1024, 12)),
    Preset("STANDARD", "Standard", {}),
    Preset("HIGH", "High", _changes(1536, 1_000_000, 4096, 25)),
    Preset("ULTRA", "Ultra", _changes(1536, 2_000_000, 4096, 50)),
)


def name_of(values: Mapping[str, Value]) -> str:
    """Return the name of the preset with these values; empty if there is none. The seed does not matter."""
    own = {parameter.name: shortest_decimal(values.get(parameter.name, parameter.default)) for parameter in TABLE}
    presets = PRESETS.values()
    return next((preset.name for preset in presets if all(preset.value(name) == own[name] for name in own)), "")


# Kinds of subject, and what to change when a model came out wrong. What they move comes from what users and the makers
# of the model have reported, no more: fal.ai's documentation of its parameters, and the issues of microsoft/TRELLIS and
# microsoft/TRELLIS.2 that the comments name.


class Subject(Record):
    """A kind of subject. `changes`: the parameters that it sets. `least`: those that it raises if they are lower.

    `reason`: why, as the artist reads it.
    """

    name: str
    label: str
    changes: Mapping[str, Value]
    least: Mapping[str, Value]
    reason: str

    def values(self, preset: Mapping[str, Value]) -> dict[str, Value]:
        """Return the parameters that any kind of subject moves, for this kind. `preset`: the values to begin with."""
        raised = {name: max(preset[name], value) for name, value in self.least.items()}
        return {**{name: preset[name] for name in MOVED}, **self.changes, **raised}


SUBJECTS: Mapping[str, Subject] = _by_name(
    Subject("PROP", "Prop", {}, {}, "Everything as the preset has it, which fits most things"),
    Subject(  # TRELLIS#58, and fal.ai: near 10 follows the picture more and is noisier; rescale steadies
        "HARD_SURFACE",
        "Hard Surface",
        {"shape_slat_guidance_strength": 9.0, "shape_slat_guidance_rescale": 0.7, "tex_slat_rescale_t": 4.0},
        {},
        "More guidance keeps edges where the picture has them, more rescale steadies the noise of that, and a"
        " higher rescale T sharpens the texture",
    ),
    Subject(  # TRELLIS#129, TRELLIS.2#57: faces, hair and animals are weak; 20 steps are sometimes too few
        "CHARACTER",
        "Character",
        {},
        {"shape_slat_sampling_steps": 35, "tex_slat_sampling_steps": 35},
        "Faces, hair and fur come out weak with few steps, so shape and texture take at least 35",
    ),
    Subject(  # what rebuilds a surface from voxels loses what is thinner than they are
        "THIN_PARTS",
        "Thin Parts",
        {"remesh": False},
        {"resolution": 1536},
        "Remeshing rebuilds the surface from voxels, and loses what is thinner: so none, and the smallest voxels",
    ),
    Subject(  # o-voxel's postprocess.py: without remesh the material is double-sided; TRELLIS.2#91: alpha
        "GLASS",
        "Glass",
        {"remesh": False},
        {},
        "Without remesh the surface is seen from both sides, as glass is. Afterwards set Transparency to Blend:"
        " the alpha is in the texture, but unused",
    ),
)
MOVED = tuple(dict.fromkeys(name for subject in SUBJECTS.values() for name in (*subject.changes, *subject.least)))


class Complaint(Record):
    """What is wrong with a model, and what to change: the first of these steps that changes anything.

    `steps`: a parameter, by how much it moves, and what happens then, as the artist reads it.
    """

    name: str
    label: str
    steps: tuple[tuple[str, float, str], ...]

    def change(self, values: Mapping[str, Value]) -> tuple[str, Value, str] | None:
        """Return the parameter to change, its new value, and why; None if nothing is left to try."""
        for name, by, reason in self.steps:
            parameter = BY_NAME[name]
            now = values.get(name, parameter.default)
            new: Value = shortest_decimal(round(min(parameter.maximum, max(parameter.minimum, now + by)), 2))
            new = int(new) if isinstance(parameter.default, int) else new
            if new != now:
                return name, new, reason
        return None


COMPLAINTS: Mapping[str, Complaint] = _by_name(
    Complaint(  # an author in TRELLIS.2#45: lower the guidance of the first stage
        "FLAT",
        "Flat?",
        (("ss_guidance_strength", -3.0, "less guidance lets Structure give the body more depth"),),
    ),
    Complaint(  # fal.ai: rescaleT sharpens; TRELLIS#58: 20 steps are sometimes too few
        "SOFT",
        "Too Soft?",
        (
            ("tex_slat_rescale_t", 1.5, "a higher rescale T sharpens the texture"),
            ("tex_slat_sampling_steps", 15, "more steps make the texture finer"),
        ),
    ),
    Complaint(  # TRELLIS.2#162; fal.ai: guidance is noisier, rescale steadies it
        "SPOTS",
        "Spots?",
        (
            ("tex_slat_guidance_rescale", 0.5, "rescale steadies the texture's guidance, which makes noise"),
            ("tex_slat_guidance_strength", -1.0, "less guidance makes less noise in the texture"),
        ),
    ),
)
