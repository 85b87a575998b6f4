# SPDX-License-Identifier: GPL-3.0-or-later
"""Text and numbers from outside, made plain before anything else reads them.

Outside are the service, file names, and every file that somebody could have changed. Blender takes only valid UTF-8: a
lone half of an emoji (JavaScript cuts texts so) would stop whoever shows it. A mark of direction turns a name around,
and a control character changes a terminal. Python reads numbers from JSON that no date and no C type can hold.
"""

from __future__ import annotations

import math
import re
from typing import Any, TypeGuard

LENGTH_MAXIMUM = 100_000  # characters: a signed address is long
NAME_LENGTH = 255  # characters of a file's, a job's or a material's name
SENTENCE_LENGTH = 1000
# Controls but not white space; marks of direction and invisible signs; halves of surrogate pairs; non-characters.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e0fff]"
)
_HALVES = re.compile("[\ud800-\udfff]")
_BREAKS = re.compile("[\t\n\r\x0b\x0c\x85\u2028\u2029]+")
# What can be a part of any path or address, and leads nowhere else.
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._:~-]{0,199}")


def plain(text: str, length: int = LENGTH_MAXIMUM) -> str:
    """Return the text as valid Unicode without controls and marks of direction, at most `length` characters."""
    return _HALVES.sub("\ufffd", _UNWANTED.sub("", text[:length]))


def one_line(text: str, length: int = NAME_LENGTH) -> str:
    """Return the text made plain, on one line: a name, or a sentence with names in it."""
    return plain(_BREAKS.sub(" ", text[: length + 1]), length)


def plain_values(value: Any) -> Any:
    """Return the JSON value with all its texts and names made plain."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, list):
        return [plain_values(each) for each in value]
    if isinstance(value, dict):
        return {plain(name): plain_values(each) for name, each in value.items()}
    return value


def is_identifier(value: Any) -> TypeGuard[str]:
    """Return whether it is a text that can be a part of any path or address, and leads nowhere else there."""
    return isinstance(value, str) and _IDENTIFIER.fullmatch(value) is not None


def number(value: Any) -> float | None:
    """Return the JSON value as a float; None if it is no number, or one that a float cannot hold, or not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None
