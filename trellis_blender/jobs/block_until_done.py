# SPDX-License-Identifier: GPL-3.0-or-later
"""Standing still until a model is there, for scripts without a window."""

from __future__ import annotations

import time

from ..core.errors import TrellisError
from ..core.job.job import Job, Stage
from . import session


def wait(job_id: str, seconds: float = float("inf")) -> Job:
    """Stand still until the job rests, its model in the scene if it has one; the job as it is then.

    Raises TrellisError with what went wrong.
    """
    end, state = time.monotonic() + seconds, session.start()
    while time.monotonic() < end:
        session.tick()
        job = state.jobs[job_id]
        if job.is_resting and not state.arrival.is_awaited(job):
            break
        time.sleep(session.TICK_SECONDS / 2)
    if job.stage in (Stage.FAILED, Stage.CANCELLED, Stage.UNCERTAIN):
        raise TrellisError(job.message)
    return job
