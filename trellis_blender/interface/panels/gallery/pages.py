# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the jobs that match the gallery's search. They are found anew only when the search or the jobs change.

`gallery` is what the artist looks for: a `TRELLIS2_PG_gallery`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ....core.job.job import RESTING, Job, Stage
from ....jobs import session

SIZE = 12  # thumbnails on a page: a sidebar of default width shows three beside each other
STAGES: Mapping[str, frozenset[Stage]] = MappingProxyType(
    {
        "ALL": frozenset(Stage),
        "RUNNING": frozenset(Stage) - RESTING,
        "READY": frozenset({Stage.READY}),
        "IMPORTED": frozenset({Stage.IMPORTED}),
        "FAILED": frozenset({Stage.FAILED, Stage.UNCERTAIN}),
        "CANCELLED": frozenset({Stage.CANCELLED}),
    }
)


def count(gallery: Any) -> int:
    """Return how many pages there are, at least 1."""
    return max(1, -(-len(_matching(gallery)) // SIZE))


def page(gallery: Any) -> Sequence[str]:
    """Return the ids of the jobs on the page that is open: the last one, if the jobs of a later one are gone."""
    first = (min(gallery.page, count(gallery)) - 1) * SIZE
    return _matching(gallery)[first : first + SIZE]


def _matching(gallery: Any) -> Sequence[str]:
    """Return the ids of all jobs that match, newest first."""
    running, found = session.running(), session.state().gallery
    wanted = (gallery.search, gallery.state, gallery.only_favorites, running and running.changes)
    if found.wanted != wanted:
        words, stages = gallery.search.casefold().split(), STAGES[gallery.state]
        found.wanted = wanted
        found.shown = [
            job.id
            for job in session.newest_first()
            if session.shown_stage(job) in stages
            and (not gallery.only_favorites or session.is_favorite(job.id))
            and _is_named(job, words)
        ]
    return found.shown


def _is_named(job: Job, words: Sequence[str]) -> bool:
    if not words:
        return True
    name = job.name.casefold()
    return all(word in name for word in words)
