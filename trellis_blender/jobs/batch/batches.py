# SPDX-License-Identifier: GPL-3.0-or-later
"""The batches that this Blender drives. The session's tick begins the next pictures while there is room for them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mathutils import Vector

from ...core.batch import plan as plans
from ...core.batch.order import is_refused
from ...core.batch.plan import MADE, NOT_SENT, Item, Outcome, Plan, PlanFile, outcome_of
from ...core.errors import Remedy
from ...core.job.job import AT_SCENARIO, BEFORE_SCENARIO, Job, Stage, new_jobs
from ...core.job.words import job_names
from ...core.picture.file import ChosenPicture
from ...core.text import one_line
from ...scene.build import Placement
from ...settings import preferences
from ..progress import Echo
from .reporting import Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...core.request.account import Account
    from ...core.runner.runner import Runner
    from ...picture.preview import Previews
    from ..importing import Importer
    from ..placeholders import Placeholders

SAVE_SECONDS = 1.0  # before a save that failed is tried again


class Session(Protocol):
    """What the batches use of the session: `jobs/state.py` says what each is."""

    runner: Runner
    root: Path
    jobs: dict[str, Job]
    echoes: dict[str, Echo]
    account: Account | None
    is_loaded: bool
    is_moving: bool
    changes: int
    importer: Importer
    placeholders: Placeholders
    previews: Previews

    def finished(self, sentence: str) -> None:
        """Say what was done, in the panel and in the status bar."""

    def ask(self, job_id: str, echo: Echo, request: Callable[[str], None]) -> None:
        """Have the runner do this with a job, unless an earlier request awaits its answer."""


def jobs_of(plan: Plan, item: Item) -> list[Job]:
    """Return the jobs of one picture as they begin."""
    path = Path(item.picture)
    return new_jobs(item.ids, job_names(path.stem, len(item.ids)), one_line(path.name), plan.parameters, plan.seed)


@dataclass(eq=False)
class Batch:
    """A batch. `next`: the first picture that may not be begun yet. `stages`: of its jobs that do not rest.

    `places`: where models without placeholders stand, until another file is opened. `report`: written at the end.
    """

    plan: Plan
    file: PlanFile
    next: int = 0
    stages: dict[str, Stage] = field(default_factory=dict)
    places: dict[str, Vector] = field(default_factory=dict)
    report: Report | None = None
    retry_due: float = 0.0

    def __post_init__(self) -> None:
        ids = enumerate(item.ids for item in self.plan.items)
        self.where = {job_id: (index, place) for index, each in ids for place, job_id in enumerate(each)}
        self.states = Counter(outcome.state for _, _, outcome in self.plan.outcomes())

    def set_outcome(self, index: int, place: int, outcome: Outcome) -> None:
        """Note what came of a job."""
        item = self.plan.items[index]
        self.states[item.outcome(place).state] -= 1
        self.states[outcome.state] += 1
        self.plan.items[index] = item.with_outcome(place, outcome)

    @property
    def models(self) -> int:
        """Return how many models are made."""
        return self.states[MADE]

    @property
    def waiting(self) -> int:
        """Return how many were not begun yet."""
        return self.states[""] - len(self.stages)

    @property
    def is_reported(self) -> bool:
        """Return whether all is over, and its report is there."""
        return self.report is not None and self.report.is_shown


class Batches:
    """All batches of this session, oldest first. For the main thread."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.all: list[Batch] = []

    def load(self) -> None:
        """Find the unfinished batches that no Blender drives: those of earlier sessions, and of a Blender that is gone.

        Call it before the runner starts, so that it holds back; and once a job of such a Blender was taken over.
        """
        session, known = self._session, {batch.file.folder for batch in self.all}
        found = [Batch(*each) for each in plans.load_all(session.root, session.finished, known)]
        self.all += found
        if found and session.is_loaded:
            self.loaded()
        elif found:
            self._hold()

    def add(self, plan: Plan, places: Mapping[str, Vector]) -> Batch:
        """Begin a batch. `places`: where the models of jobs without placeholders stand."""
        batch = Batch(plan, PlanFile(self._session.root / plans.FOLDER / plan.id), places=dict(places))
        batch.file.save(plan)
        self.all.append(batch)
        return batch

    def is_planned(self, job_id: str) -> bool:
        """Return whether the job will be begun later."""
        for batch in self.all:
            if job_id in batch.where and not batch.plan.is_stopped:
                return not batch.plan.items[batch.where[job_id][0]].is_over
        return False

    @property
    def is_at_work(self) -> bool:
        """Return whether any batch is not over, even if it is paused."""
        return any(not batch.is_reported for batch in self.all)

    @property
    def is_busy(self) -> bool:
        """Return whether any batch will go on by itself."""
        return any(not (batch.is_reported or batch.plan.is_paused) for batch in self.all)

    # -- what the artist asks for

    def pause(self, batch: Batch, trouble: str = "", remedy: Remedy = Remedy.NONE) -> None:
        """Begin and submit nothing for now; what is paid for goes on. `trouble`: why, if the artist did not ask."""
        plan = batch.plan
        plan.is_paused, plan.trouble, plan.remedy = True, trouble, remedy.value
        self._hold()
        batch.file.save(plan)

    def resume(self, batch: Batch) -> None:
        """Go on, also with the jobs that failed because of the account."""
        plan, session = batch.plan, self._session
        plan.is_paused, plan.trouble, plan.remedy = False, "", ""
        self._hold()
        batch.file.save(plan)
        for job_id in batch.where:
            job = session.jobs.get(job_id)
            if job is not None and is_refused(job) and job.is_retryable and job_id not in session.echoes:
                index, place = batch.where[job_id]
                batch.set_outcome(index, place, Outcome())
                batch.stages[job_id] = Stage.QUEUED
                session.ask(job_id, Echo.RETRYING, session.runner.resume)

    def stop(self, batch: Batch) -> None:
        """Begin nothing any more, and cancel what is not submitted yet. What is paid for still comes."""
        batch.plan.is_stopped, batch.plan.is_paused = True, False
        for index, item in enumerate(batch.plan.items):
            if not item.is_begun:
                for place in range(len(item.ids)):
                    batch.set_outcome(index, place, Outcome(NOT_SENT))
        for job_id, stage in batch.stages.items():
            self._cancel(job_id, stage)
        self._hold()
        batch.file.save(batch.plan)
        self._session.placeholders.is_due = True

    def _cancel(self, job_id: str, stage: Stage) -> None:
        if stage in BEFORE_SCENARIO:
            self._session.ask(job_id, Echo.CANCELLING, self._session.runner.cancel)

    def forget(self, batch: Batch) -> None:
        """Show a finished batch no more."""
        if batch.is_reported:
            batch.file.close()
            self.all.remove(batch)

    # -- what happens

    def hear(self, job: Job) -> None:
        """Take in a change of any job."""
        for batch in self.all:
            if job.id in batch.where and batch.report is None:
                self._hear(batch, job)

    def _hear(self, batch: Batch, job: Job) -> None:
        index, place = batch.where[job.id]
        item = batch.plan.items[index]
        is_unsaved = job.remedy is Remedy.FOLDER and not job.holds_model  # one with a model could only not be read
        if job.stage is Stage.FAILED and is_unsaved and job.id in batch.stages:
            self._not_saved(batch, index, job)
            return
        before, outcome = item.outcome(place), outcome_of(job)
        if job.is_resting:
            batch.stages.pop(job.id, None)
        else:
            batch.stages[job.id] = job.stage
        if outcome != before or not item.is_begun:
            batch.plan.items[index] = replace(item, is_begun=True)
            batch.set_outcome(index, place, outcome)
            batch.file.save(batch.plan)
        if batch.plan.is_stopped and not job.cancel_asked:  # its paid call was put off after the artist stopped it
            self._cancel(job.id, job.stage)
        if is_refused(job) and not (batch.plan.is_paused or batch.plan.is_stopped) and outcome != before:
            self.pause(batch, job.message, job.remedy)

    def _not_saved(self, batch: Batch, index: int, job: Job) -> None:
        """Wait for the artist: the disk has no room for another job. The picture is begun again later."""
        for job_id in batch.plan.items[index].ids:
            batch.stages.pop(job_id, None)
            self._session.jobs.pop(job_id, None)
        batch.plan.items[index] = replace(batch.plan.items[index], is_begun=False)
        batch.next = min(batch.next, index)
        self._session.changes += 1
        self.pause(batch, job.message, job.remedy)

    def loaded(self) -> None:
        """Compare the batches with the jobs, which are all known now."""
        jobs, root = self._session.jobs, self._session.root
        for batch in self.all:
            for index, item in enumerate(batch.plan.items):
                if item.is_begun and not item.is_over and not any(job_id in jobs for job_id in item.ids):
                    is_lost = not any((root / job_id).exists() for job_id in item.ids)
                    # if it is lost, Blender ended before it had a folder
                    batch.plan.items[index] = replace(item, is_begun=not is_lost)
            for job_id in batch.where:
                if job_id in jobs:
                    self._hear(batch, jobs[job_id])
            batch.next = 0
        if self.all:
            self._hold()

    def leave_file(self) -> None:
        """Forget the places in the file that was open."""
        for batch in self.all:
            batch.places.clear()

    def step(self) -> bool:
        """Begin what there is room for, and report what is over. Return whether anything changed."""
        session, is_changed = self._session, False
        if not self.all or not session.is_loaded or session.is_moving:
            return False
        taken = sum(
            stage in BEFORE_SCENARIO or stage in AT_SCENARIO for each in self.all for stage in each.stages.values()
        )
        room = preferences.values().batch_concurrency - taken
        for batch in self.all:
            self._save_again(batch)
            if batch.report is not None:
                is_changed = batch.report.step() or is_changed
            elif not batch.stages and batch.states[""] == 0 and not (batch.plan.is_paused and batch.plan.trouble):
                self._end(batch)
                is_changed = True
            while self._may_begin(batch) and (
                room >= len(batch.plan.items[batch.next].ids) or (not taken and room > 0)
            ):
                count = self._begin(batch, batch.plan.items[batch.next])
                room, taken, is_changed = room - count, taken + count, True
        return is_changed

    def _save_again(self, batch: Batch) -> None:
        if batch.file.trouble and batch.file.is_saved and batch.retry_due <= time.monotonic():
            batch.retry_due = time.monotonic() + SAVE_SECONDS
            batch.file.save(batch.plan)

    def _may_begin(self, batch: Batch) -> bool:
        """Return whether the batch may begin a picture now, `next`: what was begun before must be on the disk."""
        items, plan = batch.plan.items, batch.plan
        while batch.next < len(items) and (items[batch.next].is_begun or items[batch.next].is_over):
            batch.next += 1
        is_wanted = not (plan.is_paused or plan.is_stopped or batch.next >= len(items))
        is_possible = self._session.account is not None and batch.file.is_saved and not batch.file.trouble
        return is_wanted and is_possible

    def _begin(self, batch: Batch, item: Item) -> int:
        """Begin a picture. Return how many jobs it has."""
        session, plan, path = self._session, batch.plan, Path(item.picture)
        jobs = jobs_of(plan, item)
        plan.items[batch.next] = replace(item, is_begun=True)
        batch.stages.update((job.id, job.stage) for job in jobs)
        batch.file.save(plan)
        for job in jobs:
            session.jobs[job.id] = job
            if job.id in batch.places:
                session.importer.placements[job.id] = Placement(place=batch.places[job.id], batch=plan.id)
                session.importer.wanted.add(job.id)
        session.placeholders.is_due = True
        session.changes += 1
        session.runner.add(jobs, ChosenPicture(path.name, file=path, ignores_alpha=plan.ignores_alpha))
        return len(jobs)

    def _end(self, batch: Batch) -> None:
        batch.plan.ended = time.time()
        batch.file.save(batch.plan)
        batch.report = Report(
            batch.plan, batch.file, self._session.root, self._session.previews.client, self._session.finished
        )

    def _hold(self) -> None:
        """Have the runner submit no job of a paused or stopped batch."""
        held = set[str]()
        for batch in self.all:
            if batch.plan.is_paused or batch.plan.is_stopped:
                items = batch.plan.items
                held |= {job_id for job_id, (index, _) in batch.where.items() if not items[index].is_over}
        self._session.runner.hold(frozenset(held))

    def close(self) -> None:
        """Leave all batches to another Blender, or to the next start."""
        for batch in self.all:
            if batch.report is not None:
                batch.report.stop()
            batch.file.close()
