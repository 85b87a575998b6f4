# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a model an asset, with its picture as the preview, its recipe as the description, and our catalogue.

Blender has no Python API for catalogues. They are lines of a text file at the root of a library or beside a .blend
(Blender manual, “Asset Catalogs”): a line `VERSION 1`, then `UUID:path:simple name` for each. `#` begins a comment.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ..core.errors import Remedy, StorageError, Text, TrellisError, as_storage_error
from ..core.files import read_own, write_whole
from ..core.picture.metadata import is_safe_to_show
from ..core.request.parameters import TABLE
from ..core.request.presets import PRESETS, Preset, name_of
from ..host.shown import temporary
from ..settings import preferences
from . import recipe
from .material import images_of

CATALOG_FILE = "blender_assets.cats.txt"
CATALOG_ID = "7b1f3d6a-4c52-4d0e-9a57-2e8c61f0b3d4"
CATALOG_NAME = "Trellis"
CATALOG_BYTES_MAXIMUM = 16 * 1024 * 1024
_HEADER = (
    "# This is an Asset Catalog Definition file for Blender.\n"
    "#\n"
    "# Empty lines and lines starting with `#` will be ignored.\n"
    "# The first non-ignored line should be the version indicator.\n"
    '# Other lines are of the format "UUID:catalog/path/for/assets:simple catalog name"\n'
    "\n"
    "VERSION 1\n"
    "\n"
)
TAGS = ("Trellis", "Image to 3D")
NAMES = 1000
PREVIEW_SIDE = 256  # pixels, as in Blender's own previews
STEM_BYTES = 200  # file systems allow 255 in all; since Blender 5.0 an object's name alone may have that many
_RESERVED = re.compile("con|prn|aux|nul|com[0-9]|lpt[0-9]", re.IGNORECASE)  # devices on Windows, with any suffix
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')  # in file names, on any system


def is_model(obj: Any) -> bool:
    """Return whether it is one of our models: a mesh with a recipe, in this file and not in a linked one."""
    is_mesh = obj is not None and obj.type == "MESH" and obj.get(f"{recipe.PREFIX}version") is not None
    return is_mesh and obj.library is None and obj.override_library is None


def models_of(remote_id: str) -> Iterator[bpy.types.Object]:
    """Yield the models in this file that a job made. `remote_id`: Scenario's id of the job."""
    known = bpy.data.objects if remote_id else ()
    return (obj for obj in known if obj.get(recipe.JOB_ID) == remote_id and is_model(obj))


def mark(obj: bpy.types.Object, picture: Path | None) -> None:
    """Mark the model as an asset. `picture` becomes its preview; if it cannot be read, Blender draws one."""
    obj.asset_mark()
    facts: Any = obj.asset_data
    facts.catalog_id = CATALOG_ID
    facts.author = preferences.values().asset_author
    facts.description = description(obj)
    preset = _preset(obj)
    for tag in (*TAGS, *((preset.label,) if preset is not None else ())):
        facts.tags.new(tag, skip_if_exists=True)
    if picture is None or not is_safe_to_show(picture) or not _load_preview(obj, picture):
        obj.asset_generate_preview()


def description(obj: bpy.types.Object) -> str:
    """Return the recipe in words: picture, preset, seed, and the parameters that differ from the defaults."""
    picture, seed = obj.get(f"{recipe.PREFIX}picture"), obj.get(f"{recipe.PREFIX}seed")
    if picture is None:
        return "Made with Trellis 2"
    preset, given = _preset(obj), {"picture": picture, "seed": seed}
    if preset is not None:
        return Text("Made from {picture} with Trellis 2, preset {label}, seed {seed}", **given, label=preset.label)
    values = ((parameter, obj.get(recipe.PREFIX + parameter.name)) for parameter in TABLE)
    changed = ", ".join(
        f"{parameter.group} {parameter.label} {parameter.words(value)}"
        for parameter, value in values
        if value is not None and value != parameter.default
    )
    return Text("Made from {picture} with Trellis 2, seed {seed}, {changed}", **given, changed=changed)


def write(obj: bpy.types.Object, library: Path, picture: Path | None) -> Path:
    """Write the model into a library's folder as its own .blend, with its textures. Return the file's path.

    It overwrites no file, and the artist's file stays as it was. It writes the catalogue first: if that fails, it
    writes nothing else, so the next try makes no second copy. Raises StorageError.
    """
    if not os.path.isdir(library):  # noqa: PTH112 - never raises: the drive may be gone, or permission missing
        sentence = Text(
            "The asset library's folder {library} is missing. Choose another one in Preferences > File Paths.",
            library=library,
        )
        raise StorageError(sentence, remedy=Remedy.LIBRARIES)
    ensure_catalog(library)
    path = _free_path(library, obj.name)
    was_marked = obj.asset_data is not None
    if not was_marked:
        mark(obj, picture)
    try:
        with _alone(obj), _packed(obj):
            # Blender itself writes to another name and renames. Uncompressed: 0.1 s, not 1.5 s, for 500,000 faces.
            bpy.data.libraries.write(str(path), {obj}, fake_user=True, path_remap="ABSOLUTE", compress=False)
    except OSError as error:  # its own message is only for programmers
        raise StorageError("The asset could not be written. Free some disk space or check the folder.") from error
    finally:
        if not was_marked:
            obj.asset_clear()
    return path


