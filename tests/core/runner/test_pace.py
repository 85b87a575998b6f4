"""When things happen, by the product's own seconds and a clock that the test moves."""

from __future__ import annotations

import dataclasses
import queue
import time
from collections.abc import Callable

import pytest

from emulator import Emulator, Fault, Service
from tests.clock import MovedClock
from tests.core.studio import STEADY, Studio, account_of
from trellis_blender.core.job.job import Stage
from trellis_blender.core.runner.job_store import JobStore
from trellis_blender.core.runner.timing import Clock, Note, Timing

Open = Callable[..., Studio]
LIMIT = Fault(status=429, details={"actionName": "custom", "actionLimit": 1})


def at(studio: Studio, job_id: str, *stages: Stage) -> Callable[[], bool]:
    return lambda: job_id in studio.jobs and studio.jobs[job_id].stage in stages


def pauses(clock: MovedClock, count: int) -> list[float]:
    """How long the runner waits, one time after the other."""
    seen = []
    for _ in range(count):
        seen.append(round(clock.wanted(), 6))
        clock.move(seen[-1])
    return seen


def test_retries_back_off_to_a_minute_and_become_quick_again(
    steady: Studio, emulator: Emulator, clock: MovedClock
) -> None:
    emulator.fault("upload", Fault(status=500), times=8)
    emulator.fault("submit", Fault(status=429), times=3)
    steady.add()
    assert pauses(clock, 8) == [1, 2, 4, 8, 16, 32, 60, 60]
    assert pauses(clock, 3) == [1, 2, 4]


def test_polling_backs_off_when_it_fails_and_becomes_quick_again(
    steady: Studio, emulator: Emulator, clock: MovedClock
) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    emulator.fault("job", Fault(status=500), times=4)
    steady.reach(steady.add(), Stage.RUNNING)
    seen = pauses(clock, 5)
    assert seen[:4] == [1, 2, 4, 8]
    assert seen[4] < 4
    emulator.fault("job", Fault(status=500), times=2)
    assert pauses(clock, 2) == [1, 2]


@pytest.mark.parametrize("call", ["job", "asset"])
def test_a_paid_job_that_a_wrong_key_holds_goes_on_at_once_with_the_right_one(
    steady: Studio, emulator: Emulator, clock: MovedClock, call: str
) -> None:
    job_id = steady.add()
    steady.reach(job_id, Stage.RUNNING)
    emulator.fault(call, Fault(status=401))
    steady.skip_until(clock, lambda: steady.jobs[job_id].trouble, "the trouble")
    now, calls = clock.now(), emulator.calls[call]
    steady.runner.use(account_of(emulator))
    steady.until(lambda: emulator.calls[call] > calls, "going on")
    assert clock.now() == now


def test_a_paid_job_that_nobody_helps_is_tried_again_every_half_minute(
    steady: Studio, emulator: Emulator, clock: MovedClock
) -> None:
    emulator.fault("asset", Fault(status=401), times=3)
    job_id = steady.add()
    steady.skip_until(clock, lambda: job_id in steady.jobs and steady.jobs[job_id].trouble, "the trouble")
    assert pauses(clock, 3) == [30, 30, 30]
    steady.until(at(steady, job_id, Stage.READY), "the model")


def test_retry_waits_for_nothing(steady: Studio, emulator: Emulator, clock: MovedClock) -> None:
    emulator.fault("submit", Fault(status=402))
    job = steady.reach(steady.add(), Stage.FAILED)
    steady.again(job.id)
    steady.reach(job.id, Stage.RUNNING)
    assert clock.now() == 1000.0


@pytest.mark.parametrize("emulator", [Service(cancels=True)], indirect=True, ids=["stops"])
def test_cancel_waits_for_nothing(steady: Studio, emulator: Emulator, clock: MovedClock) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    job_id = steady.add()
    steady.reach(job_id, Stage.RUNNING)
    emulator.fault("job", Fault(status=401))
    steady.skip_until(clock, lambda: steady.jobs[job_id].trouble, "the trouble")
    now = clock.now()
    steady.runner.cancel(job_id)
    steady.until(at(steady, job_id, Stage.CANCELLED), "the end")
    assert clock.now() == now


def fill(studio: Studio, emulator: Emulator, waiting: int) -> list[str]:
    """One job that runs until it is stopped at Scenario, and so many that wait for its end; their ids."""
    emulator.fault("submit", Fault(job="never_ends"), times=1)
    emulator.fault("submit", LIMIT, times=waiting, after=1)
    ids = [studio.add()]
    studio.until(at(studio, ids[0], Stage.RUNNING), "the first")
    for _ in range(waiting):
        ids.append(studio.add())
        studio.until(lambda: ids[-1] in studio.jobs and studio.jobs[ids[-1]].trouble, "the limit")
    return ids


