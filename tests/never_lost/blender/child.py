"""A real Blender for a test: the add-on installed as an extension, told what to do line by line, and killed.

`Blender` is the process from outside. Run as a script it is the process: it reads one JSON object a line and answers
with the state of the jobs, as JSON, whenever that changes. What stops a job at a step is put in place here, in the
test's own process, by wrapping the functions that write: the add-on knows nothing of it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.addon import ADDON, addon
from tests.patience import PATIENCE


class Blender:
    """The process. `state` is what it told last: `jobs` by id, `held` (stopped at a step), the number of `models`."""

    def __init__(self, resources: Path, address: str, *before: str) -> None:
        """Start it. `before`: the words of a command that starts the rest of its words."""
        from environments import own_folders  # which only the tests' own process finds

        self.state: dict[str, Any] = {"jobs": {}, "held": False, "rested": False, "models": 0, "loaded": False}
        self._said: list[str] = []
        self._process = subprocess.Popen(
            [*before, sys.executable, "-X", "utf8", "-u", __file__, address],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), **own_folders(resources)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("@"):
                self.state = json.loads(line[1:])
            else:
                self._said.append(line)

    def tell(self, what: str, **options: object) -> None:
        """Have it do something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **options}) + "\n")
        self._process.stdin.flush()

    def until(self, is_so: Callable[[dict[str, Any]], object], what: str = "it") -> None:
        """Wait until its state is so. Raises AssertionError with what it said."""
        end = time.monotonic() + PATIENCE
        while not is_so(self.state):
            if time.monotonic() > end or self._process.poll() is not None:
                self.kill()
                raise AssertionError(f"{what} did not happen: {self.state}; it said {''.join(self._said[-30:])}")
            time.sleep(0.005)

    def reach(self, job_id: str, *stages: str) -> dict[str, Any]:
        """Wait until the job is at one of the stages; the job."""
        self.until(lambda state: state["jobs"].get(job_id, {}).get("stage") in stages, f"{job_id} at {stages}")
        return dict(self.state["jobs"][job_id])

    def rest(self) -> None:
        """Wait until it has done all that it was told up to now. Once for each Blender."""
        self.tell("rest")
        self.until(lambda state: state["rested"], "rest")

    def kill(self) -> None:
        """End it as a crash does: SIGKILL, on Windows TerminateProcess."""
        self._process.kill()
        self._process.wait()
        self._reader.join(PATIENCE)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:  # a line was under way to a process that is gone
                continue


# -- the process itself


_held, _rested = threading.Event(), threading.Event()


def _hold() -> None:
    """Stop this thread for good, and say so."""
    _held.set()
    threading.Event().wait()


def hold_at(event: str, when: str) -> None:
    """Stop the runner's thread just before, during or after the event is written to the disk."""
    job_store = addon.job_store
    folder, apply = job_store.job_folder, job_store.JobStore.apply
    files = addon.files
    save, rename, happening = folder.save, folder.rename, list[str]()

    def marked_apply(self: Any, entry: Any, what: Any) -> None:
        happening.append(type(what).__name__)
        apply(self, entry, what)
        happening.pop()

    def is_now() -> bool:
        return happening[-1:] == [event]

    def held_save(path: Path, job: Any, hold: Any = None) -> None:
        if is_now() and when == "before":
            _hold()
        save(path, job, hold)
        if is_now() and when == "after":
            _hold()

    def held_rename(source: Path, target: Path) -> None:
        is_creation = event == "created" and source.name.startswith(folder.UNFINISHED_PREFIX)
        is_during = is_now() and when == "during" and target.name == folder.JOB_FILE
        if is_during or (is_creation and when == "before"):
            _hold()
        rename(source, target)
        if is_creation and when == "after":
            _hold()

    job_store.JobStore.apply, folder.save = marked_apply, held_save
    folder.rename = files.rename = held_rename


