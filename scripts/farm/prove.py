#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a real engine run a folder of pictures with random faults, and count what was paid.

    .venv/core-3.11/bin/python scripts/farm/prove.py openjd --write   four share the job, a fifth runs all of it
    .venv/core-3.11/bin/python scripts/farm/prove.py slurm --write    two nodes, one fails (see two_nodes.sh)

The service is the emulator, so nothing is paid. --write puts the table into docs/farm.md.
"""

import argparse
import contextlib
import os
import random
import shlex
import shutil
import subprocess  # nosec B404 # each call says why it is safe
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[number]) for number in (1, 2)]

import environments  # noqa: E402 - needs the path above
from emulator import Emulator, Fault, Service  # noqa: E402

HERE = Path(__file__).resolve().parent
PAGE = environments.ROOT / "docs" / "farm.md"
PROGRAM = "from trellis_blender.command.program import main; main()"
SHARES = 4
CONCURRENCY = "40"
HEAD = (
    "| Engine | Pictures | After | Models | Failed, nothing charged | Uncertain | Paid calls | Pictures paid twice |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |"
)
PASSING = (Fault(status=429), Fault(status=503), Fault(close="before"), Fault(status=500))
LOST = (Fault(close="after"), Fault(status=503, acted=True), Fault(close="before"))


@dataclass(frozen=True)
class Farm:
    """A folder of pictures, that of their models, the emulator, and the environment of the workers."""

    pictures: Path
    models: Path
    count: int
    emulator: Emulator
    variables: dict[str, str]

    def row(self, engine: str, after: str) -> str:
        """Return the table's row of how things stand now."""
        from trellis_blender.core.batch.batch import Batch
        from trellis_blender.core.batch.order import Standing

        counts = Batch.open(self.models).state().counts
        assets = self.emulator.assets
        paid = Counter(assets[str(job.input["image"])].name for job in list(self.emulator.jobs.values()))
        twice = sum(times > 1 for times in paid.values())
        unpaid = counts[Standing.FAILED] + counts[Standing.NOT_SENT] + counts[Standing.AT_WORK]
        cells = (engine, self.count, after, counts[Standing.DONE], unpaid, counts[Standing.UNCERTAIN])
        return f"| {' | '.join(map(str, (*cells, paid.total(), twice)))} |"

    def run(self, *command: object) -> "subprocess.Popen[str]":
        """Start a process of the farm; its output is hidden."""
        return subprocess.Popen(  # nosec B603 # our own command, or the engine's
            list(map(str, command)),
            env=self.variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )

    def answer(self, *command: object) -> str:
        """Return what a command of the farm says. Raises CalledProcessError."""
        ran = subprocess.run(  # nosec B603 # as above
            list(map(str, command)), env=self.variables, stdout=subprocess.PIPE, check=True, encoding="utf-8"
        )
        return ran.stdout


