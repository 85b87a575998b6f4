# SPDX-License-Identifier: GPL-3.0-or-later
"""A job: one generation, from the click to the model in the scene.

A job is a value. It changes in one way only: `advance(job, event)` returns the next value. Only the runner's thread
calls it; everybody else reads snapshots.

    queued -> uploading -> submitting -> running -> downloading -> reading -> ready -> imported
                  ^            |  \\                                            (again and again)
                  |  put off,  |   `-> unconfirmed -> running, or failed ("it never arrived"), or uncertain
                  |  forgotten |
                  `------------'
    Every stage before `ready` may end as failed. It may end as cancelled until it is submitted, or if Scenario stops
    it. `Resumed` takes both back to the furthest stage that is already paid for. From uncertain, `Resumed` leads to
    one more search, and then to a new submit. A model that is paid for is kept even if the artist cancels it.

Two tables below say all of it. `EVENT_TRIGGERED`: what may happen to a job at each stage, and where that leads.
`STAGE_TRIGGERED`: what happens to a job by itself, because of its stage.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from ..errors import Remedy
from ..model.surface.findings import Findings
from ..picture.viewpoint import Viewpoint
from ..request.models import MODELS, TRELLIS_2
from ..request.parameters import SEED_MAXIMUM, Value
from .events import (
    AnswerLost,
    CancelAsked,
    Cancelled,
    CancelRefused,
    Checked,
    Damaged,
    Downloaded,
    Event,
    Failed,
    Generated,
    Imported,
    KeptUnread,
    NeverArrived,
    NotFound,
    PictureForgotten,
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
    """The stage of a job. The value is what is written to disk."""

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


BEFORE_SCENARIO = frozenset({Stage.QUEUED, Stage.UPLOADING})
AT_SCENARIO = frozenset({Stage.SUBMITTING, Stage.UNCONFIRMED, Stage.RUNNING})
GENERATED = frozenset({Stage.DOWNLOADING, Stage.READING})
WITHOUT_MODEL = frozenset({Stage.FAILED, Stage.CANCELLED, Stage.UNCERTAIN})
RESTING = frozenset({Stage.READY, Stage.IMPORTED}) | WITHOUT_MODEL


@dataclass(frozen=True)
class Job:
    """A snapshot of one job.

    `id` names its folder. `created` and `ended` are seconds since 1970 by this computer's clock, as are `resumed` (the
    artist's last retry) and `accepted` (by Scenario).
    `batch`: the id of the first of several jobs started at once with one picture; empty for a single job. `place`
    counts them from 0.
    `is_prepared`: its picture was prepared as all pictures are now; jobs of earlier versions lack this.
    `crop`: left, top, right, bottom, in pixels of the upright picture, then that picture's width and height; empty if
    unknown.
    `viewpoint`: where the picture was taken from; None if that is unknown.
    `model`: the service's id of the model that makes it.
    `asset_id`: the picture's asset. `uploaded_at`: the server's ISO 8601 date of that asset; by the server's own clock
    it lies before the paid call. `asset_gone`: Scenario no longer knows that asset, so the picture is sent again.
    `remote_id`: Scenario's id of the paid job. `remote_ended`: that job ended without a model. `past_remote_ids`: the
    ids of earlier tries.
    `submits`: how often the paid call was announced: the number of the file that decides who sends it. 0: by an earlier
    version, or never.
    `cost`: Scenario's compute units, None while unknown. `charged_in_vain`: what Scenario kept for tries that ended
    without a model.
    `generation_seconds`: how long Scenario took, by its own clock. `model_asset_ids`: the results.
    `findings`: what was measured of its model, None if nobody has yet.
    `cancel_asked`: the artist no longer wants it, and its model is not imported by itself. `cancel_refused`: Scenario
    goes on with it all the same.
    `may_be_paid`: a request of it was not found at Scenario, but may have been accepted. `may_submit_again`: the artist
    takes that risk; it is submitted again unless one more search finds it.
    `progress`: 0 to 1 for the current stage. `trouble`: why the job waits, with its remedy. `foreign`: another Blender
    drives this job. These and `remote_status` are not written to disk.
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
    viewpoint: Viewpoint | None = None
    model: str = TRELLIS_2.id
    stage: Stage = Stage.QUEUED
    picture_sha256: str = ""
    asset_id: str = ""
    asset_gone: bool = False
    uploaded_at: str = ""
    remote_id: str = ""
    remote_ended: bool = False
    past_remote_ids: tuple[str, ...] = ()
    submits: int = 0
    cost: float | None = None
    charged_in_vain: float = 0.0
    model_asset_ids: tuple[str, ...] = ()
    model_asset_id: str = ""
    findings: Findings | None = None
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
        """Return whether nothing more happens to it by itself."""
        return self.stage in RESTING

    @property
    def begun(self) -> float:
        """Return when the artist last started it, in seconds since 1970."""
        return self.created if self.resumed is None else self.resumed

    @property
    def holds_model(self) -> bool:
        """Return whether a model that is paid for would be lost with it."""
        return bool(self.remote_id) and not self.remote_ended

    @property
    def is_retryable(self) -> bool:
        """Return whether it failed, was cancelled or is uncertain, with a picture to start from or a model to fetch."""
        return self.stage in WITHOUT_MODEL and bool(self.picture or self.holds_model)

    @property
    def asks_to_stop(self) -> bool:
        """Return whether Scenario must be asked to stop it."""
        return self.stage is Stage.RUNNING and self.cancel_asked and not self.cancel_refused


