# SPDX-License-Identifier: GPL-3.0-or-later
"""What the runner tells, taken into the session: each piece of news goes to whoever it is for."""

from __future__ import annotations

import queue
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..core.errors import Remedy
from ..core.job.events import CancelAsked
from ..core.job.job import MAY_FOLLOW, Job
from ..core.runner.messages import (
    Change,
    Checked,
    FileStamped,
    Kept,
    Loaded,
    ModelRead,
    Notice,
    Portrayed,
    Priced,
    Removed,
    Seen,
    Shrunk,
    Spent,
)
from ..picture import icons
from ..settings import preferences

if TYPE_CHECKING:
    from .state import Session

DRAIN_SECONDS = 0.004


def drain(session: Session) -> bool:
    """Take in news for a few milliseconds; whether there was any."""
    end, changed = time.perf_counter() + DRAIN_SECONDS, False
    while time.perf_counter() < end:
        try:
            change = session.runner.changes.get_nowait()
        except queue.Empty:
            break
        take_in(session, change)
        changed = True
    return changed


def take_in(session: Session, change: Change) -> None:
    """Give it to whoever it is for."""
    match change:
        case Job():
            show(session, change)
        case Removed(job_id):
            session.jobs.pop(job_id, None)
            session.refused.pop(job_id, None)
            session.arrival.forget(job_id)
            session.sight.forget(job_id)
        case Notice():
            session.notices.append(change)
        case ModelRead():
            session.arrival.take(change)
        case Seen() | FileStamped() | Portrayed() | Shrunk():
            session.sight.take(change)
        case Loaded(is_whole):
            session.is_loaded, session.boxes.is_sure = True, is_whole
            session.jobs = _by_age(session.jobs)
            session.runner.tidy(preferences.keep_days())
        case _:
            _take_in_account(session, change)


def _take_in_account(session: Session, change: Change) -> None:
    """News of the account, and of what jobs take up."""
    match change:
        case Checked():
            session.is_checking = False
            preferences.show_answer(change)
        case Priced():
            session.prices.take(change)
        case Spent(costs):
            session.spending.take_removed(costs)
        case Kept(size):
            preferences.show_kept(size)


def show(session: Session, job: Job) -> None:
    """The job is as it is now."""
    session.spending.take(job)
    if job.remedy is not Remedy.OPAQUE:
        session.refused.pop(job.id, None)
    shown = session.jobs.get(job.id)
    if shown is not None and shown.cancel_asked and job.stage in MAY_FOLLOW[CancelAsked]:
        job = replace(job, cancel_asked=True)  # the artist's click is ahead of the runner's news
    session.jobs[job.id] = job
    icons.expect(job.id)
    session.watch.forecast.take(job)
    if shown is not None and not shown.foreign:
        session.reports.take(shown, job, is_awaited=job.id in session.arrival.wanted)
    if shown is None and session.is_loaded:  # another Blender began it, perhaps before our newest
        session.jobs = _by_age(session.jobs)


def _by_age(jobs: Mapping[str, Job]) -> dict[str, Job]:
    return {job.id: job for job in sorted(jobs.values(), key=lambda job: job.created)}
