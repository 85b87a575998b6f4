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

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import AccountError, PassingError, RefusedError, Remedy, StorageError, TrellisError, unexpected
from ..job import folder as job_folder
from ..job.events import (
    CancelAsked,
    Checked,
    Damaged,
    Event,
    Imported,
    KeptUnread,
    Read,
    Resumed,
    SubmitStarted,
)
from ..job.job import GENERATED, MAY_FOLLOW, Job, Stage, event_by_itself
from ..request.account import Account
from ..request.service import MODEL_BYTES_MAXIMUM, Connector
from .entries import LARGE_STEPS, POOLS, SAVES, WORDS, Agenda, JobEntry
from .job_store import JobStore
from .messages import ModelRead, Notice, RunnerMessage
from .outcomes import Outcomes
from .pending_pictures import PendingPictures, PictureWriter
from .polling import Polling
from .timing import Clock, Note, Timing

if TYPE_CHECKING:
    from ..model.arrays import Shape
    from ..model.surface.findings import Findings
    from ..picture.file import ChosenPicture, PictureFile
    from .steps import SearchMissed, Step, StepTools
    from .workers import Workers

NETWORK_WORKERS = 4  # in each pool; a step that may take long has one beside that of small calls
_log = logging.getLogger(__name__)


def to_scenario(agent: str) -> Connector:
    """Return the way to Scenario. Its calls name the `agent` as their User-Agent."""
    # here and not above: importing `requests` takes up to a quarter of a second, and no artist should wait for that
    from ..scenario.api import Scenario

    return Scenario(agent)


