# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failed step means for its job: never lose what was paid for, never pay twice."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import (
    AccountError,
    CreditsError,
    LimitError,
    PassingError,
    RefusedError,
    Remedy,
    StorageError,
    TrellisError,
    unexpected,
)
from ..job.events import AnswerLost, Event, Failed, PictureForgotten, SubmitPutOff
from ..job.job import Job, Stage

# Only after these errors is it certain that a paid call was not accepted.
NOT_ACCEPTED = (PassingError, AccountError, CreditsError, RefusedError, StorageError)


@dataclass(frozen=True)
class Decision:
    """What to do after a failed step.

    `event`: happens to the job, if any.
    `waits`: try again, by default after the usual pause or the seconds the server `asked` for.
    `needs_help`: try again after a pause in which the artist may fix what the `sentence` says, using the `remedy`.
    `at_limit`: try again once another job has ended.
    """

    sentence: str
    event: Event | None = None
    waits: bool = False
    needs_help: bool = False
    at_limit: bool = False
    remedy: Remedy = Remedy.NONE
    asked: float | None = None


def decide(job: Job, error: Exception, *, is_just_uploaded: bool = False) -> Decision:
    """Return what to do with a job whose step ended with the error.

    `is_just_uploaded`: the step before was the upload of its picture. Scenario cannot have forgotten that one yet.
    """
    sentence = error.sentence if isinstance(error, TrellisError) else unexpected(error)
    if job.stage is Stage.SUBMITTING and not isinstance(error, NOT_ACCEPTED):
        return Decision(sentence, AnswerLost())
    event = SubmitPutOff() if job.stage is Stage.SUBMITTING else None
    if isinstance(error, PassingError):
        at_limit = isinstance(error, LimitError) and error.retry_after is None
        return Decision(sentence, event, waits=True, at_limit=at_limit, asked=error.retry_after)
    remedy = error.remedy if isinstance(error, TrellisError) else Remedy.RETRY
    if _must_be_held(job, error):
        return Decision(sentence, event, waits=True, needs_help=True, remedy=remedy)
    is_asset_gone = job.stage is Stage.SUBMITTING and isinstance(error, RefusedError) and error.is_gone
    if is_asset_gone and not is_just_uploaded:
        return Decision(sentence, PictureForgotten())
    return Decision(
        sentence, Failed(sentence, Remedy.RETRY if remedy is Remedy.NONE else remedy, asset_gone=is_asset_gone)
    )


def _must_be_held(job: Job, error: Exception) -> bool:
    """Return whether the job waits for help instead of failing: it is or may be paid for, or only the disk is full."""
    if job.stage is Stage.UNCONFIRMED or isinstance(error, StorageError):
        return True
    return job.holds_model and isinstance(error, AccountError | CreditsError)
