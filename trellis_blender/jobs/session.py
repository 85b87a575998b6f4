# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of this Blender, as the main thread sees them: one timer takes in the runner's messages.

The timer is registered when there is something to wait for and ends when nothing is left, so an idle add-on costs
nothing. The panel draws from `jobs()` and reads nothing from disk.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

import bpy

from ..core.errors import AccountError, OnlineAccessError, Text, TrellisError
from ..core.job import folder as job_folder
from ..core.job.events import CancelAsked
from ..core.job.job import MAY_FOLLOW, Job, Stage
from ..core.job.words import WORDS
from ..core.runner.messages import Notice
from ..core.runner.questions import check, measured
from ..core.runner.runner import Runner
from ..host.version import VERSION
from ..host.window import redraw_sidebars
from ..picture.preview import Previews
from ..scene import material, placeholder
from ..scene.finishing.work import Work
from ..settings import jobs_folder, preferences
from ..settings.jobs_folder import jobs_root
from . import apply_messages, rows
from .messages import press_import
from .progress import Echo, ProgressDisplay
from .state import Session, State

TICK_SECONDS = 0.1
STOP_SECONDS = 2.0
LEAVE_SECONDS = 60.0  # for the runner of another folder to let go of its jobs, before they are moved
READING_SECONDS = 0.02  # while a model is read, which takes a few tenths of a second


_state = State()  # the add-on's only global state: Blender's callbacks cannot be given it as an argument
redraw = redraw_sidebars
_log = logging.getLogger(__name__)


# -- what the other rooms call


def state() -> State:
    """Return all that the add-on remembers."""
    return _state


def use(new: State) -> State:
    """Replace all that the add-on remembers. Return the state before."""
    global _state
    before, _state = _state, new
    preferences.TRELLIS2_AP_preferences.page = new.messages.page
    return before


use(_state)  # so that the preferences have their page from the start


def jobs() -> Mapping[str, Job]:
    """Return the snapshots of all jobs by their ids, oldest first."""
    return MappingProxyType(_state.session.jobs) if _state.session else MappingProxyType({})


def newest_first() -> Iterator[Job]:
    """Return the same snapshots, newest first."""
    return reversed(_state.session.jobs.values()) if _state.session else iter(())


def running() -> Session | None:
    """Return the session, None if none was started yet."""
    return _state.session


def notices() -> list[Notice]:
    """Return the notices that belong to no job, newest last."""
    return _state.messages.notices


def previews() -> Previews | None:
    """Return the previews, None before the session starts."""
    return _state.session.previews if _state.session else None


def display() -> ProgressDisplay:
    """Return what to show of the running jobs."""
    return _state.session.display if _state.session else ProgressDisplay()


def echo_of(job: Job) -> Echo | None:
    """Return the request for this job that the runner has not answered yet, None if there is none."""
    return _state.session.echoes.get(job.id) if _state.session else None


def is_resting(job: Job) -> bool:
    """Return whether nothing happens to the job by itself any more, and no retry was clicked."""
    return job.is_resting and echo_of(job) is not Echo.RETRYING


def words_of(job: Job) -> str:
    """Return the job's state in a word or two."""
    return WORDS[Stage.READY] if is_lost(job) else display().words(job, echo_of(job))


def is_lost(job: Job) -> bool:
    """Return whether the job's model came into the open file and is no longer in it: it was undone or deleted."""
    return _state.session is not None and job.id in _state.session.importer.lost


def shown_stage(job: Job) -> Stage:
    """Return the job's stage as it is shown: a model that was undone or deleted is as ready as before its import."""
    return Stage.READY if is_lost(job) else job.stage


def look_for_models() -> None:
    """Find out which models that came into the open file were undone or deleted."""
    session = _state.session
    if session is not None and session.importer.look_for_models(session.jobs):
        session.changes += 1
        redraw()


def waiting_for(job: Job) -> str:
    """Return why the job's model is on this computer but not in the scene, and what brings it; empty if all is well."""
    reason = _state.session.importer.reason_for(job) if _state.session else ""
    return press_import(reason, job) if reason and not is_awaited(job) else reason


def is_awaited(job: Job) -> bool:
    """Return whether the job's model is on this computer and will come into the scene by itself."""
    return _state.session is not None and _state.session.importer.is_awaited(job)


def incoming() -> Path:
    """Return the folder for pictures that belong to no job yet."""
    return (_state.session.root if _state.session is not None else jobs_root()) / job_folder.INCOMING


def remove(job_id: str) -> None:
    """Delete a resting job with its files."""
    session = start()
    session.ask(job_id, Echo.REMOVING, session.runner.remove)


def picture_path(job: Job) -> Path | None:
    """Return the path of the job's picture as it was sent, None if it has none."""
    return _state.session.picture_path(job) if _state.session is not None else None


def folder(job_id: str) -> Path:
    """Return the job's folder."""
    return start().root / job_id


