"""How the kinds of pictures are made that artists have: files as other programs write them, images, renders."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from PIL import Image, PngImagePlugin

from tests.blender.pictures import linear_exr

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WIDTH, HEIGHT = 300, 400
BOX = (80, 60, 350, 220)  # of the subject: top, left, bottom, right
ORIENTATION, MAKER, POSITION = 0x0112, 0x010F, 0x8825


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


def deep_grey(folder: Path) -> Path:
    """A PNG with 16 bits of grey."""
    return file("a.png", grey()[..., 0].astype(np.uint16) * 257)(folder)


def deep_colours(folder: Path) -> Path:
    """A PNG with 16 bits of each colour and alpha, saved by Blender, since Pillow writes none."""
    settings = {"file_format": "PNG", "color_mode": "RGBA", "color_depth": "16"}
    path = saved_by_blender(folder / "a.png", linear(cut_out()), **settings)
    assert path.read_bytes()[24] == 16, "it has other bits"
    return path


def with_chunk(data: bytes, name: bytes, body: bytes) -> bytes:
    """The PNG with one more chunk behind its header."""
    made = io.BytesIO()
    made.write(data[:33])
    PngImagePlugin.putchunk(made, name, body)
    made.write(data[33:])
    return made.getvalue()


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
    return saved_by_blender(folder / "chair.hdr", linear(colours()), file_format="HDR")


def saved_by_blender(path: Path, values: Any, **settings: str) -> Path:
    """Have Blender save scene-linear pixels with these settings of an image's file."""
    image = blank("writing", float_buffer=True)
    image.pixels.foreach_set(values[::-1].ravel())
    writer: Any = bpy.data.scenes.new("writer")
    writer.view_settings.view_transform = "Standard"
    for name, value in settings.items():
        setattr(writer.render.image_settings, name, value)
    image.save_render(str(path), scene=writer)
    bpy.data.images.remove(image)
    bpy.data.scenes.remove(writer)
    return path


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
