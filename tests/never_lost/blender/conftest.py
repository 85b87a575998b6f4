"""Resources of a Blender with the extension installed, for the child processes; this process needs no bpy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from build import stage
from tests.never_lost.world import small_models

JOBS = Path("extensions", ".user", "user_default", "trellis_blender", "jobs")


def install(folder: Path) -> Path:
    """Put the extension where a Blender with these resources looks for it; the resources."""
    stage(folder / "extensions" / "user_default" / "trellis_blender")
    return folder


@pytest.fixture(autouse=True, scope="session")
def models_are_small() -> Iterator[None]:
    """Let the emulators answer with models that are just large enough to be read in two pieces."""
    with small_models(800_000):
        yield
