"""Jobs as the panel sees them, made for a test: no runner, no network, and a folder only where it is asked for."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

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
        "parameters": addon.begin.complete({}, 7),
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
    idle = SimpleNamespace(start=lambda: None, use=lambda *_given: None, stop=lambda: None, pictures=SimpleNamespace())
    state = addon.state.Session(
        idle, Path("jobs"), {job.id: job for job in jobs}, [addon.session.Notice(text) for text in notices]
    )
    if waiting_for:  # the newest job's model does
        state.arrival.read = addon.importing.ModelRead(next(reversed(state.jobs)), None)
        state.arrival.waiting_for = waiting_for
    addon.session.stop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addon.session, "Runner", lambda *_given: idle)
        patch.setattr(addon.session, "Session", lambda *_given: state)
        addon.session.start()
        addon.rows.show(addon.session.newest_first())
        try:
            yield state
        finally:
            state.runner = idle  # whatever a test has put in its place
            addon.session.stop()
    addon.rows.show(())
