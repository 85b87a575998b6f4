# SPDX-License-Identifier: GPL-3.0-or-later
"""Text and numbers from outside, made plain before anything else reads them.

Outside are the service, file names, and every file that somebody could have changed. Blender takes only valid UTF-8: a
lone half of an emoji (JavaScript cuts texts so) would stop whoever shows it. A mark of direction turns a name around,
and a control character changes a terminal. Python reads numbers from JSON that no date and no C type can hold.
Whoever signs an address gives away what it leads to, so no text keeps what is signed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
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
HIDDEN = "…"
# Addresses lose what stands behind their path; parts of a signature, and credentials, lose their values.
_QUERIES = re.compile(r"""(?i)\b(https?:(?:\\?/){2}[^\s?#"'<>]*)[?#][^\s"'<>]*""")
_SIGNED = re.compile(
    r"""(?ix)\b(x-amz-[a-z-]+|x-goog-[a-z-]+|signature|expires|key-pair-id|policy|credential|awsaccesskeyid|sig|token
    |access_token|api_key|api_secret|authorization|password)(["']?\s*(?:=|:|%3d)\s*["']?)(?!\s)[^\s&"'<>,;]+"""
)
_CREDENTIALS = re.compile(r"(?i)\b(basic|bearer)\s+(?=[^\s]*[0-9+/=_-])[A-Za-z0-9+/=._~-]{8,}")
# Fields of an answer that are used and never shown or kept.
_USED = frozenset({"url", "nextPaginationToken"})
# What can be a part of any path or address, and leads nowhere else.
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._:~-]{0,199}")


def plain(text: str, length: int = LENGTH_MAXIMUM) -> str:
    """Return the text as valid Unicode without controls and marks of direction, at most `length` characters."""
    return _HALVES.sub("\ufffd", _UNWANTED.sub("", text[:length]))


def one_line(text: str, length: int = NAME_LENGTH) -> str:
    """Return the text made plain, on one line: a name, or a sentence with names in it."""
    return plain(_BREAKS.sub(" ", text[: length + 1]), length)


def redacted(text: str, secrets: Collection[str] = ()) -> str:
    """Return the text without these secrets, signatures of addresses, and credentials."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    text = _CREDENTIALS.sub(rf"\1 {HIDDEN}", _QUERIES.sub(r"\1", text))
    return _SIGNED.sub(rf"\1\2{HIDDEN}", text)


def plain_values(value: Any, secrets: Collection[str] = (), name: str = "") -> Any:
    """Return the JSON value with all its texts and names made plain and redacted.

    `secrets`: texts that are to appear nowhere. `name`: the field that holds the value; an address that is used keeps
    its signature.
    """
    if isinstance(value, str):
        value = plain(value)
        if name not in _USED:
            return redacted(value, secrets)
        return HIDDEN if any(secret in value for secret in secrets) else value
    if isinstance(value, list):
        return [plain_values(each, secrets, name) for each in value]
    if isinstance(value, dict):
        return {redacted(plain(key), secrets): plain_values(each, secrets, key) for key, each in value.items()}
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
