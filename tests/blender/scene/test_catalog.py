"""The catalogue file of the Asset Browser: ours is added once, and what others wrote stays."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from trellis_blender.core.errors import StorageError
from trellis_blender.scene.asset import CATALOG_FILE, CATALOG_ID, ensure_catalog

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


@pytest.mark.parametrize("before", ["11111111-2222-3333-4444-555555555555:Mine:Mine\n", "\ufeff" + THEIRS])
def test_a_file_that_does_not_begin_as_blender_wants_it_is_given_that_beginning(tmp_path: Path, before: str) -> None:
    (tmp_path / CATALOG_FILE).write_text(before, encoding="utf-8")
    ensure_catalog(tmp_path)
    after = (tmp_path / CATALOG_FILE).read_text(encoding="utf-8")
    assert next(line for line in after.splitlines() if line and not line.startswith("#")) == "VERSION 1"
    assert before in after


@pytest.mark.parametrize("line", [CATALOG_ID, f"{CATALOG_ID}7:Trellis", f"# {CATALOG_ID}"])
def test_a_line_that_blender_does_not_take_for_our_catalog_is_not_taken_here(tmp_path: Path, line: str) -> None:
    (tmp_path / CATALOG_FILE).write_text(THEIRS + line, encoding="utf-8")
    assert ensure_catalog(tmp_path)
    assert (tmp_path / CATALOG_FILE).read_text(encoding="utf-8") == f"{THEIRS}{line}\n{OURS}\n"


def test_a_backup_that_cannot_be_written_costs_neither_the_file_nor_the_backup_before(tmp_path: Path) -> None:
    file, backup = tmp_path / CATALOG_FILE, tmp_path / (CATALOG_FILE + "~")
    file.write_text(THEIRS, encoding="utf-8")
    backup.write_text("the backup before", encoding="utf-8")
    (tmp_path / (CATALOG_FILE + "~.part")).mkdir()
    with pytest.raises(StorageError, match="Could not write the asset catalog"):
        ensure_catalog(tmp_path)
    assert file.read_text(encoding="utf-8") == THEIRS
    assert backup.read_text(encoding="utf-8") == "the backup before"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="Could not write the asset catalog"):
        ensure_catalog(tmp_path / "missing")
