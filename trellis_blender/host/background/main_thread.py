# SPDX-License-Identifier: GPL-3.0-or-later
"""Where no background Blender can be started: workers ask the main thread to read a picture, and wait for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from ...core.errors import BackgroundStoppedError, TrellisError
from ...core.picture.file import ChosenPicture
from .process import STOPPED

LOOK_SECONDS = 0.2


class _Wish:
    """A picture to read, and what came of it."""

    def __init__(self, chosen: ChosenPicture) -> None:
        self.chosen, self.is_done = chosen, threading.Event()
        self.outcome: ChosenPicture | TrellisError | None = None


class MainThread:
    """What workers wish of the main thread. That calls `fulfil` with every tick of its timer."""

    def __init__(self) -> None:
        self._wishes: queue.SimpleQueue[_Wish] = queue.SimpleQueue()
        self._is_stopped = threading.Event()

    @property
    def is_wanted(self) -> bool:
        """Whether a worker waits."""
        return not self._wishes.empty()

    def read(self, chosen: ChosenPicture) -> ChosenPicture:
        """For workers: the picture with its pixels. Raises what reading it raised, or BackgroundStoppedError."""
        wish = _Wish(chosen)
        self._wishes.put(wish)
        while not wish.is_done.wait(LOOK_SECONDS):
            if self._is_stopped.is_set():
                raise BackgroundStoppedError(STOPPED)
        if isinstance(wish.outcome, TrellisError):
            raise wish.outcome
        assert wish.outcome is not None
        return wish.outcome

    def fulfil(self, read: Callable[[ChosenPicture], ChosenPicture]) -> None:
        """For the main thread: read one picture, if there is one."""
        try:
            wish = self._wishes.get_nowait()
        except queue.Empty:
            return
        try:
            wish.outcome = read(wish.chosen)
        except TrellisError as error:
            wish.outcome = error
        finally:
            wish.is_done.set()

    def stop(self) -> None:
        """Nobody fulfils anything any more."""
        self._is_stopped.set()
