# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failed step means for its job: whichever loses nothing that is paid for, and pays for nothing twice."""

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
from ..job.events import AnswerLost, Event, Failed, SubmitPutOff
from ..job.job import Job, Stage

# After these, and no other, a paid call was certainly not accepted.
NOT_ACCEPTED = (PassingError, AccountError, CreditsError, RefusedError)


@dataclass(frozen=True)
class Decision:
    """`event` happens to the job, if any. With `waits` it is tried again, after the seconds `asked` for by the server,
    or with `needs_help` after a while in which the artist may have mended what the `sentence` says, by the `remedy`, or
    `at_limit` once another job has ended.
    """

    sentence: str
    event: Event | None = None
    waits: bool = False
    needs_help: bool = False
    at_limit: bool = False
    remedy: Remedy = Remedy.NONE
    asked: float | None = None


def decide(job: Job, error: Exception) -> Decision:
    """What to do with a job whose step ended with the error."""
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
    return Decision(
        sentence, Failed(sentence, Remedy.RETRY if remedy is Remedy.NONE else remedy, asset_gone=is_asset_gone)
    )


def _must_be_held(job: Job, error: Exception) -> bool:
    """Whether it waits for the artist's help rather than fail: it is paid for, or may be, or only the disk is full."""
    if job.stage is Stage.UNCONFIRMED or isinstance(error, StorageError):
        return True
    return job.holds_model and isinstance(error, AccountError | CreditsError)
