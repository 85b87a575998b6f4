"""Every kind of picture that artists have, made here: the file or image, and how it should look when it is sent."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from PIL import Image, PngImagePlugin

from tests.blender.pictures import linear_exr, png_of_size

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WIDTH, HEIGHT = 300, 400
BOX = (80, 60, 350, 220)  # of the subject: top, left, bottom, right
ORIENTATION, MAKER, POSITION = 0x0112, 0x010F, 0x8825
# Colours differ by so much at most, of 255; on average where a file loses something.
EXACT, ROUNDED, LOSSY = 0, 1, 3
AVIF = bpy.app.version >= (4, 5, 0)  # which reads it


@dataclass(frozen=True)
class Kind:
    """A kind of picture: `make` writes its file into a folder, or chooses another source, and returns what is chosen.

    `shown`: how it looks upright, uint8 (height, width, 3 or 4), None where only its size and its warnings are looked
    at. `tolerance`: how far a colour may be off. `is_opaque`: it is sent without its transparency.
    """

    name: str
    make: Callable[[Path], Any]
    shown: Any = None
    tolerance: int = EXACT
    is_opaque: bool = False


def scene() -> Any:
    return bpy.context.scene


def colours() -> Any:
    """An asymmetric subject on a ground: (HEIGHT, WIDTH, 3)."""
    made = np.full((HEIGHT, WIDTH, 3), (90, 140, 200), np.uint8)
    top, left, bottom, right = BOX
    made[top:bottom, left:right] = (200, 60, 30)
    made[top : top + 60, left : left + 60] = (250, 240, 40)
    made[bottom - 40 : bottom, right - 30 : right] = (20, 30, 40)
    return made


def cut_out() -> Any:
    """The subject alone: (HEIGHT, WIDTH, 4)."""
    top, left, bottom, right = BOX
    made = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    made[top:bottom, left:right, :3] = colours()[top:bottom, left:right]
    made[top:bottom, left:right, 3] = 255
    return made


def full_alpha() -> Any:
    return np.dstack([colours(), np.full((HEIGHT, WIDTH), 255, np.uint8)])


def far_away(height: int, width: int) -> Any:
    """The subject in a corner of a large picture."""
    made = np.zeros((height, width, 4), np.uint8)
    made[-HEIGHT:, :WIDTH] = cut_out()
    return made


def grey() -> Any:
    return np.repeat(colours()[..., :1], 3, axis=2)


def noise(height: int, width: int, channels: int = 3) -> Any:
    made = np.random.default_rng(1).integers(0, 256, (height, width, channels)).astype(np.uint8)
    if channels == 4:
        made[..., 3] = 255
        made[:100] = 0
    return made


def file(name: str, pixels: Any, **options: Any) -> Callable[[Path], Path]:
    """What writes the pixels to a file of that name as Pillow does."""

    def make(folder: Path) -> Path:
        Image.fromarray(pixels() if callable(pixels) else pixels).save(folder / name, **options)
        return folder / name

    return make


def written(name: str, data: Callable[[], bytes]) -> Callable[[Path], Path]:
    """What writes these bytes to a file of that name."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data())
        return folder / name

    return make


def encoded(file_format: str, pixels: Any, **options: Any) -> bytes:
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, file_format, **options)
    return packed.getvalue()


def exif(orientation: int, **more: Any) -> bytes:
    made = Image.Exif()
    made[ORIENTATION] = orientation
    if more:
        made[MAKER] = "Phone 12"
        made.get_ifd(POSITION)[2] = (48.0, 8.0, 0.0)
    return made.tobytes()


def turned(pixels: Any) -> Any:
    """As a camera stores a portrait that Exif's 6 turns upright."""
    return np.rot90(pixels)


def cut(data: bytes, share: float = 0.6) -> bytes:
    return data[: int(len(data) * share)]


def zeroed(data: bytes, share: float = 0.6) -> bytes:
    return cut(data, share) + bytes(len(data) - int(len(data) * share))


def palette(transparent: bool) -> bytes:
    """A PNG with a palette, one colour of which is clear."""
    picture = Image.fromarray(cut_out()[..., :3]).quantize(8)
    clear = picture.getpixel((0, 0))
    packed = io.BytesIO()
    picture.save(packed, "PNG", **({"transparency": clear} if transparent else {}))
    return packed.getvalue()


def one_colour_clear() -> bytes:
    return encoded("PNG", cut_out()[..., :3], transparency=(0, 0, 0))


