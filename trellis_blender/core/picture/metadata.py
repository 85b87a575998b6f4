# SPDX-License-Identifier: GPL-3.0-or-later
"""Metadata of a picture's file: its kind, its size, which way is up, and whether the file is complete.

Blender alone decides whether it can read a file. This module supplies what Blender leaves out (it does not turn a
picture upright, and it shows a truncated file as far as it goes) and what to tell the artist.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..errors import PictureError, Text
from ..files import open_own
from .file import PIXELS_MAXIMUM

Chunks = Iterator[tuple[bytes, int, int]]  # kind, start and end of the content
ZEROS = 64  # bytes: so many zeros at the end of a compressed picture are suspicious
ZEROS_SHARE = 0.1  # the same for a lossy WebP, as a share: a flat picture may end with many zeros (0.05 was seen)
STRAY = 16  # bytes that a camera may leave before the end
HEADER_BYTES = 256 * 1024  # of a file: its size stands before that, or it is not what we write
TAGS_MAXIMUM = 4096  # of a directory in a TIFF
_WHOLE_NUMBERS = {3: "H", 4: "I", 16: "Q"}
UPRIGHT = 1  # Exif 2.32 §4.6.4, tag 0x0112: 1 to 8
_PNG, _RIFF = b"\x89PNG\r\n\x1a\n", b"RIFF"
# First bytes by the kinds they mark, named as artists know them.
_KINDS: Mapping[str, bytes | tuple[bytes, ...]] = {
    "PNG": _PNG,
    "JPEG": b"\xff\xd8",
    "BMP": b"BM",
    "GIF": b"GIF8",
    "TIFF": (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
    "PSD": b"8BPS",
    "OpenEXR": b"\x76\x2f\x31\x01",
    "HDR": (b"#?RADIANCE", b"#?RGBE"),
    "JPEG 2000": (b"\x00\x00\x00\x0cjP  ", b"\xff\x4f\xff\x51"),
    "DPX": (b"SDPX", b"XPDS"),
    "DDS": b"DDS ",
    "PDF": b"%PDF",
    "JPEG XL": (b"\xff\x0a", b"\x00\x00\x00\x0cJXL "),
    "ICO": b"\x00\x00\x01\x00",
    "XCF": b"gimp xcf",
    "RAF": b"FUJIFILMCCD",
    "ORF": b"IIRO",
}
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers of a JPEG's start of frame
_HDR_SIZE = re.compile(rb"[-+]Y (\d{1,9}) [-+]X (\d{1,9})")
_NETPBM = re.compile(rb"P[1-7]\s")
# ISO/IEC 23008-12 §10.2: the brands of HEIC; AVIF has its own.
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"crx ": "CR3"} | dict.fromkeys(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"
)
# Unknown tags and chunks, and odd colour profiles: no pixel is missing. The last words are Blender's own, about a file
# format that its properties cannot name.
_HARMLESS = re.compile(
    r"libpng warning|Unknown field with tag|[Uu]nknown (chunk|tag|field)|iCCP|\bprofile\b|matches no enum|bpy\.rna"
    r"|^\s*\|?\s*$"
)
_EXTRANEOUS = re.compile(r"(\d+) extraneous bytes before marker 0x([0-9a-f]{2})")


class FileHeader(NamedTuple):
    """What a file's header says.

    `kind`: empty if the first bytes are unknown.
    `width`, `height`: pixels as stored; 0 if only decoding would tell.
    `orientation`: Exif's value.
    `pixel_aspect`: a pixel's width divided by its height.
    """

    kind: str
    width: int = 0
    height: int = 0
    orientation: int = UPRIGHT
    pixel_aspect: float = 1.0
    ends_early: bool = False


def read_header(data: bytes) -> FileHeader:
    """Return what the header of a file with these bytes says. Never raises: a damaged file just says less."""
    kind = kind_of(data)
    try:
        width, height = _size(kind, data)
    except (struct.error, IndexError, StopIteration, ValueError):
        width = height = 0
    try:
        orientation, aspect = _orientation(kind, data), _aspect(kind, data)
    except (struct.error, IndexError, ValueError):
        orientation, aspect = UPRIGHT, 1.0
    return FileHeader(kind, width, height, orientation, aspect, _ends_early(kind, data))


def is_safe_to_show(path: Path) -> bool:
    """Return whether Blender itself may decode a picture of ours: its header tells a size, and that is bounded.

    Reads the header alone, so the main thread may ask.
    """
    try:
        with open_own(path) as file:
            header = read_header(file.read(HEADER_BYTES))
    except OSError:
        return False
    return 0 < header.width * header.height <= PIXELS_MAXIMUM


def kind_of(data: bytes) -> str:
    """Return the kind of picture that begins with these bytes; empty if unknown."""
    if data[4:8] == b"ftyp":
        brands = (data[8:12], *(data[at : at + 4] for at in range(16, min(len(data), 64), 4)))
        return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), "")
    if data[:4] == _RIFF and data[8:12] == b"WEBP":
        return "WebP"
    if _NETPBM.match(data):
        return "PPM"
    if data.lstrip()[:5] in (b"<svg ", b"<?xml") and b"<svg" in data[:4096]:
        return "SVG"
    return next((kind for kind, magics in _KINDS.items() if data.startswith(magics)), "")


def ends_where_it_should(kind: str) -> bool:
    """Return whether files of this kind mark their end, so that `ends_early` can be trusted."""
    return kind in ("JPEG", "PNG", "WebP", "GIF")


def damaged(name: str) -> PictureError:
    """Return the error for a picture that is incomplete."""
    return PictureError(
        Text("“{name}” is damaged or was not copied whole. Get it again, or choose another file.", name=name)
    )


def unreadable(name: str, data: bytes) -> PictureError:
    """Return the error for a file that Blender cannot read. It names the file's kind if that is known."""
    kind = kind_of(data)
    if not data or kind in ("PNG", "JPEG", "TIFF", "WebP", "BMP", "OpenEXR", "JPEG 2000", "HDR", "DPX", "PSD"):
        return damaged(name)
    if kind:
        return PictureError(
            Text("Blender cannot read {kind}. Export the photo as JPEG, or choose another file.", kind=kind)
        )
    return PictureError(Text("Blender cannot read “{name}”. Choose a PNG, JPEG or WebP file.", name=name))