def cancel(job_id: str) -> None:
    """Stop the job; if it is paid for, only keep its model. The panel says so at once, and the placeholder goes."""
    session = start()
    job = session.jobs[job_id]
    if job.foreign or job_id in session.echoes:
        return
    session.importer.wanted.discard(job_id)
    if job.stage in MAY_FOLLOW[CancelAsked]:
        session.ask(job_id, Echo.CANCELLING, session.runner.cancel)
    session.placeholders.clicked()
    session.update_placeholders(is_changed=True)


def retry(job_id: str) -> None:
    """Resume a failed, cancelled or uncertain job from the furthest stage that is paid for.

    Raises AccountError or OnlineAccessError.
    """
    session = start()
    preferences.online_account()
    if job_id not in session.echoes:
        session.importer.want(job_id)
        session.ask(job_id, Echo.RETRYING, session.runner.resume)


def is_favorite(job_id: str) -> bool:
    """Return whether the artist marked the job as a favorite."""
    session = _state.session
    return session is not None and session.marks.get(job_id, job_id in session.favorites)


def mark(job_id: str, *, is_favorite: bool) -> None:
    """Make the job a favorite, or no longer."""
    session = start()
    session.marks[job_id] = is_favorite
    session.changes += 1
    session.runner.mark(job_id, is_favorite=is_favorite)


def import_model(job_id: str) -> None:
    """Import a finished job's model as soon as it is read and Blender is free."""
    start().importer.want(job_id, is_asked=True)


def check_connection() -> None:
    """Ask Scenario in the background whether the account works. Raises AccountError or OnlineAccessError."""
    session = start()
    session.runner.ask(preferences.online_account(), check)
    session.is_checking = True


def test_entered_key() -> None:
    """Test a key that the artist has entered, once and as soon as Blender may go online with it."""
    page = _state.messages.page
    if page.is_untested and preferences.problem() is None:
        page.is_untested = False
        check_connection()


def check_model(job_id: str) -> None:
    """Measure a job's model again, from its file, and look at its textures."""
    session = start()
    session.checked.add(job_id)
    file = session.root / job_id / job_folder.MODEL_FILE
    session.runner.compute(partial(measured, job_id, file))


def works() -> Mapping[str, Work]:
    """Return the steps that models go through after they have arrived, by their ids, oldest first."""
    return _state.session.finishing.works if _state.session is not None else {}


def is_checking() -> bool:
    """Return whether a test of the connection is under way."""
    return _state.session is not None and _state.session.is_checking


# -- start, tick, stop


def start(wait: Callable[[], object] = bool) -> Session:
    """Return the running session with its timer; start both if necessary.

    `wait`: jobs of other folders are moved after this has returned, on another thread.
    """
    session = _state.session
    if session is None:
        seen = jobs_folder.look()
        _state.messages.page.folder.take(seen)
        root = jobs_folder.root_of(seen)
        runner = Runner(root, f"trellis-blender/{VERSION} Blender/{bpy.app.version_string.split()[0]}")
        session = _state.session = Session(runner, root, _state.messages)
        runner.pictures.prepare = session.previews.client.prepare
        others = jobs_folder.other_folders()
        if others:
            runner.take_in(others, wait)
        if seen.missing:
            words = "The jobs folder {path} is not there. New jobs are kept in {folder} meanwhile."
            _state.messages.tell(Text(words, path=seen.missing, folder=root))
        session.batches.load()
        runner.start()
        _use_account(session)
        session.finishing.resume()
    elif session.is_loaded:
        _state.messages.page.folder.look_again()
        session.follow_folder()
    _wake()
    return session


def later(errand: Callable[[], object]) -> None:
    """Have the timer call this once, at its next tick. For draw functions, which may not do work."""
    _state.errands[errand] = None
    _wake()


def _wake() -> None:
    """Register the timer, the add-on's only one, unless it runs."""
    if not bpy.app.timers.is_registered(_timer):
        bpy.app.timers.register(_timer, first_interval=TICK_SECONDS, persistent=True)


def tick() -> bool:
    """Run the errands, take in the runner's messages and import what is ready. Return whether to tick again.

    The timer calls this; a script without a window calls it itself.
    """
    errands, _state.errands = _state.errands, {}
    for errand in errands:
        try:
            errand()
        except Exception:  # noqa: BLE001 - the jobs must go on, whatever a picture in the panel does; it is logged
            _log.exception("unexpected")
    session = _state.session
    if session is None:
        return bool(_state.errands)
    session.ticks += 1
    _use_account(session)
    _take_look(session)
    is_changed = apply_messages.drain(session)
    if session.is_leaving and not (_is_at_work(session) or session.batches.is_at_work):
        session = _in_chosen_folder(session)
    is_changed = session.importer.step(session.jobs) or is_changed
    is_changed = session.finishing.step() or is_changed
    is_changed = session.batches.step() or is_changed
    session.decoding.step()
    session.aligning.step()
    session.previews.step(incoming())
    is_moved = session.display.step(session.jobs, is_changed=is_changed)
    session.update_placeholders(is_changed=is_changed, is_moved=is_moved)
    session.display.show_waiting(session.importer.waiting(session.jobs.values()) if session.is_loaded else ())
    session.prices.step(session.account, session.jobs if session.is_loaded else None)
    is_moved = session.messages.fade() or is_moved
    if is_moved:
        redraw()
    session.messages.reports.flush()
    return _is_busy(session) or bool(_state.errands)


