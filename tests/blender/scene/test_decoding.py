# SPDX-License-Identifier: GPL-3.0-or-later
"""Which textures Blender decodes ahead, and what stays in the file. tests/gui/test_textures.py looks in a window."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.pictures import picture_file
from tests.blender.working import finish, meshes, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


@pytest.fixture
def in_window(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode as in a window. Without one, Blender draws a preview at once, and not in a job."""
    app = SimpleNamespace(background=False)
    blender = SimpleNamespace(app=app, data=bpy.data, context=bpy.context, types=bpy.types)
    monkeypatch.setattr(addon.decoding, "bpy", blender)


@pytest.fixture
def model(tmp_path: Path, connected: Emulator, session: Any) -> Any:
    """A model that has arrived, with two textures that nobody has looked at."""
    finish(picture_file(tmp_path))
    tick_until(lambda: not session.running().decoding.is_busy)
    (made,) = meshes()
    return made


def textures(addon: Any, thing: Any) -> list[Any]:
    """The images of the model, the base colour first."""
    return list(addon.material.images_of(thing))


def loaded(addon: Any, thing: Any) -> list[bool]:
    """Which of the model's textures are decoded."""
    return [image.has_data for image in textures(addon, thing)]


def decode(addon: Any, *things: Any) -> Any:
    """Have the textures decoded and wait for that; what decodes them."""
    decoding = addon.decoding.Decoding()
    for thing in things:
        decoding.add(thing)
    for _ in range(20):
        decoding.step()
    assert not decoding.is_busy
    return decoding


def test_in_the_background_nobody_looks_so_nothing_is_decoded(addon: Any, session: Any, model: Any) -> None:
    assert not session.running().decoding.is_busy
    assert loaded(addon, model) == [False, False]


@pytest.mark.usefixtures("in_window")
def test_every_model_that_arrives_has_its_textures_decoded(addon: Any, model: Any) -> None:
    assert loaded(addon, model) == [True, True]


@pytest.mark.usefixtures("in_window")
def test_a_model_without_textures_starts_nothing(addon: Any) -> None:
    bpy.ops.mesh.primitive_cube_add()
    decoding = addon.decoding.Decoding()
    decoding.add(bpy.context.object)
    assert not decoding.is_busy


@pytest.mark.usefixtures("in_window")
def test_the_base_colour_comes_first_and_one_texture_at_a_time(addon: Any, model: Any) -> None:
    for image in textures(addon, model):
        image.buffers_free()
    decoding = addon.decoding.Decoding()
    decoding.add(model)
    decoding.step()
    assert loaded(addon, model) == [True, False]
    assert decoding.has_in_hand(textures(addon, model)[0])
    assert not decoding.has_in_hand(textures(addon, model)[1])


@pytest.mark.usefixtures("in_window")
def test_no_preview_stays_in_the_file(addon: Any, model: Any) -> None:
    for image in textures(addon, model):
        assert [*image.preview.image_size, *image.preview.icon_size] == [0, 0, 0, 0]
        assert not image.preview.is_image_custom  # or Blender would never draw one again


@pytest.mark.usefixtures("in_window")
def test_a_preview_that_the_artist_made_stays(addon: Any, model: Any) -> None:
    first, second = textures(addon, model)
    for image in (first, second):
        image.buffers_free()
    first.preview.image_size = 8, 8
    decode(addon, model)
    assert [*first.preview.image_size] == [8, 8]
    assert loaded(addon, model) == [False, True]


@pytest.mark.usefixtures("in_window")
def test_no_more_is_decoded_than_memory_is_meant_for(addon: Any, model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = textures(addon, model)
    for image in (first, second):
        image.buffers_free()
    monkeypatch.setattr(addon.decoding, "MOST_BYTES", 1)
    decoding = decode(addon, model)
    assert loaded(addon, model) == [True, False]
    width, height = first.size
    assert list(decoding.held.values()) == [width * height * 4]
    bpy.data.images.remove(first)
    decoding.add(model)
    decoding.step()
    assert loaded(addon, model) == [True]  # what is removed holds nothing any more


@pytest.mark.usefixtures("in_window")
def test_of_a_model_that_was_deleted_nothing_is_decoded(addon: Any, model: Any) -> None:
    first, second = textures(addon, model)
    for image in (first, second):
        image.buffers_free()
    decoding = addon.decoding.Decoding()
    decoding.add(model)
    bpy.data.objects.remove(model)
    decoding.step()
    assert not decoding.is_busy
    assert not first.has_data


@pytest.mark.usefixtures("in_window")
def test_a_texture_that_was_removed_meanwhile_is_left_out(addon: Any, model: Any) -> None:
    first, second = textures(addon, model)
    for image in (first, second):
        image.buffers_free()
    decoding = addon.decoding.Decoding()
    decoding.add(model)
    decoding.step()
    bpy.data.images.remove(first)
    for _ in range(3):
        decoding.step()
    assert not decoding.is_busy
    assert second.has_data


@pytest.mark.usefixtures("in_window")
def test_what_cannot_be_decoded_is_not_tried_for_ever(addon: Any, model: Any) -> None:
    first, _second = textures(addon, model)
    first.unpack(method="REMOVE")
    first.filepath = "//not there.webp"
    assert not first.has_data
    decode(addon, model)


@pytest.mark.usefixtures("in_window")
def test_another_file_begins_with_nothing_to_decode(addon: Any, session: Any, model: Any) -> None:
    for image in textures(addon, model):
        image.buffers_free()
    decoding = session.running().decoding
    decoding.add(model)
    decoding.step()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert not decoding.is_busy
    assert not decoding.held
