"""What the model sees of an image that is open in Blender: the very picture that would be sent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.drawing import draw
from tests.blender.looks import look, render, shown, subject
from tests.blender.picture.test_source_image import frames
from tests.blender.pictures import linear_exr, picture_file, pixels, sent
from tests.blender.untouched import untouched
from tests.blender.working import OPS, SMALL, tick_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from emulator import Emulator

RED, BLUE = (255, 0, 0), (0, 0, 255)
ASKS: tuple[str, str, dict[str, Any]] = ("trellis2.look_again", "Look at the Image", {})


def painted(picture: Any, **options: Any) -> Any:
    """An image with these pixels, (height, width, 4) uint8 with the top row first, that was never saved."""
    height, width = picture.shape[:2]
    image: Any = bpy.data.images.new("Tür", width, height, alpha=True, **options)
    image.pixels.foreach_set((picture[::-1].astype(np.float32) / 255).ravel())
    image.update()
    return image


def choose(image: Any) -> Any:
    """Choose the image in the panel."""
    scene: Any = bpy.context.scene
    scene.trellis2.source, scene.trellis2.image = "IMAGE", image
    return image


def colour(addon: Any) -> Any:
    """What stands in the lower half of what the model sees."""
    return tuple(shown(look(addon).view)[-20, 128, :3].tolist())


def asks(addon: Any) -> Any:
    """Whether the panel asks before it looks, having found out how long it would take."""
    seen = look(addon)
    asks = ASKS in draw(addon.panels.TRELLIS2_PT_generate).operators
    assert asks == (seen.view is None and not seen.error)
    return asks


def saved(folder: Path) -> Any:
    return bpy.data.images.load(str(picture_file(folder, pixels=subject())))


def packed(folder: Path) -> Any:
    image = saved(folder)
    image.pack()
    (folder / "chair.png").unlink()
    return image


def generated(_folder: Path) -> Any:
    image: Any = bpy.data.images.new("grid", 300, 300)
    image.generated_color = (1, 0, 0, 1)
    return image


def floats(folder: Path) -> Any:
    linear = np.zeros((400, 400, 4), np.float32)
    linear[100:300, 100:300] = (1, 0, 0, 1)
    return bpy.data.images.load(str(linear_exr(folder / "floats.exr", linear)))


@pytest.mark.parametrize("kind", [saved, packed, generated, lambda _: painted(subject())], ids="spgd")
@pytest.mark.usefixtures("cold")
def test_any_open_image_is_seen_at_once(tmp_path: Path, addon: Any, session: Any, kind: Callable[[Path], Any]) -> None:
    image = choose(kind(tmp_path))
    with untouched(tmp_path, session):
        assert colour(addon) == RED
    assert addon.session.previews().client.background.process_id is None, "a second Blender was started for it"
    assert image.name in bpy.data.images
    assert list(addon.session.jobs_root().glob(".incoming/*")) == []


def test_a_float_image_is_seen_as_it_looks(tmp_path: Path, addon: Any) -> None:
    values = np.zeros((400, 400, 4), np.float32)
    values[100:300, 100:300] = (0.25, 0, 0, 1)
    image: Any = bpy.data.images.new("floats", 400, 400, alpha=True, float_buffer=True)
    image.pixels.foreach_set(values.ravel())
    choose(image)
    assert colour(addon) == (137, 0, 0)  # as sRGB shows 0.25 (IEC 61966-2-1)
    choose(floats(tmp_path))
    assert colour(addon) == RED, "its file's first bytes tell its size"


def test_what_was_painted_is_seen_without_a_click_and_again_with_one(tmp_path: Path, addon: Any) -> None:
    image = choose(saved(tmp_path))
    assert colour(addon) == RED
    for hue, again in ((BLUE, False), (RED, True)):
        image.pixels.foreach_set((subject(colour=hue)[::-1].astype(np.float32) / 255).ravel())
        if again:
            assert colour(addon) == BLUE, "each stroke was looked at"
            assert OPS.trellis2.look_again() == {"FINISHED"}
        assert colour(addon) == hue


def test_another_image_takes_the_place_of_the_one_before(addon: Any) -> None:
    for hue in (RED, BLUE):
        choose(painted(subject(colour=hue)))
        assert colour(addon) == hue


def test_what_the_model_sees_is_computed_from_the_bytes_that_are_sent(addon: Any, connected: Emulator) -> None:
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (2048, 1100, 4)).astype(np.uint8)
    picture[:700] = 0
    choose(painted(picture))
    seen = look(addon)
    assert OPS.trellis2.generate_open_image(**SMALL) == {"FINISHED"}
    tick_until(lambda: connected.paid)
    assert sent(connected) == seen.prepared.data
    assert pixels(seen.prepared.data).shape == (1024, 1024, 4)


@pytest.mark.parametrize(
    ("size", "words"), [(2000, ""), (280, ""), (250, "smaller than 256 pixels")], ids=["large", "enough", "small"]
)
def test_the_warnings_are_those_of_the_full_picture(addon: Any, size: int, words: str) -> None:
    choose(painted(subject(size)))
    concerns = look(addon).view.concerns
    assert ("small" in concerns) == bool(words)
    assert ("tiny" in concerns) == (size < 256)
    assert words in draw(addon.panels.TRELLIS2_PT_generate).text


def test_a_single_clear_pixel_of_a_large_image_makes_its_alpha_the_mask(addon: Any) -> None:
    opaque = np.full((1500, 1500, 4), 255, np.uint8)
    choose(painted(opaque))
    assert "no_alpha" in look(addon).view.concerns
    opaque[701, 333, 3] = 0
    choose(painted(opaque))
    assert "no_alpha" not in look(addon).view.concerns


def test_a_large_image_is_only_seen_when_asked_for(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addon.preview, "RECENT_SECONDS", 0.0)
    large: Any = choose(bpy.data.images.new("large", 2304, 2048))
    large.generated_color = (1, 0, 0, 1)
    assert asks(addon)
    assert not large.has_data, "it was made nevertheless"
    assert OPS.trellis2.look_again() == {"FINISHED"}
    assert colour(addon) == RED
    assert not asks(addon)
    choose(painted(subject(colour=BLUE)))
    assert colour(addon) == BLUE
    choose(large)
    assert asks(addon), "it was asked for before, but not now"


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_large_file_that_blender_has_not_read_is_only_read_when_asked_for(
    tmp_path: Path, addon: Any, *, is_packed: bool
) -> None:
    image: Any = bpy.data.images.load(str(picture_file(tmp_path, pixels=subject(1200))))
    if is_packed:
        image.pack()
    choose(image)
    assert not image.has_data
    assert asks(addon)
    assert not image.has_data
    assert OPS.trellis2.look_again() == {"FINISHED"}
    assert colour(addon) == RED
    assert image.has_data
    choose(painted(subject()))
    assert colour(addon) == RED
    choose(image)
    assert not asks(addon), "it is read, and small enough to be taken out at once"


def test_each_frame_of_a_sequence_is_seen_when_asked_for(tmp_path: Path, addon: Any) -> None:
    image = choose(bpy.data.images.load(str(frames(tmp_path))))
    image.source = "SEQUENCE"
    scene: Any = bpy.context.scene
    for frame in (2, 3):
        scene.frame_set(frame)
        assert asks(addon)
        assert OPS.trellis2.look_again() == {"FINISHED"}
        assert colour(addon) == (frame * 50, 7, 7)


def test_the_first_tile_is_seen_at_once(addon: Any) -> None:
    image: Any = choose(bpy.data.images.new("wall", 300, 300, tiled=True, alpha=True))
    image.pixels.foreach_set(np.tile(np.array([1, 0, 0, 1], np.float32), 300 * 300))
    image.update()
    assert colour(addon) == RED
    image.tiles.new(1002)
    image.tiles.active_index = 1
    assert asks(addon)


def test_the_chosen_tile_is_seen_when_asked_for(tmp_path: Path, addon: Any) -> None:
    for number, hue in ((1001, RED), (1002, BLUE)):
        picture_file(tmp_path, f"wall.{number}.png", subject(colour=hue))
    image: Any = choose(bpy.data.images.load(str(tmp_path / "wall.1001.png")))
    image.source, image.filepath = "TILED", str(tmp_path / "wall.<UDIM>.png")
    if image.tiles.get(1002) is None:
        image.tiles.new(1002)
    image.tiles.active_index = 1
    assert asks(addon)
    assert OPS.trellis2.look_again() == {"FINISHED"}
    assert colour(addon) == BLUE
    image.tiles.active_index = 0
    assert colour(addon) == RED


def test_an_image_that_holds_nothing_is_told_in_the_words_of_the_click(tmp_path: Path, addon: Any) -> None:
    image = choose(saved(tmp_path))
    (tmp_path / "chair.png").unlink()
    assert asks(addon)
    assert OPS.trellis2.look_again() == {"FINISHED"}
    assert look(addon).error == f"The image “{image.name}” holds no picture. Reload it, or choose another image."
    assert look(addon).error in draw(addon.panels.TRELLIS2_PT_generate).text


def test_an_image_that_was_removed_meanwhile_is_told(addon: Any) -> None:
    image = choose(painted(subject()))
    draw(addon.panels.TRELLIS2_PT_generate)
    bpy.data.images.remove(image)
    addon.preview_requests.fulfil()
    (look,) = addon.session.previews().shown.values()
    assert look.answer.error == "The image is gone. Choose another one."


def test_without_an_image_the_panel_asks_for_one(addon: Any) -> None:
    choose(None)
    assert "Choose an image to see it here." in draw(addon.panels.TRELLIS2_PT_generate).text


def test_the_render_can_be_the_open_image(addon: Any) -> None:
    render(bpy.context.scene)
    result: Any = bpy.data.images.get("Render Result")
    choose(result)
    assert "no_alpha" in look(addon).view.concerns


@pytest.mark.parametrize("source", ["VIEWPORT", "CAMERA", "CLIPBOARD"])
def test_a_picture_that_is_made_at_the_click_shows_none_before(addon: Any, source: str) -> None:
    choose(painted(subject()))
    look(addon)
    scene: Any = bpy.context.scene
    scene.trellis2.source = source
    page = draw(addon.panels.TRELLIS2_PT_generate)
    assert "when you generate" in page.text
    assert page.pictures == []


def test_finding_the_largest_image_that_is_not_asked_about_takes_no_time(addon: Any) -> None:
    image: Any = choose(bpy.data.images.new("large", 2048, 2048))
    assert image.size[:] == (2048, 2048)
    assert image.has_data
    scene: Any = bpy.context.scene
    key = addon.chosen_picture.preview_key(bpy.context, scene.trellis2)
    spent = []
    for _ in range(5):
        begun = time.thread_time()
        addon.chosen_picture.picture_to_preview(key, is_asked=False)
        spent.append(time.thread_time() - begun)
    assert min(spent) < 0.1, spent