def new_jobs(
    ids: Sequence[str],
    names: Sequence[str],
    picture_name: str,
    values: Mapping[str, Value],
    seed: int | None,
    viewpoint: Viewpoint | None = None,
    model: str = TRELLIS_2.id,
) -> list[Job]:
    """Return a job with each of these ids, all of one picture. `values`: of the parameters.

    Each has its own seed: a random one, or `seed` plus its place, wrapping to 0 after the largest. Raises
    ParameterError.
    """
    seeds = (None if seed is None else (seed + place) % (SEED_MAXIMUM + 1) for place in range(len(ids)))
    now = time.time()
    return [
        Job(
            id=ids[place],
            name=names[place],
            picture="source.png",  # until it is prepared, which may change the ending
            picture_name=picture_name,
            parameters=MODELS[model].complete(values, own),
            created=now + place / 1000,  # the list is sorted by this
            batch=ids[0] if len(ids) > 1 else "",
            place=place,
            viewpoint=viewpoint,
            model=model,
        )
        for place, own in enumerate(seeds)
    ]


def adopted_job(job_id: str, name: str, remote_id: str) -> Job:
    """Return a job that was begun elsewhere, by its ID at Scenario. It has no picture here."""
    return Job(job_id, name, "", "", {"seed": 0}, time.time(), stage=Stage.RUNNING, remote_id=remote_id)


TRANSIENT = frozenset(spec.name for spec in dataclasses.fields(Job) if spec.metadata.get("transient"))


# -- the tables


def _unless_cancelled(stage: Stage) -> Callable[[Job, Any], Stage]:
    return lambda job, _event: Stage.CANCELLED if job.cancel_asked else stage


def _not_found(job: Job, _event: Any) -> Stage:
    return Stage.UPLOADING if job.may_submit_again and not job.cancel_asked else Stage.UNCERTAIN


def _furthest_paid(job: Job, event: Resumed) -> Stage:
    """Return the furthest stage that is paid for. What may be paid for is searched for before it is sent again."""
    if job.model_asset_ids:
        return Stage.DOWNLOADING
    if job.remote_id and not _begins_anew(job):
        return Stage.RUNNING
    if job.may_be_paid:
        return Stage.UNCONFIRMED
    is_outdated = event.prepares and not job.is_prepared  # its asset was not prepared as pictures are now
    return Stage.UPLOADING if _has_asset(job) and not is_outdated else Stage.QUEUED


def _has_asset(job: Job) -> bool:
    """Return whether its picture is at Scenario, as far as we know. The search needs the id of one that is gone."""
    return bool(job.asset_id) and not job.asset_gone


