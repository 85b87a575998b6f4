# SPDX-License-Identifier: GPL-3.0-or-later
"""From a picture to a model, as an artist goes."""

from __future__ import annotations

from emulator import Fault
from tests.gui.artist import BROWSER, Artist

SLOW_ANSWER = 6.0  # seconds: what waits for it cannot be taken for what a busy computer does


def test_after_f12_one_click_puts_the_model_at_the_cursor(artist: Artist) -> None:
    artist.run("bpy.context.scene.cursor.location = (2, 1, 0.5)")
    artist.generates_from_render()
    artist.waits_for("imported")
    (model,) = artist.models()
    assert artist.base_of(model) == (2, 1, 0.5)
    assert artist.emulator.paid == 1


def test_search_finds_the_way_from_a_render_and_starts_it(artist: Artist) -> None:
    artist.renders()
    artist.looks_for("generate from render")
    artist.waits_for("imported")
    assert len(artist.models()) == 1


def test_search_finds_the_way_from_a_file_and_asks_for_one(artist: Artist) -> None:
    artist.looks_for("generate from image file")
    artist.until(f"'FILE_BROWSER' in {artist.EDITORS}")
    assert artist.run(f"{BROWSER}.active_operator.bl_idname") == "TRELLIS2_OT_generate_image"


def test_one_undo_takes_away_the_model_alone_and_redo_brings_it_back(artist: Artist) -> None:
    artist.renders()
    artist.deletes_the_cube()  # which is not to come back
    artist.click("trellis2.generate_render")
    artist.waits_for("imported")
    (model,) = artist.models()
    artist.move_away()
    artist.press("Z", ctrl=True)
    artist.until("sorted(bpy.data.objects.keys()) == ['Camera', 'Light']")
    artist.press("Z", ctrl=True, shift=True)
    artist.until(f"{artist.MODELS}")
    assert artist.run("sorted(bpy.data.objects.keys())") == ["Camera", "Light", model]


def test_blender_hears_and_draws_while_scenario_keeps_it_waiting(artist: Artist) -> None:
    for call in ("upload", "submit", "download"):
        artist.emulator.fault(call, Fault(delay=SLOW_ANSWER))
    artist.renders()
    point = artist.find("trellis2.generate_render")
    artist.longest_gap()
    artist.click_at(*point)
    artist.waits_for("imported")
    gap = artist.longest_gap()
    print(f"The longest time between two turns of Blender's main loop: {gap:.3f} s")
    assert gap < SLOW_ANSWER / 2


def test_clicking_twice_in_a_hurry_is_paid_once(artist: Artist) -> None:
    artist.renders()
    point = artist.find("trellis2.generate_render")
    artist.click_at(*point, times=2)
    artist.waits_for("imported")
    assert (artist.emulator.paid, len(artist.models())) == (1, 1)
