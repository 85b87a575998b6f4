"""Where models stand: in a grid, beside what stands there, beside the selection; never in a heap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.addon import addon
from tests.blender.boxes import boxes
from tests.blender.picture.test_source_files import chosen
from tests.blender.pictures import picture_file
from tests.blender.working import OPS, SMALL, finish, generate, job, meshes, stage_of, tick_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator import Emulator

EDGE, STEP = 2.0, 2.5  # of a model, and to the next one in the grid


@pytest.fixture
def no_boxes() -> Iterator[None]:
    """The artist has switched the placeholders off."""
    addon.preferences.preferences().use_placeholders = False
    yield
    addon.preferences.preferences().use_placeholders = True


def settings() -> Any:
    assert bpy.context.scene is not None
    return bpy.context.scene.trellis2  # type: ignore[attr-defined]  # of the add-on


def place_cursor(*location: float) -> None:
    assert bpy.context.scene is not None
    bpy.context.scene.cursor.location = location


def block(low: tuple[float, ...], high: tuple[float, ...], name: str = "Block") -> Any:
    """A mesh between these corners: what every object is for the add-on, as it looks only at bounds."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([low, high], [], [])
    thing = bpy.data.objects.new(name, mesh)
    assert bpy.context.collection is not None
    bpy.context.collection.objects.link(thing)
    return thing


def places() -> list[tuple[float, ...]]:
    """Where the boxes stand, in the order of their jobs."""
    order = [*addon.session.jobs()]
    standing = sorted(boxes(), key=lambda box: order.index(box.data["trellis2_job"]))
    return [tuple(round(value, 3) for value in box.location) for box in standing]


def place_after(tmp_path: Path) -> tuple[float, ...]:
    """Where the box of one more model stands."""
    before = set(boxes())
    generate(picture_file(tmp_path))
    (box,) = set(boxes()) - before
    return tuple(round(value, 3) for value in box.location)


def models() -> list[Any]:
    return [thing for thing in meshes() if "trellis2_job_id" in thing]


def test_ten_files_of_one_action_stand_in_a_grid(
    tmp_path: Path, connected: Emulator, capfd: pytest.CaptureFixture[str]
) -> None:
    place_cursor(1, 2, 3)
    names = [f"{number}.png" for number in range(10)]
    for name in names:
        picture_file(tmp_path, name)
    bpy.ops.ed.undo_push(message="Before")
    assert OPS.trellis2.generate_files(**chosen(tmp_path, names), **SMALL) == {"FINISHED"}
    rows = [[(1 + column * STEP, 2 - row * STEP, 3) for column in range(4)] for row in range(3)]
    assert places() == [*rows[0], *rows[1], *rows[2][:2]]
    capfd.readouterr()
    bpy.context.window_manager.print_undo_steps()  # type: ignore[union-attr]  # there is one
    last = [line for line in capfd.readouterr().out.splitlines() if "name=" in line][-2:]
    assert ["name='Before'" in last[0], "name='Generate 0'" in last[1]] == [True, True]


def test_without_boxes_they_stand_in_the_same_grid(tmp_path: Path, connected: Emulator, no_boxes: None) -> None:
    names = [f"{number}.png" for number in range(3)]
    for name in names:
        picture_file(tmp_path, name)
    assert OPS.trellis2.generate_files(**chosen(tmp_path, names), **SMALL) == {"FINISHED"}
    tick_until(lambda: len(models()) == 3)
    assert sorted(tuple(model.location) for model in models()) == [(0, -STEP, 0), (0, 0, 0), (STEP, 0, 0)]


def test_the_default_cube_is_left_its_place(tmp_path: Path, connected: Emulator) -> None:
    bpy.ops.mesh.primitive_cube_add()
    assert place_after(tmp_path) == (1 + 0.25 * EDGE + EDGE / 2, 0, 0)


def test_the_next_model_stands_beside_the_one_before_and_the_box_before(tmp_path: Path, connected: Emulator) -> None:
    first = generate(picture_file(tmp_path))
    assert place_after(tmp_path) == (STEP, 0, 0)
    tick_until(lambda: stage_of(first) == "imported")
    assert place_after(tmp_path) == (2 * STEP, 0, 0)


def test_the_first_free_place_is_taken_even_between_two_things(tmp_path: Path, connected: Emulator) -> None:
    block((-1, -1, 0), (1, 1, 2))
    block((4.4, -1, 0), (5, 1, 2))  # the gap is a model and two distances wide, but for a hair
    block((9, -1, 0), (10, 1, 2))
    assert place_after(tmp_path) == (2.5, 0, 0)
    assert place_after(tmp_path) == (6.5, 0, 0)
    assert place_after(tmp_path) == (11.5, 0, 0)


def test_a_whole_grid_moves_so_that_it_stays_one(tmp_path: Path, connected: Emulator) -> None:
    block((2, -3, 0), (3, -2, 2))  # in the way of the fourth alone
    generate(picture_file(tmp_path), variations=4)
    assert places() == [(x, y, 0) for y in (0, -STEP) for x in (4.5, 4.5 + STEP)]


