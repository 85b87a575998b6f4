# SPDX-License-Identifier: GPL-3.0-or-later
"""The threads that wait for the network and the disk, so that nobody else has to."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from ..request.account import Account
from ..request.service import Connector
from .steps import StepTools

Work = Callable[[StepTools], None]
_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)


class WorkerPool:
    """A few daemon threads with one queue of work."""

    def __init__(self, count: int, connector: Connector, stopping: threading.Event) -> None:
        self._connector, self._stopping = connector, stopping
        self._work: queue.SimpleQueue[tuple[Account, Work] | Callable[[], None] | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._run, name=f"trellis-{n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def run_with_api(self, account: Account, work: Work) -> None:
        """Run the work with the account's service. It must not raise."""
        self._work.put((account, work))

    def run(self, work: Callable[[], None]) -> None:
        """Run work that needs no network. It must not raise."""
        self._work.put(work)

    def run_each(self, steps: Iterator[_Result], take: Callable[[_Result | None], None]) -> None:
        """Run the steps one after the other, each behind the work that waits by then.

        `take` gets each result, and None at the end.
        """

        def work() -> None:
            result = None
            try:
                result = next(steps, None)
            except Exception:  # noqa: BLE001 - the thread must live on; the log has it all
                _log.exception("unexpected")
            take(result)
            if result is not None:
                self.run(work)

        self.run(work)

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
            item[1](StepTools(service, self._wait, lambda _fraction: None))

    def _wait(self, seconds: float) -> bool:
        return not self._stopping.wait(seconds)


class Workers:
    """All threads of a runner.

    Small calls never wait behind pictures and models on their way or behind a search of the whole listing, nor pictures
    behind models. Reading models, making
    previews and writing pictures each have a thread of their own, so a model never waits for a hanging network or a
    preview.
    """

    def __init__(self, count: int, connector: Connector, stopping: threading.Event) -> None:
        self._connector = connector
        names = ("network", "uploads", "searches", "downloads")
        self.pools = {name: WorkerPool(count, connector, stopping) for name in names}
        self.network = self.pools["network"]
        self.reader = WorkerPool(1, connector, stopping)
        self.previewer = WorkerPool(1, connector, stopping)
        self.writer = WorkerPool(1, connector, stopping)

    def stop(self) -> list[threading.Thread]:
        """End all waiting. Return the threads, which end soon."""
        self._connector.cut()
        pools = (*self.pools.values(), self.reader, self.previewer, self.writer)
        return [thread for pool in pools for thread in pool.stop()]

    def cut_thread(self, thread: int) -> None:
        """End the waiting of one worker, given by its thread's identifier, so that it can do something else."""
        self._connector.cut_thread(thread)
