# SPDX-License-Identifier: GPL-3.0-or-later
"""One generation, for a Python program: submit a picture, wait, download the model. `core/batch` is for many.

    with Generation.submit("chair.png", "models", Account.of_environment()) as generation:
        generation.wait()
        print(generation.download())

The promise is the add-on's: a generation is paid for once and never lost. Its job has a folder; a program that ended in
the middle goes on with `Generation.open`.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from .errors import GenerationFailedError, StorageError, Text, TrellisError
from .job import folder as job_folder
from .job.job import BEFORE_SCENARIO, WITHOUT_MODEL, Job, Stage, adopted_job, new_jobs
from .job.words import plain_name, state_sentence
from .picture import pillow
from .picture.file import ChosenPicture, Prepare
from .request.account import Account
from .request.parameters import Value
from .runner.messages import JobRemoved, Notice, RunnerMessage
from .runner.runner import Runner

AGENT = "trellis-blender Python"


class Generation:
    """One job, driven by threads of its own until `close`. Use it on one thread, best as a context manager.

    It drives all unfinished jobs of the folder that holds the job's folder.
    """

    def __init__(self, root: Path, job_id: str, account: Account, agent: str, prepare: Prepare) -> None:
        """Open the job of that id in `root`. Use `submit`, `open` or `adopt` in place of this."""
        self._runner, self._root, self._id = Runner(root, agent), root, job_id
        self._job: Job | None = None
        self._runner.pictures.prepare = prepare
        self._runner.start()
        self._runner.use(account)

    @classmethod
    def submit(
        cls,
        picture: str | Path,
        folder: str | Path,
        account: Account,
        parameters: Mapping[str, Value] | None = None,
        *,
        seed: int | None = None,
        agent: str = AGENT,
        prepare: Prepare = pillow.prepare,
    ) -> Self:
        """Send the picture, and pay for its model once. Return when Scenario has accepted it.

        `folder`: where the job gets its own folder. `parameters`: by their Python names; the others keep their
        defaults. `seed`: None draws one. `prepare`: decodes the picture. Raises TrellisError: nothing was charged then,
        unless it says so.
        """
        picture, job_id = Path(picture), job_folder.new_id(time.time())
        jobs = new_jobs([job_id], [plain_name(picture.stem)], picture.name, parameters or {}, seed)
        made = cls(Path(folder), job_id, account, agent, prepare)
        try:
            made._runner.add(jobs, ChosenPicture(picture.name, file=picture))
            made._until(lambda known: known.stage not in {*BEFORE_SCENARIO, Stage.SUBMITTING})
            made._raise_failure()
        except BaseException:
            made.close()
            raise
        return made

    @classmethod
    def open(
        cls, folder: str | Path, account: Account, *, agent: str = AGENT, prepare: Prepare = pillow.prepare
    ) -> Self:
        """Go on with the job in this folder. Raises StorageError if there is none."""
        folder = Path(folder)
        if not (folder / job_folder.JOB_FILE).is_file():
            raise StorageError(Text("There is no job in “{folder}”. Choose a folder with a job.json.", folder=folder))
        return cls(folder.parent, folder.name, account, agent, prepare)

    @classmethod
    def adopt(cls, remote_id: str, folder: str | Path, account: Account, *, agent: str = AGENT) -> Self:
        """Fetch the model of a job that was made elsewhere, by its ID at Scenario. It costs nothing.

        `folder`: where the job gets its own folder; a folder that has it already goes on with it.
        """
        root = Path(folder)
        for known in job_folder.job_folders(root):
            if job_folder.load(known).remote_id == remote_id:
                return cls.open(known, account, agent=agent)
        job = adopted_job(job_folder.new_id(time.time()), remote_id, remote_id)
        made = cls(root, job.id, account, agent, pillow.prepare)
        made._runner.add([job], None)
        return made

    @property
    def folder(self) -> Path:
        """Return the job's folder, which may not exist before its picture is written."""
        return self._root / self._id

    @property
    def job(self) -> Job | None:
        """Return the newest snapshot of the job; None before the first one."""
        while True:
            try:
                self._take(self._runner.messages.get_nowait())
            except queue.Empty:
                return self._job

    def wait(self, heard: Callable[[Job], object] = lambda _job: None) -> Job:
        """Wait until the model is in the folder, and return the job. `heard` is called with each snapshot.

        Raises GenerationFailedError with the reason if no model comes of it.
        """
        job = self._until(lambda known: known.is_resting, heard)
        self._raise_failure()
        return job

    def download(self) -> Path:
        """Return the model's file, a GLB, once it is there. Raises GenerationFailedError if none comes."""
        self.wait()
        return self.folder / job_folder.MODEL_FILE

    def close(self) -> None:
        """End the threads. The job goes on from its folder another time."""
        self._runner.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def _until(self, is_so: Callable[[Job], bool], heard: Callable[[Job], object] = lambda _job: None) -> Job:
        while self._job is None or not is_so(self._job):
            before = self._job
            try:
                self._take(self._runner.messages.get(timeout=0.2))  # short, so that Windows hears Ctrl+C
            except queue.Empty:
                continue
            if self._job is not None and self._job is not before:
                heard(self._job)
        return self._job

    def _take(self, message: RunnerMessage) -> None:
        if isinstance(message, Job) and message.id == self._id:
            self._job = message
            if message.stage is Stage.READING:
                self._runner.keep_unread(message.id)
        elif isinstance(message, Notice):
            raise TrellisError(message.sentence, remedy=message.remedy)
        elif isinstance(message, JobRemoved) and message.id == self._id:
            raise StorageError("The job was removed.")

    def _raise_failure(self) -> None:
        job = self._job
        if job is not None and job.stage in WITHOUT_MODEL:
            raise GenerationFailedError(
                state_sentence(job) or Text("No model came of it: it is {stage}.", stage=job.stage)
            )
