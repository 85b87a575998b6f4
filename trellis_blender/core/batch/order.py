# SPDX-License-Identifier: GPL-3.0-or-later
"""What a batch orders, what it reports while it runs, and how it ended. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ..errors import Remedy, TrellisError
from ..job.job import BEFORE_SCENARIO, Job, Stage
from ..request.models import TRELLIS_2
from ..request.parameters import Value
from ..runner.messages import Notice

REFUSALS = (Remedy.KEY, Remedy.CREDITS, Remedy.ONLINE_ACCESS)


def is_refused(job: Job) -> bool:
    """Return whether the job failed only because of the account: the others would fail in the same way."""
    return job.stage is Stage.FAILED and job.remedy in REFUSALS and not job.holds_model


class BatchError(TrellisError):
    """A batch that cannot be created, opened or run."""

    remedy = Remedy.FOLDER


class BatchDiffersError(BatchError):
    """A folder that holds another batch. The sentence says what differs."""


class NoBatchError(BatchError):
    """A folder that holds no batch, a damaged one, or one of a newer version."""


@dataclass(frozen=True)
class Order:
    """What is wanted of every picture.

    `parameters`: by their Python names, checked (`HostedModel.complete`). They need not be complete, and hold no seed.
    `seed`: of each picture's first variation, later ones count up from it. None: each job draws its own.
    `variations`: models per picture, at least 1.
    `ignores_alpha`: send the pictures without their transparency. Only `prepare` reads it.
    `concurrency`: the most jobs at Scenario at once, for all workers of the batch together, at least 1.
    `most_cost`: the most compute units that all jobs of the batch may cost together; None: no limit.
    `price`: what one job costs, in compute units, as Scenario says beforehand; None: unknown. A limit needs it.
    `model`: the id of the model that makes them.

    `concurrency`, `most_cost` and `price` can be changed later (`Batch.set_limits`); the others are what makes two
    orders the same.
    """

    parameters: Mapping[str, Value] = field(default_factory=dict)
    seed: int | None = None
    variations: int = 1
    ignores_alpha: bool = False
    concurrency: int = 4
    most_cost: float | None = None
    price: float | None = None
    model: str = TRELLIS_2.id


class Standing(StrEnum):
    """How a job of a batch stands.

    `NOT_SENT`: nothing of it was ever sent as a paid call, or only what was certainly not accepted. It may be on its
    way, with its picture uploaded.
    `UNCERTAIN`: it may have been paid for, and rests until somebody decides.
    """

    NOT_SENT = "not sent"
    AT_WORK = "at work"
    DONE = "done"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"


_ENDS = {
    Stage.READY: Standing.DONE,
    Stage.IMPORTED: Standing.DONE,
    Stage.FAILED: Standing.FAILED,
    Stage.UNCERTAIN: Standing.UNCERTAIN,
    Stage.CANCELLED: Standing.CANCELLED,
}


@dataclass(frozen=True)
class Row:
    """One job of a batch.

    `index`: the picture's number, from 0. `variation`: from 0. `folder`: the job's, which may not exist yet.
    `job`: the job as it is on disk; None if it has no folder yet. `trouble`: why the picture cannot be prepared or the
    job not be read, empty if all is well.
    """

    index: int
    variation: int
    picture: Path
    folder: Path
    job: Job | None = None
    trouble: str = ""

    @property
    def standing(self) -> Standing:
        """Return how it stands."""
        if self.job is None:
            return Standing.FAILED if self.trouble else Standing.NOT_SENT
        is_unsent = self.job.stage in BEFORE_SCENARIO and not self.job.may_be_paid
        return Standing.NOT_SENT if is_unsent else _ENDS.get(self.job.stage, Standing.AT_WORK)


@dataclass(frozen=True)
class BatchState:
    """How a batch stands, as its folder says.

    `counts`: jobs by standing; those that are missing are 0. `jobs`: all jobs, pictures times variations.
    `cost`: compute units that were charged so far. `reserved`: what jobs at Scenario, and uncertain ones, may add.
    `to_pay`: how many jobs would still have to be paid for to have all models: those that were not sent, failed ones
    that made none, and uncertain ones.
    """

    jobs: int
    counts: Mapping[Standing, int]
    cost: float
    reserved: float
    to_pay: int
    concurrency: int
    most_cost: float | None
    price: float | None


@dataclass(frozen=True)
class JobChanged:
    """A change of a job that this worker drives: its stage, its progress (0 to 1), its trouble, or its end.

    `row.job` is the snapshot. At most ten a second come for progress alone.
    """

    row: Row


@dataclass(frozen=True)
class PictureRefused:
    """A picture that could not be prepared, so that none of its jobs exists. Nothing was charged; the rest goes on."""

    index: int
    picture: Path
    sentence: str
    remedy: Remedy = Remedy.PICTURE


# A notice is about the batch as a whole: the limit is reached, the key was refused, the folder is full.
BatchEvent = JobChanged | PictureRefused | Notice


class End(StrEnum):
    """Why a worker's `run` ended.

    `DONE`: every job of the batch rests; some may have failed. `STOPPED`: it was asked to stop, or the batch was
    cancelled. `MOST_COST`: the limit leaves no room for another job. `REFUSED`: Scenario refuses the key, or asks for
    credits. `STORAGE`: the folder cannot be written.
    """

    DONE = "done"
    STOPPED = "stopped"
    MOST_COST = "most_cost"
    REFUSED = "refused"
    STORAGE = "storage"


@dataclass(frozen=True)
class BatchResult:
    """How a worker's `run` ended. `sentence`: what happened and how to go on, empty if all is done."""

    end: End
    sentence: str = ""
    remedy: Remedy = Remedy.NONE
