"""Resources of a Blender with the extension installed, for the child processes; this process needs no bpy."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from build import stage
from environments import own_folders
from tests.never_lost.world import small_models
from trellis_blender.core.places import JOBS_FOLDER, data_folder

NOWHERE = Path("/")
JOBS = data_folder(sys.platform, own_folders(NOWHERE), NOWHERE).relative_to(NOWHERE) / JOBS_FOLDER


def install(folder: Path) -> Path:
    """Put the extension where a Blender with these resources looks for it; the resources."""
    stage(folder / "extensions" / "user_default" / "trellis_blender")
    return folder


@pytest.fixture(autouse=True, scope="session")
def models_are_small() -> Iterator[None]:
    """Let the emulators answer with models that are just large enough to be read in two pieces."""
    with small_models(800_000):
        yield
