"""What the manifest promises to the person who installs the extension, and to the extensions platform."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
MANIFEST = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_name_leaves_out_blender() -> None:
    # The extensions platform's terms of service, 2.1.
    assert MANIFEST["name"]
    assert "blender" not in MANIFEST["name"].lower()


def test_only_network_files_and_the_clipboard_are_asked_for() -> None:
    assert set(MANIFEST["permissions"]) == {"network", "files", "clipboard"}


def test_each_permission_says_what_it_is_for() -> None:
    for reason in MANIFEST["permissions"].values():
        assert 10 < len(reason) <= 64


def test_every_blender_from_4_2_on_may_install_it() -> None:
    assert MANIFEST["blender_version_min"] == "4.2.0"
    assert "blender_version_max" not in MANIFEST
    assert "platforms" not in MANIFEST


def test_nothing_is_bundled_that_is_not_ours() -> None:
    assert "wheels" not in MANIFEST


def test_the_license_is_the_one_in_the_repository() -> None:
    assert MANIFEST["license"] == ["SPDX:GPL-3.0-or-later"]
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in text
    assert "Version 3, 29 June 2007" in text


def test_the_version_stands_in_the_manifest_only() -> None:
    assert MANIFEST["version"]
    assert "version" not in PYPROJECT["project"]
    assert PYPROJECT["project"]["dynamic"] == ["version"], "the package that pip builds reads it from the manifest"
    assert "version" not in PYPROJECT.get("tool", {}).get("poetry", {})
    assert f'"{MANIFEST["version"]}"' not in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
