# SPDX-License-Identifier: GPL-3.0-or-later
"""One worker of a batch: takes one picture after the other, and has a runner drive its jobs.

Pictures are taken from the shared state, so no two workers begin the same one. What a dead worker had begun is taken
first. What happens to a job is the runner's business, as in a window; here only pictures are counted.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from ..errors import Remedy, StorageError, Text, TrellisError, as_storage_error
from ..files import write_whole
from ..job import folder as job_folder
from ..job.claims import Claims
from ..job.job import BEFORE_SCENARIO, Job, Stage, new_jobs
from ..job.lock import LOCK_FILE
from ..picture.file import ChosenPicture, PreparedPicture
from ..request.account import Account
from ..runner.messages import Answer, Notice
from ..runner.runner import Runner
from ..runner.timing import Clock, Timing
from .batch_store import BatchStore
from .manifest import Manifest, index_of
from .order import REFUSALS, BatchEvent, BatchResult, End, JobChanged, PictureRefused, Row, is_refused
from .shared import BusyError, Shared, State

AHEAD = 6  # jobs that are prepared and uploaded before there is room for them at Scenario
TAKE_SECONDS = 0.5  # between two looks at the shared state while there is nothing to take
REFUSED_ENDING = ".refused.txt"
_MORE_MONEY = "The limit of {most} CU leaves nothing for another model. Raise it, then resume the batch."
_STOPPED = "Stopped. Resume the batch to go on."
_CANCELLED = "The batch was cancelled. Resume it to take that back."


class Todo(Enum):
    """What is to be done about a job."""

    BEGIN = auto()
    DRIVE = auto()
    RETRY = auto()


@dataclass
class Taken:
    """A picture that this worker has taken. `live`: the ids of its jobs that do not rest yet."""

    picture: Path
    live: set[str]


class Worker:
    """A worker. `heard` and all else here is called on the thread of `run`."""

    def __init__(
        self,
        manifest: Manifest,
        prepare: Callable[[Path], PreparedPicture],
        heard: Callable[[BatchEvent], None],
        stop: threading.Event,
        pictures: range,
        timing: Timing,
    ) -> None:
        self._manifest, self._prepare, self._heard, self._stop = manifest, prepare, heard, stop
        self._range = pictures  # that it begins, by their numbers
        self._claims = Claims(manifest.folder, silence=timing.silence)
        self._shared = Shared(manifest.folder, self._claims)
        self._store = BatchStore(manifest.folder, timing, Clock(), self._claims, self._shared)
        self._mine: dict[int, Taken] = {}
        self._jobs: dict[str, Job] = {}  # what is known of those jobs
        self._resuming: set[str] = set()  # jobs whose Retry the runner has not answered yet
        self._sent_again: set[str] = set()  # jobs that never arrived at Scenario, and that this run has sent again
        self._finished: dict[int, bool] = {}  # pictures to be noted as finished; True: to be left to the next run
        self._end: BatchResult | None = None  # why nothing more is begun
        self._halts, self._take_due = 0, 0.0
        self._is_cancelling = self._is_all_taken = False

    def run(self, account: Account, agent: str) -> BatchResult:
        """Drive the batch. Raises what `Batch.run` raises."""
        with as_storage_error("keep the state of the batch"):
            self._claims.begin()
        self._sweep()
        self._halts = self._shared.read().halts
        self._runner = Runner(self._manifest.folder, agent, store=self._store)
        self._runner.pictures.folder /= self._claims.name  # no other process writes there
        self._runner.pictures.prepare = self._prepared
        self._runner.start()
        self._runner.use(account)
        try:
            return self._drive()
        finally:
            self._leave()

    def _sweep(self) -> None:
        """Delete what dead workers have left unfinished: pictures and folders of jobs that were never begun."""
        self._claims.sweep()
        incoming = (self._manifest.folder / job_folder.INCOMING).glob("*")
        unfinished = self._manifest.folder.glob(job_folder.UNFINISHED_PREFIX + "*")
        for path in itertools.chain(incoming, unfinished):
            if self._claims.is_dead("-".join(path.name.split("-")[-4:])):  # the process that the name ends with
                shutil.rmtree(path, ignore_errors=True)

    def _prepared(self, picture: ChosenPicture) -> PreparedPicture:
        assert picture.file is not None
        return self._prepare(picture.file)

    def _drive(self) -> BatchResult:
        while True:
            self._hear()
            if self._stop.is_set() and self._end is None:
                self._close(BatchResult(End.STOPPED, _STOPPED))
            if self._take_due <= time.monotonic():
                self._take_due = time.monotonic() + TAKE_SECONDS
                try:
                    self._take()
                except BusyError:  # it is tried again soon
                    pass
                except StorageError as error:
                    self._close(BatchResult(End.STORAGE, error.sentence, error.remedy))
            if self._end is not None and self._is_through():
                return self._end

    # -- pictures

    def _take(self) -> None:
        """Take pictures while there is room for them; find out whether there is an end. Raises TrellisError."""
        state = self._shared.read()
        self._take_in(state)
        while self._finished or self._next(state) is not None:
            with self._shared.change() as state:
                self._note_finished(state)
                index = self._next(state)
                if index is not None:
                    _begin(state, index, self._range, self._claims.name)
            self._finished.clear()
            if index is not None:
                self._begin(index, state)
        self._is_all_taken = True
        if self._end is None:
            self._look_for_end(state)

    def _take_in(self, state: State) -> None:
        """Take in what others have decided."""
        if state.is_cancelled and not self._is_cancelling:
            self._is_cancelling, self._is_all_taken = True, False
            self._close(BatchResult(End.STOPPED, _CANCELLED))
            for job in list(self._jobs.values()):
                self._cancel(job)
        if state.halts > self._halts and self._end is None:
            self._close(BatchResult(End.REFUSED, state.sentence, Remedy(state.remedy)))

    def _cancel(self, job: Job) -> None:
        if not (job.foreign or job.is_resting or job.cancel_asked):
            self._runner.cancel(job.id)

    def _note_finished(self, state: State) -> None:
        """Note the pictures that are finished. They are to be forgotten once that is written."""
        for index, is_left in self._finished.items():
            if is_left:
                state.begun[str(index)] = ""
            else:
                state.begun.pop(str(index), None)

    def _next(self, state: State) -> int | None:
        """Return the picture to begin next: one that a dead worker had begun, or one that nobody has.

        The former come however many wait here: they may be at Scenario and keep all others from it.
        """
        if not (self._end is None or self._is_cancelling):
            return None
        for begun, process in state.begun.items():
            index = int(begun)
            is_left = index not in self._mine and (not process or self._claims.is_dead(process))
            if is_left and index in self._range and index not in self._finished:
                return index
        index = state.next.get(_key(self._range), self._range.start)
        while str(index) in state.begun:
            index += 1
        stages = [self._jobs[job_id].stage if job_id in self._jobs else Stage.QUEUED for job_id in self._live()]
        has_room = sum(stage in BEFORE_SCENARIO for stage in stages) < AHEAD
        is_wanted = has_room and state.has_money() and not state.is_cancelled
        return index if index in self._range and is_wanted else None

    def _live(self) -> list[str]:
        return [job_id for taken in self._mine.values() for job_id in taken.live]

    def _begin(self, index: int, state: State) -> None:
        """Begin a picture's jobs, or go on with those that exist."""
        picture, order = next(self._manifest.pictures(index)), self._manifest.order
        ids = [self._manifest.job_id(index, picture, variation) for variation in range(order.variations)]
        todo = {job_id: self._what_to_do(self._manifest.folder / job_id, state) for job_id in ids}
        live = {job_id for job_id, what in todo.items() if what is not None}
        self._mine[index] = Taken(picture, live)
        self._store.watch(self._manifest.folder / job_id for job_id in live)
        missing = [variation for variation, job_id in enumerate(ids) if todo[job_id] is Todo.BEGIN]
        for variation in missing:
            with contextlib.suppress(OSError):  # it is tried anew; whatever it says now is written again
                refusal_of(self._manifest.folder / ids[variation]).unlink(missing_ok=True)
        if missing:
            names = [picture.stem] * len(ids)
            jobs = new_jobs(ids, names, picture.name, order.parameters, order.seed, model=order.model)
            self._runner.add([jobs[variation] for variation in missing], ChosenPicture(picture.name, file=picture))
        if len(missing) < len(live):
            self._runner.load()
        for job_id in live:
            if todo[job_id] is Todo.RETRY:
                self._resuming.add(job_id)
                self._runner.resume(job_id)
        self._finish_if_over(index)

    def _what_to_do(self, folder: Path, state: State) -> Todo | None:
        """Return what is to be done about the job in that folder; None: nothing."""
        try:
            job = job_folder.load(folder)
        except FileNotFoundError:
            is_skipped = state.is_cancelled or (refusal_of(folder).exists() and not state.retries)
            return None if is_skipped else Todo.BEGIN
        except (OSError, job_folder.DamagedJobError):
            self._heard(Notice(Text("The job in {folder} cannot be read.", folder=folder), Remedy.FOLDER))
            return None
        if not job.is_resting or (folder / LOCK_FILE).exists():  # else its worker died before it let go of it
            return Todo.DRIVE
        return Todo.RETRY if _is_to_be_retried(job, state.retries) and not state.is_cancelled else None

    def _finish_if_over(self, index: int, *, is_left: bool = False) -> None:
        if not self._mine[index].live or is_left:
            del self._mine[index]
            self._finished[index] = is_left
            self._take_due = 0.0

    # -- what the runner says

    def _hear(self) -> None:
        """Take in what the runner says; wait a moment if it says nothing."""
        seconds = 0.1
        with contextlib.suppress(queue.Empty):
            while True:
                match self._runner.messages.get(timeout=seconds):
                    case Job() as job:
                        self._hear_job(job)
                    case Answer(job_id) if job_id in self._resuming:
                        self._resuming.discard(job_id)
                        if job_id in self._jobs:
                            self._hear_job(self._jobs[job_id])
                    case Notice() as notice:
                        self._heard(notice)
                seconds = 0.0

    def _hear_job(self, job: Job) -> None:
        index = index_of(job.id)
        taken = self._mine.get(index)
        if taken is None or job.id not in taken.live:
            return
        folder, picture = self._manifest.folder / job.id, taken.picture
        self._jobs[job.id] = job
        if job.id in self._resuming:
            return
        if job.stage is Stage.FAILED and not (folder / job_folder.JOB_FILE).exists():
            self._refused(index, picture, job)
            return
        self._heard(JobChanged(Row(index, job.place, picture, folder, job)))
        if job.stage is Stage.READING and not job.foreign:
            self._runner.keep_unread(job.id)
        if self._is_cancelling:
            self._cancel(job)
        if job.is_resting:
            if self._is_to_be_sent_again(job):
                self._sent_again.add(job.id)
                self._resuming.add(job.id)
                self._runner.resume(job.id)
                return
            is_left = is_refused(job)
            if is_left:
                self._halt(job.message, job.remedy)
            self._over(index, job.id, is_left=is_left)
        elif job.trouble_remedy is Remedy.FOLDER and self._end is None:
            self._close(BatchResult(End.STORAGE, job.trouble, Remedy.FOLDER))

    def _is_to_be_sent_again(self, job: Job) -> bool:
        """Return whether it is certain now that the job never arrived, nothing was charged, and all are to be retried.

        A worker that ended while it was about to send leaves such a job. It is sent again once, so that nobody has to
        resume twice; whatever keeps it from Scenario a second time is told.
        """
        is_unsent = job.stage is Stage.FAILED and job.remedy is Remedy.SUBMIT_AGAIN
        if not is_unsent or job.id in self._sent_again or self._end is not None or self._is_cancelling:
            return False
        with contextlib.suppress(StorageError):
            return bool(self._shared.read().retries)
        return False

    def _over(self, index: int, job_id: str, *, is_left: bool = False) -> None:
        self._mine[index].live.discard(job_id)
        self._jobs.pop(job_id, None)
        self._store.unwatch(self._manifest.folder / job_id)
        self._finish_if_over(index, is_left=is_left)

    def _refused(self, index: int, picture: Path, job: Job) -> None:
        """Note that a picture cannot be prepared; or stop, if only the disk is full."""
        if job.remedy is Remedy.FOLDER:
            self._close(BatchResult(End.STORAGE, job.message, job.remedy))
            self._over(index, job.id, is_left=True)
            return
        folder = self._manifest.folder / job.id
        with contextlib.suppress(OSError):  # then it is tried again
            write_whole(refusal_of(folder), job.message.encode())
        if len(self._mine[index].live) == 1:
            self._heard(PictureRefused(index, picture, job.message, job.remedy))
        self._over(index, job.id)

    def _halt(self, sentence: str, remedy: Remedy) -> None:
        """Stop, and have all other workers stop: Scenario refuses the account."""
        self._close(BatchResult(End.REFUSED, sentence, remedy))
        with contextlib.suppress(TrellisError), self._shared.change() as state:
            state.halts, state.sentence, state.remedy = state.halts + 1, sentence, str(remedy)
            self._halts = state.halts

    # -- the end

    def _close(self, result: BatchResult) -> None:
        """Begin nothing and send nothing any more; bring what is paid for."""
        if self._end is None:
            self._end = result
            self._store.is_closed = True
            if result.sentence:
                self._heard(Notice(result.sentence, result.remedy))

    def _look_for_end(self, state: State) -> None:
        is_all_begun = state.next.get(_key(self._range), self._range.start) >= self._range.stop
        others = [index for index in state.begun if int(index) in self._range and int(index) not in self._mine]
        is_all_known = len(self._jobs) == len(self._live())
        is_waiting = is_all_known and all(job.stage in BEFORE_SCENARIO for job in self._jobs.values())
        if is_all_begun and not self._mine and not others:
            self._close(BatchResult(End.DONE))
        elif not state.has_money() and not state.sent and is_waiting:
            self._close(BatchResult(End.MOST_COST, Text(_MORE_MONEY, most=f"{state.most_cost:g}"), Remedy.NONE))

    def _is_through(self) -> bool:
        """Return whether nothing that is paid for is on its way, or all of it waits for help."""
        if self._is_cancelling and not (self._is_all_taken and not self._live()):
            return False
        paid = [job for job in self._jobs.values() if job.stage not in BEFORE_SCENARIO and not job.foreign]
        return all(job.trouble_remedy in (*REFUSALS, Remedy.FOLDER) for job in paid)

    def _leave(self) -> None:
        """Leave what is unfinished to other workers, or to the next run."""
        with contextlib.suppress(TrellisError), self._shared.change() as state:
            self._note_finished(state)
            state.begun |= {index: "" for index, process in state.begun.items() if process == self._claims.name}
        self._runner.stop()
        shutil.rmtree(self._runner.pictures.folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # another worker uses it
            self._runner.pictures.folder.parent.rmdir()


def _key(pictures: range) -> str:
    return f"{pictures.start}:{pictures.stop}"


def _begin(state: State, index: int, pictures: range, process: str) -> None:
    """Note that the process has begun the picture."""
    state.begun[str(index)] = process
    key = _key(pictures)
    if index >= state.next.get(key, pictures.start):
        state.next[key] = index + 1


def refusal_of(folder: Path) -> Path:
    """Return the file that says why the picture of the job with that folder cannot be prepared, if it exists."""
    return folder.with_name(folder.name + REFUSED_ENDING)


def _is_to_be_retried(job: Job, retries: str) -> bool:
    if is_refused(job):
        return True
    if job.stage is Stage.UNCERTAIN:
        return retries == "uncertain"
    return bool(retries) and job.is_retryable
