# SPDX-License-Identifier: GPL-3.0-or-later
"""Dataclasses as our JSON files hold them, and back. Anybody may have changed such a file.

A value of another kind than its field's would not be noticed before something far away trips over it.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from .text import LENGTH_MAXIMUM, number

WHOLE_MAXIMUM = 2**53  # above it, JSON's numbers of other programs are not exact
_Kind = TypeVar("_Kind")


def restored(kind: type[_Kind], data: Any) -> _Kind:
    """Return the dataclass that `dataclasses.asdict` took apart. Fields that it does not know are left out.

    Raises KeyError, TypeError or ValueError unless each value is of its field's kind: a text of some length, a finite
    number, and so on inwards. Whether a value makes sense is not known here.
    """
    hints, values = get_type_hints(kind), {}
    for spec in dataclasses.fields(cast(Any, kind)):
        if spec.name in data:
            values[spec.name] = _fitting(data[spec.name], hints[spec.name], spec.name)
    return kind(**values)


def _fitting(value: Any, hint: Any, name: str) -> Any:
    """Return the field's value as the hint wants it. Raises KeyError, TypeError or ValueError if it does not fit."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _fitting_one_of(value, inner, name)
    if dataclasses.is_dataclass(hint):
        return restored(cast(Any, hint), value)
    if origin in (list, tuple) and isinstance(value, list):
        return origin(_fitting(each, inner[0], name) for each in value)
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, dict):
        return {_fitting(key, inner[0], name): _fitting(each, inner[1], name) for key, each in value.items()}
    if hint is float and number(value) is not None:
        return value
    if hint is int and type(value) is int and abs(value) <= WHOLE_MAXIMUM:
        return value
    if hint is str and isinstance(value, str) and len(value) <= LENGTH_MAXIMUM:
        return value
    if hint is Any or (hint in (bool, type(None)) and type(value) is hint):
        return value
    raise TypeError(f"{name} is no {hint}")


def _fitting_one_of(value: Any, hints: tuple[Any, ...], name: str) -> Any:
    for hint in hints:
        try:
            return _fitting(value, hint, name)
        except (KeyError, TypeError, ValueError):
            continue
    raise TypeError(f"{name} is none of {hints}")
