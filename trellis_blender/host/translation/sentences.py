# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognize a finished sentence by its pattern, so that it can be translated.

The core writes all its sentences in English, and job folders keep them so. A pattern is a sentence with named fields in
place of the parts that vary: “The picture “{name}” is gone. Choose another file.”
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_FIELD = re.compile(r"\{(\w+)\}")


class Sentences:
    """A set of patterns to recognize sentences by. Patterns with more fixed text are tried first."""

    def __init__(self, patterns: Iterable[str]) -> None:
        fielded = (pattern for pattern in patterns if _FIELD.search(pattern))
        ordered = sorted(fielded, key=lambda pattern: len(_FIELD.sub("", pattern)), reverse=True)
        self._known = [(pattern, _expression(pattern)) for pattern in ordered]

    def take_apart(self, sentence: str) -> tuple[str, Mapping[str, str]] | None:
        """Return the sentence's pattern and the text in each field, None if no pattern fits."""
        for pattern, expression in self._known:
            match = expression.fullmatch(sentence)
            if match is not None:
                return pattern, match.groupdict()
        return None


def fields(pattern: str) -> list[str]:
    """Return the names of the pattern's fields in alphabetical order, each as often as it occurs."""
    return sorted(_FIELD.findall(pattern))


def _expression(pattern: str) -> re.Pattern[str]:
    parts, seen = [], set()
    for number, part in enumerate(_FIELD.split(pattern)):
        if number % 2 == 0:
            parts.append(re.escape(part))
        elif part in seen:
            parts.append(f"(?P={part})")
        else:
            seen.add(part)
            parts.append(f"(?P<{part}>.+?)")
    return re.compile("".join(parts), re.DOTALL)
