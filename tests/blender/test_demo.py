"""The demonstration works as it is told in its help, whatever account the person has, and says why when it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import bpy
import pytest

import demo

REPORTED = ("[1/5]", "making the model", "in the scene", "[5/5]", "done in")
CHATTER = ("Fra:", "INFO", "Saved:", "Info:")


def play(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the demonstration's steps with this Python, as a person does, and return what came of it."""
    call = (
        f"import sys; sys.path.insert(0, {str(Path(demo.__file__).parent)!r}); import demo; from pathlib import Path; "
    )
    call += f"demo.environments.blender_environment = lambda _: Path({sys.executable!r}); sys.exit(demo.main())"
    return subprocess.run(
        [sys.executable, "-X", "utf8", "-c", call, "--output", str(folder), *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "SCENARIO_SDK_API_KEY": "of-the-person", "SCENARIO_SDK_API_SECRET": "hidden"},
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The folder that the demonstration has filled, and what it printed."""
    folder = tmp_path_factory.mktemp("demo") / "Käfer und Blüte"
    return folder, play(folder)


def test_it_leaves_the_picture_the_model_its_render_and_the_scene(
    shown: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, outcome = shown
    assert outcome.returncode == 0, outcome.stderr
    assert {path.name for path in folder.iterdir()} == {"picture.png", "model.glb", "result.png", "result.blend"}
    libraries: Any = bpy.data.libraries  # the stubs take its load for a plain function
    with libraries.load(str(folder / "result.blend")) as (content, _):
        assert "Trellis" in content.collections
        assert "Backdrop" in content.objects


def test_the_still_life_comes_back_as_its_own_geometry_and_that_is_said(
    shown: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, outcome = shown
    glb = (folder / "model.glb").read_bytes()
    assert glb[:4] == b"glTF"
    assert b"Made by the API emulator from the geometry that it was given." in glb
    assert "100,000 faces, 1 material" in outcome.stdout
    assert outcome.stdout.count("the geometry of the still life itself, which Trellis 2 would have to guess") == 2


def test_what_was_made_to_hand_the_geometry_over_is_gone(
    shown: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    libraries: Any = bpy.data.libraries
    with libraries.load(str(shown[0] / "result.blend")) as (content, _):
        assert sorted(name for name in content.objects if name.startswith(("Board", "Jug"))) == ["Board", "Jug"]
        assert sorted(name for name in content.materials if name.startswith("Glaze")) == ["Glaze"]
        assert {"Base Color", "Roughness"}.isdisjoint(content.images)


def test_it_reports_its_steps_in_plain_text_without_blenders_chatter_and_without_secrets(
    shown: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, outcome = shown
    text = outcome.stdout.replace(str(folder), "")
    assert [part for part in REPORTED if part not in text] == []
    assert "not from Trellis 2" in text
    assert [part for part in (*CHATTER, "of-the-person", "hidden", "demo-secret") if part in text] == []
    assert text.isascii()


def test_a_picture_that_cannot_be_read_ends_it_with_a_sentence_that_names_it(tmp_path: Path) -> None:
    picture = tmp_path / "Grüner Käfer.png"
    picture.write_text("no picture", encoding="utf-8")
    outcome = play(tmp_path / "out", str(picture))
    assert outcome.returncode == 1
    last = outcome.stderr.splitlines()[-1]
    assert last.startswith("The demonstration failed: ")
    assert "Grüner Käfer.png" in last
    assert "not from Trellis 2: a relief of the picture" in outcome.stdout
