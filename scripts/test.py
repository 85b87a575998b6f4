#!/usr/bin/env python3
"""Check and test everything: ``python3 scripts/test.py``.

Runs style (ruff), security (bandit), types (mypy), the tests of ``tests/core`` and ``tests/project`` on plain Python,
and those of ``tests/blender`` on a real bpy for that Python; ``tests/never_lost`` has parts of both kinds. Builds the
environments that it needs.

    python3 scripts/test.py --all               every supported Blender and Python that is installed, and the emulator's
                                                own tests, which do not run the add-on
    python3 scripts/test.py --all --long        the same before a release: with long soak and fuzzing tests, and with
                                                everything on every Blender and every Python
    python3 scripts/test.py --only core -k job  some tests of one suite
    python3 scripts/test.py --only blender --bpy 4.2.23 -- -x --pdb
    python3 scripts/test.py --gui               tests/gui, in a window of the Blender on PATH
"""

import argparse
import math
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import IO

import environments
import screens
import steps
from steps import CHECKS, FAILED, GUI, LEFT_OUT, PASSED, Counts, Outcome, Step

CHECK_SUITES = {"lint": ("ruff check", "ruff format", "bandit"), "types": ("mypy",)}
PLAIN_SUITES = ("core", "emulator", "project")
SUITES = (*CHECK_SUITES, *PLAIN_SUITES, "blender", "never_lost")
# The folders for plain Python and for bpy, by the suite's name.
PLAIN_FOLDERS = {**{suite: suite for suite in PLAIN_SUITES}, "never_lost": "never_lost/plain"}
BLENDER_FOLDERS = {"blender": "blender", "never_lost": "never_lost/blender"}
# What the Pythons, or the Blenders between the oldest and the newest, have in common runs on each of them with --long
# only. Suites on the oldest Python alone, which has the libraries of the oldest Blender:
ONCE = ("emulator", "never_lost")
# Rooms of `core` on the oldest Python alone. Those that use numpy, requests or Pillow run on each.
ON_ONE_PYTHON = ("batch", "command", "farm", "files", "job", "runner")
# Rooms of `blender`, and `never_lost`, on the oldest and the newest Blender. Pictures, the background Blender, models
# and scene run on each.
BETWEEN = ("4.5.15", "5.0.1")
OF_SCRIPTS = ("test_bench.py", "test_demo.py")  # on the newest Blender with --all; else if the suite is named
AT_BOTH_ENDS = (
    *("align", "batch", "command", "finishing", "hostile", "interface", "jobs", "settings", "test_repository.py"),
    *OF_SCRIPTS,
)
# Without options, the parts of a suite run side by side: these folders, and all that is in none of them.
PARTS = {
    "blender": (("finishing", "host", "picture"), ("batch", "interface", "jobs", "settings")),
    "core": (("files", "model", "scenario"), ("runner",)),
}
# What each step takes on two cores, in seconds, by the folders that it is about and those that it leaves out. The
# longest begin first.
SECONDS: dict[tuple[str, tuple[str, ...], tuple[str, ...]], int] = {
    ("blender", (), ()): 780,
    ("blender", (), OF_SCRIPTS): 700,
    ("core", (), ()): 430,
    ("blender", (), AT_BOTH_ENDS): 330,
    ("blender", PARTS["blender"][0], ()): 230,
    ("blender", PARTS["blender"][1], ()): 205,
    ("blender", (), (*OF_SCRIPTS, *sum(PARTS["blender"], ()))): 200,
    ("never_lost/plain", (), ()): 190,
    ("core", PARTS["core"][0], ()): 160,
    ("core", PARTS["core"][1], ()): 155,
    ("core", (), sum(PARTS["core"], ())): 150,
    ("core", (), ON_ONE_PYTHON): 130,
    ("emulator", (), ()): 95,
    ("never_lost/blender", (), ()): 90,
    ("project", (), ()): 40,
}
# With these, tests with a long and a short form take the long one, before a release.
# The fuzzing takes five minutes altogether, half of them on each Python.
LONG_RUNS = {"TRELLIS_SOAK_JOBS": "200", "TRELLIS_BATCH_PICTURES": "1000", "TRELLIS_FUZZ_SECONDS": "150"}

