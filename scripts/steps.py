"""The steps of a test run, planned by ``scripts/test.py``: a check of the source, or a suite on one Python."""

from __future__ import annotations

import math
import subprocess  # nosec B404 # each call says why it is safe
import tempfile
import time
import xml.etree.ElementTree as ET  # nosec B405 # only reads reports that pytest wrote here
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import environments

if TYPE_CHECKING:
    from collections.abc import Sequence

# Many times longer than any suite, because Blender 4.5 can hang at exit instead of crashing. If a test hangs, pytest's
# own `faulthandler_timeout` shows it earlier.
SECONDS_PER_STEP = 1800
# A window drawn by the CPU is slow, all the more on a busy computer.
SECONDS_IN_A_WINDOW = 3600
GUI = "gui"

PASSED, FAILED, LEFT_OUT = "passed", "FAILED", "left out"

CHECKS = {
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "bandit": ("bandit", "--quiet", "--recursive", "--configfile", "pyproject.toml", "trellis_blender", "scripts"),
    "mypy": ("mypy",),
}

_NOTHING_COLLECTED = 5  # pytest's exit status


@dataclass(frozen=True)
class Counts:
    """The numbers of tests that passed, failed (with errors) and were skipped (with xfail)."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Return the sums."""
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


@dataclass(frozen=True)
class Step:
    """One step of the run: a key of CHECKS or a suite (a folder in ``tests/``); ``blender`` is "" without bpy.

    ``without``: the suite's folders that it leaves out. ``only``: those that it is about, empty for all.
    """

    name: str
    python: str
    blender: str = ""
    without: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """The result of a step: PASSED, FAILED or LEFT_OUT, the reason if not PASSED, the tests, the seconds."""

    step: Step
    result: str
    reason: str = ""
    counts: Counts = Counts()
    seconds: float = 0.0


class ReportError(Exception):
    """pytest left no complete report, because it ended in the middle."""


def run(
    step: Step,
    pytest_arguments: Sequence[str],
    may_match_nothing: bool = False,
    output: IO[bytes] | None = None,
    until: float = math.inf,
) -> Outcome:
    """Build the step's environment, run the step with its output to ``output`` (None: the terminal), and return the
    outcome.

    ``pytest_arguments`` go to pytest, not to checks. With ``may_match_nothing``, a suite without a selected test is
    left out instead of failed. A step that still runs at the monotonic time ``until`` is ended.
    """
    started = time.monotonic()
    try:
        python = _python_of(step)
        if step.name in CHECKS:
            result, reason, counts = _check(step, python, output, until)
        else:
            result, reason, counts = _test(step, python, pytest_arguments, may_match_nothing, output, until)
    except environments.EnvironmentNotBuiltError as error:
        result, reason, counts = FAILED, str(error), Counts()
    return Outcome(step, result, reason, counts, time.monotonic() - started)


def read_counts(report: Path) -> Counts:
    """Count the tests in a report that pytest wrote with ``--junitxml``.

    Raises ReportError if the file is missing or incomplete, as after a crash.
    """
    try:
        # The file comes from the pytest that just ran here.
        root = ET.parse(report).getroot()  # nosec B314 # see above
    except (OSError, ET.ParseError) as error:
        raise ReportError(f"pytest left no complete report ({error})") from error
    passed = failed = skipped = 0
    for case in root.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return Counts(passed, failed, skipped)


def judge(status: int | None, report: Path, may_match_nothing: bool = False) -> tuple[str, str, Counts]:
    """Return result, reason and counts of a pytest run from its exit status and its report.

    The status is None for a run that had to be ended. A run that crashed, hung or was empty counts as one failed test,
    so that the sum of all tests shows it.
    """
    try:
        counts = read_counts(report)
    except ReportError as error:
        return FAILED, f"{_ending(status)}; {error}", Counts(failed=1)
    if counts == Counts():
        if may_match_nothing and status == _NOTHING_COLLECTED:
            return LEFT_OUT, "no test matched", counts
        return FAILED, "pytest collected nothing", Counts(failed=1)
    if counts.failed:
        return FAILED, f"{counts.failed} failed", counts
    if status != 0:
        return FAILED, f"all tests passed, but {_ending(status)}", counts + Counts(failed=1)
    if counts.skipped:
        return FAILED, f"{counts.skipped} skipped: every test has to run", counts
    return PASSED, "", counts


def _python_of(step: Step) -> Path:
    if step.name in CHECKS:
        return environments.tools_environment()
    if step.blender:
        return environments.blender_environment(step.blender)
    if step.name == "project":
        # These tests build the extension. We build the environment for that here, where its progress is visible.
        environments.blender_environment(environments.DEFAULT_BLENDER[step.python])
    if step.name == "emulator":
        # These start the emulator as a user does, and check all its output.
        environments.environment("emulator", step.python)
    return environments.plain_environment(step.python)


def _check(step: Step, python: Path, output: IO[bytes] | None, until: float) -> tuple[str, str, Counts]:
    status = _status_of([str(python), "-m", *CHECKS[step.name]], output, until)
    return (PASSED, "", Counts()) if status == 0 else (FAILED, _ending(status), Counts())


def _test(
    step: Step,
    python: Path,
    arguments: Sequence[str],
    may_match_nothing: bool,
    output: IO[bytes] | None,
    until: float,
) -> tuple[str, str, Counts]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        tests = f"tests/{step.name}"
        seconds = SECONDS_IN_A_WINDOW if step.name == GUI else SECONDS_PER_STEP
        only = [f"{tests}/{folder}" for folder in step.only] or [tests]
        without = [f"--ignore={tests}/{folder}" for folder in step.without]
        command = [str(python), "-m", "pytest", "-q", *only, f"--junitxml={report}", *without, *arguments]
        status = _status_of(command, output, until, seconds)
        return judge(status, report, may_match_nothing)


def _status_of(
    command: Sequence[str], output: IO[bytes] | None, until: float, seconds: float = SECONDS_PER_STEP
) -> int | None:
    try:
        result = subprocess.run(  # nosec B603 # a command that is written here
            command,
            check=False,
            cwd=environments.ROOT,
            env=environments.clean_variables(),
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            timeout=max(0.0, min(seconds, until - time.monotonic())),
        )
    except subprocess.TimeoutExpired:
        return None
    return result.returncode


def _ending(status: int | None) -> str:
    return "it hung and was ended" if status is None else f"it ended with status {status}"
