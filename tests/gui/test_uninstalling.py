# SPDX-License-Identifier: GPL-3.0-or-later
"""Uninstalling the extension, really, and installing it again: every job and every paid model is still there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from build import stage
from emulator import Emulator
from screens import Screen
from tests.gui.artist import Artist
from tests.gui.conftest import FIRST_START
from tests.gui.shots import Shots
from tests.gui.window import variables

PACKAGE = "trellis_blender"
# What Blender's own button Uninstall calls.
UNINSTALL = f"""
repositories = context.preferences.extensions.repos
index = next(index for index, each in enumerate(repositories) if each.module == "user_default")
bpy.ops.extensions.package_uninstall(repo_index=index, pkg_id={PACKAGE!r})
"""
OLD = Path("resources", "extensions", ".user", "user_default", PACKAGE, "jobs")


class Computer:
    """A computer on which the extension is installed and uninstalled. It keeps everything in the folder."""

    def __init__(self, blender: str, folder: Path, start: Callable[[], Artist]) -> None:
        self._blender, self.folder, self.start = blender, folder, start
        for path in (folder / "resources", folder / "temporary"):
            path.mkdir(parents=True, exist_ok=True)

    def install(self) -> None:
        """Build the extension, install it with Blender's own command, and enable it."""
        package = self.folder / "package.zip"
        package.unlink(missing_ok=True)
        self._extension("build", "--source-dir", str(stage(self.folder / "stage")), "--output-filepath", str(package))
        self._extension("install-file", "--repo", "user_default", str(package))
        self._run("--background", "--python-exit-code", "1", "--python-expr", FIRST_START)

    def remove(self) -> None:
        """Uninstall the extension with Blender's own command."""
        self._extension("remove", PACKAGE)

    def _extension(self, *arguments: str) -> None:
        self._run("--command", "extension", *arguments)

    def _run(self, *arguments: str) -> None:
        command = [self._blender, *arguments]
        subprocess.run(command, check=True, env=variables(self.folder), stdout=subprocess.DEVNULL, timeout=120)

    def jobs(self) -> dict[str, int]:
        """The sizes of all models on this computer, by their path below the resources."""
        models = (self.folder / "resources").rglob("model.glb")
        return {path.relative_to(self.folder).as_posix(): path.stat().st_size for path in models}


@pytest.fixture
def computer(blender: str, screen: Screen, emulator: Emulator, tmp_path: Path) -> Computer:
    """A computer with the extension installed."""
    folder = tmp_path / "Zoës Rechner"
    made = Computer(blender, folder, lambda: Artist(blender, folder, screen, emulator))
    made.install()
    return made


def makes_two_models(artist: Artist) -> None:
    """Make one model that is imported, and one that is only paid for."""
    artist.has_account()
    artist.opens_the_tab()
    artist.generates_from_render()
    artist.waits_for("imported")
    artist.click("trellis2.generate_render")
    artist.until(f"len({artist.JOBS}) == 2")
    artist.run(f"{artist.SESSION}.cancel({artist.JOBS}[-1].id)")
    artist.until(f"{artist.JOBS}[-1].stage.value in ('ready', 'cancelled')")


def list_of(artist: Artist) -> list[list[str]]:
    """Each job's name and stage, as the list shows them, once all are loaded."""
    artist.until(f"{artist.SESSION}.running() and {artist.SESSION}.running().is_loaded")
    artist.until(f"not {artist.SESSION}.running().is_moving")
    return artist.run(f"[[job.name, job.stage.value] for job in {artist.JOBS}]")  # type: ignore[no-any-return]


@pytest.mark.parametrize("way", ["button", "command"])
def test_uninstalled_and_installed_again_all_jobs_are_there(computer: Computer, way: str) -> None:
    with computer.start() as artist:
        makes_two_models(artist)
        before, models = list_of(artist), computer.jobs()
        assert len(models) >= 1
        if way == "button":
            artist.run(UNINSTALL)
            artist.until(f"not any('{PACKAGE}' in name for name in bpy.context.preferences.addons.keys())")
    if way == "command":
        computer.remove()
    assert not (computer.folder / "resources" / "extensions" / "user_default" / PACKAGE).exists()
    assert computer.jobs() == models
    computer.install()
    with computer.start() as artist:
        assert list_of(artist) == before
        artist.opens_the_tab()
        artist.run(f"{artist.SESSION}.import_model({artist.JOBS}[0].id)")
        artist.until(artist.MODELS)


def test_the_jobs_of_an_earlier_version_are_taken_in_and_then_survive_too(computer: Computer, shots: Shots) -> None:
    with computer.start() as artist:
        makes_two_models(artist)
        before = list_of(artist)
    (jobs,) = {(computer.folder / path).parents[1] for path in computer.jobs()}
    (computer.folder / OLD).parent.mkdir(parents=True)
    jobs.rename(computer.folder / OLD)
    with computer.start() as artist:
        assert list_of(artist) == before
        artist.opens_the_tab()
        shots.keep("jobs_taken_in", artist.sidebar())
    computer.remove()
    assert not (computer.folder / OLD.parent).exists()
    computer.install()
    with computer.start() as artist:
        assert list_of(artist) == before
