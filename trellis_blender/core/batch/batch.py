# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch: a folder of pictures' jobs that any number of processes on any number of machines drive together.

    FOLDER/
        batch.json            the order and the pictures; written once
        000017-chair/         one folder per job: job.json, the picture as sent, model.glb, submit-1
        000017-chair-2/       the same picture's second variation
        000018-lamp.refused.txt   why that picture cannot be sent
        .batch/ .processes/   what its workers share, and who lives
        .remote-ids/          the jobs' ids at Scenario, so that a search for a lost call knows what it is not

Nothing here knows Blender, and nothing holds all pictures in memory.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..errors import ParameterError, Text, as_storage_error, storage_error
from ..files import read_own
from ..job import folder as job_folder
from ..job.claims import Claims
from ..job.job import AT_SCENARIO, Job
from ..job.spending import charged
from ..picture.file import PreparedPicture
from ..request.account import Account
from ..runner.timing import Timing
from ..text import SENTENCE_LENGTH, one_line
from . import manifest
from .order import BatchError, BatchEvent, BatchResult, BatchState, Order, Row, Standing
from .shared import Sent, Shared, State
from .worker import Worker, refusal_of

# Decodes and prepares one picture. Raises TrellisError or OSError: that picture fails, the rest goes on. It is called
# on one thread of the engine's, one picture at a time.
PreparePicture = Callable[[Path], PreparedPicture]


