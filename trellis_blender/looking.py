# SPDX-License-Identifier: GPL-3.0-or-later
"""What draw functions wish to show: they leave a note and get what is there; a timer that runs once does the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import bpy
from bpy.app.handlers import persistent

from . import icons, session
from .arrival import is_importable
from .core import job_folder
from .core.changes import Key, Seen
from .core.errors import TrellisError
from .core.picture import Found
from .sight import Sight

ROWS_A_TICK = 24
Find = Callable[[], Found | None]


@dataclass
class _Wishes:
    """`key` and `find`: the picture to look at, and what finds its file; no key: none.

    `jobs` are the rows in sight without an icon. `renders` counts the renders that were completed in this file, and
    `asked` is the picture that the artist asked to see, however long that takes, until it is had.
    """

    key: Key = ()
    find: Find | None = None
    jobs: dict[str, None] = field(default_factory=dict)
    renders: int = 0
    asked: Key = ()


_wishes = _Wishes()


def view_of(key: Key, find: Find) -> Seen | None:
    """What the model sees of the picture with this key, None while that is not known. For draw functions.

    `find` is called later on the main thread, unless it was seen already. It returns None where the artist has to ask
    for the picture, and may raise TrellisError.
    """
    sight = session.sight()
    if sight is None or sight.key != key:
        _wishes.key, _wishes.find = key, find
        _wake()
        return None
    return sight.seen


def icon_of(job_id: str) -> int:
    """The icon of a row of the list, 0 while there is none. For draw functions."""
    icon = icons.of_job(job_id)
    if icon is None:
        _wishes.jobs[job_id] = None
        _wake()
    return icon or 0


def render_count() -> int:
    """How many renders were completed since the file was opened: another number, another picture."""
    return _wishes.renders


def is_asked(key: Key) -> bool:
    """Whether the artist asked to see this picture, however long Blender stands still for it."""
    return _wishes.asked == key


def look_again() -> None:
    """Look at the chosen picture anew, however long it takes."""
    sight = session.sight()
    if sight is not None:
        _wishes.asked = sight.key or _wishes.asked
        sight.look_again()
    session.redraw()


def fulfil() -> None:
    """Do what was wished for, once; a script without a window calls it itself."""
    sight = session.start().sight
    if _wishes.find is not None:
        key, find, _wishes.find = _wishes.key, _wishes.find, None
        _find(sight, key, find)
        _wishes.asked = ()
    if _wishes.jobs and sight.portrayed is None:
        if not sight.is_counting:
            sight.count()
    elif _wishes.jobs:
        _load_icons()


def _find(sight: Sight, key: Key, find: Find) -> None:
    try:
        found = find()
    except TrellisError as error:
        sight.know(Seen(key, error=error.sentence))
    else:
        if found is None:
            sight.know(Seen(key))
        else:
            sight.look(key, found)
    session.redraw()


def _load_icons() -> None:
    """Give the rows in sight their pictures: the model's, else what it is made from."""
    state = session.start()
    wished = list(_wishes.jobs)[:ROWS_A_TICK]
    for job_id in wished:
        del _wishes.jobs[job_id]
        job = state.jobs.get(job_id)
        if job is None:
            continue
        is_portrayed = job_id in (state.sight.portrayed or ())
        path = session.folder(job_id) / job_folder.THUMBNAIL_FILE if is_portrayed else session.picture_path(job)
        if path is not None and path.is_file():
            icons.load(job_id, path)
        if not is_portrayed and is_importable(job) and not state.arrival.is_awaited(job):
            state.sight.portray([job_id])
    if _wishes.jobs:
        _wake()
    session.redraw()


def _wake() -> None:
    if not bpy.app.background and not bpy.app.timers.is_registered(_timer):
        bpy.app.timers.register(_timer, persistent=True)


def _timer() -> None:
    """A module-level function, because a bound method could never be unregistered."""
    fulfil()


@persistent  # type: ignore[untyped-decorator]  # the stubs leave it open
def _render_completed(*_arguments: object) -> None:
    """Blender calls this from the render's thread: nothing of Blender's is touched here."""
    _wishes.renders += 1


@persistent  # type: ignore[untyped-decorator]  # as above
def _file_opened(*_arguments: object) -> None:
    _wishes.renders, _wishes.asked = 0, ()
    sight = session.sight()
    if sight is not None:
        sight.look_again()


def forget() -> None:
    """Wish for nothing any more."""
    _wishes.find = None
    _wishes.jobs.clear()


def register() -> None:
    """Count the renders."""
    bpy.app.handlers.render_complete.append(_render_completed)
    bpy.app.handlers.load_post.append(_file_opened)


def unregister() -> None:
    """Leave no handler, timer or wish behind."""
    forget()
    bpy.app.handlers.render_complete.remove(_render_completed)
    bpy.app.handlers.load_post.remove(_file_opened)
    if bpy.app.timers.is_registered(_timer):
        bpy.app.timers.unregister(_timer)
