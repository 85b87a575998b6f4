# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a batch that a window drives: which pictures, which of them were begun, and what came of each.

Its jobs are jobs like any other, in the same folder. Only the pictures that wait are here, since they have no job yet:

    JOBS/batches/ID/batch.json         the plan, until its report is written
    JOBS/batches/ID/finished.json      the same afterwards
    JOBS/batches/ID/report.csv, contact sheet.png
    JOBS/batches/ID/lock               held by the Blender that drives it

The ids of all jobs are drawn at the click. A job's folder can be made only once, so whatever crashes, no picture is
begun twice.
"""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import ParameterError, Text, storage_error
from ..files import is_link, own_folder, read_own, rename, write_whole
from ..job.folder import JOB_ID
from ..job.job import Job, Stage
from ..job.lock import FolderLock
from ..job.record import AMOUNT_MAXIMUM, MOMENT_MAXIMUM
from ..job.spending import charged
from ..request.models import TRELLIS_2
from ..request.parameters import Value
from ..stored import restored
from ..text import NAME_LENGTH, SENTENCE_LENGTH, one_line

FOLDER = "batches"
CSV_FILE, SHEET_FILE = "report.csv", "contact sheet.png"
COLUMNS = ("number", "file", "variation", "state", "cost_cu", "seconds", "reason", "job")
PLAN_FILE, FINISHED_FILE = "batch.json", "finished.json"
FORMAT = 1
BYTES_MAXIMUM = 256 * 1024 * 1024
MADE, NOT_SENT = "made", "not sent"
STATES = frozenset({"", MADE, NOT_SENT, *(stage.value for stage in Stage)})


@dataclass(frozen=True)
class Outcome:
    """What came of a job, kept even if the job is removed.

    `state`: `MADE`, another last stage, or `NOT_SENT` if the batch was stopped before; empty while it is under way.
    `cost`: compute units. `seconds`: from its start to its end. `reason`: why there is no model.
    """

    state: str = ""
    cost: float = 0.0
    seconds: float = 0.0
    reason: str = ""

    @property
    def is_model(self) -> bool:
        """Return whether there is a model."""
        return self.state == MADE


@dataclass(frozen=True)
class Item:
    """A picture of the batch: its path, the ids of its jobs, one per variation, and what came of each."""

    picture: str
    ids: tuple[str, ...]
    is_begun: bool = False
    outcomes: tuple[Outcome, ...] = ()

    def outcome(self, place: int) -> Outcome:
        """Return what came of one of its jobs."""
        return self.outcomes[place] if self.outcomes else Outcome()

    def with_outcome(self, place: int, outcome: Outcome) -> Item:
        """Return the item with another outcome of one of its jobs."""
        known = list(self.outcomes or (Outcome(),) * len(self.ids))
        known[place] = outcome
        return replace(self, outcomes=tuple(known))

    @property
    def is_over(self) -> bool:
        """Return whether nothing more happens to it by itself."""
        return bool(self.outcomes) and all(outcome.state for outcome in self.outcomes)


@dataclass
class Plan:
    """A batch. Only the main thread changes it.

    `parameters`: of all models, without a seed. `seed`: of each picture's first variation; None: every job draws its
    own. `created`: seconds since 1970. `brings`: the models come into the scene. `is_paused`: nothing is begun or
    submitted for now; `trouble`, with its `remedy`, says why if the artist did not ask for it. `is_stopped`: nothing
    is begun any more.
    """

    id: str
    name: str
    created: float
    items: list[Item]
    parameters: Mapping[str, Value]
    seed: int | None = None
    ignores_alpha: bool = False
    brings: bool = True
    is_paused: bool = False
    trouble: str = ""
    remedy: str = ""
    is_stopped: bool = False
    ended: float | None = None

    def outcomes(self) -> Iterator[tuple[Item, int, Outcome]]:
        """Iterate over all jobs: the picture, the variation from 0, and what came of it."""
        for item in self.items:
            for place in range(len(item.ids)):
                yield item, place, item.outcome(place)


def outcome_of(job: Job) -> Outcome:
    """Return what came of a job so far."""
    if not job.is_resting:
        return Outcome()
    seconds = max(0.0, job.ended - job.begun) if job.ended is not None else 0.0
    is_made = job.stage in (Stage.READY, Stage.IMPORTED)  # whether it is in a scene, the list says
    return Outcome(MADE if is_made else job.stage.value, charged(job), seconds, "" if is_made else job.message)


def table(plan: Plan) -> bytes:
    """Return the report as CSV (RFC 4180), with the mark by which Excel knows UTF-8. One line per model."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for number, (item, place, outcome) in enumerate(plan.outcomes(), 1):
        cost, seconds = f"{outcome.cost:.10g}", f"{outcome.seconds:.0f}"
        file = str(Path(item.picture))
        writer.writerow((number, file, place + 1, outcome.state, cost, seconds, outcome.reason, item.ids[place]))
    return text.getvalue().encode("utf-8-sig", "backslashreplace")


