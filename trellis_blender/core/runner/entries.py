# SPDX-License-Identifier: GPL-3.0-or-later
"""What the runner remembers about each job, and its agenda: which of them is due when, and for what.

Only the runner's thread uses it.
"""

from __future__ import annotations

import contextlib
import heapq
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..job.claims import Hold
from ..job.events import SubmitStarted
from ..job.job import Job, Stage, event_by_itself

LARGE_STEPS = {
    Stage.QUEUED: "uploads",
    Stage.UPLOADING: "uploads",
    Stage.UNCONFIRMED: "searches",
    Stage.DOWNLOADING: "downloads",
}
POOLS = ("network", "uploads", "searches", "downloads")
SAVES, WORDS = "saves", "words"  # for what else jobs wait: the disk, and the main thread's word
LANES = (SAVES, WORDS, *POOLS)


class Abandoned(threading.Event):
    """Set when nobody wants a step's result any more. The worker that takes the step is then free at once."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._cut: Callable[[], None] | None = None

    @contextlib.contextmanager
    def cuts(self, cut: Callable[[int], None]) -> Iterator[None]:
        """Call `cut` with this thread's identifier if the event is set within the block."""
        thread = threading.get_ident()
        with self._lock:
            self._cut = lambda: cut(thread)
        try:
            yield
        finally:
            with self._lock:
                self._cut = None

    def set(self) -> None:
        super().set()
        with self._lock:
            if self._cut is not None:
                self._cut()


@dataclass(eq=False)
class JobEntry:
    """A job and what the runner remembers about it. Times are seconds of the runner's clock.

    Whatever changes, `changed` is called. So whoever sorts jobs by their state only looks at those that changed.

    `hold`: what we hold the job by, None unless we may change it.
    `due`: when the next step may begin. `attempt`: failures in a row. `since`: when the job reached its stage.
    `reported`: when the server last reported it. `begun`: when its present step began. `abandoned`: ends that step.
    `searched_since`: when the search for its submit began. `missing_since`: the first search to prove that the submit
    is not there; every later search has proved it, too.
    `is_at_limit`: it waits for another job to end. `is_just_uploaded`: its last step was the upload of its picture.
    `age`: smaller for a job that was known earlier.
    """

    job: Job
    folder: Path
    hold: Hold | None = None
    due: float = 0.0
    attempt: int = 0
    since: float = 0.0
    reported: float = 0.0
    searched_since: float | None = None
    missing_since: float | None = None
    is_at_limit: bool = False
    is_just_uploaded: bool = False
    begun: float = 0.0
    is_unsaved: bool = False
    is_working: bool = False
    abandoned: Abandoned = field(default_factory=Abandoned)
    age: int = 0
    changed: Callable[[JobEntry], None] | None = field(default=None, repr=False)

    def __setattr__(self, name: str, value: object) -> None:
        """Set the attribute, and pass on that something changed."""
        object.__setattr__(self, name, value)
        changed = self.__dict__.get("changed")
        if changed is not None:
            changed(self)

    @property
    def is_alive(self) -> bool:
        """Return whether it is not at rest, or belongs to another Blender."""
        return self.job.foreign or not self.job.is_resting

    @property
    def is_idle(self) -> bool:
        """Return whether it may be given its next step: it is ours, not at rest, and no worker has it."""
        return not (self.is_working or self.job.is_resting or self.job.foreign)

    @property
    def waits_for_word(self) -> bool:
        """Return whether its model is downloaded and the main thread has not said yet whether to read it."""
        return self.is_idle and self.job.stage is Stage.READING

    @property
    def is_polled(self) -> bool:
        """Return whether the job is polled together with the others."""
        return self.is_idle and self.job.stage is Stage.RUNNING

    def start_step(self, now: float) -> None:
        """Record that a worker is taking a step."""
        self.is_working, self.is_at_limit = True, False
        self.abandoned, self.begun = Abandoned(), now

    def finish_step(self) -> bool:
        """Record that the step came back. Return True if nobody wants its result any more."""
        self.is_working = False
        return self.abandoned.is_set()

    def unlock(self) -> None:
        """Release the job to another Blender."""
        if self.hold is not None:
            self.hold.release()
            self.hold = None


class Agenda:
    """Which job is due when, in each lane: one for each pool of workers, one for the disk, one for the main thread.

    Finding the next job takes the same time however many wait. A job that is filed anew leaves its old places behind;
    they are known by their numbers, and dropped as they come to the front
    (https://docs.python.org/3/library/heapq.html#priority-queue-implementation-notes).

    `word`: the seconds to wait for the main thread's word. `polled`: the jobs that are polled together, by age.
    """

    def __init__(self, word: float) -> None:
        self.polled: dict[int, JobEntry] = {}
        self._word = word
        self._waiting: dict[str, list[tuple[float, int, int, JobEntry]]] = {lane: [] for lane in LANES}
        self._ready: dict[str, list[tuple[int, int, JobEntry]]] = {lane: [] for lane in LANES}  # the oldest first
        self._filed: dict[JobEntry, int] = {}  # the number of its last filing
        self._count = 0

    def file(self, entry: JobEntry, *, is_known: bool) -> None:
        """File a job that has changed by what it waits for now. One that is no longer known waits for nothing."""
        self._filed.pop(entry, None)
        self.polled.pop(entry.age, None)
        if not is_known:
            return
        if entry.is_polled:
            self.polled[entry.age] = entry
        self._count += 1
        for lane, due in self._waits(entry):
            self._filed[entry] = self._count
            heapq.heappush(self._waiting[lane], (due, entry.age, self._count, entry))

    def next_due(self, lane: str) -> float:
        """Return when the lane's next job is due: infinity if there is none, minus infinity if it is overdue."""
        waiting, ready = self._waiting[lane], self._ready[lane]
        while ready and self._filed.get(ready[0][2]) != ready[0][1]:
            heapq.heappop(ready)
        while waiting and self._filed.get(waiting[0][3]) != waiting[0][2]:
            heapq.heappop(waiting)
        if ready:
            return -math.inf
        return waiting[0][0] if waiting else math.inf

    def take(self, lane: str, now: float) -> JobEntry | None:
        """Return the oldest job that is due, which then waits no longer; None if none is due."""
        waiting, ready = self._waiting[lane], self._ready[lane]
        while waiting and waiting[0][0] <= now:
            heapq.heappush(ready, heapq.heappop(waiting)[1:])
        if self.next_due(lane) > now:
            return None
        entry = heapq.heappop(ready)[2]
        del self._filed[entry]
        return entry

    def _waits(self, entry: JobEntry) -> Iterator[tuple[str, float]]:
        if entry.is_unsaved:
            yield SAVES, entry.due
        if entry.waits_for_word:
            yield WORDS, entry.since + self._word
        elif entry.is_idle and not entry.is_unsaved and (not entry.is_polled or entry.job.asks_to_stop):
            is_paid = isinstance(event_by_itself(entry.job), SubmitStarted)  # its picture is at Scenario
            yield "network" if is_paid else LARGE_STEPS.get(entry.job.stage, "network"), entry.due
