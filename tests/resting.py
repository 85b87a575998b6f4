"""Waiting for a runner to come to rest, so that what has not happened by then does not happen."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from trellis_blender.core.runner.messages import RunnerMessage, StampReady

if TYPE_CHECKING:
    from collections.abc import Callable

    from trellis_blender.core.runner.runner import Runner


def rest(runner: Runner, wait: Callable[[Callable[[], object], str], None]) -> None:
    """Wait until the runner has done all that it was told up to now.

    `wait` hears the runner's messages until a condition holds.
    """
    is_done = threading.Event()

    def nothing() -> RunnerMessage:
        is_done.set()
        return StampReady((), None)

    runner.compute(nothing)
    wait(is_done.is_set, "rest")
