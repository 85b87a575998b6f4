# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a job is, as one number for every bar that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .job import Job, Stage

# How much of the bar a stage has behind it and takes up: most of the time is the generation's.
BAR: Mapping[Stage, tuple[float, float]] = MappingProxyType(
    {
        Stage.QUEUED: (0.0, 0.0),
        Stage.UPLOADING: (0.02, 0.0),
        Stage.SUBMITTING: (0.08, 0.0),
        Stage.UNCONFIRMED: (0.08, 0.0),
        Stage.RUNNING: (0.1, 0.75),
        Stage.DOWNLOADING: (0.85, 0.13),
        Stage.READING: (0.98, 0.0),
    }
)
_WHOLE = (1.0, 0.0)


def fraction(job: Job, generated: float | None = None) -> float:
    """How much of the whole way lies behind the job, 0 to 1; 1 for one that rests.

    `generated`: how far the generation is, 0 to 1, where that is known better than from the server's progress alone.
    """
    begin, share = BAR.get(job.stage, _WHOLE)
    within = job.progress if generated is None or job.stage is not Stage.RUNNING else generated
    return begin + share * within