def libraries() -> list[tuple[str, Path]]:
    """Return the asset libraries in the artist's preferences: name and folder."""
    assert bpy.context.preferences is not None
    known: Any = bpy.context.preferences.filepaths.asset_libraries
    return [(library.name, Path(bpy.path.abspath(library.path))) for library in known if library.path]


def catalog_folder(blend: Path) -> Path:
    """Return the folder where Blender looks for a .blend's catalogues: its library's root, else the file's folder."""
    roots = [folder for _, folder in libraries() if blend.is_relative_to(folder)]
    return max(roots, key=lambda folder: len(folder.parts), default=blend.parent)


def has_ours() -> bool:
    """Return whether the open file has an asset in our catalogue."""
    return any(obj.asset_data is not None and obj.asset_data.catalog_id == CATALOG_ID for obj in bpy.data.objects)


def _load_preview(obj: bpy.types.Object, picture: Path) -> bool:
    """Make the picture the asset's preview. Return whether Blender could read it.

    This takes 0.02 s. Blender's own operator takes 0.1 to 1 s, since it also writes a thumbnail to the user's cache.
    """
    from ..host.painted import pixels_of  # here, since it brings numpy

    try:
        loaded = bpy.data.images.load(str(picture), check_existing=False)
    except RuntimeError:
        return False
    with temporary(bpy.data.images, loaded) as image:
        if not all(image.size):
            return False
        factor = PREVIEW_SIDE / max(image.size)
        image.scale(*(max(1, round(side * factor)) for side in image.size))
        size, pixels = tuple(image.size), pixels_of(image)
    preview: Any = obj.preview_ensure()
    preview.image_size = size
    preview.image_pixels_float.foreach_set(pixels.ravel())
    return True


def _preset(obj: bpy.types.Object) -> Preset | None:
    """Return the preset that the model was made with, None if its values are the artist's own or unknown."""
    values = {parameter.name: obj.get(recipe.PREFIX + parameter.name) for parameter in TABLE}
    return None if None in values.values() else PRESETS.get(name_of(values))


def file_stem(name: str) -> str:
    """Return the object's name as a file's name without its ending, allowed on every system."""
    short = name.encode(errors="ignore")[:STEM_BYTES].decode(errors="ignore")
    stem = _FORBIDDEN.sub("_", short).strip(". ") or "Trellis Model"
    return f"_{stem}" if _RESERVED.fullmatch(stem.partition(".")[0].strip()) else stem


def _free_path(library: Path, name: str) -> Path:
    stem = file_stem(name)
    names = (f"{stem}.blend", *(f"{stem} {number}.blend" for number in range(2, NAMES)))
    path = next((library / each for each in names if not (library / each).exists()), None)
    if path is None:
        raise TrellisError(
            Text(
                "The asset library has {count} models named “{stem}”. Rename this one, then try again.",
                count=NAMES,
                stem=stem,
            )
        )
    return path


@contextlib.contextmanager
def _alone(obj: Any) -> Iterator[None]:
    """Take the object's parent away for a moment, since the parent would be written too."""
    parent, inverse, basis = obj.parent, obj.matrix_parent_inverse.copy(), obj.matrix_basis.copy()
    if parent is not None:
        obj.parent = None
    try:
        yield
    finally:
        if parent is not None:  # a matrix that is set may change the channels of the object
            obj.parent = parent
            obj.matrix_parent_inverse, obj.matrix_basis = inverse, basis


@contextlib.contextmanager
def _packed(obj: Any) -> Iterator[None]:
    """Pack all the object's textures for a moment. Raises StorageError if one cannot be read."""
    with contextlib.ExitStack() as stack:
        for image in images_of(obj):
            if image.packed_file is None and image.source == "FILE" and not image.is_dirty:
                try:
                    image.pack()
                except RuntimeError as error:
                    sentence = Text(
                        "The texture “{name}” could not be read. Look for its file, then try again.", name=image.name
                    )
                    raise StorageError(sentence, remedy=Remedy.NONE) from error
                stack.callback(image.unpack, method="REMOVE")  # uses the file again, without writing it
        yield


def ensure_catalog(folder: Path) -> bool:
    """Make sure the folder's file lists our catalogue. Return whether the file had to be changed.

    Other catalogues stay as they are. The old file is kept as `…txt~`, as Blender does. Raises StorageError.
    """
    path = folder / CATALOG_FILE
    with as_storage_error("write the asset catalog"):
        before = read_own(path, CATALOG_BYTES_MAXIMUM) if os.path.lexists(path) else b""
        if any(line.strip().lower().startswith(f"{CATALOG_ID}:".encode()) for line in before.splitlines()):
            return False
        if before:
            write_whole(path.with_name(path.name + "~"), before)
        write_whole(path, _extended(before))
    return True


def _extended(before: bytes) -> bytes:
    newline = b"\r\n" if b"\r\n" in before else b"\n"
    first = next((line for line in before.splitlines() if line.strip() and not line.strip().startswith(b"#")), b"")
    if not first.strip().startswith(b"VERSION "):  # Blender ignores a file that begins with anything else
        before = _HEADER.encode().replace(b"\n", newline) + before
    gap = b"" if before.endswith(b"\n") else newline
    return before + gap + f"{CATALOG_ID}:{CATALOG_NAME}:{CATALOG_NAME}".encode() + newline
