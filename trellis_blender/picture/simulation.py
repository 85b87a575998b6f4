# SPDX-License-Identifier: GPL-3.0-or-later
"""Find simulations that the background Blender would not see as this one does.

Blender computes an unbaked simulation frame by frame, and keeps the result in its own memory only.
"""

from __future__ import annotations

from typing import Any


def unbaked(scene: Any, layer: Any) -> str:
    """Return the name of the first visible object whose simulation has begun and is not baked, empty if none."""
    world, frame = scene.rigidbody_world, scene.frame_current
    if world is not None and world.enabled and world.collection is not None and _has_begun(world.point_cache, frame):
        moved = [obj for obj in world.collection.all_objects if obj.rigid_body and obj.rigid_body.type == "ACTIVE"]
        if moved:
            return str(moved[0].name)
    for obj in layer.objects:
        if not obj.hide_render and any(_unbaked_of(modifier, scene) for modifier in obj.modifiers):
            return str(obj.name)
    return ""


def _has_begun(cache: Any, frame: int) -> bool:
    """Return whether the frame depends on earlier frames, which only this Blender has computed.

    A bake in the folder next to the .blend file does not count: the copied file would not find it.
    """
    is_kept = cache.use_external or (cache.is_baked and not cache.use_disk_cache)
    return not is_kept and frame > cache.frame_start


def _unbaked_of(modifier: Any, scene: Any) -> bool:
    if not modifier.show_render:
        return False
    frame = scene.frame_current
    match modifier.type:
        case "CLOTH" | "SOFT_BODY":
            return _has_begun(modifier.point_cache, frame)
        case "PARTICLE_SYSTEM":
            system = modifier.particle_system
            is_still = system.settings.type == "HAIR" and not system.use_hair_dynamics
            return not is_still and _has_begun(system.point_cache, frame)
        case "DYNAMIC_PAINT":
            surfaces = modifier.canvas_settings.canvas_surfaces if modifier.canvas_settings is not None else ()
            return any(surface.is_active and _has_begun(surface.point_cache, frame) for surface in surfaces)
        case "FLUID" if modifier.fluid_type == "DOMAIN":
            settings = modifier.domain_settings
            return not settings.has_cache_baked_data and frame > settings.cache_frame_start
        case "NODES":
            return any(_has_begun_in_nodes(bake, scene) for bake in modifier.bakes)
    return False


def _has_begun_in_nodes(bake: Any, scene: Any) -> bool:
    """Return whether a simulation zone has begun. Blender does not tell whether it is baked."""
    if bake.node is None or bake.node.bl_idname != "GeometryNodeSimulationOutput":
        return False
    first = bake.frame_start if bake.use_custom_simulation_frame_range else scene.frame_start
    return bool(scene.frame_current > first)