# Three steps at a time on each processor, since a step waits for most of its time. More than six gain nothing, because
# the longest step decides.
MOST_JOBS = min(6, 3 * (os.cpu_count() or 1))
_PRINTING = threading.Lock()


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options, with everything after ``--`` as ``pytest``. Ends the program on an unknown option."""
    ours, theirs = list(arguments), []
    if "--" in ours:
        cut = ours.index("--")
        ours, theirs = ours[:cut], ours[cut + 1 :]
    parser = argparse.ArgumentParser(
        description="Check and test everything.", epilog="What stands after -- goes to pytest."
    )
    parser.add_argument("--all", action="store_true", help="every supported Blender and Python")
    parser.add_argument("--require-all", action="store_true", help="fail where one of them is missing")
    parser.add_argument("--long", action="store_true", help="the long form of the tests that have one")
    parser.add_argument(
        "--minutes", type=float, default=math.inf, metavar="N", help="what still runs after so many minutes has failed"
    )
    parser.add_argument(
        "--jobs", type=int, default=MOST_JOBS, metavar="N", help=f"steps at a time (default here: {MOST_JOBS})"
    )
    parser.add_argument("--only", action="append", choices=SUITES, help="this suite; can be repeated")
    parser.add_argument(
        "--bpy",
        action="append",
        choices=environments.PYTHON_OF_BLENDER,
        help="this Blender; can be repeated",
    )
    parser.add_argument("-k", metavar="EXPR", help="tests whose names match, as in pytest")
    parser.add_argument("--gui", action="store_true", help="tests/gui in a real window, alone or with --all or --only")
    parser.add_argument("--blender", metavar="PATH", default="blender", help="for --gui (default: the one on PATH)")
    parser.add_argument("--shots", metavar="FOLDER", help="where --gui leaves its pictures of the screen")
    options = parser.parse_args(ours)
    options.until = time.monotonic() + options.minutes * 60
    options.pytest = [*(["-k", options.k] if options.k else []), *theirs]
    return options


def plan(options: argparse.Namespace) -> list[Step]:
    """Return the steps for these options: checks first, then the longest steps, so that no processor idles long."""
    here = environments.running_python()
    wanted = options.only or (() if options.gui and not options.all else SUITES)
    if not options.all and not options.only:
        wanted = [suite for suite in wanted if suite != "emulator"]
    pythons = environments.SUPPORTED_PYTHONS if options.all else (here,)
    blenders = options.bpy or (
        list(environments.PYTHON_OF_BLENDER) if options.all else [environments.DEFAULT_BLENDER[here]]
    )
    is_short = options.all and not options.long
    between = BETWEEN if is_short else ()
    later = pythons[1:] if is_short else ()
    planned = [Step(name, here) for suite in CHECK_SUITES if suite in wanted for name in CHECK_SUITES[suite]]
    tests = [
        Step(
            BLENDER_FOLDERS[suite],
            environments.PYTHON_OF_BLENDER[version],
            version,
            _left_out(version, options) if suite == "blender" else (),
        )
        for suite in BLENDER_FOLDERS
        for version in blenders
        if suite in wanted and not (suite == "never_lost" and version in between)
    ]
    tests += [
        Step(PLAIN_FOLDERS[suite], python, "", ON_ONE_PYTHON if suite == "core" and python in later else ())
        for suite in PLAIN_FOLDERS
        for python in pythons
        if suite in wanted and not (suite in ONCE and python in later)
    ]
    if not options.all and not options.only:
        tests = [part for step in tests for part in _parts(step)]
    tests.sort(key=lambda step: -SECONDS[step.name, step.only, step.without])
    return planned + tests + ([Step(GUI, here)] if options.gui else [])


def _parts(step: Step) -> list[Step]:
    """Return a step's parts, or the step itself if it has none."""
    parts = PARTS.get(step.name, ())
    return [
        *(replace(step, only=folders, without=()) for folders in parts),
        replace(step, without=(*step.without, *sum(parts, ()))),
    ]


