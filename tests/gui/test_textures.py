# SPDX-License-Identifier: GPL-3.0-or-later
"""The textures of a model: decoded in the background after it arrived, and shown by one button."""

from __future__ import annotations

from tests.gui.artist import Artist
from tests.gui.shots import Shots
from tests.gui.test_scene import ORANGE, coloured

BUTTON = "trellis2.show_textures"
SHADING = "Place.find('VIEW_3D', 'WINDOW').area.spaces.active.shading"
DECODING = f"{Artist.SESSION}.running().decoding"
TEXTURES = "[image for image in bpy.data.images if image.source == 'FILE' and image.packed_file]"
SAVE = "bpy.ops.wm.save_as_mainfile(filepath={file!r}, compress=False)"
AGAIN = f"""
model = {Artist.MODELS}[-1]
decoding = {DECODING}
for image in {TEXTURES}:
    image.buffers_free()
decoding.add(model)
decoding.step()
is_decoding = decoding.in_hand is not None
is_decoding
"""


def makes_a_vase(artist: Artist, variations: int = 1) -> None:
    """Make a model of an orange vase, or several, with nothing else in the scene."""
    artist.run(f"{artist.SETTINGS}.variations = {variations}")
    artist.sets("source", "FILE")
    artist.sets("filepath", str(artist.draws("Vase.png")))
    artist.deletes_the_cube()
    artist.click("trellis2.generate_image(")
    artist.until(f"len({artist.MODELS}) == {variations}")
    artist.move_away()


def decoded(artist: Artist) -> list[bool]:
    """Wait until Blender is done, and return which textures it has decoded."""
    artist.until(f"not {DECODING}.is_busy")
    return [bool(one) for one in artist.run(f"[image.has_data for image in {TEXTURES}]")]


def test_one_click_shows_the_textures_and_the_button_is_gone(artist: Artist, shots: Shots) -> None:
    makes_a_vase(artist)
    assert decoded(artist) == [True, True]
    left, lower, _right, upper = artist.box("VIEW_3D", "WINDOW")
    view = left, lower, artist.box()[0], upper  # without the sidebar, which shows the picture
    artist.move_away()
    grey = artist.picture(view)
    shots.keep("textures/before", artist.picture())
    artist.click(BUTTON)
    artist.move_away()
    seen = artist.picture(view)
    shots.keep("textures/after", artist.picture())
    assert coloured(seen, ORANGE) > coloured(grey, ORANGE) + 0.002
    assert artist.run(f"[{SHADING}.type, {SHADING}.color_type]") == ["SOLID", "TEXTURE"]
    assert not any(BUTTON in button for button in artist.buttons())
    artist.press("Z", ctrl=True)  # as with Blender's own change of the shading, there is no step to undo
    artist.until(f"not {artist.MODELS}")
    assert artist.run(f"{SHADING}.color_type") == "TEXTURE"


def test_search_shows_the_textures(artist: Artist) -> None:
    artist.looks_for("show textures")
    artist.until(f"{SHADING}.color_type == 'TEXTURE'")


def test_decoding_leaves_nothing_in_the_file(artist: Artist) -> None:
    makes_a_vase(artist)
    assert decoded(artist) == [True, True]
    assert artist.run(f"[[*image.preview.image_size] for image in {TEXTURES}]") == [[0, 0], [0, 0]]
    file = artist.folder / "Vase.blend"
    artist.run(SAVE.format(file=str(file)))
    assert artist.run(AGAIN)
    assert decoded(artist) == [True, True]
    assert not artist.run("bpy.data.is_dirty")


def test_whatever_happens_while_blender_decodes_it_goes_on(artist: Artist) -> None:
    makes_a_vase(artist)
    assert decoded(artist) == [True, True]
    file = artist.folder / "Vase.blend"
    assert artist.run(f"{AGAIN}\n{SAVE.format(file=str(file))}\nis_decoding")
    assert decoded(artist) == [True, True]
    assert artist.run(AGAIN)
    artist.press("Z", ctrl=True)
    artist.until(f"not {artist.MODELS} and not {DECODING}.is_busy")
    artist.press("Z", ctrl=True, shift=True)
    artist.until(artist.MODELS)
    assert artist.run(AGAIN)
    artist.press("X")
    artist.press("RET")
    artist.until(f"not {artist.MODELS} and not {DECODING}.is_busy")
    artist.press("Z", ctrl=True)
    artist.until(artist.MODELS)
    assert artist.run(f"{AGAIN}\nbpy.ops.wm.read_homefile()\nis_decoding")
    artist.until(f"not {DECODING}.is_busy")
    assert artist.run(TEXTURES) == []


def test_variations_can_be_removed_and_blender_can_quit_while_it_decodes(artist: Artist) -> None:
    makes_a_vase(artist, variations=2)
    assert decoded(artist) == [True] * 4
    kept = artist.run(f"{artist.MODELS}[0].name")
    artist.run(f"context.view_layer.objects.active = {artist.MODELS}[0]")
    assert artist.run(f"{AGAIN}\nbpy.ops.trellis2.keep_variation()\nis_decoding")
    assert artist.models() == [kept]
    artist.until(f"not {DECODING}.is_busy")
    assert artist.run(AGAIN)  # Blender quits now, and the window looks whether that goes well
