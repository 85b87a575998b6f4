# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters of Trellis 2: one table for the wire, for Python and for the panel.

Names, types and defaults come from Scenario's API reference of `model_trellis-2`. Ranges and allowed values come from
Scenario's documentation of the model.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, dataclass_transform

from ..errors import ParameterError, Text

if TYPE_CHECKING:
    Group = Literal["Structure", "Shape", "Texture", "Mesh"]

NAME = "Trellis 2"
Value = bool | int | float
SEED_MAXIMUM = 2**31 - 1
# The stages of the model that a parameter may belong to, by their headings in the panel.
GROUPS: tuple[Group, ...] = ("Structure", "Shape", "Texture", "Mesh")


@dataclass_transform(frozen_default=True)
class Record:
    """A value with named fields. Dataclasses or named tuples would cost every start of Blender a millisecond."""

    def __init__(self, *values: Any, **named: Any) -> None:
        fields, defaults = type(self).__annotations__, vars(type(self))
        # The defaults, too, are the value's own: a function of the class would be a method.
        vars(self).update({name: defaults[name] for name in fields if name in defaults})
        vars(self).update(zip(fields, values, strict=False), **named)


class Parameter(Record):
    """One parameter of the request.

    `wire`: Scenario's name. `name`: Python's name. `label`, `description`: shown to the artist.
    `choices`: the allowed values, if there is no range, with their `labels`.
    """

    wire: str
    name: str
    label: str
    group: Group
    default: Value
    minimum: float
    maximum: float
    description: str
    choices: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()

    def words(self, value: Value) -> str:
        """Return the value as the artist reads it: 1024 px, 100,000, 7.5."""
        if value in self.choices:
            return self.labels[self.choices.index(int(value))]
        return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else f"{value:g}"


_GRIDS, _VOXELS = (512, 1024, 1536), ("512 voxels", "1024 voxels", "1536 voxels")
_SIDES, _PIXELS = (1024, 2048, 4096), ("1024 px", "2048 px", "4096 px")


def _of_stages(label: str, minimum: float, maximum: float, text: str) -> Callable[[str, str, Group, Value], Parameter]:
    """Return what makes a parameter that several stages have, each with its own default."""
    return lambda wire, name, group, default: Parameter(wire, name, label, group, default, minimum, maximum, text)


_GUIDANCE = "How closely this stage follows the picture; too high a value exaggerates, too low a value invents"
_RESCALE = "How far guidance is scaled down again where it is strong; 0 leaves it as it is"
_STEPS = "Sampling steps of this stage; more steps are finer, slower and more expensive"
_RESCALE_T = "Shifts the sampling towards the early, coarse steps; higher values settle the large forms first"
_guidance = _of_stages("Guidance", 0.0, 10.0, _GUIDANCE)
_rescale = _of_stages("Rescale", 0.0, 1.0, _RESCALE)
_steps = _of_stages("Steps", 1, 50, _STEPS)
_rescale_t = _of_stages("Rescale T", 1.0, 6.0, _RESCALE_T)
_RESOLUTION = (
    "Resolution of the voxel grid that the model is built in; higher is more detailed, slower and more expensive"
)
_FACES = "Number of triangles the finished mesh is reduced to"
_TEXTURE = "Width and height of the model's textures in pixels"
_REMESH = "Rebuild the surface as one clean, closed mesh"
_BAND = "Width of the band around the surface that remeshing looks at, in voxels"

TABLE: tuple[Parameter, ...] = (
    Parameter("resolution", "resolution", "Resolution", "Mesh", 1024, 512, 1536, _RESOLUTION, _GRIDS, _VOXELS),
    _guidance("ssGuidanceStrength", "ss_guidance_strength", "Structure", 8.5),
    _rescale("ssGuidanceRescale", "ss_guidance_rescale", "Structure", 0.7),
    _steps("ssSamplingSteps", "ss_sampling_steps", "Structure", 20),
    _rescale_t("ssRescaleT", "ss_rescale_t", "Structure", 5.0),
    _guidance("shapeSlatGuidanceStrength", "shape_slat_guidance_strength", "Shape", 7.5),
    _rescale("shapeSlatGuidanceRescale", "shape_slat_guidance_rescale", "Shape", 0.5),
    _steps("shapeSlatSamplingSteps", "shape_slat_sampling_steps", "Shape", 20),
    _guidance("texSlatGuidanceStrength", "tex_slat_guidance_strength", "Texture", 2.0),
    _rescale("texSlatGuidanceRescale", "tex_slat_guidance_rescale", "Texture", 0.0),
    _steps("texSlatSamplingSteps", "tex_slat_sampling_steps", "Texture", 20),
    _rescale_t("texSlatRescaleT", "tex_slat_rescale_t", "Texture", 3.0),
    Parameter("decimationTarget", "decimation_target", "Faces", "Mesh", 500_000, 100_000, 2_000_000, _FACES),
    Parameter("textureSize", "texture_size", "Texture Size", "Mesh", 2048, 1024, 4096, _TEXTURE, _SIDES, _PIXELS),
    Parameter("remesh", "remesh", "Remesh", "Mesh", True, 0, 1, _REMESH),
    Parameter("remeshBand", "remesh_band", "Remesh Band", "Mesh", 1.0, 1.0, 4.0, _BAND),
)

BY_NAME: Mapping[str, Parameter] = MappingProxyType({parameter.name: parameter for parameter in TABLE})


def of_group(group: Group) -> Iterable[Parameter]:
    """Return the parameters of one stage, in the order in which they are shown."""
    return (parameter for parameter in TABLE if parameter.group == group)


def checked(parameter: Parameter, value: Value) -> Value:
    """Return the value as the parameter's type. Raises ParameterError if it lies outside its range."""
    if isinstance(parameter.default, bool):
        return bool(value)
    named = {"group": parameter.group, "label": parameter.label}
    if not math.isfinite(value) or (isinstance(parameter.default, int) and value != int(value)):
        kind = "a whole number" if isinstance(parameter.default, int) else "a number"
        sentence = "{group}: {label} must be {kind}, not {value}. Change it and try again."
        raise ParameterError(Text(sentence, **named, kind=kind, value=value))
    value = int(value) if isinstance(parameter.default, int) else shortest_decimal(float(value))
    if parameter.choices and value not in parameter.choices:
        allowed = ", ".join(map(str, parameter.choices))
        sentence = "{label} must be one of {allowed}, not {value}."
        raise ParameterError(Text(sentence, **named, allowed=allowed, value=value))
    if not parameter.minimum <= value <= parameter.maximum:
        low, high = f"{parameter.minimum:g}", f"{parameter.maximum:.7g}"
        sentence = "{group}: {label} must lie between {low} and {high}, not {value}."
        raise ParameterError(Text(sentence, **named, low=low, high=high, value=value))
    return value


def shortest_decimal(value: float) -> float:
    """Return the shortest decimal that stands for the same 32-bit float: 0.7 for 0.699999988079071.

    Blender's FloatProperty holds 32 bits. A value with more precision than that is returned unchanged.
    """
    if not math.isfinite(value) or as_32_bit(value) != value:
        return value
    candidates = (float(f"{value:.{digits}g}") for digits in range(1, 10))
    return next((short for short in candidates if as_32_bit(short) == value), value)


def as_32_bit(value: float) -> float:
    """Return the value as a 32-bit float holds it; infinity if it is too large."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.inf
