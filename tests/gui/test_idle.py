# SPDX-License-Identifier: GPL-3.0-or-later
"""With nothing running the add-on does nothing: no timer, nothing drawn again."""

from __future__ import annotations

import time

from emulator import Fault
from tests.addon import ADDON
from tests.gui.artist import Artist

LONGEST_END = 60.0  # seconds: the thumbnail of a model is made by then, and Blender has taken its last report away
WATCHED = 2.0
COUNT = """
import inspect, sys
drawn = []
for region, name in (("UI", "sidebar"), ("WINDOW", "viewport")):
    bpy.types.SpaceView3D.draw_handler_add(drawn.append, (name,), region, "POST_PIXEL")
bpy.types.STATUSBAR_HT_header.append(lambda *_: drawn.append("status bar"))
Place.find("VIEW_3D", "WINDOW").area.tag_redraw()
"""
TIMERS = f"""[
    name
    for path, module in [*sys.modules.items()]
    if path.startswith({ADDON!r})
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if bpy.app.timers.is_registered(function)
]"""
TOOLS = "[tool.bl_idname for window in context.window_manager.windows for tool in window.modal_operators]"


def rests(artist: Artist) -> None:
    """See that nothing runs and nothing is drawn any more, with the panel open."""
    artist.run(COUNT)
    artist.find("trellis2.source")
    artist.move_away()
    assert set(artist.run("drawn")) == {"sidebar", "viewport", "status bar"}
    end = time.monotonic() + LONGEST_END
    busy = ["not looked at yet"]
    while busy and time.monotonic() < end:
        artist.run("drawn.clear()")
        time.sleep(WATCHED)
        busy = artist.run(f"[*drawn, *{TIMERS}, *{TOOLS}]")
    assert busy == []


def test_blender_rests_before_anything_was_made(artist: Artist) -> None:
    rests(artist)


def test_blender_rests_with_jobs_that_ended(artist: Artist) -> None:
    artist.generates_from_render()
    artist.waits_for("imported")
    artist.emulator.fault("submit", Fault(job="fails"))
    artist.click("trellis2.generate_render")
    artist.until(f"sorted({{job.stage.value for job in {artist.JOBS}}}) == ['failed', 'imported']")
    rests(artist)


def test_blender_rests_with_a_job_that_was_started_elsewhere(artist: Artist) -> None:
    artist.generates_from_render()
    artist.waits_for("imported")
    (remote,) = artist.emulator.jobs
    artist.run("bpy.ops.trellis2.remove()")
    artist.until(f"not {artist.JOBS}")
    artist.run(f"bpy.ops.trellis2.import_by_id(remote_id={remote!r})")
    artist.waits_for("imported")
    rests(artist)


def test_blender_rests_with_a_job_that_failed_elsewhere(artist: Artist) -> None:
    artist.emulator.fault("submit", Fault(job="fails"))
    artist.generates_from_render()
    artist.waits_for("failed")
    (remote,) = artist.emulator.jobs
    artist.run("bpy.ops.trellis2.remove()")
    artist.until(f"not {artist.JOBS}")
    artist.run(f"bpy.ops.trellis2.import_by_id(remote_id={remote!r})")
    artist.waits_for("failed")
    rests(artist)