# For each stage: the events that may happen, and the stage each leads to; a function if that depends on the job.
EVENT_TRIGGERED: Mapping[Stage, Mapping[type[Event], Stage | Callable[[Job, Any], Stage]]] = MappingProxyType(
    {
        Stage.QUEUED: {UploadStarted: Stage.UPLOADING, CancelAsked: Stage.CANCELLED, Failed: Stage.FAILED},
        Stage.UPLOADING: {
            UploadStarted: Stage.UPLOADING,
            Prepared: Stage.UPLOADING,
            Uploaded: Stage.UPLOADING,
            SubmitStarted: Stage.SUBMITTING,
            CancelAsked: Stage.CANCELLED,
            Failed: Stage.FAILED,
        },
        Stage.SUBMITTING: {
            Submitted: Stage.RUNNING,
            SubmitPutOff: _unless_cancelled(Stage.UPLOADING),
            PictureForgotten: _unless_cancelled(Stage.UPLOADING),
            AnswerLost: Stage.UNCONFIRMED,
            CancelAsked: Stage.SUBMITTING,  # it may be paid for by now: stop it once that is known
            Failed: Stage.FAILED,
        },
        Stage.UNCONFIRMED: {  # it may be paid for: search until that is certain; neither failure nor cancel ends it
            Submitted: Stage.RUNNING,
            NeverArrived: _unless_cancelled(Stage.FAILED),
            NotFound: _not_found,
            CancelAsked: Stage.UNCONFIRMED,
        },
        Stage.RUNNING: {
            Polled: Stage.RUNNING,
            Generated: Stage.DOWNLOADING,
            CancelAsked: Stage.RUNNING,  # Scenario is asked, and answers with one of the next two
            CancelRefused: Stage.RUNNING,
            Cancelled: Stage.CANCELLED,
            Failed: Stage.FAILED,
        },
        Stage.DOWNLOADING: {
            Downloaded: Stage.READING,
            CancelAsked: Stage.DOWNLOADING,  # the model is paid for: keep it, but do not import it
            Failed: Stage.FAILED,
        },
        Stage.READING: {
            Read: Stage.READY,
            KeptUnread: Stage.READY,
            Damaged: Stage.FAILED,
            CancelAsked: Stage.READING,
            Failed: Stage.FAILED,
        },
        Stage.READY: {
            CancelAsked: Stage.READY,
            Checked: Stage.READY,
            Imported: Stage.IMPORTED,
            Damaged: Stage.FAILED,
            Resumed: _furthest_paid,
        },
        Stage.IMPORTED: {
            Imported: Stage.IMPORTED,
            Checked: Stage.IMPORTED,
            Damaged: Stage.FAILED,
            Resumed: _furthest_paid,
        },
        Stage.FAILED: {Resumed: _furthest_paid},
        Stage.CANCELLED: {Resumed: _furthest_paid},
        Stage.UNCERTAIN: {
            Submitted: Stage.RUNNING,  # the artist has entered the ID it has at Scenario
            Resumed: _furthest_paid,
        },
    }
)
# The same table read the other way: for each event, the stages at which it may happen.
MAY_FOLLOW: Mapping[type[Event], frozenset[Stage]] = MappingProxyType(
    {
        event: frozenset(stage for stage, row in EVENT_TRIGGERED.items() if event in row)
        for event in dict.fromkeys(event for row in EVENT_TRIGGERED.values() for event in row)
    }
)
# For each stage: the event that happens by itself while nobody works on the job, if the condition holds.
STAGE_TRIGGERED: Mapping[Stage, tuple[Event, Callable[[Job], bool]]] = MappingProxyType(
    {
        Stage.QUEUED: (UploadStarted(), lambda _job: True),
        Stage.UPLOADING: (SubmitStarted(), _has_asset),
        Stage.SUBMITTING: (AnswerLost(), lambda _job: True),  # the Blender that sent it is gone, and the answer with it
    }
)


# -- one step


class ImpossibleEventError(Exception):
    """An event that cannot follow the job's stage: a bug in the program, never the artist's mistake."""


def advance(job: Job, event: Event, now: float) -> Job:
    """Return the job after the event. `now`: seconds since 1970. Raises ImpossibleEventError."""
    leads_to = EVENT_TRIGGERED[job.stage].get(type(event))
    if leads_to is None:
        raise ImpossibleEventError(f"{type(event).__name__} cannot follow {job.stage}")
    stage = leads_to if isinstance(leads_to, Stage) else leads_to(job, event)
    facts = _facts(job, event, stage, now)
    if stage is not job.stage:
        facts |= {"progress": 0.0, "trouble": "", "trouble_remedy": Remedy.NONE}
    ended = (now if job.ended is None else job.ended) if stage in RESTING else None
    return dataclasses.replace(job, **facts, stage=stage, ended=ended)


def event_by_itself(job: Job) -> Event | None:
    """Return the event that comes next by itself while nobody works on the job; None if the job waits for its step."""
    if job.stage not in STAGE_TRIGGERED:
        return None
    event, is_so = STAGE_TRIGGERED[job.stage]
    return event if is_so(job) else None


_UNSENT = "Cancelled before anything was charged."
_NOT_RESENT = "Cancelled. An earlier request of this job may have been charged. Look at Scenario for it."
_CANCELLED_UNSENT = "Cancelled. The request never reached Scenario, and nothing was charged."
_UNCERTAIN = "It is not known whether Scenario accepted the request. Look at Scenario before you submit it again."
_NEVER_ARRIVED = "The request never reached Scenario, and nothing was charged. Submit it again when you are ready."


