"""Pictures for the tests, and how the ones that arrived look."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

WIDTH, HEIGHT = 60, 48
READS_AVIF = "AVIF" in bpy.types.ImageFormatSettings.bl_rna.properties["file_format"].enum_items  # type: ignore[attr-defined]  # of an enum


def colours() -> Any:
    """Return RGB as (HEIGHT, WIDTH, 3) uint8: red grows to the right, green downwards."""
    picture = np.full((HEIGHT, WIDTH, 3), 77, np.uint8)
    picture[..., 0] = np.arange(WIDTH) * 4
    picture[..., 1] = np.arange(HEIGHT)[:, None] * 5
    return picture


def alpha() -> Any:
    """Return the alpha that goes with the colours, from clear on the left to full on the right."""
    return np.broadcast_to((np.arange(WIDTH) * 255 // (WIDTH - 1)).astype(np.uint8), (HEIGHT, WIDTH))


def with_alpha() -> Any:
    """Return RGBA as (HEIGHT, WIDTH, 4) uint8."""
    return np.dstack([colours(), alpha()])


def picture_file(folder: Path, name: str = "chair.png", pixels: Any = None, **options: Any) -> Path:
    """Write the pixels (the colours unless given) to a file of the kind that its name says, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(colours() if pixels is None else pixels).save(folder / name, **options)
    return folder / name


def linear_exr(path: Path, linear: Any) -> Path:
    """Have Blender write float pixels (height, width, 4), scene-linear with premultiplied alpha, as they are."""
    height, width = linear.shape[:2]
    image: Any = bpy.data.images.new("linear", width, height, alpha=True, float_buffer=True)
    image.pixels.foreach_set(np.ascontiguousarray(np.flipud(linear), np.float32).ravel())
    # `save_render` writes EXR without a view transform; `save` would take the pixels for straight ones.
    writer: Any = bpy.data.scenes.new("writer")
    settings = writer.render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth = "OPEN_EXR", "RGBA", "32"
    image.save_render(str(path), scene=writer)
    bpy.data.images.remove(image)
    bpy.data.scenes.remove(writer)
    return path


def png_of_size(path: Path, width: int, height: int) -> Path:
    """Write a PNG of one pixel whose header says that it is that large (PNG, third edition, §11.2.1)."""
    picture_file(path.parent, path.name, np.zeros((1, 1, 4), np.uint8))
    data = path.read_bytes()
    path.write_bytes(data[:16] + struct.pack(">II", width, height) + data[24:])
    return path


def sent(emulator: Emulator) -> bytes:
    """Return the newest picture that was uploaded, as it arrived."""
    return [asset for asset in emulator.assets.values() if asset.source == "uploaded"][-1].data


def targa(data: bytes) -> Any:
    """Return the pixels of an unpacked Targa as (height, width, 4) uint8, the top row first."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def placed(data: bytes, crop: tuple[int, ...]) -> Any:
    """Return the pixels of a cropped picture where they were before, (height, width, 4) int, and nothing elsewhere."""
    seen = pixels(data)
    left, top, right, bottom, width, height = crop
    assert seen.shape[:2] == (bottom - top, right - left), "it was scaled"
    whole = np.zeros((height, width, 4), int)
    rows, columns = slice(max(0, top), min(bottom, height)), slice(max(0, left), min(right, width))
    whole[rows, columns] = seen[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    return whole


def pixels(data: bytes) -> Any:
    """Return the pixels of a picture's bytes as (height, width, 4) int, so that differences can be negative."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")).astype(int)
