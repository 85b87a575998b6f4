"""Many files at once, files that are dropped, and what a Blender without a window has not got."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.pictures import picture_file
from tests.blender.working import OPS, SMALL, newest_job, refusal, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

NAMES = ["chair.png", "Stühle im Flur.jpg", "lamp.tif"]


def chosen(folder: Path, names: list[str]) -> dict[str, Any]:
    """What the file browser and a drop fill in."""
    return {"directory": str(folder), "files": [{"name": name} for name in names]}


def test_each_file_becomes_a_job(tmp_path: Path, connected: Emulator, session: Any) -> None:
    for name in NAMES:
        picture_file(tmp_path, name)
    assert OPS.trellis2.generate_files(**chosen(tmp_path, NAMES), **SMALL) == {"FINISHED"}
    tick_until(lambda: connected.paid == 3)
    assert [job.name for job in session.jobs().values()] == ["chair", "Stühle im Flur", "lamp"]


def test_with_wait_all_models_stand_in_the_scene(tmp_path: Path, connected: Emulator, session: Any) -> None:
    for name in NAMES[:2]:
        picture_file(tmp_path, name)
    assert OPS.trellis2.generate_files(wait=True, **chosen(tmp_path, NAMES[:2]), **SMALL) == {"FINISHED"}
    assert [job.stage.value for job in session.jobs().values()] == ["imported"] * 2


def test_a_file_that_cannot_be_sent_does_not_keep_the_others(tmp_path: Path, connected: Emulator) -> None:
    picture_file(tmp_path, "chair.png")
    (tmp_path / "notes.png").write_text("Buy milk", encoding="utf-8")
    said = refusal(lambda: OPS.trellis2.generate_files(**chosen(tmp_path, ["notes.png", "chair.png"]), **SMALL))
    assert said == "Blender cannot read “notes.png”. Choose a PNG, JPEG or WebP file."
    tick_until(lambda: connected.paid == 1)
    assert newest_job().name == "chair"


def test_no_files_at_all_are_refused(connected: Emulator) -> None:
    assert refusal(OPS.trellis2.generate_files).startswith("No image files are chosen.")
    assert not connected.calls


def test_a_file_dropped_on_the_sidebar_becomes_the_picture_and_costs_nothing(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    picture = picture_file(tmp_path)
    assert OPS.trellis2.use_file(filepath=str(picture)) == {"FINISHED"}
    scene: Any = bpy.context.scene
    assert (scene.trellis2.source, scene.trellis2.filepath) == ("FILE", str(picture))
    assert not session.jobs()


def test_several_files_dropped_on_the_sidebar_go_the_way_of_several_dropped_on_the_viewport(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    for name in NAMES:
        picture_file(tmp_path, name)
    OPS.trellis2.use_file("INVOKE_DEFAULT", filepath=str(tmp_path / NAMES[0]), **chosen(tmp_path, NAMES))
    tick_until(lambda: connected.paid == 3)
    assert len(session.jobs()) == 3
    scene: Any = bpy.context.scene
    assert scene.trellis2.source == "RENDER"


def test_several_files_on_the_sidebar_without_a_key_end_in_a_sentence_and_not_in_a_traceback(
    tmp_path: Path, addon: Any
) -> None:
    addon.preferences.preferences().api_key = ""
    for name in NAMES:
        picture_file(tmp_path, name)
    said = refusal(lambda: OPS.trellis2.use_file(filepath=str(tmp_path / NAMES[0]), **chosen(tmp_path, NAMES)))
    assert said.startswith("The API key is missing")


@pytest.mark.parametrize(
    ("area", "region", "offered"),
    [
        ("VIEW_3D", "WINDOW", ["TRELLIS2_FH_image"]),
        ("VIEW_3D", "UI", ["TRELLIS2_FH_picture"]),
        ("VIEW_3D", "HEADER", []),
        ("IMAGE_EDITOR", "WINDOW", []),
    ],
)
def test_a_drop_is_offered_where_it_makes_sense(addon: Any, area: str, region: str, offered: list[str]) -> None:
    context = SimpleNamespace(area=SimpleNamespace(type=area), region=SimpleNamespace(type=region))
    handlers = [each for each in addon.registration.classes() if each.__name__.startswith("TRELLIS2_FH")]
    assert [each.__name__ for each in handlers if each.poll_drop(context)] == offered


def test_what_is_dropped_is_what_can_be_opened(addon: Any) -> None:
    handler = addon.drop_operators.TRELLIS2_FH_image
    assert handler.bl_file_extensions.split(";") == [
        each[1:] for each in addon.base_operators.IMAGE_EXTENSIONS.split(";")
    ]
    operator = OPS.trellis2.generate_dropped.get_rna_type()
    assert {"directory", "files"} <= set(operator.properties.keys())


@pytest.mark.parametrize(
    ("operator", "sentence"),
    [
        ("generate_viewport", "There is no viewport without a window. Use the camera as the source."),
        ("generate_clipboard", "There is no clipboard without a window. Use an image file as the source."),
    ],
)
def test_without_a_window_the_report_says_what_to_use(connected: Emulator, operator: str, sentence: str) -> None:
    assert refusal(getattr(OPS.trellis2, operator)) == sentence
    assert not connected.calls


@pytest.mark.parametrize(
    "text",
    [
        "{path}",
        '"{path}"',
        "{uri}",
        "{uri}\r\nfile:///another.png\r\n",
        "copy\n{uri}",
        "/not/there.png\n{path}",
    ],
)
def test_a_copied_file_is_understood_as_file_managers_write_it(tmp_path: Path, addon: Any, text: str) -> None:
    picture = picture_file(tmp_path / "Möbel (neu)", "Grüner Stuhl.png")
    copied = addon.clipboard.copied_file(text.format(path=picture, uri=picture.as_uri()))
    assert copied == picture


@pytest.mark.parametrize("text", ["", "hello", "/not/there.png", "chair.png", "x" * 100_000, "/" + "y" * 4000, "/a\0b"])
def test_a_text_that_names_no_file_is_no_picture(addon: Any, text: str) -> None:
    assert addon.clipboard.copied_file(text) is None