def stop() -> None:
    """End the session and forget everything. The jobs go on from their folders next time."""
    if bpy.app.timers.is_registered(_timer):
        bpy.app.timers.unregister(_timer)
    if _state.session is not None:
        _end(_state.session, STOP_SECONDS)
    use(State())


def _end(session: Session, seconds: float) -> None:
    """End all that the session has started. `seconds`: how long to wait for its threads."""
    session.placeholders.fill.clear()
    for part in (session.previews, session.importer.client, session.finishing, session.aligning.client):
        part.stop()
    session.batches.close()
    session.runner.stop(seconds)
    session.display.show_text("")
    session.display.show_waiting(())


def _take_look(session: Session) -> None:
    """Follow what the last look at the chosen folder has found."""
    folder = session.messages.page.folder
    if folder.is_answered:
        folder.is_answered = False
        if session.is_loaded:
            session.follow_folder()
        redraw()


def _in_chosen_folder(session: Session) -> Session:
    """Return a new session in the chosen folder, which takes in the jobs of this one."""
    _end(session, 0.0)
    _state.session = None
    return start(partial(session.runner.stop, LEAVE_SECONDS))


def _timer() -> float | None:
    """Tick, and return the seconds until the next tick, None for no more.

    A module-level function, because Blender could not unregister a bound method.
    """
    if not tick():
        return None
    return READING_SECONDS if _state.session is not None and _state.session.importer.reading else TICK_SECONDS


def _is_busy(session: Session) -> bool:
    is_asking = session.is_checking or session.prices.is_busy or session.previews.is_busy
    is_asking = is_asking or session.messages.page.folder.is_awaited
    is_due = session.placeholders.is_due or session.display.is_behind or session.messages.says_connected
    is_finishing = session.decoding.is_busy or session.aligning.is_busy or session.finishing.is_busy
    return _is_at_work(session) or is_asking or is_due or is_finishing or session.is_leaving


def _is_at_work(session: Session) -> bool:
    """Return whether any job is not at rest, or the jobs are not all known yet."""
    is_waiting = any(not job.is_resting or session.importer.is_awaited(job) for job in session.jobs.values())
    is_told = session.is_loaded and not session.is_moving
    return is_waiting or not is_told or bool(session.echoes or session.marks) or session.batches.is_busy


def _use_account(session: Session) -> None:
    """Tell the runner if the artist changed the account, Blender's online access or the size of a download."""
    session.runner.model_bytes = preferences.model_bytes()
    try:
        account, held_by = preferences.online_account(), ""
    except (AccountError, OnlineAccessError) as error:
        account, held_by = None, error.sentence
    if (account, held_by) != (session.account, session.held_by):
        session.account, session.held_by = account, held_by
        session.messages.page.answer = None
        session.runner.use(account, held_by)


# -- for scripts without a window


def wait(job_id: str) -> None:
    """Block until the job rests and its model, if any, is in the scene. Raises TrellisError if it failed."""
    session = start()

    def is_over() -> bool:
        job = session.jobs[job_id]
        return job.is_resting and not (session.importer.is_awaited(job) or job_id in session.echoes)

    wait_for(is_over)
    job = session.jobs[job_id]
    if job.stage in (Stage.FAILED, Stage.CANCELLED, Stage.UNCERTAIN):
        raise TrellisError(job.message)


def wait_for(is_so: Callable[[], bool]) -> None:
    """Block until it is so."""
    while not is_so():
        tick()
        time.sleep(TICK_SECONDS / 2)


# -- what Blender's handlers call


def file_opened() -> None:
    """Adapt to the file that was just opened.

    Models requested in the last file wait in the list for a click, unless this file has their placeholders. A script
    that opens files does not resume anything that it did not request.
    """
    _state.previews.key = ()
    session, is_any_box = _state.session, bool(placeholder.boxes_of_jobs())
    if session is not None:
        session.previews.forget_views()
        for part in (session.importer, session.batches, session.decoding, session.aligning):
            part.leave_file()
        session.finishing.file_opened()
        session.placeholders.file_opened()
        rows.show_jobs([*session.display.orders, *newest_first()])
        if session.is_loaded:
            material.follow_jobs(session.root)
        if is_any_box:
            session.is_loaded = False  # another Blender may have started the jobs of its placeholders
            session.runner.load()
    if is_any_box and (session is not None or not bpy.app.background):
        start()


def undone() -> None:
    """Look for the models, and at the next tick, when Blender is done with undo or redo, check the placeholders."""
    look_for_models()
    session = _state.session
    if session is not None:
        session.finishing.undone()
        session.placeholders.is_due = session.placeholders.is_due or bool(placeholder.boxes_of_jobs())
        if session.placeholders.is_due or session.finishing.works:
            start()
