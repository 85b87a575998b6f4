"""A picture from a file: sent as it is where the API takes it, else as the PNG that Blender makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.pictures import (
    HEIGHT,
    WIDTH,
    alpha,
    colours,
    linear_exr,
    picture_file,
    pixels,
    png_of_size,
    sent,
    with_alpha,
)
from tests.blender.working import OPS, generate, refusal, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

READS_AVIF = "AVIF" in bpy.types.ImageFormatSettings.bl_rna.properties["file_format"].enum_items  # type: ignore[attr-defined]  # of an enum


def arrive(picture: Path, connected: Emulator) -> bytes:
    """Generate from the picture and return it as Scenario has it."""
    generate(picture)
    tick_until(lambda: connected.paid)
    return sent(connected)


def refused(picture: Path) -> str:
    """Return what the operator reports about the picture."""
    return refusal(lambda: OPS.trellis2.generate_image(filepath=str(picture)))


@pytest.mark.parametrize("name", ["chair.png", "chair.jpg", "chair.jpeg", "chair.webp", "Stühle im Flur.PNG"])
def test_a_file_that_the_api_takes_is_sent_byte_for_byte(tmp_path: Path, connected: Emulator, name: str) -> None:
    picture = picture_file(tmp_path / "Möbel (neu)", name)
    assert arrive(picture, connected) == picture.read_bytes()


def test_a_png_with_16_bit_is_sent_byte_for_byte(tmp_path: Path, connected: Emulator) -> None:
    picture = picture_file(tmp_path, "deep.png", colours()[..., 0].astype(np.uint16) * 257)
    assert arrive(picture, connected) == picture.read_bytes()


def test_the_kind_is_told_by_the_first_bytes_not_by_the_name(tmp_path: Path, connected: Emulator) -> None:
    picture = picture_file(tmp_path, "chair.jpg")
    misnamed = picture.rename(tmp_path / "chair.tif")
    assert arrive(misnamed, connected) == misnamed.read_bytes()


@pytest.mark.parametrize("name", ["chair.tif", "chair.bmp"])
def test_another_kind_is_sent_as_a_png_that_looks_the_same(tmp_path: Path, connected: Emulator, name: str) -> None:
    data = arrive(picture_file(tmp_path, name), connected)
    assert data.startswith(b"\x89PNG")
    assert (pixels(data)[..., :3] == colours()).all()
    assert (pixels(data)[..., 3] == 255).all()


def test_alpha_survives_the_conversion(tmp_path: Path, connected: Emulator) -> None:
    data = arrive(picture_file(tmp_path, "chair.tif", with_alpha()), connected)
    assert (pixels(data)[..., 3] == alpha()).all()
    seen = alpha() > 40  # where it is nearly clear, 8 bits do not hold the colour
    assert abs(pixels(data)[..., :3] - colours())[seen].max() <= 3


def test_grey_stays_grey(tmp_path: Path, connected: Emulator) -> None:
    grey = colours()[..., 0]
    data = arrive(picture_file(tmp_path, "grey.tif", grey), connected)
    assert (pixels(data)[..., :3] == grey[..., None]).all()


def test_grey_keeps_its_alpha(tmp_path: Path, connected: Emulator) -> None:
    data = arrive(picture_file(tmp_path, "grey.tif", with_alpha()[..., [0, 3]]), connected)
    assert (pixels(data)[..., 3] == alpha()).all()


def test_a_tiff_with_16_bit_looks_the_same_with_8(tmp_path: Path, connected: Emulator) -> None:
    grey = colours()[..., 0]
    data = arrive(picture_file(tmp_path, "deep.tif", grey.astype(np.uint16) * 257), connected)
    assert abs(pixels(data)[..., 0] - grey).max() <= 1


def test_linear_light_becomes_srgb(tmp_path: Path, connected: Emulator) -> None:
    linear = np.ones((HEIGHT, WIDTH, 4), np.float32)
    linear[..., :3] = [0.5, 0.2140411, 0.0]
    data = arrive(linear_exr(tmp_path / "light.exr", linear), connected)
    # IEC 61966-2-1: 0.5 of the light is 188 of 255, and 0.2140411 of it 127.5
    assert abs(pixels(data)[..., :3] - [188, 127.5, 0]).max() <= 1


def test_linear_light_is_parted_from_its_alpha(tmp_path: Path, connected: Emulator) -> None:
    linear = np.full((HEIGHT, WIDTH, 4), 0.25, np.float32)
    linear[..., 3] = 0.5
    data = arrive(linear_exr(tmp_path / "glass.exr", linear), connected)
    assert abs(pixels(data) - [188, 188, 188, 127.5]).max() <= 1


def test_light_above_white_and_below_black_is_cut(tmp_path: Path, connected: Emulator) -> None:
    linear = np.ones((HEIGHT, WIDTH, 4), np.float32)
    linear[..., :3] = [40.0, -3.0, np.nan]
    data = arrive(linear_exr(tmp_path / "sun.exr", linear), connected)
    assert (pixels(data)[0, 0] == [255, 0, 0, 255]).all()


def test_an_avif_is_converted_where_this_blender_reads_it(tmp_path: Path, connected: Emulator) -> None:
    picture = picture_file(tmp_path, "chair.avif", quality=100, subsampling="4:4:4")
    if READS_AVIF:
        assert abs(pixels(arrive(picture, connected))[..., :3] - colours()).max() <= 3
    else:
        assert refused(picture) == "Blender cannot read “chair.avif”. Choose a PNG, JPEG or WebP file."


def test_a_conversion_leaves_no_datablock_behind(tmp_path: Path, connected: Emulator) -> None:
    before = len(bpy.data.images)
    arrive(picture_file(tmp_path, "chair.tif"), connected)
    assert len(bpy.data.images) == before


def test_a_conversion_that_fails_leaves_no_datablock_behind(tmp_path: Path, connected: Emulator) -> None:
    picture = tmp_path / "broken.tif"
    picture.write_bytes(b"II*\x00" + b"\x07" * 200)
    before = len(bpy.data.images)
    assert refused(picture) == "Blender cannot read “broken.tif”. Choose a PNG, JPEG or WebP file."
    assert len(bpy.data.images) == before


def test_an_image_that_the_artist_has_open_is_left_alone(tmp_path: Path, connected: Emulator) -> None:
    picture = picture_file(tmp_path, "chair.tif")
    open_image: Any = bpy.data.images.load(str(picture))
    open_image.pixels[0] = 0.5  # paint that is not saved yet
    arrive(picture, connected)
    assert (open_image.is_dirty, open_image.filepath, open_image.source) == (True, str(picture), "FILE")


def test_a_converted_picture_keeps_its_name_at_scenario(tmp_path: Path, connected: Emulator) -> None:
    arrive(picture_file(tmp_path, "Tür.tif"), connected)
    assert [asset.name for asset in connected.assets.values() if asset.source == "uploaded"] == ["Tür.png"]


def test_a_path_relative_to_the_blend_file_is_understood(tmp_path: Path, connected: Emulator) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    picture = picture_file(tmp_path / "textures")
    assert OPS.trellis2.generate_image(filepath="//textures/chair.png") == {"FINISHED"}
    tick_until(lambda: connected.assets)
    assert sent(connected) == picture.read_bytes()


def test_a_file_that_is_gone_is_named(tmp_path: Path, connected: Emulator) -> None:
    assert refused(tmp_path / "gone.png") == "The picture “gone.png” is gone. Choose another file."
    assert not connected.calls


def test_a_file_that_is_no_picture_is_refused(tmp_path: Path, connected: Emulator) -> None:
    text = tmp_path / "notes.png"
    text.write_text("Buy milk", encoding="utf-8")
    assert refused(text).startswith("“notes.png” is not a picture. Choose a PNG")
    assert not connected.calls


def test_a_folder_is_refused(tmp_path: Path, connected: Emulator) -> None:
    assert refused(tmp_path).endswith("Choose another file.")
    assert not connected.calls


def test_no_file_at_all_is_refused(connected: Emulator) -> None:
    assert refusal(lambda: OPS.trellis2.generate_image(filepath="")).startswith("No image file is chosen.")
    assert not connected.calls


def test_a_picture_above_50_megapixels_is_refused(tmp_path: Path, connected: Emulator) -> None:
    large = png_of_size(tmp_path / "large.png", 10_000, 5_001)
    assert refused(large) == "“large.png” is too large (10000 × 5001): 50 megapixels are the most. Scale it down first."
    assert not connected.calls


def test_a_picture_above_50_megapixels_that_only_blender_can_measure_is_refused(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    large = picture_file(tmp_path, "large.tif", np.zeros((5_001, 10_000), np.uint8), compression="tiff_lzw")
    before = len(bpy.data.images)
    assert "50 megapixels are the most" in refused(large)
    assert len(bpy.data.images) == before
    assert not list(session.jobs_root().glob(".incoming/*"))
    assert not connected.calls
