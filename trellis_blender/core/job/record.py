# SPDX-License-Identifier: GPL-3.0-or-later
"""A job as `job.json` holds it, and back. Anybody may have changed that file, so nothing of it is taken on trust.

A name that becomes a path or a part of an address is one of ours, or the file is damaged. Other texts are made plain. A
number that no date, no C type and no price can hold is replaced, so that a paid model stays in reach.
"""

from __future__ import annotations

import calendar
import dataclasses
import re
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, get_args, get_type_hints

from ..errors import Remedy, Text, packed, unpacked
from ..model.surface import findings
from ..picture.file import SENDABLE
from ..picture.viewpoint import Viewpoint
from ..request.models import MODELS, TRELLIS_2
from ..request.parameters import SEED_MAXIMUM, Value
from ..text import NAME_LENGTH, SENTENCE_LENGTH, is_identifier, number, one_line, redacted
from .job import TRANSIENT, Job, Stage

FORMAT = 1
MESSAGE_PARTS = "message_parts"  # a template and its values, beside the finished sentence that earlier versions read
PICTURES = tuple(f"source.{kind}" for kind in SENDABLE)
MOMENT_MAXIMUM = 32_503_680_000.0  # the year 3000: Windows' `localtime` ends there
AMOUNT_MAXIMUM = 1e9  # compute units, or seconds
COUNT_MAXIMUM = 2**31 - 1  # a whole number in a custom property of Blender
PARAMETERS_MAXIMUM = 100
_MOMENTS = frozenset({"created", "ended", "resumed", "accepted"})
ID_LENGTH = 300  # characters of an id at the service, which makes it a part of an address itself
_LENGTHS = {"name": NAME_LENGTH, "picture_name": NAME_LENGTH, "message": SENTENCE_LENGTH}
_FOLDER = re.compile(r'[^\x00-\x1f\x7f<>:"/\\|?*. ][^\x00-\x1f\x7f<>:"/\\|?*]{0,254}')
_OWN_NAMES = frozenset({"batch", "picture_sha256"})


class DamagedJobError(Exception):
    """A `job.json` that cannot be understood."""


class NewerJobError(DamagedJobError):
    """A sound `job.json` from a newer version of the add-on."""


def as_json(job: Job) -> dict[str, Any]:
    """Return what is written to disk: everything but the transient state."""
    fields = {spec.name: getattr(job, spec.name) for spec in dataclasses.fields(job) if spec.name not in TRANSIENT}
    if job.model == TRELLIS_2.id:  # the default, which files of earlier versions do not name either
        del fields["model"]
    for name, pack in (("findings", dataclasses.asdict), ("viewpoint", Viewpoint.as_json)):
        value = fields.pop(name)
        if value is not None:
            fields[name] = pack(value)
    if isinstance(job.message, Text):
        fields[MESSAGE_PARTS] = packed(job.message)
    names = {name: one_line(fields[name]) for name in ("name", "picture_name")}
    return {"format": FORMAT, **fields, **names, "parameters": dict(job.parameters)}


def from_json(data: Any) -> Job:
    """Return the job that `as_json` wrote. Raises KeyError, TypeError or ValueError if something does not fit."""
    if type(data["format"]) is not int or data["format"] < FORMAT:
        raise ValueError("no such format")
    if data["format"] > FORMAT:
        raise NewerJobError("written by a newer version of the add-on")
    if data.get("model", TRELLIS_2.id) not in MODELS:
        raise NewerJobError("made by a model that is not known here")
    hints = get_type_hints(Job)
    values: dict[str, Any] = {}
    for spec in dataclasses.fields(Job):
        if spec.name in TRANSIENT or (spec.name not in data and spec.default is not dataclasses.MISSING):
            continue
        values[spec.name] = _restored(data[spec.name], hints[spec.name], spec.name)
    if not _is_folder(values["id"]):
        raise ValueError("the id is none of ours")
    if values["created"] is None:
        values["created"] = _moment_of(values["id"])
    if values.get("charged_in_vain", 0.0) is None:
        values["charged_in_vain"] = 0.0
    if "message" in values:
        values["message"] = _with_parts(values["message"], data.get(MESSAGE_PARTS))
    return Job(**values)