def complaint(said: str) -> str:
    """Return the first line of Blender's output that reports missing or wrong pixels; empty if there is none."""
    for line in said.splitlines():
        stray = _EXTRANEOUS.search(line)
        is_stray = stray is not None and (stray[2] != "d9" or int(stray[1]) <= STRAY)
        if not is_stray and not _HARMLESS.search(line):
            return line.strip()
    return ""


def without_jpeg_metadata(data: bytes) -> bytes:
    """Return the JPEG without comments, thumbnails, Exif and vendors' segments (ITU-T T.81 §B.2.4.5, §B.2.4.6).

    APP0 (JFIF) stays, and so does APP14, which defines the colours.
    """
    kept, scan = [data[:2]], len(data)
    for marker, start, end in _jpeg_segments(data):
        if marker == b"\xda":
            scan = start - 4
        elif marker in (b"\xe0", b"\xee") or not (0xE0 <= marker[0] <= 0xEF or marker == b"\xfe"):
            kept.append(data[start - 4 : end])
    return b"".join((*kept, data[scan:]))


def _size(kind: str, data: bytes) -> tuple[int, int]:
    match kind:
        case "PNG":  # PNG (3rd edition) §11.2.1: IHDR is the first chunk, width and height its first fields
            width, height = struct.unpack_from(">II", data, 16)
        case "JPEG":  # ITU-T T.81 §B.2.2: height and width stand in the start-of-frame segment
            start = next(start for marker, start, _ in _jpeg_segments(data) if marker[0] in _FRAMES)
            height, width = struct.unpack_from(">HH", data, start + 1)
        case "WebP":
            return _webp_size(data)
        case "BMP" if struct.unpack_from("<I", data, 14)[0] == 12:  # the header of OS/2 1.x
            width, height = struct.unpack_from("<HH", data, 18)
        case "BMP":  # a negative height means that the top row is first
            width, height = map(abs, struct.unpack_from("<ii", data, 18))
        case "PSD":  # Adobe Photoshop File Formats Specification, file header section
            height, width = struct.unpack_from(">II", data, 14)
        case "TIFF":
            tags = _tiff_tags(data)
            width, height = tags.get(0x100, 0), tags.get(0x101, 0)
        case _:
            return _rarer_size(kind, data)
    return int(width), int(height)


