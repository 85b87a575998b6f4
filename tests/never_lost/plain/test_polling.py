"""How often Scenario is asked: seldom, ever more seldom, and never before it wants to be asked again."""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from emulator import Emulator, Fault
from tests.clock import MovedClock
from tests.never_lost.plain.window import QUICK, Window, account, copy_of, new_job
from tests.never_lost.world import new_emulator
from trellis_blender.core.errors import PassingError
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.job import Stage
from trellis_blender.core.request.models import TRELLIS_2
from trellis_blender.core.runner.entries import JobEntry
from trellis_blender.core.runner.polling import Polling
from trellis_blender.core.runner.timing import Timing
from trellis_blender.core.scenario.api import Api
from trellis_blender.core.scenario.connection import Connections

WAITING = 250
ROUND = 0.5


class Always(random.Random):
    """Chance that always falls on the same side: 0 for no jitter, 1 for all of it."""

    def __init__(self, side: float) -> None:
        super().__init__()
        self._side = side

    def uniform(self, a: float, b: float) -> float:
        """The value at that side."""
        return a + (b - a) * self._side


@pytest.fixture
def slow_emulator() -> Iterator[Emulator]:
    """Yield an emulator whose jobs take an hour."""
    with new_emulator(job_seconds=3600) as running:
        yield running


def leave_running_jobs(root: Path, picture: Path, emulator: Emulator) -> None:
    """Jobs that an earlier Blender had submitted."""
    api = Api(account(emulator.url), Connections(), "proof")
    asset = api.upload(picture, "Stuhl.png", "image/png", lambda _seconds: True)
    for seed in range(WAITING):
        job = new_job(seed)
        remote = api.submit(TRELLIS_2, asset.id, job.parameters)
        job = dataclasses.replace(job, stage=Stage.RUNNING, asset_id=asset.id, uploaded_at=asset.created)
        job_folder.create(root, dataclasses.replace(job, remote_id=remote.id), copy_of(picture))


def test_many_waiting_jobs_cost_one_request_per_hundred_and_round(
    root: Path, picture: Path, slow_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", lambda _file: None)  # these jobs need survive nothing
        leave_running_jobs(root, picture, slow_emulator)
    timing = dataclasses.replace(QUICK, poll_first=ROUND, poll_last=ROUND, jitter=0.0, foreign=60.0)
    window = Window(root, slow_emulator, timing)
    begun = time.monotonic()
    window.wait_for(lambda: sum(bool(job.remote_status) for job in window.jobs.values()) == WAITING, "all news")
    calls, per_round = slow_emulator.calls, math.ceil(WAITING / 100)
    window.wait_for(lambda: calls["jobs"] + calls["job"] >= 2 * per_round, "two rounds")
    asked = calls["jobs"] + calls["job"]
    rounds = 1 + int((time.monotonic() - begun) / ROUND)
    window.close()
    assert asked <= rounds * per_round


def times_of_rounds(timing: Timing, seconds: float) -> list[float]:
    """When one running job is asked about in that time, by a clock that jumps from one round to the next."""
    clock = MovedClock()
    begun = clock.now()
    common, entry = Polling(timing, clock), JobEntry(new_job(7), Path("nowhere"), since=begun, reported=begun)
    rounds: list[float] = []
    while clock.now() < begun + seconds:
        assert common.due <= clock.now()
        common.start_round([entry])
        assert common.due == math.inf
        common.end_round({})
        rounds.append(clock.now() - begun)
        clock.move(common.due - clock.now())
    return rounds


def test_a_job_is_asked_about_every_second_at_first_and_every_ten_seconds_in_the_end() -> None:
    rounds = times_of_rounds(Timing(random=Always(0)), 600)
    pauses = [later - earlier for earlier, later in itertools.pairwise(rounds)]
    assert pauses[0] == 1.0
    assert pauses == sorted(pauses)
    assert pauses[-1] == 10.0
    assert len(rounds) < 100


def test_chance_only_ever_makes_the_pause_longer_and_never_much() -> None:
    least, most = Timing(random=Always(0)), Timing(random=Always(1))
    for age in (0, 30, 60, 600):
        assert 1.0 <= least.until_poll(age) <= 10.0
        assert 1.0 < most.until_poll(age) / least.until_poll(age) <= 1.25


def test_failures_double_the_pause_up_to_a_minute() -> None:
    timing = Timing(random=Always(0))
    assert [timing.until_retry(attempt, None) for attempt in (1, 2, 3, 4, 7, 50)] == [1, 2, 4, 8, 60, 60]


@pytest.mark.parametrize("side", [0.0, 1.0])
@pytest.mark.parametrize("asked", [0.0, 3.0, 1000.0])
def test_a_round_never_comes_before_the_server_asked_for_it(side: float, asked: float) -> None:
    clock = MovedClock()
    common = Polling(Timing(random=Always(side)), clock)
    for _ in range(5):
        common.start_round([JobEntry(new_job(7), Path("nowhere"))])
        common.end_round(PassingError("busy", asked))
        assert clock.now() + asked <= common.due <= clock.now() + max(asked, 1.15)


HINTS = {
    "seconds": (Fault(status=429, retry_after="200"), 200.0),
    "503": (Fault(status=503, retry_after="200"), 200.0),
    "date": (Fault(status=429, retry_after="date"), 1000.0),  # an hour from when the job is begun
    "remainingSeconds": (Fault(status=429, remaining_seconds=200.5), 200.5),
    "milliseconds": (Fault(status=503, headers={"retry-after-ms": "200500"}), 200.5),
}


# The host of the files answers with XML: there is no remainingSeconds in it. After a 503 a submit is not sent again.
@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (call, hint)
        for call in ("upload", "submit", "job", "download")
        for hint in HINTS
        if (call, hint) not in (("download", "remainingSeconds"), ("submit", "503"), ("submit", "milliseconds"))
    ],
)
def test_every_hint_is_obeyed_at_every_call(root: Path, picture: Path, call: str, hint: str) -> None:
    fault, seconds = HINTS[hint]
    if fault.retry_after == "date":
        fault = dataclasses.replace(fault, retry_after=formatdate(time.time() + 3600, usegmt=True))
    clock, waits = MovedClock(), list[tuple[int, float]]()
    with new_emulator() as emulator:
        emulator.fault(call, fault)
        window = Window(root, emulator, dataclasses.replace(Timing(), foreign=math.inf), clock)
        job_id = window.add(picture)

        def is_there() -> bool:
            calls = emulator.calls[call]
            waits.append((calls, clock.skip()))
            return job_id in window.jobs and window.jobs[job_id].stage is Stage.READY

        window.wait_for(is_there, "the model")
        window.close()
    assert sum(waited for calls, waited in waits if calls < 2) >= seconds, "it was repeated too early"
    assert emulator.paid == 1


def test_what_shall_not_be_repeated_is_not(window: Window, picture: Path, emulator: Emulator) -> None:
    emulator.fault("upload", Fault(status=500, headers={"x-should-retry": "false"}))
    job = window.reach(window.add(picture), Stage.FAILED)
    assert "refused" in job.message
    assert emulator.calls["upload"] == 1


def test_what_shall_be_repeated_is(window: Window, picture: Path, emulator: Emulator) -> None:
    emulator.fault("upload", Fault(status=404, headers={"x-should-retry": "true"}))
    window.reach(window.add(picture), Stage.READY)
    assert emulator.calls["upload"] == 2
