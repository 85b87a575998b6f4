# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner's clock, and how long to wait before the next try: every number of seconds that it lives by."""

from __future__ import annotations

import queue
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Note = Callable[[], None]


class Clock:
    """The time by which the runner waits and counts. A test puts one in its place that it moves."""

    def now(self) -> float:
        """Seconds that only ever grow, from any beginning."""
        return time.monotonic()

    def next_note(self, notes: queue.SimpleQueue[Note], seconds: float | None) -> Note | None:
        """The next note, None when none came within so many seconds; None: wait for one however long it takes."""
        try:
            return notes.get(timeout=seconds)
        except queue.Empty:
            return None


@dataclass(frozen=True)
class Timing:
    """Seconds. A poll comes soon while a job is young and slower as it ages; a retry doubles up to its most.

    `listing_lag` is how long a new job may be missing from `GET /jobs`; `search` is how long a lost answer is looked
    for; `limit` is the wait where as many jobs run as may at once, should none of ours end before; `held` is the wait
    of a paid job that a person has to help (a wrong key, a full disk); `progress` is the least time between two
    tellings of a progress; `word` is how long a downloaded model waits for the main thread to say whether it is wanted.
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
    progress: float = 0.1
    word: float = 5.0
    jitter: float = 0.15
    random: random.Random = field(default_factory=random.SystemRandom, repr=False, compare=False)

    def until_poll(self, age: float) -> float:
        """Seconds to the next poll, when the youngest running job was accepted `age` seconds ago."""
        return self._jittered(min(self.poll_last, max(self.poll_first, age * self.poll_growth)))

    def until_retry(self, attempt: int, asked: float | None) -> float:
        """Seconds to the next try after `attempt` failures in a row (1, 2, …); not before the server `asked` for it."""
        own = self._jittered(min(self.retry_last, self.retry_first * 2.0 ** min(attempt - 1, 30)))
        return own if asked is None else max(asked, self._jittered(min(self.retry_first, own)))

    def _jittered(self, seconds: float) -> float:
        return seconds * (1.0 + self.random.uniform(0.0, self.jitter))
