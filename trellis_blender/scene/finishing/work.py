# SPDX-License-Identifier: GPL-3.0-or-later
"""A step on one model: its folder, which outlives a restart, and the thread that sees it through. It imports no `bpy`.

The folder is `.finishing/ID` among the jobs. It holds the mesh (`source.npz`), what is to be done (`step.json`, written
last), and in the end what came of it (`result.npz`, then `result.json`). The thread alone reads and writes it.

A large mesh is taken a tick after the click: the thread first makes `Room` for it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import queue
import shutil
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import (
    BackgroundEndedError,
    BackgroundSlowError,
    BackgroundStoppedError,
    Remedy,
    TrellisError,
    as_storage_error,
    explained,
)
from ...core.files import is_link, read_own, write_whole
from ...core.job.folder import new_id
from ...core.job.lock import FolderLock
from ...core.stored import restored
from ...host.background.process import Background, Launch

if TYPE_CHECKING:
    import numpy.typing as npt

    from .mesh_arrays import Array, Arrays

    Arriving = Generator[None, None, str]

FOLDER = ".finishing"
STEP_FILE, SOURCE_FILE, RESULT_FILE, NUMBERS_FILE = "step.json", "source.npz", "result.npz", "result.json"
ALIGNED, MOST_ARRAYS = 16, 64  # bytes between which an array begins; more arrays than that get fresh memory
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """What is to be done to which model.

    `step`: its name in the table. `name`: the model's, when it was begun. `job_id`: Scenario's id of the job that made
    the model, empty if it is none of ours. `settings`: of the step. `id`: also the folder's name.
    """

    step: str
    name: str
    job_id: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: new_id(time.time()))


@dataclass(frozen=True)
class Result:
    """What the background Blender made: numbers about it, and arrays."""

    numbers: Mapping[str, Any]
    arrays: Arrays


class Room:
    """Memory that was touched before the main thread fills it: the first touch of a page takes longer than filling it.

    `size`: bytes. Make it on a thread.
    """

    def __init__(self, size: int) -> None:
        import numpy as np

        self._bytes = np.empty(size + ALIGNED * MOST_ARRAYS, np.uint8)
        self._bytes.fill(0)
        self._used = 0

    def array(self, shape: tuple[int, ...], kind: npt.DTypeLike) -> Array:
        """Return an array that is to be filled; in fresh memory if there is not so much room."""
        import numpy as np

        end = self._used + math.prod(shape) * np.dtype(kind).itemsize
        if end > len(self._bytes):
            return np.empty(shape, kind)
        made: Array = self._bytes[self._used : end].view(kind).reshape(shape)
        self._used = -(-end // ALIGNED) * ALIGNED
        return made


@dataclass(frozen=True)
class Terms:
    """On what terms the background Blender does something.

    `turn`: held while it works, so that only one does. `seconds`: how long it may take. `ended`: what to say if it does
    not come back, None: what it says itself.
    """

    launch: Launch
    turn: threading.Lock
    seconds: float
    ended: TrellisError | None = None


class Errand:
    """Something that the background Blender does in its turn. Its own thread sees it through."""

    def __init__(self, terms: Terms) -> None:
        self.progress = 0.0
        self._terms = terms
        self._background: Background | None = None
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self.run, daemon=True, name="trellis-finishing")

    @property
    def is_done(self) -> bool:
        """Return whether it has ended, well or not."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """End it, and its background Blender."""
        self._is_stopped.set()
        if self._background is not None:
            self._background.stop()

    def run(self) -> None:
        """Do it, on its thread."""
        raise NotImplementedError

    def ask(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Wait for the turn, and return the answer. Raises as `Background.ask` does, and when it was stopped."""
        with self._terms.turn:
            self._background = Background(self._terms.launch)
            try:
                if self._is_stopped.is_set():
                    raise BackgroundStoppedError("stopped before it began")
                return self._background.ask(name, request, seconds=self._terms.seconds, progress=self._tell)
            finally:
                self._background.stop()

    def _tell(self, fraction: float) -> None:
        self.progress = fraction