def deep(pixels: Any) -> bytes:
    """A PNG with 16 bits, of grey, RGB or RGBA (PNG, third edition, §11.2.1)."""
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    lines = np.zeros((height, 1 + width * channels * 2), np.uint8)
    lines[:, 1:] = (pixels.astype(">u2") * 257).astype(">u2").view(np.uint8).reshape(height, -1)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def with_chunk(data: bytes, name: bytes, body: bytes) -> bytes:
    """The PNG with one more chunk behind its header."""
    return (
        data[:33] + struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) + data[33:]
    )


def with_texts() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "Jane Artist")
    return encoded("PNG", colours(), pnginfo=texts)


def stray_behind() -> bytes:
    return encoded("JPEG", colours(), quality=95) + b"stray" * 90


def stray_in_header() -> bytes:
    data = encoded("JPEG", colours(), quality=95)
    at = data.index(b"\xff\xdb")
    return data[:at] + b"\x00\x01\x02" + data[at:]


def cmyk() -> bytes:
    packed_file = io.BytesIO()
    Image.fromarray(colours()).convert("CMYK").save(packed_file, "JPEG", quality=95)
    return packed_file.getvalue()


def os2_bitmap() -> bytes:
    rows = [row[:, ::-1].tobytes() for row in colours()[::-1]]
    header = struct.pack("<IHHIIHHHH", 26 + sum(map(len, rows)), 0, 0, 26, 12, WIDTH, HEIGHT, 1, 24)
    return b"BM" + header + b"".join(rows)


def photoshop() -> bytes:
    """A flat PSD (Adobe Photoshop File Formats Specification)."""
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, HEIGHT, WIDTH, 8, 3) + bytes(12) + struct.pack(">H", 0)
    return header + b"".join(colours()[..., channel].tobytes() for channel in range(3))


def linear(pixels: Any) -> Any:
    """Scene-linear with premultiplied alpha, as Blender keeps it (IEC 61966-2-1)."""
    shown = pixels.astype(np.float32) / 255
    colour = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    made = np.ones((*pixels.shape[:2], 4), np.float32)
    made[..., : pixels.shape[2]] = colour
    made[..., 3] = shown[..., 3] if pixels.shape[2] == 4 else 1
    made[..., :3] *= made[..., 3:]
    return made


def exr(pixels: Any) -> Callable[[Path], Path]:
    return lambda folder: linear_exr(folder / "chair.exr", linear(pixels()))


def radiance(folder: Path) -> Path:
    """An HDR, saved by Blender."""
    image = blank("radiance", float_buffer=True)
    image.pixels.foreach_set(linear(colours())[::-1].ravel())
    writer: Any = bpy.data.scenes.new("writer")
    writer.render.image_settings.file_format = "HDR"
    image.save_render(str(folder / "chair.hdr"), scene=writer)
    bpy.data.images.remove(image)
    bpy.data.scenes.remove(writer)
    return folder / "chair.hdr"


def blank(name: str, **options: Any) -> Any:
    return bpy.data.images.new(name, WIDTH, HEIGHT, alpha=True, **options)


def image(pixels: Any, space: str = "", **options: Any) -> Callable[[Path], Any]:
    """An open image with these pixels, painted and never saved."""

    def make(_folder: Path) -> Any:
        made = blank("Tür", float_buffer=options.get("float_buffer", False))
        if space:
            made.colorspace_settings.name = space
        given = pixels()
        values = linear(given) if made.is_float else np.ones((HEIGHT, WIDTH, 4), np.float32)
        if not made.is_float:
            values[..., : given.shape[2]] = given.astype(np.float32) / 255
        for name in ("alpha_mode", "use_view_as_render"):
            if name in options:
                setattr(made, name, options[name])
        made.pixels.foreach_set(values[::-1].ravel())
        made.update()
        return made

    return make


def stored_linear() -> Any:
    """How an 8-bit image in linear light is shown."""
    values = colours().astype(np.float32) / 255
    shown = np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)
    return np.rint(shown * 255).astype(np.uint8)


def wide_pixels(_folder: Path) -> Any:
    made = image(colours)(_folder)
    made.display_aspect = (2, 1)
    return made


def packed(folder: Path) -> Any:
    made = bpy.data.images.load(str(file("chair.png", cut_out)(folder)))
    made.pack()
    (folder / "chair.png").unlink()
    return made


def sequence(folder: Path) -> Any:
    for number in (1001, 1002):
        file(f"s.{number}.png", colours)(folder)
    made: Any = bpy.data.images.load(str(folder / "s.1001.png"))
    made.source = "SEQUENCE"
    return made


def tile(folder: Path) -> Any:
    for number in (1001, 1002):
        file(f"wall.{number}.png", colours if number == 1002 else grey)(folder)
    made: Any = bpy.data.images.load(str(folder / "wall.1001.png"))
    made.source, made.filepath = "TILED", str(folder / "wall.<UDIM>.png")
    if made.tiles.get(1002) is None:
        made.tiles.new(1002)
    made.tiles.active_index = 1
    return made


