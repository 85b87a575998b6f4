# SPDX-License-Identifier: GPL-3.0-or-later
"""What is set before the click, and what it will cost."""

from __future__ import annotations

import time

from PIL import Image

from tests.gui.artist import Artist
from tests.never_lost.world import until
from trellis_blender.core.request.presets import PRESETS

HURRY = 1.0  # seconds: a click sooner than that after another one is taken for a double click
DOT = (60, 30)  # how far the dot beside a parameter begins and ends from the sidebar's right edge


def dot_of(artist: Artist, parameter: str) -> Image.Image:
    """What is seen where the dot beside the parameter would be."""
    row = artist.row_of(f"trellis2.{parameter}")
    return row.crop((row.width - DOT[0], 0, row.width - DOT[1], row.height))


def test_one_click_sets_all_parameters(artist: Artist) -> None:
    artist.run(f"{artist.SETTINGS}.remesh = False")
    artist.click("trellis2.use_preset(preset='DRAFT')")
    assert artist.run(f"{artist.SETTINGS}.preset") == "DRAFT"
    wanted = {"remesh": True, **PRESETS["DRAFT"].changes}
    held = artist.run(f"{{name: getattr({artist.SETTINGS}, name) for name in {[*wanted]}}}")
    assert {name: int(value) for name, value in held.items()} == wanted


def test_a_dot_says_what_differs_and_one_click_sets_its_group_back(artist: Artist) -> None:
    artist.knows_the_price()  # with which a line comes: what changes while it unfolds is taken for the fold
    artist.unfolds("trellis2.remesh")
    assert "reset_group" not in " ".join(artist.buttons())
    as_preset = dot_of(artist, "remesh")
    artist.click("trellis2.remesh")
    artist.until(f"not {artist.SETTINGS}.remesh")
    until(lambda: dot_of(artist, "remesh") != as_preset, "the dot")  # it comes with the next redraw
    artist.click("trellis2.reset_group(group='MESH')")
    artist.until(f"{artist.SETTINGS}.remesh")
    assert dot_of(artist, "remesh") == as_preset
    assert "reset_group" not in " ".join(artist.buttons())


def test_the_price_stands_on_the_button_before_anything_is_paid(artist: Artist) -> None:
    artist.sets("source", "FILE")
    artist.sets("filepath", str(artist.draws("Vase.png")))
    looks = []
    for preset in ("DRAFT", "ULTRA"):
        artist.click(f"trellis2.use_preset(preset='{preset}')")
        artist.knows_the_price()
        looks.append(artist.row_of("trellis2.generate_image("))
    assert looks[0] != looks[1]  # nothing in that row depends on the preset but the price
    assert artist.emulator.paid == 0


def test_above_the_artists_limit_the_click_asks_before_anything_is_paid(artist: Artist) -> None:
    artist.run(f"{artist.PREFERENCES}.price_limit = 5")
    artist.renders()
    artist.knows_the_price()
    artist.click("trellis2.generate_render")
    artist.press("ESC")
    time.sleep(HURRY)
    artist.click("trellis2.generate_render")
    assert (artist.stages(), artist.emulator.paid) == ([], 0)
    artist.press("RET")
    artist.waits_for("imported")
    assert (artist.emulator.paid, len(artist.models())) == (1, 1)


def test_up_to_the_artists_limit_the_click_does_not_ask(artist: Artist) -> None:
    artist.run(f"{artist.PREFERENCES}.price_limit = 7.25")
    artist.renders()
    artist.knows_the_price()
    artist.click("trellis2.generate_render")
    artist.waits_for("imported")
    assert artist.emulator.paid == 1


def test_repeating_the_last_step_pays_nothing(artist: Artist) -> None:
    artist.generates_from_render()
    artist.waits_for("imported")
    time.sleep(HURRY)
    artist.move_away()
    artist.press("R", shift=True)
    artist.press("RET")
    assert (artist.stages(), artist.emulator.paid) == (["imported"], 1)
