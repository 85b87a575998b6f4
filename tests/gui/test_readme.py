# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's first model, and the pictures of it."""

from __future__ import annotations

import shutil
import time

import pytest
from PIL import Image

import environments
from tests.gui.artist import Artist
from tests.gui.shots import Shots

TEXTURE_SECONDS = 20.0  # the viewport of newer versions is drawn before its textures are there
STILL_LIFE = """
import importlib, sys
sys.path.insert(0, {folder!r})
for thing in [*bpy.data.objects]:
    bpy.data.objects.remove(thing)
importlib.import_module("demo_scene").build_still_life()
scene = context.scene
scene.name = "Still Life"
scene.render.engine = "CYCLES"
scene.cycles.device, scene.cycles.samples, scene.cycles.use_denoising = "CPU", 24, False
scene.render.film_transparent = True
scene.render.resolution_x = scene.render.resolution_y = 384
"""
ALONE = """
model = bpy.data.objects[{model!r}]
for thing in bpy.data.objects:
    thing.hide_set(thing is not model)
view = Place.find("VIEW_3D", "WINDOW")
view.area.spaces.active.shading.type = "MATERIAL"
view.area.spaces.active.overlay.show_overlays = False
view.area.spaces.active.show_gizmo = False
with context.temp_override(window=view.window, area=view.area, region=view.region):
    bpy.ops.view3d.view_axis(type="FRONT")
    bpy.ops.view3d.view_orbit(angle=0.5, type="ORBITRIGHT")
    bpy.ops.view3d.view_orbit(angle=0.25, type="ORBITUP")
    bpy.ops.view3d.view_selected()
"""


@pytest.mark.parametrize("job_seconds", [12.0])
def test_a_still_life_becomes_a_model_with_its_textures(artist: Artist, shots: Shots) -> None:
    shutil.copy(environments.ROOT / "scripts" / "demo_scene.py", artist.folder)
    artist.run(STILL_LIFE.format(folder=str(artist.folder)))
    artist.run("bpy.context.preferences.view.render_display_type = 'NONE'")  # the render would be in the way
    artist.presses_f12(seconds=300)
    artist.fills_the_window()
    artist.scales_the_interface(0.92)  # all of the panel is to be seen
    artist.click("trellis2.generate_render")
    artist.until(f"any(job.progress > 0.3 for job in {artist.JOBS})")
    meanwhile = artist.sidebar()
    artist.waits_for("imported", seconds=120)
    shots.keep("panel", meanwhile, artist.sidebar())
    (model,) = artist.run("[thing.name for thing in bpy.data.objects if 'trellis2_job_id' in thing]")
    artist.run(ALONE.format(model=model))
    artist.press("N")  # the sidebar is in the way
    left, lower, right, upper = artist.box("VIEW_3D", "WINDOW")
    width = upper - lower - 60
    box = ((left + right - width) // 2, lower, (left + right + width) // 2, upper - 60)
    with Image.open(artist.sent_picture()) as sent:
        square = Image.new("RGB", sent.size, (64, 64, 64))
        square.paste(sent, mask=sent.getchannel("A"))
    end = time.monotonic() + TEXTURE_SECONDS
    while coloured(seen := artist.picture(box)) <= coloured(square) / 4 and time.monotonic() < end:
        time.sleep(0.5)
    print(f"Strong colours cover {coloured(square):.0%} of what was sent, and {coloured(seen):.0%} of what is seen")
    assert coloured(seen) > coloured(square) / 4
    shots.keep("result", *(picture.resize((400, 400)) for picture in (square, seen)))


def coloured(picture: Image.Image) -> float:
    """Which part of the picture has strong colours, 0 to 1. Blender's background has none."""
    strong = picture.convert("HSV").getchannel("S").point(lambda value: 255 if value > 96 else 0)
    return strong.histogram()[255] / (picture.width * picture.height)
