"""Blender is killed at every step of a job, and the next one goes on: paid for once, and the model arrives.

One Blender after the other: each goes on with the job that the last one was killed over, then begins the next job and
is killed in turn. Two such rows run side by side.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from emulator import Emulator
from tests.never_lost import matrix
from tests.never_lost.blender.child import Blender
from tests.never_lost.blender.conftest import JOBS, install
from tests.never_lost.blender.kill_points import POINTS, Point, Since
from tests.never_lost.world import OWN, OWN_WITH_MODEL, glb, names_in, new_emulator, picture_in, until
from tests.patience import PATIENCE
from trellis_blender.core.job.events import Polled, Prepared
from trellis_blender.core.job.job import MAY_FOLLOW

# The oldest and the newest version, on which CI runs, see every point between them. So do the two between, of which one
# runs without options and both before a release. Who writes the page sees them all.
VERSION = importlib.metadata.version("bpy")
FIRST_HALF = ("4.2.23", "4.5.15")
CHOSEN = POINTS if matrix.WRITES else POINTS[0 if VERSION in FIRST_HALF else 1 :: 2]
ROWS = 2
OVER = ("imported", "failed", "cancelled", "uncertain")
WORDS = {
    "ready": "goes on by itself",
    "imported": "is finished, in the scene before",
    "failed": "says what is wrong: {remedy}",
    "cancelled": "is cancelled",
    "uncertain": "says that it is uncertain",
}


@dataclass
class Row:
    """One Blender after the other on the same folder. `seen` and `problems` are what the test looks at."""

    folder: Path
    emulator: Emulator
    log: list[str]
    blender: Blender | None = None
    seen: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """The folder of the jobs."""
        return self.folder / JOBS

    def next_blender(self) -> Blender:
        """Start Blender, and wait until it knows its jobs."""
        self.blender = Blender(self.folder, self.emulator.url)
        self.blender.until(lambda state: state["loaded"], "loading")
        return self.blender


def prepare(emulator: Emulator, point: Point) -> None:
    """Let the server be as the point wants it."""
    emulator.job_seconds = point.job_seconds
    for call, fault in point.faults.items():
        emulator.fault(call, fault)
    for call, fault in point.lasting.items():
        emulator.fault(call, fault, times=None)


def kill_at(row: Row, blender: Blender, point: Point, picture: Path) -> str:
    """Begin a job and kill Blender at the point; the job's id, empty when it has no folder."""
    known = set(blender.state["jobs"])
    since, moment = Since(row.emulator), point.moment
    prepare(row.emulator, point)
    if point.event:
        blender.tell("hold", event=point.event, when=point.when)
    blender.tell("generate", picture=str(picture), seed=7)
    blender.until(lambda state: set(state["jobs"]) - known, "the job")
    job_id = str((set(blender.state["jobs"]) - known).pop())
    for stage, deed in point.leads:
        blender.reach(job_id, stage)
        if deed == "spoil":
            (row.root / job_id / "model.glb").write_bytes(b"glTF")
        elif deed == "stop":
            list(row.emulator.jobs.values())[-1].canceled = time.time()
        elif deed == "forget":
            row.emulator.assets.clear()
        else:
            blender.tell(deed, job=job_id)
    if moment is not None:
        until(lambda: moment(since, row.root), point.name)
    else:
        blender.until(lambda state: state["held"], point.name)
    blender.kill()
    for call in point.lasting:
        row.emulator.heal(call)
    for fault in point.faults.values():
        if fault.until is not None:
            fault.until.set()
    return job_id


