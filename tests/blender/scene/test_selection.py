"""What is selected when a model arrives: the model, unless the artist has selected something else meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from tests.blender.pictures import picture_file
from tests.blender.working import OPS, finish, generate, stage_of, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


def cube(name: str) -> Any:
    """A new cube, selected and active."""
    bpy.ops.mesh.primitive_cube_add()
    made: Any = bpy.context.object
    made.name = name
    return made


def selected() -> list[str]:
    """The names of what is selected, the active object first with a star."""
    active = bpy.context.object
    names = sorted(thing.name for thing in bpy.context.selected_objects or [])
    return [f"*{active.name}" if active is not None else "*", *names]


def select_only(thing: Any) -> None:
    """Click on it."""
    assert bpy.context.view_layer is not None
    for other in bpy.context.view_layer.objects:
        other.select_set(other == thing)
    bpy.context.view_layer.objects.active = thing


def test_a_model_is_selected_when_the_artist_touched_nothing(tmp_path: Path, connected: Emulator) -> None:
    cube("before")
    finish(picture_file(tmp_path, "chair.png"))
    assert selected() == ["*chair", "chair"]


def test_a_model_is_not_selected_when_the_artist_selected_something_else_meanwhile(
    tmp_path: Path, connected: Emulator
) -> None:
    first, second = cube("first"), cube("second")
    select_only(first)
    job_id = generate(picture_file(tmp_path))
    select_only(second)
    tick_until(lambda: stage_of(job_id) == "imported")
    assert selected() == ["*second", "second"]


def test_a_model_is_not_selected_when_the_artist_added_something_meanwhile(tmp_path: Path, connected: Emulator) -> None:
    job_id = generate(picture_file(tmp_path))
    cube("added")
    tick_until(lambda: stage_of(job_id) == "imported")
    assert selected() == ["*added", "added"]


def test_two_models_in_a_row_are_selected_in_turn(tmp_path: Path, connected: Emulator) -> None:
    cube("before")
    ids = [generate(picture_file(tmp_path, f"{name}.png")) for name in ("one", "two")]
    tick_until(lambda: "imported" in map(stage_of, ids))
    first = selected()
    tick_until(lambda: [stage_of(job_id) for job_id in ids] == ["imported"] * 2)
    assert sorted([first, selected()]) == [["*one", "one"], ["*two", "two"]]


def test_the_second_of_two_is_not_selected_when_the_artist_went_elsewhere_after_the_first(
    tmp_path: Path, connected: Emulator
) -> None:
    before = cube("before")
    ids = [generate(picture_file(tmp_path, f"{name}.png")) for name in ("one", "two")]
    tick_until(lambda: "imported" in map(stage_of, ids))
    select_only(before)
    tick_until(lambda: [stage_of(job_id) for job_id in ids] == ["imported"] * 2)
    assert selected() == ["*before", "before"]


def test_a_model_that_is_asked_for_by_a_click_is_selected(tmp_path: Path, connected: Emulator) -> None:
    job_id = finish(picture_file(tmp_path, "chair.png")).id
    cube("later")
    assert OPS.trellis2.import_model(job_id=job_id, wait=True) == {"FINISHED"}
    assert selected() == ["*chair.001", "chair.001"]
