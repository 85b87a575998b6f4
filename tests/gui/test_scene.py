# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the scene, while a model is made and afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from PIL import Image, ImageChops

from emulator import Fault
from tests.gui.artist import Artist
from tests.gui.shots import Shots

ORANGE, BLUE, RED = (0, 40), (140, 180), (0, 10)  # hues, from 0 to 255
BOXES = "[thing for thing in bpy.data.objects if thing.type == 'LATTICE']"


def coloured(picture: Image.Image, hues: tuple[int, int]) -> float:
    """Which part of the picture has these colours, 0 to 1."""
    hue, strength, _light = picture.convert("HSV").split()
    fits = hue.point(lambda value: 255 if hues[0] <= value <= hues[1] else 0)
    strong = strength.point(lambda value: 255 if value > 60 else 0)
    return ImageChops.multiply(fits, strong).histogram()[255] / (picture.width * picture.height)


def selects_the_box(artist: Artist) -> None:
    """Click on a corner of it."""
    corner = artist.run(
        "from bpy_extras.view3d_utils import location_3d_to_region_2d\n"
        "view = Place.find('VIEW_3D', 'WINDOW')\n"
        f"(box,) = {BOXES}\n"
        "context.view_layer.update()\n"
        "point = box.matrix_world @ box.data.points[7].co_deform\n"
        "seen = location_3d_to_region_2d(view.region, view.area.spaces.active.region_3d, point)\n"
        "[view.region.x + seen.x, view.region.y + seen.y]"
    )
    artist.click_at(*corner)
    artist.until(f"{BOXES}[0].select_get()")


@pytest.mark.parametrize("job_seconds", [30.0])
def test_a_box_can_be_moved_meanwhile_and_the_model_takes_its_place(artist: Artist) -> None:
    artist.renders()
    artist.deletes_the_cube()
    artist.click("trellis2.generate_render")
    artist.until(f"len({BOXES}) == 1")
    selects_the_box(artist)
    artist.press("G")
    artist.move_away(0.25, 0.3)
    artist.click_at(*artist.run("[hand.x, hand.y]"))
    place = artist.run(f"[*{BOXES}[0].location]")
    assert place != [0, 0, 0]
    artist.waits_for("imported")
    (model,) = artist.models()
    assert artist.run(f"[*bpy.data.objects[{model!r}].location]") == place
    assert artist.run(f"len({BOXES})") == 0


@pytest.mark.parametrize("job_seconds", [15.0])
def test_the_box_shows_the_picture_and_fills_while_the_job_runs(artist: Artist) -> None:
    artist.sets("source", "FILE")
    artist.sets("filepath", str(artist.draws("Vase.png")))  # which is orange, as nothing else in the viewport is
    artist.deletes_the_cube()
    view = artist.box("VIEW_3D", "WINDOW")
    before = coloured(artist.picture(view), ORANGE)
    artist.click("trellis2.generate_image(")
    artist.waits_for("running")
    artist.move_away()
    end = time.monotonic() + 10
    while (shown := coloured(artist.picture(view), ORANGE)) <= before + 0.005 and time.monotonic() < end:
        time.sleep(0.2)
    assert shown > before + 0.005
    filled = coloured(artist.picture(view), BLUE)
    artist.until(f"{artist.SESSION}.display().progress.fraction({artist.JOBS}[0]) > 0.6")
    assert coloured(artist.picture(view), BLUE) > filled + 0.005
    artist.waits_for("imported")


def test_the_boxes_of_failed_jobs_are_red_and_remove_failed_takes_them_all(artist: Artist, shots: Shots) -> None:
    artist.renders()
    artist.deletes_the_cube()
    view = artist.box("VIEW_3D", "WINDOW")
    artist.emulator.fault("submit", Fault(job="fails", hint="The picture holds no subject"), times=2)
    before = coloured(artist.picture(view), RED)
    for count in (1, 2):
        artist.click("trellis2.generate_render")
        artist.until(f"len({artist.JOBS}) == {count}")
        artist.waits_for("failed")
    artist.move_away()
    assert len(artist.run(f"[thing.name for thing in {BOXES}]")) == 2
    assert coloured(artist.picture(view), RED) > before + 0.01
    shots.keep("failed", artist.picture())
    artist.looks_for("remove failed")
    artist.until(f"not {artist.JOBS} and not {BOXES}")
    artist.move_away()
    assert coloured(artist.picture(view), RED) < before + 0.002


