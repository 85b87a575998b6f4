# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of this Blender, as the main thread sees them: one timer that takes in the runner's apply_messages.

The timer is registered when there is something to wait for and ends when nothing is left, so an idle add-on costs
nothing. What the panel draws comes from `jobs()`; nothing is read from disk there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import bpy

from ..core.errors import AccountError, OnlineAccessError
from ..core.job import folder as job_folder
from ..core.job.events import CancelAsked
from ..core.job.job import MAY_FOLLOW, Job
from ..core.runner.messages import Notice
from ..core.runner.questions import check
from ..core.runner.runner import Runner
from ..host.redraw import redraw_sidebars
from ..host.version import VERSION
from ..picture.preview import Previews
from ..scene import placeholder
from ..settings import preferences
from . import apply_messages, jobs_root, rows
from .progress import Echo, ProgressDisplay
from .state import Session, State

TICK_SECONDS = 0.1
READING_SECONDS = 0.05  # while a model is read, which takes a few tenths of a second


_state = State()  # the one piece of state that the add-on has: Blender calls its parts without it
redraw = redraw_sidebars
_log = logging.getLogger(__name__)


# -- what the rest of the Blender side asks for


def state() -> State:
    """All that the add-on remembers."""
    return _state


def use(new: State) -> State:
    """Remember this from now on; what was remembered until now."""
    global _state
    before, _state = _state, new
    preferences.TRELLIS2_AP_preferences.page = new.messages.page
    return before


use(_state)  # for the preferences, before anything was begun


def jobs() -> Mapping[str, Job]:
    """Snapshots of all jobs by their ids, oldest first."""
    return MappingProxyType(_state.session.jobs) if _state.session else MappingProxyType({})


def newest_first() -> Iterator[Job]:
    """The same snapshots, the newest first."""
    return reversed(_state.session.jobs.values()) if _state.session else iter(())


def running() -> Session | None:
    """The session, None where none was started yet."""
    return _state.session


def notices() -> list[Notice]:
    """What is to be said and belongs to no job, the newest last."""
    return _state.messages.notices


def previews() -> Previews | None:
    """What was looked at, None before anything was."""
    return _state.session.previews if _state.session else None


def display() -> ProgressDisplay:
    """What is to be shown of the jobs that run."""
    return _state.session.display if _state.session else ProgressDisplay()


def echo_of(job: Job) -> Echo | None:
    """What was asked of the runner for the job, and is not answered yet."""
    return _state.session.echoes.get(job.id) if _state.session else None


def is_resting(job: Job) -> bool:
    """Whether nothing happens to the job by itself any more, nor was asked for with a click."""
    return job.is_resting and echo_of(job) is not Echo.RETRYING


def words_of(job: Job) -> str:
    """Where the job stands, in a word or two."""
    return display().words(job, echo_of(job))


def waiting_for(job: Job) -> str:
    """Why the job's model is not in the scene yet, though it could be; empty where nothing keeps it."""
    return _state.session.importer.reason_for(job) if _state.session else ""


def is_awaited(job: Job) -> bool:
    """Whether the job's model is on this computer and will come into the scene by itself."""
    return _state.session is not None and _state.session.importer.is_awaited(job)


def incoming() -> Path:
    """The folder for pictures that belong to no job yet."""
    return jobs_root() / job_folder.INCOMING


def remove(job_id: str) -> None:
    """Delete a job that rests, with its files."""
    session = start()
    if job_id not in session.echoes:
        session.echoes[job_id] = Echo.REMOVING
        session.runner.remove(job_id)


def picture_path(job: Job) -> Path | None:
    """The job's picture as it was sent, None where it has none."""
    return _state.session.picture_path(job) if _state.session is not None else None


def folder(job_id: str) -> Path:
    """The job's folder."""
    return start().root / job_id


def cancel(job_id: str) -> None:
    """Stop the job, or have its model kept where it is paid for; the panel says so at once, and its box goes."""
    session = start()
    job = session.jobs[job_id]
    if job.foreign or job_id in session.echoes:
        return
    session.importer.wanted.discard(job_id)
    if job.stage in MAY_FOLLOW[CancelAsked]:
        session.echoes[job_id] = Echo.CANCELLING
        session.runner.cancel(job_id)
    session.placeholders.clicked()
    session.update_placeholders(is_changed=True)


def retry(job_id: str) -> None:
    """Go on with a job that failed, was cancelled or is uncertain, from the furthest stage that is paid for."""
    session = start()
    preferences.online_account()
    if job_id not in session.echoes:
        session.importer.want(job_id)
        session.echoes[job_id] = Echo.RETRYING
        session.runner.resume(job_id)


