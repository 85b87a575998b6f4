# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of this Blender, as the main thread sees them: one timer that takes in the runner's news.

The timer is registered when there is something to wait for and ends when nothing is left, so an idle add-on costs
nothing. What the panel draws comes from `jobs()`; nothing is read from disk there.
"""

from __future__ import annotations

import queue
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import bpy
from bpy.app.handlers import persistent

from . import preferences, scene, settings
from .core import job_folder
from .core.account import Account
from .core.changes import Change, Checked, Loaded, ModelRead, Notice, Removed
from .core.errors import AccountError, OnlineAccessError, TrellisError
from .core.job import CancelAsked, Imported, Job, Stage, advance
from .core.model import Shape
from .core.parameters import Value, complete
from .core.picture import Picture
from .core.runner import Runner
from .version import VERSION

TICK_SECONDS = 0.1
IMPORT_RETRY_SECONDS = 0.3
DRAIN_SECONDS = 0.004
START_SECONDS = 1.0
NAME_LENGTH = 40


@dataclass
class Session:
    """All state of the add-on. `wanted` are the jobs whose models go into the scene by themselves.

    `reading` is the one whose file is being read now, `read` what came of it. `selection` is what was selected when the
    last model was asked for. `waiting_for` says why a model that is read is not in the scene yet.
    """

    runner: Runner
    root: Path
    jobs: dict[str, Job] = field(default_factory=dict)
    wanted: set[str] = field(default_factory=set)
    notices: list[str] = field(default_factory=list)
    reading: str = ""
    read: ModelRead | None = None
    selection: scene.Selection = frozenset()
    waiting_for: str = ""
    account: Account | None = None
    held_by: str | None = None
    is_loaded: bool = False
    is_checking: bool = False
    import_due: float = 0.0


_session: Session | None = None


# -- what the rest of the Blender side asks for


def jobs() -> Mapping[str, Job]:
    """Snapshots of all jobs by their ids, oldest first."""
    return MappingProxyType(_session.jobs) if _session else MappingProxyType({})


def newest_first() -> Iterator[Job]:
    """The same snapshots, the newest first."""
    return reversed(_session.jobs.values()) if _session else iter(())


def notices() -> list[str]:
    """Sentences that belong to no job, the newest last."""
    return _session.notices if _session else []


def waiting_for() -> str:
    """Why a model that is ready is not in the scene yet, empty when none waits."""
    return _session.waiting_for if _session else ""


def jobs_root() -> Path:
    """The folder of all jobs."""
    assert __package__
    return Path(bpy.utils.extension_path_user(__package__, path="jobs", create=True))


def begin(picture: Picture, is_ours: bool, name: str, values: Mapping[str, Value], seed: int | None) -> Job:
    """Start a job with the picture's file, which is moved away if it `is_ours`; the job as it begins.

    Raises ParameterError, AccountError or OnlineAccessError.
    """
    parameters = complete(values, seed)
    preferences.online_account()
    session = start()
    now = time.time()
    job = Job(
        id=job_folder.new_id(now),
        name=_object_name(name),
        picture=f"source.{picture.kind}",
        picture_name=picture.path.name if not is_ours else f"{_object_name(name)}.{picture.kind}",
        parameters=parameters,
        created=now,
    )
    session.jobs[job.id] = job
    session.wanted.add(job.id)
    session.selection = scene.selection(bpy.context)
    session.runner.add(job, picture.path, move=is_ours)
    return job


def cancel(job_id: str) -> None:
    """Stop the job; the panel says so at once."""
    session = start()
    job = session.jobs[job_id]
    if not (job.is_resting or job.foreign):
        session.jobs[job_id] = advance(job, CancelAsked(), time.time())
        session.wanted.discard(job_id)
        session.runner.cancel(job_id)


def retry(job_id: str) -> None:
    """Go on with a job that failed or was cancelled, from the furthest stage that is paid for."""
    session = start()
    preferences.online_account()
    session.wanted.add(job_id)
    session.runner.resume(job_id)


def import_model(job_id: str) -> None:
    """Bring a finished job's model into the scene, as soon as it is read and Blender is free."""
    session = start()
    session.wanted.add(job_id)
    session.selection = scene.selection(bpy.context)
    session.import_due = 0.0


