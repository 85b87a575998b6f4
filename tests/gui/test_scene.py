# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the scene, while a model is made and afterwards."""

from __future__ import annotations

import pytest

from tests.gui.artist import Artist
from trellis_blender.core.presets import PRESETS

BOXES = "[thing for thing in bpy.data.objects if thing.type == 'LATTICE']"


@pytest.mark.parametrize("job_seconds", [30.0])
def test_a_box_can_be_moved_meanwhile_and_the_model_takes_its_place(artist: Artist) -> None:
    artist.renders()
    artist.deletes_the_cube()
    artist.click("trellis2.generate_render")
    artist.until(f"len({BOXES}) == 1")
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
    artist.press("G")
    artist.move_away(0.25, 0.3)
    artist.click_at(*artist.run("[hand.x, hand.y]"))
    place = artist.run(f"[*{BOXES}[0].location]")
    assert place != [0, 0, 0]
    artist.waits_for("imported")
    (model,) = artist.models()
    assert artist.run(f"[*bpy.data.objects[{model!r}].location]") == place
    assert artist.run(f"len({BOXES})") == 0


def test_one_click_sets_all_parameters(artist: Artist) -> None:
    settings = "bpy.context.scene.trellis2"
    artist.run(f"{settings}.remesh = False")
    artist.click("trellis2.use_preset(preset='DRAFT')")
    assert artist.run(f"{settings}.preset") == "DRAFT"
    wanted = {"remesh": True, **PRESETS["DRAFT"].changes}
    held = artist.run(f"{{name: getattr({settings}, name) for name in {[*wanted]}}}")
    assert {name: int(value) for name, value in held.items()} == wanted


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


def test_the_price_stands_on_the_button_before_anything_is_paid(artist: Artist) -> None:
    artist.sets("source", "FILE")
    artist.sets("filepath", str(artist.draws("Vase.png")))
    looks = []
    for preset in ("DRAFT", "ULTRA"):
        artist.click(f"trellis2.use_preset(preset='{preset}')")
        artist.until(f"'CU' in {artist.PRICE_TAG}.words(bpy.context.scene.trellis2)")
        looks.append(artist.row_of("trellis2.generate_image("))
    assert looks[0] != looks[1]  # nothing in that row depends on the preset but the price
    assert artist.emulator.paid == 0


def test_files_dropped_on_the_viewport_become_models_after_one_question(artist: Artist) -> None:
    for name in ("One.png", "Two.png"):
        artist.draws(name)
    artist.drops("One.png", "Two.png")
    artist.press("D")  # 3D Model from Image (Trellis), in the menu that Blender opens
    assert artist.stages() == []
    artist.press("RET")  # the question how many
    artist.until(f"len({artist.JOBS}) == 2")
    artist.waits_for("imported")
    assert sorted(artist.models()) == ["One", "Two"]


def test_search_marks_the_model_as_an_asset(artist: Artist) -> None:
    artist.generates_from_render()
    artist.waits_for("imported")
    artist.looks_for("trellis mark as asset")
    (model,) = artist.models()
    artist.until(f"bpy.data.objects[{model!r}].asset_data is not None")
