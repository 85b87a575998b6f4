"""A picture's kind and size, from its first bytes."""

from __future__ import annotations

import hashlib
import io
import struct
from pathlib import Path

import pytest
from PIL import Image

from tests.core.studio import tells_what_to_do
from trellis_blender.core.errors import PictureError
from trellis_blender.core.picture.file import PIXELS_MAXIMUM, fingerprint, open_picture

SIZE = (37, 23)


def encoded(file_format: str, mode: str = "RGB", size: tuple[int, int] = SIZE, **options: object) -> bytes:
    """Return a picture as Pillow writes it."""
    file = io.BytesIO()
    Image.new(mode, size, None).save(file, file_format, **options)
    return file.getvalue()


def write(folder: Path, data: bytes, name: str = "Bild ä.png") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def refused(path: Path) -> str:
    """Return the sentence with which the file is refused."""
    with pytest.raises(PictureError) as error:
        open_picture(path)
    assert path.name in error.value.sentence
    assert tells_what_to_do(error.value.sentence)
    return error.value.sentence


SENT_AS_THEY_ARE = {
    "png": [encoded("PNG", mode) for mode in ("RGB", "RGBA", "L", "P", "1", "I;16")],
    "jpeg": [encoded("JPEG"), encoded("JPEG", progressive=True), encoded("JPEG", "CMYK"), encoded("JPEG", "L")],
    "webp": [
        encoded("WEBP"),
        encoded("WEBP", lossless=True),
        encoded("WEBP", "RGBA"),
        encoded("WEBP", exif=b"Exif\0\0MM"),
    ],
}
CONVERTED = {
    "bmp": [encoded("BMP")],
    "tiff": [encoded("TIFF"), b"MM\x00*" + bytes(40)],
    "gif": [encoded("GIF")],
    "avif": [encoded("AVIF")],
    "exr": [b"\x76\x2f\x31\x01" + bytes(40)],
    "hdr": [b"#?RADIANCE\n" + bytes(40)],
}


@pytest.mark.parametrize("kind", SENT_AS_THEY_ARE)
def test_what_scenario_takes_is_known_with_its_size(kind: str, folder: Path) -> None:
    for data in SENT_AS_THEY_ARE[kind]:
        picture = open_picture(write(folder, data, "name without ending"))
        assert (picture.kind, picture.width, picture.height) == (kind, *SIZE)
        assert picture.is_sendable


def test_the_three_forms_of_webp_are_tried() -> None:
    assert {data[12:16] for data in SENT_AS_THEY_ARE["webp"]} == {b"VP8 ", b"VP8L", b"VP8X"}


@pytest.mark.parametrize("kind", CONVERTED)
def test_what_blender_has_to_convert_is_known(kind: str, folder: Path) -> None:
    for data in CONVERTED[kind]:
        picture = open_picture(write(folder, data))
        assert picture.kind == kind
        assert not picture.is_sendable


def test_a_bmp_upside_down_has_its_size(folder: Path) -> None:
    data = bytearray(encoded("BMP"))
    data[22:26] = struct.pack("<i", -SIZE[1])
    picture = open_picture(write(folder, bytes(data)))
    assert (picture.width, picture.height) == SIZE


@pytest.mark.parametrize("padding", [0, 3])
def test_a_jpeg_may_carry_200_kb_before_its_size(folder: Path, padding: int) -> None:
    data = encoded("JPEG")
    segment = b"\xff" * padding + b"\xff\xe2" + struct.pack(">H", 50_002) + b"\xff\xc0" * 25_000
    picture = open_picture(write(folder, data[:2] + segment * 4 + data[2:]))
    assert (picture.kind, picture.width, picture.height) == ("jpeg", *SIZE)


@pytest.mark.parametrize("marker", [b"\xff\xc4", b"\xff\xc8", b"\xff\xcc"], ids=["tables", "reserved", "arithmetic"])
def test_a_jpegs_other_segments_are_not_taken_for_its_size(folder: Path, marker: bytes) -> None:
    data = encoded("JPEG")
    picture = open_picture(write(folder, data[:2] + marker + struct.pack(">H", 12) + bytes(range(10)) + data[2:]))
    assert (picture.width, picture.height) == SIZE


def test_a_file_that_is_gone_is_refused(folder: Path) -> None:
    assert "is gone" in refused(folder / "Weg.png")


def test_a_folder_is_refused(folder: Path) -> None:
    assert "cannot be read" in refused(folder)


@pytest.mark.parametrize("data", [b"", b"\x89", b"just a text\n" * 99, bytes(2000), b"RIFF\0\0\0\0WAVEfmt "])
def test_what_is_no_picture_is_refused(folder: Path, data: bytes) -> None:
    assert "is not a picture" in refused(write(folder, data))


@pytest.mark.parametrize("kind", SENT_AS_THEY_ARE)
def test_a_header_that_ends_before_the_size_is_refused(folder: Path, kind: str) -> None:
    ends = {"png": (8, 12, 16, 20, 23), "jpeg": (3, 4, 8, 15, 20), "webp": (16, 20, 21, 24)}[kind]
    for data in SENT_AS_THEY_ARE[kind]:
        for end in ends:
            refused(write(folder, data[:end]))


def test_an_extended_webp_that_ends_before_the_size_is_refused(folder: Path) -> None:
    data = next(data for data in SENT_AS_THEY_ARE["webp"] if data[12:16] == b"VP8X")
    for end in range(16, 30):
        refused(write(folder, data[:end]))


def test_a_picture_without_extent_is_refused(folder: Path) -> None:
    data = bytearray(encoded("PNG"))
    data[16:20] = bytes(4)
    assert "no size" in refused(write(folder, bytes(data)))


def test_fifty_megapixels_are_the_most(folder: Path) -> None:
    data = bytearray(encoded("PNG"))
    data[16:24] = struct.pack(">II", 10_000, PIXELS_MAXIMUM // 10_000)
    assert open_picture(write(folder, bytes(data))).width == 10_000
    data[16:24] = struct.pack(">II", 10_000, PIXELS_MAXIMUM // 10_000 + 1)
    assert "10000 × 5001" in refused(write(folder, bytes(data)))


def test_the_fingerprint_is_the_files_sha256(folder: Path) -> None:
    data = encoded("PNG")
    assert fingerprint(write(folder, data)) == hashlib.sha256(data).hexdigest()