def render(*, is_transparent: bool = True, stamp: bool = False, name: str = "") -> Callable[[Path], str]:
    """What renders a ball and chooses the render."""

    def make(_folder: Path) -> str:
        from tests.blender.picture.test_render import render as ball

        settings = scene().render
        ball("AgX")
        settings.film_transparent, settings.use_stamp = is_transparent, stamp
        bpy.ops.render.render()
        if name:
            next(each for each in bpy.data.images if each.type == "RENDER_RESULT").name = name
        return "RENDER"

    return make


def stretched(pixels: Any) -> Any:
    return np.repeat(pixels, 2, axis=1)


def dot(side: int) -> Any:
    made = np.zeros((600, 600, 4), np.uint8)
    made[300 : 300 + side, 300 : 300 + side] = (200, 60, 30, 255)
    return made


def glass() -> Any:
    return np.dstack([colours(), np.full((HEIGHT, WIDTH), 150, np.uint8)])


HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200)
KINDS: tuple[Kind, ...] = (
    Kind("PNG", file("chair.png", colours), colours()),
    Kind("PNG with alpha", file("chair.png", cut_out), cut_out()),
    Kind(
        "PNG with alpha that is full everywhere",
        file("a.png", np.dstack([colours(), colours()[..., 0] | 255])),
        colours(),
    ),
    Kind("PNG, palette", written("a.png", lambda: palette(False)), cut_out()[..., :3]),
    Kind("PNG, palette with a clear colour", written("a.png", lambda: palette(True)), cut_out()),
    Kind(
        "PNG, grey with alpha",
        file("a.png", cut_out()[..., [0, 3]]),
        np.dstack([cut_out()[..., :1]] * 3 + [cut_out()[..., 3]]),
    ),
    Kind("PNG, one colour is clear", written("a.png", one_colour_clear), cut_out()),
    Kind("PNG, 16-bit grey", written("a.png", lambda: deep(grey()[..., :1])), grey(), ROUNDED),
    Kind("PNG, 16-bit with alpha", written("a.png", lambda: deep(cut_out())), cut_out(), ROUNDED),
    Kind(
        "PNG, 1 bit",
        file("a.png", colours()[..., 0] > 100),
        np.repeat((colours()[..., :1] > 100) * np.uint8(255), 3, 2),
    ),
    Kind("PNG, turned by Exif", file("a.png", turned(colours()), exif=exif(6)), colours()),
    Kind("PNG with alpha, turned by Exif", file("a.png", turned(cut_out()), exif=exif(6)), cut_out()),
    Kind("PNG with its author", written("a.png", with_texts), colours()),
    Kind(
        "PNG with pixels twice as wide as high",
        written("a.png", lambda: with_chunk(encoded("PNG", colours()), b"pHYs", struct.pack(">IIB", 1, 2, 0))),
        stretched(colours()),
        LOSSY,
    ),
    Kind(
        "PNG, a small subject of a large picture", file("a.png", np.pad(cut_out(), ((900, 900), (1500, 100), (0, 0))))
    ),
    Kind("PNG with alpha, 3000 pixels", file("a.png", lambda: noise(3000, 3000, 4))),
    Kind("PNG, opaque, above 3.5 MB", file("a.png", lambda: noise(1500, 1200))),
    Kind("PNG, the subject touches the border", file("a.png", cut_out()[BOX[0] :]), cut_out()[BOX[0] :]),
    Kind("PNG, the subject is 60 pixels", file("a.png", dot(60)), dot(60)),
    Kind("PNG, the subject is 20 pixels", file("a.png", dot(20))),
    Kind("PNG, smaller than 256 pixels", file("a.png", colours()[:200, :200]), colours()[:200, :200]),
    Kind("PNG, all of it clear", file("a.png", np.zeros((HEIGHT, WIDTH, 4), np.uint8))),
    Kind("PNG, glass: alpha nowhere above 80 %", file("a.png", glass)),
    Kind("PNG, glass, Send Without Transparency", file("a.png", glass), colours(), is_opaque=True),
    Kind("PNG, cut short", written("a.png", lambda: cut(encoded("PNG", noise(300, 300))))),
    Kind("PNG, ends in zeros", written("a.png", lambda: zeroed(encoded("PNG", noise(300, 300))))),
    Kind("PNG, above 50 megapixels", lambda folder: png_of_size(folder / "a.png", 10_000, 5_001)),
    Kind("JPEG", file("chair.jpg", colours, quality=95), colours(), LOSSY),
    Kind("JPEG, progressive", file("a.jpg", colours, quality=95, progressive=True), colours(), LOSSY),
    Kind("JPEG, grey", file("a.jpg", grey()[..., 0], quality=95), grey(), LOSSY),
    Kind("JPEG, CMYK", written("a.jpg", cmyk), None),
    Kind("JPEG, turned by Exif", file("a.jpg", turned(colours()), quality=95, exif=exif(6)), colours(), LOSSY),
    Kind("JPEG with position and camera", file("a.jpg", colours, quality=95, exif=exif(1, gps=True)), colours(), LOSSY),
    Kind(
        "JPEG with stray bytes behind it",
        written("a.jpg", lambda: encoded("JPEG", colours(), quality=95) + b"stray" * 90),
        colours(),
        LOSSY,
    ),
    Kind("JPEG with stray bytes in its header", written("a.jpg", stray_in_header), colours(), LOSSY),
    Kind("JPEG, cut short", written("a.jpg", lambda: cut(encoded("JPEG", noise(300, 300))))),
    Kind("JPEG, ends in zeros", written("a.jpg", lambda: zeroed(encoded("JPEG", noise(300, 300))))),
    Kind("JPEG, 5000 pixels", file("a.jpg", lambda: noise(200, 200).repeat(25, 0).repeat(15, 1), quality=60)),
    Kind("WebP", file("chair.webp", colours, quality=95), colours(), LOSSY),
    Kind("WebP without loss, with alpha", file("a.webp", cut_out, lossless=True), cut_out()),
    Kind("WebP, turned by Exif", file("a.webp", turned(colours()), lossless=True, exif=exif(6)), colours()),
    Kind("WebP, cut short", written("a.webp", lambda: cut(encoded("WEBP", noise(300, 300))))),
    Kind("WebP, ends in zeros", written("a.webp", lambda: zeroed(encoded("WEBP", noise(300, 300))))),
    Kind("TIFF", file("chair.tif", colours), colours()),
    Kind("TIFF with alpha", file("a.tif", cut_out), cut_out()),
    Kind("TIFF, 16-bit", file("a.tif", grey()[..., 0].astype(np.uint16) * 257), grey(), ROUNDED),
    Kind("TIFF, turned by its tag", file("a.tif", turned(colours()), tiffinfo={ORIENTATION: 6}), colours()),
    Kind("TIFF, cut short", written("a.tif", lambda: cut(encoded("TIFF", noise(300, 300))))),
    Kind("BMP", file("chair.bmp", colours), colours()),
    Kind("BMP of OS/2", written("a.bmp", os2_bitmap), colours()),
    Kind("TGA with alpha", file("chair.tga", cut_out), cut_out()),
    Kind("PSD", written("chair.psd", photoshop), colours()),
    Kind("JPEG 2000", file("chair.jp2", colours), colours(), LOSSY),
    Kind("OpenEXR", exr(colours), colours(), ROUNDED),
    Kind("OpenEXR with alpha", exr(cut_out), cut_out(), ROUNDED),
    Kind("HDR", radiance, colours(), LOSSY),
    *((Kind("AVIF", file("a.avif", colours, quality=100, subsampling="4:4:4"), colours(), LOSSY),) if AVIF else ()),
    *(() if AVIF else (Kind("AVIF in Blender 4.2", file("a.avif", colours)),)),
    Kind("HEIC", written("photo.heic", lambda: HEIC)),
    Kind("SVG", written("a.svg", lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>')),
    Kind("a text that is called a picture", written("notes.png", lambda: b"Buy milk")),
    Kind("an empty file", written("a.png", lambda: b"")),
    Kind("a file that is gone", lambda folder: folder / "gone.png"),
    Kind("image, painted", image(cut_out), cut_out()),
    Kind("image, packed", packed, cut_out()),
    Kind("image, float", image(cut_out, float_buffer=True), cut_out(), ROUNDED),
    Kind("image, 8-bit in linear light", image(colours, "Linear Rec.709"), stored_linear(), ROUNDED),
    Kind("image, Non-Color", image(colours, "Non-Color"), colours()),
    Kind("image whose alpha is ignored", image(glass, alpha_mode="NONE"), colours()),
    Kind("image with View as Render, AgX", image(colours, float_buffer=True, use_view_as_render=True)),
    Kind("image with a display aspect of 2", wide_pixels, stretched(colours()), LOSSY),
    Kind("image, sequence from frame 1001", sequence, colours()),
    Kind("image, second tile", tile, colours()),
    Kind("render", render()),
    Kind("render, by another name", render(name="Résultat du rendu")),
    Kind("render with a background", render(is_transparent=False)),
    Kind("render with a stamp burned in", render(stamp=True)),
)
