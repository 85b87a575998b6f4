# SPDX-License-Identifier: GPL-3.0-or-later
"""In the background Blender: exports a model, with whole textures under good names, into a folder of the artist's."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any

import bpy

from ..background import deliver, opened, run_exporter
from ..material_sanity import bake, bake_channels
from ..nodes import image_behind, materials, remove_picture_layers, shader_of
from . import formats

MADE = "made"  # the folder, beside the source, in which the files are made
ROLES = (
    ("BaseColor", "Base Color"),
    ("ORM", "Roughness"),
    ("ORM", "Metallic"),
    ("Normal", "Normal"),
    ("Emission", "Emission Color"),
    ("Alpha", "Alpha"),
)
SPLIT = ("Roughness", "Metallic")  # each a role of its own if they have an image each
KEPT = {"PNG": ".png", "JPEG": ".jpg"}  # what every engine reads


def export(request: Mapping[str, Any], progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Export the model for the `engine` in this `format`, as `name` in the `folder`; with `at_origin`, from the origin.

    Return `main`, the file's name, `files`, all names, `bytes`, their size together, and `baked`, how many images
    Material Sanity and a projected picture were baked into. Files of these names are replaced, once all are whole.
    """
    kind, name = request["format"], request["name"]
    objects = opened(request["source"])
    if request["at_origin"]:
        objects[0].location = (0.0, 0.0, 0.0)
    progress(0.1)
    meshes = [obj for obj in objects if obj.type == "MESH"]
    baked = sum(bake(obj) for obj in meshes)
    for obj in meshes:
        remove_picture_layers(obj.data)  # engines take a second UV map for that of their lights
    used = list(dict.fromkeys(material for obj in meshes for material in materials(obj)))
    if kind != "GLB":  # the other exporters find an image only where it is linked directly
        for material in used:
            bake_channels(material, splits=True)
    progress(0.4)
    made = Path(request["source"]).with_name(MADE)
    shutil.rmtree(made, ignore_errors=True)
    textures = made if kind == "OBJ" else made / "textures"  # all but OBJ carry them inside
    textures.mkdir(parents=True)
    images = list(_roles(used))
    _write_images(images, name, textures)
    form = formats.FORMATS[kind]
    main = made / f"{name}{form.ending}"
    options = formats.options(kind, request["engine"], has_normal_map=any(role == "Normal" for _, role in images))
    if form.add_on:
        import addon_utils  # importing bpy adds its folder to the path

        addon_utils.enable(form.add_on)
    for obj in objects:
        obj.select_set(True)
    run_exporter(attrgetter(form.operator)(bpy.ops), main, options)
    progress(0.9)
    files = sorted(file for file in made.iterdir() if file.is_file())
    size = sum(file.stat().st_size for file in files)
    deliver(files, Path(request["folder"]))
    return {"main": main.name, "files": [file.name for file in files], "bytes": size, "baked": baked}


def _write_images(images: list[tuple[Any, str]], name: str, folder: Path) -> None:
    """Give each image a file in the folder, named after the model and the image's role.

    PNG and JPEG stay byte by byte; all else becomes PNG, since not every engine reads it.
    """
    taken: dict[str, int] = {}
    for image, role in images:
        stem = f"{name}_{role}"
        taken[stem] = taken.get(stem, 0) + 1
        if taken[stem] > 1:
            stem += f"_{taken[stem]}"
        image.name = stem
        is_kept = image.file_format in KEPT and image.source == "FILE" and not image.is_dirty
        file = folder / f"{stem}{KEPT[image.file_format] if is_kept else '.png'}"
        data = bytes(image.packed_file.data) if image.packed_file else b""
        if is_kept and data:
            file.write_bytes(data)
        elif is_kept:
            shutil.copyfile(bpy.path.abspath(image.filepath), file)
        else:
            image.file_format = "PNG"
            image.save(filepath=str(file))
        if image.packed_file:
            image.unpack(method="REMOVE")
        image.source, image.filepath_raw = "FILE", str(file)
        image.reload()


def _roles(used: list[Any]) -> Iterator[tuple[Any, str]]:
    """Yield each image of these materials, and what it is for."""
    seen: set[str] = set()
    for shader in map(shader_of, used):
        behind = {socket: image_behind(shader.inputs[socket]) for _role, socket in ROLES}
        halves = [behind[socket].image for socket in SPLIT if behind[socket] is not None]
        is_split = len(halves) == 2 and halves[0] != halves[1]
        for role, socket in ROLES:
            image = behind[socket].image if behind[socket] is not None else None
            if image is not None and image.name not in seen and all(image.size):
                seen.add(image.name)
                yield image, socket if is_split and socket in SPLIT else role
