"""What lies in place of a catalogue, a preset, a step or a picture: a sentence or our own file, and nothing outside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.working import OPS
from tests.hostile_files.in_the_way import MINE, THINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

ADVICE = "Move it somewhere else, then try again."


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Return a file outside."""
    path = tmp_path / "outside" / "secret.txt"
    path.parent.mkdir()
    path.write_text(MINE, encoding="utf-8")
    return path


@pytest.fixture
def presets() -> Iterator[Path]:
    """Return the folder of the artist's presets, empty before and after."""
    folder = Path(bpy.utils.user_resource("SCRIPTS", path="presets/trellis2", create=True))
    yield folder
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            (path / "inside.txt").unlink()
            path.rmdir()
        else:
            path.unlink()


@pytest.mark.parametrize("thing", THINGS)
def test_a_catalogue(addon: Any, tmp_path: Path, outside: Path, thing: str) -> None:
    library = tmp_path / "library"
    library.mkdir()
    THINGS[thing](library / addon.asset.CATALOG_FILE, outside)
    said = "nothing"
    try:
        assert addon.asset.ensure_catalog(library)
    except addon.errors.StorageError as error:
        said = error.sentence
    is_told = said.startswith("Could not write the asset catalog: “blender_assets.cats.txt” is ") and ADVICE in said
    assert is_told or ("may read" in thing and said == "nothing")  # the tests' user may read it all the same
    assert [path.read_text(encoding="utf-8") for path in outside.parent.iterdir()] == [MINE]


@pytest.mark.parametrize("thing", THINGS)
def test_a_preset(outside: Path, presets: Path, thing: str) -> None:
    THINGS[thing](presets / "mine.py", outside)
    said, done = "", set[str]()
    try:
        done = OPS.trellis2.add_preset(name="mine")
    except RuntimeError as error:
        said = str(error)
    assert "Could not save the preset: “mine.py” is a folder" in said or not said
    if done == {"FINISHED"}:  # otherwise Blender has said that there is one already
        assert (presets / "mine.py").read_text(encoding="utf-8").startswith("import bpy")
        assert not (presets / "mine.py").is_symlink()
    assert [path.read_text(encoding="utf-8") for path in outside.parent.iterdir()] == [MINE]


@pytest.mark.parametrize("thing", THINGS)
def test_an_unfinished_step(addon: Any, tmp_path: Path, outside: Path, thing: str) -> None:
    folder = tmp_path / "jobs" / ".finishing" / "20260101-120000-aaaaaa"
    folder.mkdir(parents=True)
    THINGS[thing](folder / "step.json", outside)
    assert [*addon.work.unfinished(tmp_path / "jobs")] == []
    assert [path.read_text(encoding="utf-8") for path in outside.parent.iterdir()] == [MINE]


def test_unfinished_steps_behind_a_link_are_not_ours_to_delete(addon: Any, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs" / "20260101-120000-aaaaaa"
    theirs.mkdir(parents=True)
    (theirs / "step.json").write_text(MINE, encoding="utf-8")
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / ".finishing").symlink_to(tmp_path / "theirs", target_is_directory=True)
    assert [*addon.work.unfinished(tmp_path / "jobs")] == []
    assert (theirs / "step.json").read_text(encoding="utf-8") == MINE


ODD_STEPS = [
    *("null", "[]", "7", '"step"', "{}", "[" * 100_000),
    *('{"step": 7, "name": "a", "settings": {}}', '{"step": "solid", "name": null, "settings": {}}'),
    *('{"step": "solid", "name": "a", "settings": []}', '{"step": "solid", "name": "a", "job_id": [], "settings": {}}'),
]


@pytest.mark.parametrize("text", ODD_STEPS)
def test_an_unfinished_step_that_nobody_wrote_is_swept_away(addon: Any, tmp_path: Path, text: str) -> None:
    folder = tmp_path / ".finishing" / "20260101-120000-aaaaaa"
    folder.mkdir(parents=True)
    (folder / "step.json").write_text(text, encoding="utf-8")
    assert [*addon.work.unfinished(tmp_path)] == []
    assert not folder.exists()


@pytest.mark.parametrize("thing", ["a pipe that nobody fills", "a link to a device without end", "a socket"])
def test_a_picture_open_in_blender_whose_file_is_none(addon: Any, tmp_path: Path, outside: Path, thing: str) -> None:
    THINGS[thing](tmp_path / "a.png", outside)
    image: Any = bpy.data.images.new("A", 8, 8)
    image.source, image.filepath = "FILE", str(tmp_path / "a.png")
    assert addon.image.size_unread(image) == (0, 0)
    bpy.data.images.remove(image)
