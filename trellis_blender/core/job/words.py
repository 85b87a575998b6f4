# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a job stands, in the artist's words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .job import Job, Stage

WORDS: Mapping[Stage, str] = MappingProxyType(
    {
        Stage.QUEUED: "Queued",
        Stage.UPLOADING: "Uploading",
        Stage.SUBMITTING: "Submitting",
        Stage.UNCONFIRMED: "Looking for the Answer",
        Stage.RUNNING: "Generating",
        Stage.DOWNLOADING: "Downloading",
        Stage.READING: "Reading",
        Stage.READY: "Ready",
        Stage.IMPORTED: "Imported",
        Stage.FAILED: "Failed",
        Stage.CANCELLED: "Cancelled",
        Stage.UNCERTAIN: "Uncertain",
    }
)
_WAITING = ("pending", "queued", "warming-up")
_MAYBE_PAID = frozenset({Stage.SUBMITTING, Stage.UNCONFIRMED, Stage.RUNNING})
NOT_STOPPED = "Scenario does not stop a running model; it is paid for and will be kept"


def stage_words(job: Job, generated: float) -> str:
    """Where the job stands, in a word or two, with the server's progress where it tells one.

    `generated` is how far the bar says that the generation is, 0 to 1: no other number may stand beside it.
    """
    if job.foreign:
        return f"{WORDS[job.stage]} in Another Blender"
    if job.cancel_asked and not job.cancel_refused:
        return "Asking Scenario to stop" if job.stage in _MAYBE_PAID else "Cancelling"
    if percent(job, generated):
        return f"Generating {percent(job, generated)}"
    if job.stage is Stage.RUNNING and job.remote_status in _WAITING:
        return "Waiting at Scenario"
    return WORDS[job.stage]


def percent(job: Job, generated: float) -> str:
    """The same as a number alone, empty while the server tells no progress."""
    is_told = job.stage is Stage.RUNNING and job.progress > 0 and not (job.foreign or job.asks_to_stop)
    return f"{generated:.0%}" if is_told else ""


def state_sentence(job: Job) -> str:
    """What there is to say of the job, empty when all is well: why it ended, what keeps it waiting, or that Scenario
    goes on with it although the artist wanted it stopped.
    """
    not_stopped = NOT_STOPPED if job.cancel_refused and not job.is_resting else ""
    return job.message or job.trouble or not_stopped


def cost_words(cost: float) -> str:
    """So many of Scenario's creative units."""
    return f"{number(cost)} CU"


def number(amount: float) -> str:
    """Creative units as Blender writes numbers: 12, 7.25."""
    return f"{amount:.10g}"
