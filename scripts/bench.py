#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the add-on's time: ``scripts/bench.py import``, ``click``, ``startup``, ``textures``, ``finish``, ``align``
and ``scale``.

``align``: how long it takes to find where a model stands in its picture, beside Blender's import of the model.
``click``: how long Blender freezes when a click takes a picture, as a ratio to doing everything in the click.
``import``: how long Blender freezes during an import, with Blender's glTF importer and with ours, in turn in the same
run. docs/performance.md explains the numbers.
``startup``: how much longer enabling the add-on takes than enabling an empty one; then the first draw and click.
``finish``: what checking a model that has arrived takes, and how long each step on it keeps Blender, against an import;
what Game Ready takes, against Blender's own steps run by hand, and how much its copies look like the models.
``scale``: what hundreds and thousands of jobs at once cost, waiting and arriving, without Blender and in it.
``textures``: what the first display of a model's textures costs, as a ratio to images that nobody prepared. It needs a
real Blender with a window.

    python3 scripts/bench.py import --quick --check      one size with all kinds of normals, all versions, some minutes
    python3 scripts/bench.py import --bpy 4.2.23 --faces 2000000 --texture 2048
    python3 scripts/bench.py import --check --write      everything, into docs/performance.md
    python3 scripts/bench.py startup --check --write     the same for the start
    python3 scripts/bench.py textures --check --blender PATH
    python3 scripts/bench.py finish --check --write --model GLB      everything, into docs/finishing.md
