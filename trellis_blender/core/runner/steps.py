# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a job outside Blender's main thread: one function a step, from a job to the event that follows.

Each runs on a worker's thread, takes a snapshot and returns. None changes the job or writes `job.json`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ..errors import (
    NOT_ACCEPTED,
    AccountError,
    AnswerLostError,
    GenerationFailedError,
    ModelFileError,
    PassingError,
    RefusedError,
    Remedy,
    Text,
    advised,
    as_storage_error,
)
from ..files import check_plain, write_whole
from ..job.claims import Hold
from ..job.events import (
    Cancelled,
    CancelRefused,
    Downloaded,
    Event,
    Failed,
    Generated,
    Polled,
    Prepared,
    Submitted,
    Uploaded,
)
from ..job.folder import MODEL_FILE, begin_submit, withdraw_submit
from ..job.job import Job, Stage
from ..job.words import number
from ..picture.file import SENDABLE, ChosenPicture, Prepare, fingerprint
from ..request.models import MODELS
from ..request.service import MODEL_BYTES_MAXIMUM, Asset, RemoteJob, Service, Wait

SUBMIT_SECONDS = 30.0  # from the right to send the paid call to its first byte: shorter than any takeover
PATIENT_DOWNLOADS = 3
ALONE_MAXIMUM = 50
PAGES_MAXIMUM = 1000  # of 100 jobs each
SEARCH_SECONDS = 600.0  # for one search, however many pages there are
UNKNOWN_JOB = "Scenario does not know this job. Check its ID and the project of the API key, then try again."
UNKNOWN_MODEL = (
    "Scenario does not have this model. It was deleted there, or belongs to another API key."
    " Check the key and try again, or generate the model once more."
)
WRONG_ID = "Scenario does not know a job with this ID. Copy it from Scenario once more."
OTHER_PICTURE = "That is the ID of another job. Copy the right ID from Scenario."
OTHER_ACCOUNT = "The request may have been accepted, but with a different API key. Enter the key it was sent with."


@dataclass(frozen=True)
class StepTools:
    """The tools of a step: the service, and the way to stop.

    `progress`: call it with 0 to 1. `taken`: the ids at Scenario of all our other jobs.
    `prepare`: prepares a picture; None: all are ready to be sent. `hold`: what we hold the job by.
    `model_bytes`: of a download, at most.
    """

    service: Service
    wait: Wait
    progress: Callable[[float], None]
    taken: Container[str] = frozenset()
    prepare: Prepare | None = None
    hold: Hold | None = None
    model_bytes: int = MODEL_BYTES_MAXIMUM


@dataclass(frozen=True)
class SearchMissed:
    """A search of the whole listing that did not find the job.

    `is_proof`: every listed job begun since the submit could be read and is certainly another.
    """

    is_proof: bool


def upload(job: Job, folder: Path, tools: StepTools) -> Event:
    """Send the picture. The picture of an earlier version's job is prepared first."""
    if not job.is_prepared and tools.prepare is not None:
        return prepare(job, folder, tools.prepare)
    picture = folder / job.picture
    with as_storage_error("read the picture"):
        sha256 = fingerprint(picture)
    media_type = SENDABLE[picture.suffix.removeprefix(".")]
    asset = tools.service.upload(picture, job.picture_name, media_type, tools.wait)
    return Uploaded(asset.id, asset.created, sha256)


def prepare(job: Job, folder: Path, make: Prepare) -> Event:
    """Replace the stored picture by what we would send of it now."""
    with as_storage_error("save the picture"):
        check_plain(folder / job.picture, (folder / job.picture).lstat())
        made = make(ChosenPicture(job.picture_name, file=folder / job.picture))
        name = f"source.{made.kind}"
        write_whole(folder / name, made.data, is_private=True)
    return Prepared(name, f"{Path(job.picture_name).stem}.{made.kind}", made.crop)


