# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the picture comes from; whatever it is, nothing of the artist's is touched for it."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.addon import module_name
from tests.gui.artist import BROWSER, Artist

if TYPE_CHECKING:
    from collections.abc import Iterator

UNDER_WAY = f"__import__('sys').modules[{module_name('camera')!r}].is_under_way()"
FLOOR = (100, 100, 400, 300)  # a part of the window in which nothing but the viewport's grid is seen
SLOWLY = """
scene.render.engine, scene.cycles.device, scene.cycles.samples = "CYCLES", "CPU", {samples}
scene.cycles.use_adaptive_sampling = scene.cycles.use_denoising = False
"""
PAINTED = """
image = bpy.data.images.new("Painted", 100, 100, alpha=True)
image.pixels = [
    value
    for row in range(100)
    for column in range(100)
    for value in ((0.2, 0.6, 0.4, 1.0) if 20 <= row < 80 and 20 <= column < 80 else (0.0, 0.0, 0.0, 0.0))
]
"""
BELONGINGS = """
scene = context.scene
bpy.data.images["Render Result"].save_render({render!r})
[
    [
        [spec.identifier, repr(getattr(block, spec.identifier))]
        for block in (scene.render, scene.render.image_settings, scene.view_settings)
        for spec in block.bl_rna.properties
        if spec.type not in ("POINTER", "COLLECTION")
    ],
    sorted([image.name, image.source, image.filepath, image.is_dirty, *image.size] for image in bpy.data.images),
    sorted(bpy.data.scenes.keys()),
    [space.overlay.show_overlays for space in Place.find("VIEW_3D", "WINDOW").area.spaces],
]
"""


def subject_of(path: Path) -> Image.Image:
    """The part of the picture in which something is to be seen."""
    with Image.open(path) as picture:
        return picture.crop(picture.getbbox())


@contextmanager
def background_blenders_stand_still(artist: Artist) -> Iterator[None]:
    """Let nothing that they do end within the block, however slowly the artist clicks."""
    processes, found = [artist.process.pid], list[int]()
    while processes:
        for children in Path(f"/proc/{processes.pop()}/task").glob("*/children"):
            of_one = [int(process) for process in children.read_text(encoding="ascii").split()]
            processes += of_one
            found += of_one
    assert found
    for process in found:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:  # or they would stand still for ever
        for process in found:
            os.kill(process, signal.SIGCONT)


def belongings(artist: Artist) -> tuple[object, bytes]:
    """How the artist has set the render, which images and scenes there are, if overlays are shown, and the render."""
    render = artist.folder / "render.png"
    return artist.run(BELONGINGS.format(render=str(render))), render.read_bytes()


