"""What the model sees, in the panel: by a second Blender that is really started."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender import noted
from tests.blender.drawing import draw
from tests.blender.interface.test_drawing_speed import Mute, best
from tests.blender.looks import SIDE, choose, key_of, look, render, seen, shown, subject
from tests.blender.pictures import picture_file
from tests.blender.working import OPS, tick_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def look_again() -> Any:
    """Click on the button that looks again."""
    return OPS.trellis2.look_again()


def views(addon: Any) -> list[str]:
    """The names of the icons that show what the model sees."""
    return [name for name in noted.icons() if name.startswith(addon.preview_requests.icons.VIEW)]


def test_the_panel_shows_what_the_model_sees(tmp_path: Path, addon: Any) -> None:
    choose(picture_file(tmp_path, pixels=subject()))
    assert "Looking at the picture" in draw(addon.panels.TRELLIS2_PT_generate).text
    assert look(addon).view.concerns == ()
    page = draw(addon.panels.TRELLIS2_PT_generate)
    assert "Looking at the picture" not in page.text
    assert len(page.pictures) == 1
    preview = noted.icons()[views(addon)[0]]
    assert tuple(preview.image_size) == (SIDE, SIDE)
    assert preview.image_pixels_float[4 * (SIDE * 20 + 128)] == pytest.approx(1.0)
    assert not addon.session.previews().is_busy


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
        (np.pad(subject(120), ((300, 300), (300, 300), (0, 0))), "is tiny", "Crop the picture"),
        (np.pad(subject(60), ((300, 300), (300, 300), (0, 0))), "only 30 pixels large", "Choose a larger picture"),
        (np.zeros((300, 300, 4), np.uint8), "transparent", "Choose another picture"),
        (subject(200), "smaller than 256 pixels", "Use a larger one"),
    ],
    ids=["no alpha", "border", "tiny", "too small", "empty", "small"],
)
def test_each_warning_is_said_with_its_remedy(tmp_path: Path, addon: Any, pixels: Any, words: str, remedy: str) -> None:
    choose(picture_file(tmp_path, pixels=pixels))
    look(addon)
    said = draw(addon.panels.TRELLIS2_PT_generate).text
    assert words in said
    assert remedy in said


def test_a_small_picture_of_a_tiny_subject_gets_one_warning_about_its_size(tmp_path: Path, addon: Any) -> None:
    choose(picture_file(tmp_path, pixels=np.pad(subject(80), ((60, 60), (60, 60), (0, 0)))))
    look(addon)
    said = draw(addon.panels.TRELLIS2_PT_generate).text
    assert "smaller than 256 pixels" in said
    assert "is tiny" not in said


def test_a_file_that_cannot_be_read_is_told_in_the_panel(tmp_path: Path, addon: Any) -> None:
    choose(tmp_path / "gone.png")
    assert look(addon).view is None
    page = draw(addon.panels.TRELLIS2_PT_generate)
    assert "“gone.png” is gone" in page.text
    assert ("trellis2.use_file", "Change Picture", {}) in page.operators


def test_another_picture_takes_the_place_of_the_one_before(
    tmp_path: Path, addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon.preview, "RECENT_SECONDS", 0.0)
    for colour in ((255, 0, 0), (0, 0, 255)):
        choose(picture_file(tmp_path, f"{colour}.png", subject(colour=colour)))
        assert shown(look(addon).view)[-20, 128, :3].tolist() == list(colour)
        assert len(views(addon)) == 1


def test_an_answer_about_a_picture_that_is_not_chosen_any_more_is_left_aside(tmp_path: Path, addon: Any) -> None:
    choose(picture_file(tmp_path, "first.png", subject()))
    draw(addon.panels.TRELLIS2_PT_generate)
    addon.preview_requests.fulfil()
    choose(picture_file(tmp_path, "second.png", subject(colour=(0, 255, 0))))
    assert shown(look(addon).view)[-20, 128, :3].tolist() == [0, 255, 0]
    assert not addon.session.previews().is_busy


def test_a_changed_file_is_seen_when_asked_for(tmp_path: Path, addon: Any) -> None:
    path = picture_file(tmp_path, pixels=subject())
    choose(path)
    look(addon)
    picture_file(tmp_path, pixels=subject(colour=(0, 255, 0)))
    assert look_again() == {"FINISHED"}
    assert shown(look(addon).view)[-20, 128, :3].tolist() == [0, 255, 0]


def test_a_render_is_seen_after_it_is_done_and_its_file_is_gone_then(addon: Any) -> None:
    scene: Any = bpy.context.scene
    scene.trellis2.source = "RENDER"
    assert "F12" in draw(addon.panels.TRELLIS2_PT_generate).text
    assert addon.session.previews() is None, "nothing was rendered, and yet something was started"
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
    monkeypatch.setattr(addon.render, "PIXELS_UNASKED", 100)
    scene: Any = bpy.context.scene
    scene.trellis2.source = "RENDER"
    render(scene)
    seen = look(addon)
    assert (seen.view, seen.error) == (None, "")
    page = draw(addon.panels.TRELLIS2_PT_generate)
    assert ("trellis2.look_again", "Look at the Render", {}) in page.operators
    assert look_again() == {"FINISHED"}
    assert look(addon).view is not None


def test_sidebars_side_by_side_may_show_different_pictures(
    tmp_path: Path, addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Any] = []
    make_preview = addon.preview.make_preview

    def noted(*given: Any) -> Any:
        looked.append(given)
        return make_preview(*given)

    monkeypatch.setattr(addon.preview, "make_preview", noted)
    scenes: list[Any] = [bpy.context.scene, bpy.data.scenes.new("Werkstatt")]
    for number, scene in enumerate(scenes):
        picture = picture_file(tmp_path, f"{number}.png", subject())
        scene.trellis2.source, scene.trellis2.filepath = "FILE", str(picture)
    for _ in range(3):
        shown_now = []
        for scene in scenes:
            surroundings = SimpleNamespace(scene=scene, area=None, screen=None)
            shown_now.append(
                addon.preview_requests.view_of(addon.chosen_picture.preview_key(surroundings, scene.trellis2))
            )
            addon.preview_requests.fulfil()
        tick_until(lambda: not addon.session.previews().is_busy)
    assert all(seen.view is not None for seen in shown_now)
    assert len(looked) == 2


def test_an_answer_to_an_older_look_at_the_same_picture_is_left_aside(addon: Any) -> None:
    previews = addon.preview.Previews(SimpleNamespace(compute=lambda _work: None), None, lambda _sentence: None)
    key = ("FILE", "chair.png")
    for _ in range(2):
        previews.request(key, addon.picture_file.ChosenPicture("chair.png"))
    previews.receive(addon.runner_messages.PreviewReady(key, 1, error="older"))
    assert (previews.shown[key].answer, previews.is_busy) == (None, True)
    previews.receive(addon.runner_messages.PreviewReady(key, 2, error="newer"))
    assert (previews.shown[key].answer.error, previews.is_busy) == ("newer", False)


def test_while_a_render_runs_the_look_at_it_waits(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scene: Any = bpy.context.scene
    scene.trellis2.source = "RENDER"
    render(scene)
    with monkeypatch.context() as patch:
        patch.setattr(addon.render, "is_rendering", lambda: True)
        draw(addon.panels.TRELLIS2_PT_generate)
        addon.preview_requests.fulfil()
        assert addon.session.state().previews.key, "it is not tried again"
        assert "Looking at the picture" in draw(addon.panels.TRELLIS2_PT_generate).text
    addon.preview_requests.fulfil()
    assert not addon.session.state().previews.key
    assert look(addon).view is not None


def test_a_look_that_was_asked_for_while_a_render_ran_comes_after_it(
    addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon.render, "PIXELS_UNASKED", 100)
    scene: Any = bpy.context.scene
    scene.trellis2.source = "RENDER"
    render(scene)
    with monkeypatch.context() as patch:
        patch.setattr(addon.render, "is_rendering", lambda: True)
        assert look_again() == {"FINISHED"}
        addon.preview_requests.fulfil()
        assert addon.session.state().previews.key
    addon.preview_requests.fulfil()
    assert not addon.session.state().previews.key
    assert look(addon).view is not None


def test_each_scene_and_each_slot_has_a_render_of_its_own(addon: Any) -> None:
    scene: Any = bpy.context.scene
    scene.trellis2.source = "RENDER"
    render(scene)
    assert look(addon).view is not None
    first = key_of(addon)
    result: Any = bpy.data.images["Render Result"]
    result.render_slots.active_index = 1
    assert key_of(addon) != first
    result.render_slots.active_index = 0
    assert key_of(addon) == first
    other: Any = bpy.data.scenes.new("Werkstatt")
    other.trellis2.source = "RENDER"
    assert bpy.context.window is not None
    bpy.context.window.scene = other
    assert look(addon).error.startswith("There is no render yet.")
    assert "render.render" in draw(addon.panels.TRELLIS2_PT_generate).operator_ids


def test_a_background_in_spite_of_a_transparent_film_is_told_without_the_button_for_that(addon: Any) -> None:
    scene: Any = bpy.context.scene
    scene.trellis2.source = "RENDER"
    render(scene)
    scene.render.film_transparent = True
    look(addon)
    page = draw(addon.panels.TRELLIS2_PT_generate)
    assert "though the film is transparent. Render again (F12), or hide" in page.text
    assert "trellis2.make_film_transparent" not in page.operator_ids


@pytest.mark.parametrize(
    ("source", "label", "error"),
    [
        ("VIEWPORT", "Look at the View", "There is no viewport without a window."),
        ("CLIPBOARD", "Look at the Clipboard", "There is no clipboard without a window."),
        ("CAMERA", "Look Through the Camera", "The scene has no camera."),
    ],
)
def test_what_is_made_at_the_click_is_looked_at_when_asked_for(addon: Any, source: str, label: str, error: str) -> None:
    scene: Any = bpy.context.scene
    scene.trellis2.source = source
    page = draw(addon.panels.TRELLIS2_PT_generate)
    assert ("trellis2.look_again", label, {}) in page.operators
    assert "when you generate" in page.text
    assert addon.session.previews() is None, "something was started, though nobody asked for it"
    assert look_again() == {"FINISHED"}
    assert seen(addon).error.startswith(error)
    assert error in draw(addon.panels.TRELLIS2_PT_generate).text


def test_a_look_through_the_camera_shows_what_stands_before_it_and_leaves_nothing(addon: Any) -> None:
    scene: Any = bpy.context.scene
    bpy.ops.mesh.primitive_cube_add(size=3)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location.z = 20
    scene.collection.objects.link(camera)
    scene.camera, scene.trellis2.source = camera, "CAMERA"
    assert look_again() == {"FINISHED"}
    assert not addon.camera.is_under_way(), "a look keeps the artist from generating"
    tick_until(lambda: seen(addon) is not None)
    assert (seen(addon).error, seen(addon).view.concerns) == ("", ())
    assert shown(seen(addon).view)[128, 128].tolist() != shown(seen(addon).view)[0, 0].tolist()
    page = draw(addon.panels.TRELLIS2_PT_generate)
    assert "how it looked when you asked" in page.text
    assert len(page.pictures) == 1
    assert list((addon.session.jobs_root() / ".incoming").iterdir()) == []
    assert not addon.camera.is_under_way()


def test_giving_the_panel_its_pixels_takes_no_time(addon: Any) -> None:
    pixels = bytes(SIDE * SIDE * 4)
    assert best(lambda: addon.preview_requests.icons.show_view(("FILE", "chair.png"), pixels, SIDE)) < 0.002


def test_drawing_the_preview_takes_no_time(addon: Any, tmp_path: Path) -> None:
    choose(picture_file(tmp_path, pixels=subject()))
    look(addon)
    panel = addon.generate_panel
    surroundings = SimpleNamespace(
        scene=bpy.context.scene,
        region=SimpleNamespace(width=300, height=900),
        preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)),
    )
    scene: Any = bpy.context.scene
    assert best(lambda: panel.draw_preview(Mute(), surroundings, scene.trellis2)) < 0.0005


def test_every_concern_has_a_sentence(addon: Any) -> None:
    assert set(addon.generate_panel.SENTENCES) == {concern.value for concern in addon.preview_client.Concern}
