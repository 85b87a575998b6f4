"""What the model sees, in the panel: by a second Blender that is really started."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.drawing import draw
from tests.blender.looks import SIDE, choose, look, render, shown, subject
from tests.blender.pictures import picture_file
from tests.blender.test_drawing_speed import Mute, best

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_panel_shows_what_the_model_sees(tmp_path: Path, addon: Any) -> None:
    choose(picture_file(tmp_path, pixels=subject()))
    assert "Looking at the picture" in draw(addon.panels.TRELLIS2_PT_generate).text
    assert look(addon).view.concerns == ()
    page = draw(addon.panels.TRELLIS2_PT_generate)
    assert "Looking at the picture" not in page.text
    assert len(page.pictures) == 1
    preview = addon.looking.icons._collection[0]["view"]
    assert tuple(preview.image_size) == (SIDE, SIDE)
    assert preview.image_pixels_float[4 * (SIDE * 20 + 128)] == pytest.approx(1.0)
    assert not addon.session.sight().is_busy


@pytest.mark.parametrize("scale", [200, 300, 500])
def test_the_panel_fits_its_width(tmp_path: Path, addon: Any, scale: int) -> None:
    choose(picture_file(tmp_path, pixels=subject()))
    look(addon)
    assert draw(addon.panels.TRELLIS2_PT_generate, width=scale).scales[0] * 20 < scale - 20


@pytest.mark.parametrize(
    ("pixels", "words", "remedy"),
    [
        (np.full((300, 300, 3), 90, np.uint8), "removed on the server", "Cut out the subject"),
        (subject()[100:], "touches the border", "Leave some room"),
        (np.pad(subject(60), ((300, 300), (300, 300), (0, 0))), "is tiny", "Crop the picture"),
        (np.zeros((300, 300, 4), np.uint8), "transparent", "Choose another picture"),
        (subject(200), "smaller than 256 pixels", "Use a larger one"),
    ],
    ids=["no alpha", "border", "tiny", "empty", "small"],
)
def test_each_warning_is_said_with_its_remedy(tmp_path: Path, addon: Any, pixels: Any, words: str, remedy: str) -> None:
    choose(picture_file(tmp_path, pixels=pixels))
    look(addon)
    said = draw(addon.panels.TRELLIS2_PT_generate).text
    assert words in said
    assert remedy in said


def test_a_file_that_cannot_be_read_is_told_in_the_panel(tmp_path: Path, addon: Any) -> None:
    choose(tmp_path / "gone.png")
    assert look(addon).view is None
    assert "“gone.png” is gone" in draw(addon.panels.TRELLIS2_PT_generate).text


def test_another_picture_takes_the_place_of_the_one_before(tmp_path: Path, addon: Any) -> None:
    for colour in ((255, 0, 0), (0, 0, 255)):
        choose(picture_file(tmp_path, f"{colour}.png", subject(colour=colour)))
        assert shown(look(addon).view)[-20, 128, :3].tolist() == list(colour)
    assert list(addon.looking.icons._collection[0]) == ["view"]


def test_an_answer_about_a_picture_that_is_not_chosen_any_more_is_left_aside(tmp_path: Path, addon: Any) -> None:
    choose(picture_file(tmp_path, "first.png", subject()))
    draw(addon.panels.TRELLIS2_PT_generate)
    addon.looking.fulfil()
    choose(picture_file(tmp_path, "second.png", subject(colour=(0, 255, 0))))
    assert shown(look(addon).view)[-20, 128, :3].tolist() == [0, 255, 0]
    assert not addon.session.sight().is_busy


def test_a_changed_file_is_seen_when_asked_for(tmp_path: Path, addon: Any) -> None:
    path = picture_file(tmp_path, pixels=subject())
    choose(path)
    look(addon)
    picture_file(tmp_path, pixels=subject(colour=(0, 255, 0)))
    look_again: Callable[[], object] = bpy.ops.trellis2.look_again  # type: ignore[attr-defined]  # not in the stubs
    assert look_again() == {"FINISHED"}
    assert shown(look(addon).view)[-20, 128, :3].tolist() == [0, 255, 0]


def test_a_render_is_seen_after_it_is_done_and_its_file_is_gone_then(addon: Any) -> None:
    scene: Any = bpy.context.scene
    scene.trellis2.source = "RENDER"
    assert "F12" in draw(addon.panels.TRELLIS2_PT_generate).text
    assert addon.session.sight() is None, "nothing was rendered, and yet something was started"
    render(scene)
    view = look(addon).view
    assert "no_alpha" in view.concerns
    assert list((addon.session.jobs_root() / ".incoming").iterdir()) == []
    page = draw(addon.panels.TRELLIS2_PT_generate)
    assert "trellis2.make_film_transparent" in page.operator_ids
    transparent: Callable[[], object] = bpy.ops.trellis2.make_film_transparent  # type: ignore[attr-defined]  # as above
    assert transparent() == {"FINISHED"}
    assert scene.render.film_transparent
    render(scene)
    assert look(addon).error.startswith("All of it is transparent")


def test_a_large_render_is_only_seen_when_asked_for(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addon.chosen_picture, "PIXELS_UNASKED", 100)
    scene: Any = bpy.context.scene
    scene.trellis2.source = "RENDER"
    render(scene)
    seen = look(addon)
    assert (seen.view, seen.error) == (None, "")
    page = draw(addon.panels.TRELLIS2_PT_generate)
    assert ("trellis2.look_again", "Look at the Render", {}) in page.operators
    look_again: Callable[[], object] = bpy.ops.trellis2.look_again  # type: ignore[attr-defined]  # as above
    assert look_again() == {"FINISHED"}
    assert look(addon).view is not None


def test_giving_the_panel_its_pixels_takes_no_time(addon: Any) -> None:
    pixels = bytes(SIDE * SIDE * 4)
    assert best(lambda: addon.looking.icons.show_view(pixels, SIDE)) < 0.002


def test_drawing_the_preview_takes_no_time(addon: Any, tmp_path: Path) -> None:
    choose(picture_file(tmp_path, pixels=subject()))
    look(addon)
    panel = addon.panels.generate_panel
    surroundings = SimpleNamespace(
        region=SimpleNamespace(width=300), preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0))
    )
    scene: Any = bpy.context.scene
    assert best(lambda: panel.draw_preview(Mute(), surroundings, scene.trellis2)) < 0.0005