@pytest.mark.parametrize("job_seconds", [5.0])
def test_the_viewport_is_sent_without_overlays_and_background(artist: Artist) -> None:
    artist.renders()
    artist.chooses_source("VIEWPORT")
    floor, before = artist.picture(FLOOR), belongings(artist)
    artist.click("trellis2.generate_viewport")
    artist.waits_for("running")
    artist.move_away()
    assert artist.picture(FLOOR).tobytes() == floor.tobytes()
    assert belongings(artist) == before
    with Image.open(artist.sent_picture()) as sent:
        alpha = sent.getchannel("A")
    left, upper, right, lower = alpha.getbbox() or (0, 0, 0, 0)
    # The cube alone, as large as can be: with the grid, or the outlines of lamp and camera, it would be small in it.
    assert 700 < max(right - left, lower - upper) <= 1024
    assert alpha.histogram()[255] > 0.35 * alpha.width * alpha.height
    assert alpha.getpixel(((left + right) // 2, (upper + lower) // 2)) == 255
    artist.waits_for("imported")


def test_selected_only_shows_the_selection_alone_and_leaves_undo_and_visibility_alone(artist: Artist) -> None:
    artist.run(
        "bpy.ops.mesh.primitive_cube_add(size=2, location=(0, 0, 6))\n"
        "bpy.data.objects['Cube.001'].select_set(False)\n"
        "bpy.data.objects['Cube'].select_set(True)\n"
        "bpy.ops.ed.undo_push(message='Before')"
    )
    artist.chooses_source("VIEWPORT")
    artist.click("trellis2.selected_only")
    artist.until(f"{artist.SETTINGS}.selected_only")
    artist.run("bpy.ops.ed.undo_push(message='Set')")
    state = "[[thing.name, thing.hide_get(), thing.select_get()] for thing in bpy.data.objects]"
    before, floor = artist.run(state), artist.picture(FLOOR)
    artist.click("trellis2.generate_viewport")
    artist.waits_for("imported")
    after = [each for each in artist.run(state) if each[0] in ("Cube", "Cube.001", "Light", "Camera")]
    assert [each[:2] for each in after] == [each[:2] for each in before]
    with Image.open(artist.sent_picture()) as sent:
        left, upper, right, lower = sent.getchannel("A").getbbox() or (0, 0, 0, 0)
    assert 0.7 < (right - left) / (lower - upper) < 1.4, "the cube above is seen, too"
    artist.move_away()
    assert artist.picture(FLOOR).tobytes() == floor.tobytes()
    artist.press("Z", ctrl=True)  # the import
    artist.press("Z", ctrl=True)  # the box
    artist.until(f"{state} == {before!r}")


def test_in_rendered_shading_the_world_is_left_out_too(artist: Artist) -> None:
    artist.run("context.scene.render.engine = 'BLENDER_WORKBENCH'")
    artist.run("Place.find('VIEW_3D', 'WINDOW').area.spaces.active.shading.type = 'RENDERED'")
    artist.chooses_source("VIEWPORT")
    artist.click("trellis2.generate_viewport")
    artist.waits_for("imported")
    with Image.open(artist.sent_picture()) as sent:
        alpha = sent.getchannel("A")
    middle = alpha.width // 2
    assert [alpha.getpixel(point) for point in ((1, middle), (middle, middle))] == [0, 255]
    assert artist.run("context.scene.render.film_transparent") is False


def test_the_view_is_looked_at_before_anything_is_sent(artist: Artist) -> None:
    artist.chooses_source("VIEWPORT")
    before = artist.sidebar()
    artist.click("trellis2.look_again")
    looks = f"[*{artist.SESSION}.previews().shown.values()]"
    artist.until(f"any(look.answer is not None and look.answer.view is not None for look in {looks})")
    assert artist.sidebar().tobytes() != before.tobytes()
    assert (artist.stages(), artist.emulator.calls["submit"]) == ([], 0)


@pytest.mark.parametrize("job_seconds", [5.0])
def test_the_camera_is_rendered_beside_what_the_artist_goes_on_doing(artist: Artist) -> None:
    artist.renders()
    artist.run(SLOWLY.format(samples=32))
    artist.chooses_source("CAMERA")
    before = belongings(artist)
    artist.click("trellis2.generate_camera")
    artist.until(UNDER_WAY)
    with background_blenders_stand_still(artist):
        artist.click("trellis2.use_preset(preset='DRAFT')")
        artist.until(f"{artist.SETTINGS}.preset == 'DRAFT'")
        assert artist.run(UNDER_WAY)
        assert belongings(artist) == before
    artist.until(artist.JOBS, seconds=120)
    artist.waits_for("running")
    assert belongings(artist) == before
    with Image.open(artist.sent_picture()) as sent:
        alpha = sent.getchannel("A")
    last = alpha.width - 1
    assert alpha.size == (last + 1, last + 1)
    assert [alpha.getpixel(point) for point in ((0, 0), (last, last), (last // 2, last // 2))] == [0, 0, 255]
    artist.waits_for("imported")
    (job,) = artist.emulator.jobs.values()
    assert job.input["resolution"] == 1024  # as it was at the click, not as it was set meanwhile


def test_esc_stops_the_rendering_of_the_camera_and_nothing_is_sent(artist: Artist) -> None:
    artist.renders()
    artist.run(SLOWLY.format(samples=4096))
    artist.chooses_source("CAMERA")
    before = belongings(artist)
    artist.click("trellis2.generate_camera")
    artist.until(UNDER_WAY)
    artist.move_away()
    artist.press("ESC")
    artist.until(f"not {UNDER_WAY}", seconds=5)
    assert belongings(artist) == before
    assert (artist.stages(), artist.emulator.calls["submit"]) == ([], 0)


def test_an_image_that_was_never_saved_becomes_a_model(artist: Artist) -> None:
    artist.run(PAINTED)
    artist.chooses_source("IMAGE")
    artist.chooses_image("Painted")
    state = "[image.source, image.filepath, image.is_dirty, image.packed_file, *image.pixels[:]]"
    before = artist.run(state)
    artist.click("trellis2.generate_open_image")
    artist.waits_for("imported")
    assert artist.models() == ["Painted"]
    assert subject_of(artist.sent_picture()) == Image.new("RGBA", (60, 60), (51, 153, 102, 255))
    assert artist.run(state) == before


def test_over_an_image_editor_its_image_becomes_a_model_and_not_the_panels(artist: Artist) -> None:
    artist.run(PAINTED)
    artist.run(f"{artist.SETTINGS}.image = bpy.data.images.new('Chosen', 100, 100)")
    artist.run("area = Place.find('PROPERTIES', 'WINDOW').area\narea.ui_type = 'IMAGE_EDITOR'\n")
    artist.run("area.spaces.active.image = image")
    artist.run("hand.over('IMAGE_EDITOR', 'WINDOW', 0.5, 0.5)")
    artist.press("F3")
    artist.type("Generate 3D Model from Open Image")
    artist.press("RET")
    artist.waits_for("imported")
    assert artist.models() == ["Painted"]
    assert subject_of(artist.sent_picture()) == Image.new("RGBA", (60, 60), (51, 153, 102, 255))


def test_a_copied_image_file_becomes_a_model_and_all_editors_stay(artist: Artist) -> None:
    path = artist.draws("Copied Vase.png")
    artist.run(f"context.window_manager.clipboard = {str(path)!r}")
    artist.chooses_source("CLIPBOARD")
    before = artist.run(artist.EDITORS)
    artist.click("trellis2.generate_clipboard")
    artist.waits_for("imported")
    assert artist.models() == ["Copied Vase"]
    assert subject_of(artist.sent_picture()) == subject_of(path)
    assert artist.run(artist.EDITORS) == before
    assert artist.run("context.window_manager.clipboard") == str(path)


def test_with_nothing_copied_the_panel_says_so_and_all_editors_stay(artist: Artist) -> None:
    artist.run("context.window_manager.clipboard = ''")
    artist.chooses_source("CLIPBOARD")
    before = artist.run(artist.EDITORS)
    artist.click("trellis2.generate_clipboard")
    assert (
        artist.info_log()[-1]
        == "There is no picture on the clipboard. Copy an image, or an image file, then try again."
    )
    assert artist.run(artist.EDITORS) == before


def test_over_the_top_bar_which_can_be_no_image_editor_the_report_says_where_to_paste(artist: Artist) -> None:
    artist.run("context.window_manager.clipboard = ''")
    artist.run("hand.hover(hand.window.width / 2, hand.window.height - 4)")
    artist.press("F3")
    artist.type("Generate 3D Model from Clipboard")
    artist.press("RET")
    assert artist.info_log()[-1].startswith(
        "Blender pastes an image only in an editor. Use the Trellis tab, or press F3"
    )


def test_a_file_chosen_in_the_panel_becomes_a_model(artist: Artist) -> None:
    path = artist.draws("home/Grüne Vase.png")
    artist.chooses_source("FILE")
    artist.chooses_first_file()
    artist.click("trellis2.generate_image")
    artist.waits_for("imported")
    assert artist.models() == ["Grüne Vase"]
    assert subject_of(artist.sent_picture()) == subject_of(path)


def test_one_file_dropped_on_the_viewport_becomes_a_model_without_a_question(artist: Artist) -> None:
    artist.draws("One.png")
    artist.drops("One.png")
    artist.press("G")  # Generate 3D Models from Image Files, in the menu that Blender opens
    assert len(artist.stages()) == 1
    artist.waits_for("imported")
    assert artist.models() == ["One"]


def test_a_file_dropped_on_the_sidebar_becomes_its_picture_and_nothing_is_paid(artist: Artist) -> None:
    path = artist.draws("One.png")
    artist.drops("One.png", region="UI")
    artist.press("C")  # Change Picture, in the menu that Blender opens
    artist.until(f"{artist.SETTINGS}.source == 'FILE'")
    assert artist.run(f"{artist.SETTINGS}.filepath") == str(path)
    artist.find('trellis2.generate_image(filepath="')
    assert (artist.stages(), artist.emulator.calls["submit"]) == ([], 0)


# In the menu that Blender opens: Generate 3D Models from Image Files; Change Picture.
@pytest.mark.parametrize(("region", "entry"), [("WINDOW", "G"), ("UI", "C")], ids=["viewport", "sidebar"])
def test_several_dropped_files_become_models_after_one_question(artist: Artist, region: str, entry: str) -> None:
    for name in ("One.png", "Two.png"):
        artist.draws(name)
    artist.drops("One.png", "Two.png", region=region)
    artist.press(entry)
    assert artist.stages() == []
    artist.press("RET")  # the question how many
    artist.until(f"len({artist.JOBS}) == 2")
    artist.waits_for("imported")
    assert sorted(artist.models()) == ["One", "Two"]


def test_the_menu_at_the_pointer_asks_for_a_file(artist: Artist) -> None:
    artist.move_away()
    artist.press("A", shift=True)
    artist.type("3d model from image")
    artist.press("RET")
    artist.until(f"'FILE_BROWSER' in {artist.EDITORS}")
    assert artist.run(f"{BROWSER}.active_operator.bl_idname") == "TRELLIS2_OT_generate_image"
