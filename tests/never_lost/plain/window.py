"""One Blender's worth of core: a runner with short waits, and the main thread's part: reading its messages."""

from __future__ import annotations

import logging
import queue
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from emulator import Emulator
from tests.never_lost.world import KEY, SECRET, until
from tests.patience import PATIENCE
from tests.resting import rest
from trellis_blender.core.errors import import_error
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.model.arrays import Shape
from trellis_blender.core.picture.file import PictureFile
from trellis_blender.core.request.account import Account
from trellis_blender.core.request.models import TRELLIS_2
from trellis_blender.core.runner.messages import (
    JobRemoved,
    JobsLoaded,
    ModelRead,
    Notice,
    RunnerMessage,
    StorageUsed,
)
from trellis_blender.core.runner.runner import Runner
from trellis_blender.core.runner.timing import Clock, Timing

QUICK = Timing(
    poll_first=0.03,
    poll_last=0.1,
    retry_first=0.05,
    retry_last=0.2,
    listing_lag=0.5,
    search=PATIENCE,
    limit=0.3,
    held=0.2,
    foreign=0.1,
    progress=0.0,
    word=0.5,
)
Answer = TypeVar("Answer")
ENDS = (Stage.READY, Stage.FAILED, Stage.CANCELLED, Stage.UNCERTAIN)


def account(url: str) -> Account:
    """The account of the emulator at that address."""
    return Account.checked(KEY, SECRET, "", url)


def new_job(seed: int, job_id: str = "") -> Job:
    """A job that was just begun."""
    now = time.time()
    return Job(
        job_id or job_folder.new_id(now), f"Stuhl {seed}", "source.png", "Stuhl.png", TRELLIS_2.complete({}, seed), now
    )


def copy_of(picture: Path) -> Path:
    """A copy of the picture beside it, which a job may take away."""
    copy = picture.with_name(f"{secrets.token_hex(8)}.png")
    shutil.copyfile(picture, copy)
    return copy


class Window:
    """A runner on the jobs in `root`. `told` holds every change, `jobs` the newest snapshot of each job."""

    def __init__(
        self, root: Path, emulator: Emulator | None, timing: Timing = QUICK, clock: Clock | None = None
    ) -> None:
        self.root, self.told, self.jobs = root, list[RunnerMessage](), dict[str, Job]()
        self.runner = Runner(root, "proof", timing, clock)
        self.runner.start()
        if emulator is not None:
            self.runner.use(account(emulator.url))

    def add(self, picture: Path, seed: int = 7) -> str:
        """Begin a job; its id."""
        job = new_job(seed)
        self.runner.add([job], PictureFile(copy_of(picture)))
        return job.id

    def hear(self) -> None:
        """Take in the changes that have come."""
        while True:
            try:
                change = self.runner.messages.get_nowait()
            except queue.Empty:
                return
            self.told.append(change)
            if "omething unexpected" in repr(change):
                logging.getLogger("told").error("%s", change)  # which fails the test that did not ask for it
            if isinstance(change, Job):
                self.jobs[change.id] = change
                if change.stage is Stage.READING and not change.foreign:
                    self.runner.keep_unread(change.id)  # as where another file is open
            elif isinstance(change, JobRemoved):
                self.jobs.pop(change.id, None)

    def wait_for(self, is_so: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
        """Hear changes until it is so."""

        def is_so_now() -> object:
            self.hear()
            return is_so()

        until(is_so_now, what, seconds)

    def reach(self, job_id: str, *stages: Stage, seconds: float = PATIENCE) -> Job:
        """Wait until the job is at one of the stages."""

        what = f"{stages} of {job_id}"
        self.wait_for(lambda: job_id in self.jobs and self.jobs[job_id].stage in stages, what, seconds)
        return self.jobs[job_id]

    def rest(self) -> None:
        """Wait until the runner has done all that it was told up to now, and hear of it."""
        rest(self.runner, self.wait_for)

    def again(self, job_id: str) -> Job:
        """Press Retry, and wait for how it ends."""
        self.runner.resume(job_id)
        self.reach(job_id, *(set(Stage) - set(ENDS)))
        return self.reach(job_id, *ENDS)

    def read(self, job_id: str) -> str:
        """Read the model as an import does; what is wrong with it, empty when nothing is.

        Blender's importer, which is not here, can do nothing with what our reader leaves to it.
        """
        self.told.clear()
        self.runner.read(job_id, Shape())
        answer = self._answer(ModelRead)
        if not answer.reason:
            return answer.error
        error = import_error("Blender could not import the model: Bad GLB")
        self.runner.damaged(job_id, error.sentence, error.remedy)
        return error.sentence

    def kept(self, days: float | None) -> int:
        """Tidy, and wait until it is done; how many bytes are kept."""
        self.told.clear()
        self.runner.tidy(days)
        return sum(self._answer(StorageUsed).sizes.values())

    def loaded(self) -> None:
        """Wait until all jobs of earlier sessions are told."""
        self._answer(JobsLoaded)

    def notice(self) -> str:
        """Wait for a sentence that belongs to no job."""
        return self._answer(Notice).sentence

    def _answer(self, kind: type[Answer]) -> Answer:
        self.wait_for(lambda: any(isinstance(change, kind) for change in self.told), kind.__name__)
        return next(change for change in self.told if isinstance(change, kind))

    def troubles(self, job_id: str) -> list[str]:
        """What kept the job waiting, each sentence once, oldest first."""
        self.hear()
        told = (change.trouble for change in self.told if isinstance(change, Job) and change.id == job_id)
        return list(dict.fromkeys(filter(None, told)))

    def close(self) -> None:
        """Stop it, as quitting Blender does."""
        assert self.runner.stop(3.0)