def _rarer_size(kind: str, data: bytes) -> tuple[int, int]:
    """Return the size of a kind that few artists send."""
    match kind:
        case "OpenEXR":
            return _exr_size(data)
        case "GIF":  # GIF89a §18: the logical screen
            width, height = struct.unpack_from("<HH", data, 6)
        case "HDR":  # Radiance: the line before the pixels, such as “-Y 480 +X 640”
            found = _HDR_SIZE.search(data[:HEADER_BYTES])
            height, width = (int(found[1]), int(found[2])) if found else (0, 0)
        case "JPEG 2000":  # ITU-T T.800 §A.5.1: the SIZ segment follows the start of the codestream
            right, bottom, left, top = struct.unpack_from(">IIII", data, data.index(b"\xff\x4f\xff\x51") + 8)
            width, height = right - left, bottom - top
        case "DPX":  # SMPTE 268M: the image information header
            order = ">" if data.startswith(b"SDPX") else "<"
            width, height = struct.unpack_from(order + "II", data, 772)
        case "DDS":  # Microsoft, DDS_HEADER
            height, width = struct.unpack_from("<II", data, 12)
        case "AVIF" | "HEIC":  # ISO/IEC 23008-12 §6.5.3: the image spatial extents
            width, height = struct.unpack_from(">II", data, data.index(b"ispe") + 8)
        case _:
            return 0, 0
    return int(width), int(height)


def _exr_size(data: bytes) -> tuple[int, int]:
    """Return the size of the data window (OpenEXR File Layout: attributes of name, type, size and value)."""
    at, found = 8, (0, 0)
    while at < min(len(data), HEADER_BYTES) and data[at]:
        name, kind = data[at : at + 1024].split(b"\0", 2)[:2]
        at += len(name) + len(kind) + 2
        (length,) = struct.unpack_from("<i", data, at)
        if name == b"dataWindow":
            left, top, right, bottom = struct.unpack_from("<iiii", data, at + 4)
            found = right - left + 1, bottom - top + 1
        at += 4 + max(0, length)
    return found


def _webp_size(data: bytes) -> tuple[int, int]:
    """Return the size from the first chunk, which has one of three forms (RFC 9649 §2)."""
    kind = data[12:16]
    if kind == b"VP8X":
        low_width, high_width, low_height, high_height = struct.unpack_from("<HBHB", data, 24)
        return 1 + low_width + (high_width << 16), 1 + low_height + (high_height << 16)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _orientation(kind: str, data: bytes) -> int:
    """Return Exif's orientation. AVIF is left out: its rotation is part of the format, and Blender applies it."""
    exif = data if kind == "TIFF" else _first_chunk(kind, data, _EXIF)
    value = _tiff_tags(exif.removeprefix(b"Exif\x00\x00")).get(0x112, UPRIGHT)
    return value if 1 <= value <= 8 else UPRIGHT


def _aspect(kind: str, data: bytes) -> float:
    """Return a pixel's width divided by its height; 1 unless the file says that pixels are not square.

    JFIF 1.02, APP0: with units 0 the densities are an aspect ratio; PNG (3rd edition) §11.3.4.3, likewise. Densities in
    pixels per inch, from scanners and cameras, are ignored: they are often wrong, and Blender ignores them too.
    """
    chunk, unit, across, down = _first_chunk(kind, data, _DENSITY), 1, 0, 0
    if kind == "JPEG" and len(chunk) >= 12:
        unit, across, down = struct.unpack_from(">BHH", chunk, 7)
    if kind == "PNG" and len(chunk) >= 9:
        across, down, unit = struct.unpack_from(">IIB", chunk)
    return down / across if not unit and across and down else 1.0


