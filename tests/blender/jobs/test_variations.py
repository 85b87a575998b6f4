"""Several models of one picture at once: in a grid, each with its seed, and one of them kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import pytest

from emulator import Fault
from tests.blender import noted
from tests.blender.boxes import boxes
from tests.blender.drawing import draw
from tests.blender.pictures import picture_file, sent
from tests.blender.scene.test_import import add_camera
from tests.blender.working import OPS, SMALL, generate, meshes, refusal, rest, stage_of, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

MAXIMUM = 2_147_483_647


def jobs(session: Any) -> list[Any]:
    """All jobs, oldest first."""
    return list(session.jobs().values())


def make(tmp_path: Path, session: Any, count: int = 3) -> list[Any]:
    """Make so many variations, wait until their models are there, and return those in their order."""
    generate(picture_file(tmp_path), variations=count)
    tick_until(lambda: sum(job.stage.value == "imported" for job in session.jobs().values()) >= count)
    return sorted(meshes(), key=lambda thing: thing["trellis2_variation"])


def choose(thing: Any) -> None:
    """Make it the active object."""
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.objects.active = thing


def names(collection: Any) -> list[str]:
    """The names of the file's data of one kind."""
    return sorted(each.name for each in collection)


def test_so_many_jobs_begin_as_were_asked_for_each_with_its_own_seed(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    scene: Any = bpy.context.scene
    scene.trellis2.variations = 4
    given = {name: value for name, value in SMALL.items() if name != "seed"}
    assert OPS.trellis2.generate_image(filepath=str(picture_file(tmp_path)), **given) == {"FINISHED"}
    begun = jobs(session)
    assert len(begun) == 4
    assert len({job.parameters["seed"] for job in begun}) == 4
    assert {job.batch for job in begun} == {begun[0].id}
    assert [job.place for job in begun] == [0, 1, 2, 3]
    tick_until(lambda: all(job.stage.value == "imported" for job in jobs(session)))
    assert connected.paid == 4


@pytest.mark.parametrize(("seed", "seeds"), [(7, [7, 8, 9]), (MAXIMUM - 1, [MAXIMUM - 1, MAXIMUM, 0])])
def test_a_fixed_seed_is_counted_up(
    tmp_path: Path, connected: Emulator, session: Any, seed: int, seeds: list[int]
) -> None:
    generate(picture_file(tmp_path), seed=seed, variations=3)
    assert [job.parameters["seed"] for job in jobs(session)] == seeds


def test_variations_say_which_of_how_many_they_are_and_their_objects_have_no_slash(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    models = make(tmp_path, session)
    assert [job.name for job in jobs(session)] == ["chair 1/3", "chair 2/3", "chair 3/3"]
    assert [(model.name, model.data.name, model.active_material.name) for model in models] == [
        (name, name, name) for name in ("chair 1", "chair 2", "chair 3")
    ]


def test_what_is_made_of_a_variations_settings_is_named_after_the_picture(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    generate(picture_file(tmp_path), variations=2)
    tick_until(lambda: len(meshes()) == 2)
    assert OPS.trellis2.use_settings(job_id=jobs(session)[1].id) == {"FINISHED"}
    scene: Any = bpy.context.scene
    generate(scene.trellis2.filepath)
    assert jobs(session)[-1].name == "chair"


def test_a_single_job_is_none_of_several(tmp_path: Path, connected: Emulator, session: Any) -> None:
    generate(picture_file(tmp_path))
    assert [(job.batch, job.place) for job in jobs(session)] == [("", 0)]


def test_each_job_has_the_picture(tmp_path: Path, connected: Emulator, session: Any) -> None:
    picture = picture_file(tmp_path)
    generate(picture, variations=3)
    tick_until(lambda: len(meshes()) == 3)
    content = [path.read_bytes() for path in sorted(session.jobs_root().glob("*/source.png"))]
    assert content == [sent(connected)] * 3
    assert list((session.jobs_root() / ".incoming").iterdir()) == []


def test_a_picture_of_ours_is_shared_out_and_not_left_behind(tmp_path: Path, connected: Emulator, session: Any) -> None:
    image: Any = bpy.data.images.new("picture", 8, 8)
    image.pixels[0] = 1.0  # in a single colour nothing finds a subject
    image.file_format, image.filepath_raw = "BMP", str(tmp_path / "picture.bmp")
    image.save()
    generate(tmp_path / "picture.bmp", variations=3)
    tick_until(lambda: len(meshes()) == 3)
    assert len({path.read_bytes() for path in session.jobs_root().glob("*/source.png")}) == 1
    assert len(list(session.jobs_root().glob("*/source.png"))) == 3
    assert list((session.jobs_root() / ".incoming").iterdir()) == []


def test_they_stand_in_a_grid_from_the_cursor_on(tmp_path: Path, connected: Emulator, session: Any) -> None:
    assert bpy.context.scene is not None
    bpy.context.scene.cursor.location = (1.0, 2.0, 3.0)
    generate(picture_file(tmp_path), variations=3)
    places = [(1.0, -0.5, 3.0), (1.0, 2.0, 3.0), (3.5, 2.0, 3.0)]
    assert sorted(tuple(box.location) for box in boxes()) == places
    tick_until(lambda: len(meshes()) == 3)
    assert sorted(tuple(model.location) for model in meshes()) == places


def test_without_boxes_they_stand_there_too(tmp_path: Path, connected: Emulator) -> None:
    generate(picture_file(tmp_path), variations=3, wait=True)
    assert sorted(tuple(model.location) for model in meshes()) == [(0.0, -2.5, 0.0), (0.0, 0.0, 0.0), (2.5, 0.0, 0.0)]


def test_one_imported_again_by_a_click_stands_at_the_cursor(tmp_path: Path, connected: Emulator, session: Any) -> None:
    make(tmp_path, session)
    for model in meshes():
        bpy.data.objects.remove(model)
    assert OPS.trellis2.import_model(job_id=jobs(session)[2].id, wait=True) == {"FINISHED"}
    assert [model.location.x for model in meshes()] == [0.0]


def test_a_click_for_several_is_one_step_to_undo(
    tmp_path: Path, connected: Emulator, capfd: pytest.CaptureFixture[str]
) -> None:
    bpy.ops.ed.undo_push(message="Before")
    generate(picture_file(tmp_path), variations=3)
    capfd.readouterr()
    bpy.context.window_manager.print_undo_steps()  # type: ignore[union-attr]  # there is one
    last = [line for line in capfd.readouterr().out.splitlines() if "name=" in line][-2:]
    assert "name='Before'" in last[0]
    assert "name='Generate chair'" in last[1]


def test_one_is_kept_and_the_others_go_with_all_that_was_theirs(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    models = make(tmp_path, session)
    kept = models[1]
    of_kept = (kept.data.name, kept.active_material.name)
    pictures = [node.image.name for node in kept.active_material.node_tree.nodes if node.type == "TEX_IMAGE"]
    assert len(bpy.data.images) > len(set(pictures))
    choose(kept)
    assert OPS.trellis2.keep_variation() == {"FINISHED"}
    assert meshes() == [kept]
    assert (names(bpy.data.meshes), names(bpy.data.materials)) == ([of_kept[0]], [of_kept[1]])
    assert names(bpy.data.images) == sorted(set(pictures))
    assert kept.location.x == 2.5
    assert [job.stage.value for job in jobs(session)] == ["imported"] * 3


def test_what_somebody_else_uses_of_the_others_stays(tmp_path: Path, connected: Emulator, session: Any) -> None:
    models = make(tmp_path, session, 2)
    bpy.ops.mesh.primitive_cube_add()
    cube: Any = bpy.context.object
    cube.data.materials.append(models[1].active_material)
    used = models[1].active_material
    choose(models[0])
    OPS.trellis2.keep_variation()
    assert cube.active_material == used
    assert all(node.image is not None for node in used.node_tree.nodes if node.type == "TEX_IMAGE")
    assert names(bpy.data.meshes) == sorted([cube.data.name, models[0].data.name])


def test_copies_of_the_kept_one_other_models_and_what_hangs_on_the_others_stay(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    models = make(tmp_path, session, 2)
    copy = models[0].copy()
    assert bpy.context.scene is not None
    bpy.context.scene.collection.objects.link(copy)
    generate(picture_file(tmp_path, "other.png"), wait=True)
    bpy.ops.object.light_add(location=(9, 9, 9))
    lamp: Any = bpy.context.object
    lamp.parent = models[1]
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    place = lamp.matrix_world.copy()
    choose(copy)
    OPS.trellis2.keep_variation()
    bpy.context.view_layer.update()
    assert {thing.name for thing in bpy.data.objects} == {models[0].name, copy.name, "other", lamp.name}
    assert (lamp.parent, lamp.matrix_world) == (None, place)


def test_what_is_still_being_made_goes_on_and_waits_in_the_list(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    connected.fault("job", Fault(delay=1.0), times=None)
    generate(picture_file(tmp_path), variations=3)
    tick_until(lambda: all(job.stage.value != "queued" for job in jobs(session)))
    first = next(box for box in boxes() if box.data["trellis2_job"] == jobs(session)[0].id)
    choose(first)
    assert OPS.trellis2.keep_variation() == {"FINISHED"}
    assert boxes() == [first]
    ids = [job.id for job in jobs(session)]
    tick_until(lambda: [stage_of(job_id) for job_id in ids] == ["imported", "ready", "ready"])
    rest()
    assert (len(meshes()), boxes(), connected.paid) == (1, [], 3)


def test_without_boxes_the_models_still_to_come_wait_in_the_list_too(
    tmp_path: Path, connected: Emulator, session: Any, addon: Any
) -> None:
    addon.preferences.preferences().use_placeholders = False
    try:
        bpy.ops.mesh.primitive_cube_add()
        cube: Any = bpy.context.object
        job_id = generate(picture_file(tmp_path), variations=2)
        batch = session.jobs()[job_id].batch
        cube["trellis2_batch"], cube["trellis2_variation"] = batch, 0
        choose(cube)
        assert OPS.trellis2.keep_variation() == {"FINISHED"}
        tick_until(lambda: sorted(job.stage.value for job in jobs(session)) == ["imported", "ready"])
        rest()
        assert len(meshes()) == 2
    finally:
        addon.preferences.preferences().use_placeholders = True


def test_what_blenders_own_importer_made_goes_whole(tmp_path: Path, connected: Emulator, session: Any) -> None:
    models = make(tmp_path, session, 2)
    last = jobs(session)[1]
    bpy.data.objects.remove(models[1])
    add_camera(session.jobs_root() / last.id / "model.glb")
    assert OPS.trellis2.import_model(job_id=last.id, wait=True) == {"FINISHED"}
    assert len(meshes()) == 2
    choose(models[0])
    OPS.trellis2.keep_variation()
    assert list(bpy.data.objects) == [models[0]]


def test_one_that_hangs_below_an_imported_root_is_known_too(addon: Any) -> None:
    root: Any = bpy.data.objects.new("root", None)
    child: Any = bpy.data.objects.new("child", None)
    child.parent = root
    root["trellis2_batch"], root["trellis2_variation"] = "20261122-000000-abcdef", 2
    assert addon.variations.variation_of(child) == ("20261122-000000-abcdef", 2)


def test_without_a_variation_the_message_says_what_to_do(tmp_path: Path, connected: Emulator) -> None:
    assert "Make one of several variations active" in refusal(OPS.trellis2.keep_variation)
    generate(picture_file(tmp_path), wait=True)
    assert "Make one of several variations active" in refusal(OPS.trellis2.keep_variation)


def test_in_edit_mode_the_message_says_what_to_do(tmp_path: Path, connected: Emulator, session: Any) -> None:
    choose(make(tmp_path, session, 2)[0])
    bpy.ops.object.mode_set(mode="EDIT")
    assert "Switch to Object Mode" in refusal(OPS.trellis2.keep_variation)


def test_the_objects_menu_offers_it_where_it_can_be_done(
    tmp_path: Path, connected: Emulator, session: Any, addon: Any
) -> None:
    (entry_of_ours,) = noted.drawn(bpy.types.VIEW3D_MT_object_context_menu)
    entry = type("JobEntry", (), {"draw": staticmethod(entry_of_ours)})
    bpy.ops.object.light_add()
    assert draw(entry).operator_ids == []
    choose(make(tmp_path, session, 2)[0])
    assert draw(entry).operator_ids[0] == "trellis2.keep_variation"


def test_the_panel_has_the_number_above_the_button(addon: Any, connected: Emulator) -> None:
    assert draw(addon.panels.TRELLIS2_PT_generate).order[-2:] == ["variations", "trellis2.generate_render"]


def test_after_a_restart_it_is_known_which_belong_together(tmp_path: Path, connected: Emulator, session: Any) -> None:
    make(tmp_path, session, 2)
    before = [(job.id, job.batch, job.place) for job in jobs(session)]
    session.stop()
    session.start()
    tick_until(lambda: len(session.jobs()) == 2)
    assert [(job.id, job.batch, job.place) for job in jobs(session)] == before
