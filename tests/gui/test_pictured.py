# SPDX-License-Identifier: GPL-3.0-or-later
"""From F12 to a model that stands where the picture shows it, though the camera was moved since."""

from __future__ import annotations

from tests.gui.artist import Artist
from tests.gui.shots import Shots

SUZANNE = """
bpy.ops.mesh.primitive_monkey_add(size=3, location=(0.3, 0.2, 1.47))
bpy.data.objects["Suzanne"].modifiers.new("Smooth", "SUBSURF").levels = 1
[*bpy.context.selected_objects[0].location]
"""
VIEW = """
place = Place.find("VIEW_3D", "WINDOW")
place.area.spaces.active.region_3d.view_perspective = "CAMERA"
place.area.spaces.active.shading.type, place.area.spaces.active.shading.color_type = "SOLID", "TEXTURE"
"""
MOVE = "bpy.data.objects['Camera'].location.x += {by}\nbpy.data.objects['Camera'].location.x"
MODELS = "[thing for thing in bpy.data.objects if thing.get('trellis2_job_id')]"
REACH = f"""
from bpy_extras.object_utils import world_to_camera_view
import numpy
def reach(thing):
    mesh = thing.evaluated_get(context.evaluated_depsgraph_get()).data
    places = [thing.matrix_world @ vertex.co for vertex in list(mesh.vertices)[::7]]
    seen = [world_to_camera_view(bpy.context.scene, bpy.data.objects["Camera"], place) for place in places]
    return [float(end) for axis in range(2) for end in numpy.quantile([each[axis] for each in seen], [0.01, 0.99])]
[reach(thing) for thing in (bpy.data.objects["Suzanne"], *{MODELS})]
"""
NAMES = "[job.viewpoint.selected for job in {jobs}]"


def test_a_render_becomes_a_model_that_stands_where_its_picture_shows_it(artist: Artist, shots: Shots) -> None:
    artist.deletes_the_cube()
    artist.run(SUZANNE)
    artist.run(VIEW)
    artist.run(f"{artist.SETTINGS}.place, {artist.SETTINGS}.use_projection = 'PICTURE', True")
    artist.run("bpy.context.scene.render.film_transparent = True")
    artist.run("bpy.context.preferences.view.render_display_type = 'NONE'")  # its window would hide the model
    artist.renders()
    artist.run(MOVE.format(by=3.0))
    shots.keep("pictured/moved", artist.picture())
    artist.sets("source", "RENDER")
    artist.click("trellis2.generate_render(")
    artist.until(f"len({MODELS}) == 1")
    session = f"{artist.SESSION}.running()"
    artist.until(f"not {session}.aligning.is_busy and not {session}.finishing.is_busy")
    assert artist.run(NAMES.format(jobs=artist.JOBS)) == [["Suzanne"]]
    artist.run(MOVE.format(by=-3.0))  # back to where the picture was taken
    theirs, ours = artist.run(REACH)
    assert max(abs(one - other) for one, other in zip(theirs, ours, strict=True)) < 0.05
    assert artist.run(f"[layer.name for layer in {MODELS}[0].data.uv_layers][-1]") == "Trellis Picture"
    artist.move_away()
    shots.keep("pictured/both", artist.picture())
    artist.run("bpy.data.objects['Suzanne'].hide_set(True)")
    artist.move_away()
    shots.keep("pictured/model", artist.picture())
    artist.run("bpy.data.objects['Suzanne'].hide_set(False)")
    artist.click("trellis2.replace_block_out")
    artist.until("'Block-Out' in bpy.data.collections")
    assert not artist.run("bpy.data.objects['Suzanne'].visible_get()")
    artist.move_away()
    shots.keep("pictured/replaced", artist.picture())