@pytest.mark.parametrize(
    ("low", "high"),
    [
        pytest.param((-9, -9, 0), (9, 9, 0), id="a plane"),
        pytest.param((-1, -1, 0), (1, 1, 0), id="a small plane"),
        pytest.param((-9, -9, -1), (9, 9, 0.05), id="a thick floor"),
        pytest.param((-2.5, -2, 0), (2.5, 2, 2.7), id="a room"),
        pytest.param((-40, -40, -3), (40, 40, 9), id="a landscape"),
        pytest.param((-50, -50, -50), (50, 50, 50), id="a sky"),
        pytest.param((1, -1, 0), (3, 1, 2), id="a thing that touches"),
        pytest.param((-1, 3, 0), (1, 5, 2), id="a thing behind"),
        pytest.param((-1, -1, 2), (1, 1, 4), id="a thing above"),
    ],
)
def test_what_lies_under_or_around_the_place_does_not_take_it(
    tmp_path: Path, connected: Emulator, low: tuple[float, ...], high: tuple[float, ...]
) -> None:
    block(low, high)
    assert place_after(tmp_path) == (0, 0, 0)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        pytest.param((-0.1, -0.1, 0), (0.1, 0.1, 0.5), id="a cup"),
        pytest.param((-2, -2, 0), (2, 2, 4), id="a large cube"),
        pytest.param((-2, -2, 0), (2, 2, 0.8), id="a table"),
        pytest.param((-0.1, -20, 0), (0.1, 20, 9), id="a wall"),
    ],
)
def test_what_stands_there_takes_the_place(
    tmp_path: Path, connected: Emulator, low: tuple[float, ...], high: tuple[float, ...]
) -> None:
    settings().size = 1.9  # less than half the cube's and the table's width, so that both could be rooms
    block(low, high)
    assert place_after(tmp_path) == pytest.approx((high[0] + 0.75 * 1.9, 0, 0), abs=1e-3)


def test_a_model_made_before_is_no_room_however_large(tmp_path: Path, connected: Emulator) -> None:
    settings().size = 20
    finish(picture_file(tmp_path))
    settings().size = 2
    (model,) = models()
    width = model.dimensions.x
    assert width > 4 * EDGE
    assert place_after(tmp_path)[0] == pytest.approx(width / 2 + 0.75 * EDGE, abs=1e-3)


@pytest.mark.parametrize("kind", ["LIGHT", "CAMERA", "EMPTY", "hidden", "excluded"])
def test_what_is_not_solid_or_not_seen_takes_no_place(tmp_path: Path, connected: Emulator, kind: str) -> None:
    if kind == "LIGHT":
        bpy.ops.object.light_add()
    elif kind == "CAMERA":
        bpy.ops.object.camera_add()
    elif kind == "EMPTY":
        bpy.ops.object.empty_add(radius=3)
    else:
        bpy.ops.mesh.primitive_cube_add()
        cube, layer = bpy.context.object, bpy.context.view_layer
        assert cube is not None
        assert layer is not None
        if kind == "hidden":
            cube.hide_set(True)
        else:
            collection = bpy.data.collections.new("Away")
            bpy.context.scene.collection.children.link(collection)  # type: ignore[union-attr]  # there is one
            collection.objects.link(cube)
            bpy.context.scene.collection.objects.unlink(cube)  # type: ignore[union-attr]  # as above
            layer.layer_collection.children["Away"].exclude = True
    assert place_after(tmp_path) == (0, 0, 0)


def test_a_turned_and_scaled_thing_takes_the_place_that_it_fills(tmp_path: Path, connected: Emulator) -> None:
    bpy.ops.mesh.primitive_cube_add(location=(-4, 0, 1), rotation=(0, 0, np.pi / 2), scale=(0.5, 4, 1))
    assert place_after(tmp_path) == (0 + 1.5, 0, 0)


def test_beside_the_selection_is_along_x_and_on_its_base(tmp_path: Path, connected: Emulator) -> None:
    settings().place = "SELECTION"
    place_cursor(9, 9, 9)
    for thing in (block((3, 1, 1), (4, 2, 6)), block((5, 2, 2), (6, 5, 3))):
        thing.select_set(True)
    block((20, 20, 20), (21, 21, 21))
    assert place_after(tmp_path) == (6 + 0.75 * EDGE, 3, 1)
    settings().use_ground = False  # its middle is the origin
    assert place_after(tmp_path) == (6 + 0.75 * EDGE + STEP, 3, 1 + EDGE / 2)


def test_beside_a_selection_that_is_not_solid_is_beside_its_origins(tmp_path: Path, connected: Emulator) -> None:
    settings().place = "SELECTION"
    bpy.ops.object.empty_add(location=(3, 4, 5))
    assert place_after(tmp_path) == (3 + 0.75 * EDGE, 4, 5)


def test_with_nothing_selected_the_cursor_counts(tmp_path: Path, connected: Emulator) -> None:
    settings().place = "SELECTION"
    place_cursor(1, 2, 3)
    block((3, 1, 1), (4, 2, 6)).location.x = 30
    assert place_after(tmp_path) == (1, 2, 3)


def test_a_model_without_a_box_stands_beside_what_stands_there_too(tmp_path: Path, connected: Emulator) -> None:
    bpy.ops.mesh.primitive_cube_add()
    finish(picture_file(tmp_path))
    assert [model.location.x for model in models()] == [pytest.approx(STEP)]


def test_an_import_by_a_click_stands_beside_the_model_before(tmp_path: Path, connected: Emulator) -> None:
    job_id = finish(picture_file(tmp_path)).id
    assert OPS.trellis2.import_model(job_id=job_id, wait=True) == {"FINISHED"}
    assert sorted(model.location.x for model in models()) == [0, pytest.approx(models()[0].dimensions.x / 2 + 1.5)]


def test_a_box_that_was_moved_keeps_its_place_though_that_is_taken(tmp_path: Path, connected: Emulator) -> None:
    block((4, -1, 0), (6, 1, 2))
    job_id = generate(picture_file(tmp_path))
    boxes()[0].location.x = 5
    tick_until(lambda: stage_of(job_id) == "imported")
    assert [model.location.x for model in models()] == [5]
    assert job(job_id).stage.value == "imported"