def _facts(  # noqa: C901, PLR0911, PLR0912 - one case an event, read as a table
    job: Job, event: Event, stage: Stage, now: float
) -> dict[str, Any]:
    """Return the fields that the event changes beside the stage, by their names. `stage`: the job's next stage."""
    match event:
        case Prepared(picture, picture_name, crop):
            return {"picture": picture, "picture_name": picture_name, "crop": crop, "is_prepared": True}
        case Uploaded(asset_id, uploaded_at, sha256):
            told = {"asset_id": asset_id, "uploaded_at": uploaded_at, "picture_sha256": sha256}
            return {**told, "asset_gone": False}
        case SubmitStarted():
            return {"submits": job.submits + 1}
        case Submitted(remote_id, cost):
            known = {"remote_id": remote_id, "cost": cost, "accepted": now}
            return known | _said("") | {"may_be_paid": False, "may_submit_again": False}
        case SubmitPutOff() | PictureForgotten() if stage is Stage.CANCELLED:
            return _said(_words_of_cancel(job))
        case PictureForgotten():
            return {"asset_gone": True}
        case NeverArrived():
            is_cancelled = stage is Stage.CANCELLED
            said = _said(_CANCELLED_UNSENT) if is_cancelled else _said(_NEVER_ARRIVED, Remedy.SUBMIT_AGAIN)
            return said | {"may_be_paid": False}
        case NotFound() if stage is Stage.UNCERTAIN:
            return _said(_UNCERTAIN, Remedy.SCENARIO) | {"may_be_paid": True, "may_submit_again": False}
        case NotFound():
            return {"may_submit_again": False}
        case Polled(status, progress, cost):
            polled = {"remote_status": status, "progress": max(job.progress, progress), "cost": _known(cost, job)}
            return polled | {"trouble": "", "trouble_remedy": Remedy.NONE}
        case Generated(asset_ids, cost, seconds):
            return {"model_asset_ids": asset_ids, "cost": _known(cost, job), "generation_seconds": seconds}
        case Downloaded(asset_id):
            return {"model_asset_id": asset_id, "findings": None}
        case Checked(findings):
            return {"findings": findings}
        case Damaged(message, remedy):
            return _said(message, remedy)
        case CancelAsked():
            return {"cancel_asked": True} | (_said(_words_of_cancel(job)) if stage is Stage.CANCELLED else {})
        case CancelRefused():
            return {"cancel_refused": True, "trouble": "", "trouble_remedy": Remedy.NONE}
        case Failed(message, remedy, remote_ended, asset_gone, charged):
            ended = _ended(job, remote_ended, charged)
            return _said(message, remedy) | ended | {"asset_gone": asset_gone or job.asset_gone}
        case Cancelled(message, remote_ended, charged):
            return _said(message) | _ended(job, remote_ended, charged)
        case Resumed():
            return _resumed(job, stage) | {"resumed": now}
    return {}


def _said(message: str, remedy: Remedy = Remedy.NONE) -> dict[str, Any]:
    return {"message": message, "remedy": remedy}


def _words_of_cancel(job: Job) -> str:
    """Return the sentence for a job cancelled here, without asking Scenario."""
    return _NOT_RESENT if job.may_be_paid else _UNSENT


def _ended(job: Job, remote_ended: bool, charged: float) -> dict[str, Any]:
    return {"remote_ended": remote_ended, "charged_in_vain": job.charged_in_vain + charged}


def _known(cost: float | None, job: Job) -> float | None:
    return job.cost if cost is None else cost


def _resumed(job: Job, stage: Stage) -> dict[str, Any]:
    """Return the fields of a fresh start: no request, no message. A remote job that is over moves to the past ids."""
    facts = _said("") | {"remote_ended": False, "cancel_asked": False, "cancel_refused": False}
    if _begins_anew(job):
        past = (*job.past_remote_ids, job.remote_id)
        facts |= {"remote_id": "", "past_remote_ids": past, "cost": None, "accepted": None}
    if stage is Stage.UNCONFIRMED:
        facts |= {"may_submit_again": True}
    if stage is Stage.QUEUED:
        facts |= {"asset_id": "", "asset_gone": False}
    return facts


def _begins_anew(job: Job) -> bool:
    """Return whether a new request must be sent. A job that was only imported by its ID has no picture to send."""
    return job.remote_ended and bool(job.picture)
