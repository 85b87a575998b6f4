# SPDX-License-Identifier: GPL-3.0-or-later
"""The artist's settings for the next model: the picture and the parameters, kept with the scene."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import bpy

from ..core.request.parameters import SEED_MAXIMUM, TABLE, Parameter, Value, as_32_bit
from ..core.request.presets import PRESET, PRESETS, SIZE, VARIATIONS, VARIATIONS_MAXIMUM
from . import Fields, props

PRESET_FOLDER = "trellis2"  # the folder of the artist's own presets, below Blender's
VARIATIONS_DESCRIPTION = (
    "Number of models to make of the picture, in a grid, each with a seed of its own; a fixed seed is counted up"
)
PLACES = (
    ("CURSOR", "3D Cursor", "Stand at the 3D cursor"),
    ("ORIGIN", "World Origin", "Stand at the world's origin"),
    ("SELECTION", "Beside Selection", "Stand beside the selected objects, on their base; else at the 3D cursor"),
    (
        "PICTURE",
        "Where the Picture Shows It",
        "Stand as the camera or viewport saw it: at the 3D cursor first, then turned, scaled and moved",
    ),
)
COLLECTIONS = (
    ("TRELLIS", "Trellis", "A collection named Trellis, made when it is not there"),
    ("ACTIVE", "Active", "The active collection"),
)
TEXTURES = (
    ("PACK", "Pack", "Keep the textures in the .blend file, as they come"),
    ("FOLDER", "Folder", "Write the textures into the folder “textures” beside the .blend file, once that is saved"),
    ("PNG", "PNG", "Keep the textures in the .blend file, as PNG: Unreal and Apple's programs read no WebP"),
)

EXPORT_ENGINES = (
    ("UNREAL", "Unreal", "Unreal Engine 5"),
    ("UNITY", "Unity", "Unity 6 and earlier"),
    ("GODOT", "Godot", "Godot 4"),
    ("GLTF", "glTF", "glTF viewers, the web, and any other program"),
)
EXPORT_FORMATS = (
    ("AUTO", "Engine's Own", "FBX for Unreal and Unity, GLB for Godot and glTF"),
    ("GLB", "GLB", "glTF in one file, with its textures"),
    ("FBX", "FBX", "FBX in one file, with its textures"),
    ("USD", "USD", "Universal Scene Description in one file (.usdz), with its textures"),
    ("OBJ", "OBJ", "Wavefront OBJ, with its materials and textures beside it"),
)
# The properties of an export, without their options: operators ask for them, and the scene keeps what was chosen last.
EXPORT: Mapping[str, Mapping[str, Any]] = {
    "folder": {"name": "Folder", "description": "Folder to export models to", "subtype": "DIR_PATH"},
    "format": {"name": "Format", "description": "Format to export models in", "items": EXPORT_FORMATS},
    "engine": {
        "name": "For",
        "description": "Program that is to read the exported models",
        "items": EXPORT_ENGINES,
        "default": "GLTF",
    },
    "at_origin": {
        "name": "At Origin",
        "description": "Export a model as if it stood at the world's origin, where engines have its pivot",
        "default": True,
    },
}


def _property(parameter: Parameter) -> Any:
    """Return the Blender property of a parameter, from its row in the table."""
    words: dict[str, Any] = {"name": parameter.label, "description": parameter.description}
    if parameter.choices:
        items = [(str(choice), parameter.words(choice), "", choice) for choice in parameter.choices]
        return props.EnumProperty(items=items, default=str(parameter.default), **words)
    if isinstance(parameter.default, bool):
        return props.BoolProperty(default=parameter.default, **words)
    low, high = parameter.minimum, parameter.maximum
    if isinstance(parameter.default, int):
        return props.IntProperty(default=parameter.default, min=int(low), max=int(high), **words)
    return props.FloatProperty(default=parameter.default, min=low, max=high, precision=2, subtype="FACTOR", **words)


def parameter_annotations() -> dict[str, Any]:
    """Return all parameters as annotations for a class with Blender properties: the settings and the operators."""
    seed = props.IntProperty(
        name="Seed", description="The same seed and picture give the same model", min=0, max=SEED_MAXIMUM, default=0
    )
    use_seed = props.BoolProperty(
        name="Fixed Seed", description="Use this seed again rather than draw a new one for each model", default=False
    )
    return {**{parameter.name: _property(parameter) for parameter in TABLE}, "seed": seed, "use_seed": use_seed}


class TRELLIS2_PG_settings(Fields, bpy.types.PropertyGroup):
    """The settings of the next model. The parameters come from the table in `core/request/parameters.py`; the source,
    with what each source asks for, comes from the table of the sources.
    """

    source: str
    seed: int
    use_seed: bool
    preset: str = props.EnumProperty(
        name="Preset",
        description="Preset that the parameters are compared with",
        items=[(preset.name, preset.label, "") for preset in PRESETS.values()],
        default=PRESET,
    )
    variations: int = props.IntProperty(
        name="Variations", description=VARIATIONS_DESCRIPTION, default=VARIATIONS, min=1, max=VARIATIONS_MAXIMUM
    )
    place: str = props.EnumProperty(
        name="Location", description="Where the model stands, or the first free place beside it", items=PLACES
    )
    use_projection: bool = props.BoolProperty(
        name="Project the Picture",
        description="Mix the picture's own pixels over the texture where its camera saw the model, so that text and"
        " faces are as sharp; its nodes can be turned off and removed",
    )
    use_size: bool = props.BoolProperty(
        name="Scale to Size", description="Give the model a size, rather than the one it comes with", default=True
    )
    size: float = props.FloatProperty(
        name="Size", description="Largest dimension of the model in meters", default=SIZE, min=0.001, soft_max=100
    )
    use_ground: bool = props.BoolProperty(
        name="Stand on Ground",
        description="Put the origin at the bottom center of the model, at the height of the location",
        default=True,
    )
    collection: str = props.EnumProperty(name="Collection", description="Where the model is filed", items=COLLECTIONS)
    textures: str = props.EnumProperty(name="Textures", description="Where the textures are kept", items=TEXTURES)
    export_folder: str = props.StringProperty(
        **EXPORT["folder"], options={"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
    )
    export_format: str = props.EnumProperty(**EXPORT["format"])
    export_engine: str = props.EnumProperty(**EXPORT["engine"])
    export_at_origin: bool = props.BoolProperty(**EXPORT["at_origin"])


TRELLIS2_PG_settings.__annotations__.update(parameter_annotations())
_OWN_ANNOTATIONS = dict(TRELLIS2_PG_settings.__annotations__)


def offer_sources(items: Sequence[tuple[str, str, str, str, int]], properties: Mapping[str, Any]) -> None:
    """Add these sources, and the Blender properties that they need, to the settings. Call before `register_class`.

    `items`: the items of Blender's enumeration.
    """
    source = props.EnumProperty(name="Source", description="Where the picture comes from", items=items)
    TRELLIS2_PG_settings.__annotations__ = {**_OWN_ANNOTATIONS, "source": source, **properties}


def of_scene(scene: bpy.types.Scene | None) -> TRELLIS2_PG_settings:
    """Return the scene's settings. Blender always has a scene, but its stubs say `None`."""
    return cast(TRELLIS2_PG_settings, scene.trellis2)  # type: ignore[union-attr]  # added by `register`


