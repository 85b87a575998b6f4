"""A picture that is a bomb is known by its header, before anything decodes it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile_files.pictures import PICTURES, REFUSED
from trellis_blender.core.errors import PictureError
from trellis_blender.core.picture.metadata import is_safe_to_show
from trellis_blender.core.picture.prepare import read_picture


class DecodedError(Exception):
    """Blender was to decode the file."""


def decode(_path: Path, _shown: Path, _check: Callable[[int, int, bool], None]) -> tuple[bool, str]:
    raise DecodedError


def read(path: Path) -> None:
    read_picture(path, path.with_name("shown.tga"), decode)


@pytest.mark.parametrize("name", PICTURES)
def test_a_bomb_is_refused_by_its_header(tmp_path: Path, name: str) -> None:
    picture = PICTURES[name]
    path = tmp_path / f"bomb.{picture.suffix}"
    path.write_bytes(picture.make())
    if picture.outcome == REFUSED:
        with pytest.raises(PictureError, match=r"is too large .* 50 megapixels are the most\. Scale it down first"):
            read(path)
        assert not is_safe_to_show(path)
    else:
        with pytest.raises(DecodedError):
            read(path)


@pytest.mark.parametrize("name", [name for name, picture in PICTURES.items() if picture.outcome == REFUSED])
@pytest.mark.parametrize("share", [0.5, 0.01])
def test_the_beginning_of_a_bomb_is_enough(tmp_path: Path, name: str, share: float) -> None:
    data = PICTURES[name].make()
    path = tmp_path / "source.png"
    path.write_bytes(data[: max(2100, int(len(data) * share))])
    assert not is_safe_to_show(path)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.mkdir()


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(5 * 1024**3)


@pytest.mark.parametrize("thing", [_pipe, _folder, _device, _loop, _large])
def test_what_is_no_picture_is_told_at_once(tmp_path: Path, thing: Callable[[Path], None]) -> None:
    thing(tmp_path / "chair.png")
    with pytest.raises(PictureError, match=r"“chair.png” (cannot be read|is gone).* Choose another file"):
        read(tmp_path / "chair.png")


def test_a_picture_may_be_a_link_which_is_the_artists_choice(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "chair.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "chair.png").symlink_to(tmp_path / "there" / "chair.png")
    with pytest.raises(DecodedError):
        read(tmp_path / "chair.png")
