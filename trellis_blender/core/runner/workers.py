# SPDX-License-Identifier: GPL-3.0-or-later
"""The threads that wait for the network and the disk, so that nobody else has to."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from ..request.account import Account
from ..scenario.api import Api
from ..scenario.connection import Connections, new_session
from .steps import Desk

Work = Callable[[Desk], None]


class Carriers:
    """A few daemon threads. A piece of work is handed over with `carry` only while `free` is above 0."""

    def __init__(self, count: int, agent: str, stopping: threading.Event) -> None:
        self._agent, self._stopping = agent, stopping
        self._connections = Connections()
        self._work: queue.SimpleQueue[tuple[Account, Work] | Callable[[], None] | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._run, name=f"trellis-{n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def carry(self, account: Account, work: Work) -> None:
        """Have the work done. It must not raise."""
        self._work.put((account, work))

    def run(self, work: Callable[[], None]) -> None:
        """Have something done that needs no network. It must not raise."""
        self._work.put(work)

    def stop(self) -> list[threading.Thread]:
        """End all waiting; the threads, which end soon."""
        self._connections.cut()
        for _ in self._threads:
            self._work.put(None)
        return self._threads

    def _run(self) -> None:
        api, account, files = None, None, new_session(self._connections, self._agent)
        while (item := self._work.get()) is not None and not self._stopping.is_set():
            if not isinstance(item, tuple):
                item()
                continue
            if api is None or account != item[0]:
                account = item[0]
                api = Api(account, self._connections, self._agent)
            item[1](Desk(api, files, self._wait, lambda _fraction: None))

    def _wait(self, seconds: float) -> bool:
        return not self._stopping.wait(seconds)


class Crew:
    """All threads of a runner. Reading a model has one of its own, so that no hanging network keeps a model waiting;
    and so has what is only looked at (previews), so that no model waits for that, and the writing of pictures.
    """

    def __init__(self, count: int, agent: str, stopping: threading.Event) -> None:
        self.carriers = Carriers(count, agent, stopping)
        self.reader = Carriers(1, agent, stopping)
        self.thinker = Carriers(1, agent, stopping)
        self.writer = Carriers(1, agent, stopping)

    def stop(self) -> list[threading.Thread]:
        """End all waiting; the threads, which end soon."""
        return [thread for part in (self.carriers, self.reader, self.thinker, self.writer) for thread in part.stop()]
