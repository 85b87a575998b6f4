"""An image that is open in Blender: sent as it is seen, whatever it is, and still the same afterwards."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.pictures import picture_file, pixels, placed, sent, with_alpha
from tests.blender.untouched import untouched
from tests.blender.working import OPS, SMALL, newest_job, refusal, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

SIDE = 64


def pattern(seed: int = 1) -> Any:
    """Pixels (SIDE, SIDE, 4) of 0 to 1, the lowest row first, none of them clear."""
    values = np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 4)).astype(np.float32) / 255
    values[..., 3] = 1
    values[: SIDE // 2, :, 3] = 230 / 255
    return values


def as_bytes(values: Any) -> Any:
    """The same as a picture file has it: the top row first, 0 to 255."""
    return np.rint(values[::-1] * 255).astype(int)


def new_image(values: Any, **options: Any) -> Any:
    """An image that was painted and never saved."""
    image: Any = bpy.data.images.new("Tür", SIDE, SIDE, alpha=True, **options)
    image.pixels.foreach_set(values.ravel())
    image.update()
    return image


def arrive(image: Any, connected: Emulator, folder: Path, session: Any) -> Any:
    """Generate from the image and return the pixels that were sent."""
    scene: Any = bpy.context.scene
    scene.trellis2.image = image
    with untouched(folder, session):
        assert OPS.trellis2.generate_open_image(**SMALL) == {"FINISHED"}
        tick_until(lambda: connected.paid and newest_job().is_prepared)
    data = sent(connected)
    assert b"tEXt" not in data
    return placed(data, newest_job().crop)


def refused(image: Any) -> str:
    """Return what the operator reports about the image."""
    scene: Any = bpy.context.scene
    scene.trellis2.image = image
    return refusal(OPS.trellis2.generate_open_image)


def test_a_painted_image_that_was_never_saved_is_sent(tmp_path: Path, connected: Emulator, session: Any) -> None:
    image = new_image(pattern())
    assert image.is_dirty
    assert (arrive(image, connected, tmp_path, session) == as_bytes(pattern())).all()
    assert newest_job().name == "Tür"


def test_a_packed_image_is_sent(tmp_path: Path, connected: Emulator, session: Any) -> None:
    image = new_image(pattern())
    image.pack()
    assert (arrive(image, connected, tmp_path, session) == as_bytes(pattern())).all()


def test_a_generated_image_is_sent(tmp_path: Path, connected: Emulator, session: Any) -> None:
    image: Any = bpy.data.images.new("grid", SIDE, SIDE)
    image.generated_color = (1, 0.2, 0, 1)
    assert arrive(image, connected, tmp_path, session)[3, 3].tolist() == [255, 51, 0, 255]


def test_a_file_with_strokes_not_yet_saved_is_sent_with_them(tmp_path: Path, connected: Emulator, session: Any) -> None:
    image: Any = bpy.data.images.load(str(picture_file(tmp_path, "chair.png", with_alpha())))
    image.pixels[0:4] = (1, 0, 1, 1)
    seen = arrive(image, connected, tmp_path, session)
    assert seen[-1, 0].tolist() == [255, 0, 255, 255]
    assert seen[0, 50].tolist() == with_alpha()[0, 50].tolist()


def test_a_float_image_is_sent_as_it_looks_with_straight_alpha(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    values = np.ones((SIDE, SIDE, 4), np.float32)
    values[-8:] = (0.5 * 0.25, 0.25, 0.0, 0.5)  # scene-linear, times its alpha
    seen = arrive(new_image(values, float_buffer=True), connected, tmp_path, session)
    # sRGB (IEC 61966-2-1): 0.25 is shown as 0.5371, 0.5 as 0.7354
    assert abs(seen[7, 0] - [137, 188, 0, 128]).max() <= 1


def test_an_image_that_is_data_is_sent_as_it_is_shown(tmp_path: Path, connected: Emulator, session: Any) -> None:
    values = np.full((SIDE, SIDE, 4), 0.25, np.float32)
    values[..., 3] = 1
    image = new_image(values, float_buffer=True, is_data=True)
    assert arrive(image, connected, tmp_path, session)[0, 0].tolist() == [64, 64, 64, 255]


def test_a_large_image_is_sent_with_2048_pixels(connected: Emulator) -> None:
    image: Any = bpy.data.images.new("large", 2 * 1024, 3 * 1024)
    image.generated_color = (0.2, 0.4, 0.6, 1)
    scene: Any = bpy.context.scene
    scene.trellis2.image = image
    assert OPS.trellis2.generate_open_image(**SMALL) == {"FINISHED"}
    tick_until(lambda: connected.paid)
    seen = pixels(sent(connected))
    assert seen.shape[:2] == (2048, 1365)
    assert abs(seen[500, 300] - [51, 102, 153, 255]).max() <= 1


@pytest.mark.parametrize("number", [1001, 1002, 1012])
def test_of_a_tiled_image_on_disk_the_chosen_tile_is_sent(
    tmp_path: Path, connected: Emulator, session: Any, number: int
) -> None:
    shades = {1001: 40, 1002: 120, 1012: 200}
    for tile, shade in shades.items():
        picture_file(tmp_path, f"wall.{tile}.png", np.full((SIDE, SIDE, 3), shade, np.uint8))
    image: Any = bpy.data.images.load(str(tmp_path / "wall.1001.png"))
    image.source, image.filepath = "TILED", str(tmp_path / "wall.<UDIM>.png")
    for tile in (1002, 1012):
        if image.tiles.get(tile) is None:
            image.tiles.new(tile)
    image.tiles.active_index = [tile.number for tile in image.tiles].index(number)
    assert (arrive(image, connected, tmp_path, session)[..., 0] == shades[number]).all()


@pytest.fixture
def filled(cold: None) -> Any:
    """A tiled image whose second, active tile was filled with red and not saved.

    An operator within an override can crash Blender before 5.1 while a thread works. So this comes before the emulator,
    and waits for what the test before left at work.
    """
    for thread in set(threading.enumerate()) - {threading.current_thread()}:
        thread.join()
    image: Any = bpy.data.images.new("wall", SIDE, SIDE, tiled=True, alpha=True)
    image.tiles.new(1002)
    image.tiles.active_index = 1
    with bpy.context.temp_override(edit_image=image):
        bpy.ops.image.tile_fill(color=(1, 0, 0, 1), width=SIDE, height=SIDE, alpha=True)
    return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_tile_that_was_filled_and_not_saved_is_sent_where_blender_saves_a_copy_without_loss_else_refused(
    filled: Any, tmp_path: Path, connected: Emulator, session: Any, kind: str
) -> None:
    image = filled
    image.pixels.foreach_set(pattern().ravel())  # of the first tile
    image.update()
    image.file_format = kind
    images = len(bpy.data.images)
    assert image.is_dirty
    described: Any = bpy.types.Image.bl_rna
    if kind == "PNG" and "save_copy" in described.functions["save"].parameters:
        assert (arrive(image, connected, tmp_path, session) == [255, 0, 0, 255]).all()
    else:
        assert refused(image) == (
            "The image “wall” was painted and not saved, so only its first tile can be sent. Save it, then try again."
        )
        assert not connected.paid
    assert (image.file_format, image.is_dirty, len(bpy.data.images)) == (kind, True, images)


def test_of_a_painted_tile_whose_copy_was_cut_short_it_is_not_said_that_the_image_should_be_reloaded(
    filled: Any, addon: Any, connected: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.pixels.foreach_set(pattern().ravel())
    filled.update()
    filled.file_format = "PNG"
    monkeypatch.setattr(addon.image, "_taken", lambda *_given: None)  # as of a file that holds no picture
    assert refused(filled) == (
        "The image “wall” was painted and not saved, so only its first tile can be sent. Save it, then try again."
    )
    assert not connected.paid


@pytest.mark.parametrize("number", [1001, 1012])
def test_of_a_painted_tiled_image_the_first_tile_is_sent(
    tmp_path: Path, connected: Emulator, session: Any, number: int
) -> None:
    image: Any = bpy.data.images.new("wall", SIDE, SIDE, tiled=True, alpha=True)
    image.tiles[0].number = number
    image.pixels.foreach_set(pattern().ravel())
    image.update()
    image.tiles.new(number + 1)
    image.tiles.active_index = 0
    assert image.is_dirty
    assert abs(arrive(image, connected, tmp_path, session) - as_bytes(pattern())).max() <= 1


def frames(folder: Path, count: int = 3) -> Path:
    """Pictures s_0001.png ... that are told apart by their red."""
    for number in range(1, count + 1):
        picture_file(folder, f"s_{number:04d}.png", np.full((SIDE, SIDE, 3), (number * 50, 7, 7), np.uint8))
    return folder / "s_0001.png"


def test_of_a_sequence_the_scenes_frame_is_sent(tmp_path: Path, connected: Emulator, session: Any) -> None:
    image: Any = bpy.data.images.load(str(frames(tmp_path)))
    image.source = "SEQUENCE"
    scene: Any = bpy.context.scene
    scene.frame_set(2)
    assert arrive(image, connected, tmp_path, session)[0, 0].tolist() == [100, 7, 7, 255]


@pytest.mark.parametrize(("frame", "red"), [(-3, 50), (1, 50), (3, 150), (9, 150)])
def test_a_sequence_holds_its_first_and_last_frame(
    tmp_path: Path, connected: Emulator, session: Any, frame: int, red: int
) -> None:
    image: Any = bpy.data.images.load(str(frames(tmp_path)))
    image.source = "SEQUENCE"
    scene: Any = bpy.context.scene
    scene.frame_set(frame)
    assert arrive(image, connected, tmp_path, session)[0, 0].tolist() == [red, 7, 7, 255]


def test_a_sequence_that_begins_with_1001_is_seen_by_the_frames_it_has(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    for number in (1001, 1002):
        picture_file(tmp_path, f"s.{number}.png", np.full((SIDE, SIDE, 3), (number - 900, 7, 7), np.uint8))
    image: Any = bpy.data.images.load(str(tmp_path / "s.1001.png"))
    image.source = "SEQUENCE"
    assert arrive(image, connected, tmp_path, session)[0, 0].tolist() == [101, 7, 7, 255]


def test_a_frame_that_a_sequence_misses_is_named(tmp_path: Path, connected: Emulator) -> None:
    image: Any = bpy.data.images.load(str(frames(tmp_path)))
    image.source = "SEQUENCE"
    (tmp_path / "s_0002.png").unlink()
    scene: Any = bpy.context.scene
    scene.frame_set(2)
    before = len(bpy.data.images), len(bpy.data.textures)
    assert refused(image).startswith("The image “s_0001.png” has no frame 2, or lost its file.")
    assert (len(bpy.data.images), len(bpy.data.textures)) == before
    assert not connected.calls


def test_an_image_whose_file_is_gone_is_refused(tmp_path: Path, connected: Emulator) -> None:
    file = picture_file(tmp_path)
    image: Any = bpy.data.images.load(str(file))
    file.unlink()
    image.reload()
    assert refused(image) == "The image “chair.png” holds no picture. Reload it, or choose another image."
    assert not connected.calls


def test_without_an_image_the_button_says_what_is_missing(connected: Emulator) -> None:
    assert "No image is chosen. Choose one in the Trellis tab" in refused(None)
    assert not connected.calls


def test_the_image_editors_image_comes_before_the_panels(addon: Any) -> None:
    scene: Any = bpy.context.scene
    chosen = scene.trellis2.image = new_image(pattern(1))
    edited = new_image(pattern(2))
    with bpy.context.temp_override(edit_image=edited):
        assert addon.image.shown_image(bpy.context, scene.trellis2) == edited
    assert addon.image.shown_image(bpy.context, scene.trellis2) == chosen
