# SPDX-License-Identifier: GPL-3.0-or-later
"""The threads that wait for the network and the disk, so that nobody else has to."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from ..request.account import Account
from ..request.service import Connector, Service
from .entries import POOLS

NETWORK_WORKERS = 4  # in each pool; a step that may take long has one beside that of small calls


class WorkerPool:
    """A few daemon threads with one queue of work, which must not raise."""

    def __init__(self, count: int, connector: Connector, stopping: threading.Event) -> None:
        self._connector, self._stopping = connector, stopping
        self._work: queue.SimpleQueue[tuple[Account, Callable[[Service], None]] | Callable[[], None] | None]
        self._work = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._run, name=f"trellis-{n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def call(self, account: Account, work: Callable[[Service], None]) -> None:
        """Run the work with the account's service."""
        self._work.put((account, work))

    def run(self, work: Callable[[], None]) -> None:
        """Run work that needs no network."""
        self._work.put(work)

    def stop(self) -> list[threading.Thread]:
        """Accept no more work. Return the threads; each ends with its present work."""
        for _ in self._threads:
            self._work.put(None)
        return self._threads

    def _run(self) -> None:
        service, account = None, None
        while (item := self._work.get()) is not None and not self._stopping.is_set():
            if not isinstance(item, tuple):
                item()
                continue
            if service is None or account != item[0]:
                account = item[0]
                service = self._connector.connect(account)
            item[1](service)


class Workers:
    """All threads of a runner.

    Small calls never wait behind pictures and models on their way or behind a search of the whole listing, nor pictures
    behind models. Reading models, making previews, writing pictures and moving jobs each have a thread of their own, so
    a model never waits for a hanging network or a preview.
    """

    def __init__(self, connector: Connector, stopping: threading.Event) -> None:
        self.connector = connector
        self.pools = {name: WorkerPool(NETWORK_WORKERS, connector, stopping) for name in POOLS}
        self.network = self.pools["network"]
        own = [WorkerPool(1, connector, stopping) for _ in range(4)]
        self.reader, self.previewer, self.writer, self.mover = own
        self._all = (*self.pools.values(), *own)

    def stop(self) -> list[threading.Thread]:
        """End all waiting. Return the threads, which end soon."""
        self.connector.cut()
        return [thread for pool in self._all for thread in pool.stop()]
