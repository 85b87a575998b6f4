# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs the runner drives, and the only place where one changes.

Only the runner's thread touches the ledger. Each change is an event: the job advances, is written to its folder, and is
told to the main thread, in that order.
"""

from __future__ import annotations

import queue
import time
from dataclasses import replace
from pathlib import Path

from . import job_folder
from .changes import Change, Loaded, Notice
from .entry import Entry
from .errors import Remedy, StorageError, storage_error
from .folder_lock import FolderLock
from .job import UNPAID, AnswerLost, CancelAsked, Cancelled, Event, Failed, Job, Stage, advance
from .pace import Pace

DOWNLOAD_STOPPED = "The download was stopped. The model is paid for: Retry brings it."


class Ledger:
    """All jobs in `root`, by their ids. `changes` gets a snapshot after each change."""

    def __init__(self, root: Path, pace: Pace, changes: queue.SimpleQueue[Change]) -> None:
        self.entries: dict[str, Entry] = {}
        self._root, self._pace, self._changes = root, pace, changes

    def load(self) -> None:
        """Read the jobs of earlier sessions. Raises StorageError when the folder of them all cannot be read."""
        try:
            folders = job_folder.job_folders(self._root)
            job_folder.sweep(self._root, time.time())
        except OSError as error:
            raise storage_error("read the folder of the jobs", error) from error
        for folder in folders:
            try:
                self._load_one(folder)
            except StorageError as error:
                self._changes.put(Notice(error.sentence))
        self._changes.put(Loaded())

    def _load_one(self, folder: Path) -> None:
        try:
            job = job_folder.load(folder)
            if job.is_resting:
                self._enter(Entry(job, folder))
                return
            lock = FolderLock.take(folder)
            if lock is not None:
                job = job_folder.load(folder)  # the other Blender may have moved it on before it let go
        except job_folder.DamagedJobError:
            job_folder.set_aside(folder)
            raise StorageError(f"A job could not be read and was set aside. Its files are kept in {folder}.") from None
        except OSError as error:
            raise storage_error("read a job", error) from error
        entry = Entry(replace(job, foreign=lock is None), folder, lock)
        self._enter(entry)
        if lock is not None and job.stage is Stage.SUBMITTING:
            self.apply(entry, AnswerLost())

    def add(self, job: Job, picture: Path, move: bool) -> None:
        """Make the job's folder with the picture's file, moved or copied into it."""
        folder = self._root / job.id
        try:
            job_folder.create(self._root, job, picture, move)
            entry = Entry(job, folder, FolderLock.take(folder))
        except OSError as error:
            sentence = storage_error("save the job", error).sentence
            self._changes.put(advance(job, Failed(sentence, Remedy.NONE), time.time()))
            return
        self._enter(entry)

    def apply(self, entry: Entry, event: Event) -> None:
        """Let the event happen to the job. Raises ImpossibleEventError."""
        before, entry.job = entry.job, advance(entry.job, event, time.time())
        if entry.job.stage is not before.stage:
            entry.since = entry.seen = time.monotonic()
            entry.due, entry.missing_since = 0.0, None
        if entry.job.cancel_asked and entry.job.stage in UNPAID:
            entry.job = advance(entry.job, Cancelled("Cancelled before anything was charged."), time.time())
        elif isinstance(event, CancelAsked) and entry.job.stage in (Stage.DOWNLOADING, Stage.READING):
            entry.job = advance(entry.job, Cancelled(DOWNLOAD_STOPPED), time.time())
        if entry.job.is_resting:
            entry.abandoned.set()  # whatever is still under way for it, nobody wants it any more
        if job_folder.as_json(before) != job_folder.as_json(entry.job):
            entry.is_unsaved = True
            self.save(entry)
        if entry.job.is_resting and not entry.is_unsaved:
            entry.unlock()
        self._publish(entry)

    def save(self, entry: Entry) -> bool:
        """Write the job to its folder; False when the disk refuses, which is tried again later."""
        if not entry.is_unsaved:
            return True
        try:
            job_folder.save(entry.folder, entry.job)
        except OSError as error:
            entry.due = time.monotonic() + self._pace.retry_first
            self.show(entry, trouble=storage_error("save the job", error).sentence)
            return False
        entry.is_unsaved = False
        return True

    def show(self, entry: Entry, trouble: str | None = None, progress: float | None = None) -> None:
        """Change what is only shown, never saved."""
        shown = replace(
            entry.job,
            trouble=entry.job.trouble if trouble is None else trouble,
            progress=entry.job.progress if progress is None else progress,
        )
        if shown != entry.job and not shown.is_resting:
            entry.job = shown
            self._publish(entry)

    def _publish(self, entry: Entry) -> None:
        self._changes.put(entry.job)

    def _enter(self, entry: Entry) -> None:
        self.entries[entry.job.id] = entry
        self._publish(entry)
