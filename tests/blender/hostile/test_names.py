"""A picture's file may be called anything: the artist and Blender get plain text, and nothing of it is carried out."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.drawing import draw
from tests.blender.pictures import picture_file
from tests.blender.working import finish, tick_until
from tests.hostile_files.names import NAMES

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


def called(folder: Path, stem: str) -> Path:
    """Return a picture's file of that name."""
    path = folder / f"{stem}.png"
    os.replace(picture_file(folder), path)  # noqa: PTH105 - the name may be no text
    return path


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_made_whatever_its_picture_is_called(
    tmp_path: Path, connected: Emulator, addon: Any, name: str
) -> None:
    given, shown = NAMES[name].given, NAMES[name].shown
    job = finish(called(tmp_path, given))
    assert job.name == shown[:40].strip()
    assert job.stage.value in ("ready", "imported")
    tick_until(lambda: bpy.data.objects)
    model = next(thing for thing in bpy.data.objects if thing.type == "MESH")
    assert _is_plain(model.name)
    assert shown.encode().startswith(model.name.partition(".0")[0].encode())
    assert model.animation_data is None
    mesh: Any = model.data
    assert mesh.animation_data is None
    recipe = {key: value for key, value in model.items() if key.startswith("trellis2_")}
    assert all(_is_plain(value) for value in recipe.values() if isinstance(value, str))
    texts = draw(addon.panels.TRELLIS2_PT_jobs).texts
    assert all(map(_is_plain, filter(None, texts)))
    assert _is_plain(addon.rows.of_window_manager().rows[0].tooltip.replace("\n", " "))
    record = json.loads((addon.session.folder(job.id) / "job.json").read_text(encoding="utf-8"))
    assert record["name"] == job.name
    assert record["picture"].startswith("source.")
    assert {path.name for path in tmp_path.iterdir()} == {f"{given}.png"}  # nothing was run there


def _is_plain(text: str) -> bool:
    return text.replace("\u200d", "").isprintable() and bool(text.encode("utf-8"))  # it joins emoji