@pytest.mark.parametrize("job_seconds", [15.0])
def test_without_its_box_the_job_goes_on_and_its_model_waits_in_the_list(artist: Artist) -> None:
    artist.generates_from_render()
    artist.until(f"len({BOXES}) == 1")
    selects_the_box(artist)
    artist.press("X")
    artist.press("RET")
    artist.until(f"not {BOXES}")
    assert artist.stages() == ["running"]
    artist.waits_for("ready")
    assert artist.models() == []
    artist.run("context.scene.cursor.location = (2, 1, 0.5)")
    artist.click("trellis2.import_model(")
    artist.waits_for("imported")
    (model,) = artist.models()
    assert artist.base_of(model) == (2, 1, 0.5)


@pytest.mark.parametrize("job_seconds", [15.0])
def test_undo_and_redo_of_the_box_do_not_lose_the_job(artist: Artist) -> None:
    artist.run("context.scene.cursor.location = (2, 1, 0.5)")
    artist.generates_from_render()
    artist.until(f"len({BOXES}) == 1")
    artist.move_away()
    artist.press("Z", ctrl=True)
    artist.until(f"not {BOXES}")
    artist.press("Z", ctrl=True, shift=True)
    artist.until(f"len({BOXES}) == 1")
    assert artist.stages() == ["running"]
    artist.run("context.scene.cursor.location = (0, 0, 0)")
    artist.waits_for("imported")
    (model,) = artist.models()
    assert artist.base_of(model) == (2, 1, 0.5)
    assert artist.run(f"len({BOXES})") == 0


@pytest.mark.parametrize("job_seconds", [30.0])
def test_a_box_in_a_saved_file_gets_its_model_at_the_next_start(start: Callable[..., Artist]) -> None:
    with start() as artist:
        artist.has_account()
        artist.run("bpy.ops.wm.save_userpref()")
        artist.opens_the_tab()
        artist.run("context.scene.cursor.location = (2, 1, 0.5)")
        artist.generates_from_render()
        artist.waits_for("running")
        artist.run("context.scene.cursor.location = (0, 0, 0)")
        file = artist.folder / "Still Life.blend"
        artist.run(f"bpy.ops.wm.save_as_mainfile(filepath={str(file)!r})")
        artist.quits()
        assert artist.ended() == 0
    with start(file) as artist:
        assert artist.run(f"len({BOXES})") == 1
        artist.waits_for("imported")
        (model,) = artist.models()
        assert artist.base_of(model) == (2, 1, 0.5)
        assert artist.run(f"len({BOXES})") == 0
        assert artist.emulator.paid == 1


def test_of_two_variations_one_is_kept_and_undo_brings_the_other_back(artist: Artist) -> None:
    artist.run("bpy.context.scene.trellis2.variations = 2")
    artist.generates_from_render()
    artist.until(f"len({artist.JOBS}) == 2")
    artist.waits_for("imported")
    assert (artist.emulator.paid, len(artist.models())) == (2, 2)
    both, active = artist.models(), artist.run("context.view_layer.objects.active.name")
    artist.looks_for("keep this variation")
    artist.until(f"len({artist.MODELS}) == 1")
    assert artist.models() == [active]
    artist.press("Z", ctrl=True)
    artist.until(f"len({artist.MODELS}) == 2")
    assert artist.models() == both


def test_a_click_in_the_list_selects_the_model(artist: Artist) -> None:
    artist.generates_from_render()
    artist.waits_for("imported")
    artist.move_away()
    artist.press("A", alt=True)
    artist.until("not context.view_layer.objects.selected[:]")
    artist.click("window_managers")  # where the list keeps which row is the chosen one
    artist.until(f"{artist.MODELS}[0].select_get()")


def test_search_marks_the_model_as_an_asset(artist: Artist) -> None:
    artist.generates_from_render()
    artist.waits_for("imported")
    artist.looks_for("trellis mark as asset")
    (model,) = artist.models()
    artist.until(f"bpy.data.objects[{model!r}].asset_data is not None")