def values(holder: Any, fallback: Any) -> tuple[Mapping[str, Value], int | None]:
    """Return the parameters and the seed (None: a random one). A value set on the operator replaces the scene's."""

    is_given = holder.properties.is_property_set

    def value(name: str) -> Value:
        found: Value | str = getattr(holder if is_given(name) else fallback, name)
        return int(found or 0) if isinstance(found, str) else found  # empty: an unknown choice; 0 is never a valid one

    seed = int(value("seed")) if is_given("seed") or value("use_seed") else None
    return {parameter.name: value(parameter.name) for parameter in TABLE}, seed


def held_values(chosen: TRELLIS2_PG_settings) -> tuple[Value | str, ...]:
    """Return all parameters but the seed, in the table's order, in the form that `held` returns."""
    return tuple(getattr(chosen, parameter.name) for parameter in TABLE)


def held(parameter: Parameter, value: Value) -> Value | str:
    """Return the value as the parameter's Blender property holds it: a choice as text, a float in 32 bits."""
    if parameter.choices:
        return str(value)
    return as_32_bit(value) if isinstance(parameter.default, float) else value


def variations(holder: Any, fallback: TRELLIS2_PG_settings) -> int:
    """Return how many models to make: the operator's value if it was set, else the scene's."""
    return int(holder.variations) if holder.properties.is_property_set("variations") else fallback.variations


def unset_unknown_choices() -> None:
    """Reset choices that this version does not know to their defaults. A later version may have saved the file."""
    for scene in bpy.data.scenes:
        chosen = of_scene(scene)
        for spec in chosen.bl_rna.properties:
            if spec.type == "ENUM" and not getattr(chosen, spec.identifier):
                chosen.property_unset(spec.identifier)


def register() -> None:
    """Give every scene its settings."""
    bpy.types.Scene.trellis2 = props.PointerProperty(type=TRELLIS2_PG_settings)  # type: ignore[attr-defined]


def unregister() -> None:
    """Take the settings away from the scenes. A saved file keeps their values."""
    del bpy.types.Scene.trellis2  # type: ignore[attr-defined]
