# SPDX-License-Identifier: GPL-3.0-or-later
"""All that the add-on remembers while Blender runs, in one value: a fresh `State()` is an add-on just enabled.

`jobs/session.py` holds it and hands it out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import bpy

from ..core.errors import Text
from ..core.files import is_plain
from ..core.job.folder import MODEL_FILE
from ..core.job.job import Job
from ..core.job.spending import Spending
from ..core.model.surface.findings import Findings
from ..core.picture.file import ChosenPicture
from ..core.request.account import Account
from ..core.runner.messages import Key
from ..core.runner.runner import Runner
from ..picture import icons
from ..picture.preview import Previews
from ..scene.decoding import Decoding
from ..scene.finishing.queue import Finishing
from ..scene.pictured.aligning import Aligning
from ..scene.placeholder_drawing import PlaceholderDrawing
from ..settings import scene as scene_settings
from .batch.batches import Batches
from .importing import Importer
from .messages import Messages, arrived
from .placeholders import Placeholders
from .prices import Prices
from .progress import Echo, ProgressDisplay


@dataclass
class Session:
    """The jobs and their runner, from when they are first needed.

    `jobs`: the runner's snapshots; nobody here changes a job. `echoes`: requests the runner has not answered yet.
    `held_by`: what keeps the runner from making calls, None before the first check. `ticks` counts the timer's ticks.
    `favorites`: the jobs that the artist marked. `marks`: requests to mark one, not answered yet. `changes` counts what
    changes which jobs there are, their stages, and their marks.
    `checked`: the jobs whose models the artist asked to check.
    `refused`: pictures of jobs that are not saved yet, or never will be because of the picture, so that the artist can
    send them in another way. `is_moving`: jobs come from other folders. `is_leaving`: another jobs folder was chosen.
    """

    runner: Runner
    root: Path
    messages: Messages
    jobs: dict[str, Job] = field(default_factory=dict)
    echoes: dict[str, Echo] = field(default_factory=dict)
    account: Account | None = None
    held_by: str | None = None
    favorites: set[str] = field(default_factory=set)
    marks: dict[str, bool] = field(default_factory=dict)
    changes: int = 0
    refused: dict[str, ChosenPicture] = field(default_factory=dict)
    checked: set[str] = field(default_factory=set)
    is_loaded: bool = False
    is_moving: bool = False
    is_leaving: bool = False
    is_checking: bool = False
    ticks: int = 0
    display: ProgressDisplay = field(default_factory=ProgressDisplay)
    spending: Spending = field(default_factory=Spending)
    decoding: Decoding = field(default_factory=Decoding)
    finishing: Finishing = field(init=False)
    aligning: Aligning = field(init=False)
    importer: Importer = field(init=False)
    placeholders: Placeholders = field(init=False)
    previews: Previews = field(init=False)
    prices: Prices = field(init=False)
    batches: Batches = field(init=False)

    def __post_init__(self) -> None:
        tell, reports = self.messages.tell, self.messages.reports
        self.prices = Prices(self.runner, self.root, tell)
        self.finishing = Finishing(self.root, self.finished, self.looked_at, self.decoding.add)
        self.display.works = self.finishing.works
        self.aligning = Aligning(self.root, reports.tell, self.finishing.begin)
        self.batches = Batches(self)
        hear = self.arrived, self.batches.is_planned
        self.importer = Importer(self.runner, self.root, self.echoes, self.messages, *hear)
        self.previews = Previews(self.runner, self.root, tell)
        fill = PlaceholderDrawing(lambda job: self.previews.shrink(job.id, self.picture_path(job)), self.previews.small)
        self.placeholders = Placeholders(self.importer, fill, self.display.progress.fraction)

    def ask(self, job_id: str, echo: Echo, request: Callable[[str], None]) -> None:
        """Have the runner do this with a job, and show that at once, unless an earlier request awaits its answer."""
        if job_id not in self.echoes:
            self.echoes[job_id] = echo
            request(job_id)

    def picture_path(self, job: Job) -> Path | None:
        """Return the path of the job's picture as it was sent, None if it has none, or something else lies there."""
        path = self.root / job.id / job.picture if job.picture else None
        return path if path is not None and (is_plain(path) or not os.path.lexists(path)) else None

    def arrived(self, job_id: str, made: bpy.types.Object) -> None:
        """Note that a job's model is in the scene now, and have its textures decoded. `made`: its topmost object."""
        self.decoding.add(made)
        job, chosen = self.jobs[job_id], scene_settings.of_scene(bpy.context.scene)
        if chosen.place == "PICTURE":
            if job.viewpoint is not None:
                self.aligning.add([(made, job)], projects=chosen.use_projection)
            else:
                self.messages.tell(
                    Text(
                        "The picture of “{name}” does not tell its camera."
                        " Align to Picture takes the scene's camera for it.",
                        name=job.name,
                    )
                )
        self.echoes[job_id] = Echo.IMPORTED
        self.runner.imported(job_id)
        icons.forget((job_id,))  # from now on its row shows the model
        self.messages.reports.tell(arrived(job))

    def measured(self, job_id: str, findings: Findings | None) -> None:
        """Keep what was measured of a job's model, and have its textures looked at. Nobody looks in the background."""
        job = self.jobs.get(job_id)
        if job is None or findings is None:
            return
        self.runner.checked(job_id, findings)
        if findings.texture is not None and (job_id in self.checked or not bpy.app.background):
            self.finishing.look(job_id, self.root / job_id / MODEL_FILE)

    def looked_at(self, job_id: str, shares: Mapping[str, Any]) -> None:
        """Keep what was seen of the textures of a job's model."""
        job = self.jobs.get(job_id)
        if job is not None and job.findings is not None:
            self.runner.checked(job_id, replace(job.findings, **shares))

    def finished(self, sentence: str) -> None:
        """Say what was done to a model, in the panel and in the status bar."""
        self.messages.tell(sentence)
        self.messages.reports.tell(sentence)

    def marked(self, favorites: Mapping[str, bool]) -> None:
        """Note which of these jobs are favorites."""
        for job_id, is_favorite in favorites.items():
            self.marks.pop(job_id, None)
            self.favorites.add(job_id) if is_favorite else self.favorites.discard(job_id)
        self.changes += 1

    def update_placeholders(self, *, is_changed: bool, is_moved: bool = True) -> None:
        """Update the placeholders in the scene from the jobs, once those are known, and fill them."""
        self.placeholders.is_due = self.placeholders.is_due or is_changed
        jobs = self.jobs if self.is_loaded else None
        self.placeholders.update(jobs, is_moved=is_moved, is_moving=self.is_moving)

    def follow_folder(self) -> None:
        """Go to another folder as soon as no job is at work, if one was chosen, in this Blender or another.

        All jobs move. So does a session that began in the usual folder, once the drive of the chosen one is there.
        """
        page = self.messages.page
        self.is_leaving = self.root != page.folder.seen().root
        page.is_moving = self.is_leaving or self.is_moving


