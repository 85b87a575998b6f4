"""Make Solid: what is known to be wrong goes, nothing else changes, and whatever happens the model is still there."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.finishing.bodies import FACES, TOGETHER, body, copy_of, ended, everything, made_solid, measured
from tests.blender.working import refusal, tick_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator import Flaw

OPS: Any = bpy.ops


def test_a_sound_model_stays_untouched_bit_by_bit(addon: Any, tmp_path: Path) -> None:
    thing = body(tmp_path)
    before = everything(thing.data)
    assert made_solid() == "“Körper” is sound: there was nothing to mend."
    assert everything(thing.data) == before
    assert [each.name for each in bpy.data.objects] == ["Körper"]
    assert (thing.visible_get(), thing.hide_render) == (True, False)


@pytest.mark.parametrize(
    ("flaws", "said"),
    [
        (("inner_shell",), "hidden faces removed {sound}, loose bits 0, faces turned 0, holes closed 0."),
        (("loose_bits",), "hidden faces removed 0, loose bits 10, faces turned 0, holes closed 0."),
        (("holes",), "hidden faces removed 0, loose bits 0, faces turned 0, holes closed 2."),
    ],
)
def test_each_fault_is_mended_and_told_in_numbers(
    addon: Any, tmp_path: Path, flaws: tuple[Flaw, ...], said: str
) -> None:
    sound = measured(body(tmp_path)).faces
    thing = body(tmp_path, *flaws)
    assert measured(thing).faults()
    sentence = made_solid(smallest_part=1.0)
    assert sentence == f"“{thing.name}” is mended: {said.format(sound=f'{sound:,}')}"
    found = measured(copy_of(thing))
    assert (found.faults(), found.parts, found.holes) == ([], 1, 0)
    if flaws != ("holes",):
        assert found.faces == sound


def test_what_is_inside_out_is_turned_and_exactly_that(addon: Any, tmp_path: Path) -> None:
    sound, thing = body(tmp_path), body(tmp_path, "flipped_patches")
    flipped = measured(thing).flipped_faces
    assert 0.1 * FACES < flipped < 0.2 * FACES
    assert f"faces turned {flipped}, " in made_solid()
    copy = copy_of(thing)
    assert measured(copy).flipped_faces == 0
    assert normals(copy) == normals(sound)
    assert everything(thing.data) != everything(copy.data)


def test_all_faults_together_leave_nothing_over(addon: Any, tmp_path: Path) -> None:
    thing = body(tmp_path, *TOGETHER)
    made_solid(smallest_part=1.0)
    found = measured(copy_of(thing))
    assert (found.hidden_parts, found.loose_parts, found.holes, found.flipped_faces, found.parts) == (0, 0, 0, 0, 1)


def test_a_shell_that_hangs_together_with_the_outside_is_found_with_rays(addon: Any, tmp_path: Path) -> None:
    thing = joined_shell(tmp_path)
    assert measured(thing).hidden_parts == 0
    sentence = made_solid(largest_hole=0.0)
    found = measured(copy_of(thing))
    outer = found.faces
    assert 0.95 * FACES < outer < 1.06 * FACES, sentence


def test_the_copy_stands_where_the_model_stood_with_its_material_and_a_longer_recipe(
    addon: Any, tmp_path: Path
) -> None:
    thing = body(tmp_path, "inner_shell")
    thing.location = (1.0, 2.0, 3.0)
    thing["trellis2_seed"] = 7
    made_solid()
    copy = copy_of(thing)
    assert copy.matrix_world == thing.matrix_world
    assert [slot.material for slot in copy.material_slots] == [slot.material for slot in thing.material_slots]
    assert (thing.visible_get(), thing.hide_render, thing.select_get()) == (False, True, False)
    assert (copy.visible_get(), copy.hide_render, copy.select_get()) == (True, False, True)
    assert bpy.context.view_layer is not None
    assert bpy.context.view_layer.objects.active == copy
    (step,) = json.loads(copy["trellis2_finishing"])
    assert (step["step"], step["largest_hole"], step["hidden_parts"], copy["trellis2_seed"]) == ("solid", 1.0, 1, 7)
    assert "trellis2_finishing" not in thing


def test_faces_that_stay_keep_all_they_have(addon: Any, tmp_path: Path) -> None:
    thing = body(tmp_path, "loose_bits")
    count = len(thing.data.polygons)
    marks = thing.data.attributes.new("mark", "INT", "FACE")
    marks.data.foreach_set("value", np.arange(count, dtype=np.int32))
    for name in ("other", "edited", "rendered"):
        thing.data.color_attributes.new(name, "FLOAT_COLOR", "POINT")
        thing.data.uv_layers.new(name=f"{name} map")
    thing.data.attributes.active_color_name, thing.data.attributes.default_color_name = "edited", "rendered"
    thing.data.uv_layers.active = thing.data.uv_layers["edited map"]
    thing.data.uv_layers["rendered map"].active_render = True
    made_solid(smallest_part=1.0)
    copy = copy_of(thing)
    assert layers_in_use(copy.data) == ["edited", "rendered", "edited map", "rendered map"]
    kept = np.empty(len(copy.data.polygons), np.int32)
    copy.data.attributes["mark"].data.foreach_get("value", kept)
    assert len(kept) == count - 80
    assert (corners(copy) == corners(thing)[kept]).all()
    assert (uvs(copy) == uvs(thing)[kept]).all()
    assert not copy.data.validate(verbose=True)


def layers_in_use(mesh: Any) -> list[str]:
    """Return the names of the colours and then of the UVs that are edited and that are rendered."""
    colours, uvs_of = mesh.attributes, mesh.uv_layers
    rendered = next(layer.name for layer in uvs_of if layer.active_render)
    return [colours.active_color_name, colours.default_color_name, uvs_of.active.name, rendered]


def test_a_closed_hole_has_the_uvs_of_what_is_around_it(addon: Any, tmp_path: Path) -> None:
    thing = body(tmp_path, "holes")
    made_solid()
    copy = copy_of(thing)
    lids = uvs(copy)[len(thing.data.polygons) :]
    assert len(lids) > 0
    around = {tuple(uv) for uv in uvs(thing).reshape(-1, 2).tolist()}
    assert all(tuple(uv) in around for uv in lids.reshape(-1, 2).tolist())
    assert not copy.data.validate(verbose=True)


def test_faces_with_more_corners_are_kept_as_they_are(addon: Any, tmp_path: Path) -> None:
    OPS.mesh.primitive_cube_add(size=2.0)
    thing: Any = bpy.context.active_object
    OPS.object.mode_set(mode="EDIT")
    OPS.mesh.primitive_cube_add(size=1.0)
    OPS.object.mode_set(mode="OBJECT")
    assert "hidden faces removed 12," in made_solid()
    copy = copy_of(thing)
    assert [len(face.vertices) for face in copy.data.polygons] == [4] * 6
    assert sorted(tuple(vertex.co) for vertex in copy.data.vertices) == sorted(
        (x, y, z) for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)
    )


def test_what_it_cannot_decide_is_selected_and_left_to_the_artist(addon: Any, tmp_path: Path) -> None:
    thing = body(tmp_path, "holes")
    sentence = made_solid(largest_hole=0.0)
    assert "Nothing of “Körper” was changed." in sentence
    assert "faces are yours to judge" in sentence
    chosen = [face for face in thing.data.polygons if face.select]
    assert f" {len(chosen):,} faces" in sentence
    assert 10 < len(chosen) < 200
    assert copy_of(thing) is None


def test_undo_takes_the_copy_away_in_one_step(addon: Any, tmp_path: Path) -> None:
    body(tmp_path, "inner_shell")
    made_solid()
    OPS.ed.undo()
    assert [thing.name for thing in bpy.data.objects] == ["Körper"]
    thing = bpy.data.objects["Körper"]
    assert (thing.visible_get(), thing.hide_render) == (True, False)


def test_a_row_shows_how_far_it_is_and_cancel_ends_it(addon: Any, tmp_path: Path) -> None:
    thing = body(tmp_path, "inner_shell")
    before = everything(thing.data)
    assert OPS.trellis2.make_solid() == {"FINISHED"}
    addon.session.tick()
    (work,) = addon.session.works().values()
    assert [row.name for row in addon.rows.of_window_manager().rows] == ["Körper"]
    assert OPS.trellis2.cancel_step() == {"FINISHED"}
    assert not addon.session.works()
    addon.session.tick()
    assert not addon.rows.of_window_manager().rows
    tick_until(lambda: not work.folder.exists())
    assert everything(thing.data) == before
    assert copy_of(thing) is None


def test_a_killed_background_blender_ends_in_a_sentence_and_the_model_is_as_it_was(
    addon: Any, cold: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing = body(tmp_path, "inner_shell")
    before = everything(thing.data)
    asked = addon.process.Background.ask

    def killed(background: Any, *given: Any, **options: Any) -> Any:
        def kill(_done: float) -> None:
            os.kill(background.process_id, signal.SIGTERM)  # before it can answer

        return asked(background, *given, **{**options, "progress": kill})

    monkeypatch.setattr(addon.process.Background, "ask", killed)
    assert OPS.trellis2.make_solid() == {"FINISHED"}
    sentence = ended()
    assert sentence.startswith("The second Blender")
    assert everything(thing.data) == before
    assert (thing.visible_get(), copy_of(thing)) == (True, None)
    OPS.trellis2.cancel_step()
    assert not addon.session.works()


def test_a_step_that_was_under_way_goes_on_after_a_restart(addon: Any, tmp_path: Path) -> None:
    thing = body(tmp_path, "inner_shell")
    assert OPS.trellis2.make_solid() == {"FINISHED"}
    (work,) = addon.session.works().values()
    tick_until((work.folder / addon.work.STEP_FILE).is_file)
    addon.session.stop()
    tick_until(lambda: work.is_done)
    addon.session.start()
    tick_until(lambda: copy_of(thing) is not None)
    assert measured(copy_of(thing)).faults() == []
    tick_until(lambda: not work.folder.exists())


def test_a_result_waits_until_its_model_is_in_the_file_again(addon: Any, tmp_path: Path) -> None:
    thing = body(tmp_path, "inner_shell")
    saved = tmp_path / "Möbel.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(saved))
    assert OPS.trellis2.make_solid() == {"FINISHED"}
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert ended() == "Its model is not in this file"
    bpy.ops.wm.open_mainfile(filepath=str(saved))
    tick_until(lambda: bpy.data.objects.get("Körper Solid") is not None)
    assert measured(bpy.data.objects["Körper Solid"]).faults() == []
    assert not addon.session.works()
    del thing


def test_what_would_be_lost_is_refused(addon: Any, tmp_path: Path) -> None:
    thing = body(tmp_path, "inner_shell")
    thing.vertex_groups.new(name="Arm")
    assert "vertex groups" in refusal(OPS.trellis2.make_solid)
    thing.vertex_groups.clear()
    thing.shape_key_add(name="Basis")
    assert "shape keys" in refusal(OPS.trellis2.make_solid)


def joined_shell(folder: Path) -> Any:
    """Return a body whose inner shell hangs together with the outside, through a narrow hole with a rim between."""
    import bmesh

    thing = body(folder, "inner_shell")
    mesh = bmesh.new()
    mesh.from_mesh(thing.data)
    middles = {face: face.calc_center_median() for face in mesh.faces}
    front = min((middle for middle in middles.values() if middle.xz.length < 0.05), key=lambda middle: middle.y)
    near = [face for face, middle in middles.items() if (middle - front).length < 0.05]
    bmesh.ops.delete(mesh, geom=near, context="FACES")
    rims = [edge for edge in mesh.edges if edge.is_boundary]
    bmesh.ops.bridge_loops(mesh, edges=rims)
    bmesh.ops.triangulate(mesh, faces=[*mesh.faces])
    mesh.to_mesh(thing.data)
    mesh.free()
    return thing


def normals(thing: Any) -> set[tuple[float, ...]]:
    """Return the middles and the normals of all faces, rounded."""
    return {tuple(np.round([*face.center, *face.normal], 3).tolist()) for face in thing.data.polygons}


def corners(thing: Any) -> Any:
    """Return the positions of each face's corners: (faces, 3, 3)."""
    places = np.array([vertex.co[:] for vertex in thing.data.vertices])
    return places[np.array([face.vertices[:] for face in thing.data.polygons])]


