# SPDX-License-Identifier: GPL-3.0-or-later
"""A real window for each test, with the add-on installed, and the emulator in the place of Scenario."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import screens
from build import stage
from emulator import Emulator, Flaw, Service
from tests.addon import ADDON
from tests.gui.artist import Artist
from tests.gui.shots import Shots
from tests.gui.window import variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What an artist has after the first start: the splash screen is gone, the add-on is on. Nothing is saved on the side.
FIRST_START = f"""
import addon_utils, bpy
addon_utils.enable({ADDON!r}, default_set=True)
bpy.context.preferences.view.show_splash = False
bpy.context.preferences.system.viewport_aa = 'OFF'
bpy.context.preferences.filepaths.use_auto_save_temporary_files = False
bpy.ops.wm.save_userpref()
"""


@pytest.fixture(scope="session")
def blender() -> str:
    """The Blender to open, as `scripts/test.py --gui` names it."""
    return os.environ.get(screens.BLENDER_VARIABLE, "blender")


@pytest.fixture(scope="session")
def shots() -> Shots:
    """Where pictures of the screen are kept, if anywhere."""
    return Shots()


@pytest.fixture(scope="session")
def screen() -> Iterator[screens.Screen]:
    """What the windows open on."""
    with tempfile.TemporaryDirectory() as folder, screens.Screen(Path(folder)) as shown:
        yield shown


@pytest.fixture(scope="session")
def installed(blender: str) -> Iterator[Path]:
    """A folder as a Blender leaves it in which the add-on was installed and enabled."""
    with tempfile.TemporaryDirectory(prefix="trellis gui ") as name:
        folder = Path(name)
        stage(folder / "resources" / "extensions" / "user_default" / "trellis_blender")
        command = [blender, "--background", "--python-exit-code", "1", "--python-expr", FIRST_START]
        subprocess.run(command, check=True, env=variables(folder), stdout=subprocess.DEVNULL, timeout=120)
        yield folder


@pytest.fixture
def job_seconds() -> float:
    """How long Scenario takes for a model; a test may say otherwise with `parametrize`."""
    return 1.0


@pytest.fixture
def flaws() -> frozenset[Flaw]:
    """What is wrong with the models; a test may say otherwise with `parametrize`."""
    return frozenset()


@pytest.fixture
def emulator(job_seconds: float, flaws: frozenset[Flaw]) -> Iterator[Emulator]:
    """A running emulator of Scenario's API, whose jobs show how far they are: the bar is looked at, too."""
    told = Service(shows_progress=True, flaws=flaws)
    with Emulator(key="test-key", secret="test-secret", job_seconds=job_seconds, service=told) as running:
        yield running


@pytest.fixture
def start(
    blender: str, installed: Path, screen: screens.Screen, emulator: Emulator, tmp_path: Path
) -> Callable[..., Artist]:
    """Start Blender, with a file or without; a second call is the next start of the same one."""
    folder = tmp_path / "blender"
    shutil.copytree(installed, folder)
    return lambda file=None: Artist(blender, folder, screen, emulator, file)


@pytest.fixture
def newcomer(start: Callable[[], Artist]) -> Iterator[Artist]:
    """An artist who has just installed the add-on."""
    with start() as artist:
        yield artist


@pytest.fixture
def artist(newcomer: Artist) -> Artist:
    """An artist with an account, whose sidebar is open on the tab Trellis."""
    newcomer.has_account()
    newcomer.opens_the_tab()
    return newcomer
