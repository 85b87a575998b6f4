# SPDX-License-Identifier: GPL-3.0-or-later
"""What draw functions wish to show: they leave a note and get what is there; a timer that runs once does the rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import bpy

from ..core.errors import TrellisError
from .at_need import icons, imported, importing, job_folder, messages, render, session

if TYPE_CHECKING:
    from ..core.picture.file import ChosenPicture
    from ..core.runner.messages import Key, Seen
    from ..picture.preview import Look, Sight

ROWS_A_TICK = 24
RENDER_SECONDS = 0.3
CHECK_SECONDS = 1.0
# Takes a picture from its source. Called on the main thread, and told whether the artist asked to see the picture,
# however long Blender stands still for it; returns None where they have to ask, and may raise TrellisError.
Find = Callable[[bool], "ChosenPicture | None"]


class _Wishes:
    """`key` and `find`: the picture to look at, and what finds its file, None where there is nothing to look at.

    `check` is the picture whose file may have been saved again. `jobs` are the rows in sight without an icon.
    """

    def __init__(self) -> None:
        self.key: Key = ()
        self.find: Find | None = None
        self.check: Key = ()
        self.jobs: dict[str, None] = {}


_wishes = _Wishes()


def view_of(key: Key, find: Find) -> Seen | None:
    """What the model sees of the picture with this key, None while that is not known. For draw functions.

    `find` is called later, unless the picture was seen already.
    """
    look = _look(key)
    if look is None:
        _wishes.key, _wishes.find = key, find
        _wake()
    elif look.file is not None and look.drawn - look.checked >= CHECK_SECONDS:
        look.checked = look.drawn
        _wishes.check = key
        _wake()
    return None if look is None else look.seen


def asked_view_of(key: Key) -> Seen | None:
    """The same of a picture that is only looked at when the artist asks for it."""
    look = _look(key)
    return messages.Seen(key) if look is None else look.seen


def _look(key: Key) -> Look | None:
    sight = session.sight() if imported(session) else None
    look = None if sight is None else sight.looks.get(key)
    if look is not None:
        look.drawn = time.monotonic()
    return look


def icon_of(job_id: str) -> int:
    """The icon of a row of the list, 0 while there is none. For draw functions."""
    icon = icons.of_job(job_id)
    if icon is None:
        _wishes.jobs[job_id] = None
        _wake()
    return icon or 0


def look_again(key: Key, find: Find) -> None:
    """Look at the picture anew, however long it takes: the artist asked for it."""
    _find(session.start().sight, key, find, is_asked=True)


def fulfil() -> None:
    """Do what was wished for, once; a script without a window calls it itself."""
    sight = session.start().sight
    if _wishes.find is not None:
        key, find, _wishes.find = _wishes.key, _wishes.find, None
        _find(sight, key, find, is_asked=False)
    if _wishes.check:
        key, _wishes.check = _wishes.check, ()
        sight.check_file(key)
    if _wishes.jobs and sight.portrayed is None:
        if not sight.is_counting:
            sight.count()
    elif _wishes.jobs:
        _load_icons()


def _find(sight: Sight, key: Key, find: Find, *, is_asked: bool) -> None:
    try:
        chosen = find(is_asked)
    except render.StillRenderingError:
        _wishes.key, _wishes.find = key, lambda asked: find(asked or is_asked)  # it will be over
        _wake()
        return
    except TrellisError as error:
        sight.know(messages.Seen(key, error=error.sentence, remedy=error.remedy))
    else:
        if chosen is None:
            sight.know(messages.Seen(key))
        else:
            sight.look(key, chosen)
    session.redraw()


def _load_icons() -> None:
    """Give the rows in sight their pictures: the model's, else what it is made from."""
    state, is_news = session.start(), False
    wished = list(_wishes.jobs)[:ROWS_A_TICK]
    for job_id in wished:
        del _wishes.jobs[job_id]
        job = state.jobs.get(job_id)
        if job is None:
            continue
        is_portrayed = job_id in (state.sight.portrayed or ())
        path = session.folder(job_id) / job_folder.THUMBNAIL_FILE if is_portrayed else session.picture_path(job)
        has_picture = path is not None and path.is_file()
        icons.load(job_id, path if has_picture else None)
        is_news = is_news or has_picture
        if not is_portrayed and importing.is_importable(job) and not state.arrival.is_awaited(job):
            state.sight.portray([job_id])
    if is_news:
        session.redraw()


def _wake() -> None:
    if not bpy.app.background and not bpy.app.timers.is_registered(_timer):
        bpy.app.timers.register(_timer, persistent=True)


def _timer() -> float | None:
    """A module-level function, because a bound method could never be unregistered."""
    fulfil()
    if _wishes.find is not None:
        return RENDER_SECONDS
    sight = session.sight() if imported(session) else None
    is_counted = sight is not None and sight.portrayed is not None
    return 0.0 if _wishes.jobs and is_counted else None


def file_opened() -> None:
    """Another file is open: its pictures are others."""
    _wishes.find = None
    sight = session.sight() if imported(session) else None
    if sight is not None:
        sight.forget_views()


def forget() -> None:
    """Wish for nothing any more."""
    _wishes.find, _wishes.check = None, ()
    _wishes.jobs.clear()


def unregister() -> None:
    """Leave no timer or wish behind."""
    forget()
    if bpy.app.timers.is_registered(_timer):
        bpy.app.timers.unregister(_timer)
