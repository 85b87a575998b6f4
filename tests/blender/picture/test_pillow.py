"""Without Blender, Pillow decodes a picture to the same that Blender sends, or says that only Blender reads it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from tests.blender.picture_kinds import KINDS, Kind
from tests.blender.picture_makers import colours, cut_out, encoded, file, written
from trellis_blender.core.errors import PictureError
from trellis_blender.core.picture.file import PreparedPicture
from trellis_blender.core.picture.pillow import prepare_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEAN = 1.0  # of 255
ONLY_IN_BLENDER = ("OpenEXR", "OpenEXR with alpha", "HDR")
# Blender 4.2 and 4.5 as a Python module have no AVIF, which Pillow reads.
NOT_IN_THIS_BLENDER = ("AVIF in a Blender that does not read it",)


def black_ink() -> bytes:
    """A CMYK JPEG as a printer's program writes it: black is an ink of its own, and all are inverted."""
    inks = np.zeros((300, 400, 4), np.uint8)
    inks[..., 0] = np.linspace(0, 255, 400, dtype=np.uint8)
    inks[..., 3] = np.linspace(0, 255, 300, dtype=np.uint8)[:, None]
    packed = io.BytesIO()
    Image.fromarray(inks, "CMYK").save(packed, "JPEG", quality=95)
    return packed.getvalue()


def half_clear() -> Any:
    """Alpha from 0 to 255 over colours, as a cut-out with soft edges has it."""
    made = np.dstack([colours(), np.full(colours().shape[:2], 255, np.uint8)])
    made[:, :255, 3] = np.arange(255)
    return made


MORE = (
    Kind("PNG, alpha of all values", file("a.png", half_clear())),
    Kind("WebP, alpha of all values", file("a.webp", half_clear(), lossless=True)),
    Kind("TIFF, alpha of all values", file("a.tif", half_clear())),
    Kind("TGA, alpha of all values", file("a.tga", half_clear())),
    Kind("TGA, packed", file("a.tga", cut_out(), compression="tga_rle")),
    Kind("TGA without alpha", file("a.tga", colours())),
    Kind("TIFF, packed", file("a.tif", colours(), compression="tiff_lzw")),
    Kind("JPEG, CMYK with black", written("a.jpg", black_ink)),
    Kind("JPEG with small colours", file("a.jpg", colours(), quality=80, subsampling=2)),
    Kind("PNG with a profile", written("a.png", lambda: encoded("PNG", colours(), icc_profile=b"no profile"))),
)
FILES = [kind for kind in (*KINDS, *MORE) if not kind.name.startswith(("image", "render"))]


@pytest.fixture
def blender(addon: Any) -> Iterator[Any]:
    """The background Blender that prepares the add-on's pictures."""
    client = addon.preview_client.PreviewClient(addon.start.launch(addon.preview_client.PROGRAM))
    yield client
    client.stop()


def by_blender(client: Any, addon: Any, path: Path, *, ignores_alpha: bool) -> Any:
    """What the add-on sends of the file, or the sentence for why it sends nothing."""
    try:
        return client.prepare(addon.picture_file.ChosenPicture(path.name, file=path, ignores_alpha=ignores_alpha))
    except addon.errors.TrellisError as error:
        return error.sentence


def by_pillow(path: Path, *, ignores_alpha: bool) -> PreparedPicture | str:
    """The same without Blender."""
    try:
        return prepare_file(path, ignores_alpha=ignores_alpha)
    except PictureError as error:
        return error.sentence


def pixels(picture: Any) -> Any:
    with Image.open(io.BytesIO(picture.data)) as image:
        return np.asarray(image).astype(np.int16)


@pytest.mark.parametrize("kind", FILES, ids=[kind.name for kind in FILES])
def test_pillow_sends_what_blender_sends(kind: Kind, tmp_path: Path, blender: Any, addon: Any) -> None:
    path = kind.make(tmp_path)
    theirs = by_blender(blender, addon, path, ignores_alpha=kind.is_opaque)
    ours = by_pillow(path, ignores_alpha=kind.is_opaque)
    if kind.name in ONLY_IN_BLENDER:
        assert not isinstance(theirs, str)
        assert str(ours).startswith("Only Blender reads ")
    elif kind.name in NOT_IN_THIS_BLENDER:
        assert not isinstance(ours, str)
    elif isinstance(theirs, str):
        assert isinstance(ours, str), f"Blender says: {theirs}"
    else:
        assert not isinstance(ours, str), ours
        compare(ours, theirs)


def compare(ours: PreparedPicture, theirs: Any) -> None:
    """Check that both have the same kind, crop, size, mode and warnings, and nearly the same pixels."""
    assert (ours.kind, ours.crop) == (theirs.kind, tuple(theirs.crop))
    assert [concern.value for concern in ours.view.concerns] == [concern.value for concern in theirs.view.concerns]
    mine, other = pixels(ours), pixels(theirs)
    assert mine.shape == other.shape
    assert float(np.abs(mine - other).mean()) <= MEAN
