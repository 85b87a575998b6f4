"""What the add-on has left with Blender: timers, handlers, drawn functions, icons. Blender gives no lists of some."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
from bpy.utils import previews

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

_timers: dict[Callable[[], float | None], None] = {}
_icons: list[Any] = []


def note(patch: pytest.MonkeyPatch) -> None:
    """Note from now on which timers Blender is given, and which room for icons it gives."""
    register, new = bpy.app.timers.register, previews.new

    def noted_register(function: Any, **given: Any) -> None:
        _timers[function] = None
        register(function, **given)

    def noted_new() -> Any:
        _icons[:] = [new()]
        return _icons[0]

    patch.setattr(bpy.app.timers, "register", noted_register)
    patch.setattr(previews, "new", noted_new)


def timers(module: Any) -> list[Any]:
    """The timers of that module of the add-on that Blender will call."""
    return [each for each in _of(module, _timers) if bpy.app.timers.is_registered(each)]


def in_a_window(module: Any, patch: pytest.MonkeyPatch) -> list[Any]:
    """Let that module of the add-on believe that Blender has a window; the timers that it then registers."""
    functions: list[Any] = []
    app = SimpleNamespace(
        background=False,
        timers=SimpleNamespace(
            register=lambda function, **_given: functions.append(function), is_registered=functions.__contains__
        ),
    )
    patch.setattr(module, "bpy", SimpleNamespace(app=app))
    return functions


def undone(module: Any) -> None:
    """Tell that module of the add-on, as Blender does, that the artist went back."""
    for handler in _of(module, bpy.app.handlers.undo_post):
        handler()


def drawn(menu: Any) -> list[Any]:
    """The add-on's functions that draw into one of Blender's menus."""
    return [each for each in getattr(menu.draw, "_draw_funcs", []) if "trellis" in each.__module__]


def icons() -> Any:
    """The icons that the add-on has made, by their names."""
    return _icons[0]


def _of(module: Any, functions: Any) -> Iterator[Any]:
    return (each for each in functions if each.__module__ == module.__name__)