@contextlib.contextmanager
def farm(count: int, seed: int) -> Iterator[Farm]:
    """Yield a farm with so many pictures."""
    from PIL import Image

    with (
        tempfile.TemporaryDirectory(prefix="trellis farm ") as name,
        Emulator(job_seconds=2.0, service=Service(triangles=True)) as emulator,
    ):
        pictures, program = Path(name, "pictures"), Path(name, "bin", "trellis2")
        pictures.mkdir()
        program.parent.mkdir()
        for number in range(count):
            Image.new("RGB", (64, 64), (number % 256, number // 256, 99)).save(pictures / f"{number:05d}.png")
        program.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-c", PROGRAM])} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        given = {"SCENARIO_SDK_API_KEY": emulator.key, "SCENARIO_SDK_API_SECRET": emulator.secret}
        given |= {"SCENARIO_BASE_URL": emulator.url, "XDG_DATA_HOME": str(Path(name, "data"))}
        given["PATH"] = os.pathsep.join([str(program.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
        order_faults(emulator, count, random.Random(seed))  # nosec B311 # no secret
        variables = {**environments.clean_variables(), "PYTHONPATH": str(environments.ROOT), **given}
        yield Farm(pictures, Path(name, "models"), count, emulator, variables)


def order_faults(emulator: Emulator, count: int, chance: random.Random) -> None:
    """Let some calls of every kind go wrong; of the paid ones, some are accepted and their answer is lost."""
    for call in ("upload", "submit", "job", "jobs", "asset", "download"):
        for number in range(2 * count):
            if chance.random() < 0.08:
                emulator.fault(call, chance.choice((*PASSING, *LOST) if call == "submit" else PASSING), after=number)


def go_on(one: Farm, engine: str) -> Iterator[str]:
    """Say yes to what is uncertain until every picture has its model, and yield the last row."""
    for _ in range(8):
        if one.run("trellis2", "resume", one.models, "--yes", "--submit-again").wait() == 0:
            break
    yield one.row(engine, "`resume` and the explicit yes")


def openjd(one: Farm) -> Iterator[str]:
    """Share the job among some processes while another one runs all of it, and yield the table's rows."""
    given = {"Pictures": one.pictures, "Models": one.models, "Count": one.count, "MaxCost": 10.0 * one.count}
    words = [word for name, value in given.items() for word in ("-p", f"{name}={value}")]
    command = ["openjd", "run", HERE / "trellis2.openjd.yaml", "--extensions", "TASK_CHUNKING"]
    command += [*words, "-p", f"Concurrency={CONCURRENCY}"]
    each = -(-one.count // SHARES)
    shares = [["-tp", f"Slice={first}-{min(first + each - 1, one.count)}"] for first in range(1, one.count + 1, each)]
    rounds, todo = 0, [*shares, []]
    while todo and rounds < 2:  # a farm tries a failed task again, too
        rounds += 1
        runs = [(share, one.run(*command, *share)) for share in todo]
        todo = [share for share, run in runs if run.wait()]
    yield one.row("`openjd run`", f"{len(shares)} processes, and another one that ran everything, {rounds} times")
    yield from go_on(one, "`openjd run`")


def slurm(one: Farm) -> Iterator[str]:
    """Run the array on two nodes, fail one of them in the middle, and yield the table's rows."""
    nodes, folder = HERE / "two_nodes.sh", Path(tempfile.mkdtemp(prefix="trellis_slurm_"))  # it takes no spaces
    one.variables["SLURM_CONF"] = str(folder / "slurm.conf")
    one.answer(nodes, "start", folder)
    try:
        last = (one.count - 1) // 25
        options = (f"--array=0-{last}", "--output", folder / "task-%a.log", "--export=ALL")
        given = ("25", one.pictures, "--output", one.models, "--concurrency", CONCURRENCY, "--yes")
        one.answer("sbatch", *options, HERE / "trellis2.slurm.sh", *given)
        while one.emulator.paid < one.count // 4:
            time.sleep(0.1)
        firsts = copies("n2")
        one.answer(nodes, "fail", folder)
        at_once: set[str] = set()
        while one.answer("squeue", "-h", "-r"):
            seconds = copies("n1").items()
            alive = copies("n2")
            at_once |= {task for task, process in seconds if task in alive and alive[task] == firsts.get(task)}
            time.sleep(0.5)
        while copies("n2"):
            time.sleep(0.5)
        what = f"a node failed with {len(firsts)} tasks; {len(at_once)} of them ran a second time beside the first"
        yield one.row("SLURM, two nodes", what)
        yield from go_on(one, "SLURM, two nodes")
    finally:
        one.answer(nodes, "stop", folder)
        time.sleep(2)  # for the daemons to write their last files
        shutil.rmtree(folder, ignore_errors=True)


def copies(node: str) -> dict[str, str]:
    """Return the processes of our command on the node by the number of their task."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            pairs = (line.split("=", 1) for line in (path / "environ").read_text(errors="replace").split("\0") if line)
            variables = {pair[0]: pair[-1] for pair in pairs}
            is_ours = "trellis_blender.command" in (path / "cmdline").read_text(errors="replace")
            if is_ours and variables.get("SLURMD_NODENAME") == node:
                found[variables["SLURM_ARRAY_TASK_ID"]] = path.name
    return found


def main(arguments: Sequence[str]) -> int:
    """Prove it, print the table, and return the exit status: 1 if a picture was paid for twice or has no model."""
    parser = argparse.ArgumentParser(description="Let a real engine run a folder of pictures, and count what was paid.")
    parser.add_argument("engine", choices=("openjd", "slurm"))
    parser.add_argument("--pictures", type=int, default=1000, metavar="N", help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="of the faults (%(default)s)")
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{PAGE.name}")
    options = parser.parse_args(arguments)
    rows = [HEAD]
    with farm(options.pictures, options.seed) as one:
        for row in {"openjd": openjd, "slurm": slurm}[options.engine](one):
            rows.append(row)
            print(row, flush=True)
    if options.write:
        begin, end = f"<!-- prove {options.engine}: begin -->\n", f"<!-- prove {options.engine}: end -->"
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n" + "\n".join(rows) + f"\n\n{end}{after}"
        PAGE.write_text(text, encoding="utf-8", newline="\n")
    cells = [cell.strip() for cell in rows[-1].split("|")]
    return int(cells[4] != cells[2] or any(row.rstrip(" |").rsplit("|", 1)[-1].strip() != "0" for row in rows[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
