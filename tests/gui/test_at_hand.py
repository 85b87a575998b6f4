# SPDX-License-Identifier: GPL-3.0-or-later
"""What is at hand without the sidebar: F3, the key that asks first, and the Image Editor's own panel."""

from __future__ import annotations

import time

from PIL import Image

from tests.gui.artist import Artist
from tests.gui.test_sources import PAINTED, subject_of

# The key as Blender has it, the artist's own changes included.
PRESS_THE_KEY = """
keymap = context.window_manager.keyconfigs.user.keymaps["3D View Generic"]
item = next(item for item in keymap.keymap_items if item.idname == "trellis2.generate")
hand.press(item.type, ctrl=bool(item.ctrl), alt=bool(item.alt), shift=bool(item.shift))
"""
IMAGE_EDITOR = """
area = Place.find('VIEW_3D', 'WINDOW').area
area.ui_type = 'IMAGE_EDITOR'
area.spaces.active.image = {image}
area.spaces.active.show_region_ui = True
"""
TAB = """
sidebar = Place.find('IMAGE_EDITOR', 'UI').region
sidebar.active_panel_category = 'Trellis'
sidebar.tag_redraw()
"""


def test_f3_finds_generate_first_by_the_words_that_come_to_mind(artist: Artist) -> None:
    artist.renders()
    for number, words in enumerate(("trellis", "scenario", "3d model", "image to 3d", "generate")):
        artist.looks_for(words)
        artist.run("settled()")
        assert len(artist.stages()) == number, f"{words} pays without a question"
        artist.press("RET")
        artist.until(f"len({artist.JOBS}) == {number + 1}")
        artist.waits_for("imported")


def calls_the_question(artist: Artist, seconds: float = 10.0) -> Image.Image:
    """Press the key, and wait until something is shown. Returns the screen."""
    before = artist.picture().tobytes()
    artist.run(PRESS_THE_KEY)
    end = time.monotonic() + seconds
    while (shown := artist.picture()).tobytes() == before:
        assert time.monotonic() < end, "the key asks nothing"
    assert artist.stages() == []
    return shown


def test_the_key_shows_picture_and_price_and_only_a_yes_pays(artist: Artist) -> None:
    artist.renders()
    artist.move_away()
    calls_the_question(artist)
    artist.press("ESC")
    assert (artist.stages(), artist.emulator.calls["submit"]) == ([], 0)
    calls_the_question(artist)
    artist.press("RET")
    artist.waits_for("imported")
    assert artist.emulator.paid == 1


def test_the_image_editor_has_a_panel_for_the_image_that_it_shows(artist: Artist) -> None:
    artist.run(PAINTED)
    artist.run(f"{artist.SETTINGS}.image = bpy.data.images.new('Chosen', 100, 100)")
    artist.run(IMAGE_EDITOR.format(image="image"))
    artist.run("settled()")
    artist.run(TAB)
    artist.run("settled()")
    artist.click("trellis2.generate_open_image", "IMAGE_EDITOR")
    artist.waits_for("imported")
    assert artist.models() == ["Painted"]
    assert subject_of(artist.sent_picture()) == Image.new("RGBA", (60, 60), (51, 153, 102, 255))
