# SPDX-License-Identifier: GPL-3.0-or-later
"""A model as an asset: marked, with the picture it was made of, its recipe, and our catalogue."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ..core.errors import Remedy, StorageError, TrellisError
from ..core.request.parameters import TABLE
from ..core.request.presets import PRESETS, Preset, name_of
from ..settings import preferences
from . import recipe
from .catalog import CATALOG_ID, ensure_catalog

TAGS = ("Trellis", "Image to 3D")
NAMES = 1000
PREVIEW_SIDE = 256  # pixels, as Blender makes them
STEM_BYTES = 200  # a system takes 255 in all; since Blender 5.0 a name alone may have that many
_RESERVED = re.compile("con|prn|aux|nul|com[0-9]|lpt[0-9]", re.IGNORECASE)  # are devices on Windows, with any suffix
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')  # in a file's name, on any system


def is_model(thing: Any) -> bool:
    """Whether it is one of our models: a mesh of this file, not of a linked one, that carries its recipe."""
    is_mesh = thing is not None and thing.type == "MESH" and thing.get(f"{recipe.PREFIX}version") is not None
    return is_mesh and thing.library is None and thing.override_library is None


def models_of(remote_id: str) -> Iterator[bpy.types.Object]:
    """The models in this file that a job made, by Scenario's id of it."""
    known = bpy.data.objects if remote_id else ()
    return (thing for thing in known if thing.get(recipe.JOB_ID) == remote_id and is_model(thing))


def mark(thing: bpy.types.Object, picture: Path | None) -> None:
    """Mark the model as an asset. `picture` becomes its preview; without one that can be read, Blender draws one."""
    thing.asset_mark()
    facts: Any = thing.asset_data
    facts.catalog_id = CATALOG_ID
    facts.author = preferences.asset_author()
    facts.description = description(thing)
    preset = _preset(thing)
    for tag in (*TAGS, *((preset.label,) if preset is not None else ())):
        facts.tags.new(tag, skip_if_exists=True)
    if picture is None or not _load_preview(thing, picture):
        thing.asset_generate_preview()


def description(thing: bpy.types.Object) -> str:
    """The recipe in words: the picture, the preset, the seed, and the parameters that differ from the defaults."""
    picture, seed = thing.get(f"{recipe.PREFIX}picture"), thing.get(f"{recipe.PREFIX}seed")
    if picture is None:
        return "Made with Trellis 2"
    preset = _preset(thing)
    if preset is not None:
        return f"Made from {picture} with Trellis 2, preset {preset.label}, seed {seed}"
    values = ((parameter, thing.get(recipe.PREFIX + parameter.name)) for parameter in TABLE)
    changed = ", ".join(
        f"{parameter.group} {parameter.label} {value:g}"
        for parameter, value in values
        if value is not None and value != parameter.default
    )
    return f"Made from {picture} with Trellis 2, seed {seed}, {changed}"


def write(thing: bpy.types.Object, library: Path, picture: Path | None) -> Path:
    """Write the model into the folder of a library as a .blend of its own, textures inside; the file's path.

    Nothing that is there already is overwritten, and the artist's file stays as it was. The catalogue comes first: when
    that cannot be written, nothing is, and the next try makes no second copy. Raises StorageError.
    """
    if not _is_folder(library):
        sentence = f"The asset library's folder {library} is missing. Choose another one in Preferences > File Paths."
        raise StorageError(sentence, remedy=Remedy.LIBRARIES)
    ensure_catalog(library)
    path = _free_path(library, thing.name)
    was_marked = thing.asset_data is not None
    if not was_marked:
        mark(thing, picture)
    try:
        with _alone(thing), _packed(thing):
            # Blender writes to another name and renames. Without compression: 0.1 s instead of 1.5 s for 500,000 faces.
            bpy.data.libraries.write(str(path), {thing}, fake_user=True, path_remap="ABSOLUTE", compress=False)
    except OSError as error:  # whose own words are only for programmers
        raise StorageError("The asset could not be written. Free some disk space or check the folder.") from error
    finally:
        if not was_marked:
            thing.asset_clear()
    return path