def uvs(thing: Any) -> Any:
    """Return the UVs of each face's corners: (faces, 3, 2)."""
    found = np.empty(len(thing.data.loops) * 2, np.float32)
    thing.data.attributes["UVMap"].data.foreach_get("vector", found)
    return found.reshape(-1, 3, 2)


def test_a_large_result_arrives_piece_by_piece_and_nothing_is_left_of_one_that_does_not(
    addon: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon.handover, "LARGE", 0)
    body(tmp_path, "loose_bits")
    before = known()
    assert OPS.trellis2.make_solid(smallest_part=1.0) == {"FINISHED"}
    (work,) = addon.session.works().values()
    tick_until(lambda: work.arriving)
    assert (len(bpy.data.meshes), scene()) == (len(before) + 1, ["Körper"])
    OPS.trellis2.cancel_step()
    addon.session.tick()
    assert (known(), scene()) == (before, ["Körper"])
    assert OPS.trellis2.make_solid(smallest_part=1.0) == {"FINISHED"}
    (work,) = addon.session.works().values()
    tick_until(lambda: work.arriving)
    bpy.ops.ed.undo_push(message="Meanwhile")
    bpy.ops.ed.undo()
    assert work.arriving is None
    assert "is mended" in ended()
    assert (known(), scene()) == ([*before, "Körper Solid"], ["Körper", "Körper Solid"])
    assert not bpy.data.meshes["Körper Solid"].validate(verbose=True)


