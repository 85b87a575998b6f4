"""The catalogue file of the Asset Browser: ours is added once, and what others wrote stays."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from trellis_blender.core.catalog import CATALOG_FILE, CATALOG_ID, ensure_catalog
from trellis_blender.core.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

OURS = f"{CATALOG_ID}:Trellis:Trellis"
THEIRS = "# Möbel\nVERSION 1\n\n11111111-2222-3333-4444-555555555555:Möbel/Stühle:Möbel-Stühle\n"


def test_the_id_is_one_that_blender_takes() -> None:
    assert str(uuid.UUID(CATALOG_ID)) == CATALOG_ID


def test_a_new_file_has_its_version_and_our_catalog(tmp_path: Path) -> None:
    assert ensure_catalog(tmp_path)
    lines = [line for line in (tmp_path / CATALOG_FILE).read_text(encoding="utf-8").splitlines() if line]
    assert [line for line in lines if not line.startswith("#")] == ["VERSION 1", OURS]
    assert [path.name for path in tmp_path.iterdir()] == [CATALOG_FILE]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_what_others_wrote_stays_byte_for_byte(tmp_path: Path, newline: str, end: str) -> None:
    theirs = (THEIRS.rstrip("\n") + end).replace("\n", newline).encode()
    (tmp_path / CATALOG_FILE).write_bytes(theirs)
    assert ensure_catalog(tmp_path)
    after = (tmp_path / CATALOG_FILE).read_bytes()
    assert after.startswith(theirs)
    assert after.decode().splitlines()[-1] == OURS
    assert after.count(b"\n") == after.count(newline.encode())
    assert (tmp_path / (CATALOG_FILE + "~")).read_bytes() == theirs


@pytest.mark.parametrize("line", [OURS, f"{CATALOG_ID}:Props/Generated:Props-Generated", OURS.upper()])
def test_a_catalog_that_is_there_is_left_alone_even_if_the_artist_has_moved_it(tmp_path: Path, line: str) -> None:
    (tmp_path / CATALOG_FILE).write_text(THEIRS + line + "\n", encoding="utf-8")
    before = (tmp_path / CATALOG_FILE).read_bytes()
    assert not ensure_catalog(tmp_path)
    assert (tmp_path / CATALOG_FILE).read_bytes() == before


def test_an_empty_file_gets_its_version(tmp_path: Path) -> None:
    (tmp_path / CATALOG_FILE).write_bytes(b"")
    ensure_catalog(tmp_path)
    assert "\nVERSION 1\n" in (tmp_path / CATALOG_FILE).read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="Could not write the asset catalog"):
        ensure_catalog(tmp_path / "missing")
