# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner: one thread that owns all jobs and decides what happens next.

Who may do what:
- The main thread calls the methods of `Runner`; each only leaves a note for the runner's thread and returns at once.
- The runner's thread alone changes jobs, writes `job.json` and holds the locks. It never waits for the network.
- The carriers' threads do the waiting (see `carrier.py`). They get snapshots and leave notes.
- News goes to the main thread through `changes`, as frozen values. Nobody here ever sees a Blender object.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .account import Account
from .changes import Change, Checked, ModelRead, Notice
from .entry import Entry
from .errors import (
    AccountError,
    AnswerLostError,
    PassingError,
    Remedy,
    StorageError,
    TrellisError,
)
from .folder_lock import FolderLock
from .job import (
    AnswerLost,
    CancelAsked,
    Cancelled,
    Damaged,
    Event,
    Failed,
    Imported,
    Job,
    NeverArrived,
    Polled,
    Resumed,
    Stage,
    SubmitPutOff,
    SubmitStarted,
    UploadStarted,
)
from .job_folder import MODEL_FILE
from .ledger import Ledger
from .pace import Pace
from .polling import Polling

if TYPE_CHECKING:
    from .carrier import Carriers
    from .model import Shape
    from .work import Desk, Step

CARRIERS = 4
JOBS_PER_REQUEST = 100
_log = logging.getLogger(__name__)