def check_connection() -> None:
    """Ask Scenario in the background whether the account works. Raises AccountError or OnlineAccessError."""
    session = start()
    session.runner.check(preferences.online_account())
    session.is_checking = True


def wait(job_id: str, seconds: float = float("inf")) -> Job:
    """Stand still until the job rests, its model in the scene if it has one. For scripts without a window.

    Raises TrellisError with what went wrong.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        tick()
        job = jobs()[job_id]
        if job.is_resting and not (_session and job_id in _session.wanted):
            break
        time.sleep(TICK_SECONDS / 2)
    if job.stage in (Stage.FAILED, Stage.CANCELLED):
        raise TrellisError(job.message)
    return job


# -- start, tick, stop


def start() -> Session:
    """The running session, begun if need be, with its timer."""
    global _session  # noqa: PLW0603 - the one piece of state
    if _session is None:
        root = jobs_root()
        runner = Runner(root, f"trellis-blender/{VERSION} Blender/{bpy.app.version_string.split()[0]}")
        _session = Session(runner, root)
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
    _use_account(session)
    changed = _drain(session)
    changed = _import_next(session) or changed
    if changed:
        _redraw()
    return _is_busy(session)


def stop() -> None:
    """End the session; its jobs go on from their folders another time."""
    global _session  # noqa: PLW0603 - the one piece of state
    if bpy.app.timers.is_registered(_timer):
        bpy.app.timers.unregister(_timer)
    if _session is not None:
        _session.runner.stop()
        _session = None


def _timer() -> float | None:
    """A module-level function, because a bound method could never be unregistered."""
    return TICK_SECONDS if tick() else None


def _is_busy(session: Session) -> bool:
    is_waiting = any(not job.is_resting or job.id in session.wanted for job in session.jobs.values())
    return is_waiting or not session.is_loaded or session.is_checking


def _use_account(session: Session) -> None:
    """Tell the runner when the artist has changed the account, or allowed to go online."""
    try:
        account, held_by = preferences.online_account(), ""
    except (AccountError, OnlineAccessError) as error:
        account, held_by = None, error.sentence
    if (account, held_by) != (session.account, session.held_by):
        session.account, session.held_by = account, held_by
        session.runner.use(account, held_by)


def _drain(session: Session) -> bool:
    """Take in news for a few milliseconds; whether there was any."""
    end, changed = time.perf_counter() + DRAIN_SECONDS, False
    while time.perf_counter() < end:
        try:
            change = session.runner.changes.get_nowait()
        except queue.Empty:
            break
        _take_in(session, change)
        changed = True
    return changed


def _take_in(session: Session, change: Change) -> None:
    match change:
        case Job():
            shown = session.jobs.get(change.id)
            if shown is not None and shown.cancel_asked and not change.is_resting:
                change = replace(change, cancel_asked=True)  # the artist's click is ahead of the runner's news
            session.jobs[change.id] = change
            if change.stage in (Stage.FAILED, Stage.CANCELLED):
                session.wanted.discard(change.id)
        case Removed(job_id):
            session.jobs.pop(job_id, None)
            session.wanted.discard(job_id)
        case Notice(sentence):
            session.notices.append(sentence)
        case Checked():
            session.is_checking = False
            preferences.show_answer(change)
        case ModelRead():
            session.reading, session.read = "", change
        case Loaded():
            session.is_loaded = True
            session.jobs = dict(sorted(session.jobs.items()))


def _import_next(session: Session) -> bool:
    """Read one model that is wanted, or bring one that was read into the scene, when Blender is free for it.

    Whether anything changed.
    """
    if session.read is not None:
        return _bring(session, session.read)
    ready = next((job.id for job in session.jobs.values() if job.id in session.wanted and _is_importable(job)), "")
    if ready and not session.reading:
        session.reading = ready
        session.runner.read(ready, _shape(session.jobs[ready]))
    return False


def _is_importable(job: Job) -> bool:
    return job.stage in (Stage.READY, Stage.IMPORTED)


def _bring(session: Session, read: ModelRead) -> bool:
    """Bring the model that was read into the scene, or wait until Blender is free."""
    if read.id not in session.wanted:
        session.read = None
        return True
    if time.monotonic() < session.import_due:
        return False
    reason = scene.busy_reason(bpy.context)
    if reason:
        session.import_due = time.monotonic() + IMPORT_RETRY_SECONDS
        changed, session.waiting_for = reason != session.waiting_for, reason
        return changed
    session.read, session.waiting_for = None, ""
    session.wanted.discard(read.id)
    if not read.error:  # which the job tells by itself
        _build(session, session.jobs[read.id], read)
    return True


def _build(session: Session, job: Job, read: ModelRead) -> None:
    select = scene.selection(bpy.context) == session.selection
    try:
        if read.model is not None:
            scene.build_model(bpy.context, job, read.model, select=select)
        else:
            path = session.root / job.id / job_folder.MODEL_FILE
            scene.import_with_blender(bpy.context, job, path, select=select)
            session.notices.append(f"“{job.name}” holds {read.reason}: Blender's own importer read it.")
    except TrellisError as error:
        session.notices.append(error.sentence)
        return
    if select:
        session.selection = scene.selection(bpy.context)
    session.jobs[job.id] = advance(job, Imported(), time.time())
    session.runner.imported(job.id)


def _shape(job: Job) -> Shape:
    """How the model is to come, as the settings say now."""
    assert bpy.context.scene is not None
    chosen, kept = settings.of_scene(bpy.context.scene), preferences.preferences()
    folder = Path(bpy.data.filepath).parent / "textures" if chosen.textures == "FOLDER" and bpy.data.filepath else None
    return Shape(
        images=folder,
        stem=f"{re.sub(r'[^-.() 0-9A-Za-z]', '_', job.name)}-{job.id}",
        largest=scene.largest_dimension(bpy.context.scene),
        is_grounded=chosen.use_ground,
        keeps_seams=kept is not None and kept.keep_seams,
    )


def _redraw() -> None:
    """Redraw the sidebars and the preferences, not the viewports."""
    assert bpy.context.window_manager is not None
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "PREFERENCES":
                area.tag_redraw()
            for region in area.regions if area.type == "VIEW_3D" else ():
                if region.type == "UI":
                    region.tag_redraw()


def _object_name(name: str) -> str:
    """A name for the object, from the picture's: short, and with words parted as they were."""
    return re.sub(r"\s+", " ", name).strip()[:NAME_LENGTH] or "Trellis Model"


# -- for registration


@persistent  # type: ignore[untyped-decorator]  # the stubs leave it open
def _file_opened(*_arguments: object) -> None:
    """Another file is open: models asked for in the last one wait in the list for a click."""
    if _session is not None:
        _session.wanted.clear()


def _resume_earlier() -> None:
    """Go on with the jobs of earlier sessions, if there are any."""
    if any(jobs_root().iterdir()):
        start()


def register() -> None:
    """Wait for files being opened; look for unfinished jobs once Blender has started."""
    bpy.app.handlers.load_post.append(_file_opened)
    if not bpy.app.background:
        bpy.app.timers.register(_resume_earlier, first_interval=START_SECONDS, persistent=True)


def unregister() -> None:
    """Leave no timer, handler or thread behind."""
    stop()
    preferences.show_answer(None)
    bpy.app.handlers.load_post.remove(_file_opened)
    if bpy.app.timers.is_registered(_resume_earlier):
        bpy.app.timers.unregister(_resume_earlier)
