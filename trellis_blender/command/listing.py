# SPDX-License-Identifier: GPL-3.0-or-later
"""Show jobs and batches, without locking or changing anything."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from ..core.batch.batch import Batch
from ..core.batch.order import NoBatchError
from ..core.errors import TrellisError, as_storage_error
from ..core.job import folder as job_folder
from ..core.job.job import Job
from ..core.job.spending import charged
from ..core.job.words import WORDS, cost_words, date, duration, number, state_sentence
from ..core.request.models import MODELS
from .display import Display, counts_facts, job_facts, row_facts
from .home import Home
from .parser import ExitStatus, WrongUseError

NO_JOB = "There is no job “{job}”. The command list shows the jobs, and list DIR those of a folder of models."


def status(options: argparse.Namespace, _home: Home, display: Display) -> ExitStatus:
    """Say how far a batch is. Returns as `generate` would if the batch were at its end now."""
    batch = Batch.open(Path(options.folder))
    state = batch.state()
    facts = {
        "folder": str(batch.folder),
        "pictures": batch.count,
        "models": state.jobs,
        **counts_facts(state.counts),
        "to_pay": state.to_pay,
        "cost": round(state.cost, 6),
        "reserved": round(state.reserved, 6),
        "max_cost": state.most_cost,
        "price": state.price,
        "concurrency": state.concurrency,
    }
    lines = [f"{batch.count:,} pictures, {state.jobs:,} models, in “{batch.folder}”"]
    lines += [f"{standing.value.capitalize():<12}{count:>8,}" for standing, count in state.counts.items() if count]
    limit = f" of at most {number(state.most_cost)} CU" if state.most_cost is not None else ""
    lines.append(f"{'Cost':<12}{cost_words(round(state.cost, 6)):>8}{limit}")
    display.tell("status", facts, "\n".join(lines))
    return ExitStatus.DONE


def list_jobs(options: argparse.Namespace, home: Home, display: Display) -> ExitStatus:
    """List the jobs of a folder, one after the other as they are read."""
    if options.folder:
        root = Path(options.folder)
        try:
            batch = Batch.open(root)
        except NoBatchError:
            if not job_folder.job_folders(root):
                raise
        else:
            for row in batch.rows():
                words = (
                    _line(row.folder, row.job) if row.job is not None else f"{row.folder.name}  {row.standing.value}"
                )
                display.tell("job", row_facts(row), f"{words}  {row.trouble}".rstrip())
            return ExitStatus.DONE
    else:
        root = home.jobs_root()
    is_any = False
    for folder, job in _jobs_in(root):
        is_any = True
        facts = {"folder": str(folder), "picture": job.picture_name, **job_facts(job)}
        display.tell("job", facts, _line(folder, job))
    if not is_any and not options.json:
        display.say(f"There are no jobs in “{root}”.")
    return ExitStatus.DONE


def show(options: argparse.Namespace, home: Home, display: Display) -> ExitStatus:
    """Show all about a job."""
    folder, job = find(options.job, home)
    now = time.time()
    facts = {"folder": str(folder), **job_folder.as_json(job)}
    lines = {
        "Name": job.name,
        "State": f"{WORDS[job.stage]}. {state_sentence(job)}".rstrip(". ") + ".",
        "Picture": job.picture_name or "unknown",
        "Model": MODELS[job.model].name,
        "Begun": date(job.begun, now),
        "Took": duration(job.generation_seconds) if job.generation_seconds is not None else "",
        "Cost": cost_words(charged(job)) if job.cost is not None or job.charged_in_vain else "",
        "At Scenario": job.remote_id,
        "Folder": str(folder),
    }
    known = MODELS[job.model].by_name
    lines |= {name: known[name].words(value) if name in known else str(value) for name, value in job.parameters.items()}
    width = max(map(len, lines))
    display.tell("job", facts, "\n".join(f"{name:<{width}}  {words}" for name, words in lines.items() if words))
    return ExitStatus.DONE


def find(name: str, home: Home) -> tuple[Path, Job]:
    """Return the folder and the job that the user names: by a path, its folder's name, its name, or its ID at Scenario.

    Raises WrongUseError if there is none, and TrellisError if it cannot be read.
    """
    found = find_if_known(name, home)
    if found is None:
        raise WrongUseError(NO_JOB.format(job=name))
    return found


def find_if_known(name: str, home: Home) -> tuple[Path, Job] | None:
    """Return the same, or None if there is no such job. Raises TrellisError if it cannot be read."""
    root = home.jobs_root()
    for folder in (Path(name), Path(name).parent if Path(name).is_file() else Path(name), root / name):
        if (folder / job_folder.JOB_FILE).is_file():
            return folder.absolute(), _loaded(folder.absolute())
    named = [(folder, job) for folder, job in _jobs_in(root) if name in (job.remote_id, job.name)]
    if len(named) > 1:
        folders = ", ".join(folder.name for folder, _job in named)
        raise WrongUseError(f"Several jobs are called “{name}”. Name one of {folders}.")
    return named[0] if named else None


def _jobs_in(root: Path) -> Iterator[tuple[Path, Job]]:
    """Yield all jobs in a folder that can be read, oldest first."""
    with as_storage_error("read the folder"):
        folders = job_folder.job_folders(root)
    for folder in folders:
        try:
            yield folder, job_folder.load(folder)
        except (OSError, job_folder.DamagedJobError):
            continue  # the add-on sets it aside, and says so


def _loaded(folder: Path) -> Job:
    try:
        with as_storage_error("read the job"):
            return job_folder.load(folder)
    except job_folder.NewerJobError as error:
        raise TrellisError("A newer version has written this job. Update this one.") from error
    except job_folder.DamagedJobError as error:
        raise TrellisError("The job's file job.json is damaged. The other files in its folder are kept.") from error


def _line(folder: Path, job: Job) -> str:
    cost = cost_words(charged(job)) if charged(job) else ""
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.begun))
    return f"{folder.name:<24}  {begun}  {WORDS[job.stage]:<12}  {cost:>9}  {job.name}".rstrip()
