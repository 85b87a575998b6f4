"""The key's own file: read by its owner only, whole or absent, and never a reason to stand still."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from trellis_blender.core import files
from trellis_blender.core.errors import Remedy, StorageError
from trellis_blender.core.request import key_file
from trellis_blender.core.request.key_file import KeyFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is, in a folder that does not exist yet."""
    return tmp_path / "Größe und Daten" / key_file.FILE


def seen(path: Path) -> KeyFile:
    """The file as another Blender sees it."""
    file = KeyFile(path)
    file.look()
    return file


def rights(path: Path) -> int:
    """What the owner, the group and others may do."""
    return stat.S_IMODE(path.stat().st_mode)


def test_what_one_blender_saves_another_reads(path: Path) -> None:
    KeyFile(path).keep("ключ", "s\udcffcret")
    assert (seen(path).key, seen(path).secret, seen(path).trouble) == ("ключ", "s\udcffcret", "")


def test_without_a_file_there_is_no_key_and_no_trouble(path: Path) -> None:
    assert (seen(path).key, seen(path).secret, seen(path).trouble) == ("", "", "")
    assert not path.parent.exists()


def test_only_the_owner_may_read_it_from_its_first_byte_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    flush = files.flush_file

    def look_at(part: Path) -> None:
        found.append((rights(part), b"the-key" in part.read_bytes()))
        flush(part)

    monkeypatch.setattr(files, "flush_file", look_at)
    before = os.umask(0)
    try:
        KeyFile(path).keep("the-key", "the-secret")
    finally:
        os.umask(before)
    assert found == [(0o600, True)]
    assert rights(path) == 0o600
    assert rights(path.parent) == 0o700


def test_what_a_crash_or_somebody_left_in_its_place_does_not_get_the_key(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("mine")
    path.parent.mkdir()
    path.with_name(path.name + ".part").symlink_to(other)
    KeyFile(path).keep("the-key", "the-secret")
    assert (other.read_text(), seen(path).key, path.is_symlink()) == ("mine", "the-key", False)
    path.with_name(path.name + ".part").touch(mode=0o666)
    KeyFile(path).keep("a-key", "the-secret")
    assert (rights(path), seen(path).key) == (0o600, "a-key")


def test_a_file_that_others_may_read_is_closed_to_them(path: Path) -> None:
    KeyFile(path).keep("the-key", "the-secret")
    path.chmod(0o644)
    assert seen(path).key == "the-key"
    assert rights(path) == 0o600


def test_the_disk_is_asked_once_a_second_at_most(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(key_file, "time", SimpleNamespace(monotonic=lambda: now[0]))
    file = seen(path)
    KeyFile(path).keep("the-key", "the-secret")
    for _ in range(100):
        file.look()
        now[0] += 0.0099
    assert file.key == ""
    now[0] += 0.02
    file.look()
    assert file.key == "the-key"


def test_what_has_not_changed_is_not_read_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    KeyFile(path).keep("the-key", "the-secret")
    monkeypatch.setattr(key_file, "LOOK_SECONDS", 0.0)
    file = seen(path)
    monkeypatch.setattr(key_file, "read_own", lambda *_given: pytest.fail("the file is read"))
    file.look()
    assert file.key == "the-key"


def pipe(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100 * 1000 * 1000)


def damaged(path: Path) -> None:
    path.write_bytes(b'{"api_key": "the')


def nested(path: Path) -> None:
    path.write_bytes(b"[" * 20_000)


def foreign(path: Path) -> None:
    path.write_bytes(b'{"api_key": 7, "api_secret": []}')


@pytest.mark.parametrize(
    ("thing", "reason"),
    [
        (pipe, "“key.json” is not a file"),
        (folder, "“key.json” is a folder"),
        (large, "“key.json” is larger than it should be"),
        *((thing, "it is damaged") for thing in (damaged, nested, foreign)),
    ],
)
def test_anything_else_in_its_place_is_told(path: Path, thing: Callable[[Path], None], reason: str) -> None:
    path.parent.mkdir()
    thing(path)
    file = seen(path)
    assert (file.key, file.secret) == ("", "")
    assert file.trouble == f"The file with your key cannot be read: {reason}. Enter the key again."


@pytest.mark.parametrize("thing", [pipe, large], ids=lambda thing: thing.__name__)
def test_what_would_take_long_to_read_is_not_read(path: Path, thing: object, monkeypatch: pytest.MonkeyPatch) -> None:
    path.parent.mkdir()
    assert callable(thing)
    thing(path)
    monkeypatch.setattr(os, "fdopen", lambda *_given: pytest.fail("the file is read"))
    assert seen(path).trouble


@pytest.mark.parametrize("thing", [pipe, large, damaged], ids=lambda thing: thing.__name__)
def test_entering_the_key_again_mends_it(path: Path, thing: object) -> None:
    path.parent.mkdir()
    assert callable(thing)
    thing(path)
    file = seen(path)
    file.keep("the-key", "the-secret")
    assert file.trouble == ""
    assert (seen(path).key, seen(path).secret) == ("the-key", "the-secret")


def test_a_key_that_cannot_be_saved_is_told_and_holds_for_this_session(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_file, "LOOK_SECONDS", 0.0)
    path.parent.write_text("in the way")
    file = KeyFile(path)
    with pytest.raises(StorageError, match="Could not save the key: ") as error:
        file.keep("the-key", "the-secret")
    assert error.value.remedy is Remedy.FOLDER
    assert "the-key" not in error.value.sentence
    path.parent.unlink()
    file.look()
    assert (file.key, file.trouble) == ("the-key", error.value.sentence)


def test_a_failed_save_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    KeyFile(path).keep("old-key", "old-secret")

    def full(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files, "flush_file", full)
        with pytest.raises(StorageError, match="No space left on device"):
            KeyFile(path).keep("new-key", "new-secret")
    assert seen(path).key == "old-key"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_forgetting_deletes_it_and_may_be_done_twice(path: Path) -> None:
    file = KeyFile(path)
    file.keep("the-key", "the-secret")
    file.forget()
    file.forget()
    assert not path.exists()
    assert (file.key, seen(path).key) == ("", "")


def test_a_key_that_was_kept_elsewhere_is_taken_over_where_none_is_whole(path: Path) -> None:
    KeyFile(path).take_over("old-key", "old-secret")
    assert (seen(path).key, seen(path).secret) == ("old-key", "old-secret")
    KeyFile(path).take_over("other-key", "other-secret")
    assert (seen(path).key, seen(path).secret) == ("old-key", "old-secret")
    KeyFile(path).keep("new-key", "")
    KeyFile(path).take_over("old-key", "old-secret")
    assert (seen(path).key, seen(path).secret) == ("old-key", "old-secret")


def test_key_and_secret_never_show(path: Path) -> None:
    file = KeyFile(path)
    file.keep("the-key", "the-secret")
    assert "the-" not in f"{file!r} {file}"
