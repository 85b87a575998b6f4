# SPDX-License-Identifier: GPL-3.0-or-later
"""A job in the artist's words and numbers: where it stands, how far it is, what it cost, when and how long.

Dates look as in Blender's file browser, which itself has no other language for its months; ours are translated as whole
dates, since each language has its own order. Durations look as in the header of Blender's renders.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ..errors import Text
from ..text import one_line
from .job import AT_SCENARIO, GENERATED, Job, Stage
from .spending import charged

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
PLAIN_LENGTH = 40  # characters of a name that we give
_WAITING = ("pending", "queued", "warming-up")
NOT_STOPPED = "Scenario does not stop a running model; it is paid for and will be kept"
WILL_BE_KEPT = "The model is paid for; it will be kept in the list, and not imported"
KEPT = "You cancelled this, but the model is paid for. It is kept here; press Import to use it"


def stage_words(job: Job, generated: float) -> str:
    """Return where the job stands, in a word or two, with a percentage if the server reports one.

    `generated`: how far the bar says the generation is, 0 to 1. The words must show the same number.
    """
    if job.foreign:
        return Text("{words} in Another Blender", words=WORDS[job.stage])
    if job.cancel_asked and not job.cancel_refused and job.stage not in GENERATED:
        return cancelling_words(job)
    if percent(job, generated):
        return Text("Generating {percent}", percent=percent(job, generated))
    if job.stage is Stage.RUNNING and job.remote_status in _WAITING:
        return "Waiting at Scenario"
    return WORDS[job.stage]


def cancelling_words(job: Job) -> str:
    """Return the same for a job that the artist has just cancelled."""
    return "Asking Scenario to stop" if job.stage in AT_SCENARIO else "Cancelling"


def percent(job: Job, generated: float) -> str:
    """Return the percentage alone; empty while the server reports no progress."""
    is_told = job.stage is Stage.RUNNING and job.progress > 0 and not (job.foreign or job.asks_to_stop)
    return f"{generated:.0%}" if is_told else ""


def state_sentence(job: Job) -> str:
    """Return why the job ended or waits, or that a model is kept although it was cancelled; empty if all is well."""
    if job.message or job.trouble or not job.cancel_asked:
        return job.message or job.trouble
    if job.stage in GENERATED:
        return WILL_BE_KEPT
    if job.stage is Stage.READY:
        return KEPT
    return NOT_STOPPED if job.cancel_refused and not job.is_resting else ""


_PLACE = re.compile(r" (\d+)/\d+$")


def numbered(name: str, taken: Iterable[str]) -> str:
    """Return the name with the number after the highest among the taken names: “Render 001”, “Render 002”.

    The number of variations, “Render 002 1/4”, is taken too.
    """
    same = re.compile(re.escape(name) + r" (\d+)(?: \d+/\d+)?")
    numbers = [int(match[1]) for match in map(same.fullmatch, taken) if match]
    return f"{name} {max(numbers, default=0) + 1:03d}"


def plain_name(name: str) -> str:
    """Return a name for a job: the picture's, shortened, with every run of white space as one space."""
    return re.sub(r"\s+", " ", one_line(name)).strip()[:PLAIN_LENGTH].strip() or "Trellis Model"


def job_names(name: str, count: int) -> list[str]:
    """Return the names of `count` jobs with the same picture: “apfel 1/4” and so on, if there are several."""
    name = plain_name(name)
    return [f"{name} {place}/{count}" for place in range(1, count + 1)] if count > 1 else [name]


def picture_name(job: Job) -> str:
    """Return the job's name without its place among the variations: “apfel”."""
    return _PLACE.sub("", job.name) if job.batch else job.name


def object_name(job: Job) -> str:
    """Return the name of the job's model in the scene: “apfel 2” for a variation, since no file's name has a slash."""
    return _PLACE.sub(r" \1", job.name) if job.batch else job.name


def cost_words(cost: float) -> str:
    """Return an amount of Scenario's compute units."""
    return Text("{number} CU", number=number(cost))


def charge_words(job: Job) -> str:
    """Return what a job that failed or was cancelled cost, in a few words; empty for another job, or if not known."""
    if job.stage not in (Stage.FAILED, Stage.CANCELLED) or job.may_be_paid:
        return ""
    spent = charged(job)
    if spent:
        cost = cost_words(spent)
        return Text("{cost} charged", cost=cost)
    return "" if job.holds_model else "Nothing charged"


def number(amount: float) -> str:
    """Return compute units: 12, 7.25, 1,200."""
    return f"{amount:,.10g}"


def size_words(size: int) -> str:
    """Return the size of files, given in bytes: 850 kB, 12.3 MB."""
    if size >= 1e6:
        return Text("{size} MB", size=f"{size / 1e6:,.1f}")
    return Text("{size} kB", size=max(1, round(size / 1e3)))


_DAY = 24 * 3600
_DATES = (
    "{day} Jan {year} {clock}",
    "{day} Feb {year} {clock}",
    "{day} Mar {year} {clock}",
    "{day} Apr {year} {clock}",
    "{day} May {year} {clock}",
    "{day} Jun {year} {clock}",
    "{day} Jul {year} {clock}",
    "{day} Aug {year} {clock}",
    "{day} Sep {year} {clock}",
    "{day} Oct {year} {clock}",
    "{day} Nov {year} {clock}",
    "{day} Dec {year} {clock}",
)


def duration(seconds: float) -> str:
    """Return minutes and seconds as `1:05`, from one hour on with hours as `1:01:05`."""
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def date(moment: float, now: float) -> str:
    """Return a day and time, in seconds since 1970: `22 Nov 2026 10:45`, `Today 10:45` or `Yesterday 10:45`."""
    local = time.localtime(moment)
    clock, day = time.strftime("%H:%M", local), local[:3]
    if day == time.localtime(now)[:3]:
        return Text("Today {clock}", clock=clock)
    if day == time.localtime(now - _DAY)[:3]:
        return Text("Yesterday {clock}", clock=clock)
    return Text(_DATES[local.tm_mon - 1], day=f"{local.tm_mday:02d}", year=local.tm_year, clock=clock)


# For each stage: the bar at its start, and the share it fills. The generation takes most of the time.
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


def fraction(job: Job, generated: float | None = None) -> float:
    """Return how much of the whole job is done, 0 to 1; 1 for a job that rests.

    `generated`: how far the generation is, 0 to 1, if that is known better than from the server's progress alone.
    """
    begin, share = BAR.get(job.stage, (1.0, 0.0))
    within = job.progress if generated is None or job.stage is not Stage.RUNNING else generated
    return begin + share * within
