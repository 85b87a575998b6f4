# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells all of a job in the tooltip of its row, which has room for what the row has not."""

from __future__ import annotations

import time
from pathlib import Path

from ...core.job import folder as job_folder
from ...core.job.job import Job
from ...core.job.spending import charged
from ...core.job.words import cost_words, date, duration, size_words, state_sentence
from ...core.request.presets import PRESETS, name_of
from ...host.translation.translation import translated
from ...jobs import session


def tooltip(job_id: str) -> str:
    """Return the job's name, state, preset, seed, date, size and cost, a line each."""
    job, running = session.jobs().get(job_id), session.running()
    if job is None or running is None:
        return ""
    texts = [session.words_of(job), *_origin(job), _times(job), _size(running.root / job.id)]
    texts.append(cost_words(charged(job)) if charged(job) else "")
    texts.append(state_sentence(job))
    return "\n".join([job.name, *(translated(text) for text in texts if text)])


def _origin(job: Job) -> list[str]:
    """Return preset and seed; nothing for a job that was only imported by its ID, whose parameters are unknown."""
    if not job.picture:
        return []
    preset = PRESETS.get(name_of(job.parameters))
    label = preset.label if preset is not None else "Own Parameters"
    return [f"Preset: {label}", f"Seed: {job.parameters['seed']}"]


def _times(job: Job) -> str:
    begun = date(job.created, time.time())
    return begun if job.ended is None else f"{begun} · {duration(job.ended - job.begun)}"


def _size(folder: Path) -> str:
    """Return the size of the job's files, empty if there are none."""
    try:
        size = job_folder.size(folder)
    except OSError:  # it was just removed
        return ""
    return size_words(size) if size else ""