class Work(Errand):
    """An order under way. Its thread begins at once; everybody else only looks at it.

    `uid`: the model's `session_uid`, 0 after a restart. `mesh`: its arrays, or how many bytes of room they need before
    they can be taken, None if they are in the folder, which is then locked already. A work that is stopped leaves its
    folder, so that it goes on another time.

    `room`: the mesh is to be taken into it. `arriving`: what is left of the arrival of the result.
    """

    def __init__(
        self,
        order: Order,
        terms: Terms,
        folder: Path,
        *,
        uid: int = 0,
        mesh: Arrays | int | None = None,
        lock: FolderLock | None = None,
    ) -> None:
        super().__init__(terms)
        self.order, self.uid, self.folder = order, uid, folder
        self.error, self.remedy = "", Remedy.NONE
        self.result: Result | None = None
        self.is_waiting = False  # for its model, which is not in this file
        self.room: Room | None = None
        self.arriving: Arriving | None = None
        self._size, self._arrays = (mesh, None) if isinstance(mesh, int) else (0, mesh)
        self._is_taken, self._lock = threading.Event(), lock
        self._thread.start()

    def take(self, arrays: Arrays) -> None:
        """Take the mesh in: `arrays` in the `room`. The thread goes on."""
        self._arrays, self.room = arrays, None
        self._is_taken.set()

    def leave(self) -> None:
        """Undo what has arrived so far. Another time all of it arrives anew."""
        if self.arriving is not None:
            self.arriving.close()
            self.arriving = None

    def fail(self, error: TrellisError) -> None:
        """Say what went wrong, and end it. The model stays as it is."""
        self.error, self.remedy, self.room = error.sentence, error.remedy, None
        self.stop()

    def stop(self) -> None:
        """End it, and its background Blender."""
        super().stop()
        self._is_taken.set()

    def forget(self) -> None:
        """End it for good, and remove its folder. Returns at once: another thread waits for what is to end."""
        self.stop()
        threading.Thread(target=self._remove, daemon=True, name="trellis-finishing").start()

    def run(self) -> None:
        """Save the mesh, have the step done, and keep the result or the sentence that says what went wrong."""
        try:
            if self._size:
                self.room = Room(self._size)
                self._is_taken.wait()
            if self._arrays is not None:
                self._save(self._arrays)
            self.result = self._made()
        except BackgroundStoppedError:
            pass
        except Exception as error:  # noqa: BLE001 - the row must say so
            is_gone = isinstance(error, (BackgroundEndedError, BackgroundSlowError))
            said = (self._terms.ended if is_gone else None) or explained(error)
            self.error, self.remedy = said.sentence, said.remedy
        finally:
            self._arrays = None
            if self._is_stopped.is_set():
                self._unlock()

    def _remove(self) -> None:
        self._thread.join()
        self._unlock()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _save(self, arrays: Arrays) -> None:
        import numpy as np

        with as_storage_error("save the model"):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = FolderLock.acquire(self.folder)
            np.savez(self.folder / SOURCE_FILE, **arrays)  # type: ignore[arg-type]  # a name may be anything
            write_whole(self.folder / STEP_FILE, json.dumps({"format": 1, **asdict(self.order)}).encode())
        self._arrays = None  # frees the memory while it waits for its turn

    def _made(self) -> Result:
        import numpy as np

        result = self.folder / RESULT_FILE
        if not (self.folder / NUMBERS_FILE).is_file():
            request = {**self.order.settings, "source": str(self.folder / SOURCE_FILE), "result": str(result)}
            numbers = self.ask(self.order.step, request)
            write_whole(self.folder / NUMBERS_FILE, json.dumps(numbers).encode())
        numbers = json.loads(read_own(self.folder / NUMBERS_FILE))
        arrays: Arrays = {}
        if result.is_file():
            with np.load(result) as file:
                arrays = dict(file)
        return Result(numbers, arrays)


class Look(Errand):
    """A request that changes nothing and that no row shows. It waits for its turn as all others do.

    `numbers`: the answer, None if it failed.
    """

    def __init__(self, terms: Terms, name: str, request: Mapping[str, Any]) -> None:
        super().__init__(terms)
        self.numbers: Mapping[str, Any] | None = None
        self._name, self._request = name, request
        self._thread.start()

    def run(self) -> None:
        """Wait for the turn, and ask."""
        try:
            self.numbers = self.ask(self._name, self._request)
        except Exception as error:  # noqa: BLE001 - what nobody has asked for fails in silence; the log has it
            _log.info("The textures could not be looked at: %s", error)


def unfinished(root: Path) -> Iterator[tuple[Order, FolderLock]]:
    """Yield what is to be done among these jobs and no other Blender does, with the locks of the folders."""
    if is_link(root / FOLDER):  # what is there is not ours to delete
        return
    with contextlib.suppress(OSError):
        for folder in sorted((root / FOLDER).glob("*")):
            with contextlib.suppress(OSError):
                lock = FolderLock.acquire(folder) if (folder / STEP_FILE).is_file() else None
                if lock is not None and (order := _read_order(folder, lock)) is not None:
                    yield order, lock


def put_unfinished(root: Path, found: queue.SimpleQueue[Sequence[tuple[Order, FolderLock]]]) -> None:
    """Put what is `unfinished` into the queue. For another thread: those run nothing of modules that know Blender."""
    found.put([*unfinished(root)])


def _read_order(folder: Path, lock: FolderLock) -> Order | None:
    """Return the order in the folder; None if that fails. A folder whose order cannot be understood is removed."""
    try:
        return restored(Order, {**json.loads(read_own(folder / STEP_FILE)), "id": folder.name})
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        _log.info("an order to finish a model could not be read: %s", error)
        lock.release()
        if not isinstance(error, OSError):
            shutil.rmtree(folder, ignore_errors=True)
        return None