class Runner:
    """The runner of all jobs in `root`. `agent`: our name to the service. `connector_for`: the way there.

    `store_of`: what keeps the jobs, if not all in `root`. Nothing happens before `start`. The main thread reads
    `messages`, and sets `model_bytes` and `pictures`.
    """

    def __init__(
        self,
        root: Path,
        agent: str,
        timing: Timing | None = None,
        clock: Clock | None = None,
        connector_for: Callable[[str], Connector] = to_scenario,
        store_of: Callable[[Path, Timing, Clock, queue.SimpleQueue[RunnerMessage]], JobStore] = JobStore,
    ) -> None:
        self.messages: queue.SimpleQueue[RunnerMessage] = queue.SimpleQueue()
        self._agent, self._connector_for = agent, connector_for
        self._timing, self._clock = timing or Timing(), clock or Clock()
        self._notes: queue.SimpleQueue[Note] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._store = store_of(root, self._timing, self._clock, self.messages)
        self._entries = self._store.entries
        self.pictures = PictureWriter(root / job_folder.INCOMING)
        self.model_bytes = MODEL_BYTES_MAXIMUM  # of a download, at most
        self._pending = PendingPictures(self._store, self._notes, self._show_held_back, self.pictures)
        self._polling = Polling(self._timing, self._clock)
        self._outcomes = Outcomes(self._store, self._timing, self._clock)
        self._account: Account | None = None
        self._agenda = Agenda(self._timing.word)
        self._busy = dict.fromkeys(POOLS, 0)  # workers that take a step, by pool
        self._held_by, self._check_due = "", 0.0  # when to check next what other Blenders do
        self._workers: Workers | None = None
        self._thread = threading.Thread(target=self._run, name="trellis-runner", daemon=True)

    # -- for the main thread

    def start(self) -> None:
        """Load the jobs of earlier sessions and go on with them."""
        self.load()
        self._thread.start()

    def load(self) -> None:
        """Find jobs that other Blenders have begun. `JobsLoaded` follows once all have been sent."""
        self._notes.put(self._store.load)

    def take_in(self, places: Sequence[Path], wait: Callable[[], object] = bool) -> None:
        """Move all jobs of these other folders here, after a `wait`. Another `JobsLoaded` follows once that is done."""

        def begin() -> None:
            assert self._workers is not None
            taken = self._store.take_in
            arrivals = self._store.arrivals(places, wait)
            self._workers.writer.run_each(arrivals, lambda arrival: self._notes.put(lambda: taken(arrival)))

        self._notes.put(begin)

    def use(self, account: Account | None, held_by: str = "") -> None:
        """Make calls for this account from now on. None: make no calls, for the reason in the sentence `held_by`."""
        self._notes.put(lambda: self._use(account, held_by))

    def add(self, jobs: Sequence[Job], picture: ChosenPicture | PictureFile | None) -> None:
        """Begin jobs of one picture as soon as it is written; a file of ours moves away. None: they have no picture."""
        self._notes.put(lambda: self._add(jobs, picture))

    def cancel(self, job_id: str) -> None:
        """Stop a job. If it is submitted, only Scenario can stop it; if Scenario does not, its model is kept."""
        self._notes.put(lambda: self._cancel(job_id))

    def resume(self, job_id: str) -> None:
        """Try again, from the furthest stage that is paid for."""
        self._ask_for(job_id, lambda: self._tell(job_id, Resumed(prepares=self.pictures.prepare is not None)))

    def identify(self, job_id: str, remote_id: str) -> None:
        """Use the ID that the artist gave for a job that was not found at Scenario."""
        self._notes.put(lambda: self._identify(job_id, remote_id))

    def hold(self, job_ids: frozenset[str]) -> None:
        """Submit none of these jobs, and any other again, until the next call. What is paid for goes on."""
        self._notes.put(lambda: self._store.hold(job_ids))

    def imported(self, job_id: str) -> None:
        """Record that the model is in a scene now."""
        self._ask_for(job_id, lambda: self._tell(job_id, Imported()))

    def damaged(self, job_id: str, sentence: str, remedy: Remedy = Remedy.RETRY) -> None:
        """Record that the model could not be brought into a scene."""
        self._ask_for(job_id, lambda: self._tell(job_id, Damaged(sentence, remedy)))

    def checked(self, job_id: str, findings: Findings) -> None:
        """Record what was measured of the model, unless the job is gone by now."""
        self._notes.put(lambda: self._tell(job_id, Checked(findings)) if job_id in self._entries else None)

    def remove(self, job_id: str) -> None:
        """Delete a job that rests, with its files."""
        self._ask_for(job_id, lambda: self._store.remove(self._store.entry(job_id)))

    def mark(self, job_id: str, *, is_favorite: bool) -> None:
        """Make a job one of the artist's favorites, or no longer. `Marked` follows."""
        self._notes.put(lambda: self._store.mark(job_id, is_favorite=is_favorite))

    def tidy(self, days: float | None) -> None:
        """Remove jobs that ended more than `days` ago (None: no job). `StorageUsed` then reports the space used."""
        self._notes.put(lambda: self._store.tidy(days))

    def read(self, job_id: str, shape: Shape) -> None:
        """Read the job's model into arrays. `ModelRead` follows, after the message that the job is ready."""

        def make(file: Path) -> ModelRead:
            from .questions import read_for_import

            return read_for_import(job_id, file, shape)

        self._notes.put(lambda: self._read(job_id, make))

    def read_png(self, read: ModelRead) -> None:
        """Read the PNG files that were made of the model's images. A second `ModelRead` follows, with them."""

        def make(_file: Path) -> ModelRead:
            from .questions import with_png_images

            return with_png_images(read)

        self._notes.put(lambda: self._read(read.id, make))

    def keep_unread(self, job_id: str) -> None:
        """Leave a model that was just downloaded on the disk: nobody waits for it, or another one comes first."""
        self._notes.put(lambda: self._keep_unread(job_id))

    def ask(self, account: Account, question: Callable[[StepTools], RunnerMessage]) -> None:
        """Ask Scenario something that belongs to no job. The answer comes through `messages`."""
        self._notes.put(lambda: self._ask(account, question))

    def write(self, work: Callable[[], None]) -> None:
        """Run `work` on the worker that writes pictures. It must not raise."""
        self._notes.put(lambda: self._workers.writer.run(work) if self._workers is not None else None)

    def compute(self, work: Callable[[], RunnerMessage]) -> None:
        """Run `work`, which needs no network, on a worker. Its result comes through `messages`."""
        self._notes.put(lambda: self._compute(work))

    def stop(self, seconds: float = 2.0) -> bool:
        """End all threads and cut the connections. Return True if they ended within that many seconds."""
        end = time.monotonic() + seconds
        self._stopping.set()
        self._notes.put(lambda: None)
        threads = [self._thread] if self._thread.is_alive() else []
        threads += self._workers.stop() if self._workers is not None else []
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _ask_for(self, job_id: str, action: Callable[[], None]) -> None:
        """Run the action on the runner's thread, then send an `Answer`."""

        def act() -> None:
            try:
                action()
            finally:
                self._store.answer(job_id)

        self._notes.put(act)

    # -- on the runner's thread

    def _run(self) -> None:
        # late, for the same reason; numpy takes a twentieth of a second
        from ..picture import encode  # noqa: F401
        from .workers import Workers

        self._workers = Workers(NETWORK_WORKERS, self._connector_for(self._agent), self._stopping)
        while not self._stopping.is_set():
            self._guarded(self._dispatch)
            note = self._clock.next_note(self._notes, self._until_due())
            if note is not None:
                self._guarded(note)
        self._workers.stop()
        self._pending.finish(self._guarded)  # so that nothing known is lost, above all a paid job's id
        self._store.close()

    def _guarded(self, action: Callable[[], None]) -> None:
        """Run the action, and report any error: one bad job must not stop the rest."""
        try:
            action()
        except TrellisError as error:
            self.messages.put(Notice(error.sentence, error.remedy))
        except Exception as error:  # noqa: BLE001 - the thread must live on; the log has it all
            _log.exception("unexpected")
            self.messages.put(Notice(unexpected(error)))

    def _use(self, account: Account | None, held_by: str) -> None:
        self._account, self._held_by = account, held_by
        self._polling.restart()
        for entry in self._entries.values():
            entry.due, entry.attempt = 0.0, 0
        self._show_held()

    def _show_held_back(self) -> None:
        if self._account is None:
            self._show_held()

    def _show_held(self) -> None:
        for entry in self._entries.values():
            if entry.is_idle:
                self._store.show_status(entry, trouble=self._held_by)

    def _add(self, jobs: Sequence[Job], picture: ChosenPicture | PictureFile | None) -> None:
        assert self._workers is not None
        self._pending.queue_picture(jobs, picture, self._workers.writer)

    def _cancel(self, job_id: str) -> None:
        if self._pending.cancel(job_id):
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

    def _tell(self, job_id: str, event: Event) -> None:
        entry = self._store.entry(job_id)
        if not self._store.claim(entry):
            raise StorageError("Another Blender is working on this job. Close it, then try again.", remedy=Remedy.NONE)
        entry.due, entry.attempt = 0.0, 0
        if entry.job.stage in MAY_FOLLOW[type(event)]:  # otherwise another Blender has gone on with it meanwhile
            self._store.apply(entry, event)
        if entry.job.is_resting and not entry.is_unsaved:
            entry.unlock()

    def _identify(self, job_id: str, remote_id: str) -> None:
        from .steps import identify

        assert self._workers is not None
        entry = self._store.entry(job_id)
        if self._account is None:
            raise AccountError(self._held_by)
        job, taken = entry.job, self._store.taken(entry)

        def work(tools: StepTools) -> None:
            submitted = identify(job, remote_id, replace(tools, taken=taken))
            self._notes.put(lambda: self._identified(entry, submitted))

        self._workers.network.run_with_api(self._account, lambda tools: self._guarded(lambda: work(tools)))

    def _identified(self, entry: JobEntry, submitted: Event) -> None:
        if entry.job.stage is Stage.UNCERTAIN:  # otherwise the artist has submitted it again meanwhile
            self._tell(entry.job.id, submitted)

    def _read(self, job_id: str, make: Callable[[Path], ModelRead]) -> None:
        """Have a worker make an answer from the job's file."""
        assert self._workers is not None
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

    def _keep_unread(self, job_id: str) -> None:
        entry = self._entries.get(job_id)
        if entry is not None and entry.waits_for_word:
            self._store.apply(entry, KeptUnread())

    def _ask(self, account: Account, question: Callable[[StepTools], RunnerMessage]) -> None:
        assert self._workers is not None
        self._workers.network.run_with_api(
            account, lambda tools: self._guarded(lambda: self.messages.put(question(tools)))
        )

    def _compute(self, work: Callable[[], RunnerMessage]) -> None:
        assert self._workers is not None
        self._workers.previewer.run(lambda: self._guarded(lambda: self.messages.put(work())))

    # -- what happens next

    def _dispatch(self) -> None:
        """Do all that is due now."""
        now = self._clock.now()
        if self._check_due <= now and self._store.is_alive:
            self._check_due = now + self._timing.foreign
            self._store.check_others()
        self._sort_changed()
        if self._account is not None and self._has_room("network") and self._polling.is_due:
            self._poll()  # first, because the paid calls of many jobs may take the pool for minutes
        while (entry := self._take(SAVES, now)) is not None:
            self._store.save(entry)
        while (entry := self._take(WORDS, now)) is not None:
            self._store.apply(entry, KeptUnread())
        for pool in POOLS if self._account is not None else ():
            while self._has_room(pool) and (entry := self._take(pool, now)) is not None:
                entry.due = now + self._timing.held  # if this fails, it is not tried again at once
                self._guarded(lambda entry=entry: self._begin(entry))  # type: ignore[misc]  # a lambda's default

    def _take(self, lane: str, now: float) -> JobEntry | None:
        """Return the oldest job that is due in that lane of the agenda, None if none is."""
        self._sort_changed()
        return self._agenda.take(lane, now)

    def _sort_changed(self) -> None:
        """File the jobs that have changed."""
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
                dues += self._polling.dues
        due = min(dues)
        return None if math.isinf(due) and due > 0 else max(0.0, due - self._clock.now())

    def _has_room(self, pool: str) -> bool:
        """Return whether a worker of that pool is free."""
        return self._busy[pool] < NETWORK_WORKERS

    def _begin(self, entry: JobEntry) -> None:
        """Take the job's next step, on a worker."""
        from .steps import STEPS, cancel

        by_itself = event_by_itself(entry.job)
        if isinstance(by_itself, SubmitStarted):
            if not self._store.announce_submit(entry):
                return
        elif by_itself is not None:
            self._store.apply(entry, by_itself)
        if entry.job.stage is Stage.UNCONFIRMED and entry.searched_since is None:
            entry.searched_since = self._clock.now()
        if entry.is_idle:
            self._hand_over(entry, cancel if entry.job.stage is Stage.RUNNING else STEPS[entry.job.stage])

    def _hand_over(self, entry: JobEntry, step: Step) -> None:
        assert self._workers is not None
        assert self._account is not None
        workers, job, told = self._workers, entry.job, [-self._timing.progress]
        taken = self._store.taken(entry) if job.stage is Stage.UNCONFIRMED else ()  # only a search needs them
        most, prepare = self.model_bytes, self.pictures.prepare
        entry.start_step(self._clock.now())
        abandoned, hold, pool = entry.abandoned, entry.hold, LARGE_STEPS.get(job.stage, "network")
        self._busy[pool] += 1

        def wait(seconds: float) -> bool:
            return not abandoned.is_set() and not self._stopping.wait(seconds)

        def progress(fraction: float) -> None:
            if self._clock.now() - told[0] >= self._timing.progress:
                told[0] = self._clock.now()
                self._notes.put(lambda: self._store.show_status(entry, progress=fraction))

        def work(tools: StepTools) -> None:
            result: Event | SearchMissed | Exception
            try:
                tools = replace(tools, wait=wait, progress=progress, taken=taken, prepare=prepare)
                tools = replace(tools, hold=hold, model_bytes=most)
                with abandoned.cuts(workers.cut_thread):
                    result = step(job, entry.folder, tools)
            except Exception as error:  # noqa: BLE001 - handled on the runner's thread
                result = error
            self._notes.put(lambda: self._settle(entry, result, pool))

        workers.pools[pool].run_with_api(self._account, work)

    def _settle(self, entry: JobEntry, result: Event | SearchMissed | Exception, pool: str) -> None:
        """Take in the result of a step."""
        self._busy[pool] -= 1
        entry.due = 0.0
        if entry.finish_step():  # it was abandoned meanwhile
            return
        self._outcomes.apply(entry, result)
        if self._account is None and entry.is_idle:
            self._store.show_status(entry, trouble=self._held_by)

    # -- polling

    def _poll(self) -> None:
        """Poll all running jobs at once."""
        waiting = list(self._agenda.polled.values())
        if not waiting:
            return
        assert self._workers is not None
        assert self._account is not None
        poll = self._polling.start_round(waiting)
        self._busy["network"] += 1

        def work(tools: StepTools) -> None:
            result: Mapping[str, Event] | Exception
            try:
                result = poll(tools)
            except Exception as error:  # noqa: BLE001 - handled on the runner's thread
                result = error
            self._notes.put(lambda: self._polled(result))

        self._workers.network.run_with_api(self._account, work)

    def _polled(self, result: Mapping[str, Event] | Exception) -> None:
        self._busy["network"] -= 1
        asked = self._polling.end_round(result, is_awaited=self._store.is_any_at_limit)
        if isinstance(result, Exception):
            for entry in (each for each in asked if each.is_polled):
                if isinstance(result, PassingError) or (len(asked) > 1 and isinstance(result, RefusedError)):
                    self._store.show_status(entry, trouble=result.sentence)
                else:
                    self._outcomes.fail(entry, result)
            return
        for entry in (each for each in asked if each.is_polled):
            if entry.job.id in result:
                self._store.apply(entry, result[entry.job.id])
        self._show_held_back()
