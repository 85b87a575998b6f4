"""A runner with a quick pace, and the main thread's part: it reads the changes and waits for a job to get somewhere."""

from __future__ import annotations

import dataclasses
import logging
import math
import queue
import re
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from emulator import Emulator
from tests.clock import MovedClock
from tests.patience import PATIENCE
from tests.resting import rest
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.picture.file import PictureFile
from trellis_blender.core.request.account import Account
from trellis_blender.core.request.models import TRELLIS_2, HostedModel
from trellis_blender.core.request.parameters import Value
from trellis_blender.core.request.service import Connector
from trellis_blender.core.runner.messages import ConnectionChecked, JobsLoaded, Notice, RunnerMessage
from trellis_blender.core.runner.questions import check
from trellis_blender.core.runner.runner import Runner, to_scenario
from trellis_blender.core.runner.timing import Clock, Timing

QUICK = Timing(
    poll_first=0.05,
    poll_last=0.1,
    retry_first=0.05,
    retry_last=0.2,
    listing_lag=0.6,
    search=PATIENCE,
    limit=0.2,
    held=0.2,
    foreign=0.2,
    progress=0.0,
)
# The product's own seconds, for a clock that a test moves: nothing else than the job at hand is ever due.
STEADY = dataclasses.replace(Timing(), jitter=0.0, foreign=math.inf)
ENDS = (Stage.FAILED, Stage.CANCELLED, Stage.UNCERTAIN)
AGENT = "trellis-tests"
_ADVICE = re.compile(
    r"^(Add|Buy|Change|Check|Choose|Close|Copy|Correct|Enter|Free|Look|Press|Remove|Restore|Scale|Submit|Try|Update|Use)\b"
    r"|, (then )?(try again|retry)\.$|^The model is paid for: Retry brings it|This one is sent when another ends\.$"
    r"|^Retrying( at \d\d:\d\d)?\.$|^It (is continued|starts anew)\.$| must (lie between|be one of) "
)


def account_of(emulator: Emulator, secret: str = "", project: str = "") -> Account:
    """The emulator's account, or one with another secret."""
    return Account.checked(emulator.key, secret or emulator.secret, project, emulator.url)


def smallest(seed: int | None = 7) -> Mapping[str, Value]:
    """The parameters of the model that the emulator makes fastest."""
    return TRELLIS_2.complete({"decimation_target": 100_000, "texture_size": 1024}, seed)


def new_job(picture: str = "source.png", seed: int | None = 7) -> Job:
    """A job that was just begun."""
    now = time.time()
    return Job(job_folder.new_id(now), "Chair", picture, "Bücher regal.png", smallest(seed), now)


def tells_what_to_do(sentence: str) -> bool:
    """Whether the last sentence says what to do, or that nothing needs to be done."""
    last = re.split(r"(?<=[.!?…]) (?=[A-Z“])", sentence)[-1]
    return sentence.endswith(".") and bool(_ADVICE.search(last))