"""

import argparse
import datetime
import hashlib
import itertools
import json
import os
import platform
import subprocess  # nosec B404 # each call says why it is safe
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import environments
import screens
from benchmarks import finish_table, game_table, import_table, startup_table, texture_table
from benchmarks.finish_table import MeasuredAlign, MeasuredFinish
from benchmarks.game_table import MeasuredGame
from benchmarks.import_table import BLENDERS, NORMALS, OURS, Measured
from benchmarks.scale import table as scale_table
from benchmarks.scale.table import MeasuredScale
from benchmarks.startup_table import MeasuredStart
from benchmarks.texture_table import MeasuredTextures
from build import stage

FACES = (100_000, 500_000, 1_000_000, 2_000_000)
PIXELS = (2048, 4096)
RUNS = 5
SECONDS_PER_PROCESS = 1800
IMPORTS, CLICKS, STARTS = "benchmarks.import_runs", "benchmarks.click_runs", "benchmarks.startup_runs"
FINISHES = "benchmarks.finish_runs"
GAMES = "benchmarks.game_runs"
SCALES = "benchmarks.scale.runs"
JOBS = (100, 1000, 5000)
TIMED = ((1000, 0, 60.0), (300, 100, 60.0))  # jobs; at a time, 0: any number; seconds that a model takes
TICKED = 1000  # jobs in a Blender
SCALE_PARTS = ("jobs", "timed", "ticks", "plan")
GAME_PRESETS = ("MOBILE", "PROP", "HERO", "FILM")
SCRIPTS = environments.ROOT / "scripts"
TEXTURES = SCRIPTS / "benchmarks" / "texture_runs.py"  # Blender's own Python runs it, which does not find the others
FINISHED_FACES = 500_000
START_RUNS = 15
TEXTURED_FACES = 20_000  # few, since only the textures count
CLICK_HEAD = (
    "| Blender | picture | ours, at the click, ms | ours, beside it, ms | the other way, ms | at the click |\n"
    "| --- | --- | --- | --- | --- | --- |"
)
PAGE = environments.ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- bench import: begin -->", "<!-- bench import: end -->"
TEXTURES_BEGIN, TEXTURES_END = "<!-- bench textures: begin -->", "<!-- bench textures: end -->"
FINISH_PAGE = PAGE.with_name("finishing.md")
ALIGN_BEGIN, ALIGN_END = "<!-- bench align: begin -->", "<!-- bench align: end -->"
FINISH_BEGIN, FINISH_END = "<!-- bench finish: begin -->", "<!-- bench finish: end -->"
SCALE_BEGIN, SCALE_END = "<!-- bench scale: begin -->", "<!-- bench scale: end -->"
START_BEGIN, START_END = "<!-- bench startup: begin -->", "<!-- bench startup: end -->"


class BenchError(Exception):
    """A process of the bench failed. The message is the end of its output."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options with ``bpy``, ``faces`` and ``texture`` filled in. Ends the program on an unknown one."""
    parser = argparse.ArgumentParser(description="Measure what the add-on costs.")
    benches = parser.add_subparsers(dest="bench", required=True)
    ours = benches.add_parser("import", help="bringing a model into the scene, compared with Blender's importer")
    versions = list(environments.PYTHON_OF_BLENDER)
    click = benches.add_parser("click", help="taking a picture for a model, compared with doing it all at the click")
    click.add_argument("--bpy", action="append", choices=versions, help="this Blender; can be repeated")
    click.add_argument("--runs", type=int, default=RUNS, help=f"warm runs (default: {RUNS})")
    start = benches.add_parser("startup", help="enabling the add-on, compared with enabling an empty one")
    start.add_argument("--bpy", action="append", choices=versions, help="this Blender; can be repeated")
    start.add_argument("--runs", type=int, default=START_RUNS, help=f"starts each way (default: {START_RUNS})")
    start.add_argument("--check", action="store_true", help="fail where a requirement is not met")
    start.add_argument("--write", action="store_true", help=f"put the table into docs/{PAGE.name}")
    shown = benches.add_parser(
        "textures", help="the first display of a model's textures, compared with an unprepared one"
    )
    shown.add_argument("--blender", action="append", help="path of this Blender; can be repeated (default: on PATH)")
    shown.add_argument(
        "--texture", action="append", type=int, help="of so many pixels; can be repeated (default: 4096)"
    )
    shown.add_argument("--runs", type=int, default=RUNS, help=f"warm runs each way (default: {RUNS})")
    shown.add_argument("--check", action="store_true", help="fail where the requirement is not met")
    shown.add_argument("--write", action="store_true", help=f"put the table into docs/{PAGE.name}")
    finish = benches.add_parser("finish", help="checking and mending a model, compared with an import")
    finish.add_argument("--bpy", action="append", choices=versions, help="this Blender; can be repeated")
    finish.add_argument("--faces", type=int, default=FINISHED_FACES, help=f"so many (default: {FINISHED_FACES:,})")
    finish.add_argument("--model", action="append", type=Path, default=[], help="a GLB to make game ready, too")
    finish.add_argument("--runs", type=int, default=RUNS, help=f"warm runs (default: {RUNS})")
    finish.add_argument("--check", action="store_true", help="fail where a requirement is not met")
    finish.add_argument("--write", action="store_true", help=f"put the table into docs/{FINISH_PAGE.name}")
    _add_align(benches, versions)
    _add_scale(benches, versions)
    ours.add_argument("--bpy", action="append", choices=versions, help="this Blender; can be repeated")
    ours.add_argument("--faces", action="append", type=int, help="so many faces; can be repeated")
    ours.add_argument("--texture", action="append", type=int, help="textures of so many pixels; can be repeated")
    ours.add_argument("--normals", action="append", choices=NORMALS, help="these normals; can be repeated")
    ours.add_argument("--runs", type=int, default=RUNS, help=f"warm runs each way (default: {RUNS})")
    ours.add_argument("--quick", action="store_true", help="500,000 faces with 2048 pixels only")
    ours.add_argument("--check", action="store_true", help="fail where a requirement is not met")
    ours.add_argument("--write", action="store_true", help=f"put the tables into docs/{PAGE.name}")
    options = parser.parse_args(arguments)
    if options.bench == "scale":
        options.bpy, options.jobs = options.bpy or [versions[1]], options.jobs or list(JOBS)
        options.only = options.only or list(SCALE_PARTS)
        return options
    if options.runs < 1:
        parser.error("--runs has to be 1 at least")
    if options.bench == "textures":
        options.blender, options.texture = options.blender or ["blender"], options.texture or [4096]
        return options
    options.bpy = options.bpy or versions
    if options.bench != "import":
        return options
    options.faces = options.faces or ([500_000] if options.quick else list(FACES))
    options.normals = options.normals or list(NORMALS)
    options.texture = options.texture or ([2048] if options.quick else list(PIXELS))
    return options


