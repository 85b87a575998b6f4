# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner's clock, and every interval in seconds: how long to wait before the next poll or try."""

from __future__ import annotations

import queue
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Note = Callable[[], None]


class Clock:
    """The clock by which the runner waits. Tests replace it with one they can move."""

    def now(self) -> float:
        """Return seconds that only ever grow, from any start."""
        return time.monotonic()

    def next_note(self, notes: queue.SimpleQueue[Note], seconds: float | None) -> Note | None:
        """Return the next note; None if none came within so many seconds. `seconds` None: wait as long as it takes."""
        try:
            return notes.get(timeout=seconds)
        except queue.Empty:
            return None


@dataclass(frozen=True)
class Timing:
    """All intervals, in seconds.

    Polls come often while a job is young, then less often. Each retry doubles the pause, up to `retry_last`.

    `listing_lag`: how long a new job may be missing from `GET /jobs`. `search`: how long to search for a lost answer.
    `limit`: the wait at Scenario's limit on jobs, unless one of ours ends earlier.
    `held`: the wait of a paid job that needs a person's help (a wrong key, a full disk).
    `foreign`: the time between two checks of other Blenders' jobs.
    `silence`: how long a Blender of another machine may show no sign of life before its jobs are taken over.
    `progress`: the least time between two reports of progress.
    `word`: how long a downloaded model waits for the main thread to say whether to read it.
    """

    poll_first: float = 1.0
    poll_last: float = 10.0
    poll_growth: float = 0.08
    retry_first: float = 1.0
    retry_last: float = 60.0
    listing_lag: float = 90.0
    search: float = 600.0
    limit: float = 60.0
    held: float = 30.0
    foreign: float = 3.0
    silence: float = 60.0
    progress: float = 0.1
    word: float = 5.0
    jitter: float = 0.15
    random: random.Random = field(default_factory=random.SystemRandom, repr=False, compare=False)

    def until_poll(self, age: float) -> float:
        """Return the seconds to the next poll. `age`: seconds since the youngest running job was accepted."""
        return self._jittered(min(self.poll_last, max(self.poll_first, age * self.poll_growth)))

    def until_retry(self, attempt: int, asked: float | None) -> float:
        """Return the seconds to the next try after `attempt` failures in a row (1, 2, …).

        At least the seconds that the server `asked` for; None: it did not say.
        """
        own = self._jittered(min(self.retry_last, self.retry_first * 2.0 ** min(attempt - 1, 30)))
        return own if asked is None else max(asked, self._jittered(min(self.retry_first, own)))

    def _jittered(self, seconds: float) -> float:
        return seconds * (1.0 + self.random.uniform(0.0, self.jitter))
