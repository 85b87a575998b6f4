# SPDX-License-Identifier: GPL-3.0-or-later
"""Where models land: where their pictures were dropped, in a grid, beside what stands there."""

from __future__ import annotations

import pytest

from tests.gui.artist import Artist

BOXES = "sorted((thing for thing in bpy.data.objects if thing.type == 'LATTICE'), key=lambda box: box.name)"
PLACES = f"[[*box.location] for box in {BOXES}]"
STEP = 2.5  # from a model to the next one in the grid
PIXEL = 0.06  # how much of the scene a pixel is, where the tests drop
# Blender's menu, where the entry of ours has this letter: Generate 3D Models from Image Files.
ENTRY = "G"
FRONT = "Place.find('VIEW_3D', 'WINDOW').area.spaces.active.region_3d.view_rotation = (2 ** -0.5, 2 ** -0.5, 0, 0)"
FLAT = "Place.find('VIEW_3D', 'WINDOW').area.spaces.active.region_3d.view_perspective = 'ORTHO'"


def dropped(artist: Artist, *names: str, on: tuple[float, float, float] | None = None) -> list[list[float]]:
    """Drop pictures there; where their boxes stand."""
    for name in names:
        artist.draws(name)
    artist.drops(*names, on=on)
    artist.press(ENTRY)
    if len(names) > 1:
        artist.press("RET")  # the question
    artist.until(f"len({BOXES}) == {len(names)}")
    return [[float(value) for value in place] for place in artist.run(PLACES)]


@pytest.mark.parametrize(
    "on", [(0, 0, 1), (3, -2, 0), (-1.5, -3, 0)], ids=["on the cube", "on the ground", "elsewhere on the ground"]
)
@pytest.mark.parametrize("job_seconds", [30.0])
def test_a_drop_lands_where_it_was_dropped(artist: Artist, on: tuple[float, float, float]) -> None:
    artist.run("context.scene.cursor.location = (9, 9, 9)")
    (place,) = dropped(artist, "One.png", on=on)
    assert place == pytest.approx(on, abs=PIXEL)


@pytest.mark.parametrize("job_seconds", [30.0])
def test_a_drop_where_no_ground_is_seen_lands_at_the_cursor(artist: Artist) -> None:
    artist.run(f"{FRONT}\n{FLAT}\ncontext.scene.cursor.location = (5, 4, 3)")
    assert dropped(artist, "One.png") == [[5, 4, 3]]


@pytest.mark.parametrize("job_seconds", [60.0])
def test_ten_dropped_files_stand_in_a_grid_from_there_on(artist: Artist) -> None:
    names = [f"{number}.png" for number in range(10)]
    places = dropped(artist, *names, on=(-2, 3, 0))
    x, y, z = places[0]
    assert (x, y, z) == pytest.approx((-2, 3, 0), abs=PIXEL)
    for number, place in enumerate(places):
        assert place == pytest.approx((x + number % 4 * STEP, y - number // 4 * STEP, z), abs=1e-4)


def test_models_at_a_place_that_is_taken_stand_side_by_side(artist: Artist) -> None:
    artist.generates_from_render()  # at the origin, where the default cube stands
    artist.waits_for("imported")
    artist.click("trellis2.generate_render")
    artist.until(f"len({artist.JOBS}) == 2")
    artist.waits_for("imported")
    first, second = artist.run(f"sorted([*thing.location] for thing in {artist.MODELS})")
    assert first == [STEP, 0, 0]
    width = artist.run(f"min({artist.MODELS}, key=lambda thing: thing.location.x).dimensions.x")
    assert second == pytest.approx([STEP + width / 2 + 1.5, 0, 0], abs=1e-3)


@pytest.mark.parametrize("job_seconds", [30.0])
def test_beside_selection_is_chosen_in_the_panel(artist: Artist) -> None:
    artist.renders()
    artist.run("bpy.data.objects['Cube'].location = (3, 2, 4)\ncontext.scene.trellis2.place = 'CURSOR'")
    artist.unfolds("trellis2.place")
    artist.click("trellis2.place")
    artist.press("B")
    artist.until(f"{artist.SETTINGS}.place == 'SELECTION'")
    artist.run("hand.scroll('VIEW_3D', 'UI', 'WHEELUPMOUSE', FAR)")
    artist.click("trellis2.generate_render")
    artist.until(f"len({BOXES}) == 1")
    assert artist.run(PLACES) == [[3 + 1 + 1.5, 2, 3]]
