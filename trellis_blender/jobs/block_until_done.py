# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks until a model or a picture is done, for scripts without a window."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ..core.errors import PictureError, TrellisError
from ..core.job.job import Stage
from ..core.picture.file import ChosenPicture
from ..core.runner.messages import PreviewReady
from ..host.background.preview_client import answer
from ..picture.sources import PictureUnderWay
from . import session


def wait(job_id: str) -> None:
    """Block until the job rests and its model, if any, is in the scene. Raises TrellisError if it failed."""
    state = session.start()

    def is_over() -> bool:
        job = state.jobs[job_id]
        return job.is_resting and not (state.importer.is_awaited(job) or job_id in state.echoes)

    wait_for(is_over)
    job = state.jobs[job_id]
    if job.stage in (Stage.FAILED, Stage.CANCELLED, Stage.UNCERTAIN):
        raise TrellisError(job.message)


def wait_for(is_so: Callable[[], bool]) -> None:
    """Block until it is so."""
    while not is_so():
        session.tick()
        time.sleep(session.TICK_SECONDS / 2)


def prepared_now(picture: ChosenPicture) -> ChosenPicture:
    """Block until a worker has prepared the picture, and return it so.

    Raises PictureError, StorageError or TrellisError.
    """
    state, answers = session.start(), queue.SimpleQueue[PreviewReady]()
    state.runner.write(partial(answer, answers, state.previews.client, picture))
    preview: PreviewReady | None = None
    while preview is None:
        state.previews.read_what_workers_want(session.incoming())
        with contextlib.suppress(queue.Empty):
            preview = answers.get(timeout=session.TICK_SECONDS)
    if preview.prepared is None:
        raise PictureError(preview.error, remedy=preview.remedy)
    return replace(picture, prepared=preview.prepared)


def made_now(made: PictureUnderWay) -> ChosenPicture:
    """Block until the picture is made, and return it. Raises TrellisError with the reason if that fails."""
    while not made.is_done:
        time.sleep(session.TICK_SECONDS / 2)
    return made.end()
