# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's first model, and the pictures of it."""

from __future__ import annotations

import math
import shutil
import time

import pytest
from PIL import Image

import environments
from emulator import JobRecord
from emulator.records import STEPS
from tests.gui.artist import Artist
from tests.gui.shots import Shots

TEXTURE_SECONDS = 200.0  # newer versions draw the viewport before shaders and textures are there
STILL_LIFE = """
import importlib, sys
from pathlib import Path
sys.path.insert(0, {folder!r})
for thing in [*bpy.data.objects]:
    bpy.data.objects.remove(thing)
importlib.import_module("scene").build_still_life()
importlib.import_module("geometry").export_geometry(Path({geometry!r}), {pixels})
scene = context.scene
scene.name = "Still Life"
scene.render.engine = "CYCLES"
scene.cycles.device, scene.cycles.samples, scene.cycles.use_denoising = "CPU", 24, False
scene.view_settings.view_transform = "Standard"
scene.render.film_transparent = True
scene.render.resolution_x = scene.render.resolution_y = 384
bpy.context.preferences.view.render_display_type = "NONE"  # the render would be in the way
"""
# Leaves nothing but the viewport itself, whose view changes at once.
BARE = """
context.preferences.view.smooth_view = 0
space = Place.find("VIEW_3D", "WINDOW").area.spaces.active
space.show_region_ui = space.show_region_toolbar = space.show_region_header = space.show_gizmo = False
space.overlay.show_text = space.overlay.show_cursor = False
"""
# Shows one object alone.
ALONE = """
shown = {shown}
for thing in bpy.data.objects:
    thing.hide_set(thing is not shown)
    thing.select_set(thing is shown)
space = Place.find("VIEW_3D", "WINDOW").area.spaces.active
space.shading.type, space.shading.color_type, space.overlay.show_overlays = {shading!r}, "TEXTURE", {overlays}
"""
# Looks at what is selected from the front right and above, with so much room around it (1: none).
LOOK = """
from mathutils import Euler
view = Place.find("VIEW_3D", "WINDOW")
eye = view.area.spaces.active.region_3d
eye.view_perspective = "PERSP"
eye.view_rotation = Euler((1.3, 0, 0.45)).to_quaternion()
with context.temp_override(window=view.window, area=view.area, region=view.region):
    bpy.ops.view3d.view_selected()
eye.view_distance *= {room}
"""
TURN = """
from mathutils import Quaternion
view = Place.find("VIEW_3D", "WINDOW").area.spaces.active.region_3d
view.view_rotation = Quaternion((0, 0, 1), {angle}) @ view.view_rotation
"""
MODEL = "next(thing for thing in bpy.data.objects if 'trellis2_job_id' in thing)"
BOX = "next(thing for thing in bpy.data.objects if thing.type == 'LATTICE')"
# Of the README's moving picture: its side in pixels, and the steps of the model's turn; then how many milliseconds
# it shows a tenth of the job, the model, and a step of its turn.
MOVING_SIDE, TURNS = 420, 24
TENTH_MS, MODEL_MS, TURN_MS = 280, 900, 90


def renders_a_still_life(artist: Artist, pixels: int) -> None:
    """Render the demonstration's still life, whose geometry the emulator returns as the model, with such textures."""
    geometry = artist.folder / "geometry.glb"
    for name in ("scene.py", "geometry.py"):
        shutil.copy(environments.ROOT / "scripts" / "demonstration" / name, artist.folder)
    artist.run(STILL_LIFE.format(folder=str(artist.folder), geometry=str(geometry), pixels=pixels))
    artist.emulator.subject = geometry.read_bytes()
    artist.presses_f12(seconds=300)


def middle(artist: Artist) -> tuple[int, int, int, int]:
    """The largest square in the middle of the viewport, below its header."""
    left, lower, right, upper = artist.box("VIEW_3D", "WINDOW")
    side = upper - lower - 60
    return (left + right - side) // 2, lower, (left + right + side) // 2, upper - 60