def _add_align(benches: Any, versions: list[str]) -> None:
    align = benches.add_parser("align", help="finding where a model stands in its picture, compared with an import")
    align.add_argument("--bpy", action="append", choices=versions, help="this Blender; can be repeated")
    align.add_argument("--faces", type=int, default=FINISHED_FACES, help=f"so many (default: {FINISHED_FACES:,})")
    align.add_argument("--runs", type=int, default=RUNS, help=f"warm runs (default: {RUNS})")
    align.add_argument("--check", action="store_true", help="fail where the requirement is not met")
    align.add_argument("--write", action="store_true", help=f"put the table into docs/{FINISH_PAGE.name}")


def _add_scale(benches: Any, versions: list[str]) -> None:
    scale = benches.add_parser("scale", help="hundreds and thousands of jobs at once (Linux)")
    scale.add_argument("--bpy", action="append", choices=versions, help="this Blender; can be repeated")
    scale.add_argument("--jobs", action="append", type=int, help=f"so many; can be repeated (default: {JOBS})")
    scale.add_argument("--only", action="append", choices=SCALE_PARTS, help="this part; can be repeated")
    scale.add_argument("--check", action="store_true", help="fail where a requirement is not met")
    scale.add_argument("--write", action="store_true", help=f"put the tables into docs/{PAGE.name}")


def measure(version: str, faces: int, pixels: int, normals: str, runs: int) -> Measured:
    """Return the times of one file in one version of Blender. Raises BenchError and EnvironmentNotBuiltError."""
    python = environments.blender_environment(version)
    glb = _glb(python, "make", str(faces), str(pixels), normals)
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")

        def run(*arguments: str) -> Any:
            _run([str(python), "-m", IMPORTS, *arguments, str(answer)])
            return json.loads(answer.read_text(encoding="utf-8"))

        first = {way: run("fresh", way, str(glb)) for way in (BLENDERS, OURS)}
        return Measured(version, faces, pixels, normals, run("alternate", str(glb), str(runs)), first)


def clicks(version: str, runs: int) -> list[str]:
    """Return a table's rows: the times of each picture in one version of Blender. Raises as `measure` does."""
    python = environments.blender_environment(version)
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")
        _run([str(python), "-m", CLICKS, str(runs), str(answer)])
        found = json.loads(answer.read_text(encoding="utf-8"))
    return [
        f"| {version} | {picture} | {one['click'] * 1000:.0f} | {one['beside'] * 1000:.0f} "
        f"| {one['whole'] * 1000:.0f} | 1/{one['whole'] / one['click']:.1f} |"
        for picture, one in found.items()
    ]


def starts(version: str, runs: int) -> MeasuredStart:
    """Return the times of a start in one version of Blender, each way in turn. Raises as `measure` does."""
    python = str(environments.blender_environment(version))
    found: dict[str, list[dict[str, float]]] = {way: [] for way in startup_table.WAYS}
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")
        _run([python, "-m", STARTS, "prepare", folder])
        for number in range(runs + 1):
            for way, starts_of_it in found.items():
                _run([python, "-m", STARTS, way, folder, str(answer)], leaves_bytecode=True)
                if number:  # the first start compiles
                    starts_of_it.append(json.loads(answer.read_text(encoding="utf-8")))
    return MeasuredStart(version, found)


