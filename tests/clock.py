"""A clock for the runner that only a test moves, so that no test has to wait for time to pass."""

from __future__ import annotations

import contextlib
import math
import queue
import threading
import time

from tests.patience import PATIENCE
from trellis_blender.core.runner.timing import Clock, Note


class MovedClock(Clock):
    """A clock that only the test moves. Each move wakes every runner that waits on it, like the end of its wait."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._changed = threading.Condition()
        self._queues: list[queue.SimpleQueue[Note]] = []
        self._until: float | None = None
        self._is_waiting = False

    def now(self) -> float:
        """Return the clock's time in seconds."""
        return self._now

    def next_note(self, notes: queue.SimpleQueue[Note], seconds: float | None) -> Note | None:
        """Wait for a note as the runner's own clock does, but by this clock's time."""
        with self._changed:
            if notes not in self._queues:
                self._queues.append(notes)
            is_endless = seconds is None or math.isinf(seconds)
            self._until, self._is_waiting = None if is_endless else self._now + (seconds or 0.0), True
            self._changed.notify_all()
            is_due = seconds is not None and seconds <= 0
        note = None
        with contextlib.suppress(queue.Empty):
            note = notes.get(block=not is_due)
        with self._changed:
            self._is_waiting = False
        return note

    def move(self, seconds: float) -> None:
        """Let this many seconds pass."""
        with self._changed:
            self._now += seconds
            for notes in self._queues:
                notes.put(lambda: None)

    def left(self) -> float:
        """Return for how many more seconds the runner waits, 0 if it does not wait for a time."""
        with self._changed:
            return 0.0 if self._until is None or not self._is_waiting else max(0.0, self._until - self._now)

    def skip(self) -> float:
        """Let the time pass for which the runner waits, if any. Return its seconds."""
        seconds = self.left()
        if seconds:
            self.move(seconds)
        return seconds

    def wanted(self) -> float:
        """Block until the runner waits for a time to come. Return for how many seconds it waits."""
        return self._seen(lambda: self._until is not None and self._until > self._now) or 0.0

    def rests(self) -> bool:
        """Block until the runner waits only for a note, not for a time."""
        return self._seen(lambda: self._until is None) is None

    def _seen(self, is_so: object) -> float | None:
        assert callable(is_so)
        end = time.monotonic() + PATIENCE
        with self._changed:
            while not (self._is_waiting and is_so()):
                if not self._changed.wait(end - time.monotonic()):
                    raise AssertionError(f"the runner waits until {self._until}, and it is {self._now}")
            return None if self._until is None else self._until - self._now
