"""Background Blenders that outlive the session that began them: starting one takes a second, and most tests need one.

What serves many pictures in a row in the add-on serves them for many tests here. The tests of starting, bounding and
ending a background Blender (`host/test_background.py`) have their own.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from tests.addon import addon

Key = tuple[object, ...]


class WarmBackgrounds:
    """What `background` returns takes the place of `process.Background`. Blenders that nobody uses wait for the next
    who would start the same.
    """

    def __init__(self) -> None:
        self._idle: dict[Key, list[Any]] = {}
        self._all: list[Any] = []
        self.real = addon.process.Background

    def background(self, launch: Any) -> Any:
        """A background Blender for that launch, a warm one where there is one. Only for the add-on's own programs."""
        is_ours = Path(addon.package.__file__).parent in Path(launch.command[-1]).parents
        return Lent(self, launch) if is_ours else self.real(launch)

    def take(self, launch: Any) -> Any:
        """One that is not in use."""
        waiting = self._idle.get(_key(launch))
        if waiting:
            return waiting.pop()
        self._all.append(self.real(launch))
        return self._all[-1]

    def give_back(self, launch: Any, background: Any) -> None:
        """It is not in use any more."""
        self._idle.setdefault(_key(launch), []).append(background)

    def stop(self) -> None:
        """End them all, those too that somebody has not given back."""
        for background in self._all:
            background.stop()
        self._all.clear()
        self._idle.clear()


class Lent:
    """A background Blender as `process.Background` is one, for one who stops it: then only what is under way ends."""

    def __init__(self, owner: WarmBackgrounds, launch: Any) -> None:
        self._owner, self._launch, self._lock = owner, launch, threading.Lock()
        self._background = owner.take(launch)
        self._under_way, self._is_stopped = 0, False

    def ask(self, name: str, request: Any, **given: Any) -> Any:
        """As `Background.ask`."""
        with self._lock:
            if self._is_stopped:
                raise addon.errors.BackgroundStoppedError(addon.process.STOPPED)
            self._under_way += 1
        try:
            return self._background.ask(name, request, **given)
        finally:
            with self._lock:
                self._under_way -= 1

    def start_task(self, name: str, request: Any, *, seconds: float) -> Any:
        """As `Background.start_task`."""
        return self._owner.real.start_task(self, name, request, seconds=seconds)

    def stop(self) -> None:
        """As `Background.stop`, for whoever has it. One that has nothing to do goes back."""
        with self._lock:
            if self._is_stopped:
                return
            self._is_stopped = True
            is_at_work = self._under_way > 0
        if is_at_work:
            self._background.stop()
        else:
            self._owner.give_back(self._launch, self._background)

    @property
    def process_id(self) -> int | None:
        """As `Background.process_id`."""
        process: int | None = self._background.process_id
        return process


def _key(launch: Any) -> Key:
    """What makes two launches the same: all but what pytest tells of the test that runs."""
    environment = {name: value for name, value in launch.environment.items() if name != "PYTEST_CURRENT_TEST"}
    return (
        launch.command,
        tuple(sorted(environment.items())),
        launch.has_own_folders,
        launch.runs_scripts,
        launch.memory_maximum,
    )