def textures(blender: str, pixels: int, runs: int) -> MeasuredTextures:
    """Return the times of the first display in a window of this Blender, each way in turn. Raises as `measure` does.

    Raises ScreenError if there is no screen.
    """
    plain = environments.plain_environment(environments.running_python())
    glb = _glb(plain, "detailed", str(TEXTURED_FACES), str(pixels))
    with tempfile.TemporaryDirectory(prefix="trellis_blender ") as name, screens.Screen(Path(name)) as screen:
        stage(Path(name, "extensions", "user_default", "trellis_blender"))
        answer, geometry = Path(name, "answer.json"), ["--window-geometry", "0", "0", *map(str, screens.SIZE)]
        command = [blender, "--factory-startup", *geometry, "--python", str(TEXTURES)]
        _run([*command, "--", str(glb), str(runs), str(answer)], {"BLENDER_USER_RESOURCES": name, **screen.variables})
        found = json.loads(answer.read_text(encoding="utf-8"))
    return MeasuredTextures(found["version"], pixels, found["runs"])


def finishes(version: str, faces: int, runs: int) -> list[MeasuredFinish]:
    """Return the times of the check and of all steps in one version of Blender. Raises as `measure` does."""
    python = environments.blender_environment(version)
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")
        _run([str(python), "-m", FINISHES, str(faces), str(runs), str(answer)])
        found = json.loads(answer.read_text(encoding="utf-8"))
    return [MeasuredFinish(version, faces, **one) for one in found]


def aligns(version: str, faces: int, runs: int) -> MeasuredAlign:
    """Return the times of Align to Picture in one version of Blender. Raises as `measure` does."""
    python = environments.blender_environment(version)
    glb = _glb(python, "make", str(faces), str(PIXELS[0]), "area")
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")
        _run([str(python), "-m", FINISHES, "align", str(glb), str(runs), str(answer)])
        return MeasuredAlign(version, faces, json.loads(answer.read_text(encoding="utf-8")))


def games(version: str, faces: int, models: Sequence[Path]) -> list[MeasuredGame]:
    """Return what Game Ready costs in one version of Blender: Prop of so many faces, and each model at each preset.

    Raises as `measure` does.
    """
    python = environments.blender_environment(version)
    wanted = [(str(faces), "PROP"), *((str(model.resolve()), name) for model in models for name in GAME_PRESETS)]
    measured = []
    for model, preset in wanted:
        with tempfile.TemporaryDirectory() as folder:
            answer = Path(folder, "answer.json")
            _run([str(python), "-m", GAMES, model, preset, str(answer)])
            measured.append(MeasuredGame(version, json.loads(answer.read_text(encoding="utf-8"))))
            print(measured[-1], file=sys.stderr, flush=True)
    return measured


def scales(options: argparse.Namespace) -> MeasuredScale:
    """Return what many jobs cost. The counts of jobs are needed for all else. Raises as `measure` does."""
    plain = str(environments.plain_environment(environments.running_python()))

    def run(python: str, *arguments: object) -> dict[str, float]:
        with tempfile.TemporaryDirectory() as folder:
            answer, mode, count, *more = Path(folder, "answer.json"), *map(str, arguments)
            _run([python, "-m", SCALES, mode, count, str(answer), *more])
            found: dict[str, float] = json.loads(answer.read_text(encoding="utf-8"))
        print(*arguments, found, file=sys.stderr, flush=True)
        return found

    only = options.only
    blenders = [(version, str(environments.blender_environment(version))) for version in options.bpy]
    return MeasuredScale(
        {count: run(plain, "jobs", count) for count in options.jobs if "jobs" in only},
        {each: run(plain, "timed", each[0], each[2], each[1]) for each in TIMED if "timed" in only},
        {(version, TICKED): run(python, "ticks", TICKED) for version, python in blenders if "ticks" in only},
        run(plain, "plan", scale_table.PLANNED) if "plan" in only else {},
    )


def exit_status(measured: Sequence[Measured], *, check: bool) -> int:
    """Return 1 if requirements are checked and one is not met, or if there was nothing to check; otherwise 0."""
    verdicts = import_table.judge(measured)
    return int(check and not (verdicts and all(verdict.is_met for verdict in verdicts)))


