"""The camera's view: rendered for the picture, while the artist's scene and render stay what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.picture.test_colours import OTHER_DISPLAY
from tests.blender.picture.test_render import SIDE, current_scene, render, saved_by_hand
from tests.blender.pictures import pixels, placed, sent
from tests.blender.untouched import untouched
from tests.blender.working import OPS, SMALL, newest_job, refusal, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


@pytest.fixture(autouse=True)
def small_pictures(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Render fewer pixels, for the sake of time."""
    monkeypatch.setattr(addon.camera, "SIDE", SIDE)


def shoot(connected: Emulator, **given: Any) -> Any:
    """Generate from the camera and return the pixels that were sent, where they were in what the camera sees."""
    paid = connected.paid
    assert OPS.trellis2.generate_camera(**SMALL, **given) == {"FINISHED"}
    tick_until(lambda: connected.paid > paid and newest_job().is_prepared)
    data = sent(connected)
    assert b"tEXt" not in data
    return placed(data, newest_job().crop)


@pytest.mark.parametrize("engine", ["SCENE", "WORKBENCH"])
def test_nothing_of_the_artist_is_touched(tmp_path: Path, connected: Emulator, session: Any, engine: str) -> None:
    render()
    current_scene().render.film_transparent = False
    with untouched(tmp_path, session, slots=(0, 1)):
        seen = shoot(connected, engine=engine)
    assert seen.shape[:2] == (SIDE, SIDE)
    assert seen[0, 0, 3] == 0
    assert seen[SIDE // 2, SIDE // 2, 3] >= 250


def test_the_scenes_engine_gives_what_a_render_gives(connected: Emulator) -> None:
    render()
    seen = shoot(connected)
    assert OPS.trellis2.generate_render(**SMALL) == {"FINISHED"}
    tick_until(lambda: connected.paid == 2 and newest_job().is_prepared)
    rendered = placed(sent(connected), newest_job().crop)
    middle = slice(SIDE // 2 - 8, SIDE // 2 + 8)
    assert abs(seen[middle, middle] - rendered[middle, middle]).max() <= 2


def box_of(seen: Any) -> list[float]:
    """Where something solid is: left, top, right and bottom, in shares of the picture."""
    solid = seen[..., 3] > 127
    down, across = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    height, width = solid.shape
    return [across[0] / width, down[0] / height, (across[-1] + 1) / width, (down[-1] + 1) / height]


@pytest.mark.parametrize(("wide", "high", "aspect"), [(128, 64, (1, 1)), (64, 128, (1, 1)), (64, 64, (2, 1))])
@pytest.mark.parametrize("fit", ["AUTO", "HORIZONTAL", "VERTICAL"])
def test_the_camera_sees_what_a_render_shows_where_it_shows_it(
    tmp_path: Path, connected: Emulator, wide: int, high: int, aspect: tuple[int, int], fit: str
) -> None:
    render()
    scene = current_scene()
    scene.render.resolution_x, scene.render.resolution_y = wide, high
    scene.render.pixel_aspect_x, scene.render.pixel_aspect_y = aspect
    scene.camera.data.sensor_fit, scene.camera.data.shift_x = fit, 0.05
    scene.camera.location.y = 0.3
    scene.camera.location.z = 4
    seen = shoot(connected, engine="WORKBENCH")
    scale = min(1.0, SIDE / max(wide * aspect[0], high * aspect[1]))
    assert seen.shape[:2] == (round(high * aspect[1] * scale), round(wide * aspect[0] * scale))
    scene.render.engine = "BLENDER_WORKBENCH"
    bpy.ops.render.render()
    assert abs(np.subtract(box_of(seen), box_of(pixels(saved_by_hand(tmp_path / "render.png"))))).max() < 0.03


@pytest.mark.parametrize(("percentage", "side"), [(75, SIDE * 3 // 4), (100, SIDE), (200, SIDE)])
def test_it_has_the_pixels_that_a_render_has_up_to_a_limit(connected: Emulator, percentage: int, side: int) -> None:
    render()
    current_scene().render.resolution_percentage = percentage
    assert shoot(connected, engine="WORKBENCH").shape[:2] == (side, side)


def test_a_distant_subject_keeps_its_pixels(connected: Emulator, addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the product's own limit
    render()
    current_scene().render.resolution_x, current_scene().render.resolution_y = 2400, 1600
    current_scene().camera.location.z *= 8
    shoot(connected, engine="WORKBENCH")
    left, _top, right, _bottom, width, height = newest_job().crop
    assert (width, height) == (2048, round(2048 * 1600 / 2400))
    solid = pixels(sent(connected))[..., 3] > 127
    assert np.ptp(np.flatnonzero(solid.any(axis=0))) > 0.8 * (right - left)
    assert right - left < 1024


def test_what_a_render_adds_or_cuts_off_does_not_change_the_picture(connected: Emulator) -> None:
    render()
    without = shoot(connected, engine="WORKBENCH")
    settings = current_scene().render
    settings.use_stamp = settings.use_multiview = settings.use_border = settings.use_crop_to_border = True
    settings.border_min_x = settings.border_min_y = 0.1
    settings.border_max_x = settings.border_max_y = 0.9
    show_something_else()
    assert np.array_equal(shoot(connected, engine="WORKBENCH"), without)


def show_something_else() -> None:
    """Have the sequencer show a white picture instead of the scene, and the compositor turn that round."""
    scene = current_scene()
    editor = scene.sequence_editor_create()
    strips = editor.strips if bpy.app.version >= (4, 4, 0) else editor.sequences
    until = {"length" if bpy.app.version >= (5, 0, 0) else "frame_end": 100}
    strips.new_effect("white", "COLOR", 1, 1, **until).color = (1, 1, 1)
    if bpy.app.version >= (5, 0, 0):
        tree: Any = bpy.data.node_groups.new("inverted", "CompositorNodeTree")
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        scene.compositing_node_group, shown = tree, tree.nodes.new("NodeGroupOutput")
    else:
        scene.use_nodes = True
        tree = scene.node_tree
        shown = next(node for node in tree.nodes if node.type == "COMPOSITE")
    layers, invert = tree.nodes.new("CompositorNodeRLayers"), tree.nodes.new("CompositorNodeInvert")
    tree.links.new(layers.outputs["Image"], invert.inputs["Color"])
    tree.links.new(invert.outputs[0], shown.inputs[0])


@pytest.mark.parametrize("is_single", [True, False])
def test_the_view_layer_is_rendered_that_the_artist_looks_at(connected: Emulator, is_single: bool) -> None:
    render()
    scene: Any = current_scene()
    assert bpy.context.window is not None
    first, second = scene.view_layers[0], scene.view_layers.new("Second")
    only_there = bpy.data.collections.new("Second")
    scene.collection.children.link(only_there)
    ball = bpy.data.objects["Sphere"]
    scene.collection.objects.unlink(ball)
    only_there.objects.link(ball)
    first.layer_collection.children["Second"].exclude = True
    second.use, scene.render.use_single_layer = False, is_single
    bpy.context.window.view_layer = second
    assert shoot(connected, engine="WORKBENCH")[SIDE // 2, SIDE // 2, 3] >= 250


def test_the_scenes_view_is_what_the_picture_is_seen_through(connected: Emulator) -> None:
    render("AgX")
    seen = shoot(connected)
    current_scene().view_settings.view_transform = "Standard"
    current_scene().view_settings.exposure = 1
    assert abs(shoot(connected) - seen).max() > 10


def test_another_display_changes_nothing(connected: Emulator) -> None:
    render("Standard")
    seen = shoot(connected)
    current_scene().display_settings.display_device = OTHER_DISPLAY
    current_scene().view_settings.view_transform = "Standard"
    assert abs(shoot(connected) - seen).max() <= 1


def test_a_scenes_name_that_no_file_can_have_is_no_obstacle(tmp_path: Path, connected: Emulator, session: Any) -> None:
    render()
    current_scene().name = '../Küche/..\\Bad: "A"?'
    assert shoot(connected, engine="WORKBENCH").shape[:2] == (SIDE, SIDE)
    assert not [path for path in session.jobs_root().parent.rglob("*") if "Bad" in path.name]


@pytest.mark.parametrize("slot", [0, 2])
def test_every_slot_of_the_render_result_keeps_its_picture(
    tmp_path: Path, connected: Emulator, session: Any, slot: int
) -> None:
    render("AgX")
    slots: Any = bpy.data.images["Render Result"].render_slots
    slots.active_index = 1
    current_scene().view_settings.view_transform = "Standard"
    current_scene().camera.location.x = 1
    bpy.ops.render.render()
    slots.active_index = slot
    with untouched(tmp_path, session, slots=(0, 1, 2)):
        shoot(connected, engine="WORKBENCH")


def test_the_second_picture_touches_the_render_no_more_than_the_first(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    render()
    shoot(connected, engine="WORKBENCH", wait=True)  # its model is here, and will not arrive meanwhile
    with untouched(tmp_path, session, slots=(0, 1)):
        assert OPS.trellis2.generate_camera(engine="WORKBENCH", **SMALL) == {"FINISHED"}
        tick_until(lambda: connected.paid == 2)


def test_without_a_camera_the_button_says_so(connected: Emulator) -> None:
    assert "The scene has no camera. Add one first" in refusal(OPS.trellis2.generate_camera)
    assert not connected.calls


def test_a_camera_that_sees_nothing_costs_nothing(tmp_path: Path, connected: Emulator, session: Any) -> None:
    render()
    current_scene().camera.location.x = 1000
    with untouched(tmp_path, session, slots=(0,)):
        assert "The camera sees nothing." in refusal(lambda: OPS.trellis2.generate_camera(engine="WORKBENCH"))
    assert not connected.calls


def test_with_wait_the_model_stands_in_the_scene(connected: Emulator) -> None:
    render()
    assert OPS.trellis2.generate_camera(wait=True, engine="WORKBENCH", **SMALL) == {"FINISHED"}
    assert newest_job().stage.value == "imported"


def test_selected_only_leaves_out_what_is_not_selected_and_touches_nothing(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    render()
    bpy.data.objects.remove(bpy.data.objects["Sphere"])
    bpy.ops.object.light_add(location=(0, 0, 4))
    bpy.ops.mesh.primitive_cube_add(size=1.6, location=(0.9, 0, 0))
    bpy.ops.mesh.primitive_cube_add(size=1.6, location=(-0.9, 0, 0))
    chosen: Any = bpy.context.object

    def seen(**given: Any) -> Any:
        bpy.ops.object.select_all(action="DESELECT")  # a model that arrived meanwhile is selected
        chosen.select_set(True)
        return shoot(connected, **given)

    def state() -> Any:
        return [(thing.name, thing.hide_render, thing.hide_get()) for thing in things]

    things = list(bpy.data.objects)
    before = state()
    with untouched(tmp_path, session):
        one = box_of(seen(engine="WORKBENCH", selected_only=True))
    both, lit = box_of(seen(engine="WORKBENCH")), seen(engine="SCENE", selected_only=True)
    assert one[0] == pytest.approx(both[0], abs=0.03)
    assert one[2] < 0.5 < both[2]
    assert lit[lit[..., 3] > 250][:, :3].mean() > 10, "the light is left out, too"
    assert state() == before


def test_selected_only_with_nothing_selected_is_refused(connected: Emulator) -> None:
    render()
    bpy.ops.object.select_all(action="DESELECT")
    said = refusal(lambda: OPS.trellis2.generate_camera(**SMALL, selected_only=True))
    assert said == "Nothing is selected. Select what should become a model, then try again."
    assert not connected.paid