class Runner:
    """Drives all jobs in `root`. `agent` is what the calls name as their User-Agent.

    Nothing happens before `start`. `changes` is read by the main thread.
    """

    def __init__(self, root: Path, agent: str, pace: Pace | None = None) -> None:
        self.changes: queue.SimpleQueue[Change] = queue.SimpleQueue()
        self._agent, self._pace = agent, pace or Pace()
        self._notes: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._ledger = Ledger(root, self._pace, self.changes)
        self._entries = self._ledger.entries
        self._polling = Polling(self._pace)
        self._account: Account | None = None
        self._held_by = ""
        self._busy = 0
        self._carriers: Carriers | None = None
        self._reader: Carriers | None = None  # a thread of its own, so that no hanging network keeps a model waiting
        self._thread = threading.Thread(target=self._run, name="trellis-runner", daemon=True)

    # -- for the main thread

    def start(self) -> None:
        """Load the jobs of earlier sessions and go on with them."""
        self._thread.start()

    def use(self, account: Account | None, held_by: str = "") -> None:
        """Make calls for this account from now on; None: make none, because of what the sentence `held_by` says."""
        self._notes.put(lambda: self._use(account, held_by))

    def add(self, job: Job, picture: Path, move: bool) -> None:
        """Begin a job with the picture's file, which is moved or copied into its folder."""
        self._notes.put(lambda: self._add(job, picture, move))

    def cancel(self, job_id: str) -> None:
        """Stop a job, at Scenario too."""
        self._notes.put(lambda: self._cancel(job_id))

    def resume(self, job_id: str) -> None:
        """Try again, from the furthest stage that is paid for."""
        self._notes.put(lambda: self._tell(job_id, Resumed()))

    def imported(self, job_id: str) -> None:
        """The model is in a scene now."""
        self._notes.put(lambda: self._tell(job_id, Imported()))

    def read(self, job_id: str, shape: Shape) -> None:
        """Read the job's model into arrays; they come as `ModelRead`."""
        self._notes.put(lambda: self._read(job_id, shape))

    def check(self, account: Account) -> None:
        """Ask Scenario whether the account works; the answer comes as `Checked`."""
        self._notes.put(lambda: self._check(account))

    def stop(self, seconds: float = 2.0) -> bool:
        """End all threads, cutting the connections; True when they ended within that many seconds.

        Every job goes on from its folder another time.
        """
        end = time.monotonic() + seconds
        self._stopping.set()
        self._notes.put(lambda: None)
        threads = [self._thread] if self._thread.is_alive() else []
        for carriers in filter(None, (self._carriers, self._reader)):
            threads += carriers.stop()
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    # -- on the runner's thread

    def _run(self) -> None:
        # here and not above: `requests` takes up to a quarter of a second to import, which no artist should wait for
        from .carrier import Carriers

        self._carriers = Carriers(CARRIERS, self._agent, self._stopping)
        self._reader = Carriers(1, self._agent, self._stopping)
        self._guarded(self._ledger.load)
        while not self._stopping.is_set():
            self._guarded(self._dispatch)
            try:
                note = self._notes.get(timeout=self._until_due())
            except queue.Empty:
                continue
            self._guarded(note)
        self._carriers.stop()
        self._reader.stop()
        while not self._notes.empty():  # what is known already is not lost, above all a paid job's id
            self._guarded(self._notes.get())
        for entry in self._entries.values():
            entry.unlock()

    def _guarded(self, action: Callable[[], None]) -> None:
        """One bad job must not stop the rest."""
        try:
            action()
        except TrellisError as error:
            self.changes.put(Notice(error.sentence))
        except Exception as error:  # noqa: BLE001 - the thread must live on; the log has it all
            _log.exception("unexpected")
            self.changes.put(Notice(_unexpected(error)))

    def _use(self, account: Account | None, held_by: str) -> None:
        self._account, self._held_by = account, held_by
        self._polling.restart()
        for entry in self._entries.values():
            entry.due, entry.attempt = 0.0, 0
        self._show_held()

    def _show_held(self) -> None:
        for entry in self._entries.values():
            if entry.is_idle:
                self._ledger.show(entry, trouble=self._held_by)

    def _add(self, job: Job, picture: Path, move: bool) -> None:
        self._ledger.add(job, picture, move)
        if self._account is None:
            self._show_held()

    def _cancel(self, job_id: str) -> None:
        entry = self._entries[job_id]
        if entry.job.is_resting or entry.job.foreign:
            return
        self._ledger.apply(entry, CancelAsked())
        entry.due = 0.0

    def _tell(self, job_id: str, event: Event) -> None:
        entry = self._entries[job_id]
        if entry.job.foreign:
            return
        if isinstance(event, Resumed) and entry.lock is None:
            entry.lock = FolderLock.take(entry.folder)
            if entry.lock is None:
                raise StorageError("Another Blender is working on this job. Close it, then try again.")
        entry.due, entry.attempt = 0.0, 0
        self._ledger.apply(entry, event)

    def _read(self, job_id: str, shape: Shape) -> None:
        assert self._reader is not None
        from .read_model import read_for_import

        path = self._entries[job_id].folder / MODEL_FILE
        self._reader.run(lambda: self._tell_read(read_for_import(job_id, path, shape)))

    def _tell_read(self, answer: ModelRead) -> None:
        if answer.error:
            self._notes.put(lambda: self._tell(answer.id, Damaged(answer.error)))
        self.changes.put(answer)

    def _check(self, account: Account) -> None:
        assert self._carriers is not None

        def ask(desk: Desk) -> None:
            try:
                answer = Checked(f"Connected: {desk.api.check()} is ready.", True)
            except TrellisError as error:
                answer = Checked(error.sentence, False)
            except Exception as error:  # noqa: BLE001 - an answer must come; the log has it all
                _log.exception("unexpected")
                answer = Checked(_unexpected(error), False)
            self.changes.put(answer)

        self._carriers.carry(account, ask)

    # -- what happens next

    def _dispatch(self) -> None:
        now = time.monotonic()
        for entry in list(self._entries.values()):
            if entry.is_unsaved and entry.due <= now:
                self._ledger.save(entry)
            if self._busy >= CARRIERS or self._account is None:
                continue
            if entry.is_idle and entry.due <= now and not self._is_polled(entry):
                self._begin(entry)
        if self._account is not None and self._busy < CARRIERS and self._polling.is_due:
            self._poll()

    def _until_due(self) -> float | None:
        """Seconds until something is due, None when nothing is before the next note."""
        dues = [entry.due for entry in self._entries.values() if entry.is_unsaved]
        if self._account is not None and self._busy < CARRIERS:
            dues += [entry.due for entry in self._entries.values() if entry.is_idle and not self._is_polled(entry)]
            if any(map(self._is_polled, self._entries.values())):
                dues += self._polling.dues
        return max(0.0, min(dues) - time.monotonic()) if dues else None

    def _is_polled(self, entry: Entry) -> bool:
        """Whether the job is one of those that the common polling looks after."""
        return entry.is_idle and entry.job.stage is Stage.RUNNING and not entry.job.cancel_asked

    def _begin(self, entry: Entry) -> None:
        """Take the job's next step, on a carrier."""
        from .work import STEPS, cancel

        stage = entry.job.stage
        if stage is Stage.QUEUED:
            self._ledger.apply(entry, UploadStarted())
        if entry.job.stage is Stage.UPLOADING and entry.job.asset_id:
            if not self._ledger.save(entry):  # nothing is paid for that the disk does not know of
                return
            self._ledger.apply(entry, SubmitStarted())
            if entry.is_unsaved:
                self._ledger.apply(entry, SubmitPutOff())
                return
        if entry.is_idle:
            self._hand_over(entry, cancel if entry.job.stage is Stage.RUNNING else STEPS[entry.job.stage])

    def _hand_over(self, entry: Entry, step: Step) -> None:
        assert self._carriers is not None
        assert self._account is not None
        job, told = entry.job, [0.0]
        entry.begin()
        self._busy += 1

        def wait(seconds: float) -> bool:
            return not entry.abandoned.is_set() and not self._stopping.wait(seconds)

        def progress(fraction: float) -> None:
            if time.monotonic() - told[0] >= self._pace.progress:
                told[0] = time.monotonic()
                self._notes.put(lambda: self._ledger.show(entry, progress=fraction))

        def work(desk: Desk) -> None:
            result: Event | Exception | None
            try:
                result = step(job, entry.folder, replace(desk, wait=wait, progress=progress))
            except Exception as error:  # noqa: BLE001 - handled on the runner's thread
                result = error
            self._notes.put(lambda: self._settle(entry, result))

        self._carriers.carry(self._account, work)

    def _settle(self, entry: Entry, result: Event | Exception | None) -> None:
        """Take in what a step led to."""
        self._busy -= 1
        if entry.finish():  # it was abandoned meanwhile
            return
        if isinstance(result, Event):
            entry.attempt = 0
            self._ledger.apply(entry, result)
            if isinstance(result, Polled):
                entry.due = time.monotonic() + self._pace.until_retry(1, None)
        elif result is None:
            self._not_found(entry)
        else:
            self._fault(entry, result)

    def _not_found(self, entry: Entry) -> None:
        """A search did not find the submit. Only a search that began late enough is certain."""
        searched = time.monotonic()
        if entry.missing_since is None:
            entry.missing_since = searched
        if searched - entry.missing_since < self._pace.listing_lag:
            entry.attempt += 1
            entry.due = searched + min(self._pace.until_retry(entry.attempt, None), self._pace.listing_lag / 4)
        elif entry.job.cancel_asked:
            self._ledger.apply(
                entry, Cancelled("Cancelled. The request never reached Scenario, and nothing was charged.")
            )
        else:
            self._ledger.apply(entry, NeverArrived())

    def _fault(self, entry: Entry, error: Exception) -> None:
        """A step failed: wait, or give up, whichever loses nothing that is paid for."""
        if not isinstance(error, TrellisError):
            _log.error("unexpected", exc_info=error)
        stage, is_passing = entry.job.stage, isinstance(error, PassingError)
        if stage is Stage.SUBMITTING and (isinstance(error, AnswerLostError) or not isinstance(error, TrellisError)):
            self._ledger.apply(entry, AnswerLost())
            return
        if stage is Stage.SUBMITTING and is_passing:
            self._ledger.apply(entry, SubmitPutOff())
        if entry.job.is_resting:
            return
        sentence = error.sentence if isinstance(error, TrellisError) else _unexpected(error)
        remedy = error.remedy if isinstance(error, TrellisError) else Remedy.RETRY
        if not (is_passing or self._must_hold(entry, error)):
            self._ledger.apply(entry, Failed(sentence, Remedy.RETRY if remedy is Remedy.NONE else remedy))
            return
        entry.attempt += 1
        asked = error.retry_after if isinstance(error, PassingError) else None
        pause = self._pace.until_retry(entry.attempt, asked) if is_passing else self._pace.held
        entry.due = time.monotonic() + pause
        self._ledger.show(entry, trouble=sentence)

    @staticmethod
    def _must_hold(entry: Entry, error: Exception) -> bool:
        """Whether the job waits for a person's help rather than fail: it is paid for, or may be."""
        if entry.job.stage is Stage.UNCONFIRMED or isinstance(error, StorageError):
            return True
        return entry.job.is_paid and isinstance(error, AccountError)

    # -- polling

    def _poll(self) -> None:
        """Look after all running jobs at once."""
        waiting = [entry for entry in self._entries.values() if self._is_polled(entry)]
        if not waiting:
            return
        assert self._carriers is not None
        assert self._account is not None
        look = self._polling.begin(waiting)
        self._busy += 1

        def work(desk: Desk) -> None:
            result: Mapping[str, Event] | Exception
            try:
                result = look(desk)
            except Exception as error:  # noqa: BLE001 - handled on the runner's thread
                result = error
            self._notes.put(lambda: self._polled(result))

        self._carriers.carry(self._account, work)

    def _polled(self, result: Mapping[str, Event] | Exception) -> None:
        self._busy -= 1
        asked = self._polling.end(result)
        if isinstance(result, Exception):
            for entry in filter(self._is_polled, asked):
                if isinstance(result, PassingError):
                    self._ledger.show(entry, trouble=result.sentence)
                else:
                    self._fault(entry, result)
            return
        for entry in filter(self._is_polled, asked):
            if entry.job.id in result:
                self._ledger.apply(entry, result[entry.job.id])


def _unexpected(error: Exception) -> str:
    kind = type(error).__name__
    return f"Something unexpected happened ({kind}). Try again; if it stays, report it with the console's text."