def identify(job_id: str, remote_id: str) -> None:
    """Go on with an uncertain job as the one with this ID at Scenario, if it is. Raises AccountError or
    OnlineAccessError.
    """
    session = start()
    preferences.online_account()
    session.importer.want(job_id)
    session.runner.identify(job_id, remote_id)


def import_model(job_id: str) -> None:
    """Bring a finished job's model into the scene, as soon as it is read and Blender is free."""
    start().importer.want(job_id, is_asked=True)


def check_connection() -> None:
    """Ask Scenario in the background whether the account works. Raises AccountError or OnlineAccessError."""
    session = start()
    session.runner.ask(preferences.online_account(), check)
    session.is_checking = True


def is_checking() -> bool:
    """Whether a test of the connection is under way."""
    return _state.session is not None and _state.session.is_checking


# -- start, tick, stop


def start() -> Session:
    """The running session, begun if need be, with its timer."""
    if _state.session is None:
        root = jobs_root()
        runner = Runner(root, f"trellis-blender/{VERSION} Blender/{bpy.app.version_string.split()[0]}")
        _state.session = Session(runner, root, _state.messages)
        runner.pictures.prepare = _state.session.previews.client.prepare
        runner.start()
        _use_account(_state.session)
    _wake(TICK_SECONDS)
    return _state.session


def later(errand: Callable[[], object]) -> None:
    """Have the timer do this once, at its next tick. For draw functions, which may do no work."""
    _state.errands[errand] = None
    _wake(TICK_SECONDS)


def _wake(seconds: float) -> None:
    """Let the timer run: the add-on's only one."""
    if not bpy.app.timers.is_registered(_timer):
        bpy.app.timers.register(_timer, first_interval=seconds, persistent=True)


def tick() -> bool:
    """Run the errands, take in the runner's messages and import what is ready; whether there is more to wait for.

    The timer calls it; a script without a window calls it itself.
    """
    errands, _state.errands = _state.errands, {}
    for errand in errands:
        try:
            errand()
        except Exception:  # noqa: BLE001 - the jobs must go on, whatever a picture in the panel does; the log has it all
            _log.exception("unexpected")
    session = _state.session
    if session is None:
        return bool(_state.errands)
    session.ticks += 1
    _use_account(session)
    is_changed = apply_messages.drain(session)
    is_changed = session.importer.step(session.jobs) or is_changed
    session.previews.step(incoming())
    is_moved = session.display.step(session.jobs, is_changed=is_changed)
    session.update_placeholders(is_changed=is_changed, is_moved=is_moved)
    session.prices.step(session.account, session.jobs if session.is_loaded else None)
    if is_moved:
        redraw()
    session.messages.reports.flush()
    return _is_busy(session) or bool(_state.errands)


def stop() -> None:
    """End the session, and remember nothing; the jobs go on from their folders another time."""
    if bpy.app.timers.is_registered(_timer):
        bpy.app.timers.unregister(_timer)
    if _state.session is not None:
        _state.session.placeholders.fill.clear()
        _state.session.previews.stop()
        _state.session.importer.stop()
        _state.session.runner.stop()
        _state.session.display.show("")
    use(State())


def _timer() -> float | None:
    """A module-level function, because a bound method could never be unregistered."""
    if not tick():
        return None
    return READING_SECONDS if _state.session is not None and _state.session.importer.reading else TICK_SECONDS


def _is_busy(session: Session) -> bool:
    is_waiting = any(not job.is_resting or session.importer.is_awaited(job) for job in session.jobs.values())
    is_asking = bool(session.echoes) or session.is_checking or session.prices.is_busy or session.previews.is_busy
    return is_waiting or not session.is_loaded or is_asking or session.placeholders.is_due


def _use_account(session: Session) -> None:
    """Tell the runner when the artist has changed the account, or allowed to go online."""
    try:
        account, held_by = preferences.online_account(), ""
    except (AccountError, OnlineAccessError) as error:
        account, held_by = None, error.sentence
    if (account, held_by) != (session.account, session.held_by):
        session.account, session.held_by = account, held_by
        session.messages.page.answer = None
        session.runner.use(account, held_by)


# -- what Blender tells


def file_opened() -> None:
    """Another file is open: models asked for in the last one wait in the list for a click, unless their boxes are in
    this one. A script that opens files goes on with nothing that it did not ask for.
    """
    if _state.session is not None:
        _state.session.importer.leave_file()
        _state.session.placeholders.file_opened()
        rows.show(newest_first())
        if any(placeholder.boxes()):
            _state.session.is_loaded = False  # another Blender may have begun the jobs of its boxes
            _state.session.runner.load()
    if any(placeholder.boxes()) and (_state.session is not None or not bpy.app.background):
        start()


def undone() -> None:
    """The artist went back or forth: the boxes are looked at with the next tick, when Blender is done with that."""
    if _state.session is not None and any(placeholder.boxes()):
        _state.session.placeholders.is_due = True
        start()
