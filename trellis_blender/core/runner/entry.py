# SPDX-License-Identifier: GPL-3.0-or-later
"""What the runner remembers about a job beside the job itself. Only the runner's thread touches it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from ..job.job import Job
from ..job.lock import FolderLock


@dataclass
class Entry:
    """A job in the runner's hands. Times are seconds of the runner's clock.

    `due`: when the next step may begin. `attempt`: failures in a row. `since`: when it reached its stage. `seen`: when
    the server last told of it. `searched_since`: when the search for it began. `missing_since`: when a search first
    proved that it is not there, every later one having done so, too. `is_at_limit`: it waits for another job to end.
    `abandoned`: set to end a step.
    """

    job: Job
    folder: Path
    lock: FolderLock | None = None
    since: float = 0.0
    seen: float = 0.0
    due: float = 0.0
    attempt: int = 0
    searched_since: float | None = None
    missing_since: float | None = None
    is_at_limit: bool = False
    begun: float = 0.0
    is_unsaved: bool = False
    is_working: bool = False
    abandoned: threading.Event = field(default_factory=threading.Event)

    @property
    def is_idle(self) -> bool:
        """Whether a next step may be given to it: it is ours, not at rest and not at work."""
        return not (self.is_working or self.job.is_resting or self.job.foreign)

    def begin(self, now: float) -> None:
        """A step is handed to a carrier."""
        self.is_working, self.is_at_limit = True, False
        self.abandoned, self.begun = threading.Event(), now

    def finish(self) -> bool:
        """The step came back; True when nobody wants its result any more."""
        self.is_working = False
        return self.abandoned.is_set()

    def unlock(self) -> None:
        """Let another Blender have the job."""
        if self.lock is not None:
            self.lock.release()
            self.lock = None
