"""A batch of small pictures on an emulator with small models, and workers for it."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator import Emulator
from tests.core.studio import AGENT, QUICK, account_of
from tests.never_lost.world import png, small_models
from tests.patience import PATIENCE
from trellis_blender.core.batch.batch import Batch
from trellis_blender.core.batch.order import BatchEvent, BatchResult, Order
from trellis_blender.core.batch.shared import Shared, State
from trellis_blender.core.errors import PictureError
from trellis_blender.core.job.claims import Claims
from trellis_blender.core.picture.file import PreparedPicture
from trellis_blender.core.picture.view import View

BRIEF = dataclasses.replace(QUICK, search=2.0)
NOT_A_PICTURE = b"no picture"


@pytest.fixture(autouse=True, scope="module")
def models_are_small() -> Iterator[None]:
    """Let the emulators answer with small models."""
    with small_models(2000):
        yield


@pytest.fixture
def pictures(folder: Path) -> list[Path]:
    """Return eight pictures."""
    return [draw(folder / "pictures" / f"Stuhl {number}.png") for number in range(8)]


def draw(path: Path) -> Path:
    """Write a picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png())
    return path


def prepare(path: Path) -> PreparedPicture:
    """Return a picture as it is, unless it is none."""
    data = path.read_bytes()
    if data == NOT_A_PICTURE:
        raise PictureError(f"“{path.name}” is no picture. Choose another file.")
    return PreparedPicture(data, "png", (0, 0, 1, 1, 1, 1), View(b"", ()))


def shared_state(batch: Batch) -> State:
    """Return what the batch's workers share."""
    return Shared(batch.folder, Claims(batch.folder)).read()


@contextlib.contextmanager
def changed_state(batch: Batch) -> Iterator[State]:
    """Change what the batch's workers share."""
    with contextlib.closing(Claims(batch.folder)) as claims, Shared(batch.folder, claims).change() as state:
        yield state


class Crew:
    """Workers of one batch, each on a thread of this process, with claims of its own."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.folder, self._emulator, self.stop = folder, emulator, threading.Event()
        self.heard: list[BatchEvent] = []

    def open(self) -> Batch:
        """Open the batch."""
        return Batch.open(self.folder)

    def run(self, workers: int = 1, only: range | None = None) -> list[BatchResult]:
        """Run the batch with that many workers until all have ended; how they ended."""
        results: list[BatchResult] = []
        threads = [threading.Thread(target=lambda: results.append(self.run_one(only))) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert len(results) == workers
        return results

    def run_one(self, only: range | None = None) -> BatchResult:
        """Run the batch with one worker on this thread."""
        account = account_of(self._emulator)
        return self.open().run(account, AGENT, prepare, self.heard.append, self.stop, only, BRIEF)


@pytest.fixture
def begin(folder: Path, pictures: list[Path], emulator: Emulator) -> Callable[..., Crew]:
    """Return what begins a batch of those pictures."""

    def begin(**order: object) -> Crew:
        Batch.create(folder / "models", pictures, Order(**order))  # type: ignore[arg-type]  # checked by Order
        return Crew(folder / "models", emulator)

    return begin
