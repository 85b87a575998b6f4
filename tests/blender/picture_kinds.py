"""Every kind of picture that artists have, and how it should look when it is sent."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.blender.picture_makers import (
    BOX,
    HEIGHT,
    ORIENTATION,
    WIDTH,
    cmyk,
    colours,
    cut,
    cut_out,
    deep_colours,
    deep_grey,
    dot,
    encoded,
    exif,
    exr,
    file,
    glass,
    grey,
    image,
    noise,
    one_colour_clear,
    os2_bitmap,
    packed,
    palette,
    photoshop,
    radiance,
    render,
    sequence,
    stored_linear,
    stray_in_header,
    stretched,
    tile,
    turned,
    wide_pixels,
    with_chunk,
    with_texts,
    written,
    zeroed,
)
from tests.blender.pictures import READS_AVIF, png_of_size

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Colours differ by so much at most, of 255; on average where a file loses something.
EXACT, ROUNDED, LOSSY = 0, 1, 3


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
    Kind("PNG, 16-bit grey", deep_grey, grey(), ROUNDED),
    Kind("PNG, 16-bit with alpha", deep_colours, cut_out(), ROUNDED),
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
    *(
        (Kind("AVIF", file("a.avif", colours, quality=100, subsampling="4:4:4"), colours(), LOSSY),)
        if READS_AVIF
        else ()
    ),
    *(() if READS_AVIF else (Kind("AVIF in a Blender that does not read it", file("a.avif", colours)),)),
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
