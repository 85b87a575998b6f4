"""A batch with four workers, random faults and random kills: no picture is paid for twice, and none is lost.

The faults and the moments of the kills are drawn from a seed: TRELLIS_SOAK_SEED=…. TRELLIS_BATCH_PICTURES=1000 makes it
longer. With TRELLIS_WRITE_MATRIX=1 the table in docs/farm.md is written anew.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from emulator import Emulator, Fault
from tests.never_lost import matrix
from tests.never_lost.plain import batch_worker
from tests.never_lost.plain.test_soak import PASSING, SEED
from tests.never_lost.world import OWN_WITH_MODEL, glb, names_in, new_emulator, png, small_models, until
from trellis_blender.core.batch.batch import Batch
from trellis_blender.core.batch.order import Order, Row, Standing
from trellis_blender.core.batch.shared import Shared
from trellis_blender.core.job.claims import Claims

PICTURES = int(os.environ.get("TRELLIS_BATCH_PICTURES", "40"))
WORKERS, CONCURRENCY, KILLS = 4, 12, min(PICTURES // 3, 60)
PAGE = matrix.PAGE.with_name("farm.md")
MODEL_BYTES = 20_000
SLOW = Fault(trickle=0.002)  # the server has acted, and its answer takes a second
LOST = (Fault(close="after"), Fault(close="middle"), Fault(status=500), Fault(close="before"), Fault(status=404))
UNREADABLE = Fault(body='{"jobs": [{"jobId": "job_elsewhere", "status": "queued"}]}')
CALLS = ("upload", "submit", "job", "jobs", "asset", "download")
HEADER = (
    "After",
    "Models",
    "Failed, nothing charged",
    "Uncertain",
    "of these paid",
    "Paid calls",
    "Pictures paid twice",
)


class Worker:
    """A worker's process, from outside."""

    def __init__(self, folder: Path, url: str, *arguments: str) -> None:
        command = [sys.executable, "-X", "utf8", batch_worker.__file__, str(folder), url, *arguments]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
        )
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.strip())

    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def end(self) -> str:
        """The last thing it said, once it has ended."""
        self.process.wait()
        self._reader.join()
        return self.said[-1] if self.said else ""

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.end()
        assert self.process.stdout is not None
        self.process.stdout.close()


@dataclass
class Soaked:
    """What became of the batch: its rows before and after the explicit yes, and what was paid for each picture."""

    folder: Path
    emulator: Emulator
    first: list[Row] = field(default_factory=list)
    last: list[Row] = field(default_factory=list)
    paid_first: Counter[str] = field(default_factory=Counter)
    paid_last: Counter[str] = field(default_factory=Counter)
    kills: int = 0

    def paid(self) -> Counter[str]:
        """How often each picture was paid for, by its name at the server."""
        assets = self.emulator.assets
        return Counter(assets[str(job.input["image"])].name for job in self.emulator.jobs.values())


