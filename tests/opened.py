"""Counts how often files are opened, with Python's own audit events (`sys.addaudithook`)."""

from __future__ import annotations

import contextlib
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

Opened = Counter[tuple[str, str]]
_counting: list[Opened] = []


def _hook(event: str, details: tuple[Any, ...]) -> None:
    if _counting and event == "open" and isinstance(details[0], str):
        is_written = (details[2] or 0) & (os.O_WRONLY | os.O_RDWR)
        for opened in _counting:
            opened[PurePath(details[0]).name, "write" if is_written else "read"] += 1


@contextlib.contextmanager
def counted() -> Iterator[Opened]:
    """Yield a counter of (file name, "read" or "write"), which counts every open from now on."""
    opened = Opened()
    _counting.append(opened)
    yield opened
    _counting.remove(opened)


sys.addaudithook(_hook)  # Python offers no way to remove a hook
