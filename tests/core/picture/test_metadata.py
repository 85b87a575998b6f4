"""What a picture's file says of itself, and whether all of it is there: never what decides if it is taken."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.core.studio import tells_what_to_do
from trellis_blender.core.errors import PictureError
from trellis_blender.core.picture.file import PIXELS_MAXIMUM, FileStamp, check_size, fingerprint
from trellis_blender.core.picture.metadata import (
    complaint,
    damaged,
    kind_of,
    read_header,
    unreadable,
    without_jpeg_metadata,
)

SIZE = (137, 83)
ORIENTATION = 0x0112


def photo(size: tuple[int, int] = SIZE, mode: str = "RGB") -> Image.Image:
    """A picture with something in it."""
    rng = np.random.default_rng(1)
    picture = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3)).astype(np.uint8))
    ImageDraw.Draw(picture).rectangle((10, 10, 60, 60), fill=(200, 90, 20))
    return picture.convert(mode)


def encoded(file_format: str, mode: str = "RGB", size: tuple[int, int] = SIZE, **options: object) -> bytes:
    """A picture as Pillow writes it."""
    file = io.BytesIO()
    photo(size, mode).save(file, file_format, **options)
    return file.getvalue()


def exif(orientation: int) -> bytes:
    """Exif that says which way is up."""
    made = Image.Exif()
    made[ORIENTATION] = orientation
    return made.tobytes()


KNOWN = {
    "PNG": [encoded("PNG", mode) for mode in ("RGB", "RGBA", "L", "P", "1")],
    "JPEG": [encoded("JPEG"), encoded("JPEG", progressive=True), encoded("JPEG", "CMYK"), encoded("JPEG", "L")],
    "WebP": [encoded("WEBP"), encoded("WEBP", lossless=True), encoded("WEBP", "RGBA"), encoded("WEBP", exif=exif(1))],
    "BMP": [encoded("BMP")],
    "TIFF": [encoded("TIFF"), encoded("TIFF", compression="tiff_lzw")],
}


@pytest.mark.parametrize("kind", KNOWN)
def test_a_files_kind_and_size_are_read_and_it_is_whole(kind: str) -> None:
    for data in KNOWN[kind]:
        facts = read_header(data)
        assert (facts.kind, facts.width, facts.height, facts.ends_early) == (kind, *SIZE, False)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_which_way_is_up_is_read(file_format: str, orientation: int) -> None:
    options = {"tiffinfo": {ORIENTATION: orientation}} if file_format == "TIFF" else {"exif": exif(orientation)}
    assert read_header(encoded(file_format, **options)).orientation == orientation


@pytest.mark.parametrize("orientation", [0, 9, 300])
def test_a_direction_that_there_is_not_is_none(orientation: int) -> None:
    assert read_header(encoded("JPEG", exif=exif(orientation))).orientation == 1


def test_pixels_that_are_not_square_are_told_apart_from_a_scanners_resolution() -> None:
    data = bytearray(encoded("JPEG"))
    data[13:18] = struct.pack(">BHH", 0, 1, 2)  # JFIF 1.02: units 0, the densities are an aspect ratio
    assert read_header(bytes(data)).pixel_aspect == 2
    data[13:18] = struct.pack(">BHH", 1, 204, 98)
    assert read_header(bytes(data)).pixel_aspect == 1
    body = struct.pack(">IIB", 2, 1, 0)
    chunk = struct.pack(">I", 9) + b"pHYs" + body + struct.pack(">I", zlib.crc32(b"pHYs" + body))
    png = encoded("PNG")
    assert read_header(png[:33] + chunk + png[33:]).pixel_aspect == 0.5


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_file_that_ends_early_or_in_zeros_is_told(file_format: str, share: float) -> None:
    data = encoded(file_format, size=(400, 300))
    end = int(len(data) * share)
    assert read_header(data[:end]).ends_early
    is_long = len(data) - end > len(data) / 9
    if file_format != "WEBP" or is_long:  # a WebP may end with some zeros where it is flat
        assert read_header(data[:end] + bytes(len(data) - end)).ends_early or file_format == "PNG"


@pytest.mark.parametrize("method", [0, 4])
@pytest.mark.parametrize("colour", ["black", "white", "orange"])
def test_a_flat_webp_that_ends_with_many_zeros_of_its_own_is_whole(colour: str, method: int) -> None:
    for picture in (Image.new("RGB", (1500, 1500), colour), photo((1500, 300)).crop((0, 0, 1500, 1500))):
        file = io.BytesIO()
        picture.save(file, "WEBP", quality=80, method=method)
        assert not read_header(file.getvalue()).ends_early


@pytest.mark.parametrize("stray", [b"x" * 200, bytes(500), b"\r\n"])
def test_stray_bytes_behind_a_jpeg_change_nothing(stray: bytes) -> None:
    facts = read_header(encoded("JPEG", exif=exif(6)) + stray)
    assert (facts.width, facts.height, facts.orientation, facts.ends_early) == (*SIZE, 6, False)


def test_stray_bytes_within_a_jpegs_header_change_nothing() -> None:
    data = encoded("JPEG", exif=exif(6))
    at = data.index(b"\xff\xdb")
    facts = read_header(data[:at] + b"\x00\x01\x02" + data[at:])
    assert (facts.width, facts.height, facts.orientation, facts.ends_early) == (*SIZE, 6, False)


def test_an_embedded_thumbnails_end_is_not_the_pictures() -> None:
    data = encoded("JPEG")
    thumbnail = encoded("JPEG", size=(32, 32))
    segment = b"\xff\xed" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    whole = data[:2] + segment + data[2:]
    assert not read_header(whole).ends_early
    assert read_header(whole[: len(whole) * 3 // 4]).ends_early


@pytest.mark.parametrize(
    "said",
    [
        "Corrupt JPEG data: premature end of data segment",
        "WebP: Failed to decode image",
        "Corrupt JPEG data: 9021 extraneous bytes before marker 0xd9",
        "[WARNING] Stream does not end with EOC",
        'TIFFReadDirectory: Warning, Bogus "StripByteCounts" field, ignoring and calculating from imagelength.',
    ],
)
def test_what_blender_complains_of_is_heard_among_the_rest(said: str) -> None:
    noise = "WARN (bpy.rna): current value '0' matches no enum in 'Image', 'x.dds', 'file_format'\n"
    assert complaint(noise + said + "\n") == said


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Corrupt JPEG data: 3 extraneous bytes before marker 0xdb\n",
        "libpng warning: iCCP: known incorrect sRGB profile",
        "TIFFReadDirectory: Warning, Unknown field with tag 37724 (0x935c) encountered.",
        "00:01.174  bpy.rna          | WARNING current value '29' matches no enum in 'Image'\n                    | \n",
    ],
)
def test_what_takes_nothing_from_the_picture_is_no_complaint(said: str) -> None:
    assert complaint(said) == ""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "Blender cannot read HEIC. Export the photo as JPEG"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00miafheic", "Blender cannot read HEIC. Export the photo as JPEG"),
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1", "Blender cannot read AVIF."),
        (b"P6\n3 2\n255\n", "Blender cannot read PPM."),
        (b"%PDF-1.7", "Blender cannot read PDF."),
        (b'<svg xmlns="http://www.w3.org/2000/svg">', "Blender cannot read SVG."),
        (encoded("PNG")[:40], "“Bild ä.xyz” is damaged or was not copied whole."),
        (b"", "“Bild ä.xyz” is damaged or was not copied whole."),
        (b"Buy milk", "Blender cannot read “Bild ä.xyz”. Choose a PNG"),
    ],
)
def test_what_blender_cannot_read_gets_a_true_sentence(data: bytes, words: str) -> None:
    sentence = unreadable("Bild ä.xyz", data).sentence
    assert sentence.startswith(words)
    assert tells_what_to_do(sentence.replace("Get it", "Choose it").replace("Export the", "Choose the"))
    assert "Free some disk space" not in sentence


def test_a_jpeg_loses_what_it_says_of_its_maker_and_keeps_its_pixels() -> None:
    data = encoded("JPEG", exif=exif(6), comment=b"by Jane Artist", icc_profile=b"profile" * 9, quality=95)
    bare = without_jpeg_metadata(data)
    with Image.open(io.BytesIO(bare)) as picture:
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}
        assert (np.asarray(picture) == np.asarray(Image.open(io.BytesIO(data)))).all()


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"II*\x00", b"BM"])
def test_a_few_bytes_say_little_and_harm_nothing(data: bytes) -> None:
    facts = read_header(data)
    assert (facts.width, facts.height, facts.orientation) == (0, 0, 1)
    assert kind_of(data) == facts.kind


def test_an_os2_bitmap_has_its_size() -> None:
    header = b"BM" + struct.pack("<IHHIIHHHH", 26, 0, 0, 26, 12, *SIZE, 1, 24)
    assert read_header(header)[:3] == ("BMP", *SIZE)


def test_fifty_megapixels_are_the_most() -> None:
    check_size("a.png", 10_000, PIXELS_MAXIMUM // 10_000)
    with pytest.raises(PictureError, match="10,000 × 5,001 pixels"):
        check_size("a.png", 10_000, PIXELS_MAXIMUM // 10_000 + 1)


def test_the_stamp_tells_a_file_that_was_saved_again(folder: Path) -> None:
    path = folder / "Bild ä.png"
    path.write_bytes(b"one")
    stamp = FileStamp.of(path)
    assert FileStamp.of(path) == stamp
    path.write_bytes(b"three")
    assert FileStamp.of(path) != stamp
    path.unlink()
    with pytest.raises(PictureError, match=r"“Bild ä\.png” is gone"):
        FileStamp.of(path)
    assert damaged(path.name).sentence.startswith("“Bild ä.png” is damaged")


def test_the_fingerprint_is_the_files_sha256(folder: Path) -> None:
    data = encoded("PNG")
    path = folder / "chair.png"
    path.write_bytes(data)
    assert fingerprint(path) == hashlib.sha256(data).hexdigest()
