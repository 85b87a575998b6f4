# SPDX-License-Identifier: GPL-3.0-or-later
"""Import a module when it is first used: every import at start-up makes Blender start later."""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from typing import Any

from .. import __package__ as base_package


class AtNeed:
    """A stand-in for a module of the add-on. `name` is relative to the add-on, such as “jobs.session”."""

    __slots__ = ("__dict__", "full_name")

    def __init__(self, name: str) -> None:
        self.full_name = f"{base_package}.{name}"

    def __getattr__(self, attribute: str) -> Any:
        """Return the module's attribute of that name. Raises ImportError or AttributeError."""
        module = import_module(self.full_name)
        self.__dict__ = module.__dict__  # later lookups skip this method, and find what a test replaces
        return getattr(module, attribute)


class FunctionsAtNeed(AtNeed):
    """A stand-in for a module of which only functions are used: the import waits until one is called."""

    def __getattr__(self, attribute: str) -> Any:
        """Return a function that imports the module and calls its function of that name."""
        return partial(self._call, attribute)

    def _call(self, function: str, *given: Any, **named: Any) -> Any:
        return super().__getattr__(function)(*given, **named)


def imported(module: Any) -> Any:
    """Return the module if anything has used it yet, else None: then it has no state, timer or thread."""
    return sys.modules.get(module.full_name)
