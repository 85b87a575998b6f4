# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of this Blender, as the main thread sees them: one timer that takes in the runner's news.

The timer is registered when there is something to wait for and ends when nothing is left, so an idle add-on costs
nothing. What the panel draws comes from `jobs()`; nothing is read from disk there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import bpy

from ..core.errors import AccountError, OnlineAccessError
from ..core.job import folder as job_folder
from ..core.job.events import CancelAsked, Resumed
from ..core.job.job import Job, advance
from ..core.runner.messages import Change, Notice
from ..core.runner.runner import Runner
from ..host import redraw as screens
from ..host.version import VERSION
from ..picture.preview import Sight
from ..scene import placeholder
from ..settings import preferences
from . import apply_messages as news
from . import jobs_root
from . import rows as job_list
from .progress import Watch
from .state import Session

if TYPE_CHECKING:
    from ..core.runner.steps import Desk

TICK_SECONDS = 0.1
READING_SECONDS = 0.05  # while a model is read, which takes a few tenths of a second


_session: Session | None = None
_NO_WATCH = Watch()
redraw = screens.redraw_sidebars


# -- what the rest of the Blender side asks for


def jobs() -> Mapping[str, Job]:
    """Snapshots of all jobs by their ids, oldest first."""
    return MappingProxyType(_session.jobs) if _session else MappingProxyType({})


def newest_first() -> Iterator[Job]:
    """The same snapshots, the newest first."""
    return reversed(_session.jobs.values()) if _session else iter(())


def running() -> Session | None:
    """The session, None where none was started yet."""
    return _session


def notices() -> list[Notice]:
    """What is to be said and belongs to no job, the newest last."""
    return _session.notices if _session else []


def dismiss_notices() -> None:
    """The artist has read them."""
    notices().clear()


def sight() -> Sight | None:
    """What was looked at, None before anything was."""
    return _session.sight if _session else None


def watch() -> Watch:
    """What is to be shown of the jobs that run."""
    return _session.watch if _session else _NO_WATCH


def waiting_for(job: Job) -> str:
    """Why the job's model is not in the scene yet, though it could be; empty where nothing keeps it."""
    return _session.arrival.reason_for(job) if _session else ""


def incoming() -> Path:
    """The folder for pictures that belong to no job yet."""
    return jobs_root() / job_folder.INCOMING


def remove(job_id: str) -> None:
    """Delete a job that rests, with its files."""
    start().runner.remove(job_id)


def picture_path(job: Job) -> Path | None:
    """The job's picture as it was sent, None where it has none."""
    return _session.picture_path(job) if _session is not None else None


def folder(job_id: str) -> Path:
    """The job's folder."""
    return start().root / job_id


def cancel(job_id: str) -> None:
    """Stop the job, or have its model kept where Scenario does not; the panel says so at once, and its box goes."""
    session = start()
    job = session.jobs[job_id]
    if not (job.is_resting or job.foreign):
        session.jobs[job_id] = advance(job, CancelAsked(), time.time())
        session.arrival.wanted.discard(job_id)
        session.runner.cancel(job_id)
        session.boxes.clicked()
        session.show_boxes(is_changed=True)


def retry(job_id: str) -> None:
    """Go on with a job that failed, was cancelled or is uncertain, from the furthest stage that is paid for."""
    session = start()
    preferences.online_account()
    session.arrival.want(job_id)
    session.jobs[job_id] = advance(session.jobs[job_id], Resumed(), time.time())
    session.runner.resume(job_id)


def identify(job_id: str, remote_id: str) -> None:
    """Go on with an uncertain job as the one with this ID at Scenario, if it is. Raises AccountError or
    OnlineAccessError.
    """
    session = start()
    preferences.online_account()
    session.arrival.want(job_id)
    session.runner.identify(job_id, remote_id)


def import_model(job_id: str) -> None:
    """Bring a finished job's model into the scene, as soon as it is read and Blender is free."""
    start().arrival.want(job_id, is_asked=True)


