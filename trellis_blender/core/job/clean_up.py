# SPDX-License-Identifier: GPL-3.0-or-later
"""Which jobs can be removed together, and what would be lost with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

from .job import Job, Stage


class Kind(StrEnum):
    """A kind of ended jobs. The value is a property of the operator that removes them."""

    IMPORTED = "imported"
    """The model was imported."""
    WITHOUT_MODEL = "without_model"
    """The job failed or was cancelled, and nothing that was paid for is lost with it."""
    NEVER_IMPORTED = "never_imported"
    """The model was paid for and never imported, or the import was undone."""


def kind_of(job: Job) -> Kind | None:
    """Return the kind of an ended job. None: it is at work, or may have been paid for, which only its owner can say."""
    if job.stage is Stage.IMPORTED:
        return Kind.IMPORTED
    if not job.is_resting or job.may_be_paid:
        return None
    return Kind.NEVER_IMPORTED if job.holds_model else Kind.WITHOUT_MODEL


def by_kind(jobs: Iterable[Job], lost: Collection[str] = ()) -> Mapping[str, list[str]]:
    """Return the ids of the jobs that can be removed, by their kind. `lost`: those whose model left the scene again."""
    found: dict[str, list[str]] = {kind: [] for kind in Kind}
    for job in jobs:
        kind = Kind.NEVER_IMPORTED if job.id in lost else kind_of(job)
        if kind is not None:
            found[kind].append(job.id)
    return found
