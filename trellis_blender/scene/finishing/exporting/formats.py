# SPDX-License-Identifier: GPL-3.0-or-later
"""The formats and the engines, and what Blender's exporters are told for each. It imports nothing.

Sources: Blender's manual (“FBX”, “glTF 2.0”, “USD”, “Wavefront OBJ”), Unreal's “FBX Static Mesh Pipeline”, Unity's
“Importing a model”, Godot's “Available 3D formats”.
"""

from __future__ import annotations

from typing import Any, NamedTuple

OWN = {"UNREAL": "FBX", "UNITY": "FBX", "GODOT": "GLB", "GLTF": "GLB"}
_GLB: dict[str, Any] = {
    "export_format": "GLB",
    "use_selection": True,
    "export_yup": True,  # glTF 2.0 §3.4
    "export_apply": True,
    "export_animations": False,
    "export_image_format": "AUTO",
    "export_extras": False,
    "export_cameras": False,
    "export_lights": False,
}
_FBX: dict[str, Any] = {
    "use_selection": True,
    "object_types": {"MESH", "EMPTY"},
    "use_mesh_modifiers": True,
    "mesh_smooth_type": "FACE",  # else Unreal warns that there are no smoothing groups
    "path_mode": "COPY",
    "embed_textures": True,
    "add_leaf_bones": False,
    "bake_anim": False,
    "axis_forward": "-Z",
    "axis_up": "Y",
}
_USD: dict[str, Any] = {
    "selected_objects_only": True,
    "export_animation": False,
    "export_materials": True,
    "generate_preview_surface": True,
    "export_textures": True,  # until 4.3
    "export_textures_mode": "NEW",  # from 4.4 on
    "relative_paths": True,
    "export_custom_properties": False,
    "convert_world_material": False,
}
_OBJ: dict[str, Any] = {
    "export_selected_objects": True,
    "apply_modifiers": True,
    "export_materials": True,
    "export_pbr_extensions": True,
    "path_mode": "STRIP",  # the textures lie beside it
    "forward_axis": "NEGATIVE_Z",
    "up_axis": "Y",
}


class Format(NamedTuple):
    """`operator`: the exporter, in `bpy.ops`. `add_on`: the one that brings it, if any."""

    ending: str
    operator: str
    options: dict[str, Any]
    add_on: str = ""


FORMATS = {
    "GLB": Format(".glb", "export_scene.gltf", _GLB, "io_scene_gltf2"),
    "FBX": Format(".fbx", "export_scene.fbx", _FBX, "io_scene_fbx"),
    "USD": Format(".usdz", "wm.usd_export", _USD),
    "OBJ": Format(".obj", "wm.obj_export", _OBJ),
}
# What an engine wants besides: centimetres with Z up in Unreal, and in Unity no turned or scaled objects.
_OF_ENGINE: dict[tuple[str, str], dict[str, Any]] = {
    ("FBX", "UNREAL"): {"apply_scale_options": "FBX_SCALE_NONE", "bake_space_transform": False},
    ("FBX", "UNITY"): {"apply_scale_options": "FBX_SCALE_ALL", "bake_space_transform": True},
    ("FBX", "GODOT"): {"apply_scale_options": "FBX_SCALE_ALL"},
    ("FBX", "GLTF"): {"apply_scale_options": "FBX_SCALE_ALL"},
    ("USD", "UNITY"): {
        "convert_orientation": True,
        "export_global_forward_selection": "NEGATIVE_Z",
        "export_global_up_selection": "Y",
    },
}


def resolved(kind: str, engine: str) -> str:
    """Return the format: the engine's own for AUTO."""
    return OWN[engine] if kind == "AUTO" else kind


def options(kind: str, engine: str, *, has_normal_map: bool = False) -> dict[str, Any]:
    """Return the exporter's options. Some are known to some versions of Blender only.

    With a normal map a GLB gets the tangents too: readers that have to make their own may differ (glTF 2.0 §3.7.2.1).
    """
    return {**FORMATS[kind].options, "export_tangents": has_normal_map, **_OF_ENGINE.get((kind, engine), {})}
