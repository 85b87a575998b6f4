# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that are imported when something of them is first used, for every start of Blender pays for all others."""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from typing import Any

from .. import __package__ as base_package


class AtNeed:
    """Stands for a module of the add-on. `name` is the one within the add-on, such as “jobs.session”."""

    __slots__ = ("__dict__", "full_name")

    def __init__(self, name: str) -> None:
        self.full_name = f"{base_package}.{name}"

    def __getattr__(self, attribute: str) -> Any:
        """Return what the module has by that name. Raises ImportError and AttributeError."""
        module = import_module(self.full_name)
        self.__dict__ = module.__dict__  # from now on a look there costs nothing more, and finds what a test replaces
        return getattr(module, attribute)


class FunctionsAtNeed(AtNeed):
    """The same where all that is used are functions: taking one imports nothing, calling it does."""

    def __getattr__(self, attribute: str) -> Any:
        """Return the module's function by that name, or what will call it."""
        return partial(self._call, attribute)

    def _call(self, function: str, *given: Any, **named: Any) -> Any:
        return super().__getattr__(function)(*given, **named)


def imported(module: Any) -> Any:
    """Return the module if anything has used it yet, else None: then it has no state, no timer and no thread."""
    return sys.modules.get(module.full_name)
