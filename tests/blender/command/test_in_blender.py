"""`blender --command trellis2`: the same program in Blender, with its account, its pictures and its .blend files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender import child
from tests.blender.picture_makers import cut_out, exr
from tests.blender.pictures import picture_file
from trellis_blender.command import program as plain_program
from trellis_blender.command.home import plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from emulator import Emulator

    Run = Callable[..., tuple[int, list[Any]]]

SMALLEST = ("--set", "decimation_target=100000", "--set", "texture_size=1024", "--seed", "7")


@pytest.fixture
def run(addon: Any, capfd: pytest.CaptureFixture[str]) -> Run:
    """What runs the command as Blender does, and returns its status and its lines of JSON."""

    def run_command(*arguments: object) -> tuple[int, list[Any]]:
        capfd.readouterr()
        status = addon.registration.run_command([*map(str, arguments), "--json"])
        lines = [line for line in capfd.readouterr().out.splitlines() if line.startswith('{"event"')]
        return status, [json.loads(line) for line in lines]

    return run_command


def open_blend(path: Path) -> Any:
    """Open the .blend, and return its only object."""
    bpy.ops.wm.open_mainfile(filepath=str(path))
    (thing,) = bpy.data.objects
    return thing


def test_models_and_blend_files_are_made_of_a_folder(tmp_path: Path, connected: Emulator, run: Run) -> None:
    pictures, output = tmp_path / "Möbel und Stühle", tmp_path / "Modelle"
    pictures.mkdir()
    picture_file(pictures)
    exr(cut_out)(pictures)
    status, told = run(
        *("generate", pictures, "--output", output, "--yes", "--format", "both", "--thumbnails", "--size", "3"),
        *SMALLEST,
    )
    assert (status, connected.paid) == (0, 2), told
    folders = sorted(path for path in output.iterdir() if path.is_dir() and (path / "job.json").is_file())
    assert len(folders) == 2
    for folder in folders:
        assert {"model.glb", "model.blend", "thumbnail.png", "job.json"} <= {path.name for path in folder.iterdir()}
        thing = open_blend(folder / "model.blend")
        assert thing.name == "chair"
        assert max(thing.dimensions) == pytest.approx(3.0, abs=1e-4)
        assert [owner.name for owner in thing.users_collection] == ["Trellis"]
        assert thing["trellis2_seed"] == 7
        assert thing["trellis2_texture_size"] == 1024
        assert all(image.packed_file for image in bpy.data.images if image.source == "FILE")
    again = run("resume", output, "--format", "both", "--thumbnails")
    assert (again[0], connected.paid) == (0, 2)
    assert not [event for event in again[1] if event["event"] == "file"], "a file was made twice"


def test_without_blender_another_one_makes_the_blend(
    tmp_path: Path, connected: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    picture = picture_file(tmp_path)
    assert run("generate", picture, "--output", tmp_path / "out", "--yes", *SMALLEST)[0] == 0
    (folder,) = (path.parent for path in (tmp_path / "out").glob("*/job.json"))
    monkeypatch.setenv("PATH", str(tmp_path))  # so that Blender as this Python's module is the one that is found
    status = plain_program.run(["import", str(folder), "--size", "0"], plain())
    assert (status, capfd.readouterr().out.splitlines()[-1]) == (0, f"Saved {folder / 'model.blend'}")
    assert max(open_blend(folder / "model.blend").dimensions) > 0


def test_blender_must_be_allowed_to_go_online(tmp_path: Path, addon: Any, run: Run) -> None:
    addon.preferences.preferences().api_address = "https://scenario.example/v1"
    status, told = run("test")
    assert status == 3
    assert told[-1]["message"].startswith("Online access is off.")


def test_the_account_is_that_of_the_preferences_unless_the_environment_has_one(
    connected: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("test")[0] == 0
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", "another")
    assert run("test")[0] == 3


def test_every_default_is_the_panels(addon: Any) -> None:
    options = addon.command_parser.make("trellis2").parse_args(["generate", "a.png"])
    assert bpy.context.scene is not None
    panel: Any = bpy.context.scene.trellis2  # type: ignore[attr-defined]  # added by the add-on
    assert (options.preset.upper(), options.variations, options.size) == (panel.preset, panel.variations, panel.size)
    assert (options.seed is None) is not panel.use_seed
    assert panel.use_size
    shown = addon.scene_settings.values(_NothingSet(), panel)[0]
    chosen = addon.command_parser.values(options)
    complete = addon.command_parser.TRELLIS_2.complete(chosen, 0)
    assert {name: float(value) for name, value in complete.items() if name != "seed"} == {
        name: pytest.approx(float(value)) for name, value in shown.items()
    }


class _NothingSet:
    """An operator whose properties were not set."""

    class properties:
        """Its properties."""

        @staticmethod
        def is_property_set(_name: str) -> bool:
            return False


def test_blender_offers_the_command_while_the_addon_is_enabled_and_imports_it_only_then(tmp_path: Path) -> None:
    ending = child.run(
        tmp_path,
        """
handles, kept = [], bpy.utils.register_cli_command
def noted(name, execute):
    handles.append((name, execute))
    return kept(name, execute)
bpy.utils.register_cli_command = noted
enable()
print("offered", [name for name, _execute in handles])
print("imported", [name for name in sys.modules if "trellis_blender.command" in name])
print("help", handles[0][1](["--help"]))
addon_utils.disable(ADDON)
""",
    )
    assert ending.status == 0, ending.output
    assert "offered ['trellis2']" in ending.output
    assert "imported []" in ending.output
    assert "usage: blender --command trellis2 " in ending.output
    assert "help 0" in ending.output
