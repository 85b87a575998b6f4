# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the jobs in this Blender: one value, made when it is first needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import Remedy
from ..core.job.job import Job
from ..core.job.spending import Spending
from ..core.picture.file import ChosenPicture
from ..core.request.account import Account
from ..core.runner.messages import Notice
from ..core.runner.runner import Runner
from ..picture import icons
from ..picture.preview import Sight
from ..scene.placeholder_drawing import Fill
from . import reports
from .importing import Arrival
from .placeholders import Boxes
from .prices import Prices
from .progress import Echo, Watch
from .reports import Reports


@dataclass
class Session:
    """All state of the add-on. `jobs` are the runner's snapshots, `echoes` what it was asked for them and has not
    answered yet: nobody here changes a job. `notices` belong to no job. `held_by` says what keeps the runner from
    making calls, None before it was looked at. `ticks` counts the timer's. `refused` are the pictures of jobs that are
    not saved yet, or never were because of them: they can be sent in another way.
    """

    runner: Runner
    root: Path
    jobs: dict[str, Job] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    echoes: dict[str, Echo] = field(default_factory=dict)
    account: Account | None = None
    held_by: str | None = None
    refused: dict[str, ChosenPicture] = field(default_factory=dict)
    is_loaded: bool = False
    is_checking: bool = False
    ticks: int = 0
    watch: Watch = field(default_factory=Watch)
    reports: Reports = field(default_factory=Reports)
    spending: Spending = field(default_factory=Spending)
    arrival: Arrival = field(init=False)
    boxes: Boxes = field(init=False)
    sight: Sight = field(init=False)
    prices: Prices = field(init=False)

    def __post_init__(self) -> None:
        self.prices = Prices(self.runner, self.root, self.tell)
        steps = self.arrived, self.failed, self.reports.wait, lambda job: self.reports.tell(reports.ready(job))
        self.arrival = Arrival(self.runner, self.root, self.echoes, self.tell, *steps)
        self.sight = Sight(self.runner, self.root, self.tell)
        fill = Fill(lambda job: self.sight.shrink(job.id, self.picture_path(job)), self.sight.small)
        self.boxes = Boxes(self.arrival, fill, self.watch.forecast.fraction)

    def picture_path(self, job: Job) -> Path | None:
        """The job's picture as it was sent, None where it has none."""
        return self.root / job.id / job.picture if job.picture else None

    def tell(self, sentence: str) -> None:
        """Something is to be said that belongs to no job."""
        self.notices.append(Notice(sentence))

    def arrived(self, job_id: str) -> None:
        """A job's model is in the scene now."""
        self.echoes[job_id] = Echo.IMPORTED
        self.runner.imported(job_id)
        icons.forget((job_id,))  # its row shows the model from now on
        self.reports.tell(reports.arrived(self.jobs[job_id]))

    def show_boxes(self, *, is_changed: bool, is_moved: bool = True) -> None:
        """Bring the boxes in the scene in line with the jobs, once those are known, and fill them."""
        self.boxes.is_due = self.boxes.is_due or is_changed
        self.boxes.show(self.jobs if self.is_loaded else None, is_moved=is_moved)

    def failed(self, job_id: str, sentence: str, remedy: Remedy) -> None:
        """A job's model could not be brought into the scene."""
        self.echoes[job_id] = Echo.DAMAGED
        self.runner.damaged(job_id, sentence, remedy)
