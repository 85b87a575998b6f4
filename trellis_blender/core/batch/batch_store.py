# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs that one worker of a batch drives, within the limits that all its workers share.

The runner's thread uses it, as any `JobStore`; `watch` and `unwatch` may be called on another.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import StorageError, TrellisError
from ..files import read_own, write_whole
from ..job import folder as job_folder
from ..job.claims import Claims
from ..job.events import Event, Submitted
from ..job.job import AT_SCENARIO, BEFORE_SCENARIO, Job, Stage
from ..job.spending import charged
from ..runner.entries import JobEntry
from ..runner.job_store import JobStore
from ..runner.timing import Clock, Timing
from .shared import Sent, Shared, State

ASK_SECONDS = 0.5  # until a job that may not be sent yet asks again
REMOTE_IDS = ".remote-ids"
_PLAIN_ID = re.compile(r"[\w-]{1,200}", re.ASCII)  # what a file may be called, whatever a server says
CHECK_SECONDS = 2.0  # between two checks of what is noted as sent


@dataclass(frozen=True)
class OtherRemoteIds:
    """The ids at Scenario of all jobs of the batch but one, `job_id`. Any thread may use it.

    In `folder` each is the name of a file that holds the id of its job. A file may be missing, or still empty, if its
    worker was killed just then; and it may say more than a `job.json` that could not be saved. So a job's own id never
    counts as another's, and what is not certain counts as none: a search is then less certain, and no less safe.
    """

    folder: Path
    job_id: str

    def add_own(self, remote_id: str) -> None:
        """Keep the id as that of this job. Never raises."""
        if _PLAIN_ID.fullmatch(remote_id):
            with contextlib.suppress(OSError):
                self.folder.mkdir(exist_ok=True)
                write_whole(self.folder / remote_id, self.job_id.encode())

    def __contains__(self, remote_id: object) -> bool:
        """Return whether another job of the batch has the id."""
        if _PLAIN_ID.fullmatch(str(remote_id)) is None:
            return False
        try:
            return read_own(self.folder / str(remote_id)).decode() not in ("", self.job_id)
        except (OSError, ValueError):
            return False


class BatchStore(JobStore):
    """The jobs of this worker. `is_closed`: nothing more is submitted."""

    def __init__(self, root: Path, timing: Timing, clock: Clock, claims: Claims, shared: Shared) -> None:
        super().__init__(root, timing, clock, claims)
        self._own, self._shared = claims.name, shared
        self._watched: frozenset[Path] = frozenset()
        self._admitted: set[str] = set()  # jobs that this worker was allowed to send, and that are not settled
        self._unsettled: dict[str, Job] = {}  # jobs whose end could not be noted yet
        self._check_due = 0.0
        self.is_closed = False

    @property
    def is_alive(self) -> bool:
        """Return True: the claims on pictures need a heartbeat, too."""
        return True

    def watch(self, folders: Iterable[Path]) -> None:
        """Look at these folders' jobs, too: drive them, unless another process does."""
        self._watched |= frozenset(folders)

    def unwatch(self, folder: Path) -> None:
        """Forget this folder's job, which rests."""
        self._watched -= {folder}

    def folders(self) -> list[Path]:
        """Return the folders of the jobs to look at, in order."""
        return sorted(folder for folder in self._watched if (folder / job_folder.JOB_FILE).is_file())

    def load(self) -> None:
        """Look at the jobs that are watched."""
        with contextlib.suppress(StorageError):  # it is looked at again soon
            self.check_others()

    def check_others(self) -> None:
        """Look at the jobs, as any store does; note what could not be noted before."""
        super().check_others()
        for job in list(self._unsettled.values()):
            self._settle(job)

    def may_submit(self, entry: JobEntry) -> bool:
        """Return whether the paid call may be sent now: if both limits allow it, it counts as sent from now on."""
        if super().may_submit(entry) and self._is_admitted(entry.job):
            return True
        entry.is_at_limit, entry.due = True, self.clock.now() + ASK_SECONDS
        return False

    def _is_admitted(self, job: Job) -> bool:
        if self.is_closed:
            return False
        try:
            if not self._shared.read().admits(job.id) and not self._is_check_due():
                return False
            with self._shared.change() as state:
                if not state.admits(job.id):
                    self._check(state)
                if state.is_cancelled or not state.admits(job.id):
                    return False
                state.sent[job.id] = Sent(state.price or 0.0, charged(job), self._own)
        except TrellisError:  # it is asked again soon
            return False
        self._admitted.add(job.id)
        return True

    def _is_check_due(self) -> bool:
        now = self.clock.now()
        if now < self._check_due:
            return False
        self._check_due = now + CHECK_SECONDS
        return True

    def _check(self, state: State) -> None:
        """Settle what is noted as sent and is not: its worker was killed before it could note that."""
        for job_id, sent in list(state.sent.items()):
            try:
                job = job_folder.load(self._root / job_id)
            except (OSError, job_folder.DamagedJobError):
                continue
            is_left = job_id not in self._admitted if sent.by == self._own else self._claims.is_dead(sent.by)
            if job.stage not in AT_SCENARIO and (job.stage not in BEFORE_SCENARIO or is_left):
                settle(state, job)

    def apply(self, entry: JobEntry, event: Event) -> None:
        """Apply the event, and note what was spent once the job is no longer at Scenario."""
        before = entry.job.stage
        super().apply(entry, event)
        if before in AT_SCENARIO and entry.job.stage not in AT_SCENARIO and not entry.job.foreign:
            self._settle(entry.job)
        if isinstance(event, Submitted) and entry.hold is not None:
            self.taken(entry).add_own(entry.job.remote_id)

    def taken(self, entry: JobEntry) -> OtherRemoteIds:
        """Return the ids at Scenario of all other jobs of the batch: a lost call is none of them."""
        return OtherRemoteIds(self._root / REMOTE_IDS, entry.job.id)

    def _settle(self, job: Job) -> None:
        self._admitted.discard(job.id)
        self._unsettled[job.id] = job
        with contextlib.suppress(TrellisError):  # it is noted later, by whoever sees it
            with self._shared.change() as state:
                settle(state, job)
            del self._unsettled[job.id]

    def _lose(self, entry: JobEntry) -> None:
        self._admitted.discard(entry.job.id)
        super()._lose(entry)


def settle(state: State, job: Job) -> None:
    """Note that the job is no longer at Scenario, and what it has cost."""
    sent = state.sent.pop(job.id, None)
    if job.stage is Stage.UNCERTAIN:
        if sent is not None:
            state.uncertain[job.id] = sent
        return
    if sent is None and not job.may_be_paid:
        sent = state.uncertain.pop(job.id, None)  # a search has found it
    if sent is None:
        return
    is_free = job.holds_model and job.cost is None  # it does not say: count what was expected
    state.spent += sent.reserved if is_free else max(0.0, charged(job) - sent.before)
    if job.cost:
        state.price = max(state.price or 0.0, job.cost)
