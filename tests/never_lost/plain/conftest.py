"""An emulator with small models, a picture, and windows on one folder of jobs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator import Emulator, Service
from tests.never_lost.plain.window import Window
from tests.never_lost.world import new_emulator, picture_in, small_models

# A small real file system can be mounted for one process only on Linux; there these tests run or fail.
collect_ignore = [] if sys.platform == "linux" else ["test_full_disk.py"]


@pytest.fixture(autouse=True, scope="session")
def models_are_small() -> Iterator[None]:
    """Let the emulators answer with small models."""
    with small_models():
        yield


@pytest.fixture
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """Yield an emulator whose jobs take a tenth of a second; a test may set its service."""
    with new_emulator(service=getattr(request, "param", Service())) as running:
        yield running


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a PNG file."""
    return picture_in(tmp_path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the folder for the jobs, whose name is as awkward as an artist's."""
    return tmp_path / "Möbel und Stühle" / "jobs"


@pytest.fixture
def open_window(root: Path, emulator: Emulator) -> Iterator[Callable[[], Window]]:
    """Yield what opens a window on one and the same folder of jobs; each is closed at the end."""
    opened: list[Window] = []

    def open_one() -> Window:
        opened.append(Window(root, emulator))
        return opened[-1]

    yield open_one
    for window in opened:
        window.close()


@pytest.fixture
def window(open_window: Callable[[], Window]) -> Window:
    """Return a window on an empty folder."""
    return open_window()
