"""The kinds of materials that our reader reads by itself, on a globe. `MATERIALS` has them by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.glbs.draft import Draft, Json
from tests.glbs.pictures import bumps, texture
from tests.glbs.shapes import globe

if TYPE_CHECKING:
    from collections.abc import Callable

CLAMPED, MIRRORED, NEAREST, LINEAR = 33071, 33648, 9728, 9729


def globe_of(draft: Draft, **fields: Any) -> Draft:
    """Put the globe with this material into the draft."""
    solid = globe(6, 8)
    names = {
        "POSITION": draft.accessor(solid.positions),
        "NORMAL": draft.accessor(solid.normals),
        "TEXCOORD_0": draft.accessor(solid.uvs),
    }
    draft.primitive(indices=draft.indices(solid.indices), material=draft.material(**fields), **names)
    return draft


def plain_factors(**fields: Any) -> Draft:
    """Return a material without textures."""
    return globe_of(Draft(), **fields)


def all_textures() -> Draft:
    """Return a material with five textures, and a factor or a strength for each."""
    draft = Draft()
    base, rough = draft.image(texture()), draft.image(texture(shade=80))
    straight, dark, glow = draft.image(bumps()), draft.image(texture(shade=120)), draft.image(texture(shade=160))
    return globe_of(
        draft,
        name="everything",
        pbrMetallicRoughness={
            "baseColorTexture": {"index": base},
            "baseColorFactor": [0.5, 0.75, 1, 1],
            "metallicRoughnessTexture": {"index": rough},
            "metallicFactor": 0.5,
            "roughnessFactor": 0.75,
        },
        normalTexture={"index": straight, "scale": 0.5},
        occlusionTexture={"index": dark, "strength": 0.25},
        emissiveTexture={"index": glow},
        emissiveFactor=[0.125, 0.25, 0.5],
    )


def as_trellis(kind: str) -> Draft:
    """Return two textures with all factors 1 and an opaque alpha mode over an image with alpha."""
    draft = Draft()
    pbr = {
        "baseColorTexture": {"index": draft.image(texture(kind, mode="RGB" if kind == "jpeg" else "RGBA"), kind)},
        "metallicRoughnessTexture": {"index": draft.image(texture(kind, shade=90), kind)},
        "baseColorFactor": [1, 1, 1, 1],
        "metallicFactor": 1,
        "roughnessFactor": 1,
    }
    return globe_of(draft, name="material_0", alphaMode="OPAQUE", doubleSided=True, pbrMetallicRoughness=pbr)


def one_image_for_two() -> Draft:
    """Return occlusion, roughness and metallic in the three channels of one image, as glTF is mostly written."""
    draft = Draft()
    image = draft.image(texture())
    pbr = {"metallicRoughnessTexture": {"index": image}, "roughnessFactor": 0.5}
    return globe_of(draft, pbrMetallicRoughness=pbr, occlusionTexture={"index": image})


def blended(**factor: Any) -> Draft:
    """Return a material that lets things behind shine through by its texture's alpha."""
    draft = Draft()
    pbr = {"baseColorTexture": {"index": draft.image(texture(mode="RGBA"))}, **factor}
    return globe_of(draft, alphaMode="BLEND", pbrMetallicRoughness=pbr)


def sampled(sampler: Json) -> Draft:
    """Return a texture with this sampler."""
    draft = Draft()
    pbr = {"baseColorTexture": {"index": draft.image(texture())}}
    draft.json["samplers"] = [sampler]
    draft.json["textures"][0]["sampler"] = 0
    return globe_of(draft, pbrMetallicRoughness=pbr)


MATERIALS: dict[str, Callable[[], Draft]] = {
    "all textures": all_textures,
    "Trellis PNG": lambda: as_trellis("png"),
    "Trellis WebP": lambda: as_trellis("webp"),
    "Trellis JPEG": lambda: as_trellis("jpeg"),
    "one image for two": one_image_for_two,
    "empty material": plain_factors,
    "factors alone": lambda: plain_factors(
        pbrMetallicRoughness={"baseColorFactor": [0.5, 0.25, 0.125, 0.5], "metallicFactor": 0.5, "roughnessFactor": 0},
        emissiveFactor=[0.25, 0.5, 1],
        doubleSided=True,
    ),
    "grey emission": lambda: plain_factors(emissiveFactor=[0.5, 0.5, 0.5], pbrMetallicRoughness={}),
    "blended": blended,
    "blended with a factor": lambda: blended(baseColorFactor=[1, 1, 1, 0.5]),
    "blended without a texture": lambda: plain_factors(
        alphaMode="BLEND", pbrMetallicRoughness={"baseColorFactor": [1, 0.5, 0, 0.25]}
    ),
    "clamped": lambda: sampled({"wrapS": CLAMPED, "wrapT": CLAMPED, "magFilter": LINEAR}),
    "mirrored, nearest": lambda: sampled({"wrapS": MIRRORED, "wrapT": MIRRORED, "magFilter": NEAREST}),
    "mixed filters": lambda: sampled({"minFilter": LINEAR, "magFilter": NEAREST}),
}
