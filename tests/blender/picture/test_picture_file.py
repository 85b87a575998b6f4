"""A picture from a file: whatever its kind, it arrives as a PNG that looks as Blender shows the file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest
from PIL import Image

from tests.blender.pictures import (
    HEIGHT,
    READS_AVIF,
    WIDTH,
    alpha,
    colours,
    linear_exr,
    picture_file,
    pixels,
    placed,
    png_of_size,
    sent,
    with_alpha,
)
from tests.blender.working import OPS, generate, newest_job, refusal, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


def arrive(picture: Path, connected: Emulator) -> bytes:
    """Generate from the picture and return it as Scenario has it."""
    generate(picture)
    tick_until(lambda: connected.paid and newest_job().is_prepared)
    return sent(connected)


def refused(picture: Path) -> str:
    """Return what the operator reports about the picture."""
    return refusal(lambda: OPS.trellis2.generate_image(filepath=str(picture)))


LOSSLESS = ["chair.png", "chair.webp", "Stühle im Flur.PNG", "chair.tif", "chair.bmp", "chair.tga"]


@pytest.mark.parametrize("name", LOSSLESS)
def test_a_file_without_loss_arrives_as_a_png_with_the_same_pixels(
    tmp_path: Path, connected: Emulator, name: str
) -> None:
    options = {"lossless": True} if name.endswith("webp") else {}
    data = arrive(picture_file(tmp_path / "Möbel (neu)", name, **options), connected)
    assert data.startswith(b"\x89PNG")
    assert (pixels(data)[..., :3] == colours()).all()
    with Image.open(io.BytesIO(data)) as sent_picture:
        assert sent_picture.mode == "RGB"


def test_a_photo_looks_the_same(tmp_path: Path, connected: Emulator) -> None:
    data = arrive(picture_file(tmp_path, "chair.jpg", quality=100, subsampling=0), connected)
    assert abs(pixels(data)[..., :3] - colours()).max() <= 3


def test_a_png_with_16_bit_looks_the_same_with_8(tmp_path: Path, connected: Emulator) -> None:
    picture = picture_file(tmp_path, "deep.png", colours()[..., 0].astype(np.uint16) * 257)
    assert abs(pixels(arrive(picture, connected))[..., 0] - colours()[..., 0]).max() <= 1


def test_what_a_file_is_blender_decides_and_not_its_name(tmp_path: Path, connected: Emulator) -> None:
    misnamed = picture_file(tmp_path, "chair.png").rename(tmp_path / "chair.tif")
    assert (pixels(arrive(misnamed, connected))[..., :3] == colours()).all()


@pytest.mark.parametrize("name", ["chair.png", "chair.tif"])
def test_alpha_stays_and_the_subject_is_cut_out_by_it(tmp_path: Path, connected: Emulator, name: str) -> None:
    data = arrive(picture_file(tmp_path, name, with_alpha()), connected)
    left, top, right, bottom, width, height = newest_job().crop
    assert (width, height) == (WIDTH, HEIGHT)
    solid = np.flatnonzero(alpha()[0] > 204)
    assert left < solid[0] <= solid[-1] < right
    assert top < 0 < HEIGHT < bottom
    seen, columns = placed(data, newest_job().crop), slice(max(0, left), min(right, WIDTH))
    assert (seen[:, columns, 3] == alpha()[:, columns]).all()
    assert abs(seen[..., :3] - colours())[:, columns].max() <= 1


def test_grey_stays_grey(tmp_path: Path, connected: Emulator) -> None:
    grey = colours()[..., 0]
    data = arrive(picture_file(tmp_path, "grey.tif", grey), connected)
    assert (pixels(data)[..., :3] == grey[..., None]).all()


def test_grey_keeps_its_alpha(tmp_path: Path, connected: Emulator) -> None:
    data = arrive(picture_file(tmp_path, "grey.tif", with_alpha()[..., [0, 3]]), connected)
    seen = placed(data, newest_job().crop)
    assert (seen[..., 3] == alpha())[:, max(0, newest_job().crop[0]) :].all()


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
    linear[:, : WIDTH - 8] = 1
    data = arrive(linear_exr(tmp_path / "glass.exr", linear), connected)
    assert abs(placed(data, newest_job().crop)[5, WIDTH - 7] - [188, 188, 188, 127.5]).max() <= 1


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
        assert refused(picture) == "Blender cannot read AVIF. Export the photo as JPEG, or choose another file."


def test_a_conversion_leaves_no_datablock_behind(tmp_path: Path, connected: Emulator) -> None:
    before = len(bpy.data.images)
    arrive(picture_file(tmp_path, "chair.tif"), connected)
    assert len(bpy.data.images) == before


def test_a_conversion_that_fails_leaves_no_datablock_behind(tmp_path: Path, connected: Emulator) -> None:
    picture = tmp_path / "broken.tif"
    picture.write_bytes(b"II*\x00" + b"\x07" * 200)
    before = len(bpy.data.images)
    assert refused(picture).startswith("“broken.tif” is damaged or was not copied whole.")
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
    picture_file(tmp_path / "textures")
    assert OPS.trellis2.generate_image(filepath="//textures/chair.png") == {"FINISHED"}
    tick_until(lambda: connected.assets)
    assert (pixels(sent(connected))[..., :3] == colours()).all()


def test_a_file_that_is_gone_is_named(tmp_path: Path, connected: Emulator) -> None:
    assert refused(tmp_path / "gone.png") == "The picture “gone.png” is gone. Choose another file."
    assert not connected.calls


def test_a_file_that_is_no_picture_is_refused(tmp_path: Path, connected: Emulator) -> None:
    text = tmp_path / "notes.png"
    text.write_text("Buy milk", encoding="utf-8")
    assert refused(text) == "Blender cannot read “notes.png”. Choose a PNG, JPEG or WebP file."
    assert not connected.calls


def test_a_folder_is_refused(tmp_path: Path, connected: Emulator) -> None:
    assert refused(tmp_path).endswith("Choose another file.")
    assert not connected.calls


def test_no_file_at_all_is_refused(connected: Emulator) -> None:
    assert refusal(lambda: OPS.trellis2.generate_image(filepath="")).startswith("No image file is chosen.")
    assert not connected.calls


def test_a_picture_above_50_megapixels_is_refused(tmp_path: Path, connected: Emulator) -> None:
    large = png_of_size(tmp_path / "large.png", 10_000, 5_001)
    assert (
        refused(large)
        == "“large.png” is too large (10,000 × 5,001 pixels): 50 megapixels are the most. Scale it down first."
    )
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