def order_faults(emulator: Emulator, chance: random.Random) -> None:
    """Let every sixth call of each kind go wrong, and sometimes hide what the listing holds for a while."""
    for call in CALLS:
        choice = [*PASSING, *(LOST if call == "submit" else ())]
        for number in range(4 * PICTURES):
            if chance.random() < 0.16:
                emulator.fault(call, chance.choice(choice), after=number)
            elif call == "submit" and chance.random() < 0.5:
                emulator.fault(call, SLOW, after=number)
    for number in range(0, 100 * PICTURES, 400):
        emulator.fault("jobs", UNREADABLE, times=120, after=number + chance.randrange(200))
    emulator.fault("submit", Fault(status=402), after=PICTURES // 2)  # no credits, for a moment: all workers stop


def run_workers(folder: Path, emulator: Emulator, chance: random.Random, kills: int) -> int:
    """Keep four workers at work until the batch is over, and kill one now and then; how many were killed."""
    workers, killed, end = [Worker(folder, emulator.url) for _ in range(WORKERS)], 0, time.monotonic() + 60 * 60
    due = float("inf")
    try:
        while not any(worker.is_over() and worker.end() == "done" for worker in workers):
            assert time.monotonic() < end
            time.sleep(0.05)
            if killed < kills and due == float("inf") and emulator.calls["submit"] > killed * PICTURES / kills:
                due = time.monotonic() + chance.uniform(0.0, 0.8)  # while some paid calls are on their way
            begun = [worker for worker in workers if worker.said]
            if begun and due <= time.monotonic():
                chance.choice(begun).kill()
                killed, due = killed + 1, float("inf")
            for place, worker in enumerate(workers):
                if worker.is_over() and worker.end() != "done":
                    assert worker.end() in ("", "ready", "refused"), worker.said
                    workers[place] = Worker(folder, emulator.url)
        for worker in workers:
            assert worker.end() in ("done", "refused"), worker.said
    finally:
        for worker in workers:
            worker.kill()
    return killed


@pytest.fixture(scope="module")
def soaked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soaked]:
    """Yield the batch after all that."""
    chance, folder = random.Random(SEED), tmp_path_factory.mktemp("Stapel für alle")
    pictures = [folder / "pictures" / f"Bild {number:05d}.png" for number in range(PICTURES)]
    pictures[0].parent.mkdir()
    for picture in pictures:
        picture.write_bytes(png())
    with small_models(MODEL_BYTES), new_emulator(0.3) as emulator:
        order_faults(emulator, chance)
        batch = Batch.create(folder / "models", pictures, Order(concurrency=CONCURRENCY))
        seen = Soaked(folder / "models", emulator)
        seen.kills = run_workers(seen.folder, emulator, chance, KILLS)
        seen.first, seen.paid_first = list(batch.rows()), seen.paid()
        for call in CALLS:
            emulator.heal(call)
        batch.submit_again()  # the user's explicit yes
        run_workers(seen.folder, emulator, chance, 0)
        seen.last, seen.paid_last = list(batch.rows()), seen.paid()
        yield seen


def test_workers_were_killed_while_they_had_work(soaked: Soaked) -> None:
    assert soaked.kills >= KILLS // 2


def test_no_picture_is_paid_for_twice(soaked: Soaked) -> None:
    assert {name: times for name, times in soaked.paid_first.items() if times > 1} == {}


def test_whatever_is_not_paid_for_was_told_as_not_sent_or_uncertain(soaked: Soaked) -> None:
    told = {row.picture.name for row in soaked.first if row.standing is not Standing.DONE}
    assert soaked.paid_first.keys() | told == {row.picture.name for row in soaked.first}
    assert len(soaked.paid_first.keys() | told) == PICTURES
    for row in soaked.first:
        assert row.job is not None
        if row.standing is Standing.FAILED:
            assert "nothing was charged" in row.job.message or "refused" in row.job.message
            assert row.picture.name not in soaked.paid_first


def test_what_is_paid_for_is_there_or_told_as_uncertain(soaked: Soaked) -> None:
    standing = {row.picture.name: row.standing for row in soaked.first}
    assert {standing[name] for name in soaked.paid_first} <= {Standing.DONE, Standing.UNCERTAIN}


def test_after_the_explicit_yes_there_are_as_many_models_as_pictures(soaked: Soaked) -> None:
    assert [row.standing for row in soaked.last] == [Standing.DONE] * PICTURES
    for row in soaked.last:
        assert row.job is not None
        assert (row.folder / "model.glb").read_bytes() == glb(int(row.job.parameters["seed"]), MODEL_BYTES)


def test_only_what_was_told_as_uncertain_can_be_paid_for_twice(soaked: Soaked) -> None:
    uncertain = {row.picture.name for row in soaked.first if row.standing is Standing.UNCERTAIN}
    assert {name for name, times in soaked.paid_last.items() if times > 1} <= uncertain
    assert set(soaked.paid_last) == {row.picture.name for row in soaked.last}


