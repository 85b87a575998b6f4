# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that Blender is told about: one list, registered in order and unregistered in reverse.

The last part holds what Blender calls by itself from its start on, whether the artist makes models or not. So these
functions import a module only if there is something to do: one that was never used has nothing to forget or to end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..host import translation, window
from ..host.at_need import imported
from ..jobs import rows
from ..picture import completed_renders, sources
from ..settings import preferences
from ..settings import scene as scene_settings
from . import at_need, batch, menus, panels
from .at_need import icons, jobs_folder, placeholder, session
from .operators import account as account_operators
from .operators import assets as asset_operators
from .operators import clean_up, finishing, pictured, textures
from .operators import drop as drop_operators
from .operators import jobs as job_operators
from .operators import presets as preset_operators
from .operators import sources as source_operators

Step = Callable[[], object]
Handler = Callable[..., None]
START_SECONDS = 1.0
_undo = ExitStack()
COMMAND = "trellis2"
# Whose classes are registered, in this order.
MODULES: tuple[Any, ...] = (
    *(preferences, scene_settings, source_operators, rows, drop_operators, batch, preset_operators, job_operators),
    *(clean_up, account_operators, asset_operators, finishing, pictured, window, textures, menus, panels),
)
_commands: list[Any] = []  # Blender's handle of the command, by which it is removed


def classes() -> tuple[Any, ...]:
    """Return all classes to register, in order: each module's as they stand there, then those made from tables."""
    own = [(module, cls) for module in MODULES for cls in vars(module).values() if isinstance(cls, type)]
    named = [cls for module, cls in own if cls.__module__ == module.__name__ and cls.__name__.startswith("TRELLIS2_")]
    return (*named, *map(source_operators.operator_of, sources.TABLE), *panels.PARAMETER_PANELS)


def _steps() -> Iterator[tuple[Step, Step]]:
    """Yield each step with the one that undoes it."""
    yield translation.register, translation.unregister
    yield partial(scene_settings.offer_sources, sources.choices(), sources.scene_properties()), nothing
    for cls in classes():
        yield partial(bpy.utils.register_class, cls), partial(bpy.utils.unregister_class, cls)
    yield preferences.take_over_key, nothing
    yield scene_settings.register, scene_settings.unregister
    yield partial(rows.register, row_clicked, row_tooltip), rows.unregister
    yield panels.register, panels.unregister
    yield partial(preferences.when_folder_chosen, at_need.begin_soon), partial(preferences.when_folder_chosen, None)
    for name, draw in menus.DRAWN:
        drawn = getattr(bpy.types, name)
        yield partial(drawn.append, draw), partial(drawn.remove, draw)
    key = source_operators.GENERATE
    yield partial(window.register_key, key), partial(window.unregister_key, key)
    for event, handler in HANDLERS:
        called = getattr(bpy.app.handlers, event)
        yield partial(called.append, persistent(handler)), partial(called.remove, handler)
    yield wait_for_start, partial(_cancel, resume_earlier)
    yield nothing, partial(_cancel, at_need.begin_session)
    yield nothing, end_session
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


# -- what Blender calls


def file_opened(*_arguments: object) -> None:
    """Adapt to the file that was opened: it has its own settings, renders and placeholders."""
    scene_settings.unset_unknown_choices()
    completed_renders.file_opened()
    # Placeholders are lattices, which hardly any file has, so it is fast to look for them.
    if imported(session) or (bpy.data.lattices and placeholder.boxes_of_jobs()):
        session.file_opened()


def file_saved(*_arguments: object) -> None:
    """Write the asset catalog beside the file, which has a place on disk now."""
    asset_operators.file_saved()


def undone(*_arguments: object) -> None:
    """Check renders and placeholders after undo and redo."""
    completed_renders.settle()
    if imported(session):
        session.undone()


def row_clicked(job_id: str) -> None:
    """Select the model of the job that the artist clicked in the list, or find out that it is gone."""
    session.look_for_models()
    asset_operators.select(job_id)


def row_tooltip(job_id: str) -> str:
    """Return what the tooltip of a row of the list says about its job."""
    return panels.job_panel.tooltip(job_id)


def resume_earlier() -> None:
    """Resume the jobs of earlier sessions, if there are any. A one-shot timer, after Blender has started."""
    if jobs_folder.is_any():
        session.start()


HANDLERS: tuple[tuple[str, Handler], ...] = (
    ("load_pre", sources.leave),
    ("load_post", file_opened),
    ("save_post", file_saved),
    ("undo_post", undone),
    ("redo_post", undone),
    ("render_init", completed_renders.note_begun),
    ("render_pre", completed_renders.note_frame),
    ("render_complete", completed_renders.note_completed),
    ("depsgraph_update_post", completed_renders.scene_changed),
    ("frame_change_post", completed_renders.scene_changed),
    ("translation_update_post", translation.language_changed),
)


def wait_for_start() -> None:
    """Look for unfinished jobs once Blender has started. A script without a window resumes them itself."""
    if not bpy.app.background:
        bpy.app.timers.register(resume_earlier, first_interval=START_SECONDS, persistent=True)


def _cancel(timer: Callable[[], None]) -> None:
    if bpy.app.timers.is_registered(timer):
        bpy.app.timers.unregister(timer)


def end_session() -> None:
    """End what was started at need: threads, timers, the background Blender."""
    sources.leave()  # first, because a thread of the session may wait for a picture that one of them makes
    if imported(session):
        session.stop()
    if imported(icons):
        icons.unregister()
