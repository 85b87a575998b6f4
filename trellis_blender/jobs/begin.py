# SPDX-License-Identifier: GPL-3.0-or-later
"""How a job begins: from a picture, or from Scenario's id of one that was started elsewhere."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace

from ..core.errors import RefusedError, Remedy
from ..core.job import folder as job_folder
from ..core.job.job import Job, Stage
from ..core.picture.file import Found
from ..core.request.parameters import SEED_MAXIMUM, Value, complete
from ..core.runner.pending_pictures import kept_copy
from ..settings import preferences
from . import session

NAME_LENGTH = 40
REMOTE_ID = re.compile(r"[A-Za-z0-9_-]{4,100}")


def begin(found: Found, name: str, values: Mapping[str, Value], seed: int | None, count: int = 1) -> list[Job]:
    """Start `count` jobs of the picture, whose file is moved away if it is ours; the jobs as they begin.

    Each has a seed of its own: drawn, or counted up from `seed`, from 0 again after the largest. None is started before
    there is a copy of the picture for all. Raises ParameterError, AccountError, OnlineAccessError or StorageError.
    """
    parameters = [complete(values, seed)]
    later = (None if seed is None else (seed + place) % (SEED_MAXIMUM + 1) for place in range(1, count))
    parameters += [complete(values, own) for own in later]
    preferences.online_account()
    state = session.start()
    now = time.time()
    picture_name = f"{_object_name(name)}.{found.kind}" if found.is_ours else found.file.name
    made_of = state.jobs.get(found.file.parent.name) if found.file.parent.parent == state.root else None
    if made_of is not None:  # a job's own picture, as Use Settings gives it
        name, picture_name = made_of.name, made_of.picture_name
    ids = [job_folder.new_id(now) for _ in parameters]
    jobs = [
        Job(
            id=ids[place],
            name=_object_name(name),
            picture=f"source.{found.kind}",
            picture_name=picture_name,
            parameters=own,
            created=now + place / 1000,  # by which the list is sorted
            batch=ids[0] if count > 1 else "",
            place=place,
        )
        for place, own in enumerate(parameters)
    ]
    if not found.is_ours:
        copy = state.root / job_folder.INCOMING / f"{ids[-1]}{found.file.suffix}"
        found = replace(found, file=kept_copy(found.file, copy), is_ours=True)
    for job in jobs:
        state.jobs[job.id] = job
        state.arrival.want(job.id)
    state.runner.add(jobs, found)
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
        state.arrival.want(known.id)
    return known


def _object_name(name: str) -> str:
    """A name for the object, from the picture's: short, and with words parted as they were."""
    return re.sub(r"\s+", " ", name).strip()[:NAME_LENGTH] or "Trellis Model"
