# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a game-ready model into the scene: it stands where the model stood, its LODs and its hull hidden beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import bpy

from ....core.errors import Remedy, Text, TrellisError
from ....core.model.arrays import ImageFile, Material, Texture
from ....host.translation import translated
from ... import material
from .. import handover, nodes
from .presets import NO_QUADS, names_for

if TYPE_CHECKING:
    from ..work import Arriving, Order, Result

IMAGES = {"base_color": "BaseColor", "orm": "ORM", "normal": "Normal"}
LEAST_OVERLAP = 0.95


def ended(settings: Mapping[str, Any]) -> TrellisError | None:
    """Return what to say if the background Blender does not come back: of some sheets QuadriFlow fills the memory."""
    return TrellisError(Text(NO_QUADS), remedy=Remedy.TRIANGLES) if settings.get("shape") == "QUADS" else None


def arrive(order: Order, obj: bpy.types.Object, result: Result) -> Arriving:
    """Put the copy, its LODs and its hull into the scene. Return the sentence that says what they are.

    Each texture and each mesh comes at a tick of its own, and all objects and the undo step at the last one.
    """
    numbers, name = result.numbers, obj.name
    count = len(numbers["made_faces"])
    names = names_for(order.settings["engine"], name, count, {each.name for each in bpy.data.objects})
    made: set[int] = set()
    parts = [f"{level}:" for level in range(count)]
    parts += ["hull:"] if "hull:positions" in result.arrays else []
    images: dict[int, bpy.types.Image] = {}
    meshes: list[Any] = []
    try:
        for number, (key, label) in enumerate(IMAGES.items()):
            file = ImageFile(f"{names.base}_{label}", result.arrays[f"image:{key}"].tobytes(), None)
            images |= material.make_images({number: file}, names.base)
            made.add(images[number].session_uid)
            yield
        look = _material(names.base, images, numbers)
        made.add(look.session_uid)
        yield
        for part in parts:
            arrays = {key.removeprefix(part): value for key, value in result.arrays.items() if key.startswith(part)}
            mesh: Any = yield from handover.mesh_of(arrays, cast(Any, obj.data))
            mesh.materials.clear()
            meshes.append(mesh)
            made.add(mesh.session_uid)
            yield
    except GeneratorExit:
        handover.drop(made)
        raise
    for mesh in meshes[:count]:
        mesh.materials.append(look)
    copy: Any = handover.put_in_place(order, obj, meshes[0], "Game Ready", numbers)
    copy.modifiers.clear()
    for slot in copy.material_slots:
        slot.link = "DATA"
    copy.name = meshes[0].name = names.levels[0]
    for label, mesh in zip(names.levels[1:], meshes[1:count], strict=True):
        _put_beside(copy, label, mesh)
    for hull in meshes[count:]:
        _put_beside(copy, names.hull, hull).display_type = "WIRE"
    bpy.ops.ed.undo_push(message=translated("Game Ready"))
    return _sentence(name, order, numbers)


def _sentence(name: str, order: Order, numbers: Mapping[str, Any]) -> str:
    sentence = "“{name}” is game ready: {faces} faces, textures of {size} px, {share} % of its outlines are the same."
    if numbers["overlap"] < LEAST_OVERLAP:
        sentence = (
            "“{name}” is game ready with {faces} faces and textures of {size} px, but thin parts are lost: only "
            "{share} % of its outlines are left. Choose more faces to keep them."
        )
    faces = " / ".join(f"{count:,}" for count in numbers["made_faces"])
    share = f"{100 * numbers['overlap']:.1f}"
    return Text(sentence, name=name, faces=faces, size=order.settings["texture_size"], share=share)


def _put_beside(copy: Any, name: str, mesh: Any) -> Any:
    """Return a hidden object that moves with the copy."""
    mesh.name = name
    beside: Any = bpy.data.objects.new(name, mesh)
    for collection in copy.users_collection:
        collection.objects.link(beside)
    beside.parent = copy
    beside.hide_render = True
    with contextlib.suppress(RuntimeError):  # this view layer may show none of the collections
        beside.hide_set(True)
    return beside


def _material(name: str, images: Mapping[int, bpy.types.Image], numbers: Mapping[str, Any]) -> bpy.types.Material:
    base, orm, normal = (Texture(number, 0, "REPEAT", "Linear") for number in range(3))
    wanted = Material(
        name,
        base_texture=base,
        metallic_roughness_texture=orm,
        normal_texture=normal,
        occlusion_texture=orm,
        is_double_sided=True,
    )
    made = material.make_material(name, wanted, images)
    nodes.switch_transparency(made, nodes.Transparency(numbers["alpha"]), numbers["threshold"])
    return made