def end_first(studio: Studio, emulator: Emulator, clock: MovedClock, first: str) -> None:
    """Let the first job end at Scenario, and the runner hear of it."""
    next(iter(emulator.jobs.values())).canceled = time.time()
    clock.move(clock.wanted())  # to the next look at it, and no further: those at the limit wait for a minute
    studio.until(at(studio, first, Stage.CANCELLED), "the end of the first")


def test_a_job_at_the_limit_is_sent_when_one_of_ours_ends(
    steady: Studio, emulator: Emulator, clock: MovedClock
) -> None:
    first, second = fill(steady, emulator, 1)
    assert "1 of your jobs" in steady.jobs[second].trouble
    assert emulator.calls["submit"] == 2
    end_first(steady, emulator, clock, first)
    steady.until(at(steady, second, Stage.RUNNING), "the second")
    assert clock.now() - 1000 < 60
    assert (emulator.calls["submit"], emulator.paid) == (3, 2)


def test_while_a_job_waits_at_the_limit_the_end_of_another_is_looked_for_every_second(
    steady: Studio, emulator: Emulator, clock: MovedClock
) -> None:
    fill(steady, emulator, 1)
    for _ in range(30):  # a job of half a minute is otherwise asked about every 2.4 seconds
        steady.until(lambda: round(clock.wanted(), 6) == STEADY.poll_first, "the next look")
        clock.move(STEADY.poll_first)


def test_of_many_at_the_limit_each_end_sends_the_oldest(steady: Studio, emulator: Emulator, clock: MovedClock) -> None:
    first, second, third = fill(steady, emulator, 2)
    end_first(steady, emulator, clock, first)
    steady.until(at(steady, second, Stage.RUNNING), "the second")
    assert steady.jobs[third].stage is Stage.UPLOADING
    assert emulator.calls["submit"] == 4


def test_a_job_at_the_limit_is_sent_after_a_minute_where_none_of_ours_runs(
    steady: Studio, emulator: Emulator, clock: MovedClock
) -> None:
    emulator.fault("submit", LIMIT, times=2)
    job_id = steady.add()
    steady.trouble(job_id)
    assert pauses(clock, 2) == [60, 60]
    steady.until(at(steady, job_id, Stage.RUNNING), "the submit")
    assert emulator.paid == 1


def test_a_limit_that_names_the_time_to_wait_is_waited_for_so_long(
    steady: Studio, emulator: Emulator, clock: MovedClock
) -> None:
    emulator.fault("submit", dataclasses.replace(LIMIT, remaining_seconds=7))
    steady.trouble(steady.add())
    assert pauses(clock, 1) == [7]


def test_a_runner_whose_jobs_rest_waits_for_a_note_alone(steady: Studio, clock: MovedClock) -> None:
    job_id = steady.add()
    steady.skip_until(clock, at(steady, job_id, Stage.READY), "the model")
    assert clock.rests()


def test_while_a_call_is_under_way_the_runner_waits_for_it_alone(
    steady: Studio, emulator: Emulator, clock: MovedClock
) -> None:
    emulator.fault("upload", Fault(delay=0.5))
    steady.add()
    steady.until(lambda: emulator.calls["upload"], "the upload")
    assert clock.rests()


def test_without_an_account_the_runner_only_looks_what_other_blenders_do(
    open_studio: Open, emulator: Emulator, clock: MovedClock
) -> None:
    studio = open_studio(timing=dataclasses.replace(Timing(), jitter=0.0), clock=clock, use_account=False)
    job_id = studio.add()
    studio.until(lambda: job_id in studio.jobs, "the job")
    assert pauses(clock, 3) == [3, 3, 3]


def clock_note() -> None:
    """Do nothing."""


def test_the_runners_own_clock_waits_for_a_note_or_for_the_time() -> None:
    clock, notes = Clock(), queue.SimpleQueue[Note]()
    begun = time.monotonic()
    assert clock.next_note(notes, 0.05) is None
    assert time.monotonic() - begun >= 0.05
    assert begun <= clock.now() <= time.monotonic()
    notes.put(clock_note)
    assert clock.next_note(notes, None) is clock_note


@pytest.mark.unexpected
def test_a_mistake_in_a_note_is_told_and_the_runner_goes_on(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(JobStore, "tidy", lambda _store, _days: 1 / 0)
        studio.runner.tidy(None)
        studio.until(studio.notices, "the notice")
    assert studio.notices()[0].startswith("Something unexpected happened (ZeroDivisionError).")
    studio.reach(studio.add(), Stage.READY)


@pytest.mark.unexpected
def test_a_mistake_in_what_is_due_is_told_and_the_runner_goes_on(
    studio: Studio, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    studio.reach(studio.add(), Stage.RUNNING)
    with monkeypatch.context() as patch:
        patch.setattr(JobStore, "check_others", lambda _store: 1 / 0)
        studio.until(studio.notices, "the notice")
    studio.reach(studio.add(), Stage.READY)
