# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner: one thread that owns all jobs and decides what happens next.

Who may do what:
- The main thread calls the methods of `Runner`. Each only leaves a note for the runner's thread and returns at once.
- Only the runner's thread changes jobs, writes `job.json` and holds the locks. It never waits for the network.
- The workers' threads do the waiting (see `workers.py`). They get snapshots and leave notes.
- `messages` tells the main thread what happens, as frozen values. Nothing here ever sees a Blender object.
- A job whose model is downloaded waits a moment for the main thread to call `read` or `keep_unread`.
- A request for a job is done or refused here. An `Answer` follows, after the messages about its effect.
"""

from __future__ import annotations

import functools
import math
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from ..errors import AccountError, PassingError, RefusedError, Remedy, StorageError, explained
from ..job import folder as job_folder
from ..job.events import CancelAsked, Checked, Damaged, Event, Imported, KeptUnread, Read, Resumed, SubmitStarted
from ..job.job import GENERATED, MAY_FOLLOW, Job, Stage, event_by_itself
from ..request.account import Account
from ..request.service import MODEL_BYTES_MAXIMUM, Connector, Service
from .entries import LARGE_STEPS, POOLS, SAVES, WORDS, Agenda, JobEntry
from .job_store import JobStore
from .messages import ModelRead, Notice, RunnerMessage
from .outcomes import Outcomes
from .pending_pictures import PendingPictures
from .polling import Polling
from .timing import Clock, Note, Timing
from .workers import NETWORK_WORKERS, Workers

if TYPE_CHECKING:
    from ..job.moving import Arrival
    from ..model.arrays import Shape
    from ..model.surface.findings import Findings
    from ..picture.file import ChosenPicture, PictureFile
    from .steps import SearchMissed

_P = ParamSpec("_P")
_Result = TypeVar("_Result")


def to_scenario(agent: str) -> Connector:
    """Return the way to Scenario. Its calls name the `agent` as their User-Agent."""
    # here and not above: importing `requests` takes up to a quarter of a second, and no artist should wait for that
    from ..scenario.api import Scenario

    return Scenario(agent)


def _noted(method: Callable[Concatenate[Runner, _P], None]) -> Callable[Concatenate[Runner, _P], None]:
    """Have the runner's thread run the method: a call only leaves a note, and returns at once."""

    @functools.wraps(method)
    def leave_note(self: Runner, /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        self._notes.put(lambda: method(self, *args, **kwargs))

    return leave_note


def _answered(method: Callable[Concatenate[Runner, str, _P], None]) -> Callable[Concatenate[Runner, str, _P], None]:
    """Have the runner's thread run the method, a request for the job with that id. An `Answer` follows."""

    @functools.wraps(method)
    def act(self: Runner, job_id: str, /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            method(self, job_id, *args, **kwargs)
        finally:
            self._store.answer(job_id)

    return _noted(act)


class Runner:
    """The runner of all jobs in `root`. `agent`: our name to the service. `connector_for`: the way there.

    `store`: what keeps the jobs, if not all in `root`; its timing and clock count then. Nothing happens before `start`.
    The main thread reads `messages`, and sets `model_bytes` and `pictures`.
    """

    _workers: Workers  # made and used by the runner's thread

    def __init__(
        self,
        root: Path,
        agent: str,
        timing: Timing | None = None,
        clock: Clock | None = None,
        connector_for: Callable[[str], Connector] = to_scenario,
        store: JobStore | None = None,
    ) -> None:
        self._agent, self._connector_for = agent, connector_for
        self._notes: queue.SimpleQueue[Note] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._store = store or JobStore(root, timing or Timing(), clock or Clock())
        self._timing, self._clock = self._store.timing, self._store.clock
        self.messages, self._entries = self._store.messages, self._store.entries
        self.pictures = PendingPictures(root / job_folder.INCOMING, self._store, self._notes, self._show_held_back)
        self.model_bytes = MODEL_BYTES_MAXIMUM  # of a download, at most
        self._polling = Polling(self._timing, self._clock)
        self._outcomes = Outcomes(self._store)
        self._account: Account | None = None
        self._agenda = Agenda(self._timing.word)
        self._busy = dict.fromkeys(POOLS, 0)  # workers that take a step, by pool
        self._held_by, self._check_due = "", 0.0  # when to check next what other Blenders do
        self._thread = threading.Thread(target=self._run, name="trellis-runner", daemon=True)

    # -- for the main thread

    def start(self) -> None:
        """Load the jobs of earlier sessions and go on with them."""
        self.load()
        self._thread.start()

    @_noted
    def load(self) -> None:
        """Find jobs that other Blenders have begun. `JobsLoaded` follows once all have been sent."""
        self._store.load()

    @_noted
    def take_in(self, places: Sequence[Path], wait: Callable[[], object] = bool) -> None:
        """Move all jobs of these other folders here, after a `wait`. Another `JobsLoaded` follows once that is done."""
        arrivals = self._store.arrivals(places)
        self._workers.mover.run(lambda: self._move(arrivals, wait))

    @_noted
    def use(self, account: Account | None, held_by: str = "") -> None:
        """Make calls for this account from now on. None: make no calls, for the reason in the sentence `held_by`."""
        self._account, self._held_by = account, held_by
        self._polling.restart()
        for entry in self._entries.values():
            entry.due, entry.attempt = 0.0, 0
        self._show_held()

    @_noted
    def add(self, jobs: Sequence[Job], picture: ChosenPicture | PictureFile | None) -> None:
        """Begin jobs of one picture as soon as it is written; a file of ours moves away. None: they have no picture."""
        self.pictures.queue_picture(jobs, picture, self._workers.writer)

    @_noted
    def cancel(self, job_id: str) -> None:
        """Stop a job. If it is submitted, only Scenario can stop it; if Scenario does not, its model is kept."""
        if self.pictures.cancel(job_id):
            return
        try:
            entry = self._store.entry(job_id)
            if entry.job.stage is Stage.READY:  # so that its model is never imported by itself
                self._tell(job_id, CancelAsked())
            elif not (entry.job.is_resting or entry.job.foreign):
                self._store.apply(entry, CancelAsked())
                if entry.job.stage not in GENERATED:  # otherwise there is nothing to stop
                    entry.due = 0.0
        finally:
            self._store.answer(job_id)

    @_answered
    def resume(self, job_id: str) -> None:
        """Try again, from the furthest stage that is paid for."""
        self._tell(job_id, Resumed(prepares=self.pictures.prepare is not None))

    @_noted
    def identify(self, job_id: str, remote_id: str) -> None:
        """Use the ID that the artist gave for a job that was not found at Scenario."""
        from .steps import identify

        entry = self._store.entry(job_id)
        if self._account is None:
            raise AccountError(self._held_by)
        job, taken = entry.job, self._store.taken(entry)

        def take(submitted: Event | Exception) -> None:
            if isinstance(submitted, Exception):
                raise submitted
            if entry.job.stage is Stage.UNCERTAIN:  # otherwise the artist has submitted it again meanwhile
                self._tell(job_id, submitted)

        self._call(self._account, "network", lambda service: identify(job, remote_id, service, taken), take)

    @_noted
    def hold(self, job_ids: frozenset[str]) -> None:
        """Submit none of these jobs, and any other again, until the next call. What is paid for goes on."""
        self._store.hold(job_ids)

    @_answered
    def imported(self, job_id: str) -> None:
        """Record that the model is in a scene now."""
        self._tell(job_id, Imported())

    @_answered
    def damaged(self, job_id: str, sentence: str, remedy: Remedy = Remedy.RETRY) -> None:
        """Record that the model could not be brought into a scene."""
        self._tell(job_id, Damaged(sentence, remedy))

    @_noted
    def checked(self, job_id: str, findings: Findings) -> None:
        """Record what was measured of the model, unless the job is gone by now."""
        if job_id in self._entries:
            self._tell(job_id, Checked(findings))

    @_answered
    def remove(self, job_id: str) -> None:
        """Delete a job that rests, with its files."""
        self._store.remove(self._store.entry(job_id))

    @_noted
    def mark(self, job_id: str, *, is_favorite: bool) -> None:
        """Make a job one of the artist's favorites, or no longer. `Marked` follows."""
        self._store.mark(job_id, is_favorite=is_favorite)

    @_noted
    def tidy(self, days: float | None) -> None:
        """Remove jobs that ended more than `days` ago (None: no job). `StorageUsed` then reports the space used."""
        self._store.tidy(days)

    @_noted
    def read(self, job_id: str, shape: Shape) -> None:
        """Read the job's model into arrays. `ModelRead` follows, after the message that the job is ready."""
        from .questions import read_for_import

        self._read(job_id, lambda file: read_for_import(job_id, file, shape))

    @_noted
    def read_png(self, read: ModelRead) -> None:
        """Read the PNG files that were made of the model's images. A second `ModelRead` follows, with them."""
        from .questions import with_png_images

        self._read(read.id, lambda _file: with_png_images(read))

    @_noted
    def keep_unread(self, job_id: str) -> None:
        """Leave a model that was just downloaded on the disk: nobody waits for it, or another one comes first."""
        entry = self._entries.get(job_id)
        if entry is not None and entry.waits_for_word:
            self._store.apply(entry, KeptUnread())

    @_noted
    def ask(self, account: Account, question: Callable[[Service], RunnerMessage]) -> None:
        """Ask Scenario something that belongs to no job. The answer comes through `messages`."""
        self._workers.network.call(account, lambda service: self._say(lambda: question(service)))

    @_noted
    def write(self, work: Callable[[], None]) -> None:
        """Run `work` on the worker that writes pictures. It must not raise."""
        self._workers.writer.run(work)

    @_noted
    def compute(self, work: Callable[[], RunnerMessage]) -> None:
        """Run `work`, which needs no network, on a worker. Its result comes through `messages`."""
        self._workers.previewer.run(lambda: self._say(work))

    def stop(self, seconds: float = 2.0) -> bool:
        """End all threads and cut the connections. Return True if they ended within that many seconds."""
        self._stopping.set()
        self._notes.put(lambda: None)
        if hasattr(self, "_workers"):  # at once, even if the runner's thread hangs on a dead drive
            self._workers.connector.cut()
        if self._thread.is_alive():
            self._thread.join(seconds)
        return not self._thread.is_alive()

    # -- on the runner's thread

    def _run(self) -> None:
        # late, for the same reason; numpy takes a twentieth of a second
        from ..picture import encode  # noqa: F401

        self._workers = Workers(self._connector_for(self._agent), self._stopping)
        while not self._stopping.is_set():
            self._guarded(self._dispatch)
            note = self._clock.next_note(self._notes, self._until_due())
            if note is not None:
                self._guarded(note)
        threads = self._workers.stop()
        self.pictures.finish(self._guarded)  # so that nothing known is lost, above all a paid job's id
        self._store.close()
        for thread in threads:
            thread.join()

    def _guarded(self, action: Callable[[], None]) -> None:
        """Run the action, and report any error: one bad job must not stop the rest."""
        try:
            action()
        except Exception as error:  # noqa: BLE001 - the thread must live on
            told = explained(error, "", Remedy.NONE)
            self.messages.put(Notice(told.sentence, told.remedy))

    def _say(self, message: Callable[[], RunnerMessage]) -> None:
        self._guarded(lambda: self.messages.put(message()))

    def _call(
        self,
        account: Account,
        pool: str,
        work: Callable[[Service], _Result],
        take: Callable[[_Result | Exception], None],
    ) -> None:
        """Have a worker of the pool do the work with the account's service, then take in the result or the error."""
        self._busy[pool] += 1

        def call(service: Service) -> None:
            result: _Result | Exception
            try:
                result = work(service)
            except Exception as error:  # noqa: BLE001 - handled on the runner's thread
                result = error
            self._notes.put(lambda: settle(result))

        def settle(result: _Result | Exception) -> None:
            self._busy[pool] -= 1
            take(result)

        self._workers.pools[pool].call(account, call)

    def _move(self, arrivals: Iterator[Arrival], wait: Callable[[], object]) -> None:
        """Move jobs here from other folders, on a worker."""

        def move_all() -> None:
            wait()
            for arrival in arrivals:
                self._notes.put(functools.partial(self._store.take_in, arrival))
                if self._stopping.is_set():
                    return

        self._guarded(move_all)
        if not self._stopping.is_set():
            self._notes.put(lambda: self._store.take_in(None))

    def _show_held_back(self) -> None:
        if self._account is None:
            self._show_held()

    def _show_held(self) -> None:
        for entry in self._entries.values():
            if entry.is_idle:
                self._store.show_status(entry, trouble=self._held_by)

    def _tell(self, job_id: str, event: Event) -> None:
        entry = self._store.entry(job_id)
        if not self._store.claim(entry):
            raise StorageError("Another Blender is working on this job. Close it, then try again.", remedy=Remedy.NONE)
        entry.due, entry.attempt = 0.0, 0
        if entry.job.stage in MAY_FOLLOW[type(event)]:  # otherwise another Blender has gone on with it meanwhile
            self._store.apply(entry, event)
        if entry.job.is_resting and not entry.is_unsaved:
            entry.unlock()

    def _read(self, job_id: str, make: Callable[[Path], ModelRead]) -> None:
        """Have a worker make an answer from the job's file."""
        entry = self._store.entry(job_id)
        is_step = entry.waits_for_word
        if is_step:
            entry.start_step(self._clock.now())

        def work() -> None:
            answer = make(entry.folder / job_folder.MODEL_FILE)
            self._notes.put(lambda: self._take_read(entry, answer, is_step=is_step))

        self._workers.reader.run(work)

    def _take_read(self, entry: JobEntry, answer: ModelRead, *, is_step: bool) -> None:
        """Take in the answer. The job advances first; then the main thread gets the model."""
        try:
            is_abandoned = is_step and entry.finish_step()
            if answer.error and not is_abandoned:
                self._tell(answer.id, Damaged(answer.error, answer.remedy))
            elif is_step and not is_abandoned:
                self._store.apply(entry, Read())
        finally:
            self.messages.put(answer)

    # -- what happens next

    def _dispatch(self) -> None:
        """Do all that is due now."""
        now = self._clock.now()
        if self._check_due <= now and self._store.is_alive:
            self._check_due = now + self._timing.foreign
            self._store.check_others()
        self._sort_changed()
        if self._account is not None and self._has_room("network") and self._polling.due <= now:
            self._poll()  # first, because the paid calls of many jobs may take the pool for minutes
        while (entry := self._take(SAVES, now)) is not None:
            self._store.save(entry)
        while (entry := self._take(WORDS, now)) is not None:
            self._store.apply(entry, KeptUnread())
        for pool in POOLS if self._account is not None else ():
            while self._has_room(pool) and (entry := self._take(pool, now)) is not None:
                entry.due = now + self._timing.held  # if this fails, it is not tried again at once
                self._guarded(functools.partial(self._begin, entry))

    def _take(self, lane: str, now: float) -> JobEntry | None:
        """Return the oldest job that is due in that lane of the agenda, None if none is."""
        self._sort_changed()
        return self._agenda.take(lane, now)

    def _sort_changed(self) -> None:
        while self._store.changed:
            entry = self._store.changed.pop()
            self._agenda.file(entry, is_known=self._entries.get(entry.job.id) is entry)

    def _until_due(self) -> float | None:
        """Return the seconds until something is due; None if nothing is due before the next note."""
        self._sort_changed()
        dues = [self._agenda.next_due(SAVES), self._agenda.next_due(WORDS)]
        if self._store.is_alive:
            dues.append(self._check_due)
        if self._account is not None:
            dues += [self._agenda.next_due(pool) for pool in POOLS if self._has_room(pool)]
            if self._has_room("network") and self._agenda.polled:
                dues.append(self._polling.due)
        due = min(dues)
        return None if math.isinf(due) and due > 0 else max(0.0, due - self._clock.now())

    def _has_room(self, pool: str) -> bool:
        return self._busy[pool] < NETWORK_WORKERS

    def _begin(self, entry: JobEntry) -> None:
        """Take the job's next step, on a worker."""
        by_itself = event_by_itself(entry.job)
        if isinstance(by_itself, SubmitStarted):
            if not self._store.announce_submit(entry):
                return
        elif by_itself is not None:
            self._store.apply(entry, by_itself)
        if entry.job.stage is Stage.UNCONFIRMED and entry.searched_since is None:
            entry.searched_since = self._clock.now()
        if entry.is_idle:
            self._hand_over(entry)

    def _hand_over(self, entry: JobEntry) -> None:
        from .steps import STEPS, StepTools

        assert self._account is not None
        job, told = entry.job, [-self._timing.progress]
        taken = self._store.taken(entry) if job.stage is Stage.UNCONFIRMED else ()  # only a search needs them
        most, prepare = self.model_bytes, self.pictures.prepare
        entry.start_step(self._clock.now())
        abandoned, hold = entry.abandoned, entry.hold

        def wait(seconds: float) -> bool:
            return not abandoned.is_set() and not self._stopping.wait(seconds)

        def progress(fraction: float) -> None:
            if self._clock.now() - told[0] >= self._timing.progress:
                told[0] = self._clock.now()
                self._notes.put(lambda: self._store.show_status(entry, progress=fraction))

        def work(service: Service) -> Event | SearchMissed:
            with abandoned.cuts(self._workers.connector.cut_thread):
                tools = StepTools(service, wait, progress, taken, prepare, hold, most)
                return STEPS[job.stage](job, entry.folder, tools)

        pool = LARGE_STEPS.get(job.stage, "network")
        self._call(self._account, pool, work, lambda result: self._settle(entry, result))

    def _settle(self, entry: JobEntry, result: Event | SearchMissed | Exception) -> None:
        entry.due = 0.0
        if entry.finish_step():  # it was abandoned meanwhile
            return
        self._outcomes.apply(entry, result)
        if self._account is None and entry.is_idle:
            self._store.show_status(entry, trouble=self._held_by)

    # -- polling

    def _poll(self) -> None:
        waiting = list(self._agenda.polled.values())
        if waiting:
            assert self._account is not None
            self._call(self._account, "network", self._polling.start_round(waiting), self._polled)

    def _polled(self, result: Mapping[str, Event] | Exception) -> None:
        asked = self._polling.end_round(result, is_awaited=self._store.is_any_at_limit)
        for entry in (each for each in asked if each.is_polled):
            if not isinstance(result, Exception):
                if entry.job.id in result:
                    self._store.apply(entry, result[entry.job.id])
            elif isinstance(result, PassingError) or (len(asked) > 1 and isinstance(result, RefusedError)):
                self._store.show_status(entry, trouble=result.sentence)
            else:
                self._outcomes.fail(entry, result)
        if not isinstance(result, Exception):
            self._show_held_back()