def check_connection() -> None:
    """Ask Scenario in the background whether the account works. Raises AccountError or OnlineAccessError."""
    session = start()
    session.runner.ask(preferences.online_account(), _check)
    session.is_checking = True


def _check(desk: Desk) -> Change:
    from ..core.runner.questions import check

    return check(desk)


def is_checking() -> bool:
    """Whether a test of the connection is under way."""
    return _session is not None and _session.is_checking


# -- start, tick, stop


def start() -> Session:
    """The running session, begun if need be, with its timer."""
    global _session  # noqa: PLW0603 - the one piece of state
    if _session is None:
        root = jobs_root()
        runner = Runner(root, f"trellis-blender/{VERSION} Blender/{bpy.app.version_string.split()[0]}")
        _session = Session(runner, root)
        runner.pictures.prepare = _session.sight.client.prepare
        runner.start()
        _use_account(_session)
    if not bpy.app.timers.is_registered(_timer):
        bpy.app.timers.register(_timer, first_interval=TICK_SECONDS, persistent=True)
    return _session


def tick() -> bool:
    """Take in the runner's news and import what is ready; whether there is anything left to wait for.

    The timer calls it; a script without a window calls it itself.
    """
    session = _session
    if session is None:
        return False
    session.ticks += 1
    _use_account(session)
    is_news = news.drain(session)
    is_news = session.arrival.step(session.jobs) or is_news
    session.sight.read_what_workers_want(incoming())
    is_moved = session.watch.step(session.jobs, is_news=is_news)
    session.show_boxes(is_changed=is_news, is_moved=is_moved)
    session.prices.step(session.account, session.jobs if session.is_loaded else None)
    if is_moved:
        redraw()
    session.reports.flush()
    return _is_busy(session)


def stop() -> None:
    """End the session; its jobs go on from their folders another time."""
    global _session  # noqa: PLW0603 - the one piece of state
    if bpy.app.timers.is_registered(_timer):
        bpy.app.timers.unregister(_timer)
    if _session is not None:
        _session.boxes.fill.clear()
        _session.sight.stop()
        _session.arrival.stop()
        _session.runner.stop()
        _session.watch.show("")
        _session = None


def _timer() -> float | None:
    """A module-level function, because a bound method could never be unregistered."""
    if not tick():
        return None
    return READING_SECONDS if _session is not None and _session.arrival.reading else TICK_SECONDS


def _is_busy(session: Session) -> bool:
    is_waiting = any(not job.is_resting or session.arrival.is_awaited(job) for job in session.jobs.values())
    is_asking = session.is_checking or session.prices.is_busy or session.sight.is_busy
    return is_waiting or not session.is_loaded or is_asking or session.boxes.is_due


def _use_account(session: Session) -> None:
    """Tell the runner when the artist has changed the account, or allowed to go online."""
    try:
        account, held_by = preferences.online_account(), ""
    except (AccountError, OnlineAccessError) as error:
        account, held_by = None, error.sentence
    if (account, held_by) != (session.account, session.held_by):
        session.account, session.held_by = account, held_by
        preferences.show_answer(None)
        session.runner.use(account, held_by)


# -- what Blender tells


def file_opened() -> None:
    """Another file is open: models asked for in the last one wait in the list for a click, unless their boxes are in
    this one. A script that opens files goes on with nothing that it did not ask for.
    """
    if _session is not None:
        _session.arrival.leave_file()
        _session.boxes.file_opened()
        job_list.show(newest_first())
        if any(placeholder.boxes()):
            _session.is_loaded = False  # another Blender may have begun the jobs of its boxes
            _session.runner.load()
    if any(placeholder.boxes()) and (_session is not None or not bpy.app.background):
        start()


def undone() -> None:
    """The artist went back or forth: the boxes are looked at with the next tick, when Blender is done with that."""
    if _session is not None and any(placeholder.boxes()):
        _session.boxes.is_due = True
        start()


def unregister() -> None:
    """Leave no timer or thread behind."""
    stop()
    preferences.show_answer(None)