class PlanFile:
    """The plan's file. `save` returns at once; a thread writes, so that the interface never waits for the disk.

    `trouble`: why the last write failed, empty if it did not. `is_saved`: all that was to be saved is on the disk.
    """

    def __init__(self, folder: Path, lock: FolderLock | None = None) -> None:
        self.folder, self.trouble = folder, ""
        self._file_lock, self._turn = lock, threading.Lock()
        self._next: Plan | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_saved(self) -> bool:
        """Return whether nothing waits to be written."""
        return self._next is None and self._thread is None

    def save(self, plan: Plan) -> None:
        """Have the plan written as it is now."""
        known = replace(plan, items=list(plan.items))  # the items are frozen
        with self._turn:
            self._next = known
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_all, name="trellis-batch", daemon=False)
                self._thread.start()

    def finish(self) -> None:
        """Note that the report is written: the next start of Blender need not look at this batch. Raises OSError."""
        self.wait()
        rename(self.folder / PLAN_FILE, self.folder / FINISHED_FILE)

    def wait(self, seconds: float = 10.0) -> None:
        """Wait until all is written."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def close(self) -> None:
        """Leave the batch to another Blender."""
        self.wait(2.0)
        if self._file_lock is not None:
            self._file_lock.release()
            self._file_lock = None

    def _write_all(self) -> None:
        while True:
            with self._turn:
                plan, self._next = self._next, None
                if plan is None:
                    self._thread = None
                    return
            try:
                self._write(plan)
                self.trouble = ""
            except OSError as error:
                self.trouble = storage_error("save the batch", error).sentence

    def _write(self, plan: Plan) -> None:
        own_folder(self.folder)
        if self._file_lock is None:
            self._file_lock = FolderLock.acquire(self.folder)
        text = json.dumps({"format": FORMAT, **asdict(plan)}, ensure_ascii=False).encode("utf-8", "backslashreplace")
        write_whole(self.folder / PLAN_FILE, text, is_private=True)


def load_all(
    root: Path, tell: Callable[[str], None], known: Container[Path] = frozenset()
) -> Iterator[tuple[Plan, PlanFile]]:
    """Yield the unfinished batches of the jobs in `root` that no Blender drives, oldest first.

    `tell`: is told in a sentence of one that cannot be read. `known`: the folders of our own.
    """
    if is_link(root / FOLDER):
        return
    for file in sorted((root / FOLDER).glob(f"*/{PLAN_FILE}")):
        lock = None
        if file.parent in known:
            continue
        try:
            lock = FolderLock.acquire(file.parent)
            if lock is None:
                continue
            plan = _plan(json.loads(read_own(file, BYTES_MAXIMUM)), file.parent.name)
        except (OSError, ValueError, TypeError, KeyError, RecursionError, ParameterError):
            # damaged, or of a newer version
            if lock is not None:
                lock.release()
            tell(Text("A batch cannot be read. Restore {file}, or begin it anew without the pictures made.", file=file))
            continue
        yield plan, PlanFile(file.parent, lock)


def _plan(data: Any, folder: str) -> Plan:
    """Return the plan in the folder of that name. Raises one of many errors if it is not one that we wrote."""
    if type(data["format"]) is not int or data["format"] > FORMAT:
        raise ValueError("newer")
    plan = restored(Plan, data)
    plan.name, plan.trouble = one_line(plan.name, NAME_LENGTH), one_line(plan.trouble, SENTENCE_LENGTH)
    TRELLIS_2.complete(plan.parameters, plan.seed)
    ids = [job_id for item in plan.items for job_id in item.ids]
    if plan.id != folder or len({*ids}) != len(ids) or not all(map(JOB_ID.fullmatch, ids)):
        raise ValueError("an id is none of ours")  # a job's id is its folder's name
    if not (0 <= plan.created <= MOMENT_MAXIMUM and 0 <= (plan.ended or 0.0) <= MOMENT_MAXIMUM):
        raise ValueError("a date is none")
    plan.items = [_item(item) for item in plan.items]
    return plan


def _item(item: Item) -> Item:
    """Return the item with its reasons on one line. Raises ValueError if what came of its jobs makes no sense."""
    if not item.ids or len(item.outcomes) not in (0, len(item.ids)):
        raise ValueError("a picture has other outcomes than jobs")
    for outcome in item.outcomes:
        if outcome.state not in STATES:
            raise ValueError("no such state")
        if not (0 <= outcome.cost <= AMOUNT_MAXIMUM and 0 <= outcome.seconds <= MOMENT_MAXIMUM):
            raise ValueError("an amount is none")
    plain = (replace(outcome, reason=one_line(outcome.reason, SENTENCE_LENGTH)) for outcome in item.outcomes)
    return replace(item, outcomes=tuple(plain))