class Batch:
    """A batch in a folder. Opening it locks nothing and writes nothing."""

    def __init__(self, known: manifest.Manifest) -> None:
        self._manifest = known

    @classmethod
    def create(cls, folder: Path, pictures: Iterable[Path], order: Order) -> Batch:
        """Create the folder if needed, and write `batch.json` once, whole or not at all.

        `pictures` is read once, in order, never held. Paths are kept as they are, made absolute.

        If the folder already holds the batch of the same pictures and order, that is returned, whatever its limits are
        now. Raises BatchDiffersError if it holds another, BatchError if there is no picture, StorageError if the folder
        cannot be written, ParameterError if the order's parameters are wrong.
        """
        batch = cls(manifest.create(folder, pictures, order))
        batch._ensure_state()
        return batch

    @classmethod
    def open(cls, folder: Path) -> Batch:
        """Return the batch in the folder. Raises NoBatchError, or StorageError if it cannot be read."""
        return cls(manifest.Manifest.read(folder))

    @property
    def folder(self) -> Path:
        """Return its folder."""
        return self._manifest.folder

    @property
    def order(self) -> Order:
        """Return what was ordered, with the limits as they are now. Raises StorageError."""
        state = self._seen()
        return dataclasses.replace(
            self._manifest.order, concurrency=state.concurrency, most_cost=state.most_cost, price=state.price
        )

    @property
    def count(self) -> int:
        """Return the number of pictures."""
        return self._manifest.count

    def state(self, only: range | None = None) -> BatchState:
        """Return how it stands. Reads every `job.json` once, one after the other; locks and writes nothing.

        `only`: count the jobs of these pictures only. Raises StorageError.
        """
        state, counts, to_pay, cost = self._seen(), Counter[Standing](), 0, 0.0
        for row in self.rows(only):
            counts[row.standing] += 1
            to_pay += _is_to_be_paid(row)
            cost += charged(row.job) if row.job is not None else 0.0
        return BatchState(
            jobs=counts.total(),
            counts={standing: counts[standing] for standing in Standing},
            cost=cost,
            reserved=state.reserved,
            to_pay=to_pay,
            concurrency=state.concurrency,
            most_cost=state.most_cost,
            price=state.price,
        )

    def rows(self, only: range | None = None) -> Iterator[Row]:
        """Iterate over its jobs in order, each read from the disk in its turn, without locking. Raises StorageError.

        `only`: the jobs of these pictures only.
        """
        wanted = self._existing(only)
        pictures = itertools.islice(self._manifest.pictures(wanted.start), len(wanted))
        for index, picture in enumerate(pictures, wanted.start):
            for variation in range(self._manifest.order.variations):
                folder = self.folder / self._manifest.job_id(index, picture, variation)
                job, trouble = _read(folder)
                yield Row(index, variation, picture, folder, job, trouble)

    def set_limits(
        self, *, concurrency: int | None = None, most_cost: float | None = None, price: float | None = None
    ) -> None:
        """Change limits, for all workers on all machines, now. None leaves one as it is; `most_cost` may be infinite.

        Raises StorageError, ParameterError.
        """
        if concurrency is not None and concurrency < 1:
            raise ParameterError("The concurrency must be at least 1. Change it and try again.")
        with self._changed() as state:
            state.concurrency = state.concurrency if concurrency is None else concurrency
            state.price = state.price if price is None else price
            if most_cost is not None:
                state.most_cost = None if math.isinf(most_cost) else most_cost

    def retry_failed(self) -> None:
        """Have failed and cancelled jobs tried again, from the furthest stage that is paid for.

        Pictures that could not be prepared are tried again, too. Takes back `cancel`. Running workers begin at once;
        otherwise call `run`. Raises StorageError.
        """
        self._begin_round("failed")

    def submit_again(self) -> None:
        """Have uncertain jobs submitted again, unless one more search finds them. They may then be paid for twice.

        Only after the user's explicit yes. Includes `retry_failed`. Raises StorageError.
        """
        self._begin_round("uncertain")

    def _begin_round(self, retries: str) -> None:
        with self._changed() as state:
            state.retries, state.next, state.is_cancelled = retries, {}, False

    def cancel(self) -> None:
        """Stop the batch for all its workers, on all machines: nothing more is begun, running jobs are asked to stop.

        Needs a worker to do it: one that runs, or the next `run`. `retry_failed` takes it back. Raises StorageError.
        """
        with self._changed() as state:
            state.is_cancelled = True

    def run(
        self,
        account: Account,
        agent: str,
        prepare: PreparePicture,
        heard: Callable[[BatchEvent], None],
        stop: threading.Event,
        only: range | None = None,
        timing: Timing | None = None,
    ) -> BatchResult:
        """Drive the batch as one worker, until all its jobs rest or it has to stop. Blocks; call it on any thread.

        Many may run at the same time, in many processes, on many machines. Each also takes over the jobs of workers
        that are gone, and stays until every job rests, also those of others.

        `agent`: our name to the service. `heard`: called on this thread; must not take long. `stop`: once it is set,
        nothing more is submitted, and what is paid for is brought. Ending the process is safe at any time.
        `only`: begin these pictures only (a farm's slice), and do not wait for others. `timing`: other intervals.

        Raises nothing that belongs to one picture. Raises BatchError if there is a limit but no price, StorageError if
        the folder cannot be used at all.
        """
        self._ensure_state()
        state = self._seen()
        if state.most_cost is not None and state.price is None:
            raise BatchError(
                "A limit on the cost needs the price of a model. Ask for the price first, or set no limit."
            )
        worker = Worker(self._manifest, prepare, heard, stop, self._existing(only), timing or Timing())
        return worker.run(account, agent)

    def _existing(self, only: range | None) -> range:
        """Return those of the pictures that there are: a farm's last slice may be longer than what is left."""
        every = range(self.count)
        return every if only is None else every[only.start : only.stop]

    # -- the state that workers share

    def _seen(self) -> State:
        return Shared(self.folder, Claims(self.folder)).read()

    @contextlib.contextmanager
    def _changed(self) -> Iterator[State]:
        self._ensure_state()
        with contextlib.closing(Claims(self.folder)) as claims, Shared(self.folder, claims).change() as state:
            yield state

    def _ensure_state(self) -> None:
        """Write the state if it is missing: the batch is new, or somebody has deleted it. Raises StorageError."""
        if Shared(self.folder, Claims(self.folder)).exists():
            return
        order = self._manifest.order
        state = State(order.concurrency, order.most_cost, order.price)
        for row in self.rows():
            if row.job is not None:
                state.spent += charged(row.job)
                if row.job.stage in AT_SCENARIO:
                    state.sent[row.job.id] = Sent(state.price or 0.0, charged(row.job), "")
        with contextlib.closing(Claims(self.folder)) as claims, as_storage_error("begin the batch"):
            Shared(self.folder, claims).create(state)


def _read(folder: Path) -> tuple[Job | None, str]:
    """Return the job in the folder, None if there is none; and what is wrong with it or its picture."""
    try:
        return job_folder.load(folder), ""
    except FileNotFoundError:
        pass
    except job_folder.DamagedJobError:
        return None, Text("The job in {folder} cannot be read.", folder=folder)
    except OSError as error:
        return None, storage_error("read a job", error).sentence
    try:
        return None, one_line(read_own(refusal_of(folder)).decode(), SENTENCE_LENGTH)
    except (OSError, ValueError):
        return None, ""


def _is_to_be_paid(row: Row) -> bool:
    job = row.job
    if job is None:
        return True
    if row.standing in (Standing.FAILED, Standing.CANCELLED):
        return not (job.model_asset_ids or job.holds_model)
    return row.standing in (Standing.NOT_SENT, Standing.UNCERTAIN)
