# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands for one job: import its model, cancel it; and the test of the connection."""

from __future__ import annotations

import argparse
import re
import shutil
from pathlib import Path

from ..core.batch.batch import Batch
from ..core.batch.order import NoBatchError, Standing
from ..core.errors import RefusedError, Remedy, StorageError, TrellisError, as_storage_error
from ..core.generation import Generation
from ..core.job.folder import MODEL_FILE
from ..core.job.job import Job, Stage
from ..core.job.words import NOT_STOPPED, state_sentence
from ..core.runner.messages import Answer, JobsLoaded, Notice
from ..core.runner.questions import check
from ..core.runner.runner import Runner, to_scenario
from ..host.background.process import Background
from .blend_client import BLEND_FILE, PROGRAM, save_blend
from .display import Display, job_facts
from .generate import drive, end_words
from .home import Home
from .listing import NO_JOB, find, find_if_known
from .parser import ExitStatus, WrongUseError

REMOTE_ID = re.compile(r"job_[A-Za-z0-9_-]{1,100}")
FOREIGN = "Another process is working on this job. Cancel it there, or end that process first."
CANCELLED_ALL = (
    "Nothing more of it is submitted. Its workers stop what Scenario lets them stop, and bring what is paid for."
)


def import_job(options: argparse.Namespace, home: Home, display: Display) -> ExitStatus:
    """Save the model of a job as a .blend, or fetch the model of a job that was made elsewhere."""
    launch = home.launch(options.blender or "", PROGRAM) if options.format != "glb" else None
    found = find_if_known(options.job, home)
    if found is None and not REMOTE_ID.fullmatch(options.job):
        raise WrongUseError(NO_JOB.format(job=options.job))
    folder, job = found if found is not None else _fetched(options, home, display)
    model = folder / MODEL_FILE
    if not model.is_file():
        raise TrellisError(f"“{job.name}” has no model here: it is {job.stage}. {state_sentence(job)}".strip())
    target = _target(options, folder, is_fetched=found is None)
    if target != folder:
        shutil.copyfile(model, target / MODEL_FILE)
        display.saved(target / MODEL_FILE)
    if launch is not None:
        background = Background(launch)
        try:
            save_blend(background, folder, target / BLEND_FILE, options.size)
        finally:
            background.stop()
        display.saved(target / BLEND_FILE)
    if launch is None and target == folder:
        display.saved(model)
    return ExitStatus.DONE


def _target(options: argparse.Namespace, folder: Path, *, is_fetched: bool) -> Path:
    """Return the folder for the files. Creates it. Raises StorageError."""
    if not options.output or is_fetched:
        return folder
    target = Path(options.output)
    with as_storage_error("create the folder"):
        target.mkdir(parents=True, exist_ok=True)
    return target


def _fetched(options: argparse.Namespace, home: Home, display: Display) -> tuple[Path, Job]:
    """Fetch the model of a job that was made elsewhere. Return its new folder and the job."""
    root = Path(options.output) if options.output else Path(f"trellis2-{options.job}")
    with Generation.adopt(options.job, root, home.account(), agent=home.agent) as generation:
        job = generation.wait(lambda job: display.tell("job", job_facts(job), f"{job.name}: {job.stage}"))
        generation.download()
        return generation.folder, job


def cancel(options: argparse.Namespace, home: Home, display: Display) -> ExitStatus:
    """Stop a job, or a whole batch for all that work on it."""
    try:
        batch = Batch.open(Path(options.job))
    except NoBatchError:
        return _cancel_job(options.job, home, display)
    batch.cancel()
    display.notice(CANCELLED_ALL)
    if batch.state().counts[Standing.AT_WORK]:  # somebody has to ask Scenario to stop them, and to bring them
        outcome = drive(batch, home.account(), home, display, None, None)
        display.notice(end_words(outcome, batch.folder, home.prog, is_told=True))
        return ExitStatus.INTERRUPTED if outcome.is_interrupted else ExitStatus.DONE
    return ExitStatus.DONE


def _cancel_job(name: str, home: Home, display: Display) -> ExitStatus:
    folder, job = find(name, home)
    if job.is_resting:
        display.tell("job", job_facts(job), f"“{job.name}” rests already: {job.stage}. {state_sentence(job)}".rstrip())
        return ExitStatus.DONE
    account = home.account()
    runner = Runner(folder.parent, home.agent)  # without an account it makes no calls, and begins nothing
    runner.start()
    try:
        known = _cancelled(runner, job)
    finally:
        runner.stop()
    sentence, status = state_sentence(known), ExitStatus.DONE
    if known.stage is Stage.RUNNING:  # Scenario decides; whoever drives the job next hears how
        try:
            to_scenario(home.agent).connect(account).cancel(known.remote_id)
            sentence = "Scenario was asked to stop it."
        except RefusedError:
            sentence, status = f"{NOT_STOPPED}.", ExitStatus.FAILED
    display.tell("job", {**job_facts(known), "message": sentence}, f"“{known.name}”: {sentence}")
    return status


def _cancelled(runner: Runner, job: Job) -> Job:
    """Have the runner cancel the job once it knows all jobs. Return the job then. Raises TrellisError."""
    is_asked = False
    while True:
        match runner.messages.get(timeout=60):
            case Job(id=job.id) as changed:
                job = changed
            case JobsLoaded():
                if job.foreign:
                    raise StorageError(FOREIGN, remedy=Remedy.NONE)
                runner.cancel(job.id)
                is_asked = True
            case Notice(sentence, remedy) if is_asked:  # else it is about other jobs
                raise TrellisError(sentence, remedy=remedy)
            case Answer(job.id):
                return job


def test(_options: argparse.Namespace, home: Home, display: Display) -> ExitStatus:
    """Test the key and the connection."""
    account = home.account()
    answer = check(to_scenario(home.agent).connect(account))
    status = ExitStatus.DONE if answer.is_well else ExitStatus.REFUSED
    if not answer.is_well and answer.remedy is Remedy.NONE:  # no network, or a busy server: nobody refused anything
        status = ExitStatus.FAILED
    display.tell("test", {"is_well": answer.is_well, "message": answer.sentence}, answer.sentence)
    return status