def with_textures(artist: Artist, square: Image.Image) -> Image.Image:
    """The middle of the viewport once the model's textures are seen there, which the render has, too."""
    end = time.monotonic() + TEXTURE_SECONDS
    while coloured(seen := artist.picture(middle(artist))) <= coloured(square) / 4 and time.monotonic() < end:
        time.sleep(0.5)
    print(f"Strong colours cover {coloured(square):.0%} of what was sent, and {coloured(seen):.0%} of what is seen")
    assert coloured(seen) > coloured(square) / 4
    return seen


def sent_square(artist: Artist) -> Image.Image:
    """The picture that was sent, on grey."""
    with Image.open(artist.sent_picture()) as sent:
        square = Image.new("RGB", sent.size, (64, 64, 64))
        square.paste(sent, mask=sent.getchannel("A"))
    return square


@pytest.mark.parametrize("job_seconds", [12.0])
def test_a_still_life_becomes_a_model_with_its_textures(artist: Artist, shots: Shots) -> None:
    renders_a_still_life(artist, 2048)
    artist.fills_the_window()
    artist.scales_the_interface(0.92)  # all of the panel is to be seen
    artist.click("trellis2.generate_render")
    artist.until(f"any(job.progress > 0.3 for job in {artist.JOBS})")
    meanwhile = artist.sidebar()
    artist.waits_for("imported", seconds=120)
    shots.keep("panel", meanwhile, artist.sidebar())
    artist.run(BARE)
    artist.run(ALONE.format(shown=MODEL, shading="MATERIAL", overlays=False))
    artist.run(LOOK.format(room=1))
    square = sent_square(artist)
    seen = with_textures(artist, square)
    shots.keep("result", *(picture.resize((400, 400)) for picture in (square, seen)))


@pytest.mark.parametrize("job_seconds", [60.0])
def test_a_box_fills_up_and_the_model_takes_its_place(artist: Artist, shots: Shots) -> None:
    renders_a_still_life(artist, 1024)
    artist.fills_the_window()
    artist.run(f"{artist.SETTINGS}.decimation_target, {artist.SETTINGS}.texture_size = 100_000, '1024'")
    artist.click("trellis2.generate_render")
    artist.waits_for("running")
    (job,) = artist.emulator.jobs.values()
    stands_at(job, 0)
    artist.run(BARE)
    artist.run(ALONE.format(shown=BOX, shading="SOLID", overlays=True))
    artist.run(LOOK.format(room=1.3))
    frames = []
    for tenth in range(10):
        stands_at(job, tenth)
        artist.until(f"{artist.JOBS}[0].progress >= {tenth / 10}")
        frames.append((artist.picture(middle(artist), moving=True), TENTH_MS))
    job.seconds, job.clock = 0.0, time.time
    artist.waits_for("imported", seconds=120)
    artist.run(ALONE.format(shown=MODEL, shading="SOLID", overlays=False))
    frames.append((with_textures(artist, sent_square(artist)), MODEL_MS))
    for _ in range(TURNS):
        artist.run(TURN.format(angle=2 * math.pi / TURNS))
        frames.append((artist.picture(middle(artist), moving=True), TURN_MS))
    size = (MOVING_SIDE, MOVING_SIDE)
    shots.keep_moving("box_to_model", [(seen.resize(size, Image.Resampling.LANCZOS), ms) for seen, ms in frames])


def stands_at(job: JobRecord, tenth: int) -> None:
    """Let the job's time stand still so long after its submit that it is so many tenths on its way."""
    begin, end = dict(STEPS)["in-progress"], dict(STEPS)["finalizing"]
    moment = job.created + job.seconds * (begin + (end - begin) * (tenth + 0.5) / 10)
    job.clock = lambda: moment


def coloured(picture: Image.Image) -> float:
    """Which part of the picture has strong colours, 0 to 1. Blender's background has none."""
    strong = picture.convert("HSV").getchannel("S").point(lambda value: 255 if value > 96 else 0)
    return strong.histogram()[255] / (picture.width * picture.height)
