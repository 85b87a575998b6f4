"""Colours arrive as the editor shows them, then sRGB: Blender is asked, and nothing that the artist set is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.picture.test_render import current_scene, render, saved_by_hand, send
from tests.blender.picture_makers import colours, image
from tests.blender.pictures import pixels, placed
from tests.blender.working import OPS, SMALL, newest_job, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

OTHER_DISPLAY = "Display P3"


def send_image(connected: Emulator, chosen: Any) -> Any:
    """Generate from the image and return the colours that were sent."""
    from tests.blender.pictures import sent

    current_scene().trellis2.image = chosen
    paid = connected.paid
    assert OPS.trellis2.generate_open_image(**SMALL) == {"FINISHED"}
    tick_until(lambda: connected.paid > paid)
    return pixels(sent(connected))


def curves(settings: Any) -> list[list[tuple[float, ...]]]:
    """The points of the colour curves."""
    return [[tuple(point.location) for point in curve.points] for curve in settings.curve_mapping.curves]


def test_an_outputs_own_colour_curves_are_put_back(connected: Emulator) -> None:
    render()
    settings = current_scene().render.image_settings
    settings.color_management = "OVERRIDE"
    settings.view_settings.use_curve_mapping = True
    mapping = settings.view_settings.curve_mapping
    mapping.curves[3].points.new(0.4, 0.7)
    mapping.curves[0].points[0].location = (0.0, 0.2)
    mapping.update()
    before = curves(settings.view_settings)
    send(connected)
    assert settings.view_settings.use_curve_mapping
    assert curves(settings.view_settings) == before
    assert len(before[3]) == 3


def test_a_render_is_seen_through_the_scenes_curves(tmp_path: Path, connected: Emulator) -> None:
    render("Standard")
    plain = placed(send(connected), newest_job().crop)
    view = current_scene().view_settings
    view.use_curve_mapping = True
    view.curve_mapping.curves[3].points[1].location = (1.0, 0.5)
    view.curve_mapping.update()
    assert OPS.trellis2.generate_render(**SMALL) == {"FINISHED"}
    tick_until(lambda: connected.paid == 2 and newest_job().is_prepared)
    from tests.blender.pictures import sent

    seen = placed(sent(connected), newest_job().crop)
    assert (seen[..., 3] == plain[..., 3]).all()
    assert abs(seen - plain).max() > 40
    by_hand = pixels(saved_by_hand(tmp_path / "seen.png"))
    assert (seen[seen[..., 3] > 0] == by_hand[seen[..., 3] > 0]).all()


def test_another_display_changes_nothing_in_what_is_sent(connected: Emulator) -> None:
    render("Standard")
    seen = placed(send(connected), newest_job().crop)
    floats = image(colours, float_buffer=True)(None)  # type: ignore[arg-type]  # it writes no file
    of_image = send_image(connected, floats)
    scene = current_scene()
    scene.display_settings.display_device = OTHER_DISPLAY
    scene.view_settings.view_transform = "Standard"
    before = scene.render.image_settings.color_management
    again = send_image(connected, floats)
    paid = connected.paid
    assert OPS.trellis2.generate_render(**SMALL) == {"FINISHED"}
    tick_until(lambda: connected.paid > paid and newest_job().is_prepared)
    from tests.blender.pictures import sent

    assert abs(placed(sent(connected), newest_job().crop) - seen).max() <= 1
    assert (again == of_image).all()
    assert scene.display_settings.display_device == OTHER_DISPLAY
    assert scene.render.image_settings.color_management == before


def test_view_as_render_gives_an_image_the_scenes_view(tmp_path: Path, connected: Emulator) -> None:
    floats = image(colours, float_buffer=True)(tmp_path)
    scene = current_scene()
    scene.view_settings.view_transform, scene.view_settings.exposure = "AgX", 0.5
    plain = send_image(connected, floats)
    assert abs(plain[..., :3] - colours()).max() <= 1
    floats.use_view_as_render = True
    seen = send_image(connected, floats)
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_mode, settings.color_depth = "PNG", "RGB", "8"
    floats.save_render(str(tmp_path / "by hand.png"), scene=scene)
    assert (seen == pixels((tmp_path / "by hand.png").read_bytes())).all()
    assert abs(seen - plain).max() > 20


def test_a_float_image_whose_alpha_is_packed_keeps_its_colours(tmp_path: Path, connected: Emulator) -> None:
    packed: Any = bpy.data.images.new("packed", 64, 64, alpha=True, float_buffer=True)
    packed.alpha_mode = "CHANNEL_PACKED"
    values = np.full((64, 64, 4), 0.25, np.float32)
    values[..., 3] = 0.9
    packed.pixels.foreach_set(values.ravel())
    packed.update()
    seen = send_image(connected, packed)
    middle = seen[len(seen) // 2, len(seen) // 2]
    assert abs(middle - [137, 137, 137, 230]).max() <= 1  # sRGB (IEC 61966-2-1) shows 0.25 as 137, not 0.25 / 0.9


@pytest.mark.parametrize(("across", "down"), [(2, 1), (1, 2)])
def test_a_render_with_pixels_that_are_not_square_gets_square_ones(connected: Emulator, across: int, down: int) -> None:
    current_scene().render.pixel_aspect_x, current_scene().render.pixel_aspect_y = across, down
    render("Standard")
    send(connected)
    assert newest_job().crop[4:] == (96 * across, 96 * down)