def hold_plan(write: int) -> None:
    """Stop the thread that writes the plan of a batch just before its `write`-th write, from 1."""
    plans: Any = importlib.import_module(f"{ADDON}.core.batch.plan")
    write_whole, count = plans.write_whole, [0]

    def held_write(path: Path, data: bytes, **options: Any) -> None:
        count[0] += 1
        if count[0] == write:
            _hold()
        write_whole(path, data, **options)

    plans.write_whole = held_write


def fill(filler: Path) -> None:
    """Fill the disk to the last byte."""
    filler.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def _state(bpy: Any, session: Any) -> dict[str, Any]:
    shown = ("stage", "message", "remedy", "foreign", "trouble", "remote_id", "cancel_asked")
    current = session.running()
    return {
        "jobs": {job.id: {name: getattr(job, name) for name in shown} for job in session.jobs().values()},
        "held": _held.is_set(),
        "rested": _rested.is_set(),
        "models": sum(thing.type == "MESH" for thing in bpy.data.objects),
        "loaded": current is not None and current.is_loaded,
        "batches": [
            {
                "begun": sum(item.is_begun for item in batch.plan.items),
                "models": batch.models,
                "trouble": batch.plan.trouble or batch.file.trouble,
                "is_paused": batch.plan.is_paused,
                "is_over": batch.is_reported,
            }
            for batch in (current.batches.all if current is not None else ())
        ],
        "notices": [notice.sentence for notice in session.notices()],
    }


def _obey(bpy: Any, session: Any, order: dict[str, Any]) -> None:
    what, job_id = order["do"], order.get("job", "")
    if what == "hold":
        hold_at(order["event"], order["when"])
    elif what == "rest":
        session.start().runner.compute(_rested.set)
    elif what in ("hold_plan", "generate_batch", "fill", "make_room"):
        _obey_batch(bpy, session.start().root / "filler", order)
    elif what == "generate":
        bpy.ops.trellis2.generate_image(filepath=order["picture"], seed=order["seed"])
    elif what == "resume_unasked":
        session.start().runner.resume(job_id)
    elif what == "cancel_unasked":
        session.start().runner.cancel(job_id)
    else:
        session.tick()  # an artist presses what the panel shows by then
        getattr(bpy.ops.trellis2, what)(**({"job_id": job_id} if job_id else {}))


def _obey_batch(bpy: Any, filler: Path, order: dict[str, Any]) -> None:
    match order["do"]:
        case "hold_plan":
            hold_plan(order["write"])
        case "generate_batch":
            bpy.ops.trellis2.generate_batch(directory=order["folder"], use_import=False)
        case "fill":
            fill(filler)
        case _:
            filler.unlink()


def _orders() -> queue.SimpleQueue[dict[str, Any]]:
    orders: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            orders.put(json.loads(line))

    threading.Thread(target=read, daemon=True).start()
    return orders


def main() -> None:
    """Be a Blender, until the process is killed."""
    import bpy

    addon_utils = importlib.import_module("addon_utils")  # lies in a folder that only importing bpy makes known
    assert addon_utils.enable(ADDON, default_set=True) is not None
    preferences: Any = bpy.context.preferences.addons[ADDON].preferences  # type: ignore[union-attr,unused-ignore]
    preferences.api_key, preferences.api_secret, preferences.api_address = "test-key", "test-secret", sys.argv[1]
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    session = addon.session
    brisk = addon.timing.Timing(
        poll_first=0.05,
        poll_last=0.2,
        retry_first=0.05,
        retry_last=0.2,
        listing_lag=0.4,
        search=8.0,
        held=0.2,
        foreign=0.15,
    )
    runner = session.Runner
    session.Runner = lambda root, agent: runner(root, agent, brisk)
    addon.registration.resume_earlier()  # what a timer does when a Blender with a window has started
    session.start()
    orders, told = _orders(), ""
    while True:
        session.tick()
        state = json.dumps(_state(bpy, session))
        if state != told:
            told = state
            print("@" + state, flush=True)
        try:
            _obey(bpy, session, orders.get(timeout=0.01))
        except queue.Empty:
            continue


if __name__ == "__main__":
    main()
