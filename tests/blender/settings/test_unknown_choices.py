"""Settings that Blender's interface would not take, from a later version's file or a preset: nothing breaks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.drawing import draw
from tests.blender.pictures import picture_file
from tests.blender.priced import open_panel, settle
from tests.blender.working import OPS, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

CHOICES = ["source", "preset", "camera_engine", "place", "collection", "textures", "resolution", "texture_size"]


def chosen() -> Any:
    """The scene's settings."""
    scene: Any = bpy.context.scene
    return scene.trellis2


def hold(name: str, number: int) -> None:
    """Put the number of a choice into the settings as a file does, past what Blender's interface would take."""
    stored: Any = chosen()
    if bpy.app.version >= (5, 0, 0):
        stored = stored.bl_system_properties_get(do_create=True)
    stored[name] = number
    assert getattr(chosen(), name) == ""


@pytest.mark.parametrize("name", CHOICES)
def test_an_opened_file_with_an_unknown_choice_has_the_usual_one(tmp_path: Path, addon: Any, name: str) -> None:
    usual = getattr(chosen(), name)
    hold(name, 77)
    chosen().variations = 3
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "later.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "later.blend"))
    assert (getattr(chosen(), name), chosen().variations) == (usual, 3)
    for panel in (addon.panels.TRELLIS2_PT_generate, *addon.panels.PARAMETER_PANELS):
        draw(panel)


def test_an_unknown_choice_that_came_another_way_stops_neither_the_price_nor_the_jobs(
    tmp_path: Path, addon: Any, connected: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon.prices, "REST_SECONDS", 0.0)
    open_panel(addon)
    hold("resolution", 77)
    settle(addon)
    said = refusal(lambda: OPS.trellis2.generate_image(filepath=str(picture_file(tmp_path))))
    assert said.startswith("Resolution must be one of 512, 1024, 1536, not 0.")
    OPS.trellis2.use_preset(preset="STANDARD")
    assert settle(addon) == "Generate · 7.25 CU"
    assert connected.paid == 0


def test_what_is_no_number_is_not_asked_for_with_every_redraw(
    addon: Any, connected: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon.prices, "REST_SECONDS", 0.0)
    open_panel(addon)
    chosen().ss_guidance_rescale = math.nan
    assert math.isnan(chosen().ss_guidance_rescale)
    assert settle(addon) == "Generate"
    assert not addon.session.running().prices.is_busy
