"""Many jobs with random faults and random kills: each is paid once, and each model that the server made is there.

The faults and the moments of the kills are drawn from a seed, so a run can be repeated, as far as two processes and a
clock can: TRELLIS_SOAK_SEED=… does it. TRELLIS_SOAK_JOBS=200 makes it longer.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from emulator import Emulator, Fault
from tests.never_lost.plain import soak_child
from tests.never_lost.world import OWN, OWN_WITH_MODEL, glb, names_in, new_emulator, picture_in
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.job import Stage

JOBS = int(os.environ.get("TRELLIS_SOAK_JOBS", "40"))
SEED = int(os.environ.get("TRELLIS_SOAK_SEED", "20261122"))
PASSING = (
    Fault(status=429),
    Fault(status=429, retry_after="0.2"),
    Fault(status=503),
    Fault(status=500),
    Fault(status=502, html=True),
    Fault(close="before"),
    Fault(close="middle"),
    Fault(close="after"),
    Fault(delay=0.2),
)
REFUSING = (Fault(status=401), Fault(status=402), Fault(status=404))
ONLY = {
    "asset": (Fault(expired=True),),
    "download": (Fault(glb="truncated"), Fault(trickle=0.02)),
    "jobs": (Fault(lag=0.3),),
    "submit": (Fault(job="fails", hint="Try another picture."),),
}
CALLS = ("upload", "submit", "job", "jobs", "asset", "download")


def order_faults(emulator: Emulator, chance: random.Random) -> None:
    """Let about every fourth call of each kind go wrong, in any of the ways that its kind knows."""
    for call in CALLS:
        choice = [*PASSING, *PASSING, *REFUSING, *ONLY.get(call, ())]
        for number in range(6 * JOBS):
            if chance.random() < 0.25:
                emulator.fault(call, chance.choice(choice), after=number)


def run_child(root: Path, emulator: Emulator, seconds: float | None) -> bool:
    """Let a process drive the jobs, and kill it after some seconds of work; whether it was done before."""
    command = [sys.executable, "-X", "utf8", soak_child.__file__, str(root), emulator.url, str(JOBS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8") as process:
        assert process.stdout is not None
        said = [process.stdout.readline().strip()]
        assert said == ["ready"], said + process.stdout.readlines()
        killer = threading.Timer(seconds or 150, process.kill)
        killer.start()
        said += [line.strip() for line in process.stdout]
        killer.cancel()
    assert seconds is not None or said[-1] == "done", said
    return said[-1] == "done"


@pytest.fixture(scope="module")
def soaked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Emulator, int]:
    """Return the folder of the jobs, what the server knows, and how many processes were killed."""
    chance, folder = random.Random(SEED), tmp_path_factory.mktemp("soak")
    root, kills = folder / "jobs", 0
    picture_in(folder).rename(folder / "picture.png")
    with new_emulator(0.2) as emulator:
        order_faults(emulator, chance)
        while kills < JOBS // 4 and not run_child(root, emulator, chance.uniform(0.1, 0.9)):
            kills += 1
        run_child(root, emulator, None)
    return root, emulator, kills


def test_the_processes_were_killed_while_they_had_work(soaked: tuple[Path, Emulator, int]) -> None:
    assert soaked[2] >= JOBS // 8


def test_paid_calls_are_as_many_as_jobs_were_asked_for(soaked: tuple[Path, Emulator, int]) -> None:
    _, emulator, _ = soaked
    by_seed = Counter(job.input["seed"] for job in list(emulator.jobs.values()))
    assert {seed: times for seed, times in by_seed.items() if times != 1} == {}
    assert (emulator.paid, set(by_seed)) == (JOBS, set(range(JOBS)))


def test_models_are_as_many_as_the_server_finished(soaked: tuple[Path, Emulator, int]) -> None:
    root, emulator, _ = soaked
    finished = {job.input["seed"] for job in emulator.jobs.values() if job.ending == "success"}
    models = {path.parent.name for path in root.glob("*/model.glb")}
    assert models == {soak_child.job_id(int(str(seed))) for seed in finished}
    assert all((root / soak_child.job_id(int(str(n))) / "model.glb").read_bytes() == glb(int(str(n))) for n in finished)


def test_nothing_else_is_left(soaked: tuple[Path, Emulator, int]) -> None:
    root, emulator, kills = soaked
    unfinished = [path for path in root.iterdir() if path.name.startswith(".")]
    assert len(unfinished) <= kills  # a job's folder without its name yet: swept a day later
    strange = {}
    for folder in set(root.iterdir()) - set(unfinished):
        names = names_in(folder)
        job = job_folder.load(folder)
        if names != (OWN_WITH_MODEL if job.stage is Stage.READY else OWN):
            strange[folder.name] = (job.stage, names)
    assert strange == {}
    assert emulator.leaked_credentials == 0