def write(text: str, page: Path = PAGE, markers: tuple[str, str] = (BEGIN, END)) -> None:
    """Replace the text between the page's markers. Raises OSError and BenchError."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(markers[0])
    _old, end, after = rest.partition(markers[1])
    if not (begin and end):
        raise BenchError(f"{page.name} does not have the two markers {markers[0]} and {markers[1]}")
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8", newline="\n")


def heading(runs: int, what: str = "warm runs") -> str:
    """Return a sentence that says when and where we measured, and how often."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    cores = f"{os.cpu_count()} cores, {platform.system()}, {platform.machine()}"
    return f"Measured on {today} ({cores}): medians of {runs} {what}."


def _glb(python: Path, *kind: str) -> Path:
    """Return the GLB of that kind: a command of import_runs.py and what it is given.

    The GLB is made once and kept in the system's temporary folder until its code changes.
    """
    sources = [SCRIPTS / "benchmarks" / "import_runs.py", *sorted((SCRIPTS / "emulator").rglob("*.py"))]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    path = Path(tempfile.gettempdir(), "trellis_blender_bench", f"{'-'.join(kind)}-{digest}.glb")
    if not path.is_file():
        _run([str(python), "-m", IMPORTS, *kind, str(path)])
    return path


def _run(command: Sequence[str], given: Mapping[str, str] | None = None, *, leaves_bytecode: bool = False) -> None:
    """Run a process and hide its output. `given`: environment variables for it. Raises BenchError.

    With `leaves_bytecode` it keeps compiled files.
    """
    variables = {**environments.clean_variables(), "PYTHONUTF8": "1", "PYTHONPATH": str(SCRIPTS), **(given or {})}
    if leaves_bytecode:
        variables.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        result = subprocess.run(  # nosec B603 # a script of ours
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            encoding="utf-8",
            errors="replace",
            env=variables,
            timeout=SECONDS_PER_PROCESS,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"took more than {SECONDS_PER_PROCESS} s: {' '.join(command)}") from error
    if result.returncode:
        raise BenchError("\n".join([" ".join(command), *result.stdout.splitlines()[-20:]]))


def _measure_all(options: argparse.Namespace) -> list[Measured]:
    measured = []
    for version, (faces, pixels, normals) in itertools.product(options.bpy, files(options)):
        started = time.monotonic()
        one = measure(version, faces, pixels, normals, options.runs)
        measured.append(one)
        ratios = ", ".join(
            f"{words} {import_table.shown_ratio(one.ratio(name))}" for name, words in import_table.WORDS.items()
        )
        seconds = time.monotonic() - started
        print(f"Blender {version}, {one.title}: {ratios} ({seconds:.0f} s)", file=sys.stderr, flush=True)
    return measured


def _bench_starts(options: argparse.Namespace) -> int:
    """Measure the starts, print them, and return the exit status. Raises as `measure` does."""
    measured = []
    for version in options.bpy:
        measured.append(starts(version, options.runs))
        print(f"Blender {version}: {measured[-1].more(OURS) * 1000:.1f} ms more", file=sys.stderr, flush=True)
    text = f"{heading(options.runs, 'starts, CPU milliseconds of the main thread')}\n\n{startup_table.table(measured)}"
    if options.write:
        write(text, markers=(START_BEGIN, START_END))
    verdicts = startup_table.judge(measured)
    print(text, "", *verdicts, sep="\n")
    return int(options.check and not all(verdict.is_met for verdict in verdicts))


def _bench_scale(options: argparse.Namespace) -> int:
    """Measure many jobs, print the tables, and return the exit status. Raises as `measure` does."""
    measured = scales(options)
    text = f"{heading(1, 'run')}\n\n{scale_table.table(measured)}"
    if options.write:
        write(text, markers=(SCALE_BEGIN, SCALE_END))
    verdicts = scale_table.judge(measured)
    print(text, "", *verdicts, sep="\n")
    return int(options.check and not all(verdict.is_met for verdict in verdicts))


