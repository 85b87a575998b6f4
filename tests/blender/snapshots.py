"""Jobs as the panel sees them, made for a test: no runner, no network, and a folder only where it is asked for."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BEGUN = 1_795_342_000.0
"""When the first job was begun, in seconds since 1970; each later one a second after that."""


def snapshot(addon: Any, stage: str = "imported", number: int = 0, **values: Any) -> Any:
    """Return a job in that stage: the `number`-th that was begun."""
    known = {
        "id": f"20261122-{number:06d}-abcdef",
        "name": "Tür",
        "picture": "source.png",
        "picture_name": "Tür.png",
        "parameters": addon.begin.TRELLIS_2.complete({}, 7),
        "created": BEGUN + number,
        "stage": addon.begin.Stage(stage),
    }
    return addon.session.Job(**{**known, **values})


def written(addon: Any, stage: str = "imported", number: int = 0, **values: Any) -> Any:
    """Return the same job after writing it to its folder, as an earlier session left it."""
    job = snapshot(addon, stage, number, **values)
    folder = addon.session.jobs_root() / job.id
    folder.mkdir(parents=True)
    addon.begin.job_folder.save(folder, job)
    return job


@contextlib.contextmanager
def session_with(addon: Any, jobs: Iterable[Any], notices: Iterable[str] = (), waiting_for: str = "") -> Iterator[Any]:
    """Let the add-on believe that these are its jobs, oldest first, and yield its session."""
    state = addon.state.State()
    state.messages.notices += [addon.session.Notice(text) for text in notices]
    known = {job.id: job for job in jobs}
    state.session = session = addon.state.Session(SimpleNamespace(), Path("jobs"), state.messages, known)
    if waiting_for:  # the newest job's model does
        session.importer.read = addon.importing.ModelRead(next(reversed(known)), None)
        session.importer.waiting_for = waiting_for
        session.importer.wanted.add(session.importer.read.id)
    before = addon.session.use(state)
    try:
        addon.rows.show_jobs(addon.session.newest_first())
        yield session
    finally:
        addon.session.use(before)
        addon.rows.show_jobs(())