class Studio:
    """One Blender's worth of core. `told` holds every change, `jobs` the newest snapshot of each job.

    With `reads_models` the test says what becomes of a model that is downloaded, else it stays on the disk.
    """

    reads_models = False

    def __init__(
        self,
        root: Path,
        picture: Path,
        emulator: Emulator,
        timing: Timing = QUICK,
        clock: Clock | None = None,
        *,
        connector_for: Callable[[str], Connector] = to_scenario,
        use_account: bool = True,
    ) -> None:
        self.root, self.picture, self.emulator = root, picture, emulator
        self.told: list[RunnerMessage] = []
        self.jobs: dict[str, Job] = {}
        self.runner = Runner(root, AGENT, timing, clock, connector_for)
        self.runner.start()
        if use_account:
            self.runner.use(account_of(emulator))

    def add(self, seed: int | None = 7, model: HostedModel = TRELLIS_2) -> str:
        """Begin a job; its id. One of another model than Trellis 2 has its defaults."""
        job = new_job(seed=seed)
        if model is not TRELLIS_2:
            job = dataclasses.replace(job, model=model.id, parameters=model.complete({}, seed))
        copy = self.picture.with_name(f"{job.id}{self.picture.suffix}")
        shutil.copyfile(self.picture, copy)
        self.runner.add([job], PictureFile(copy))
        return job.id

    def folder(self, job_id: str) -> Path:
        """The job's folder."""
        return self.root / job_id

    def is_saved(self, job: Job) -> bool:
        """Whether `job.json` says the same as the snapshot, apart from what is only shown."""
        return job_folder.as_json(self.on_disk(job.id)) == job_folder.as_json(job)

    def on_disk(self, job_id: str) -> Job:
        """The job as `job.json` has it."""
        return job_folder.load(self.folder(job_id))

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
                if change.stage is Stage.READING and not (change.foreign or self.reads_models):
                    self.runner.keep_unread(change.id)

    def until(self, condition: Callable[[], object], what: str = "it", seconds: float = PATIENCE) -> None:
        """Hear changes until the condition holds."""
        end = time.monotonic() + seconds
        self.hear()
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"{what} did not happen; jobs: {list(self.jobs.values())}; told: {self.told[-3:]}")
            time.sleep(0.005)
            self.hear()

    def skip_until(
        self,
        clock: MovedClock,
        condition: Callable[[], object],
        what: str = "it",
        before: Callable[[], None] = lambda: None,
    ) -> float:
        """Let time pass by the runner's clock, whenever it waits for that, until the condition holds; how many seconds.

        `before` is called each time.
        """
        passed = 0.0

        def step() -> object:
            nonlocal passed
            is_waiting = clock.left() > 0
            self.hear()  # all that was told before the runner began to wait
            if is_waiting and not condition():
                before()
                passed += clock.skip()
            return condition()

        self.until(step, what)
        return passed

    def rest(self) -> None:
        """Wait until the runner has done all that it was told up to now, and hear of it."""
        rest(self.runner, self.until)

    def reach(self, job_id: str, *stages: Stage, seconds: float = PATIENCE) -> Job:
        """Wait until the job is at one of the stages; an unexpected end is told at once."""
        wanted = frozenset(stages)

        def arrived() -> bool:
            job = self.jobs.get(job_id)
            assert job is None or job.stage in wanted or job.stage not in ENDS, job
            return job is not None and job.stage in wanted

        self.until(arrived, f"{sorted(wanted)}", seconds)
        return self.jobs[job_id]

    def again(self, job_id: str) -> None:
        """Resume a job that rests, and wait until it does not."""
        self.jobs[job_id] = dataclasses.replace(self.jobs[job_id], stage=Stage.QUEUED)
        self.runner.resume(job_id)

    def trouble(self, job_id: str) -> str:
        """Wait until something keeps the job waiting; the sentence."""
        self.until(lambda: job_id in self.jobs and self.jobs[job_id].trouble, "trouble")
        return self.jobs[job_id].trouble

    def stages(self, job_id: str) -> list[Stage]:
        """The stages that were told, in their order, each once in a row."""
        self.hear()
        told = [change.stage for change in self.told if isinstance(change, Job) and change.id == job_id]
        return [stage for index, stage in enumerate(told) if index == 0 or stage is not told[index - 1]]

    def notices(self) -> list[str]:
        """The sentences that belong to no job."""
        self.hear()
        return [change.sentence for change in self.told if isinstance(change, Notice)]

    def checked(self, account: Account) -> ConnectionChecked:
        """The answer to a check of the account."""
        self.runner.ask(account, check)
        self.until(lambda: any(isinstance(change, ConnectionChecked) for change in self.told), "the check")
        return next(change for change in self.told if isinstance(change, ConnectionChecked))

    def loaded(self) -> None:
        """Wait until all jobs of earlier sessions are told."""
        self.until(lambda: any(isinstance(change, JobsLoaded) for change in self.told), "loading")

    def close(self) -> bool:
        """Stop the runner; whether all its threads ended in time."""
        return self.runner.stop(2.0)
