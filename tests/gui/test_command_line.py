# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line in a real Blender, which needs no window."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator
from tests.emulator.caller import draw_picture
from tests.gui.window import variables

SMALLEST = ("--set", "decimation_target=100000", "--set", "texture_size=1024", "--seed", "7")
SECONDS = 240.0
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def command(blender: str, installed: Path, emulator: Emulator, tmp_path: Path) -> Iterator[Start]:
    """Start the command in a Blender in which the add-on is enabled. The process prints lines of JSON."""
    folder, started = tmp_path / "blender", list[subprocess.Popen[str]]()
    shutil.copytree(installed, folder)
    account = {"SCENARIO_SDK_API_KEY": emulator.key, "SCENARIO_SDK_API_SECRET": emulator.secret}
    environment = {**variables(folder), **account, "SCENARIO_BASE_URL": emulator.url}

    def start(*arguments: object) -> subprocess.Popen[str]:
        line = [blender, "--command", "trellis2", *map(str, arguments), "--json"]
        process = subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with two pictures."""
    photos = tmp_path / "Möbel und Stühle"
    photos.mkdir()
    for name in ("chair.png", "Tür.png"):
        (photos / name).write_bytes(draw_picture())
    return photos


def ended(process: subprocess.Popen[str]) -> tuple[int, list[Any]]:
    """Wait for its end; its exit status, and what it told."""
    output, _ = process.communicate(timeout=SECONDS)
    return process.returncode, [json.loads(line) for line in output.splitlines()]


def test_a_folder_becomes_models_and_blend_files(
    command: Start, photos: Path, tmp_path: Path, emulator: Emulator
) -> None:
    output = tmp_path / "Modelle"
    status, told = ended(command("generate", photos, "--output", output, "--yes", "--format", "blend", *SMALLEST))
    assert (status, emulator.paid, told[-1]["done"]) == (0, 2, 2), told
    assert len(list(output.glob("*/model.glb"))) == len(list(output.glob("*/model.blend"))) == 2


def test_ctrl_c_brings_what_is_paid_for_and_resume_goes_on(
    command: Start, photos: Path, tmp_path: Path, emulator: Emulator
) -> None:
    output = tmp_path / "Modelle"
    process = command("generate", photos, "--output", output, "--yes", "--concurrency", "1", *SMALLEST)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("stage") == "running":
            break
    process.send_signal(signal.SIGINT)
    status, told = ended(process)
    assert (status, emulator.paid, told[-1]["done"]) == (130, 1, 1), told
    status, told = ended(command("resume", output, "--yes"))
    assert (status, emulator.paid, told[-1]["done"]) == (0, 2, 2), told


def test_wrong_use_is_told_before_anything_is_sent(command: Start, emulator: Emulator, tmp_path: Path) -> None:
    status, told = ended(command("generate", tmp_path / "gone.png"))
    assert (status, emulator.paid) == (2, 0)
    assert "There is no “" in told[-1]["message"]
