# SPDX-License-Identifier: GPL-3.0-or-later
"""A job: one generation, from the click to the model in the scene.

A job is a value. It changes in one way only: `advance(job, event)` returns the next one, and what an event may
follow stands in one table below. Only the runner's thread calls it; everybody else reads snapshots.

    queued -> uploading -> submitting -> running -> downloading -> reading -> ready -> imported
                  ^            |  \\                                            (again and again)
                  |  put off   |   `-> unconfirmed -> running, or failed ("it never arrived"), or uncertain
                  `------------'
    every stage before `ready` may end as failed or cancelled; `Resumed` takes those two back to the furthest
    stage that is already paid for. From uncertain it leads to one more search, and then to a new submit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from ..errors import Remedy
from ..request.parameters import Value
from .events import (
    AnswerLost,
    CancelAsked,
    Cancelled,
    CancelRefused,
    Damaged,
    Downloaded,
    Event,
    Failed,
    Generated,
    Imported,
    NeverArrived,
    NotFound,
    Polled,
    Prepared,
    Read,
    Resumed,
    SubmitPutOff,
    SubmitStarted,
    Submitted,
    Uploaded,
    UploadStarted,
)


class Stage(StrEnum):
    """Where a job stands. The value is what is written to disk."""

    QUEUED = "queued"
    UPLOADING = "uploading"
    SUBMITTING = "submitting"
    UNCONFIRMED = "unconfirmed"
    RUNNING = "running"
    DOWNLOADING = "downloading"
    READING = "reading"
    READY = "ready"
    IMPORTED = "imported"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"


RESTING = frozenset({Stage.READY, Stage.IMPORTED, Stage.FAILED, Stage.CANCELLED, Stage.UNCERTAIN})
UNPAID = frozenset({Stage.QUEUED, Stage.UPLOADING})


@dataclass(frozen=True)
class Job:
    """A snapshot of one job.

    `id` names its folder. `batch` is the id of the first of several that were begun at once with one picture, empty for
    a single one, and `place` counts them from 0. `created`, `resumed` (by the artist, last), `accepted` (by Scenario)
    and `ended` are seconds since 1970 by this computer's clock; `uploaded_at` is the server's ISO 8601 date of the
    picture's asset, so it lies before the paid call by the server's own clock. `generation_seconds` is how long
    Scenario took, by its own clock.
    `remote_id` is Scenario's id of the paid job, `remote_ended` says that it is over without a model, and
    `past_remote_ids` are those of earlier tries. `cost` is in Scenario's creative units, None while unknown;
    `charged_in_vain` is what Scenario kept for tries that ended without a model. `may_be_paid`: a request of it was not
    found at Scenario, and may have been accepted all the same; `may_submit_again`: the artist takes that risk, and it
    is submitted anew if one more search does not find it. `cancel_asked`: the artist wants it stopped;
    `cancel_refused`: Scenario goes on with it all the same.
    `asset_id` is the picture's, `model_asset_ids` are the results'. `progress` is 0 to 1 for the current stage; it,
    `trouble` (what keeps the job waiting) with its remedy and `remote_status` are not written to disk. `foreign`:
    another Blender drives this job. `is_prepared`: its picture is as all are sent; those of jobs from before are not.
    `crop` is what was cut out of the picture: left, top, right, bottom, in pixels of the upright picture, then that
    one's width and height; empty where that is not known.
    """

    id: str
    name: str
    picture: str
    picture_name: str
    parameters: Mapping[str, Value]
    created: float
    batch: str = ""
    place: int = 0
    is_prepared: bool = False
    crop: tuple[int, ...] = ()
    stage: Stage = Stage.QUEUED
    picture_sha256: str = ""
    asset_id: str = ""
    uploaded_at: str = ""
    remote_id: str = ""
    remote_ended: bool = False
    past_remote_ids: tuple[str, ...] = ()
    cost: float | None = None
    charged_in_vain: float = 0.0
    model_asset_ids: tuple[str, ...] = ()
    model_asset_id: str = ""
    cancel_asked: bool = False
    cancel_refused: bool = False
    may_be_paid: bool = False
    may_submit_again: bool = False
    message: str = ""
    remedy: Remedy = Remedy.NONE
    ended: float | None = None
    resumed: float | None = None
    accepted: float | None = None
    generation_seconds: float | None = None
    remote_status: str = field(default="", metadata={"transient": True})
    progress: float = field(default=0.0, metadata={"transient": True})
    trouble: str = field(default="", metadata={"transient": True})
    trouble_remedy: Remedy = field(default=Remedy.NONE, metadata={"transient": True})
    foreign: bool = field(default=False, metadata={"transient": True})

    @property
    def is_resting(self) -> bool:
        """Whether nothing happens to it by itself any more."""
        return self.stage in RESTING

    @property
    def begun(self) -> float:
        """When the artist last set it going, in seconds since 1970."""
        return self.created if self.resumed is None else self.resumed

    @property
    def holds_model(self) -> bool:
        """Whether a model that is paid for would be lost with it."""
        return bool(self.remote_id) and not self.remote_ended

    @property
    def is_retryable(self) -> bool:
        """Whether it failed, was cancelled or is uncertain, with a picture to begin from or a model to go on with."""
        ended = (Stage.FAILED, Stage.CANCELLED, Stage.UNCERTAIN)
        return self.stage in ended and bool(self.picture or self.holds_model)

    @property
    def asks_to_stop(self) -> bool:
        """Whether Scenario is to be asked to stop it."""
        return self.stage is Stage.RUNNING and self.cancel_asked and not self.cancel_refused


TRANSIENT = frozenset(spec.name for spec in dataclasses.fields(Job) if spec.metadata.get("transient"))


_BEFORE_READY = frozenset(Stage) - RESTING
MAY_FOLLOW: Mapping[type[Event], frozenset[Stage]] = MappingProxyType(
    {
        UploadStarted: frozenset({Stage.QUEUED, Stage.UPLOADING}),
        Prepared: frozenset({Stage.UPLOADING}),
        Uploaded: frozenset({Stage.UPLOADING}),
        SubmitStarted: frozenset({Stage.UPLOADING}),
        SubmitPutOff: frozenset({Stage.SUBMITTING}),
        AnswerLost: frozenset({Stage.SUBMITTING}),
        # from `uncertain` when the artist enters the job's ID
        Submitted: frozenset({Stage.SUBMITTING, Stage.UNCONFIRMED, Stage.UNCERTAIN}),
        NeverArrived: frozenset({Stage.UNCONFIRMED}),
        NotFound: frozenset({Stage.UNCONFIRMED}),
        Polled: frozenset({Stage.RUNNING}),
        Generated: frozenset({Stage.RUNNING}),
        Downloaded: frozenset({Stage.DOWNLOADING}),
        Read: frozenset({Stage.READING}),
        Imported: frozenset({Stage.READY, Stage.IMPORTED}),
        Damaged: frozenset({Stage.READY, Stage.IMPORTED}),
        # not from `unconfirmed`: what may have been paid for is searched for until that is certain
        Failed: _BEFORE_READY - {Stage.UNCONFIRMED},
        CancelAsked: _BEFORE_READY,
        CancelRefused: frozenset({Stage.RUNNING}),
        # nor is it over because the artist wants it: `NeverArrived` or `NotFound` ends it then
        Cancelled: _BEFORE_READY - {Stage.SUBMITTING, Stage.UNCONFIRMED},
        Resumed: frozenset({Stage.FAILED, Stage.CANCELLED, Stage.UNCERTAIN, Stage.READY, Stage.IMPORTED}),
    }
)


class ImpossibleEventError(Exception):
    """An event that cannot follow the job's stage: a mistake in the program, never the artist's."""


def advance(job: Job, event: Event, now: float) -> Job:
    """The job after the event. `now`: seconds since 1970. Raises ImpossibleEventError."""
    if job.stage not in MAY_FOLLOW[type(event)]:
        raise ImpossibleEventError(f"{type(event).__name__} cannot follow {job.stage}")
    after = _after(job, event)
    if after.stage is not job.stage:
        after = dataclasses.replace(after, progress=0.0, trouble="", trouble_remedy=Remedy.NONE)
    if isinstance(event, Submitted):
        after = dataclasses.replace(after, accepted=now)
    elif isinstance(event, Resumed):
        after = dataclasses.replace(after, resumed=now)
    ended = (now if job.ended is None else job.ended) if after.is_resting else None
    return dataclasses.replace(after, ended=ended)


def _after(job: Job, event: Event) -> Job:  # noqa: C901, PLR0911, PLR0912 - one case an event, read as a table
    change = dataclasses.replace
    match event:
        case UploadStarted():
            return change(job, stage=Stage.UPLOADING)
        case Prepared(picture, picture_name, crop):
            return change(job, picture=picture, picture_name=picture_name, crop=crop, is_prepared=True)
        case Uploaded(asset_id, uploaded_at, sha256):
            return change(job, asset_id=asset_id, uploaded_at=uploaded_at, picture_sha256=sha256)
        case SubmitStarted():
            return change(job, stage=Stage.SUBMITTING)
        case SubmitPutOff():
            return change(job, stage=Stage.UPLOADING)
        case AnswerLost():
            return change(job, stage=Stage.UNCONFIRMED)
        case NeverArrived() if job.cancel_asked:
            return change(job, stage=Stage.CANCELLED, message=_CANCELLED_UNSENT, may_be_paid=False)
        case NeverArrived():
            never = {"message": _NEVER_ARRIVED, "remedy": Remedy.SUBMIT_AGAIN, "may_be_paid": False}
            return change(job, stage=Stage.FAILED, **never)
        case NotFound() if job.may_submit_again and not job.cancel_asked:
            return change(job, stage=Stage.UPLOADING, may_submit_again=False)
        case NotFound():
            unknown = {"message": _UNCERTAIN, "remedy": Remedy.SCENARIO, "may_be_paid": True}
            return change(job, stage=Stage.UNCERTAIN, may_submit_again=False, **unknown)
        case Submitted(remote_id, cost):
            known = {"remote_id": remote_id, "cost": cost, "may_be_paid": False, "may_submit_again": False}
            return change(job, stage=Stage.RUNNING, message="", remedy=Remedy.NONE, **known)
        case Polled(status, progress, cost):
            return change(
                job,
                remote_status=status,
                progress=max(job.progress, progress),
                cost=_known(cost, job),
                trouble="",
                trouble_remedy=Remedy.NONE,
            )
        case Generated(asset_ids, cost, seconds):
            found = {"model_asset_ids": asset_ids, "generation_seconds": seconds}
            return change(job, stage=Stage.DOWNLOADING, cost=_known(cost, job), **found)
        case Downloaded(asset_id):
            return change(job, stage=Stage.READING, model_asset_id=asset_id)
        case Read():
            return change(job, stage=Stage.READY)
        case Imported():
            return change(job, stage=Stage.IMPORTED)
        case Damaged(message, remedy):
            return change(job, stage=Stage.FAILED, message=message, remedy=remedy)
        case CancelAsked():
            return change(job, cancel_asked=True)
        case CancelRefused():
            return change(job, cancel_refused=True, trouble="", trouble_remedy=Remedy.NONE)
        case Failed(message, remedy, remote_ended, asset_gone, charged):
            asset = "" if asset_gone else job.asset_id
            ended = _ended(job, remote_ended, charged) | {"asset_id": asset}
            return change(job, stage=Stage.FAILED, message=message, remedy=remedy, **ended)
        case Cancelled(message, remote_ended, charged):
            ended = _ended(job, remote_ended, charged)
            return change(job, stage=Stage.CANCELLED, message=message, remedy=Remedy.NONE, **ended)
        case Resumed(prepares):
            return _resumed(job, prepares=prepares)
    raise ImpossibleEventError(f"{event!r} has no rule")  # pragma: no cover: the table above is checked first


_CANCELLED_UNSENT = "Cancelled. The request never reached Scenario, and nothing was charged."
_UNCERTAIN = "It is not known whether Scenario accepted the request. Look at Scenario before you submit it again."
_NEVER_ARRIVED = "The request never reached Scenario, and nothing was charged. Submit it again when you are ready."


def _ended(job: Job, remote_ended: bool, charged: float) -> dict[str, Any]:
    return {"remote_ended": remote_ended, "charged_in_vain": job.charged_in_vain + charged}


def _known(cost: float | None, job: Job) -> float | None:
    return job.cost if cost is None else cost


def _resumed(job: Job, *, prepares: bool) -> Job:
    """Back to the furthest stage that is already paid for; a remote job that is over cannot be gone back to.

    One that was only brought in by its ID has no picture to begin anew with: it is looked at again. One that may be
    paid for already is searched for once more before it is submitted anew.
    """
    if job.remote_ended and job.picture:
        past = (*job.past_remote_ids, job.remote_id)
        job = dataclasses.replace(job, remote_id="", past_remote_ids=past, cost=None, accepted=None)
    job = dataclasses.replace(job, remote_ended=False)
    if job.model_asset_ids:
        stage = Stage.DOWNLOADING
    elif job.remote_id:
        stage = Stage.RUNNING
    elif job.may_be_paid:
        stage = Stage.UNCONFIRMED
        job = dataclasses.replace(job, may_submit_again=True)
    else:
        if prepares and not job.is_prepared:  # what was sent of it before is not what is sent today
            job = dataclasses.replace(job, asset_id="")
        stage = Stage.UPLOADING if job.asset_id else Stage.QUEUED
    job = dataclasses.replace(job, cancel_asked=False, cancel_refused=False)
    return dataclasses.replace(job, stage=stage, message="", remedy=Remedy.NONE)
