"""An emulator with short jobs, a picture, a folder whose name is as awkward as an artist's, and a runner on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator import Emulator, Service
from tests.clock import MovedClock
from tests.core.studio import STEADY, Studio, account_of
from tests.emulator.caller import draw_picture
from trellis_blender.core.request.account import Account


@pytest.fixture
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """Yield an emulator whose jobs take a tenth of a second, and the time for the model; a test may set its service."""
    with Emulator(job_seconds=0.1, service=getattr(request, "param", Service())) as emulator:
        yield emulator


@pytest.fixture
def account(emulator: Emulator) -> Account:
    """Return the account that the emulator knows."""
    return account_of(emulator)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder with an umlaut and a space in its name."""
    folder = tmp_path / "Möbel und Stühle"
    folder.mkdir()
    return folder


@pytest.fixture
def picture(folder: Path) -> Path:
    """Return a PNG file."""
    path = folder / "Bücher regal.png"
    path.write_bytes(draw_picture())
    return path


@pytest.fixture
def open_studio(folder: Path, picture: Path, emulator: Emulator) -> Iterator[Callable[..., Studio]]:
    """Yield what opens a runner on one and the same folder of jobs; each is stopped at the end."""
    opened: list[Studio] = []

    def open_one(**options: object) -> Studio:
        studio = Studio(folder / "jobs", picture, emulator, **options)  # type: ignore[arg-type]  # checked by Studio
        opened.append(studio)
        return studio

    yield open_one
    for studio in opened:
        studio.close()


@pytest.fixture
def clock() -> MovedClock:
    """Return the runner's clock, which stands still."""
    return MovedClock()


@pytest.fixture
def steady(open_studio: Callable[..., Studio], clock: MovedClock) -> Studio:
    """Return a runner with the product's own seconds, by that clock."""
    return open_studio(timing=STEADY, clock=clock)


@pytest.fixture
def studio(open_studio: Callable[[], Studio]) -> Studio:
    """Return a runner that drives the jobs in an empty folder."""
    return open_studio()
