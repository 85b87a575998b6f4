# SPDX-License-Identifier: GPL-3.0-or-later
"""From the click to a job on disk: prepare and write its picture first, on a worker, so that nobody waits.

Until then nothing of the job is on disk, and nothing can be paid for it. If Blender quits meanwhile, it writes the
remaining pictures first.
"""

from __future__ import annotations

import contextlib
import queue
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Remedy, TrellisError, as_storage_error, explained
from ..files import new_own, open_own, own_folder
from ..job.events import CancelAsked
from ..job.job import Job, advance
from ..picture.file import ChosenPicture, PictureFile, Prepare
from .job_store import JobStore

if TYPE_CHECKING:
    from .workers import WorkerPool

LAST_SECONDS = 1.5


@dataclass(eq=False)
class PendingPicture:
    """The jobs of one picture that is not written yet. `unwanted`: the jobs that were cancelled meanwhile."""

    jobs: Sequence[Job]
    picture: ChosenPicture | PictureFile
    unwanted: set[str] = field(default_factory=set)
    turn: threading.Lock = field(default_factory=threading.Lock)


class PendingPictures:
    """All pictures that are being written, as files in `folder`. Only the runner's thread calls its methods.

    `prepare` prepares a picture; None: all are ready to be sent. Only the runner's thread reads `notes`. `taken` is
    called there when jobs have entered the job store.
    """

    def __init__(
        self,
        folder: Path,
        job_store: JobStore,
        notes: queue.SimpleQueue[Callable[[], None]],
        taken: Callable[[], None],
    ) -> None:
        self.folder = folder
        self.prepare: Prepare | None = None
        self._store, self._notes, self._taken = job_store, notes, taken
        self._unwritten: list[PendingPicture] = []

    def queue_picture(
        self, jobs: Sequence[Job], picture: ChosenPicture | PictureFile | None, writer: WorkerPool
    ) -> None:
        """Have the picture prepared and written, then add the jobs. Without a picture, add them at once."""
        if picture is None:
            for job in jobs:
                self._store.add(job, None)
            self._taken()
            return
        pending = PendingPicture(jobs, picture)
        self._unwritten.append(pending)
        writer.run(lambda: self._write(pending))

    def cancel(self, job_id: str) -> bool:
        """Cancel a job that still waits for its picture. Return whether it does.

        The job ends, unpaid, as soon as it has its picture. The main thread gets its answer then.
        """
        for pending in self._unwritten:
            if any(job.id == job_id for job in pending.jobs):
                pending.unwanted.add(job_id)
                return True
        return False

    def finish(self, guarded: Callable[[Callable[[], None]], None]) -> None:
        """Finish when Blender quits: run all notes, and write the pictures that nobody has begun to write."""
        with contextlib.suppress(queue.Empty):
            while self._unwritten or not self._notes.empty():
                for pending in [*self._unwritten]:
                    self._write(pending)
                guarded(self._notes.get(timeout=LAST_SECONDS))

    def _write(self, pending: PendingPicture) -> None:
        """Write the picture. Any thread may call it."""
        if not pending.turn.acquire(blocking=False):
            return  # another thread is writing it, or has written it
        outcome = self._written(pending)
        self._notes.put(lambda: self._take_in(pending, outcome))

    def _take_in(self, pending: PendingPicture, outcome: list[PictureFile] | TrellisError) -> None:
        self._unwritten.remove(pending)
        if isinstance(outcome, TrellisError):
            for job in pending.jobs:
                self._store.refuse(job, outcome)
        else:
            is_prepared = isinstance(pending.picture, ChosenPicture)
            for job, found in zip(pending.jobs, outcome, strict=True):
                known = of_picture(job, found) if is_prepared else job
                if job.id in pending.unwanted:
                    known = advance(known, CancelAsked(), time.time())
                self._store.add(known, found.file)
            self._taken()
        for job_id in pending.unwanted:
            self._store.answer(job_id)

    def _written(self, pending: PendingPicture) -> list[PictureFile] | TrellisError:
        """Return a file of the picture for each job, or the reason for failing. Never raises: an answer must come."""
        files = list[PictureFile]()
        try:
            with as_storage_error("save the picture"):
                first = self._ready(pending.picture, pending.jobs[-1].id)
                files.append(first)
            with as_storage_error("copy the picture"):
                own_folder(first.file.parent)
                for job in pending.jobs[:-1]:
                    copy = first.file.with_name(job.id + first.file.suffix)
                    with open_own(first.file) as source, new_own(copy) as target:
                        shutil.copyfileobj(source, target)
                    files.insert(-1, replace(first, file=copy))
            return files
        except Exception as error:  # noqa: BLE001 - see above
            failure = explained(error, "", Remedy.NONE)
        for found in files:
            with contextlib.suppress(OSError):  # `sweep` removes it later
                found.file.unlink(missing_ok=True)
        return failure

    def _ready(self, picture: ChosenPicture | PictureFile, name: str) -> PictureFile:
        """Return the picture in a file of ours with that name. Raises TrellisError or OSError, and leaves no file."""
        if isinstance(picture, PictureFile):
            return picture
        assert self.prepare is not None
        prepared = self.prepare(picture)
        file = self.folder / f"{name}.{prepared.kind}"
        try:
            own_folder(self.folder)
            with new_own(file) as written:
                written.write(prepared.data)
        except OSError:
            with contextlib.suppress(OSError):  # as above
                file.unlink(missing_ok=True)
            raise
        return PictureFile(file, kind=prepared.kind, crop=prepared.crop)


def of_picture(job: Job, found: PictureFile) -> Job:
    """Return the job with the facts known once its picture is prepared."""
    name = f"{Path(job.picture_name).stem}.{found.kind}"
    return replace(job, picture=f"source.{found.kind}", picture_name=name, crop=found.crop, is_prepared=True)
