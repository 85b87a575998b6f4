# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports finished models: a worker reads the file, then the main thread builds the model when Blender is free."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import bpy
from mathutils import Vector

from ..core.errors import BackgroundStartError, Text, TrellisError, explained
from ..core.job.folder import IMPORTED_FILE, MODEL_FILE, TEXTURES_FOLDER
from ..core.job.job import Job, Stage
from ..core.model.arrays import Shape
from ..core.runner.messages import ModelRead
from ..core.runner.questions import measured
from ..core.runner.runner import Runner
from ..host import busy
from ..host.background.model_client import ModelClient
from ..scene import blender_importer, build, place, placeholder, recipe
from ..settings import jobs_folder, preferences
from ..settings import scene as scene_settings
from .messages import Messages
from .progress import Echo

RETRY_SECONDS = 0.3
STEM_LENGTH = 60  # characters of a job's name in the names of its textures' files
# Why a finished model does not come into the scene by itself.
BOX_GONE = "The box was deleted or undone"
OTHER_FILE = "Made for another file"
NO_BOX = "No box waits in this file"
OTHER_KEPT = "You kept another variation"
NO_LONGER = "It is no longer in this file"


@dataclass
class Importer:
    """The models on their way into the scene, one at a time. `echoes`: requests the runner has not answered yet.

    `planned`: whether a job with that id will be begun later, so that its placeholder stays. `wanted`: jobs whose
    models come by themselves. `reading`: the job whose file a worker reads now; `read`: its result. `selection`: what
    was selected when the last model was requested. `waiting_for`: why the model that is read is not in the scene yet.
    `asked`: the job whose import was clicked; `tools`: modal operators already running at the click, ignored when
    asking whether Blender is busy. `boxed`: jobs whose models come only in place of their placeholders. `reasons`: why
    the models of some jobs do not come. `client`: of the background Blender that does something for the model that is
    read; `imported`: the .blend it made. `is_alone`: there is no background Blender. `placements`: of jobs without a
    placeholder. `brought`: the jobs whose models came into the open file; `lost`: those of them that
    were undone or deleted. `names`: the names of the placeholders when they were last looked at, by their jobs' ids.
    `homes`: the names of all folders of ours, as placeholders keep them.
    """

    runner: Runner
    root: Path
    echoes: dict[str, Echo]
    messages: Messages
    arrived: Callable[[str, bpy.types.Object], None]
    planned: Callable[[str], bool]
    wanted: set[str] = field(default_factory=set)
    boxed: set[str] = field(default_factory=set)
    reasons: dict[str, str] = field(default_factory=dict)
    placements: dict[str, build.Placement] = field(default_factory=dict)
    brought: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    reading: str = ""
    read: ModelRead | None = None
    selection: busy.Selection = frozenset()
    asked: str = ""
    tools: frozenset[str] = frozenset()
    waiting_for: str = ""
    due: float = 0.0
    client: ModelClient = field(default_factory=ModelClient)
    imported: Path | None = None
    is_alone: bool = False
    names: dict[str, str] = field(default_factory=dict)
    homes: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        folders = (self.root, jobs_folder.usual(), *jobs_folder.old_folders())
        self.homes = frozenset(map(placeholder.home, folders))

    def want(self, job_id: str, *, is_asked: bool = False) -> None:
        """Bring this job's model into the scene as soon as possible. `is_asked`: the artist clicked for it now."""
        self.wanted.add(job_id)
        self.boxed.discard(job_id)
        if is_asked:
            self.asked, self.tools = job_id, busy.all_running_tools(bpy.context)
            known = self.placements.get(job_id, build.ANYWHERE)
            self.placements[job_id] = replace(known, place=None)  # in its batch's collection all the same
        elif self.asked == job_id:
            self.asked = ""
        self.selection = busy.selection(bpy.context)
        self.due = 0.0

    def place(self, places: Mapping[str, Vector]) -> None:
        """Have the models of these jobs, which have no placeholders, stand there."""
        for job_id, location in places.items():
            self.placements[job_id] = replace(self.placements.get(job_id, build.ANYWHERE), place=location)

    def leave(self, job_id: str, reason: str) -> None:
        """Bring this job's model no more. It waits in the list for a click, with the reason."""
        self.wanted.discard(job_id)
        self.reasons[job_id] = reason

    def forget(self, job_id: str) -> None:
        """Drop a job that was removed: an answer about its file may never come."""
        for jobs in (self.wanted, self.boxed, self.brought, self.lost):
            jobs.discard(job_id)
        self.reasons.pop(job_id, None)
        self.placements.pop(job_id, None)
        self.reading = "" if self.reading == job_id else self.reading

    def leave_file(self) -> None:
        """Drop all requests, because another file is open and nothing was requested in it yet."""
        self.reasons |= dict.fromkeys(self.wanted, OTHER_FILE)
        for jobs in (self.wanted, self.boxed, self.placements, self.brought, self.lost):
            jobs.clear()
        self.asked = ""

    def match_placeholders(self, jobs: Mapping[str, Job], *, is_opened: bool) -> list[bpy.types.Object]:
        """Want the models of all placeholders in the file. Return the placeholders for which no model will come.

        An ended job keeps its placeholder while it can be retried. If its model was imported before, the model is
        wanted again when the file `is_opened`, since this file lacks it; after undo, the placeholder goes. The
        placeholder of an unknown job stays if another computer keeps that job.
        """
        unwanted, self.names = list[bpy.types.Object](), {}
        for box, job_id in placeholder.boxes_of_jobs():
            job = jobs.get(job_id)
            self.names.setdefault(job_id, box.name)
            if job is None:
                is_ours = placeholder.home_of(box) in self.homes
                unwanted += [box] if is_ours and not self.planned(job_id) else []
            elif self._is_cancelled(job):
                unwanted.append(box)
            elif not self._is_in_scene(job) or is_opened or job.id in self.wanted:
                self.wanted.add(job.id)
                self.boxed.add(job.id)
            else:
                unwanted.append(box)
        return unwanted

    def reason_for(self, job: Job) -> str:
        """Return why the job's model is on this computer but not in the scene; empty if that is as it should be.

        If it comes by itself, this is what holds it back.
        """
        if job.id in self.wanted:
            is_first = self.read is not None and (self.read.id == job.id or self.client.task is None)
            return self.waiting_for if is_first and self.is_awaited(job) else ""
        if job.id in self.lost:
            return NO_LONGER
        is_left = job.stage is Stage.READY and not job.cancel_asked and job.id not in self.echoes
        return self.reasons.get(job.id, NO_BOX) if is_left else ""

    def look_for_models(self, jobs: Mapping[str, Job]) -> bool:
        """Find out which of the models that came into this file are lost. Return whether that has changed."""
        there = {obj.get(recipe.JOB_ID) for obj in bpy.data.objects} if self.brought else set()
        before, self.lost = self.lost, {job_id for job_id in self.brought if jobs[job_id].remote_id not in there}
        return self.lost != before

    def waiting(self, jobs: Iterable[Job]) -> list[str]:
        """Return the reasons of all models that wait, the newest job's last. One that was not kept does not wait."""
        held = bool(self.waiting_for)  # else no wanted model waits for more than its turn
        here = (job for job in jobs if (held if job.id in self.wanted else job.stage is Stage.READY))  # few of many
        return [reason for job in here if (reason := self.reason_for(job)) and reason != OTHER_KEPT]

    def _placement(self, job: Job) -> build.Placement | None:
        """Return where the model goes; None if its placeholder is gone, so that it waits in the list for a click."""
        box = self._box(job)
        if box is None and job.id in self.boxed:
            self.leave(job.id, BOX_GONE)
            self.messages.reports.leave(job, BOX_GONE)
            return None
        return replace(self.placements.get(job.id, build.ANYWHERE), box=box)

    def _box(self, job: Job) -> bpy.types.Object | None:
        return placeholder.find(job.id, self.names.get(job.id, ""))

    def _is_cancelled(self, job: Job) -> bool:
        echo = self.echoes.get(job.id)
        is_over = job.cancel_asked or job.stage is Stage.CANCELLED
        return echo is Echo.CANCELLING or (is_over and echo is not Echo.RETRYING)

    def _is_in_scene(self, job: Job) -> bool:
        return job.stage is Stage.IMPORTED or self.echoes.get(job.id) is Echo.IMPORTED

    def is_awaited(self, job: Job) -> bool:
        """Return whether the job's model will come into the scene by itself.

        A failed job stays wanted, for a retry. A job that the runner was told about waits for the answer.
        """
        return job.id in self.wanted and is_importable(job) and job.id not in self.echoes

    def receive(self, read: ModelRead) -> None:
        """Take the result of a worker that read a file."""
        self.reading, self.read = "", read

    def offer(self, job: Job) -> None:
        """Have a downloaded model read if it is wanted and no other model is in hand.

        Otherwise it stays on disk until its turn or a click: this keeps the arrays of one model in memory at most.
        """
        if job.id == self.reading:
            return
        is_wanted = job.id in self.wanted and not self.reading and self.read is None
        box = self._box(job) if is_wanted else None
        if is_wanted and not (box is None and job.id in self.boxed):
            self._begin_to_read(job, box)
        else:
            self.runner.keep_unread(job.id)

    def _begin_to_read(self, job: Job, box: bpy.types.Object | None) -> None:
        self.reading = job.id
        self.runner.read(job.id, shape(job, self.root / job.id, box))

    def step(self, jobs: Mapping[str, Job]) -> bool:
        """Start to read one wanted model, or build one that was read. Return whether anything changed."""
        if self.read is not None:
            return self._bring(self.read, jobs)
        ready = None if self.reading else next(filter(self.is_awaited, jobs.values()), None)
        if ready is None:
            return False
        placement = self._placement(ready)
        if placement is None:
            return True
        self._begin_to_read(ready, placement.box)
        return False

    def _let_go(self) -> None:
        """Drop the model that was read."""
        if self.client.task is not None:
            self.client.stop()
        self.read, self.imported, self.is_alone, self.waiting_for = None, None, False, ""

    def _bring(self, read: ModelRead, jobs: Mapping[str, Job]) -> bool:
        job = jobs.get(read.id)
        if job is None or job.id not in self.wanted or not (read.error or is_importable(job)):
            self._let_go()  # it is not wanted any more, or was cancelled and retried meanwhile
            return True
        if self.client.task is not None:
            return self.client.task.done() and self._take_result(read, job)
        if not read.error and self._begin_task(read, job):
            return True
        if time.monotonic() < self.due:
            return False
        reason = busy.busy_reason(bpy.context, self.tools if read.id == self.asked else ())
        if reason:
            self.due = time.monotonic() + RETRY_SECONDS
            changed, self.waiting_for = reason != self.waiting_for, reason
            if changed:
                self.messages.reports.wait(job, reason)
            return changed
        imported = self.imported
        self._let_go()
        placement = self._placement(job)
        self.wanted.discard(read.id)
        if placement is None:
            return True
        if not read.error:
            self._build(job, read, imported, placement)
        elif is_importable(job):  # otherwise the runner's own message came first
            self._fail(job, TrellisError(read.error, remedy=read.remedy))
        return True

    def _begin_task(self, read: ModelRead, job: Job) -> bool:
        """Start the task that the background Blender has to do first. Return whether there is one."""
        if self.imported is not None or self.is_alone:
            return False
        folder = self.root / read.id
        if read.model is None:
            self.client.begin_import(folder / MODEL_FILE, folder / IMPORTED_FILE, shape(job, folder))
            self.waiting_for = "Blender's own importer reads it in the background"
            return True
        if read.webp_images:
            self.client.begin_png(read.webp_images)
            self.waiting_for = "Its textures are saved as PNG in the background"
            return True
        return False

    def _take_result(self, read: ModelRead, job: Job) -> bool:
        """Take the result of the background Blender. Always returns True."""
        self.waiting_for = ""
        is_plain = read.model is not None  # else only Blender's own importer reads it
        try:
            self.client.take()
        except BackgroundStartError:
            self.is_alone = True
            if is_plain:
                self._tell("“{name}” keeps its WebP textures: no second Blender could be started.", job)
            else:
                self.due = time.monotonic() + RETRY_SECONDS  # so that the artist can read it before Blender freezes
                words = "“{name}” holds {reason}: Blender imports it itself, and will freeze meanwhile."
                self._tell(words, job, reason=read.reason)
        except TrellisError as error:
            if is_plain:
                self.is_alone = True
                self._tell("“{name}” keeps its WebP textures: {sentence}", job, sentence=error.sentence)
            else:
                self.read = replace(read, error=error.sentence, remedy=error.remedy)
        else:
            if is_plain:
                self._let_go()
                self.reading = job.id
                self.runner.read_png(read)
            else:
                self.imported = self.root / job.id / IMPORTED_FILE
        return True

    def _build(self, job: Job, read: ModelRead, imported: Path | None, placement: build.Placement) -> None:
        context, folder = bpy.context, self.root / job.id
        select = busy.selection(context) == self.selection
        try:
            if read.model is not None:
                made = build.build_model(context, job, read.model, select=select, placement=placement, folder=folder)
            elif imported is not None:
                made = blender_importer.append(context, job, imported, select=select, placement=placement)
                self._tell("“{name}” holds {reason}: Blender's own importer read it.", job, reason=read.reason)
            else:
                file = folder / MODEL_FILE
                made = blender_importer.import_here(context, job, file, select=select, placement=placement)
        except Exception as error:  # noqa: BLE001 - the timer must survive
            self._fail(job, explained(error, "read the model"))
            return
        if select:
            self.selection = busy.selection(context)
        self.asked = "" if self.asked == job.id else self.asked
        self.placements.pop(job.id, None)
        self.brought.add(job.id)
        self.lost.discard(job.id)
        self.arrived(job.id, made)
        if read.model is not None and job.findings is None:
            self.runner.compute(partial(measured, job.id, read.model))

    def _fail(self, job: Job, error: TrellisError) -> None:
        self.echoes[job.id] = Echo.DAMAGED
        self.runner.damaged(job.id, error.sentence, error.remedy)

    def _tell(self, words: str, job: Job, **values: str) -> None:
        self.messages.tell(Text(words, name=job.name, **values))


def is_importable(job: Job) -> bool:
    """Return whether the job's model is on this computer."""
    return job.stage in (Stage.READY, Stage.IMPORTED)


def shape(job: Job, folder: Path, box: bpy.types.Object | None = None) -> Shape:
    """Return how to build the model by the current settings; its placeholder, if any, gives the size.

    `folder` is the job's.
    """
    assert bpy.context.scene is not None
    chosen, kept = scene_settings.of_scene(bpy.context.scene), preferences.preferences()
    is_beside = chosen.textures == "FOLDER" and bool(bpy.data.filepath)
    images = Path(bpy.data.filepath).parent / "textures" if is_beside else folder / TEXTURES_FOLDER
    return Shape(
        images=images,
        stem=f"{re.sub(r'[^-.() 0-9A-Za-z]', '_', job.name[:STEM_LENGTH])}-{job.id}",
        packs=not is_beside,
        as_png=chosen.textures == "PNG",
        **(placeholder.size_of(box) if box else place.size_for(bpy.context.scene))._asdict(),
        keeps_normals=kept is not None and (kept.keep_normals or kept.keep_seams),
        keeps_seams=kept is not None and kept.keep_seams,
    )
