"""Where jobs are kept: in each system's place for data, whatever Blender is installed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from trellis_blender.core.places import (
    CHOICE_FILE,
    Choice,
    data_folder,
    extension_folders,
    holds_anything,
    read_choice,
    write_choice,
)

ZOE = PureWindowsPath("D:/Profiles/Zoë Ü")
ANN, TIM = PurePosixPath("/people/ann"), PurePosixPath("/people/tim")
NAME = "Trellis 2 for Blender"


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("win32", {"LOCALAPPDATA": r"D:\Zoë Ü\Local"}, rf"D:\Zoë Ü\Local\{NAME}"),
        ("win32", {}, rf"D:\Profiles\Zoë Ü\AppData\Local\{NAME}"),
        ("win32", {"LOCALAPPDATA": "Local"}, rf"D:\Profiles\Zoë Ü\AppData\Local\{NAME}"),
        ("win32", {"APPDATA": r"D:\Roaming", "XDG_DATA_HOME": "/x"}, rf"D:\Profiles\Zoë Ü\AppData\Local\{NAME}"),
    ],
)
def test_on_windows_it_is_the_place_that_no_server_copies(
    platform: str, environment: Mapping[str, str], expected: str
) -> None:
    assert str(data_folder(platform, environment, ZOE)) == expected


@pytest.mark.parametrize("environment", [{}, {"XDG_DATA_HOME": "/elsewhere", "LOCALAPPDATA": "/elsewhere"}])
def test_on_macos_it_is_application_support(environment: Mapping[str, str]) -> None:
    assert str(data_folder("darwin", environment, ANN)) == f"/people/ann/Library/Application Support/{NAME}"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, f"/people/tim/.local/share/{NAME}"),
        ({"XDG_DATA_HOME": ""}, f"/people/tim/.local/share/{NAME}"),
        ({"XDG_DATA_HOME": "share"}, f"/people/tim/.local/share/{NAME}"),  # relative ones do not count
        ({"XDG_DATA_HOME": "/daten"}, f"/daten/{NAME}"),
    ],
)
def test_on_linux_it_is_where_the_desktop_says(environment: Mapping[str, str], expected: str) -> None:
    assert str(data_folder("linux", environment, TIM)) == expected


def old(user: Path, repository: str = "user_default") -> Path:
    """The folder where earlier versions kept jobs, below a Blender's folder for its user."""
    return user / "extensions" / ".user" / repository / "trellis_blender" / "jobs"


def test_the_old_folders_of_all_versions_of_blender_and_all_repositories_are_known(tmp_path: Path) -> None:
    blender = tmp_path / "Blender Foundation"
    for path in (old(blender / "4.2", "blender_org"), old(blender / "4.5"), old(blender / "config"), blender / "5.0"):
        path.mkdir(parents=True)
    found = extension_folders(old(blender / "5.2"), blender / "5.2")
    assert found[0] == old(blender / "5.2")
    assert set(found[1:]) == {
        old(blender / "4.2", "blender_org"),
        *(old(blender / version) for version in ("4.2", "4.5", "5.0")),
    }


def test_a_blender_with_a_folder_of_its_own_has_no_neighbours(tmp_path: Path) -> None:
    old(tmp_path / "4.5").mkdir(parents=True)
    assert extension_folders(old(tmp_path / "portable"), tmp_path / "portable") == [old(tmp_path / "portable")]
    elsewhere = tmp_path / "extensions elsewhere"  # as BLENDER_USER_EXTENSIONS says
    assert extension_folders(old(elsewhere), tmp_path / "4.5") == [old(elsewhere)]


def test_a_choice_is_kept_for_every_blender(tmp_path: Path) -> None:
    data = tmp_path / "Däten"
    assert read_choice(data) == Choice()
    choice = Choice("D:/Möbel", ("C:/früher",))
    write_choice(data, choice)
    assert read_choice(data) == choice


@pytest.mark.parametrize("text", ["", "{", "[]", '{"folder": 7, "before": []}', '{"folder": "", "before": [7]}'])
def test_a_choice_that_cannot_be_read_is_the_usual_folder(tmp_path: Path, text: str) -> None:
    (tmp_path / CHOICE_FILE).write_text(text, encoding="utf-8")
    assert read_choice(tmp_path) == Choice()


def test_an_empty_or_missing_folder_holds_nothing(tmp_path: Path) -> None:
    assert not holds_anything(tmp_path)
    assert not holds_anything(tmp_path / "missing")
    (tmp_path / "file").touch()
    assert holds_anything(tmp_path)
