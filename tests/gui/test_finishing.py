# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a model ready, from a click in the job's details to the file or the copy."""

from __future__ import annotations

import pytest

from tests.gui.artist import Artist
from tests.gui.shots import Shots


@pytest.mark.parametrize("flaws", [frozenset({"mirror_spots"})])
def test_mirror_spots_lead_to_sliders_and_one_click_exports_what_they_do(artist: Artist, shots: Shots) -> None:
    artist.run(f"{artist.SETTINGS}.decimation_target, {artist.SETTINGS}.texture_size = 100_000, '1024'")
    artist.run(f"{artist.SETTINGS}.export_folder = {str(artist.folder)!r}")
    artist.generates_from_render()
    artist.waits_for("imported")
    artist.until(f"{artist.JOBS}[0].findings is not None and {artist.JOBS}[0].findings.is_looked_at")
    (model,) = artist.models()
    artist.fills_the_window()
    shots.keep("finishing/checked", artist.sidebar())
    artist.run(f"bpy.ops.trellis2.material_sanity(job_id={artist.JOBS}[0].id, light=1.0)")
    artist.until(f"not {artist.SESSION}.works()")
    artist.move_away()
    shots.keep("finishing/sliders", artist.sidebar())
    artist.click("trellis2.export_model")
    artist.until(f"{artist.SESSION}.works()")
    shots.keep("finishing/exporting", artist.sidebar())
    artist.until(f"not {artist.SESSION}.works()")
    assert (artist.folder / f"{model}.glb").is_file()
    artist.move_away()
    shots.keep("finishing/exported", artist.sidebar())
    artist.run(f"bpy.ops.trellis2.print_ready(job_id={artist.JOBS}[0].id, folder={str(artist.folder)!r})")
    artist.until(f"len({artist.MODELS}) == 2")
    assert (artist.folder / f"{model}.stl").is_file()
    artist.move_away()
    shots.keep("finishing/printable", artist.sidebar())
    artist.press("Z", ctrl=True)
    artist.until(f"len({artist.MODELS}) == 1")
    assert artist.run(f"bpy.data.objects[{model!r}].visible_get()") is True