def submit(job: Job, folder: Path, tools: StepTools) -> Event:
    """Send the paid call, unless another process has the right to. See `begin_submit`.

    Raises AnswerLostError if it may have been accepted, one of NOT_ACCEPTED if it certainly was not.
    """
    with as_storage_error("save the job"):
        is_ours = begin_submit(folder, job.submits)
    if not is_ours:
        raise AnswerLostError("Scenario may have this request already.")
    latest = time.monotonic() + SUBMIT_SECONDS

    def may_leave() -> bool:
        """Return whether the call may leave now: we were not paused for long, and nobody has taken the job over."""
        return time.monotonic() < latest and (tools.hold is None or tools.hold.is_held())

    try:
        remote = tools.service.submit(MODELS[job.model], job.asset_id, job.parameters, may_leave)
    except NOT_ACCEPTED:
        withdraw_submit(folder, job.submits)
        raise
    return Submitted(remote.id, remote.cost)


def look_up(job: Job, _folder: Path, tools: StepTools) -> Submitted | SearchMissed:
    """Search the whole listing for a submit whose answer was lost.

    The listing is sorted by last update. A job updated while the pages are read jumps to page 1, so after several pages
    page 1 is read once more.
    """
    unread: dict[str, None] = {}
    for found in _listed(listing_start([job]), tools):
        ours = _submit_of(job, found, tools.taken)
        if ours is not None:
            return ours
        _note_unread(job, found, tools.taken, unread)
    return _look_closer(job, list(unread), tools)


def _listed(start: str, tools: StepTools) -> Iterator[list[RemoteJob]]:
    """Yield each page of the listing, then page 1 once more if there are several."""
    pages, end = set[str](), time.monotonic() + SEARCH_SECONDS
    found, page = tools.service.jobs(start)
    yield found
    while page:
        if not tools.wait(0):
            raise PassingError("The search was stopped.")
        if page in pages or len(pages) >= PAGES_MAXIMUM or time.monotonic() > end:
            raise PassingError("Scenario's list of jobs has no end.")
        pages.add(page)
        found, page = tools.service.jobs(start, page)
        yield found
    if pages:
        yield tools.service.jobs(start)[0]


def _note_unread(job: Job, found: list[RemoteJob], taken: Container[str], unread: dict[str, None]) -> None:
    """Add the id of each listed job that may be ours and whose input the listing leaves out."""
    for remote in found:
        if len(unread) > ALONE_MAXIMUM:
            return  # too many to look at, and some may be left out: that must stay known
        if remote.has_input:
            unread.pop(remote.id, None)  # it was on an earlier page, and is updated since
        elif _may_be(job, remote, taken):
            unread[remote.id] = None


def _look_closer(job: Job, unread: list[str], tools: StepTools) -> Submitted | SearchMissed:
    """Request each listed job that may be ours and whose input the listing leaves out."""
    is_proof = len(unread) <= ALONE_MAXIMUM and "" not in unread  # a row without an id hides a job
    for remote_id in [each for each in unread if each][:ALONE_MAXIMUM]:
        if not tools.wait(0):
            raise PassingError("The search was stopped.")
        try:
            alone = tools.service.job(remote_id)
        except RefusedError:
            is_proof = False
            continue
        ours = _submit_of(job, [alone], tools.taken)
        if ours is not None:
            return ours
        is_proof = is_proof and (alone.has_input or alone.is_other_than(job.model))
    _check_payer(job, tools)
    return SearchMissed(is_proof)


def _submit_of(job: Job, listed: list[RemoteJob], taken: Container[str]) -> Submitted | None:
    """Return the job's submit if it is among these: the one with its picture, which is new with each job.

    If several have that picture, the one with the job's seed wins.
    """
    ours = [remote for remote in listed if _is_free(job, remote, taken) and remote.holds(job.asset_id)]
    ours.sort(key=lambda remote: remote.seed != job.parameters["seed"])
    return Submitted(ours[0].id, ours[0].cost) if ours else None


