"""A model that is a bomb is refused before it is decoded or made room for, whoever was to read it."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from tests.core.studio import tells_what_to_do
from tests.hostile_files.models import MODELS, REFUSED
from trellis_blender.core.errors import Remedy
from trellis_blender.core.model.arrays import Shape
from trellis_blender.core.model.glb import IMAGES_MAXIMUM, PIXELS_MAXIMUM, check_images
from trellis_blender.core.runner.questions import read_for_import

MEGABYTES = 200 * 2**20
KEPT = "Its file is kept: press Open Folder to use it elsewhere."


@pytest.mark.parametrize("name", MODELS)
def test_a_bomb_is_told_and_costs_little(tmp_path: Path, name: str) -> None:
    bomb, path = MODELS[name], tmp_path / "model.glb"
    path.write_bytes(bomb.make())
    tracemalloc.start()
    try:
        answer = read_for_import("job", path, Shape(images=tmp_path / "textures", stem="a", packs=True))
        assert tracemalloc.get_traced_memory()[1] < MEGABYTES
    finally:
        tracemalloc.stop()
    assert answer.model is None
    if bomb.outcome == REFUSED:
        assert answer.error.endswith(KEPT)
        assert "safely" in answer.error
        assert answer.remedy is Remedy.FOLDER
    else:
        assert answer.reason or tells_what_to_do(answer.error)
    assert path.is_file()
    assert not (tmp_path / "textures").exists()


def header(width: int, height: int) -> bytes:
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + b"IHDR" + size + bytes(5)


def test_what_artists_have_is_well_within_the_bounds() -> None:
    check_images([header(8192, 8192)] * 4)
    check_images([header(16_384, 16_384)])
    check_images([header(512, 512)] * IMAGES_MAXIMUM)
    assert PIXELS_MAXIMUM == 16_384 * 16_384
