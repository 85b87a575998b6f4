# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a model ready, from a click in the job's details to the file or the copy."""

from __future__ import annotations

import pytest

from tests.gui.artist import Artist
from tests.gui.shots import Shots
from tests.workshop import small_reliefs


@pytest.mark.parametrize("flaws", [frozenset({"mirror_spots"})])
def test_mirror_spots_lead_to_sliders_and_one_click_exports_what_they_do(artist: Artist, shots: Shots) -> None:
    artist.run(f"{artist.SETTINGS}.decimation_target, {artist.SETTINGS}.texture_size = 100_000, '1024'")
    artist.run(f"{artist.SETTINGS}.export_folder = {str(artist.folder)!r}")
    artist.generates_from_render()
    artist.waits_for("imported")
    artist.until(f"{artist.JOBS}[0].findings is not None and {artist.JOBS}[0].findings.clear is not None")
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


STEP_SECONDS = 240.0  # a step has a low priority: whatever else the computer does comes first
ASKED = "bpy.context.window_manager.operator_properties_last('trellis2.game_ready')"
REFUSED = """
asked = {asked}
asked.preset, asked.faces, asked.texture_size = "OWN", 600, 64
asked.shape, asked.smallest_overlap = "QUADS", 1.0
"""
SHOWN = "[thing.name for thing in {models} if thing.visible_get()]"
NODES = "bpy.data.objects[{name!r}].active_material.node_tree.nodes"


def test_from_a_jobs_line_to_a_game_ready_model_beside_the_hidden_original(artist: Artist, shots: Shots) -> None:
    with small_reliefs():
        artist.generates_from_render()
        artist.waits_for("imported")
    artist.run("bpy.data.objects['Cube'].hide_set(True)")
    (model,) = artist.models()
    artist.run(REFUSED.format(asked=ASKED))
    artist.click("trellis2.game_ready")
    shots.keep("game_ready/dialog", artist.picture())
    artist.press("RET")
    artist.until(f"{artist.SESSION}.works()")
    shots.keep("game_ready/progress", artist.picture())
    artist.until(f"any(work.error for work in {artist.SESSION}.works().values())", STEP_SECONDS)
    artist.move_away()
    shots.keep("game_ready/refused", artist.sidebar())
    artist.click("trellis2.use_triangles")
    name = model.replace(" ", "_")
    made = [model, *(f"{name}_{ending}" for ending in ("Collision", "LOD0", "LOD1", "LOD2"))]
    artist.until(f"sorted(thing.name for thing in {artist.MODELS}) == {made!r}", STEP_SECONDS)
    nodes = NODES.format(name=f"{name}_LOD0")
    shown = SHOWN.format(models=artist.MODELS)
    assert artist.run(shown) == [f"{name}_LOD0"]
    artist.move_away()
    artist.until(f"not {artist.SESSION}.running().decoding.is_busy")
    decoded = f"[[*node.image.size, len(node.image.pixels)] for node in {nodes} if node.type == 'TEX_IMAGE']"
    assert artist.run(decoded) == [[64, 64, 4 * 64 * 64]] * 4
    shots.keep("game_ready/ready", artist.picture())
    saved = str(artist.folder / "Möbel.blend")
    artist.run(f"bpy.ops.wm.save_as_mainfile(filepath={saved!r}, copy=True)")
    artist.press("Z", ctrl=True)
    artist.until(f"[thing.name for thing in {artist.MODELS}] == [{model!r}]")
    assert artist.run(shown) == [model]
    artist.run(f"bpy.ops.wm.open_mainfile(filepath={saved!r})")
    artist.until(f"sorted(thing.name for thing in {artist.MODELS}) == {made!r}")
    assert artist.run(shown) == [f"{name}_LOD0"]
    artist.move_away()
    shots.keep("game_ready/reopened", artist.picture())