@dataclass
class PreviewRequests:
    """The requests of draw functions. `key`: the picture to preview, empty if there is none. `is_asked`: the artist
    asked for it, however long Blender freezes.

    `check`: the picture whose file may have been saved again. `jobs`: the visible rows without an icon.
    """

    key: Key = ()
    is_asked: bool = False
    check: Key = ()
    jobs: dict[str, None] = field(default_factory=dict)


@dataclass
class Clicks:
    """The artist's last clicks, so that a second click of the same moment starts and pays for nothing.

    `last`: when each Generate button was pressed. `begun`: when a job was started, and `ticks`: after how many ticks.
    Times are of the monotonic clock.
    """

    last: dict[type, float] = field(default_factory=dict)
    begun: float = 0.0
    ticks: int = 0


@dataclass
class Gallery:
    """What the gallery found last, and the last click on it.

    `shown`: the ids of the matching jobs, newest first; they match what is in `wanted`. `clicked`: the job that was
    clicked, and when, in seconds of the monotonic clock.
    """

    wanted: tuple[object, ...] = ()
    shown: list[str] = field(default_factory=list)
    clicked: tuple[str, float] = ("", 0.0)


@dataclass
class State:
    """Everything. `session` is None until jobs are needed. `errands`: what the timer calls once, at its next tick."""

    messages: Messages = field(default_factory=Messages)
    previews: PreviewRequests = field(default_factory=PreviewRequests)
    clicks: Clicks = field(default_factory=Clicks)
    gallery: Gallery = field(default_factory=Gallery)
    errands: dict[Callable[[], object], None] = field(default_factory=dict)
    session: Session | None = None
