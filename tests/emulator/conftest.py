"""An emulator with short jobs that is nowhere kind, and a client for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from emulator import Emulator, Service
from tests.emulator.caller import Caller

if TYPE_CHECKING:
    from collections.abc import Iterator


HARDEST = Service(cancels=False, lists_inputs=False, imports_at_once=False)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Yield an emulator whose jobs take a fifth of a second, and the time for the model."""
    with Emulator(job_seconds=0.2, service=HARDEST) as emulator:
        yield emulator


@pytest.fixture
def caller(emulator: Emulator) -> Caller:
    """Return a client with the right key."""
    return Caller(emulator)
