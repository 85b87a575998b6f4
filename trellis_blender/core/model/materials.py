# SPDX-License-Identifier: GPL-3.0-or-later
"""Materials, textures and images of a glTF. Whatever only Blender's importer can wire up is left to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..picture.metadata import kind_of as kind_of_picture
from .accessors import BufferViews
from .arrays import Material, Texture
from .glb import Node, NotPlainError, child, damaged, flag, integer, number, numbers, objects, optional_index, text

# The extension words of Blender's image texture node by glTF's wrapping modes (glTF 2.0 §5.26).
WRAPPING = {10497: "REPEAT", 33071: "EXTEND", 33648: "MIRROR"}
NEAREST = frozenset({9728, 9984, 9986})
FILTERS = NEAREST | {9729, 9985, 9987}
ENDINGS = {"PNG": "png", "JPEG": "jpg", "WebP": "webp"}
WEBP = "EXT_texture_webp"
Sources = Mapping[str, list[Node]]
"""The textures, samplers and images that the file's materials may refer to."""


def read_materials(gltf: Node, used: Iterable[int]) -> dict[int, Material]:
    """Return the materials with these indices, all of which exist.

    Raises ModelFileError, and NotPlainError for anything that only Blender's importer can wire up.
    """
    materials = objects(gltf, "materials")
    sources = {name: objects(gltf, name) for name in ("textures", "samplers", "images")}
    return {index: _material(sources, materials[index], f"material {index}") for index in used}


def image_data(image: Node, views: BufferViews, where: str) -> tuple[memoryview, str]:
    """Return an image's bytes, without a copy, and its kind: png, jpg or webp. Raises ModelFileError, NotPlainError."""
    if "bufferView" not in image:
        raise NotPlainError("images stored in an unusual way")
    data = views.view(integer(image, "bufferView", where, below=len(views.views)))
    kind = kind_of(data)
    if kind is None:
        raise damaged(f"{where} is no PNG, JPEG or WebP")
    return data, kind


def kind_of(data: bytes | memoryview) -> str | None:
    """Return the kind of image these bytes are: png, jpg or webp; None for any other."""
    return ENDINGS.get(kind_of_picture(bytes(data[:64])))


def is_external(item: Node) -> bool:
    """Return whether a buffer or an image lies outside the file, by the rule that Blender's importer uses."""
    uri = item.get("uri")
    return uri is not None and not (isinstance(uri, str) and uri.startswith("data:"))


def _material(sources: Sources, material: Node, where: str) -> Material:
    pbr = child(material, "pbrMetallicRoughness", where)
    mode = text(material, "alphaMode", where, "OPAQUE")
    if mode == "MASK":
        raise NotPlainError("cut-out materials")
    if mode not in ("OPAQUE", "BLEND"):
        raise damaged(f"{where} has no valid alphaMode")
    if child(material, "extensions", where):
        raise NotPlainError("unusual materials")
    normal, occlusion = child(material, "normalTexture", where), child(material, "occlusionTexture", where)
    return Material(
        name=text(material, "name", where),
        base_color=numbers(pbr, "baseColorFactor", where, (1.0, 1.0, 1.0, 1.0)),
        base_texture=_texture(sources, pbr, "baseColorTexture", where),
        metallic=number(pbr, "metallicFactor", where, 1.0),
        roughness=number(pbr, "roughnessFactor", where, 1.0),
        metallic_roughness_texture=_texture(sources, pbr, "metallicRoughnessTexture", where),
        normal_texture=_texture(sources, material, "normalTexture", where),
        normal_scale=number(normal, "scale", where, 1.0),
        occlusion_texture=_texture(sources, material, "occlusionTexture", where),
        occlusion_strength=number(occlusion, "strength", where, 1.0),
        emissive=numbers(material, "emissiveFactor", where, (0.0, 0.0, 0.0)),
        emissive_texture=_texture(sources, material, "emissiveTexture", where),
        is_blended=mode == "BLEND",
        is_double_sided=flag(material, "doubleSided", where),
    )


def _texture(sources: Sources, holder: Node, name: str, where: str) -> Texture | None:
    if name not in holder:
        return None
    info = child(holder, name, where)
    if child(info, "extensions", where):
        raise NotPlainError("moved or scaled textures")
    index = integer(info, "index", f"{where}'s {name}", below=len(sources["textures"]))
    texture, where = sources["textures"][index], f"texture {index}"
    extensions = child(texture, "extensions", where)
    if set(extensions) - {WEBP}:
        raise NotPlainError("unusual textures")
    holder = child(extensions, WEBP, where) if WEBP in extensions else texture
    image = optional_index(holder, "source", where, len(sources["images"]))
    if image is None:
        raise NotPlainError("textures without an image")
    if is_external(sources["images"][image]):
        return None
    sampler_index = optional_index(texture, "sampler", where, len(sources["samplers"]))
    sampler: Node = {} if sampler_index is None else sources["samplers"][sampler_index]
    return Texture(image, integer(info, "texCoord", where, 0, below=8), _wrapping(sampler), _interpolation(sampler))


def _wrapping(sampler: Node) -> str:
    modes = [integer(sampler, name, "a sampler", 10497) for name in ("wrapS", "wrapT")]
    if any(mode not in WRAPPING for mode in modes):
        raise damaged("a sampler has no valid wrapping")
    if modes[0] != modes[1]:
        raise NotPlainError("textures that wrap differently in both directions")
    return WRAPPING[modes[0]]


def _interpolation(sampler: Node) -> str:
    """Return the interpolation that Blender's importer would choose: nearest if every given filter is nearest."""
    given = [integer(sampler, name, "a sampler") for name in ("minFilter", "magFilter") if name in sampler]
    if any(mode not in FILTERS for mode in given):
        raise damaged("a sampler has no valid filter")
    return "Closest" if given and NEAREST.issuperset(given) else "Linear"