def _is_free(job: Job, remote: RemoteJob, taken: Container[str]) -> bool:
    """Return whether it is a job of the same model, no earlier try of this job, and no other job's."""
    return not remote.is_other_than(job.model) and remote.id not in taken and remote.id not in job.past_remote_ids


def _may_be(job: Job, remote: RemoteJob, taken: Container[str]) -> bool:
    """Return whether the job's submit may have begun it, judging by its date. Both dates are the server's."""
    created, uploaded = _moment(remote.created), _uploaded(job)
    is_older = created is not None and uploaded is not None and created < uploaded - 1.0
    return _is_free(job, remote, taken) and not is_older


def identify(job: Job, remote_id: str, service: Service, taken: Container[str]) -> Submitted:
    """Return the submit for the ID at Scenario that the artist entered. Raises RefusedError if it is another job's."""
    try:
        remote = service.job(remote_id)
    except RefusedError as error:
        if not error.is_gone:
            raise
        raise RefusedError(WRONG_ID, remedy=Remedy.SCENARIO) from error
    is_readable = remote.has_input and not remote.holds(job.asset_id)
    if is_readable or not _is_free(job, remote, taken):
        raise RefusedError(OTHER_PICTURE, remedy=Remedy.SCENARIO)
    return Submitted(remote.id, remote.cost)


def _check_payer(job: Job, tools: StepTools) -> None:
    """Raise AccountError unless the account sees the job's picture: else a listing without the job proves nothing.

    Nobody needs that proof if the artist has chosen to submit it again, and Scenario may have forgotten the picture.
    """
    if job.may_submit_again:
        return
    try:
        tools.service.asset(job.asset_id)
    except RefusedError as error:
        raise AccountError(OTHER_ACCOUNT) from error


def cancel(job: Job, _folder: Path, tools: StepTools) -> Event:
    """Ask Scenario to stop the paid job. If it refuses, the job goes on; a finished result is kept."""
    try:
        remote = tools.service.cancel(job.remote_id)
    except RefusedError:
        event = poll_one(job, tools.service)  # it may be over already
        return CancelRefused() if isinstance(event, Polled) else event
    if remote.status == "canceled":
        charged = Text("Cancelled. Scenario charged {number} CU.", number=number(remote.cost or 0.0))
        message = charged if remote.cost else "Cancelled. It was stopped in time."
        return Cancelled(message, remote_ended=True, charged=remote.cost or 0.0)
    return event_of(remote)


def poll_one(job: Job, service: Service) -> Event:
    """Return how the job stands now."""
    try:
        return event_of(service.job(job.remote_id))
    except RefusedError as error:
        if not error.is_gone:
            raise
        # a job that was only imported by its ID is no loss; a job paid for here may belong to another key
        return Failed(UNKNOWN_JOB, Remedy.KEY, remote_ended=not job.picture)


def poll_many(jobs: list[Job], start: str, page: str, pages: int, service: Service) -> tuple[Mapping[str, Event], str]:
    """Return how the jobs on the next pages of the listing stand, and the page to continue with next time.

    Makes at most `pages` requests, and begins anew after the last page. `start`: that of the listing. The events are
    keyed by our own job ids.
    """
    waiting, events, is_whole = {job.remote_id: job.id for job in jobs}, dict[str, Event](), not page
    for _ in range(pages):
        found, page = service.jobs(start, page)
        events.update({waiting[remote.id]: event_of(remote) for remote in found if remote.id in waiting})
        if len(events) == len(waiting) or (is_whole and not page):
            return events, ""
        is_whole = is_whole or not page
    return events, page


