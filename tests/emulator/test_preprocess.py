"""Pictures of every kind, as TRELLIS.2 takes them: nothing is kinder here than there."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from emulator.model.preprocess import PictureError, preprocess
from tests.emulator.caller import Caller, draw_picture

if TYPE_CHECKING:
    import numpy.typing as npt

SOLID = (200, 40, 30, 255)


def encoded(image: Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def boxed(
    alpha: int = 255, size: tuple[int, int] = (200, 100), box: tuple[int, int, int, int] = (20, 30, 59, 69)
) -> Image.Image:
    """Return a picture (RGBA), clear but for a box of that alpha, red on the left and green on the right."""
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rectangle(box, fill=(*SOLID[:3], alpha))
    if box[2] - box[0] > 2:
        draw.rectangle(((box[0] + box[2]) // 2 + 1, *box[1:]), fill=(30, 180, 60, alpha))
    return image


def seen(image: Image.Image, file_format: str = "PNG", **options: Any) -> npt.NDArray[np.int64]:
    """Return the pixels (rows, columns, RGBA) that TRELLIS.2 sees of the picture."""
    return np.asarray(preprocess(encoded(image, file_format, **options))).astype(np.int64)


def test_the_picture_is_cropped_to_a_square_around_what_is_above_80_percent_alpha() -> None:
    image = boxed()
    # A halo that is not above 80 % is no part of the subject.
    ImageDraw.Draw(image).rectangle((100, 0, 180, 99), fill=(9, 9, 200, 204))
    pixels = seen(image)
    assert pixels.shape == (38, 38, 4)
    assert set(pixels[:, :, 3].ravel().tolist()) == {255}


def test_a_subject_that_is_not_square_has_transparent_black_around_it() -> None:
    pixels = seen(boxed(box=(0, 30, 199, 49)))
    assert pixels.shape == (198, 198, 4)
    assert set(np.flatnonzero(pixels[:, 100, 3]).tolist()) == set(range(90, 110))
    assert not pixels[pixels[:, :, 3] == 0].any()


@pytest.mark.parametrize("alpha", [0, 100, 204])
def test_nothing_above_80_percent_alpha_is_no_subject(alpha: int) -> None:
    with pytest.raises(PictureError, match="no subject"):
        seen(boxed(alpha))


@pytest.mark.parametrize("side", [1, 2])
def test_a_pixel_or_two_are_no_subject(side: int) -> None:
    with pytest.raises(PictureError, match="no subject"):
        seen(boxed(box=(20, 30, 19 + side, 29 + side)))


def test_the_picture_is_shrunk_before_it_is_cropped() -> None:
    pixels = seen(boxed(size=(4096, 4096), box=(2000, 2000, 2399, 2399)))
    assert max(pixels.shape) == pytest.approx(100, abs=2), "a small subject loses its pixels"


def test_a_picture_that_shrinks_to_nothing_fails() -> None:
    with pytest.raises(PictureError, match="must be > 0"):
        seen(Image.linear_gradient("L").resize((5000, 2)).convert("RGB"))


def test_colors_are_multiplied_by_the_alpha() -> None:
    image = boxed()
    ImageDraw.Draw(image).rectangle((30, 40, 35, 45), fill=(200, 100, 50, 51))
    assert seen(image)[12, 12].tolist() == [40, 20, 10, 51]


@pytest.mark.parametrize("mode", ["LA", "P"])
def test_transparency_in_any_other_mode_than_rgba_is_none(mode: str) -> None:
    image = boxed()
    options: dict[str, Any] = {"transparency": 0} if mode == "P" else {}
    picture = encoded(image.convert("RGB").quantize(8) if options else image.convert(mode), **options)
    with Image.open(io.BytesIO(picture)) as opened:
        assert opened.mode == mode
    assert preprocess(picture).size == (198, 198), "all of the picture is the subject"


def test_one_colour_as_transparency_is_none() -> None:
    picture = encoded(boxed().convert("RGB"), transparency=(0, 0, 0))
    assert preprocess(picture).size == (198, 198)


def test_exif_does_not_turn_the_picture() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    gradient = Image.linear_gradient("L").resize((60, 40)).convert("RGB")
    assert np.array_equal(seen(gradient, exif=exif), seen(gradient))
    assert np.array_equal(seen(boxed(), exif=exif), seen(boxed()))


def test_16_bit_grey_becomes_white() -> None:
    ramp = np.linspace(100, 60_000, 60 * 40).astype(np.uint16).reshape(40, 60)
    pixels = seen(Image.fromarray(ramp))
    inside = pixels[pixels[:, :, 3] == 255]
    assert np.mean(inside[:, :3] == 255) > 0.9


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_picture_of_one_colour_has_no_subject(mode: str) -> None:
    """Unless its alpha says what that is, which one that is 255 everywhere does not."""
    with pytest.raises(PictureError, match="no subject"):
        seen(Image.new(mode, (60, 40), SOLID[: len(mode)]))


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_a_picture_cut_short_fails(file_format: str) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (80, 120, 3), dtype=np.uint8)
    picture = encoded(Image.fromarray(noise), file_format)
    with pytest.raises(PictureError, match="cannot be processed"):
        preprocess(picture[: len(picture) // 2])


def test_a_job_fails_where_the_picture_would_fail(caller: Caller) -> None:
    job = caller.finish(caller.submit(caller.upload(encoded(boxed(200)))))
    assert job["status"] == "failure"
    assert "no subject" in job["metadata"]["error"]
    assert job["metadata"]["assetIds"] == []
    assert caller.emulator.paid == 1


def test_the_next_job_goes_on_after_one_that_failed(caller: Caller) -> None:
    caller.finish(caller.submit(caller.upload(encoded(boxed(200)))))
    assert caller.finish(caller.submit(caller.upload(draw_picture())))["status"] == "success"
