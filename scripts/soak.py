#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let jobs run for long against a hostile server: ``python3 scripts/soak.py --jobs 500 --minutes 60``.

The jobs are begun one after the other over the whole time. Every tenth call is answered in one of the ways of
docs/hostile.md, and the process that drives the jobs is killed at random. In the second half of the time it is left
alone, so that its memory and threads can be watched. At the end each job was paid for once, and each model that the
server made is there; otherwise the exit status is 1.

    python3 scripts/soak.py --jobs 20 --minutes 1        a short one
    python3 scripts/soak.py --jobs 500 --minutes 60 --write    the table in docs/hostile.md, too
"""

import argparse
import datetime
import itertools
import random
import subprocess  # nosec B404 # each call says why it is safe
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import environments

if TYPE_CHECKING:
    from tests.never_lost.plain.hostile.front import Speech

sys.path[:0] = [str(environments.ROOT)]
PAGE = environments.ROOT / "docs" / "hostile.md"
BEGIN, END = "<!-- soak: begin -->", "<!-- soak: end -->"
AT_A_TIME = 10
SHOWN = 12  # rows of the table
KILLED = (3.0, 45.0)  # seconds that a process lives
QUIET = 0.5  # of the time, at the end, without kills
# A call's deadline in the child: with the product's own, a server that drips would take up most of the time.
CHILD_SECONDS = 6.0
LOOK_SECONDS = 5.0
# The tests' own, much shorter, would keep the emulator busy.
POLL_SECONDS = (0.3, 1.0)
PAUSE_SECONDS = 0.05


@dataclass
class Seen:
    """What was seen. `looks`: a process, seconds since the start, jobs that are over, megabytes, threads."""

    looks: list[tuple[int, float, int, float, int]] = field(default_factory=list)
    kills: int = 0
    is_done: bool = False
    mistakes: list[str] = field(default_factory=list)


def megabytes() -> float:
    """Return how much memory this process takes up (Linux), or took up at most (elsewhere)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        import resource  # not on Windows, where the script does not run

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * 4096 / 1024**2


def drive(root: Path, url: str, count: int, begun: float, minutes: float) -> None:
    """Drive the jobs, as a process of its own, and print a line with its memory and threads now and then.

    `begun`: when the first process was, on the system's clock.
    """
    from tests.never_lost.plain import soak_child
    from tests.never_lost.plain.window import QUICK, Window, account
    from trellis_blender.core.scenario import api, download, http

    for module, name in ((http, "CALL_SECONDS"), (http, "PICTURE_SECONDS"), (api, "PICTURE_SECONDS")):
        setattr(module, name, CHILD_SECONDS)
    download.CHUNK_SECONDS = CHILD_SECONDS
    window = Window(root, None, replace(QUICK, poll_first=POLL_SECONDS[0], poll_last=POLL_SECONDS[1]))
    window.loaded()
    window.runner.use(account(url))

    def due() -> int:
        return 1 + int(count * (time.time() - begun) / (minutes * 60))

    def look() -> None:
        while True:
            over = sum(soak_child.is_over(window, number) for number in range(count))
            print(f"look {over} {megabytes():.1f} {threading.active_count()}", flush=True)
            window.told.clear()  # a test's memory of every message, which no Blender keeps
            time.sleep(LOOK_SECONDS)

    threading.Thread(target=look, daemon=True).start()
    soak_child.drive(window, root.parent / "picture.png", count, 7200.0, due, PAUSE_SECONDS)
    window.close()
    print("done", flush=True)


def watch(command: list[str], seconds: float | None, started: float, number: int, seen: Seen) -> None:
    """Run a process, note what it prints, and kill it after some seconds."""
    with subprocess.Popen(  # nosec B603 # this script, with arguments of its own
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    ) as process:
        killer = threading.Timer(seconds or 7200, process.kill)
        killer.start()
        assert process.stdout is not None
        for line in process.stdout:
            words = line.split()
            if words[:1] == ["look"]:
                since = time.monotonic() - started
                seen.looks.append((number, since, int(words[1]), float(words[2]), int(words[3])))
                print(
                    f"{since:7.0f} s  process {number:3d}  over {words[1]:>4s}  {words[2]:>6s} MB  {words[3]} threads"
                )
            elif words[:1] == ["done"]:
                seen.is_done = True
            else:
                seen.mistakes.append(line.rstrip())
        killer.cancel()


