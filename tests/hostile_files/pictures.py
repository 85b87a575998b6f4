"""Pictures as bombs: a few bytes that stand for gigapixels, or for frames and chunks without end."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

SIDE = 60_000
REFUSED = "Refused with a sentence before anything is decoded; nothing is sent or paid"
TOLD = "Refused with a sentence; nothing is sent or paid"
USED = "The first picture in it is used"


@dataclass(frozen=True)
class Picture:
    """A file, by the ending of its name and by how it is made. `outcome`: what becomes of it, in words."""

    given: str
    suffix: str
    make: Callable[[], bytes]
    outcome: str = REFUSED


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _zeros(size: int) -> bytes:
    """Return that many zeros, packed: a thousandth of it."""
    packer, block = zlib.compressobj(1), bytes(2**20)
    return b"".join(packer.compress(block) for _ in range(size // 2**20)) + packer.flush()


def _png(
    width: int, height: int, depth: int = 8, kind: int = 6, more: bytes = b"", data: bytes = b"", lace: int = 0
) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, lace))
    packed = data or _zeros(100 * 2**20)
    return b"\x89PNG\r\n\x1a\n" + header + more + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _small_png(more: bytes) -> bytes:
    """Return a whole picture of 64 x 64 opaque pixels, with more chunks in front."""
    rows = b"".join(b"\0" + bytes((x * 4, y * 4, 128)) * 64 for y in range(64) for x in (y,))
    return _png(64, 64, 8, 2, more, zlib.compress(rows))


def _apng(width: int, frames: int) -> bytes:
    control = _chunk(b"acTL", struct.pack(">II", frames, 0))
    frame = _chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, width, width, 0, 0, 1, 1, 0, 0))
    return _small_png(control + frame) if width == 64 else _png(width, width, more=control + frame)


def _tiff(width: int, height: int, *, is_big: bool = False, strips: int = 1) -> bytes:
    data = _zeros(100 * 2**20)
    at = 16 if is_big else 8
    tags = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 8),
        (262, 3, 1, 1),
        (273, 4, strips, at),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, strips, len(data)),
    ]
    if is_big:
        head = b"II+\0" + struct.pack("<HHQ", 8, 0, at + len(data))
        table = struct.pack("<Q", len(tags)) + b"".join(struct.pack("<HHQQ", *tag) for tag in tags) + bytes(8)
    else:
        head = b"II*\0" + struct.pack("<I", at + len(data))
        table = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    return head + data + table


def _webp(kind: bytes, body: bytes) -> bytes:
    chunk = kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def _extended_webp(side: int, flags: int, more: bytes = b"") -> bytes:
    size = struct.pack("<I", side - 1)[:3] * 2
    body = struct.pack("<I", flags) + size
    chunks = b"VP8X" + struct.pack("<I", len(body)) + body + more
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def _animated_webp(side: int, frames: int) -> bytes:
    anim = b"ANIM" + struct.pack("<IIH", 6, 0, 0)
    return _extended_webp(side, 0x02, anim + frames * (b"ANMF" + struct.pack("<I", 16) + bytes(16)))


def _gif(side: int, frames: int) -> bytes:
    frame = b"," + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\x02\x02\x4c\x01\0"
    return b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6) + frame * frames + b";"


def _exr(left: int, right: int) -> bytes:
    def attribute(name: bytes, kind: bytes, value: bytes) -> bytes:
        return name + b"\0" + kind + b"\0" + struct.pack("<I", len(value)) + value

    channels = b"".join(name + b"\0" + struct.pack("<IIII", 1, 0, 1, 1) for name in (b"B", b"G", b"R")) + b"\0"
    window = struct.pack("<iiii", left, left, right, right)
    return b"".join(
        (
            b"\x76\x2f\x31\x01\x02\0\0\0",
            attribute(b"channels", b"chlist", channels),
            attribute(b"compression", b"compression", b"\x03"),
            attribute(b"dataWindow", b"box2i", window),
            attribute(b"displayWindow", b"box2i", struct.pack("<iiii", 0, 0, 63, 63)),
            attribute(b"lineOrder", b"lineOrder", b"\0"),
            attribute(b"pixelAspectRatio", b"float", struct.pack("<f", 1.0)),
            attribute(b"screenWindowCenter", b"v2f", bytes(8)),
            attribute(b"screenWindowWidth", b"float", struct.pack("<f", 1.0)),
            b"\0",
            bytes(100_000),
        )
    )


def _hdr() -> bytes:
    return b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n" + f"-Y {SIDE} +X {SIDE}\n".encode() + bytes(100_000)


def _jpeg() -> bytes:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, SIDE, SIDE, 3) + b"\x01\x11\0\x02\x11\0\x03\x11\0"
    scan = b"\xff\xda" + struct.pack(">HB", 12, 3) + b"\x01\0\x02\0\x03\0\0\x3f\0"
    return b"\xff\xd8" + frame + scan + bytes(100_000) + b"\xff\xd9"


def _jpeg_2000() -> bytes:
    size = struct.pack(">HHIIIIIIIIH", 41, 0, SIDE, SIDE, 0, 0, SIDE, SIDE, 0, 0, 1) + b"\x07\x01\x01"
    return b"\xff\x4f\xff\x51" + size + bytes(10_000) + b"\xff\xd9"


def _bmp() -> bytes:
    return (
        b"BM" + struct.pack("<IIIIiiHHIIiiII", 100_054, 0, 54, 40, SIDE, SIDE, 1, 24, 0, 0, 0, 0, 0, 0) + bytes(100_000)
    )


def _psd() -> bytes:
    return b"8BPS" + struct.pack(">H6xHIIHH", 1, 4, SIDE, SIDE, 8, 3) + bytes(100_000)


def _dpx() -> bytes:
    head = bytearray(2048 + 100_000)
    head[:4] = b"SDPX"
    struct.pack_into(">I", head, 4, 2048)
    struct.pack_into(">II", head, 772, SIDE, SIDE)
    return bytes(head)


def _dds() -> bytes:
    head = b"DDS " + struct.pack("<IIIIIII", 124, 0x1007, SIDE, SIDE, 0, 0, 0) + bytes(44)
    return head + struct.pack("<II4sIIIII", 32, 4, b"DXT1", 0, 0, 0, 0, 0) + bytes(20) + bytes(100_000)


def _targa() -> bytes:
    head = struct.pack("<BBBHHBHHHHBB", 0, 0, 10, 0, 0, 0, 0, 0, SIDE, SIDE, 32, 8)
    return head + b"\xff\0\0\0\xff" * 20_000


def _avif() -> bytes:
    ispe = struct.pack(">I4sIII", 20, b"ispe", 0, SIDE, SIDE)
    ipco = struct.pack(">I4s", 8 + len(ispe), b"ipco") + ispe
    return struct.pack(">I4s4sI4s", 20, b"ftyp", b"avif", 0, b"avif") + ipco + bytes(1000)


def _svg() -> bytes:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 20))
    return f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a0 "x">{entities}]><svg ><text>&a19;</text></svg>'.encode()


PICTURES: Mapping[str, Picture] = {
    "PNG": Picture("a PNG of 60,000 x 60,000 in 100 kB", "png", lambda: _png(SIDE, SIDE, 1, 0)),
    "PNG, 16 bits": Picture("a PNG of 60,000 x 60,000, 16 bits, RGBA", "png", lambda: _png(SIDE, SIDE, 16)),
    "PNG, interlaced": Picture("an interlaced PNG of 60,000 x 60,000", "png", lambda: _png(SIDE, SIDE, lace=1)),
    "PNG, one row": Picture("a PNG of 2,000,000,000 x 1", "png", lambda: _png(2_000_000_000, 1)),
    "PNG, the largest": Picture("a PNG of 2^31-1 x 2^31-1", "png", lambda: _png(2**31 - 1, 2**31 - 1)),
    "PNG, a text": Picture(
        "a small PNG with a text of 100 MB in 100 kB",
        "png",
        lambda: _small_png(_chunk(b"zTXt", b"a\0\0" + _zeros(100 * 2**20))),
        USED,
    ),
    "PNG, a colour profile": Picture(
        "a small PNG with a colour profile of 100 MB in 100 kB",
        "png",
        lambda: _small_png(_chunk(b"iCCP", b"a\0\0" + _zeros(100 * 2**20))),
        USED,
    ),
    "PNG, many chunks": Picture(
        "a small PNG with 100,000 empty chunks", "png", lambda: _small_png(_chunk(b"teSt", b"") * 100_000), USED
    ),
    "APNG": Picture("an APNG of 60,000 x 60,000, 4 billion frames", "png", lambda: _apng(SIDE, 2**32 - 1)),
    "APNG, many frames": Picture("a small APNG of 4 billion frames", "png", lambda: _apng(64, 2**32 - 1), USED),
    "TIFF": Picture("a TIFF of 60,000 x 60,000", "tif", lambda: _tiff(SIDE, SIDE)),
    "TIFF, many strips": Picture(
        "a TIFF of 60,000 x 60,000, 4 billion strips", "tif", lambda: _tiff(SIDE, SIDE, strips=2**32 - 1)
    ),
    "BigTIFF": Picture("a BigTIFF of 60,000 x 60,000", "tif", lambda: _tiff(SIDE, SIDE, is_big=True)),
    "WebP": Picture(
        "a WebP of 16,384 x 16,384, the largest",
        "webp",
        lambda: _webp(b"VP8L", b"\x2f" + struct.pack("<I", 0x0FFFFFFF) + bytes(1000)),
    ),
    "WebP, extended": Picture("a WebP whose canvas is 60,000 x 60,000", "webp", lambda: _extended_webp(SIDE, 0)),
    "WebP, animated": Picture(
        "an animated WebP of 60,000 x 60,000, 1,000 frames", "webp", lambda: _animated_webp(SIDE, 1000)
    ),
    "GIF, animated": Picture("an animated GIF of 60,000 x 60,000, 1,000 frames", "gif", lambda: _gif(SIDE, 1000)),
    "OpenEXR": Picture("an OpenEXR of 60,000 x 60,000", "exr", lambda: _exr(0, SIDE - 1)),
    "OpenEXR, the largest": Picture("an OpenEXR of 2^31 x 2^31", "exr", lambda: _exr(-(2**30), 2**30)),
    "HDR": Picture("a Radiance HDR of 60,000 x 60,000", "hdr", _hdr),
    "JPEG": Picture("a JPEG of 60,000 x 60,000", "jpg", _jpeg),
    "JPEG 2000": Picture("a JPEG 2000 of 60,000 x 60,000", "jp2", _jpeg_2000),
    "BMP": Picture("a BMP of 60,000 x 60,000", "bmp", _bmp),
    "PSD": Picture("a PSD of 60,000 x 60,000", "psd", _psd),
    "DPX": Picture("a DPX of 60,000 x 60,000", "dpx", _dpx),
    "DDS": Picture("a DDS of 60,000 x 60,000", "dds", _dds),
    "AVIF": Picture("an AVIF of 60,000 x 60,000", "avif", _avif),
    "Targa": Picture("a Targa of 60,000 x 60,000, whose kind has no sign of its own", "tga", _targa, TOLD),
    "SVG": Picture("an SVG of a billion laughs", "svg", _svg, TOLD),
}
