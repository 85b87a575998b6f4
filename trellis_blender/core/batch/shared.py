# SPDX-License-Identifier: GPL-3.0-or-later
"""What all workers of a batch share: who has begun which picture, who is at Scenario, and what may still be spent.

    FOLDER/.batch/free/state.json       nobody changes it now
    FOLDER/.batch/NAME/state.json       the process of that name does

To change it, a process renames `free` to its own name, and back afterwards. A rename has one winner, on every file
system; the name of a dead process is renamed like `free` (see `core/job/claims.py`). It takes a few milliseconds.
"""

from __future__ import annotations

import contextlib
import errno
import json
import random
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ..errors import PassingError, storage_error
from ..files import read_own, write_whole
from ..job.claims import Claims, holder_in
from ..stored import restored

FOLDER = ".batch"
FILE = "state.json"
FREE = "free"
BYTES_MAXIMUM = 64 * 1024 * 1024
WAIT_SECONDS = 5.0
DAMAGED_SECONDS = 30.0  # for so long a network may show a file in part: sshfs remembers sizes for 20 seconds
_BUSY = "Another process is changing the batch. Try again in a moment."
_CHANCE = random.SystemRandom()


class BusyError(PassingError):
    """Another process changes the state right now, for an unusually long time."""


class DamagedStateError(OSError):
    """A file of the state that cannot be understood."""


@dataclass
class Sent:
    """A paid call that was allowed. Creative units: `reserved` for it, and what its job had cost `before`.

    `by`: the process that was allowed to send it.
    """

    reserved: float
    before: float
    by: str


@dataclass
class State:
    """The state. Pictures are named by their numbers, jobs by their ids.

    A retry begins a new round of all pictures. `retries`: what this round tries again: "", "failed" or "uncertain",
    which includes failed ones. `is_cancelled`: nobody begins anything, and running jobs are to be stopped.
    `next`: by range of pictures, the next one that nobody has begun in this round.
    `begun`: pictures that somebody has begun in this round and not finished, and by which process; empty: by none.
    `sent`: jobs that are at Scenario, or about to be. `uncertain`: jobs that may have been paid for.
    `spent`: the compute units that were charged for all other jobs.
    `halts`: how often Scenario refused the account, with the last `sentence` and `remedy`.
    """

    concurrency: int
    most_cost: float | None
    price: float | None
    retries: str = ""
    is_cancelled: bool = False
    next: dict[str, int] = field(default_factory=dict)
    begun: dict[str, str] = field(default_factory=dict)
    sent: dict[str, Sent] = field(default_factory=dict)
    uncertain: dict[str, Sent] = field(default_factory=dict)
    spent: float = 0.0
    halts: int = 0
    sentence: str = ""
    remedy: str = ""

    @property
    def reserved(self) -> float:
        """Return the compute units that jobs at Scenario and uncertain ones may cost."""
        return sum(sent.reserved for sent in (*self.sent.values(), *self.uncertain.values()))

    def admits(self, job_id: str) -> bool:
        """Return whether both limits allow to send the job, which a dead worker may have noted as sent already."""
        others = replace(self, sent={name: sent for name, sent in self.sent.items() if name != job_id})
        return len(others.sent) < self.concurrency and others.has_money()

    def has_money(self) -> bool:
        """Return whether the limit leaves enough for another job."""
        return self.most_cost is None or self.spent + self.reserved + (self.price or 0.0) <= self.most_cost + 1e-9


class Shared:
    """The state of the batch in `folder`, for the process that `claims` names. Any thread may use it."""

    def __init__(self, folder: Path, claims: Claims) -> None:
        self._folder, self._claims, self._turn = folder / FOLDER, claims, threading.Lock()
        self._damaged_since = 0.0

    def exists(self) -> bool:
        """Return whether there is a state."""
        return self._folder.is_dir()

    def create(self, state: State) -> None:
        """Write the first state, unless there is one. Raises OSError."""
        self._claims.begin()
        new = self._folder.with_name(f"{FOLDER}-{self._claims.name}")
        (new / FREE).mkdir(parents=True, exist_ok=True)
        write_whole(new / FREE / FILE, _dumped(state))
        try:
            new.rename(self._folder)
        except OSError:
            shutil.rmtree(new, ignore_errors=True)
            if not self._folder.exists():
                raise

    def read(self) -> State:
        """Return the state without keeping others from changing it. Raises StorageError."""
        end = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                return _loaded(self._read_bytes())
            except OSError as error:  # it was renamed in between, or the file system shows a part of it for a moment
                if time.monotonic() > end or not self._folder.is_dir():
                    raise storage_error("read the state of the batch", error) from error
                time.sleep(_CHANCE.uniform(0.001, 0.01))

    def _read_bytes(self) -> bytes:
        try:
            return read_own(self._folder / FREE / FILE, BYTES_MAXIMUM)
        except OSError:
            return read_own(holder_in(self._folder) / FILE, BYTES_MAXIMUM)

    @contextlib.contextmanager
    def change(self) -> Iterator[State]:
        """Yield the state, and write it afterwards unless the block raises. Raises BusyError, StorageError."""
        own = self._folder / self._claims.name
        with self._turn:
            try:
                self._claims.begin()
                self._take(own)
                try:
                    state = self._loaded(own / FILE)
                    before = _dumped(state)
                    yield state
                    after = _dumped(state)
                    if after != before:
                        write_whole(own / FILE, after)
                finally:
                    self._give_back(own)
            except FileNotFoundError as error:
                raise BusyError(_BUSY) from error
            except OSError as error:
                raise storage_error("keep the state of the batch", error) from error

    def _loaded(self, file: Path) -> State:
        """Read the state that is ours now. Raises OSError; BusyError if a network may show an old part of it."""
        try:
            state = _loaded(read_own(file, BYTES_MAXIMUM))
        except DamagedStateError as error:
            self._damaged_since = self._damaged_since or time.monotonic()
            if time.monotonic() - self._damaged_since > DAMAGED_SECONDS:
                raise
            raise BusyError(_BUSY) from error
        self._damaged_since = 0.0
        return state

    def _take(self, own: Path) -> None:
        end = time.monotonic() + WAIT_SECONDS
        while True:
            with contextlib.suppress(FileNotFoundError, PermissionError):
                (self._folder / FREE).rename(own)  # without looking first: what a network shows may be a while old
                return
            with contextlib.suppress(FileNotFoundError, PermissionError):
                holder = holder_in(self._folder)
                self._claims.look_anew()
                if holder.name != FREE and self._claims.take_over(holder):  # ours already, if giving it back failed
                    return
            if time.monotonic() > end:
                raise BusyError(_BUSY)
            time.sleep(_CHANCE.uniform(0.001, 0.02))

    def _give_back(self, own: Path) -> None:
        for pause in (0.0, 0.02, 0.1, 0.4):
            time.sleep(pause)
            with contextlib.suppress(PermissionError):  # Windows: somebody reads it
                own.rename(own.with_name(FREE))
                return


def _dumped(state: State) -> bytes:
    return json.dumps(asdict(state)).encode("ascii")


def _loaded(data: bytes) -> State:
    try:
        return restored(State, json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DamagedStateError(errno.EIO, "its file is damaged") from error