def libraries() -> list[tuple[str, Path]]:
    """The artist's asset libraries, as the preferences have them: name and folder."""
    assert bpy.context.preferences is not None
    known: Any = bpy.context.preferences.filepaths.asset_libraries
    return [(library.name, Path(bpy.path.abspath(library.path))) for library in known if library.path]


def catalog_folder(blend: Path) -> Path:
    """Where Blender looks for the catalogues of a .blend: at the root of the library it lies in, else beside it."""
    roots = [folder for _, folder in libraries() if blend.is_relative_to(folder)]
    return max(roots, key=lambda folder: len(folder.parts), default=blend.parent)


def has_ours() -> bool:
    """Whether the open file has an asset in our catalogue."""
    return any(thing.asset_data is not None and thing.asset_data.catalog_id == CATALOG_ID for thing in bpy.data.objects)


def _load_preview(thing: bpy.types.Object, picture: Path) -> bool:
    """Make the picture the preview; whether Blender could read it.

    Blender's own operator for it takes 0.1 to 1 s, since it also writes a thumbnail to the user's cache; this 0.02 s.
    """
    import numpy as np

    try:
        image: Any = bpy.data.images.load(str(picture), check_existing=False)
    except RuntimeError:
        return False
    try:
        if not all(image.size):
            return False
        factor = PREVIEW_SIDE / max(image.size)
        width, height = (max(1, round(side * factor)) for side in image.size)
        image.scale(width, height)
        pixels = np.empty((height * width, image.channels), np.float32)
        image.pixels.foreach_get(pixels.ravel())
    finally:
        bpy.data.images.remove(image)
    shown = np.ones((height * width, 4), np.float32)
    shown[:, : pixels.shape[1]] = pixels
    preview: Any = thing.preview_ensure()
    preview.image_size = width, height
    preview.image_pixels_float.foreach_set(shown.ravel())
    return True


def _preset(thing: bpy.types.Object) -> Preset | None:
    """The preset that the model was made with, None when its values are the artist's own or unknown."""
    values = {parameter.name: thing.get(recipe.PREFIX + parameter.name) for parameter in TABLE}
    return None if None in values.values() else PRESETS.get(name_of(values))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a drive that is gone, or a folder that may not be looked into
        return False


def _free_path(library: Path, name: str) -> Path:
    short = name.encode(errors="ignore")[:STEM_BYTES].decode(errors="ignore")
    stem = _FORBIDDEN.sub("_", short).strip(". ") or "Trellis Model"
    if _RESERVED.fullmatch(stem.partition(".")[0].strip()):
        stem = f"_{stem}"
    names = (f"{stem}.blend", *(f"{stem} {number}.blend" for number in range(2, NAMES)))
    path = next((library / each for each in names if not (library / each).exists()), None)
    if path is None:
        raise TrellisError(f"The asset library has {NAMES} models named “{stem}”. Rename this one, then try again.")
    return path


@contextlib.contextmanager
def _alone(thing: Any) -> Iterator[None]:
    """Without its parent for a moment, which would be written with it."""
    parent, inverse, basis = thing.parent, thing.matrix_parent_inverse.copy(), thing.matrix_basis.copy()
    if parent is not None:
        thing.parent = None
    try:
        yield
    finally:
        if parent is not None:
            thing.parent = parent
            thing.matrix_parent_inverse, thing.matrix_basis = inverse, basis


@contextlib.contextmanager
def _packed(thing: Any) -> Iterator[None]:
    """With all its textures in the file for a moment."""
    nodes = [
        node
        for material in filter(None, thing.data.materials)
        if material.node_tree is not None
        for node in material.node_tree.nodes
    ]
    images = {image for node in nodes if (image := getattr(node, "image", None)) is not None}
    packed = []
    try:
        for image in images:
            if image.packed_file is None and image.source == "FILE" and not image.is_dirty:
                try:
                    image.pack()
                except RuntimeError as error:
                    sentence = f"The texture “{image.name}” could not be read. Look for its file, then try again."
                    raise StorageError(sentence, remedy=Remedy.NONE) from error
                packed.append(image)
        yield
    finally:
        for image in packed:
            image.unpack(method="REMOVE")  # which goes back to the file, and leaves that alone
