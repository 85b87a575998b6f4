"""A Blender of its own for a test: started, told what to do, and watched how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from build import stage
from environments import own_folders
from tests.patience import PATIENCE

REPOSITORY = Path(__file__).parents[2]
# `enable` and `tick_until` are for the script that a test gives.
BEGINNING = """
import sys, time
import bpy, addon_utils
from tests.addon import ADDON, addon
from tests.patience import PATIENCE

def enable():
    assert addon_utils.enable(ADDON, default_set=True) is not None

def connect(address):
    preferences = bpy.context.preferences.addons[ADDON].preferences
    preferences.api_key, preferences.api_secret, preferences.api_address = "test-key", "test-secret", address

def tick_until(is_so):
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        addon.session.tick()
        time.sleep(0.01)
"""


@dataclass(frozen=True)
class Ending:
    """How a child ended: its exit status, its output, and how many seconds went by after it printed "leaving"."""

    status: int
    output: str
    seconds_to_leave: float


def is_running(process: int) -> bool:
    """Whether there is a process with that id, one that has ended but was not asked about yet left out."""
    status = Path(f"/proc/{process}/stat")
    try:
        return status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(is_so: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def run(folder: Path, script: str, seconds: float = PATIENCE, *, is_installed: bool = True) -> Ending:
    """Run the script in a new Blender, with the extension installed or not. Raises TimeoutExpired when it hangs."""
    resources = folder / "resources"
    resources.mkdir(parents=True, exist_ok=True)
    if is_installed:
        stage(resources / "extensions" / "user_default" / "trellis_blender")
    (folder / "script.py").write_text(BEGINNING + script, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-X", "utf8", "-u", str(folder / "script.py")],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **own_folders(resources)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    assert process.stdout is not None
    lines, left = [], time.monotonic()
    try:
        for line in process.stdout:
            lines.append(line)
            if line.startswith("leaving"):
                left = time.monotonic()
        status = process.wait(seconds)
    finally:
        process.kill()
    return Ending(status, "".join(lines), time.monotonic() - left)
