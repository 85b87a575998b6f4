"""Two Blenders with the same user folder: one drives a job, the other shows it, and what it remembers does no harm."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator, Fault, Service
from tests.never_lost.blender.child import Blender
from tests.never_lost.blender.conftest import JOBS, install
from tests.never_lost.world import OWN_WITH_MODEL, names_in, new_emulator, picture_in, until

Open = Callable[[], Blender]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """Yield the server of all these Blenders, which stops a job when it is asked to."""
    with new_emulator(service=Service(cancels=True)) as running:
        yield running


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the user folder that all these Blenders share."""
    return install(tmp_path_factory.mktemp("two Blenders"))


@pytest.fixture
def open_blender(resources: Path, emulator: Emulator) -> Iterator[Open]:
    """Yield what starts a Blender and waits until it knows its jobs; all are killed in the end."""
    opened: list[Blender] = []

    def open_one() -> Blender:
        opened.append(Blender(resources, emulator.url))
        opened[-1].until(lambda state: state["loaded"], "loading")
        return opened[-1]

    yield open_one
    for blender in opened:
        blender.kill()


def generate(blender: Blender, folder: Path) -> str:
    """Begin a job; its id."""
    known = set(blender.state["jobs"])
    blender.tell("generate", picture=str(picture_in(folder)), seed=7)
    blender.until(lambda state: set(state["jobs"]) - known, "the job")
    return str((set(blender.state["jobs"]) - known).pop())


def shown(blender: Blender, job_id: str) -> Callable[[Callable[[dict[str, Any]], object]], None]:
    """What waits until the blender shows the job as asked."""
    return lambda is_so: blender.until(lambda state: job_id in state["jobs"] and is_so(state["jobs"][job_id]), job_id)


def test_the_second_shows_the_job_leaves_it_alone_and_takes_it_over_when_the_first_is_killed(
    open_blender: Open, emulator: Emulator, tmp_path: Path
) -> None:
    paid, cancels = emulator.paid, emulator.calls["cancel"]
    first = open_blender()
    emulator.fault("submit", Fault(job="never_ends"))
    job_id = generate(first, tmp_path)
    first.reach(job_id, "running")
    second = open_blender()
    assert second.state["jobs"][job_id]["foreign"]
    second.tell("cancel_unasked", job=job_id)
    second.tell("resume_unasked", job=job_id)
    second.until(lambda state: state["notices"], "the answer to Retry")
    second.rest()
    assert "Another Blender is working on this job" in second.state["notices"][-1]
    assert (second.state["jobs"][job_id]["stage"], first.state["jobs"][job_id]["foreign"]) == ("running", False)
    assert (emulator.paid - paid, emulator.calls["cancel"]) == (1, cancels)
    first.kill()
    shown(second, job_id)(lambda job: not job["foreign"])
    second.tell("cancel", job=job_id)
    second.reach(job_id, "cancelled")
    assert (emulator.paid - paid, emulator.calls["cancel"]) == (1, cancels + 1)


def test_a_job_that_the_first_finishes_shows_as_finished_in_the_second(
    open_blender: Open, resources: Path, emulator: Emulator, tmp_path: Path
) -> None:
    paid = emulator.paid
    first = open_blender()
    may_go_on = threading.Event()
    emulator.fault("job", Fault(until=may_go_on))
    job_id = generate(first, tmp_path)
    first.reach(job_id, "running")
    second = open_blender()
    assert second.state["jobs"][job_id]["foreign"]
    may_go_on.set()
    first.reach(job_id, "imported")
    shown(second, job_id)(lambda job: job["stage"] in ("ready", "imported") and not job["foreign"])
    assert (first.state["models"], second.state["models"]) == (1, 0)
    second.tell("import_model", job=job_id)
    second.until(lambda state: state["models"] == 1, "the import")
    second.reach(job_id, "imported")
    until(lambda: names_in(resources / JOBS / job_id) == OWN_WITH_MODEL, "nothing else in its folder")
    assert emulator.paid - paid == 1


def test_retry_in_a_blender_with_old_news_pays_nothing(open_blender: Open, emulator: Emulator, tmp_path: Path) -> None:
    paid = emulator.paid
    first = open_blender()
    emulator.fault("submit", Fault(status=402))
    job_id = generate(first, tmp_path)
    first.reach(job_id, "failed")
    second = open_blender()
    second.reach(job_id, "failed")
    first.tell("retry", job=job_id)
    first.reach(job_id, "imported")
    first.rest()  # the first has written it, and let go of it
    assert second.state["jobs"][job_id]["stage"] == "failed"
    second.tell("retry", job=job_id)
    second.reach(job_id, "imported")
    assert second.state["jobs"][job_id]["remote_id"] == first.state["jobs"][job_id]["remote_id"]
    assert emulator.paid - paid == 1


@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "never arrived"])
def test_retry_with_old_news_of_a_job_whose_blender_was_killed_in_the_paid_call_searches_first(
    open_blender: Open, emulator: Emulator, tmp_path: Path, arrives: bool
) -> None:
    paid, submits = emulator.paid, emulator.calls["submit"]
    first = open_blender()
    emulator.fault("submit", Fault(status=402))
    job_id = generate(first, tmp_path)
    first.reach(job_id, "failed")
    second = open_blender()
    second.reach(job_id, "failed")
    emulator.fault("submit", Fault(delay=0.3, close=None if arrives else "before"))
    first.tell("retry", job=job_id)
    first.until(lambda _state: emulator.calls["submit"] == submits + 2, "the paid call")
    first.kill()
    second.tell("retry", job=job_id)
    second.until(lambda state: state["jobs"][job_id]["stage"] not in ("failed", "queued"), "its Retry")
    if arrives:
        second.reach(job_id, "ready", "imported")
    else:
        assert second.reach(job_id, "failed")["remedy"] == "submit_again"
    assert emulator.calls["submit"] == submits + 2
    assert emulator.paid - paid == int(arrives)


def test_a_job_that_the_first_removes_is_gone_from_the_second(
    open_blender: Open, resources: Path, emulator: Emulator, tmp_path: Path
) -> None:
    first = open_blender()
    emulator.fault("submit", Fault(job="never_ends"))
    other = generate(first, tmp_path)  # at work, so that both go on looking
    first.reach(other, "running")
    emulator.fault("upload", Fault(until=threading.Event()))
    job_id = generate(first, tmp_path)
    second = open_blender()
    shown(second, job_id)(lambda job: job["foreign"])
    first.tell("cancel", job=job_id)
    first.reach(job_id, "cancelled")
    first.tell("remove", job=job_id)
    for blender in (first, second):
        blender.until(lambda state: job_id not in state["jobs"], "the removal")
    assert not (resources / JOBS / job_id).exists()
    first.tell("cancel", job=other)
    first.reach(other, "cancelled")
