# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of jobs in a sidebar as wide as Blender opens it, with more jobs than it shows at once."""

from __future__ import annotations

import pytest
from PIL import ImageChops

from tests.addon import ADDON
from tests.gui.artist import SOURCE_LETTERS, Artist
from tests.gui.shots import Shots

DEFAULT_WIDTHS = (291, 292)  # pixels, in Blender 4.3 and 5.2: nothing was moved
COUNT = 24  # jobs there are, three times as many as the list shows
SIDEBAR = "Place.find('VIEW_3D', 'UI').region"
ICON, ROW = 30, 20  # pixels: as wide as the column of the states at most, as high as a row at least
# The newest job failed and can be helped; the others rest in all the ways in which something is charged for them.
HISTORY = f"""
import importlib, time
names = ("core.job.job", "core.job.folder", "settings.jobs_folder", "jobs.begin")
table, folder, jobs, begin = (importlib.import_module({ADDON!r} + "." + name) for name in names)
for number in range({COUNT}):
    stage = ("imported", "ready", "cancelled", "failed")[number % 4]
    values = {{"stage": table.Stage(stage), "remote_id": f"job_{{number}}", "cost": 7.25}}
    if stage in ("failed", "cancelled"):
        values |= {{"remote_ended": True, "charged_in_vain": 7.25, "remedy": table.Remedy.PICTURE}}
        values["message"] = "Scenario could not make the model: the picture holds no subject."
    created = time.time() - 60.0 * ({COUNT} - number)
    values |= {{"created": created, "ended": created + 30, "parameters": begin.TRELLIS_2.complete({{}}, number)}}
    name = "Eichenstuhl " + chr(ord("A") + number)
    made = table.Job(f"20260101-{{number:06d}}-abcdef", name, "source.png", "stuhl.png", **values)
    (jobs.jobs_root() / made.id).mkdir(parents=True)
    folder.save(jobs.jobs_root() / made.id, made)
"""

SMALL = """
context.scene.render.engine = 'BLENDER_WORKBENCH'
context.scene.render.resolution_x, context.scene.render.resolution_y = 480, 270
context.preferences.view.render_display_type = 'NONE'
"""


@pytest.fixture
def veteran(newcomer: Artist) -> Artist:
    """An artist with many jobs, in whose sidebar nothing was moved."""
    newcomer.has_account()
    newcomer.run(HISTORY)
    newcomer.opens_the_tab()
    newcomer.run(f"{SIDEBAR}.tag_redraw()")
    newcomer.until(f"len({newcomer.JOBS}) == {COUNT}")
    newcomer.knows_the_price()  # or else it comes between two pictures
    left, _lower, right, _upper = newcomer.box()
    assert right - left in DEFAULT_WIDTHS
    newcomer.move_away()
    return newcomer


def change(artist: Artist, **values: str) -> tuple[int, int, int, int] | None:
    """Change the third row's job; the left, upper, right and lower edge of what looks different in the sidebar then."""
    artist.move_away()
    before = artist.picture(artist.box())
    artist.run(
        "import dataclasses\n"
        f"session = {artist.SESSION}.running()\n"
        f"job = list(session.jobs.values())[-3]\n"
        f"session.jobs[job.id] = dataclasses.replace(job, **{{name: table.Stage(value) if name == 'stage' else value"
        f" for name, value in {values!r}.items()}})\n"
        f"{SIDEBAR}.tag_redraw()"
    )
    return ImageChops.difference(before, artist.picture(artist.box())).getbbox()


def test_a_name_is_read_beside_cost_and_state_and_the_scroll_bar(veteran: Artist, shots: Shots) -> None:
    shots.keep("list/default_width", veteran.picture(veteran.box()))
    assert change(veteran, name="Eichenstuhl W") is not None  # the thirteenth letter is seen


def test_the_rows_line_up_whatever_the_state_of_their_jobs(veteran: Artist) -> None:
    for stage in ("failed", "cancelled", "imported"):
        changed = change(veteran, stage=stage)
        assert changed is not None
        left, _upper, right, _lower = changed
        assert right - left <= ICON, f"{stage}: more than the icon moved"


@pytest.mark.parametrize("source", ["FILE", "RENDER"])
def test_a_jobs_error_and_what_helps_are_in_sight_however_long_the_list_is(
    veteran: Artist, shots: Shots, source: str
) -> None:
    if source == "RENDER":  # with a background, of which the preview says more than of any other picture
        veteran.run(SMALL)
        veteran.presses_f12()
    veteran.sets("filepath", str(veteran.draws("Vase.png")))
    veteran.sets("source", source)
    veteran.until(f"bool({veteran.SESSION}.previews().shown)")
    veteran.until(f"all(look.answer for look in {veteran.SESSION}.previews().shown.values())")
    seen = " ".join(veteran.buttons())
    shots.keep(f"list/error_{source.lower()}", veteran.sidebar())
    assert source == "FILE" or "trellis2.make_film_transparent" in seen
    assert "trellis2.use_file" in seen
    assert "trellis2.retry(" in seen


def test_generate_keeps_its_place_whatever_the_source(veteran: Artist) -> None:
    veteran.sets("filepath", str(veteran.draws("Vase.png")))
    heights = []
    for source in SOURCE_LETTERS:
        veteran.sets("source", source)
        if source == "IMAGE":
            veteran.run(f"{veteran.SETTINGS}.image = bpy.data.images.new('Wall', 8, 8, tiled=True)")
        veteran.run(f"{SIDEBAR}.tag_redraw()")
        _x, y = veteran.find("trellis2.generate_")
        heights.append(y)
    assert max(heights) - min(heights) < ROW  # where it was met: it is higher than that