def test_nothing_else_is_left_in_the_folder(soaked: Soaked) -> None:
    folders = {row.folder.name for row in soaked.last}
    others = {path.name for path in soaked.folder.iterdir()} - folders
    assert others == {"batch.json", ".batch", ".remote-ids"}
    strange = {row.folder.name: names_in(row.folder) for row in soaked.last}
    assert {name: names for name, names in strange.items() if names != OWN_WITH_MODEL} == {}
    assert soaked.emulator.leaked_credentials == 0


def test_the_outcomes_are_told(soaked: Soaked) -> None:
    """The table in docs/farm.md, for the reader."""
    rows = {}
    phases = {
        f"{soaked.kills} kills": (soaked.first, soaked.paid_first),
        "the explicit yes": (soaked.last, soaked.paid_last),
    }
    for name, (found, paid) in phases.items():
        standing = Counter(row.standing for row in found)
        unsure = [row.picture.name for row in found if row.standing is Standing.UNCERTAIN]
        cells = (
            standing[Standing.DONE],
            standing[Standing.FAILED] + standing[Standing.NOT_SENT],
            len(unsure),
            sum(paid[name] for name in unsure),
            paid.total(),
            sum(times > 1 for times in paid.values()),
        )
        assert sum(cells[:3]) == len(soaked.last), "a picture is in no column"
        rows[name] = tuple(map(str, cells))
    matrix.tell("batch", HEADER, rows, PAGE)


# -- a copy that was paused


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_that_was_paused_while_another_machine_took_over_pays_nothing_when_it_wakes(
    when: str, tmp_path: Path
) -> None:
    """It pauses at its first paid call, before or after it has the right to send it, and wakes when all is over."""
    pictures = [tmp_path / f"Bild {number}.png" for number in range(4)]
    for picture in pictures:
        picture.write_bytes(png())
    with small_models(MODEL_BYTES), new_emulator(0.1) as emulator:
        batch = Batch.create(tmp_path / "models", pictures, Order(concurrency=1))
        paused = Worker(batch.folder, emulator.url, "first-0001", when)
        until(lambda: "pauses" in paused.said, "the pause")
        other = Worker(batch.folder, emulator.url, "second-0002")
        try:
            assert other.end() == "done"
            while batch.state().counts[Standing.DONE] + batch.state().counts[Standing.FAILED] < len(pictures):
                other = Worker(batch.folder, emulator.url, "second-0002")  # the paused one had not counted as dead yet
                assert other.end() == "done"
            if when == "after":  # the call may have been sent: it was looked for, and is not sent without being asked
                assert batch.state().counts[Standing.FAILED] == 1
            if batch.state().counts[Standing.FAILED]:  # it stopped a moment later than it asked for, and had the right
                batch.retry_failed()
                other = Worker(batch.folder, emulator.url, "second-0002")
                assert other.end() == "done"
            assert (batch.state().counts[Standing.DONE], emulator.paid) == (4, 4)
            paused.process.send_signal(signal.SIGCONT)
            assert paused.end() == "done"
            assert (batch.state().counts[Standing.DONE], emulator.paid, emulator.calls["submit"]) == (4, 4, 4)
        finally:
            paused.kill()
            other.kill()


def test_a_worker_whose_own_jobs_all_wait_takes_over_those_of_a_dead_one(tmp_path: Path) -> None:
    """They take up all the concurrency, so nobody would ever send anything again."""
    pictures = [tmp_path / f"Bild {number}.png" for number in range(20)]
    for picture in pictures:
        picture.write_bytes(png())
    with small_models(MODEL_BYTES), new_emulator(8.0) as emulator:
        batch = Batch.create(tmp_path / "models", pictures, Order(concurrency=2))
        first = Worker(batch.folder, emulator.url)
        until(lambda: emulator.paid == 2, "the first paid calls")
        second = Worker(batch.folder, emulator.url)
        try:
            shared = Shared(batch.folder, Claims(batch.folder))
            until(lambda: len(shared.read().begun) == 14, "the second worker's pictures, which all wait")
            emulator.job_seconds = 0.1
            first.kill()
            until(second.is_over, "the end")
            assert second.end() == "done"
            assert (batch.state().counts[Standing.DONE], emulator.paid) == (20, 20)
        finally:
            first.kill()
            second.kill()
