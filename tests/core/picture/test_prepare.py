"""The one way of every picture: what is sent of it, and what is refused before anything is paid."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from trellis_blender.core.errors import PictureError, Remedy
from trellis_blender.core.picture.encode import JPEG_ABOVE, png, targa
from trellis_blender.core.picture.pixels import shrunk, squared, upright
from trellis_blender.core.picture.prepare import packed, prepared
from trellis_blender.core.picture.view import Concern


def with_subject(height: int, width: int, rows: tuple[int, int], columns: tuple[int, int]) -> Any:
    """A clear picture with a noisy subject."""
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., 0] = 255  # a colour that nobody sees
    size = (rows[1] - rows[0], columns[1] - columns[0], 3)
    picture[rows[0] : rows[1], columns[0] : columns[1], :3] = np.random.default_rng(1).integers(0, 256, size)
    picture[rows[0] : rows[1], columns[0] : columns[1], 3] = 255
    return picture


def opaque(height: int, width: int) -> Any:
    picture = np.random.default_rng(1).integers(0, 256, (height, width, 4)).astype(np.uint8)
    picture[..., 3] = 255
    return picture


def preprocess(picture: Any) -> Any:
    """What TRELLIS.2's `preprocess_image` makes of a picture with alpha."""
    image = Image.fromarray(picture)
    scale = min(1, 1024 / max(image.size))
    if scale < 1:
        image = image.resize((int(image.width * scale), int(image.height * scale)), Image.Resampling.LANCZOS)
    box = np.argwhere(np.asarray(image)[..., 3] > 0.8 * 255)
    (top, left), (bottom, right) = box.min(0), box.max(0)
    centre, size = ((left + right) / 2, (top + bottom) / 2), max(right - left, bottom - top)
    half = size // 2
    return np.asarray(image.crop((centre[0] - half, centre[1] - half, centre[0] + half, centre[1] + half)))


def test_the_server_cuts_the_same_subject_out_of_what_is_sent() -> None:
    picture = with_subject(600, 800, (100, 351), (300, 440))
    cut = prepared(picture)
    there, here = preprocess(picture), preprocess(cut.rows)
    assert there.shape == here.shape
    seen = there[..., 3] > 0
    assert (there[seen] == here[seen]).all()


def test_a_small_subject_keeps_its_pixels() -> None:
    picture = with_subject(4000, 4000, (1000, 1400), (2000, 2300))
    cut = prepared(picture)
    assert cut.rows.shape == (440, 440, 4)
    left, top, right, bottom, width, height = cut.crop
    assert (right - left, bottom - top, width, height) == (440, 440, 4000, 4000)
    assert (cut.rows[20:420, 70:370] == picture[1000:1400, 2000:2300]).all()


def test_a_large_subject_is_sent_with_1024_pixels_and_a_whole_picture_with_2048() -> None:
    assert prepared(with_subject(3000, 3000, (100, 2900), (100, 2900))).rows.shape == (1024, 1024, 4)
    assert prepared(opaque(3000, 1500)).rows.shape == (2048, 1024, 3)
    assert prepared(opaque(2048, 1500)).rows.shape == (2048, 1500, 3)


def test_a_subject_that_fills_the_picture_still_has_alpha_around_it() -> None:
    picture = opaque(300, 300)
    picture[0, 0, 3] = 0
    cut = prepared(picture)
    assert cut.rows.shape[2] == 4
    assert (cut.rows[..., 3] < 255).any()
    assert cut.crop[0] < 0
    assert cut.crop[2] > 300
    assert cut.concerns == (Concern.TOUCHES_BORDER,)


def test_colours_that_nobody_sees_are_not_sent() -> None:
    rows = prepared(with_subject(400, 400, (100, 300), (150, 250))).rows
    assert not rows[rows[..., 3] == 0].any()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright_as_viewers_do_it(orientation: int) -> None:
    picture = opaque(60, 90)
    image = Image.fromarray(picture)
    image.getexif()[0x0112] = orientation
    assert (upright(picture, orientation) == np.asarray(ImageOps.exif_transpose(image))).all()
    assert prepared(picture, orientation=orientation).rows.shape[:2] == ((90, 60) if orientation > 4 else (60, 90))


@pytest.mark.parametrize(("aspect", "size"), [(2.0, (50, 160)), (0.5, (100, 80)), (1.0, (50, 80)), (1.0001, (50, 80))])
def test_pixels_become_square_and_none_are_lost(aspect: float, size: tuple[int, int]) -> None:
    assert squared(opaque(50, 80), aspect).shape[:2] == size


