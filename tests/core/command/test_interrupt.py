"""Ctrl+C once submits nothing more and brings what is paid for; twice leaves at once, and resume goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from emulator import Emulator
from tests.core.command.conftest import SMALLEST, Trellis, models
from tests.patience import PATIENCE

REPOSITORY = Path(__file__).parents[3]
PROGRAM = "from trellis_blender.command.program import main; main()"


@pytest.fixture
def started(variables: dict[str, str], photos: Path, output: Path) -> Iterator[subprocess.Popen[str]]:
    """Yield a process that makes models of the photos, two at a time, and tells in JSON."""
    command = ("generate", str(photos), "--output", str(output), "--yes", "--json", "--concurrency", "2", *SMALLEST)
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *command],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def told_until(lines: IO[str], stage: str) -> dict[str, Any]:
    """Read what it tells until a job has reached this stage, and return that."""
    for line in lines:
        event: dict[str, Any] = json.loads(line)
        if event.get("stage") == stage or event["event"] == stage:
            return event
    raise AssertionError(f"it never told of {stage}")


def test_once_brings_what_is_paid_for_and_submits_nothing_more(
    started: subprocess.Popen[str], trellis2: Trellis, output: Path, emulator: Emulator
) -> None:
    assert started.stdout is not None
    emulator.job_seconds = 2.0
    told_until(started.stdout, "running")
    started.send_signal(signal.SIGINT)
    end = told_until(started.stdout, "end")
    assert started.wait(PATIENCE) == 130
    assert end["done"] == emulator.paid == len(models(output))
    assert end["done"] < 3
    ran = trellis2("resume", output, "--yes")
    assert (ran.status, emulator.paid, len(models(output))) == (0, 3, 3), ran.out + ran.err


def test_twice_leaves_at_once_and_resume_goes_on(
    started: subprocess.Popen[str], trellis2: Trellis, output: Path, emulator: Emulator
) -> None:
    assert started.stdout is not None
    emulator.job_seconds = 3600.0
    told_until(started.stdout, "running")
    started.send_signal(signal.SIGINT)
    told_until(started.stdout, "notice")
    started.send_signal(signal.SIGINT)
    assert started.wait(PATIENCE) == 130
    assert models(output) == []
    emulator.job_seconds = 0.1
    for job in emulator.jobs.values():
        job.seconds = 0.1
    ran = trellis2("resume", output, "--yes")
    assert (ran.status, emulator.paid, len(models(output))) == (0, 3, 3), ran.out + ran.err
