# SPDX-License-Identifier: GPL-3.0-or-later
"""How a job begins: from a picture, or from Scenario's id of one that was started elsewhere."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Mapping

import bpy

from ..core.errors import RefusedError, Remedy, TrellisError
from ..core.job import folder as job_folder
from ..core.job.job import Job, Stage
from ..core.picture.file import ChosenPicture
from ..core.request.models import TRELLIS_2
from ..core.request.parameters import SEED_MAXIMUM, Value
from ..settings import preferences
from . import session
from .block_until_done import prepared_now
from .state import Session

NAME_LENGTH = 40
REMOTE_ID = re.compile(r"[A-Za-z0-9_-]{4,100}")


def begin(
    picture: ChosenPicture, name: str, values: Mapping[str, Value], seed: int | None, count: int = 1
) -> list[Job]:
    """Start `count` jobs of the picture, which is prepared first; the jobs as they begin.

    Each has a seed of its own: drawn, or counted up from `seed`, from 0 again after the largest. None is started before
    there is a file of the picture for all. Without a window, Blender waits until a file is prepared, so that a script
    is told at once. Raises ParameterError, AccountError, OnlineAccessError, PictureError or StorageError.
    """
    try:
        return _begin(picture, name, values, seed, count)
    except TrellisError:
        if picture.targa is not None:  # nobody reads it any more
            with contextlib.suppress(OSError):
                picture.targa.unlink(missing_ok=True)
        raise


def _begin(picture: ChosenPicture, name: str, values: Mapping[str, Value], seed: int | None, count: int) -> list[Job]:
    parameters = [TRELLIS_2.complete(values, seed)]
    later = (None if seed is None else (seed + place) % (SEED_MAXIMUM + 1) for place in range(1, count))
    parameters += [TRELLIS_2.complete(values, own) for own in later]
    preferences.online_account()
    state = session.start()
    now = time.time()
    picture_name = picture.file.name if picture.file is not None else f"{_object_name(name)}.png"
    made_of = _made_of(picture, state)
    if made_of is not None:
        name, picture_name = made_of.name, made_of.picture_name
    picture = state.previews.known(picture)
    if picture.file is not None and picture.prepared is None and bpy.app.background:
        picture = prepared_now(picture)
    ids = [job_folder.new_id(now) for _ in parameters]
    jobs = [
        Job(
            id=ids[place],
            name=_object_name(name),
            picture="source.png",  # or what it is once it is prepared
            picture_name=picture_name,
            parameters=own,
            created=now + place / 1000,  # by which the list is sorted
            batch=ids[0] if count > 1 else "",
            place=place,
        )
        for place, own in enumerate(parameters)
    ]
    for job in jobs:
        state.jobs[job.id] = job
        state.importer.want(job.id)
        if picture.targa is None:  # that file goes when it is read
            state.refused[job.id] = picture
    state.runner.add(jobs, picture)
    return jobs


def identify(job_id: str, remote_id: str) -> None:
    """Go on with an uncertain job as the one with this ID at Scenario, if it is that.

    Raises AccountError, OnlineAccessError, RefusedError.
    """
    session.identify(job_id, _checked_id(remote_id))


def _checked_id(remote_id: str) -> str:
    remote_id = remote_id.strip()
    if not REMOTE_ID.fullmatch(remote_id):
        sentence = "That is no job's ID. Copy it from Scenario: it begins with “job_”."
        raise RefusedError(sentence, remedy=Remedy.SCENARIO)
    return remote_id


def _made_of(picture: ChosenPicture, state: Session) -> Job | None:
    """The job whose own picture this is, as Use Settings gives it; None where it is nobody's."""
    if picture.file is None or picture.file.parent.parent != state.root:
        return None
    return state.jobs.get(picture.file.parent.name)


def adopt(remote_id: str) -> Job:
    """Bring in a job that was started elsewhere, by Scenario's id of it; the one at hand if it is known already.

    Raises AccountError, OnlineAccessError, RefusedError.
    """
    remote_id = _checked_id(remote_id)
    state = session.start()
    known = next((job for job in state.jobs.values() if job.remote_id == remote_id), None)
    if known is None:
        preferences.online_account()
        now = time.time()
        known = Job(
            id=job_folder.new_id(now),
            name=_object_name(remote_id),
            picture="",
            picture_name="",
            parameters={"seed": 0},
            created=now,
            stage=Stage.RUNNING,
            remote_id=remote_id,
        )
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


def _object_name(name: str) -> str:
    """A name for the object, from the picture's: short, and with words parted as they were."""
    return re.sub(r"\s+", " ", name).strip()[:NAME_LENGTH] or "Trellis Model"