@pytest.mark.unexpected
def test_half_a_result_that_cannot_be_taken_away_does_not_stop_the_timer(
    addon: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stuck() -> Iterator[None]:
        try:
            yield
        finally:
            raise RuntimeError("something holds it")

    monkeypatch.setattr(addon.handover, "LARGE", 0)
    body(tmp_path, "loose_bits")
    assert OPS.trellis2.make_solid(smallest_part=1.0) == {"FINISHED"}
    (work,) = addon.session.works().values()
    tick_until(lambda: work.arriving)
    work.arriving.close()
    work.arriving = stuck()
    next(work.arriving)
    OPS.object.delete()
    addon.session.tick()
    assert "Something unexpected happened (RuntimeError)." in work.error


def known() -> list[str]:
    """Return the names of all meshes of the file, used or not."""
    return sorted(mesh.name for mesh in bpy.data.meshes)


def scene() -> list[str]:
    """Return the names of all objects."""
    return sorted(thing.name for thing in bpy.data.objects)


def test_a_mesh_that_is_being_edited_is_taken_afterwards_and_one_that_is_gone_waits_for_undo(
    addon: Any, tmp_path: Path
) -> None:
    body(tmp_path, "loose_bits")
    assert OPS.trellis2.make_solid(smallest_part=1.0) == {"FINISHED"}
    (work,) = addon.session.works().values()
    OPS.object.mode_set(mode="EDIT")
    tick_until(lambda: work.room)
    addon.session.tick()
    assert (work.room is not None, work.error) == (True, "")
    OPS.object.mode_set(mode="OBJECT")
    assert "loose bits 10," in ended()
    assert OPS.trellis2.make_solid() == {"FINISHED"}
    OPS.object.delete()
    assert ended() == "Its model is not in this file"
    OPS.ed.undo_push(message="Delete")
    OPS.ed.undo()
    assert ended() == "“Körper Solid” is sound: there was nothing to mend."


def test_the_faces_to_judge_are_those_that_edit_mode_selects(addon: Any) -> None:
    OPS.mesh.primitive_grid_add(x_subdivisions=4, y_subdivisions=4)
    mesh: Any = bpy.context.active_object.data  # type: ignore[union-attr]
    mesh.vertices.foreach_set("select", [True] * 25)
    mesh.edges.foreach_set("select", [True] * 40)
    addon.handover.select(mesh, np.arange(16) == 5)
    OPS.object.mode_set(mode="EDIT")
    counts = mesh.count_selected_items()
    OPS.object.mode_set(mode="OBJECT")
    assert tuple(counts) == (4, 4, 1)
    assert [face.index for face in mesh.polygons if face.select] == [5]


def test_room_that_does_not_suffice_is_made_up_for(addon: Any) -> None:
    room = addon.work.Room(8)
    arrays = [room.array((size,), np.int32) for size in (2, 3, 1000)]
    for number, array in enumerate(arrays):
        array[:] = number
    assert [set(array.tolist()) for array in arrays] == [{0}, {1}, {2}]
