# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a glTF's JSON, with the type they must have. A wrong field raises a ModelFileError that says where."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..text import one_line
from .glb import damaged

Node = Mapping[str, Any]
INTEGER_MAXIMUM = 2**32


def integer(holder: Node, name: str, where: str, default: int | None = None, below: int = INTEGER_MAXIMUM) -> int:
    """Return a whole number from 0 up to, but not including, `below`."""
    value = holder.get(name, default)
    if isinstance(value, float) and value.is_integer():  # glTF 2.0 §2.7: 1.0 is an integer too
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < below:
        raise damaged(f"{where} has no valid {name}")
    return value


def optional_index(holder: Node, name: str, where: str, count: int) -> int | None:
    """Return an index into a list of that length; None if the field is missing."""
    return integer(holder, name, where, below=count) if name in holder else None


def number(holder: Node, name: str, where: str, default: float) -> float:
    """Return a finite number."""
    value = holder.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise damaged(f"{where} has no valid {name}")
    return float(value)


def numbers(holder: Node, name: str, where: str, default: Sequence[float]) -> tuple[float, ...]:
    """Return as many finite numbers as the default has."""
    value = holder.get(name, default)
    is_list = isinstance(value, list | tuple) and len(value) == len(default)
    if not is_list or any(isinstance(n, bool) or not isinstance(n, int | float) or not _is_finite(n) for n in value):
        raise damaged(f"{where} has no valid {name}")
    return tuple(map(float, value))


def text(holder: Node, name: str, where: str, default: str = "") -> str:
    """Return a text, made plain: it may become a name in Blender."""
    value = holder.get(name, default)
    if not isinstance(value, str):
        raise damaged(f"{where} has no valid {name}")
    return one_line(value)


def flag(holder: Node, name: str, where: str) -> bool:
    """Return True or False; False if the field is missing."""
    value = holder.get(name, False)
    if not isinstance(value, bool):
        raise damaged(f"{where} has no valid {name}")
    return value


def objects(holder: Node, name: str) -> list[Node]:
    """Return a list of JSON objects; empty if the field is missing."""
    value = holder.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise damaged(f"{name} is not a list of objects")
    return value


def texts(holder: Node, name: str) -> list[str]:
    """Return a list of texts; empty if the field is missing."""
    value = holder.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise damaged(f"{name} is not a list of texts")
    return [one_line(item) for item in value]


def child(holder: Node, name: str, where: str) -> Node:
    """Return a JSON object; empty if the field is missing."""
    value = holder.get(name, {})
    if not isinstance(value, dict):
        raise damaged(f"{where} has no valid {name}")
    return value


def indices(holder: Node, name: str, where: str, count: int) -> list[int]:
    """Return a list of indices into a list of that length; empty if the field is missing."""
    value = holder.get(name, [])
    if not isinstance(value, list):
        raise damaged(f"{where} has no valid {name}")
    return [integer({name: item}, name, where, below=count) for item in value]


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False
