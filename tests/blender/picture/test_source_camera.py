"""The camera's view: rendered for the picture, while the artist's scene and render stay what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.picture.test_render import SIDE, current_scene, render
from tests.blender.pictures import pixels, sent
from tests.blender.untouched import untouched
from tests.blender.working import OPS, SMALL, newest_job, refusal, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


@pytest.fixture(autouse=True)
def small_pictures(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Render fewer pixels, for the sake of time."""
    monkeypatch.setattr(addon.encode, "SIDE", SIDE)


def shoot(connected: Emulator, **given: Any) -> Any:
    """Generate from the camera and return the pixels that were sent."""
    assert OPS.trellis2.generate_camera(**SMALL, **given) == {"FINISHED"}
    tick_until(lambda: connected.paid)
    data = sent(connected)
    assert b"tEXt" not in data
    return pixels(data)


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
    tick_until(lambda: connected.paid == 2)
    rendered = pixels(sent(connected))
    middle = slice(SIDE // 2 - 8, SIDE // 2 + 8)
    assert abs(seen[middle, middle] - rendered[middle, middle]).max() <= 2


@pytest.mark.parametrize(("wide", "high", "aspect"), [(128, 64, 1), (64, 128, 1), (64, 64, 2)])
@pytest.mark.parametrize("fit", ["AUTO", "HORIZONTAL", "VERTICAL"])
def test_the_frame_stays_the_cameras_in_a_square(
    connected: Emulator, wide: int, high: int, aspect: int, fit: str
) -> None:
    render()
    scene = current_scene()
    scene.render.resolution_x, scene.render.resolution_y, scene.render.pixel_aspect_x = wide, high, aspect
    scene.camera.data.sensor_fit = fit
    bpy.ops.mesh.primitive_plane_add(size=200, location=(0, 0, -1))
    seen = shoot(connected, engine="WORKBENCH")
    assert seen.shape[:2] == (SIDE, SIDE)
    solid = seen[..., 3] > 0
    across, up = solid.any(0).sum(), solid.any(1).sum()
    largest = max(wide * aspect, high)
    assert (across, up) == (SIDE * wide * aspect // largest, SIDE * high // largest)


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