def _first_chunk(kind: str, data: bytes, marks: Mapping[str, tuple[bytes, bytes]]) -> bytes:
    """Return the first chunk with the name, and the beginning of its content, that `marks` has for the kind."""
    if kind not in marks:
        return b""
    wanted, beginning = marks[kind]
    for name, start, end in _CHUNKS[kind](data):
        if name == wanted and data[start:end].startswith(beginning):
            return data[start:end]
    return b""


def _jpeg_segments(data: bytes) -> Chunks:
    """Yield the segments before the scan: the marker's second byte, start and end of content (ITU-T T.81 §B.1.1)."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:  # stray bytes: skip them, as decoders do
            at += 1
            continue
        marker = data[at + 1]
        if marker in (0xFF, 0x00, 0x01) or 0xD0 <= marker <= 0xD8:  # padding, or a marker without content
            at += 1 if marker == 0xFF else 2
            continue
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        yield data[at + 1 : at + 2], at + 4, end
        if marker == 0xDA:
            return
        at = end


def _png_chunks(data: bytes) -> Chunks:
    at = len(_PNG)
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        yield name, at + 8, at + 8 + length
        at += 12 + length


def _riff_chunks(data: bytes) -> Chunks:
    at = 12
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        yield name, at + 8, at + 8 + length
        at += 8 + length + length % 2


_CHUNKS = {"JPEG": _jpeg_segments, "PNG": _png_chunks, "WebP": _riff_chunks}
# The name of the chunk that holds Exif's data, and how it begins; the same for a pixel's proportions.
_EXIF = {"JPEG": (b"\xe1", b"Exif\x00\x00"), "PNG": (b"eXIf", b""), "WebP": (b"EXIF", b"")}
_DENSITY = {"JPEG": (b"\xe0", b"JFIF\x00"), "PNG": (b"pHYs", b"")}


def _tiff_tags(data: bytes) -> dict[int, int]:
    """Return the whole numbers of the first directory, by tag (TIFF 6.0 §2)."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return {}
    is_big = b"+" in data[2:4]  # BigTIFF: offsets and counts of 64 bits
    (directory,) = struct.unpack_from(order + ("Q" if is_big else "I"), data, 8 if is_big else 4)
    (count,) = struct.unpack_from(order + ("Q" if is_big else "H"), data, directory)
    first, entry, form = (8, 20, "HHQ") if is_big else (2, 12, "HHI")
    found = {}
    for number in range(min(count, TAGS_MAXIMUM)):
        place = directory + first + entry * number
        tag, kind, length = struct.unpack_from(order + form, data, place)
        if kind in _WHOLE_NUMBERS and length == 1:
            (found[tag],) = struct.unpack_from(
                order + _WHOLE_NUMBERS[kind], data, place + struct.calcsize(order + form)
            )
    return found


def _ends_early(kind: str, data: bytes) -> bool:
    """Return whether the end of the picture is missing, or all zeros as in a half-copied file."""
    if kind == "JPEG":
        scan = next((end for marker, _, end in _jpeg_segments(data) if marker == b"\xda"), len(data))
        return data.rfind(b"\xff\xd9") < scan
    if kind == "PNG":
        return not any(name == b"IEND" for name, _, _ in _png_chunks(data))
    if kind == "WebP":
        frames = [chunk for chunk in _riff_chunks(data) if chunk[0] in (b"VP8 ", b"VP8L", b"ANMF")]
        return not frames or any(_is_cut(data, *chunk) for chunk in frames)
    if kind == "GIF":
        return not data.rstrip(b"\x00").endswith(b";")
    return False


def _is_cut(data: bytes, name: bytes, start: int, end: int) -> bool:
    """Return whether the end of a WebP frame is missing or all zeros."""
    if end > len(data):
        return True
    zeros = end - start - len(data[start:end].rstrip(b"\x00"))
    return zeros >= (ZEROS if name == b"VP8L" else max(ZEROS, (end - start) * ZEROS_SHARE))
