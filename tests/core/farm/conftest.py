"""A folder of pictures, an emulator with the smallest models, and `trellis2` on the path, as on a farm's workers."""

from __future__ import annotations

import os
import shlex
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulator import Emulator, Service
from tests.never_lost.world import png
from trellis_blender.core.request.account import ADDRESS_VARIABLE, KEY_VARIABLE, SECRET_VARIABLE

REPOSITORY = Path(__file__).parents[3]
FARM = REPOSITORY / "scripts" / "farm"
PROGRAM = "from trellis_blender.command.program import main; main()"
PICTURES = 7


@dataclass(frozen=True)
class Studio:
    """A folder of pictures, a folder for their models, the emulator, and the workers' environment."""

    pictures: Path
    models: Path
    emulator: Emulator
    variables: dict[str, str]

    def paid(self) -> Counter[str]:
        """How often each picture was paid for, by its name at the server."""
        assets = self.emulator.assets
        return Counter(assets[str(job.input["image"])].name for job in self.emulator.jobs.values())

    def made(self) -> int:
        """How many models there are."""
        return len(list(self.models.glob("*/model.glb")))


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """Yield the studio, whose models take a moment."""
    folder = tmp_path / "Büro für alle"
    pictures = folder / "pictures"
    pictures.mkdir(parents=True)
    for number in range(PICTURES):
        (pictures / f"Stuhl {number}.png").write_bytes(png())
    program = folder / "bin" / "trellis2"
    program.parent.mkdir()
    command = shlex.join([sys.executable, "-X", "utf8", "-c", PROGRAM])
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    with Emulator(job_seconds=0.5, service=Service(triangles=True)) as emulator:
        data = str(folder / "data")
        given = {KEY_VARIABLE: emulator.key, SECRET_VARIABLE: emulator.secret, ADDRESS_VARIABLE: emulator.url}
        given |= {"XDG_DATA_HOME": data, "PYTHONPATH": str(REPOSITORY)}
        given["PATH"] = f"{program.parent}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        yield Studio(pictures, folder / "models", emulator, {**os.environ, **given})