def _with_parts(sentence: str, parts: Any) -> str:
    """Return the sentence as a `Text`, which can be translated, if these are its parts. Earlier versions wrote none."""
    try:
        text = unpacked(parts)
    except (ValueError, TypeError, LookupError, AttributeError):
        return sentence
    return text if text == sentence else sentence


def _is_folder(name: str) -> bool:
    """Return whether this can be a job's folder, which is nowhere else: a batch names its own after their pictures."""
    return _FOLDER.fullmatch(name) is not None and one_line(name) == name


def _restored(value: Any, hint: Any, name: str) -> Any:
    if hint in (Stage, Remedy):
        return hint(value)
    if name in _READERS and (value is not None or name == "parameters"):
        return _READERS[name](value)
    if hint in (tuple[str, ...], tuple[int, ...]):
        return _list(value, get_args(hint)[0], name)
    if hint in (str, bool, int):
        if type(value) is not hint:
            raise TypeError(f"{name} is not a {hint.__name__}")
        if hint is str:
            return _text(value, name)
        return min(max(value, 0), COUNT_MAXIMUM) if hint is int else value
    if value is None and hint is not float:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is not a number")
    found, most = number(value), MOMENT_MAXIMUM if name in _MOMENTS else AMOUNT_MAXIMUM
    return value if found is not None and 0 <= found <= most else None


def _text(value: str, name: str) -> str:
    if name == "picture" and value not in ("", *PICTURES):
        raise ValueError("the picture is none of this folder")
    if name in _OWN_NAMES and value and not _is_folder(value):
        raise ValueError(f"{name} is none of ours")
    text = one_line(value, _LENGTHS.get(name, ID_LENGTH))
    return redacted(text) if name == "message" else text


def _list(value: Any, kind: type, name: str) -> tuple[Any, ...]:
    if not isinstance(value, list) or not all(type(item) is kind for item in value):
        raise TypeError(f"{name} is not a list of {kind.__name__}")
    if name == "crop":
        if len(value) not in (0, 6):
            raise TypeError("a crop is six numbers")
        return tuple(value) if _is_crop(*value) else ()
    return tuple(_text(item, name) for item in value)


def _is_crop(*sides: int) -> bool:
    """Return whether it has an extent: left, top, right, bottom, of width and height, may lie outside; or is empty."""
    if not sides:
        return True
    left, top, right, bottom, width, height = sides
    is_bounded = all(abs(side) <= COUNT_MAXIMUM for side in sides)
    return is_bounded and left < right and top < bottom and width > 0 and height > 0


def _parameters(value: Any) -> Mapping[str, Value]:
    """Return the parameters. Raises TypeError or ValueError if one is no number that Blender can hold."""
    if not all(isinstance(item, int | float) for item in value.values()) or "seed" not in value:
        raise TypeError("parameters are not numbers, or have no seed")
    seed = value["seed"]
    if type(seed) is not int or not 0 <= seed <= SEED_MAXIMUM:
        raise ValueError("the seed is none")
    if len(value) > PARAMETERS_MAXIMUM or not all(map(is_identifier, value)):
        raise ValueError("parameters have no names of ours")
    for item in value.values():
        found = float(item) if isinstance(item, bool) else number(item)
        if found is None or abs(found) > COUNT_MAXIMUM:
            raise ValueError("a parameter is out of all bounds")
    return MappingProxyType(dict(value))


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "parameters": _parameters,
    "findings": findings.from_json,
    "viewpoint": Viewpoint.from_json,
}


def _moment_of(job_id: str) -> float:
    """Return when a job with this id was created, in seconds since 1970; 0 if the id does not say."""
    try:
        return float(calendar.timegm(time.strptime(job_id[:15], "%Y%m%d-%H%M%S")))
    except ValueError:
        return 0.0
