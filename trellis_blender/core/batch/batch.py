# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch: a folder of pictures' jobs that any number of processes on any number of machines drive together.

    FOLDER/
        batch.json            the order and the pictures; written once
        000017-chair/         one folder per job: job.json, the picture as sent, model.glb, submit-1
        000017-chair-2/       the same picture's second variation

Nothing here knows Blender, and nothing holds all pictures in memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..picture.file import PreparedPicture
from ..request.account import Account
from .order import BatchEvent, BatchResult, BatchState, Order, Row

# Decodes and prepares one picture. Raises TrellisError or OSError: that picture fails, the rest goes on. It is called
# on one thread of the engine's, one picture at a time.
PreparePicture = Callable[[Path], PreparedPicture]


class Batch:
    """A batch in a folder. Opening it locks nothing and writes nothing."""

    @classmethod
    def create(cls, folder: Path, pictures: Iterable[Path], order: Order) -> Batch:
        """Create the folder if needed, and write `batch.json` once, whole or not at all.

        `pictures` is read once, in order, never held. Paths are kept as they are, made absolute.

        If the folder already holds the batch of the same pictures and order, that is returned, whatever its limits are
        now. Raises BatchDiffersError if it holds another, BatchError if there is no picture, StorageError if the folder
        cannot be written, ParameterError if the order's parameters are wrong.
        """
        raise NotImplementedError

    @classmethod
    def open(cls, folder: Path) -> Batch:
        """Return the batch in the folder. Raises NoBatchError, or StorageError if it cannot be read."""
        raise NotImplementedError

    @property
    def folder(self) -> Path:
        """Return its folder."""
        raise NotImplementedError

    @property
    def order(self) -> Order:
        """Return what was ordered, with the limits as they are now. Raises StorageError."""
        raise NotImplementedError

    @property
    def count(self) -> int:
        """Return the number of pictures."""
        raise NotImplementedError

    def state(self) -> BatchState:
        """Return how it stands. Reads every `job.json` once, one after the other; locks and writes nothing."""
        raise NotImplementedError

    def rows(self) -> Iterator[Row]:
        """Iterate over its jobs in order, each read from the disk in its turn, without locking. Raises StorageError."""
        raise NotImplementedError

    def set_limits(
        self, *, concurrency: int | None = None, most_cost: float | None = None, price: float | None = None
    ) -> None:
        """Change limits, for all workers on all machines, now. None leaves one as it is; `most_cost` may be infinite.

        Raises StorageError, ParameterError.
        """
        raise NotImplementedError

    def retry_failed(self) -> None:
        """Have failed and cancelled jobs tried again, from the furthest stage that is paid for.

        Takes back `cancel`. Running workers begin at once; otherwise call `run`. Raises StorageError.
        """
        raise NotImplementedError

    def submit_again(self) -> None:
        """Have uncertain jobs submitted again, unless one more search finds them. They may then be paid for twice.

        Only after the user's explicit yes. Includes `retry_failed`. Raises StorageError.
        """
        raise NotImplementedError

    def cancel(self) -> None:
        """Stop the batch for all its workers, on all machines: nothing more is begun, running jobs are asked to stop.

        Needs a worker to do it: one that runs, or the next `run`. `retry_failed` takes it back. Raises StorageError.
        """
        raise NotImplementedError

    def run(
        self,
        account: Account,
        agent: str,
        prepare: PreparePicture,
        heard: Callable[[BatchEvent], None],
        stop: threading.Event,
        only: range | None = None,
    ) -> BatchResult:
        """Drive the batch as one worker, until all its jobs rest or it has to stop. Blocks; call it on any thread.

        Many may run at the same time, in many processes, on many machines. Each also takes over the jobs of workers
        that are gone, and stays until every job rests, also those of others.

        `agent`: our name to the service. `heard`: called on this thread; must not take long. `stop`: once it is set,
        nothing more is submitted, and what is paid for is brought. Ending the process is safe at any time.
        `only`: begin these pictures only (a farm's slice), and do not wait for others.

        Raises nothing that belongs to one picture. Raises BatchError if there is a limit but no price, StorageError if
        the folder cannot be used at all.
        """
        raise NotImplementedError