def _left_out(version: str, options: argparse.Namespace) -> tuple[str, ...]:
    """Return what the tests in this Blender leave out."""
    if options.long or (options.only and not options.all):
        return ()
    if not options.all:
        return OF_SCRIPTS
    if version in BETWEEN:
        return AT_BOTH_ENDS
    return () if version == environments.DEFAULT_BLENDER["3.13"] else OF_SCRIPTS


def carry_out_all(planned: Sequence[Step], options: argparse.Namespace) -> list[Outcome]:
    """Run the steps, several at a time, and return their outcomes. The window has the machine for itself.

    If several run at a time, each prints its output at its end.
    """
    alone = [step for step in planned if step.name == GUI]
    together = [step for step in planned if step.name != GUI]
    if min(options.jobs, len(together)) <= 1:
        return [carry_out(step, options) for step in planned]
    with ThreadPoolExecutor(options.jobs) as pool:
        outcomes = list(pool.map(lambda step: _carry_out_silently(step, options), together))
    return outcomes + [carry_out(step, options) for step in alone]


def _carry_out_silently(step: Step, options: argparse.Namespace) -> Outcome:
    with tempfile.TemporaryFile() as output:
        outcome = _outcome(step, options, output)
        output.seek(0)
        with _PRINTING:
            print(f"\n=== {_title(step)}", flush=True)
            sys.stdout.buffer.write(output.read())
            _tell(outcome)
    return outcome


def carry_out(step: Step, options: argparse.Namespace) -> Outcome:
    """Run one step with its output on the terminal, print its outcome and return that.

    If its Python is missing, a step is left out with ``--all``, and fails with ``--require-all`` or ``--bpy``.
    """
    print(f"\n=== {_title(step)}", flush=True)
    outcome = _outcome(step, options, None)
    _tell(outcome)
    return outcome


def _outcome(step: Step, options: argparse.Namespace, output: IO[bytes] | None) -> Outcome:
    if environments.find_python(step.python) is None:
        forgiven = options.all and not options.require_all and not options.bpy
        return Outcome(step, LEFT_OUT if forgiven else FAILED, f"no Python {step.python} was found")
    missing = screens.missing(options.blender) if step.name == GUI else ""
    if missing:
        return Outcome(step, FAILED, missing)
    return steps.run(step, options.pytest, may_match_nothing=bool(options.k), output=output, until=options.until)


def _tell(outcome: Outcome) -> None:
    reason = f" ({outcome.reason})" if outcome.reason else ""
    print(f"--- {_title(outcome.step)}: {outcome.result}{reason} in {outcome.seconds:.1f} s", flush=True)


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return a table of the steps and, alone on the last line, the numbers of passed and failed tests."""
    rows = [("step", "Python", "Blender", "result", "seconds", "")]
    rows += [
        (
            outcome.step.name,
            outcome.step.python,
            outcome.step.blender or "-",
            outcome.result,
            f"{outcome.seconds:.1f}",
            outcome.reason,
        )
        for outcome in outcomes
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)).rstrip() for row in rows
    ]
    total = sum((outcome.counts for outcome in outcomes), Counts())
    closing = f"{total.passed} passed, {total.failed} failed"
    if total.skipped:
        closing += f", {total.skipped} skipped"
    return "\n".join([*lines, "", closing])


def succeeded(outcomes: Sequence[Outcome]) -> bool:
    """Return whether no step failed and at least one ran."""
    results = {outcome.result for outcome in outcomes}
    return PASSED in results and FAILED not in results


def _title(step: Step) -> str:
    kind = step.name if step.name in CHECKS else f"tests/{step.name}"
    blender = f", Blender {step.blender}" if step.blender else ""
    return f"{kind} (Python {step.python}{blender})"


def main() -> int:
    """Run the steps that the command line names, and return the exit status."""
    options = parse(sys.argv[1:])
    if options.long:
        for name, value in LONG_RUNS.items():
            os.environ.setdefault(name, value)
    if options.gui:
        os.environ.update(screens.variables(options.blender, options.shots))
    outcomes = carry_out_all(plan(options), options)
    print(f"\n{summary(outcomes)}", flush=True)
    return 0 if succeeded(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
