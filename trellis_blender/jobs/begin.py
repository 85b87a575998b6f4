# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts jobs: from a picture, or from Scenario's ID of a job that was started elsewhere."""

from __future__ import annotations

import contextlib
import queue
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import bpy

from ..core.errors import PictureError, RefusedError, Remedy, TrellisError
from ..core.job import folder as job_folder
from ..core.job import words
from ..core.job.job import Job, Stage, adopted_job, new_jobs
from ..core.picture.file import ChosenPicture
from ..core.request.models import TRELLIS_2
from ..core.request.parameters import Value
from ..core.runner.messages import PreviewReady
from ..core.text import one_line
from ..host.background.preview_client import answer
from ..settings import preferences
from . import session
from .state import Session

REMOTE_ID = re.compile(r"[A-Za-z0-9_-]{4,100}")


def start_jobs(
    picture: ChosenPicture, name: str, values: Mapping[str, Value], seed: int | None, count: int = 1
) -> list[Job]:
    """Start `count` jobs of one picture and return their first snapshots.

    Each job has its own seed: a random one, or `seed` plus its place, wrapping to 0 after the largest. The runner
    prepares the picture first and starts no job before every job has its file. Without a window, Blender waits until a
    file is prepared, so that a script hears of a bad picture at once. Raises ParameterError, AccountError,
    OnlineAccessError, PictureError or StorageError.
    """
    now = time.time()
    try:
        TRELLIS_2.complete(values, seed)
        preferences.online_account()
        state = session.start()
        picture = state.previews.with_prepared(picture)
        if picture.file is not None and picture.prepared is None and bpy.app.background:
            picture = _prepared_now(picture, state)
    except TrellisError:
        if picture.targa is not None:  # nobody will read it now
            with contextlib.suppress(OSError):
                picture.targa.unlink(missing_ok=True)
        raise
    picture_name = one_line(picture.file.name) if picture.file is not None else f"{words.plain_name(name)}.png"
    viewpoint, made_of = picture.viewpoint, _made_of(picture, state)
    if made_of is not None:
        name, picture_name = words.picture_name(made_of), made_of.picture_name
        if viewpoint is None and made_of.viewpoint is not None:
            viewpoint = made_of.viewpoint.of_part(made_of.crop)
    ids = [job_folder.new_id(now) for _ in range(count)]
    jobs = new_jobs(ids, words.job_names(name, count), picture_name, values, seed, viewpoint)
    for job in jobs:
        state.jobs[job.id] = job
        state.importer.want(job.id)
        if picture.targa is None:  # that file is deleted once it is read
            state.refused[job.id] = picture
    state.runner.add(jobs, picture)
    return jobs


def _prepared_now(picture: ChosenPicture, state: Session) -> ChosenPicture:
    """Block until a worker has prepared the picture, and return it so. Raises PictureError."""
    answers, preview = queue.SimpleQueue[PreviewReady](), None
    state.runner.write(partial(answer, answers, state.previews.client, picture))
    while preview is None:
        state.previews.read_what_workers_want(session.incoming())
        with contextlib.suppress(queue.Empty):
            preview = answers.get(timeout=session.TICK_SECONDS)
    if preview.prepared is None:
        raise PictureError(preview.error, remedy=preview.remedy)
    return replace(picture, prepared=preview.prepared)


def identify(job_id: str, remote_id: str) -> None:
    """Resume an uncertain job as the one with this ID at Scenario, if they match.

    Raises AccountError, OnlineAccessError, RefusedError.
    """
    remote_id = _checked_id(remote_id)
    state = session.start()
    preferences.online_account()
    state.importer.want(job_id)
    state.runner.identify(job_id, remote_id)


def _checked_id(remote_id: str) -> str:
    remote_id = remote_id.strip()
    if not REMOTE_ID.fullmatch(remote_id):
        sentence = "That is no job's ID. Copy it from Scenario: it begins with “job_”."
        raise RefusedError(sentence, remedy=Remedy.SCENARIO)
    return remote_id


def _made_of(picture: ChosenPicture, state: Session) -> Job | None:
    """Return the job whose folder holds this picture, as after Use Settings; None if there is none."""
    if picture.file is None or picture.file.parent.parent != state.root:
        return None
    return state.jobs.get(picture.file.parent.name)


def adopt(remote_id: str) -> Job:
    """Bring in a job that was started elsewhere, by its ID at Scenario. Return it, or the known job with that ID.

    Raises AccountError, OnlineAccessError, RefusedError.
    """
    remote_id = _checked_id(remote_id)
    state = session.start()
    known = next((job for job in state.jobs.values() if job.remote_id == remote_id), None)
    if known is None:
        preferences.online_account()
        known = adopted_job(job_folder.new_id(time.time()), words.plain_name(remote_id), remote_id)
        state.jobs[known.id] = known
        state.runner.add([known], None)
    if known.stage in (Stage.FAILED, Stage.CANCELLED):
        if known.picture and not known.holds_model:
            sentence = "That job ended without a model. Try it again from the list; that is charged again."
            raise RefusedError(sentence, remedy=Remedy.NONE)
        session.retry(known.id)
    else:
        state.importer.want(known.id)
    return known