def test_alpha_that_is_nowhere_solid_is_refused_with_a_way_to_send_it() -> None:
    glass = opaque(300, 300)
    glass[..., 3] = 204  # exactly 80 %
    with pytest.raises(PictureError, match="No part of it is above 80 % opaque") as refused:
        prepared(glass)
    assert refused.value.remedy is Remedy.OPAQUE
    cut = prepared(glass, ignores_alpha=True)
    assert (cut.rows == glass[..., :3]).all()
    assert Concern.NO_ALPHA in cut.concerns


def test_a_clear_picture_is_refused() -> None:
    with pytest.raises(PictureError, match="All of it is transparent") as refused:
        prepared(np.zeros((300, 300, 4), np.uint8))
    assert refused.value.remedy is Remedy.PICTURE


@pytest.mark.parametrize(("side", "is_refused"), [(3, True), (31, True), (32, False)])
def test_less_than_32_pixels_of_subject_are_refused(side: int, is_refused: bool) -> None:
    picture = with_subject(600, 600, (200, 200 + side), (300, 300 + side))
    if is_refused:
        with pytest.raises(PictureError, match=f"only {side} pixels large"):
            prepared(picture)
    else:
        assert Concern.TINY in prepared(picture).concerns


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (with_subject(600, 600, (0, 300), (200, 400)), {Concern.TOUCHES_BORDER}),
        (with_subject(600, 600, (300, 600), (200, 400)), {Concern.TOUCHES_BORDER}),
        (with_subject(600, 600, (200, 400), (0, 300)), {Concern.TOUCHES_BORDER}),
        (with_subject(600, 600, (200, 400), (300, 600)), {Concern.TOUCHES_BORDER}),
        (with_subject(600, 600, (1, 599), (1, 599)), set()),
        (with_subject(600, 600, (280, 320), (280, 320)), {Concern.TINY}),
        (with_subject(4000, 4000, (2000, 2400), (2000, 2400)), set()),
        (with_subject(200, 255, (20, 180), (20, 180)), {Concern.SMALL}),
        (with_subject(200, 256, (20, 180), (20, 180)), set()),
        (with_subject(200, 200, (80, 120), (80, 120)), {Concern.SMALL, Concern.TINY}),
        (opaque(100, 100), {Concern.NO_ALPHA, Concern.SMALL}),
    ],
)
def test_what_may_go_wrong_is_said(picture: Any, expected: set[Concern]) -> None:
    assert set(prepared(picture).concerns) == expected


@pytest.mark.parametrize("channels", [3, 4])
def test_a_png_holds_the_pixels_and_nothing_else(channels: int) -> None:
    rows = opaque(70, 50)[..., :channels]
    data = png(rows)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.mode == ("RGB", "RGBA")[channels - 3]
        assert (np.asarray(picture) == rows).all()
        assert picture.info == {}
    smooth = np.repeat(np.linspace(0, 255, 400).astype(np.uint8)[:, None], 400, 1)[..., None].repeat(channels, 2)
    assert len(png(smooth)) < 10_000


def test_what_is_opaque_and_too_large_becomes_a_jpeg_and_the_view_is_of_that() -> None:
    shown = np.full((10, 10, 3), 77, np.uint8)
    given: list[bytes] = []

    def pack(data: bytes) -> tuple[bytes, Any]:
        given.append(data)
        return b"a JPEG", shown

    made = packed(prepared(opaque(1200, 1200)), pack)
    assert len(given[0]) > JPEG_ABOVE
    assert (made.data, made.kind) == (b"a JPEG", "jpeg")
    assert made.view.pixels[:3] == bytes((77, 77, 77))
    assert packed(prepared(opaque(900, 900)), pack).kind == "png"
    large = with_subject(1200, 1200, (50, 1150), (50, 1150))
    large[..., :3] = opaque(1200, 1200)[..., :3]
    assert packed(prepared(large), pack).kind == "png", "a JPEG has no alpha"
    assert packed(prepared(opaque(1200, 1200)), None).kind == "png"


def test_shrinking_takes_the_mean_of_the_area_and_lets_no_hidden_colour_bleed() -> None:
    checker = np.indices((90, 90)).sum(0)[..., None] % 2 * np.uint8(255)
    assert abs(shrunk(checker.repeat(3, 2).astype(np.uint8), 40).astype(int) - 127).max() <= 30
    half = np.zeros((90, 90, 4), np.uint8)
    half[:, :45] = (0, 0, 255, 255)
    half[:, 45:, 0] = 255
    made = shrunk(half, 40)
    assert (made[made[..., 3] > 0, 0] == 0).all()
    assert made.shape == (40, 40, 4)
    assert made[..., 3].mean() == pytest.approx(127.5, abs=1)


def test_a_targa_that_is_cut_short_is_no_picture() -> None:
    with pytest.raises(ValueError, match="too few"):
        targa(bytes(12) + b"\x05\x00\x05\x00" + bytes(50))
    with pytest.raises(ValueError, match="no picture"):
        targa(b"")