def soak(jobs: int, minutes: float, seed: int) -> tuple[Seen, list[str], Counter[str]]:
    """Let the jobs run. Return what was seen, what is wrong at the end, and how often each call was answered badly."""
    from emulator import calls, cdn
    from tests.never_lost.plain.hostile.front import Front
    from tests.never_lost.world import new_emulator, picture_in, small_models

    chance, seen, hostile = random.Random(seed), Seen(), Counter[str]()  # nosec B311 # to repeat a run
    seconds = minutes * 60
    model_seconds = seconds * AT_A_TIME / jobs / 3  # some jobs wait for long: there is room for those that are due
    with tempfile.TemporaryDirectory() as place, small_models(), new_emulator(model_seconds) as scenario:
        folder = Path(place)
        picture_in(folder).rename(folder / "picture.png")
        root = folder / "jobs"
        address = scenario.url.removesuffix("/v1")
        with Front(calls.find_call, address) as api, Front(cdn.find_call, scenario.cdn_url) as files:
            api.replaced = {scenario.cdn_url: files.url}
            api.elsewhere = files.elsewhere = "http://127.0.0.1:9"
            api.choose = files.choose = _every_tenth(chance, hostile)
            started = time.monotonic()
            command = [
                sys.executable,
                "-X",
                "utf8",
                __file__,
                "--drive",
                str(root),
                f"{api.url}/v1",
                str(time.time()),
                "--jobs",
                str(jobs),
                "--minutes",
                str(minutes),
            ]
            for number in itertools.count(1):
                left = seconds * (1 - QUIET) - (time.monotonic() - started)
                watch(command, chance.uniform(*KILLED) if left > 0 else None, started, number, seen)
                if seen.is_done or left <= 0:
                    break
                seen.kills += 1
        problems = _problems(scenario, root, jobs)
    return seen, problems + seen.mistakes, hostile


def _every_tenth(chance: random.Random, hostile: Counter[str]) -> "Callable[[str], Speech | None]":
    """Return what chooses a hostile answer for every tenth call."""
    from tests.never_lost.plain.hostile import cases

    known: dict[str, list[cases.Case]] = {}
    for case in itertools.chain.from_iterable(make() for make in cases.KINDS.values()):
        if "an hour" not in case.name:
            known.setdefault(case.call.partition(",")[0], []).append(case)
    lock, count = threading.Lock(), itertools.count(1)

    def choose(name: str) -> "Speech | None":
        with lock:
            if next(count) % 10 or name not in known:
                return None
            hostile[name] += 1
            return chance.choice(known[name]).speech

    return choose


def _problems(scenario: object, root: Path, jobs: int) -> list[str]:
    """Return what is not as it should be at the end."""
    from emulator import Emulator
    from tests.never_lost.plain.soak_child import job_id
    from tests.never_lost.world import glb

    assert isinstance(scenario, Emulator)
    by_seed = Counter(int(str(job.input["seed"])) for job in scenario.jobs.values())
    problems = [f"job {seed} was paid for {times} times" for seed, times in sorted(by_seed.items()) if times != 1]
    problems += [f"job {seed} was never paid for" for seed in range(jobs) if seed not in by_seed]
    made = {seed: root / job_id(seed) / "model.glb" for seed in by_seed}
    problems += [f"model {seed} is missing" for seed, file in made.items() if not file.is_file()]
    found = {seed: file.read_bytes() for seed, file in made.items() if file.is_file()}
    problems += [f"model {seed} is another" for seed, model in found.items() if model != glb(seed)]
    return problems + ["the key was leaked"] * scenario.leaked_credentials


def report(seen: Seen, problems: list[str], hostile: Counter[str], options: argparse.Namespace) -> str:
    """Return the page's section: what was run, what came of it, and the memory of the longest process over time."""
    processes = {look[0] for look in seen.looks}
    longest = max(processes, key=lambda number: sum(look[0] == number for look in seen.looks), default=0)
    looks = [look for look in seen.looks if look[0] == longest]
    shown = [*looks[: -1 : max(1, len(looks) // SHOWN)], *looks[-1:]]
    lines = [
        f"`python3 scripts/soak.py --jobs {options.jobs} --minutes {options.minutes:g} --seed {options.seed}`, "
        f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}, Python {sys.version.split()[0]} on {sys.platform}: "
        f"{options.jobs} jobs, {sum(hostile.values()):,} hostile answers, {seen.kills} processes killed, "
        f"in {seen.looks[-1][1] / 60:.1f} minutes.",
        "",
        f"Paid = jobs and models = successes: {'yes' if not problems else '; '.join(problems[:5])}.",
        "",
        "The process that lived longest:",
        "",
        "| Seconds | Jobs that are over | Memory, MB | Threads |",
        "| ---: | ---: | ---: | ---: |",
        *(f"| {since:.0f} | {over} | {memory:.0f} | {threads} |" for _, since, over, memory, threads in shown),
    ]
    return "\n".join(lines)


def main() -> int:
    """Run what the command line names, and return the exit status."""
    parser = argparse.ArgumentParser(description="Let jobs run for long against a hostile server.")
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=20261129)
    parser.add_argument("--write", action="store_true", help="into docs/hostile.md")
    parser.add_argument("--drive", nargs=3, metavar=("ROOT", "URL", "BEGUN"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drive:
        root, url, begun = options.drive
        drive(Path(root), url, options.jobs, float(begun), options.minutes)
        return 0
    seen, problems, hostile = soak(options.jobs, options.minutes, options.seed)
    text = report(seen, problems, hostile, options)
    print(f"\n{text}\n\nHostile answers: {dict(hostile)}")
    print("\n".join(problems))
    if options.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    return 1 if problems or not seen.is_done else 0


if __name__ == "__main__":
    sys.exit(main())