def download_model(job: Job, folder: Path, tools: StepTools) -> Event:
    """Download the model. If its address has expired, request a new one."""
    model = _model_of(job, tools)
    if model is None:
        raise GenerationFailedError(
            "Scenario finished the job, but its result holds no model. Look at it on app.scenario.com."
        )
    for attempt in range(PATIENT_DOWNLOADS):
        try:
            tools.service.download(model, folder / MODEL_FILE, tools.wait, tools.progress, tools.model_bytes)
            break
        except RefusedError as error:
            if attempt == PATIENT_DOWNLOADS - 1:
                raise PassingError("Scenario's file host refuses the download.") from error
            model = replace(_result(model.id, tools.service), is_glb=True)
        except ModelFileError as error:
            if attempt == PATIENT_DOWNLOADS - 1 or error.remedy is not Remedy.RETRY:
                raise
    return Downloaded(model.id)


def _model_of(job: Job, tools: StepTools) -> Asset | None:
    """Return the GLB among the job's assets; None if there is none. Others may be gone, or answered with rubbish."""
    missed: PassingError | RefusedError | None = None
    for asset_id in job.model_asset_ids:
        try:
            asset = _result(asset_id, tools.service)
        except (PassingError, RefusedError) as error:
            if missed is None or isinstance(error, PassingError):
                missed = error  # which of them is the model is known once all have answered
            if not tools.wait(0):
                raise
            continue
        if asset.is_glb:
            return asset
    if missed is not None:
        raise missed
    return None


def _result(asset_id: str, service: Service) -> Asset:
    """Return a file that the job made. Raises RefusedError with the artist's sentence if Scenario does not know it."""
    try:
        return service.asset(asset_id)
    except RefusedError as error:
        if not error.is_gone:
            raise
        raise RefusedError(UNKNOWN_MODEL, remedy=Remedy.PREFERENCES) from error


# By the stage of the job that takes the step. A running job takes one only if it asks to stop.
STEPS: Mapping[Stage, Callable[[Job, Path, StepTools], Event | SearchMissed]] = {
    Stage.UPLOADING: upload,
    Stage.SUBMITTING: submit,
    Stage.UNCONFIRMED: look_up,
    Stage.RUNNING: cancel,
    Stage.DOWNLOADING: download_model,
}


def event_of(remote: RemoteJob) -> Event:
    """Return the event that the state of the remote job amounts to."""
    if remote.is_success and remote.asset_ids:
        return Generated(remote.asset_ids, remote.cost, remote.seconds)
    if not remote.is_over:
        return Polled(remote.status, remote.progress, remote.cost)
    if remote.status == "canceled":
        return Cancelled("It was cancelled at Scenario.", remote_ended=True, charged=remote.cost or 0.0)
    if remote.is_success:
        text = "Scenario finished the job, but names no model yet. Press Retry to look again; it is not charged again."
        return Failed(text, Remedy.RETRY)
    words = remote.words or "it gives no reason."
    said = Text("Scenario could not make the model: {words}", words=words)
    return Failed(
        advised(said, words, "{said} Try again, or use another picture."),
        Remedy.PICTURE,
        remote_ended=True,
        charged=0.0 if remote.is_refunded else remote.cost or 0.0,
    )


def listing_start(jobs: list[Job]) -> str:
    """Return the ISO 8601 date from which on the listing holds all these jobs.

    The server's own date of the picture lies before the submit, whatever this computer's clock says. Without one, we go
    back one day.
    """
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(min(map(_before_submit, jobs))))


def _before_submit(job: Job) -> float:
    """Return seconds since 1970, one second before the picture's date: a listing may exclude its own start date."""
    uploaded = _uploaded(job)
    return max(0.0, job.created - 24 * 3600 if uploaded is None else uploaded - 1.0)


def _uploaded(job: Job) -> float | None:
    """Return the server's date of the picture in seconds since 1970; None if there is none to be trusted.

    One that lies in the future would hide the submit from the search, which would then seem never to have arrived.
    """
    uploaded = _moment(job.uploaded_at)
    return uploaded if uploaded is not None and uploaded <= job.created + 24 * 3600 else None


def _moment(date: str) -> float | None:
    """Return an ISO 8601 date in seconds since 1970, in UTC unless it says otherwise; None if it is no date."""
    try:
        moment = datetime.fromisoformat(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
