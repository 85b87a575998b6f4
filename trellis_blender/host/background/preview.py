# SPDX-License-Identifier: GPL-3.0-or-later
"""A program of its own, run by a second Blender that nobody sees: it looks at one picture or model, and ends.

What is hostile or huge can hang or kill this Blender only. `preview_client.py` starts it, and says what it answers.
Nothing in the add-on imports this file. Blender shows a thing's file format here as anywhere, so every picture that
Blender can read can be looked at.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

MEMORY_MAXIMUM = 12 * 2**30
TEXTURE_SIDE = 2048
SMALL_SIDE = 256


def main(kind: str, seconds: str, source: str, target: str) -> None:
    """Look at the file `source` as a `kind` of thing, and write the answer to `target`."""
    faulthandler.dump_traceback_later(float(seconds), exit=True)  # ends it even if the one who asked is gone
    _be_modest()
    _load_core()
    from trellis_core.errors import TrellisError, storage_error

    facts: dict[str, Any]
    try:
        facts, pixels = LOOKS[kind](Path(source))
    except TrellisError as error:
        facts, pixels = {"error": error.sentence}, b""
    except MemoryError:
        facts, pixels = {"error": "There is not enough memory to look at it. Choose a smaller one."}, b""
    except OSError as error:
        facts, pixels = {"error": storage_error("look at the picture", error).sentence}, b""
    try:
        _answer(target, facts, pixels)
    except OSError as error:
        # Why is shorter than the pixels. Without room for that either there is no answer, which the asker tells.
        with contextlib.suppress(OSError):
            _answer(target, {"error": storage_error("look at the picture", error).sentence}, b"")


def _answer(target: str, facts: dict[str, Any], pixels: bytes) -> None:
    part = Path(target + ".part")
    part.write_bytes(json.dumps(facts).encode() + b"\n" + pixels)
    part.replace(target)


def _be_modest() -> None:
    """Give way to the artist's own work, and take no more memory than there is for a large picture."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has its priority from the start
        import resource

        os.nice(10)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAXIMUM, MEMORY_MAXIMUM))


def _load_core() -> None:
    """Make the add-on's core known as `trellis_core`: this Blender has no add-ons."""
    folder = Path(__file__).parents[2] / "core"
    spec = importlib.util.spec_from_file_location("trellis_core", folder / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules["trellis_core"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["trellis_core"])


def _see(path: Path) -> tuple[dict[str, Any], bytes]:
    """What the model sees of a picture."""
    from trellis_core.picture.file import open_picture
    from trellis_core.picture.view import view_of

    open_picture(path)
    view = view_of(_pixels(path))
    return {"concerns": [concern.value for concern in view.concerns]}, view.pixels


def _portray(path: Path) -> tuple[dict[str, Any], bytes]:
    """The thumbnail of a model."""
    from trellis_core.errors import ModelFileError, PictureError
    from trellis_core.model.arrays import Shape
    from trellis_core.model.glb import NotPlainError
    from trellis_core.model.read import read_model
    from trellis_core.model.thumbnail import picture_of

    try:
        model = read_model(path, Shape(keeps_seams=True))
    except NotPlainError as error:
        raise ModelFileError(f"The model holds {error}.") from error
    used = {material.base_texture.image for material in model.materials if material and material.base_texture}
    textures = {}
    for index in used:
        with tempfile.NamedTemporaryFile(delete=False) as file:
            file.write(model.images[index].data)
        with contextlib.suppress(PictureError):  # then the model is shown without it
            textures[index] = _pixels(Path(file.name), TEXTURE_SIDE)
        Path(file.name).unlink()
    return {}, picture_of(model, textures).tobytes()


def _shrink(path: Path) -> tuple[dict[str, Any], bytes]:
    """A picture as it is, small."""
    from trellis_core.picture.file import open_picture
    from trellis_core.picture.pixels import as_bytes

    open_picture(path)
    pixels = _pixels(path, SMALL_SIDE)
    return {"size": [str(pixels.shape[1]), str(pixels.shape[0])]}, as_bytes(pixels).tobytes()


def _pixels(path: Path, largest: int = 0) -> Any:
    """The picture as it is shown: (height, width, 4) float32, bottom row first; no side above `largest`, 0: any."""
    import bpy
    import numpy as np
    from trellis_core.picture.file import check_size, unreadable
    from trellis_core.picture.pixels import shown

    try:
        image: Any = bpy.data.images.load(str(path))
    except RuntimeError:
        raise unreadable(path) from None
    width, height = image.size
    check_size(path.name, width, height)
    if not (width and height and image.has_data):
        raise unreadable(path)
    if largest and max(width, height) > largest:
        scale = largest / max(width, height)
        image.scale(max(1, int(width * scale)), max(1, int(height * scale)))
        width, height = image.size
    flat = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(flat)
    return shown(flat, image.channels, is_float=image.is_float).reshape(height, width, 4)


LOOKS = {"picture": _see, "small": _shrink, "model": _portray}

if __name__ == "__main__":
    status = 1
    try:
        main(*sys.argv[sys.argv.index("--") + 1 :])
        status = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)  # Blender's own way to end takes longer, and has been seen to crash
