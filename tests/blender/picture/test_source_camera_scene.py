"""What a second Blender would not see as this one does is told before it renders the camera's view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.picture.test_render import SIDE, current_scene, render
from tests.blender.working import OPS, SMALL, refusal, tick_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator import Emulator


@pytest.fixture(autouse=True)
def small_pictures(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Render fewer pixels, for the sake of time."""
    monkeypatch.setattr(addon.camera, "SIDE", SIDE)


def cloth(obj: Any) -> Any:
    return obj.modifiers.new("cloth", "CLOTH").point_cache


def soft_body(obj: Any) -> Any:
    return obj.modifiers.new("soft", "SOFT_BODY").point_cache


def particles(obj: Any) -> Any:
    obj.modifiers.new("particles", "PARTICLE_SYSTEM")
    return obj.particle_systems[0].point_cache


def rigid_body(obj: Any) -> Any:
    bpy.ops.rigidbody.world_add()
    scene = current_scene()
    scene.rigidbody_world.collection = bpy.data.collections.new("rigid")
    scene.rigidbody_world.collection.objects.link(obj)
    return scene.rigidbody_world.point_cache


@pytest.mark.parametrize("simulate", [cloth, soft_body, particles, rigid_body])
def test_a_simulation_that_is_not_baked_says_so_and_offers_a_render(
    connected: Emulator, addon: Any, simulate: Callable[[Any], Any]
) -> None:
    render()
    obj: Any = bpy.context.object
    cache = simulate(obj)
    name = addon.camera.unbaked
    scene, layer = current_scene(), bpy.context.view_layer
    assert name(scene, layer) == "", "nothing has moved yet"
    scene.frame_current = 5
    assert name(scene, layer) == obj.name
    said = refusal(lambda: OPS.trellis2.generate_camera(engine="WORKBENCH", **SMALL))
    assert said.startswith(f"The simulation of “{obj.name}” is not baked")
    assert addon.session.state().messages.refusal.remedy is addon.errors.Remedy.RENDER
    assert not connected.calls
    cache.frame_end = 6
    with bpy.context.temp_override(point_cache=cache):
        bpy.ops.ptcache.bake(bake=True)
    scene.frame_current = 5
    assert cache.is_baked
    assert name(scene, layer) == ""


def test_a_simulation_of_nodes_says_so(addon: Any) -> None:
    bpy.ops.mesh.primitive_plane_add()
    obj: Any = bpy.context.object
    modifier = obj.modifiers.new("nodes", "NODES")
    group: Any = bpy.data.node_groups.new("nodes", "GeometryNodeTree")
    group.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    group.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    begin, end = group.nodes.new("GeometryNodeSimulationInput"), group.nodes.new("GeometryNodeSimulationOutput")
    begin.pair_with_output(end)
    given, made = group.nodes.new("NodeGroupInput"), group.nodes.new("NodeGroupOutput")
    group.links.new(given.outputs[0], begin.inputs["Geometry"])
    group.links.new(begin.outputs["Geometry"], end.inputs["Geometry"])
    group.links.new(end.outputs["Geometry"], made.inputs[0])
    modifier.node_group = group
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    assert addon.camera.unbaked(current_scene(), bpy.context.view_layer) == ""
    current_scene().frame_current = 2
    assert addon.camera.unbaked(current_scene(), bpy.context.view_layer) == obj.name


@pytest.mark.parametrize("may_run", [True, False])
def test_a_view_that_depends_on_scripts_is_rendered_only_where_those_may_run(
    connected: Emulator, may_run: bool
) -> None:
    render()
    obj: Any = bpy.context.object
    driver = obj.driver_add("location", 0).driver
    driver.expression = "len(__import__('os').name) * 0"  # no simple expression: Blender runs it as a script
    paths = bpy.context.preferences.filepaths  # type: ignore[union-attr]  # there are preferences
    before, paths.use_scripts_auto_execute = paths.use_scripts_auto_execute, may_run
    try:
        said = refusal(lambda: OPS.trellis2.generate_camera(engine="WORKBENCH", **SMALL))
    finally:
        paths.use_scripts_auto_execute = before
    if may_run:
        assert said == ""
        tick_until(lambda: connected.paid)
    else:
        assert said.startswith("The camera's view depends on scripts")
        assert not connected.calls
