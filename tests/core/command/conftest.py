"""The command line without Blender, on an emulator with small models, and folders whose names are as artists' are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator
from tests.emulator.caller import draw_picture
from tests.workshop import small_reliefs
from trellis_blender.command import program
from trellis_blender.command.home import plain
from trellis_blender.core.request.account import ADDRESS_VARIABLE, KEY_VARIABLE, SECRET_VARIABLE

SMALLEST = ("--set", "decimation_target=100000", "--set", "texture_size=1024")


@dataclass(frozen=True)
class Ran:
    """What a run of the program returned and printed."""

    status: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """What it printed with --json."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        """The last of these."""
        return self.events[-1]


Trellis = Callable[..., Ran]


@pytest.fixture(autouse=True, scope="module")
def models_are_small() -> Iterator[None]:
    """Let the emulators answer with small models."""
    with small_reliefs():
        yield


@pytest.fixture
def variables(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Set and return the environment of somebody with a key, who has never used the add-on."""
    data = str(tmp_path / "data")
    given = {KEY_VARIABLE: emulator.key, SECRET_VARIABLE: emulator.secret, ADDRESS_VARIABLE: emulator.url}
    given |= {"XDG_DATA_HOME": data, "LOCALAPPDATA": data, "HOME": data}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


@pytest.fixture
def trellis2(variables: dict[str, str], capfd: pytest.CaptureFixture[str]) -> Trellis:
    """Return what runs the program with these arguments."""

    def run(*arguments: object) -> Ran:
        capfd.readouterr()
        status = program.run([str(each) for each in arguments], plain())
        printed = capfd.readouterr()
        return Ran(status, printed.out, printed.err)

    return run


@pytest.fixture
def photos(folder: Path) -> Path:
    """Return a folder with three pictures, and with other files."""
    photos = folder / "photos"
    photos.mkdir()
    for name in ("chair.png", "Tür.png", "bust 1.PNG"):
        draw(photos / name)
    (photos / "notes.txt").write_text("Buy milk", encoding="utf-8")
    draw(photos / ".hidden.png")
    return photos


@pytest.fixture
def output(folder: Path) -> Path:
    """Return the folder for the models, which does not exist yet."""
    return folder / "models"


def draw(path: Path) -> Path:
    """Write a picture to the path and return that."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(draw_picture())
    return path


def models(output: Path) -> list[Path]:
    """Return the models in the output folder."""
    return sorted(output.glob("*/model.glb"))
