# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs the runner drives, and the only place where a job changes.

Only the runner's thread uses it. Each change is an event: the job advances, is written to its folder, and is sent to
the main thread, in that order.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import time
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import Remedy, StorageError, Text, TrellisError, as_storage_error, storage_error
from ..job import folder as job_folder
from ..job import moving, spending
from ..job.claims import Claim, ClaimLostError, Claims, Hold
from ..job.clean_up import Kind, kind_of
from ..job.events import AnswerLost, Event, Failed, Polled, SubmitPutOff, SubmitStarted, Uploaded
from ..job.job import Job, Stage, advance, event_by_itself
from ..job.lock import LOCK_FILE
from .entries import JobEntry
from .messages import Answer, JobRemoved, JobsLoaded, Marked, Notice, RemovedCosts, RunnerMessage, StorageUsed
from .timing import Clock, Timing

LEFT = "Some files of the removed job could not be deleted. They will be deleted when the jobs are loaded next time."


class JobStore:
    """All jobs in `root`, by their ids. `messages` gets a snapshot after each change.

    `changed`: the entries that changed since the runner last looked at them.
    """

    def __init__(self, root: Path, timing: Timing, clock: Clock, claims: Claims | None = None) -> None:
        self.timing, self.clock = timing, clock
        self.messages: queue.SimpleQueue[RunnerMessage] = queue.SimpleQueue()
        self.entries: dict[str, JobEntry] = {}
        self.changed: set[JobEntry] = set()
        self._alive: set[JobEntry] = set()
        self._at_limit: dict[int, JobEntry] = {}  # by age
        self._ages = itertools.count()  # of entries: smaller for a job that was known earlier
        self._root, self._claims = root, claims or Claims(root, clock.now, silence=timing.silence)
        self._told: dict[str, str] = {}  # by folder: why it cannot be read, so that the artist hears it once
        self._held = frozenset[str]()  # jobs that are not submitted for now
        self._is_moving = self._is_any_left = False  # jobs come from other folders, or had to stay there

    @property
    def is_alive(self) -> bool:
        """Return whether any job is not at rest, or belongs to another Blender."""
        return bool(self._alive)

    def load(self) -> None:
        """Read the jobs of earlier sessions. Raises StorageError if the jobs' folder cannot be read."""
        is_whole = False
        try:
            with as_storage_error("read the folder of the jobs"):
                job_folder.sweep(self._root, time.time())
                self._claims.sweep()
                self.messages.put(RemovedCosts(spending.removed(self._root)))
                if favorites := job_folder.favorites(self._root):
                    self.messages.put(Marked(dict.fromkeys(favorites, True)))
                self.check_others()
            is_whole = not (self._told or self._is_moving or self._is_any_left)
        finally:
            self.messages.put(JobsLoaded(is_whole, self._is_moving))

    def arrivals(self, places: Sequence[Path]) -> Iterator[moving.Arrival]:
        """Return an iterator that moves the jobs of these places here, one at each step. Another thread may use it.

        Each result, and None at the end, is for `take_in`.
        """
        self._is_moving, self._is_any_left = True, False
        return moving.arrivals(places, self._root)

    def take_in(self, arrival: moving.Arrival | None) -> None:
        """Take in a job that was moved here; None: that was the last. Raises StorageError if it could not be moved."""
        if arrival is None:
            self._is_moving = False
            self.load()  # another Blender may have moved some, too
            return
        self._is_any_left = self._is_any_left or arrival.is_left
        if arrival.error is not None:
            raise arrival.error
        if arrival.folder is not None:
            self._check_one(arrival.folder, {})

    def check_others(self) -> None:
        """Check what other Blenders do: take over the jobs of one that is gone, update the others, find new ones.

        Raises StorageError if the jobs' folder cannot be read.
        """
        self._claims.beat()
        with as_storage_error("read the folder of the jobs"):
            folders = self.folders()
        before, self._told = self._told, {}
        for folder in folders:
            self._check_one(folder, before)
        present = {folder.name for folder in folders}
        for job_id, entry in list(self.entries.items()):
            if entry.hold is None and not entry.is_unsaved and job_id not in present:
                self._drop(entry)  # another Blender has removed it

    def folders(self) -> list[Path]:
        """Return the folders of the jobs to look at, oldest first: all that we do not hold. Raises OSError."""
        held = {job_id for job_id, entry in self.entries.items() if entry.hold is not None}
        return job_folder.job_folders(self._root, held)

    def _check_one(self, folder: Path, told: Mapping[str, str]) -> None:
        """Look at one job, unless it is ours. Tell the artist if it cannot be read, unless that was `told` before."""
        known = self.entries.get(folder.name)
        if known is None or known.job.foreign:
            try:
                self._check_folder(folder, known)
            except StorageError as error:
                if told.get(folder.name) != error.sentence:
                    self.messages.put(Notice(error.sentence, error.remedy))
                self._told[folder.name] = error.sentence

    def _check_folder(self, folder: Path, known: JobEntry | None) -> None:
        job, hold = self._read(folder), None
        if not job.is_resting or (folder / LOCK_FILE).is_dir():  # else its process died before it let go of it
            hold = self._take(folder)
            if hold is not None:
                job = self._read(folder)  # the other Blender may have moved it on before it let go
                if job.is_resting:
                    hold.release()
                    hold = None
        job = replace(job, foreign=hold is None and not job.is_resting)
        if known is None:
            known = self._enter(job, folder)
        elif known.job == job:
            return
        known.job, known.hold = job, hold
        self.messages.put(job)
        by_itself = event_by_itself(job)
        if hold is not None and isinstance(by_itself, AnswerLost):  # others happen with its next step
            self.apply(known, SubmitPutOff() if _is_unsent(job, folder) else by_itself)

    def _read(self, folder: Path) -> Job:
        try:
            job = job_folder.load(folder)
            job_folder.close(folder)
            return job
        except job_folder.NewerJobError:
            sentence = "A job was made by a newer version of the add-on. Update it to see that job."
            raise StorageError(sentence, remedy=Remedy.UPDATE) from None
        except job_folder.DamagedJobError:
            with as_storage_error("set a damaged job aside"):
                job_folder.set_aside(folder)
            raise StorageError(
                Text("A job could not be read and was set aside. Its files are kept in {folder}.", folder=folder)
            ) from None
        except OSError as error:
            raise storage_error("read a job", error) from error

    def add(self, job: Job, picture: Path | None) -> None:
        """Create the job's folder, claimed, and move the picture's file into it if there is one."""
        folder, hold = self._root / job.id, None
        try:
            if not job.is_resting:
                self._claims.begin()
                hold = Claim(folder, self._claims.name)
            job_folder.create(self._root, job, picture, hold.name if hold is not None else "")
        except OSError as error:
            if (folder / job_folder.JOB_FILE).exists():  # another process was quicker with the same job
                self._check_one(folder, {})
            else:
                self.refuse(job, storage_error("save the job", error))
            return
        self.messages.put(self._enter(job, folder, hold).job)

    def _enter(self, job: Job, folder: Path, hold: Hold | None = None) -> JobEntry:
        now, age = self.clock.now(), next(self._ages)
        entry = JobEntry(job, folder, hold, since=now, reported=now, age=age, changed=self._note_change)
        self.entries[job.id] = entry
        return entry

    def _note_change(self, entry: JobEntry) -> None:
        self.changed.add(entry)
        (self._alive.add if entry.is_alive else self._alive.discard)(entry)
        if entry.is_at_limit and entry.is_idle:
            self._at_limit[entry.age] = entry
        else:
            self._at_limit.pop(entry.age, None)

    def _drop(self, entry: JobEntry) -> None:
        """Forget a job that is gone."""
        del self.entries[entry.job.id]
        self._alive.discard(entry)
        self._at_limit.pop(entry.age, None)
        entry.changed = None
        self.changed.add(entry)
        self.messages.put(JobRemoved(entry.job.id))

    def refuse(self, job: Job, error: TrellisError) -> None:
        """Tell the artist that the job cannot begin. Nothing of it is kept."""
        self.messages.put(advance(job, Failed(error.sentence, error.remedy), time.time()))

    def answer(self, job_id: str) -> None:
        """Tell the main thread that its request for the job is done or refused."""
        self.messages.put(Answer(job_id))

    def entry(self, job_id: str) -> JobEntry:
        """Return the job's entry. If it is missing, remove the job from the list and raise StorageError.

        A job is missing, for instance, if the disk had no room for it.
        """
        try:
            return self.entries[job_id]
        except KeyError:
            self.messages.put(JobRemoved(job_id))
            sentence = "This job was never saved, and nothing was charged. Generate again."
            raise StorageError(sentence, remedy=Remedy.NONE) from None

    def taken(self, entry: JobEntry) -> Container[str]:
        """Return the ids at Scenario of all other jobs. Any thread may look something up there."""
        return frozenset(other.job.remote_id for other in self.entries.values() if other is not entry) - {""}

    def claim(self, entry: JobEntry) -> bool:
        """Claim a resting job and read it again from disk. Return False if another Blender has it. Raises StorageError.

        Our own copy may be old: another Blender may have gone on with the job, and paid for it.
        """
        if entry.hold is not None:  # so our copy is right, even if the disk was full
            return True
        self._claims.beat()
        try:
            hold = self._take(entry.folder)
        except StorageError:
            self.messages.put(entry.job)  # the panel may already show the click's effect
            raise
        if hold is None:
            entry.job = replace(entry.job, foreign=True)  # so that it is checked until we can claim it
            self.messages.put(entry.job)
            return False
        entry.hold = hold
        job = self._read(entry.folder)
        if job_folder.as_json(job) != job_folder.as_json(entry.job):
            entry.job = job
            self.messages.put(entry.job)
        return True

    def remove(self, entry: JobEntry) -> None:
        """Delete a resting job's own files, and its folder unless it holds something else. Raises StorageError."""
        known = entry.job
        if not known.is_resting or not self.claim(entry):
            raise StorageError("The job is still at work. Cancel it first, then remove it.", remedy=Remedy.NONE)
        if entry.job != known:
            if entry.job.is_resting:
                entry.unlock()
            sentence = "Another Blender has gone on with this job. Look at it again before you remove it."
            raise StorageError(sentence, remedy=Remedy.NONE)
        entry.unlock()
        try:
            spending.keep(self._root, entry.job)
        except OSError as error:  # a full disk must not keep the artist from making room
            kept = storage_error("write down what the job cost", error)
            self.messages.put(Notice(kept.sentence, kept.remedy))
        with as_storage_error("remove the job"):
            is_gone = job_folder.remove(entry.folder)
        if not is_gone:
            self.messages.put(Notice(LEFT))
        self._drop(entry)

    def mark(self, job_id: str, *, is_favorite: bool) -> None:
        """Make the job a favorite, or no longer, then report what it is. Raises StorageError."""
        folder = self._root / job_id
        try:
            with as_storage_error("mark the job as a favorite"):
                job_folder.mark(folder, is_favorite=is_favorite)
        finally:
            self.messages.put(Marked({job_id: os.path.lexists(folder / job_folder.FAVORITE_FILE)}))

    def tidy(self, days: float | None) -> None:
        """Remove jobs that ended more than `days` ago (None: no job), then report the space used. Raises StorageError.

        A model that was never imported is not removed here, nor is a job that may have been paid for.
        """
        oldest = None if days is None else time.time() - days * 24 * 3600
        for entry in list(self.entries.values()):
            is_done = kind_of(entry.job) in (Kind.IMPORTED, Kind.WITHOUT_MODEL)
            if oldest is not None and is_done and entry.job.ended is not None and entry.job.ended < oldest:
                try:
                    self.remove(entry)
                except StorageError as error:
                    self.messages.put(Notice(error.sentence, error.remedy))
        self._measure(*self.entries.values())

    def _measure(self, *entries: JobEntry) -> None:
        """Measure these jobs' folders, and report the space that they use."""
        sizes: dict[str, int] = {}
        for entry in entries:
            with contextlib.suppress(OSError):  # a file has just gone: it is measured again when something happens
                sizes[entry.job.id] = job_folder.size(entry.folder)
        self.messages.put(StorageUsed(sizes))

    def apply(self, entry: JobEntry, event: Event) -> None:
        """Apply the event to the job. Raises ImpossibleEventError."""
        before, job = entry.job, advance(entry.job, event, time.time())
        if isinstance(event, Polled) and job == before:
            return  # most of what is polled is no news
        entry.job = job
        is_submit = isinstance(event, SubmitStarted)
        entry.is_just_uploaded = isinstance(event, Uploaded) or (entry.is_just_uploaded and is_submit)
        if entry.job.stage is not before.stage:
            entry.since = entry.reported = self.clock.now()
            entry.due, entry.searched_since, entry.missing_since = 0.0, None, None
        if before.stage is Stage.RUNNING and entry.job.stage is not Stage.RUNNING:
            self._let_in()
        if entry.job.is_resting:
            entry.abandoned.set()  # nobody wants the result of a step that still runs
        if job_folder.as_json(before) != job_folder.as_json(entry.job):
            entry.is_unsaved = True
            self.save(entry)
        self.messages.put(entry.job)
        if entry.job.is_resting:
            self._measure(entry)

    def announce_submit(self, entry: JobEntry) -> bool:
        """Apply SubmitStarted, if the paid call may be sent now and that is on disk. Return whether it is."""
        if not self.may_submit(entry):
            return False
        self.apply(entry, SubmitStarted())
        if entry.is_unsaved:
            self.apply(entry, SubmitPutOff())  # never pay for anything that is not on disk
        return entry.job.stage is Stage.SUBMITTING and entry.hold is not None

    def may_submit(self, entry: JobEntry) -> bool:
        """Return whether the job's paid call may be sent now. If not, it is asked again later."""
        return entry.job.id not in self._held and self.save(entry)  # never pay for anything that is not on disk

    def hold(self, job_ids: frozenset[str]) -> None:
        """Submit none of these jobs until the next call. One that was held before and no longer is goes on at once."""
        for job_id in self._held - job_ids:
            if job_id in self.entries:
                self.entries[job_id].due = 0.0
        self._held = job_ids

    @property
    def is_any_at_limit(self) -> bool:
        """Return whether a job waits for another one to end at Scenario."""
        return bool(self._at_limit)

    def _let_in(self) -> None:
        """Release the oldest job that waits at the limit, because a job has ended at Scenario."""
        if self._at_limit:
            waiting = self._at_limit[min(self._at_limit)]
            waiting.due, waiting.is_at_limit = 0.0, False

    def save(self, entry: JobEntry) -> bool:
        """Write the job to its folder. Return False if the disk refuses; the write is then tried again later."""
        if not entry.is_unsaved:
            return True
        try:
            job_folder.save(entry.folder, entry.job, entry.hold)
        except ClaimLostError:
            self._lose(entry)
            return False
        except OSError as error:
            entry.due = self.clock.now() + self.timing.retry_first
            self.show_status(entry, trouble=storage_error("save the job", error).sentence, remedy=Remedy.FOLDER)
            return False
        entry.is_unsaved = False
        if entry.job.is_resting:
            entry.unlock()
        return True

    def _lose(self, entry: JobEntry) -> None:
        """Leave the job to the process that has taken it over, and show what that does. Raises StorageError."""
        entry.abandoned.set()
        entry.hold, entry.is_unsaved = None, False
        entry.job = replace(entry.job, foreign=True)
        entry.job = replace(self._read(entry.folder), foreign=True)

    def show_status(
        self, entry: JobEntry, trouble: str | None = None, progress: float | None = None, remedy: Remedy = Remedy.NONE
    ) -> None:
        """Change what is only displayed, never saved. `remedy` belongs to the trouble."""
        shown = replace(
            entry.job,
            trouble=entry.job.trouble if trouble is None else trouble,
            trouble_remedy=entry.job.trouble_remedy if trouble is None else remedy,
            progress=entry.job.progress if progress is None else progress,
        )
        if shown != entry.job and not shown.is_resting:
            entry.job = shown
            self.messages.put(entry.job)

    def _take(self, folder: Path) -> Hold | None:
        with as_storage_error("open the job's folder"):
            return self._claims.take(folder)

    def close(self) -> None:
        """Release all jobs to other Blenders."""
        for entry in self.entries.values():
            entry.unlock()
        self._claims.close()


def _is_unsent(job: Job, folder: Path) -> bool:
    """Return whether the announced paid call was certainly not sent, and make sure that nobody sends it any more.

    The process that announced it is gone, or is paused and another has taken the job over.
    """
    try:
        return job.submits > 0 and job_folder.begin_submit(folder, job.submits)
    except OSError:
        return False
