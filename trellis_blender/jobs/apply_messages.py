# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands each message of the runner to the part of the session that needs it."""

from __future__ import annotations

import queue
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..core.errors import Remedy
from ..core.job.job import Job, Stage
from ..core.runner.messages import (
    Answer,
    ConnectionChecked,
    JobRemoved,
    JobsLoaded,
    LargePicture,
    Marked,
    ModelMeasured,
    ModelRead,
    Notice,
    PreviewReady,
    PriceReady,
    RemovedCosts,
    RunnerMessage,
    SmallPicture,
    StampReady,
    StorageUsed,
    ThumbnailTried,
)
from ..picture import icons
from ..scene import material
from ..settings import jobs_folder, preferences

if TYPE_CHECKING:
    from .state import Session

DRAIN_SECONDS = 0.004


def drain(session: Session) -> bool:
    """Take in messages for a few milliseconds. Return whether there were any."""
    end, changed = time.perf_counter() + DRAIN_SECONDS, False
    while time.perf_counter() < end:
        try:
            message = session.runner.messages.get_nowait()
        except queue.Empty:
            break
        take_in(session, message)
        changed = True
    return changed


def take_in(session: Session, message: RunnerMessage) -> None:
    """Hand one message to the part of the session that needs it."""
    match message:
        case Job():
            show_job(session, message)
        case Answer(job_id):
            session.echoes.pop(job_id, None)
        case JobRemoved(job_id):
            session.jobs.pop(job_id, None)
            session.changes += 1
            session.refused.pop(job_id, None)
            session.importer.forget(job_id)
            session.previews.forget(job_id)
            session.messages.page.forget(job_id)
        case Notice():
            session.messages.notices.append(message)
        case ModelRead():
            session.importer.receive(message)
        case ModelMeasured(job_id, findings):
            session.measured(job_id, findings)
        case PreviewReady() | StampReady() | ThumbnailTried() | SmallPicture() | LargePicture():
            session.previews.receive(message)
        case Marked(favorites):
            session.marked(favorites)
        case JobsLoaded():
            _take_loaded(session, message)
        case _:
            _take_in_account(session, message)


def _take_loaded(session: Session, message: JobsLoaded) -> None:
    """Take in that all jobs are known, or that those of an earlier place are on their way."""
    session.changes += 1
    session.is_loaded, session.is_moving = True, message.is_moving
    seen = jobs_folder.look()  # another may have been chosen meanwhile
    session.messages.page.folder.take(seen)
    session.follow_folder()
    session.placeholders.is_sure = message.is_whole and not seen.missing
    session.jobs = _by_age(session.jobs)
    if not session.is_moving:
        session.batches.loaded()
    if session.placeholders.is_sure:
        jobs_folder.all_moved()
    if not session.is_moving:
        material.follow_jobs(session.root)
    session.runner.tidy(preferences.keep_days())


def _take_in_account(session: Session, message: RunnerMessage) -> None:
    """Take in a message about the account, or about the disk space of the jobs."""
    match message:
        case ConnectionChecked():
            session.is_checking = False
            session.messages.take_answer(message)
        case PriceReady():
            _take_price(session, message)
        case RemovedCosts(costs):
            session.spending.add_removed(costs)
        case StorageUsed(sizes):
            session.messages.page.add_sizes(sizes)


def _take_price(session: Session, answer: PriceReady) -> None:
    """Take in a price. If there is none, say so where the key is wrong, and no longer that Blender is connected."""
    asked = session.prices.asked
    is_of_account = asked is not None and asked[0] == session.account  # else another key was entered meanwhile
    session.prices.receive(answer)
    if answer.trouble is not None and is_of_account:
        if answer.trouble.remedy is Remedy.KEY:
            session.messages.take_answer(answer.trouble)
        session.messages.drop_connected()


def show_job(session: Session, job: Job) -> None:
    """Show this snapshot of the job from now on."""
    session.spending.add(job)
    if job.remedy is not Remedy.OPAQUE:
        session.refused.pop(job.id, None)
    shown = session.jobs.get(job.id)
    session.jobs[job.id] = job
    if shown is not None and (job.message or job.trouble) not in ("", shown.message or shown.trouble):
        session.messages.drop_connected()
    session.changes += shown is None or shown.stage is not job.stage
    if shown is not None and shown.foreign and not job.foreign and session.is_loaded:
        session.batches.load()
    icons.expect(job.id)
    session.display.progress.learn(job)
    session.batches.hear(job)
    if shown is not None and not shown.foreign:
        session.messages.reports.compare(shown, job, is_awaited=job.id in session.importer.wanted)
    if job.stage is Stage.READING and not job.foreign:
        session.importer.offer(job)
    if shown is None and session.is_loaded:  # another Blender started it, perhaps before our newest
        session.jobs = _by_age(session.jobs)


def _by_age(jobs: Mapping[str, Job]) -> dict[str, Job]:
    return {job.id: job for job in sorted(jobs.values(), key=lambda job: job.created)}
