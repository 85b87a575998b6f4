# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of a server, made plain before anything else reads it.

Blender takes only valid UTF-8: a lone half of an emoji (JavaScript cuts texts so) would stop whoever shows it. A mark
of direction turns a name around, and a control character changes a terminal.
"""

from __future__ import annotations

import re
from typing import Any

LENGTH_MAXIMUM = 100_000  # characters: a signed address is long, a sentence is cut where it is made
# Controls but not white space; marks of direction and invisible signs; halves of surrogate pairs; non-characters.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e0fff]"
)
_HALVES = re.compile("[\ud800-\udfff]")


def plain(text: str, length: int = LENGTH_MAXIMUM) -> str:
    """Return the text as valid Unicode without controls and marks of direction, at most `length` characters."""
    return _HALVES.sub("\ufffd", _UNWANTED.sub("", text[:length]))


def plain_values(value: Any) -> Any:
    """Return the JSON value with all its texts and names made plain."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, list):
        return [plain_values(each) for each in value]
    if isinstance(value, dict):
        return {plain(name): plain_values(each) for name, each in value.items()}
    return value