def go_on(row: Row, point: Point, job_id: str, paid_before: int, log_before: int) -> None:
    """Start the next Blender and see the job to its end; note what was seen."""
    blender = row.next_blender()
    if not (row.root / job_id).exists():
        (unfinished,) = row.root.glob(".new-*")
        day_before_yesterday = unfinished.stat().st_mtime - 2 * 24 * 3600
        os.utime(unfinished, (day_before_yesterday, day_before_yesterday))
        row.seen[point.name] = ("is not there: nothing was sent", str(row.emulator.paid - paid_before), "–")
        return
    job = blender.reach(job_id, "ready", *OVER)
    first = WORDS[job["stage"]].format(remedy=str(job["remedy"]).replace("_", " "))
    ways: list[str] = []
    while job["stage"] in ("ready", "failed", "uncertain") or (point.event == "Damaged" and not ways):
        way = "retry" if job["stage"] in ("failed", "uncertain") else "import_model"
        assert len(ways) < 4, f"{point.name}: {ways} did not help"
        again = "Submit Again" if job["stage"] == "uncertain" else "Retry"
        ways.append("Import" if way == "import_model" else again)
        stage = job["stage"]
        # The panel may be ahead of the runner: what that tells later must not be taken for what came of the press.
        until(lambda stage=stage: stage_on_disk(row.root / job_id) == stage, f"{stage} on disk")  # type: ignore[misc]
        blender.tell(way, job=job_id)
        blender.until(lambda state, stage=stage: state["jobs"][job_id]["stage"] != stage, way)  # type: ignore[misc]
        job = blender.reach(job_id, *OVER)
    arrived = job["stage"] == "imported"
    paid = row.emulator.paid - paid_before
    row.seen[point.name] = (first, str(paid), ", ".join(ways) or "–")
    names = files_of(row.root / job_id, OWN_WITH_MODEL if arrived else OWN)
    row.problems += [f"{point.name}: {paid} paid, not {point.paid}"] * (paid != point.paid)
    if arrived:
        row.problems += [f"{point.name}: files {names}"] * (names != OWN_WITH_MODEL)
        is_whole = (row.root / job_id / "model.glb").read_bytes() == glb(7, 800_000)
        row.problems += [] if is_whole else [f"{point.name}: the model is not the one that was made"]
        row.problems += [f"{point.name}: nothing in the scene"] * (bool(ways) and not blender.state["models"])
    else:
        row.problems += [f"{point.name}: files {names}"] * (names != OWN)
    if point.name == "in the middle of the download":
        parts = sum("-> 206" in line for line in row.log[log_before:])
        row.problems += [f"the download was not continued: {row.log[log_before:]}"] * (parts != 1)


def stage_on_disk(folder: Path) -> str:
    """The stage that the runner has written last."""
    return str(json.loads((folder / "job.json").read_text(encoding="utf-8"))["stage"])


def files_of(folder: Path, expected: frozenset[str]) -> set[str]:
    """The names in the folder, as soon as they are the expected ones: the panel is a moment ahead of the disk."""
    end = time.monotonic() + PATIENCE
    while (names := names_in(folder)) != expected and time.monotonic() < end:
        time.sleep(0.01)
    return names


def run_row(folder: Path, points: tuple[Point, ...]) -> Row:
    """Kill one Blender after the other at these points."""
    log: list[str] = []
    with new_emulator(log=log.append) as emulator:
        row = Row(install(folder), emulator, log)
        picture = picture_in(folder)
        try:
            blender = row.next_blender()
            for point in points:
                paid, logged = emulator.paid, len(log)
                if point.event == "Checked":
                    blender.rest()  # the model of the job before may be measured still
                job_id = kill_at(row, blender, point, picture)
                go_on(row, point, job_id, paid, logged)
                assert row.blender is not None
                blender = row.blender
        finally:
            if row.blender is not None:
                row.blender.kill()
        row.next_blender().kill()  # which sweeps what is a day old
        left = [path.name for path in row.root.glob("[!.]*") if not (path / "job.json").is_file()]
        left += [str(path) for path in [*row.root.glob(".new-*"), *row.root.glob(".incoming/*")]]
        row.problems += [f"left over: {left}"] * bool(left)
        row.problems += ["the key was leaked"] * emulator.leaked_credentials
    return row


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """Return what was seen, after every Blender was killed."""
    folders = [tmp_path_factory.mktemp(f"Blender {number}") for number in range(ROWS)]
    with ThreadPoolExecutor(ROWS) as pool:
        return list(pool.map(run_row, folders, [CHOSEN[number::ROWS] for number in range(ROWS)]))


def test_every_transition_that_is_written_is_among_the_points() -> None:
    # The first is only shown, unless a price changes; the second is of jobs that an earlier version has begun.
    written = {event.__name__ for event in MAY_FOLLOW} - {Polled.__name__, Prepared.__name__}
    assert {point.event for point in POINTS} - {"", "created"} == written


def test_wherever_blender_is_killed_the_job_is_paid_once_and_its_model_arrives(rows: list[Row]) -> None:
    assert [problem for row in rows for problem in row.problems] == []
    assert {name for row in rows for name in row.seen} == {point.name for point in CHOSEN}


def test_what_was_seen_is_what_the_page_says(rows: list[Row]) -> None:
    seen = {name: cells for row in rows for name, cells in row.seen.items()}
    in_order = {point.name: seen[point.name] for point in CHOSEN if point.name in seen}
    assert (
        matrix.compare("killed", ("Killed", "The job, in the next Blender", "Paid", "The artist presses"), in_order)
        == []
    )
