# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that Blender is told about: one list, registered in order and unregistered in reverse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..host import keymap, report
from ..host.translation import translation
from ..jobs import rows
from ..picture import completed_renders, sources
from ..settings import preferences
from ..settings import scene as scene_settings
from . import at_need, handlers, menus, panels, status_bar
from .batch import operators as batch_operators
from .operators import account as account_operators
from .operators import assets as asset_operators
from .operators import clean_up, finishing, pictured, textures, variations
from .operators import drop as drop_operators
from .operators import jobs as job_operators
from .operators import presets as preset_operators
from .operators import preview as preview_operators
from .operators import sources as source_operators
from .operators.finishing import game_ready
from .panels import gallery


def classes() -> tuple[Any, ...]:
    """Return all classes to register, in order. The sources' operators follow the table of sources as it is now."""
    return (
        preferences.TRELLIS2_AP_preferences,
        scene_settings.TRELLIS2_PG_settings,
        *rows.CLASSES,
        *source_operators.classes(),
        *drop_operators.CLASSES,
        *batch_operators.CLASSES,
        *preset_operators.CLASSES,
        *job_operators.CLASSES,
        *clean_up.CLASSES,
        *account_operators.CLASSES,
        *asset_operators.CLASSES,
        *finishing.CLASSES,
        *game_ready.CLASSES,
        *pictured.CLASSES,
        *preview_operators.CLASSES,
        *report.CLASSES,
        *textures.CLASSES,
        *variations.CLASSES,
        *status_bar.CLASSES,
        *menus.CLASSES,
        *panels.CLASSES,
        *gallery.CLASSES,
    )


DRAWN = (*menus.ENTRIES, ("STATUSBAR_HT_header", status_bar.draw))
Step = Callable[[], object]
_undo = ExitStack()
COMMAND = "trellis2"
_commands: list[Any] = []  # Blender's handle of the command, by which it is removed


def _steps() -> Iterator[tuple[Step, Step]]:
    """Yield each step with the one that undoes it."""
    yield translation.register, translation.unregister
    yield partial(scene_settings.offer_sources, sources.choices(), sources.scene_properties()), nothing
    for cls in classes():
        yield partial(bpy.utils.register_class, cls), partial(bpy.utils.unregister_class, cls)
    yield preferences.take_over_key, nothing
    yield scene_settings.register, scene_settings.unregister
    yield partial(rows.register, handlers.row_clicked, panels.row_tooltip), rows.unregister
    yield gallery.register, gallery.unregister
    yield partial(preferences.when_folder_chosen, at_need.begin_soon), partial(preferences.when_folder_chosen, None)
    for name, draw in DRAWN:
        drawn = getattr(bpy.types, name)
        yield partial(drawn.append, draw), partial(drawn.remove, draw)
    yield partial(keymap.register, source_operators.GENERATE), partial(keymap.unregister, source_operators.GENERATE)
    for event, handler in handlers.HANDLERS:
        called = getattr(bpy.app.handlers, event)
        yield partial(called.append, persistent(handler)), partial(called.remove, handler)
    yield handlers.wait_for_start, handlers.wait_no_more
    yield nothing, at_need.begin_no_more
    yield nothing, handlers.end_session
    yield completed_renders.watch, completed_renders.watch_no_more
    yield _add_command, _remove_command


def _add_command() -> None:
    """Offer `blender --command trellis2`."""
    utils: Any = bpy.utils  # the stubs know no handle
    _commands.append(utils.register_cli_command(COMMAND, run_command))


def _remove_command() -> None:
    bpy.utils.unregister_cli_command(_commands.pop())


def run_command(arguments: list[str]) -> int:
    """Run the command line in this Blender, and return the exit status. Its modules are imported only now."""
    from ..command import in_blender

    return in_blender.run(arguments)


def nothing() -> None:
    """Do nothing: for a step that starts at need, or needs no undoing."""


def register() -> None:
    """Add everything to Blender, or nothing: if one step fails, undo the steps before it."""
    with ExitStack() as undo:
        for add, remove in _steps():
            add()
            undo.callback(remove)
        _undo.push(undo.pop_all())


def unregister() -> None:
    """Take everything out again, last first. A step that fails does not stop the others."""
    _undo.close()
