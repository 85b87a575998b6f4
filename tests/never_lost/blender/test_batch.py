"""A batch from the panel, while Blender is killed or the disk fills up: each picture is paid for once, none is lost."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator, Fault
from tests.never_lost.blender.child import Blender
from tests.never_lost.blender.conftest import JOBS, install
from tests.never_lost.world import new_emulator, picture_in, until

COUNT = 5
DISK_BYTES = 16_000_000
Open = Callable[..., Blender]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Yield a server of its own."""
    with new_emulator() as running:
        yield running


@pytest.fixture
def resources(tmp_path: Path) -> Path:
    """Return the user folder of all Blenders of one test."""
    return install(tmp_path / "Blender der Werkstatt")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a folder of pictures."""
    for number in range(COUNT):
        picture_in(tmp_path / "Stühle").rename(tmp_path / "Stühle" / f"Stuhl {number}.png")
    return tmp_path / "Stühle"


@pytest.fixture
def open_blender(resources: Path, emulator: Emulator) -> Iterator[Open]:
    """Yield what starts a Blender and waits until it knows its jobs; all are killed in the end."""
    opened: list[Blender] = []

    def open_one(*before: str) -> Blender:
        opened.append(Blender(resources, emulator.url, *before))
        opened[-1].until(lambda state: state["loaded"], "loading")
        return opened[-1]

    yield open_one
    for blender in opened:
        blender.kill()


def batch_of(blender: Blender) -> dict[str, Any]:
    """Return the one batch that it knows; empty if it knows none."""
    batches: list[dict[str, Any]] = blender.state.get("batches") or [{}]
    return batches[0]


def finish(blender: Blender, emulator: Emulator) -> None:
    """See the batch to its end: each picture was paid for once, and each has its model."""
    blender.until(lambda _state: batch_of(blender).get("is_over"), "the end of the batch")
    assets = emulator.assets
    paid = Counter(assets[str(job.input["image"])].name for job in emulator.jobs.values())
    assert paid == {f"Stuhl {number}.png": 1 for number in range(COUNT)}
    assert batch_of(blender)["models"] == COUNT


def test_blender_is_killed_again_and_again_and_another_one_goes_on(
    open_blender: Open, resources: Path, pictures: Path, emulator: Emulator
) -> None:
    """One story, because each start of a Blender takes seconds."""
    blender = open_blender()
    blender.tell("hold_plan", write=1)
    blender.tell("generate_batch", folder=str(pictures))
    blender.until(lambda state: state["held"], "the plan, about to be written")
    blender.rest()
    blender.kill()
    assert (emulator.calls["upload"], emulator.calls["submit"]) == (0, 0)  # nothing is begun without its plan

    emulator.job_seconds = 3600.0
    blender = open_blender()
    assert blender.state["batches"] == []
    blender.tell("hold_plan", write=2)
    blender.tell("generate_batch", folder=str(pictures))
    blender.until(lambda state: state["held"] and state["jobs"], "a job that the plan on the disk does not know")
    until(lambda: emulator.paid, "its paid call")
    blender.kill()

    (plan,) = (resources / JOBS / "batches").glob("*/batch.json")
    blender = open_blender()
    blender.tell("hold", event="created", when="before")
    blender.until(lambda state: state["held"], "a job's folder, about to get its name")
    until(lambda: plan.read_bytes().count(b'"is_begun": true') > folders(resources), "a picture begun without a job")
    blender.kill()

    emulator.fault("upload", Fault(until=(gate := threading.Event())), times=None)
    blender, sent = open_blender(), emulator.calls["upload"]
    until(lambda: emulator.calls["upload"] > sent, "pictures on their way")
    blender.tell("hold_plan", write=1)
    blender.rest()
    emulator.job_seconds = 0.1
    for job in emulator.jobs.values():
        job.seconds = 0.1
    blender.until(lambda state: state["held"] and batch_of(blender)["models"], "a model that the plan does not know of")
    another = open_blender()
    another.until(lambda state: any(job["foreign"] for job in state["jobs"].values()), "the other's job")
    assert another.state["batches"] == []
    blender.kill()
    gate.set()
    emulator.heal("upload")
    finish(another, emulator)


def folders(resources: Path) -> int:
    """Return how many jobs there are on the disk."""
    return len(list((resources / JOBS).glob("*/job.json")))


if sys.platform == "linux":  # a small real disk can be mounted for one process only there

    def test_on_a_full_disk_nothing_is_begun_and_with_room_again_all_pictures_become_models(
        open_blender: Open, resources: Path, pictures: Path, emulator: Emulator
    ) -> None:
        """The disk is a real one, for this Blender alone (mount namespaces)."""
        (resources / JOBS).mkdir(parents=True)
        as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        mount = f'mount -t tmpfs -o size={DISK_BYTES} tmpfs "$0" && exec "$@"'
        blender = open_blender("unshare", *as_root, "--mount", "sh", "-c", mount, str(resources / JOBS))
        blender.tell("fill")
        blender.tell("generate_batch", folder=str(pictures))
        blender.until(lambda _state: batch_of(blender).get("trouble"), "the trouble")
        blender.rest()
        assert "No space left" in batch_of(blender)["trouble"]
        assert emulator.calls["submit"] == 0
        blender.tell("make_room")

        emulator.fault("upload", Fault(until=(gate := threading.Event())), times=None)
        until(lambda: emulator.calls["upload"], "the first pictures on their way")
        blender.tell("fill")  # in the middle
        gate.set()
        emulator.heal("upload")
        # what another job deletes may leave room for one that is on the disk then, and paid for
        blender.until(lambda state: any(job["trouble"] for job in state["jobs"].values()), "the trouble of a job")
        blender.tell("make_room")
        blender.until(lambda state: any(job["stage"] == "ready" for job in state["jobs"].values()), "the first model")
        if batch_of(blender)["is_paused"]:
            blender.tell("resume_batch")
        finish(blender, emulator)
