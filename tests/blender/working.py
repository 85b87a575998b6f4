"""Working with the add-on as a script without a window does: call an operator, and tick until something is so."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import bpy

from tests.addon import addon
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# The add-on's operators and properties are in no stubs.
OPS: Any = bpy.ops
ROUNDS = 3
SMALL: dict[str, Any] = {"decimation_target": 100_000, "texture_size": "1024", "seed": 7}
"""The smallest model that the API makes; the fixed seed lets the emulator make it only once."""


def generate(picture: Path, **given: Any) -> str:
    """Begin a job with the picture and return its id. Raises RuntimeError with the operator's report."""
    assert OPS.trellis2.generate_image(filepath=str(picture), **{**SMALL, **given}) == {"FINISHED"}
    return newest_job().id  # type: ignore[no-any-return]  # a Job of the add-on, which has no types here


def finish(picture: Path, **given: Any) -> Any:
    """Make a model, wait until it is in the scene and measured, and return the job."""
    generate(picture, wait=True, **given)
    rest()
    return newest_job()


def newest_job() -> Any:
    """Return the newest job that the session knows."""
    return next(addon.session.newest_first())


def job(job_id: str) -> Any:
    """Return the job as the panel shows it."""
    return addon.session.jobs()[job_id]


def tick_until(is_so: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Tick until it is so; fail with all jobs' stages when that takes longer than `seconds`."""
    end = time.monotonic() + seconds
    while not is_so():
        stages = [(each.stage.value, each.message or each.trouble) for each in addon.session.jobs().values()]
        assert time.monotonic() < end, f"it did not happen; jobs: {stages}, notices: {addon.session.notices()}"
        addon.session.tick()
        time.sleep(0.01)


def rest() -> None:
    """Tick until all that was begun is done and told: what has not happened then does not happen.

    In rounds, since one thing leads to the next. In each the runner's thread does what it was left, and the thread that
    works things out comes to what it was given last.
    """
    session = addon.session.running()
    for _ in range(ROUNDS):
        is_done = threading.Event()
        session.runner.compute(is_done.set)
        tick_until(lambda is_done=is_done: is_done.is_set() and session.runner.messages.empty())  # type: ignore[misc]
        tick_until(lambda: not session.importer.reading and session.importer.client.task is None)
        addon.session.tick()


def refusal(call: Callable[[], object]) -> str:
    """Return what an operator reports that refuses; "" when it does not refuse."""
    try:
        call()
    except RuntimeError as error:
        return str(error).strip().removeprefix("Error: ")
    return ""


def waiting_reason() -> str:
    """Return why a model that was read is not in the scene yet, "" where none waits."""
    return next(filter(None, map(addon.session.waiting_for, addon.session.jobs().values())), "")


def stage_of(job_id: str) -> str:
    """Return the job's stage as it is written to disk."""
    return str(job(job_id).stage.value)


def meshes() -> list[Any]:
    """Return all mesh objects of the file."""
    return [thing for thing in bpy.data.objects if thing.type == "MESH"]