def _bench_textures(options: argparse.Namespace) -> int:
    """Measure the first displays, print them, and return the exit status. Raises as `textures` does."""
    measured = [
        textures(blender, pixels, options.runs)
        for blender, pixels in itertools.product(options.blender, options.texture)
    ]
    text = (
        f"{heading(options.runs, 'displays each way, CPU time of the main thread')}\n\n{texture_table.table(measured)}"
    )
    if options.write:
        write(text, markers=(TEXTURES_BEGIN, TEXTURES_END))
    print(text, "", *measured, sep="\n")
    return int(options.check and not all(one.is_met for one in measured))


def _bench_finishes(options: argparse.Namespace) -> int:
    """Measure the check and all steps, print them, and return the exit status. Raises as `measure` does.

    The models are made game ready in the last Blender only: the others bake the same.
    """
    measured: list[MeasuredFinish] = []
    ready: list[MeasuredGame] = []
    for version in options.bpy:
        of_version = finishes(version, options.faces, options.runs)
        print(*of_version, sep="\n", file=sys.stderr, flush=True)
        measured += of_version
        ready += games(version, options.faces, options.model if version == options.bpy[-1] else ())
    text = f"{heading(options.runs)}\n\n{finish_table.table(measured)}\n\n{game_table.table(ready)}"
    if options.write:
        write(text, FINISH_PAGE, (FINISH_BEGIN, FINISH_END))
    print(text, "", *measured, *ready, sep="\n")
    verdicts = [*(one.is_met for one in measured), *(one.is_met for one in ready)]
    return int(options.check and not all(verdicts))


def _bench_aligns(options: argparse.Namespace) -> int:
    """Measure Align to Picture, print it, and return the exit status. Raises as `measure` does."""
    measured = [aligns(version, options.faces, options.runs) for version in options.bpy]
    text = "\n".join([heading(options.runs), "", finish_table.ALIGN_HEAD, *map(str, measured)])
    if options.write:
        write(text, FINISH_PAGE, (ALIGN_BEGIN, ALIGN_END))
    print(text)
    return int(options.check and not all(one.is_met for one in measured))


def files(options: argparse.Namespace) -> list[tuple[int, int, str]]:
    """Return the files to measure: faces, pixels of a texture's side, and normals.

    Textures take the same time whatever the normals are, so by default the largest come only with Trellis 2's normals.
    """
    every = itertools.product(options.faces, options.texture, options.normals)
    is_whole = options.normals == list(NORMALS) and len(options.texture) > 1
    return [file for file in every if not is_whole or file[2] == "area" or file[1] == min(options.texture)]


def main() -> int:
    """Measure as the command line says, print the results, and return the exit status."""
    options = parse(sys.argv[1:])
    try:
        if options.bench == "click":
            print(heading(options.runs), "", CLICK_HEAD, sep="\n")
            for version in options.bpy:
                print(*clicks(version, options.runs), sep="\n", flush=True)
            return 0
        if options.bench == "finish":
            return _bench_finishes(options)
        if options.bench == "align":
            return _bench_aligns(options)
        if options.bench == "startup":
            return _bench_starts(options)
        if options.bench == "scale":
            return _bench_scale(options)
        if options.bench == "textures":
            return _bench_textures(options)
        measured = _measure_all(options)
        text = f"{heading(options.runs)}\n\n{import_table.table(measured)}"
        if options.write:
            write(text)
    except (BenchError, environments.EnvironmentNotBuiltError, screens.ScreenError) as error:
        print(error, file=sys.stderr)
        return 1
    print(text)
    print()
    print(
        "\n".join(str(verdict) for verdict in import_table.judge(measured)) or "No size that anything is required of."
    )
    return exit_status(measured, check=options.check)


if __name__ == "__main__":
    sys.exit(main())
