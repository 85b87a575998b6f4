"""A click on a job of the list selects its model, and nothing else ever does."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.snapshots import session_with, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def jobs(addon: Any) -> Iterator[list[Any]]:
    """Three jobs, oldest first; the models of the first two are in the scene."""
    made = [
        snapshot(addon, "imported", number, remote_id=f"job_{number}", name=f"Chair {number}") for number in range(3)
    ]
    for job in made[:2]:
        thing(job)
    with session_with(addon, made):
        yield made


def thing(job: Any) -> Any:
    """Put an object that came of the job into the scene."""
    made = bpy.data.objects.new(job.name, bpy.data.meshes.new(job.name))
    made["trellis2_job_id"] = job.remote_id
    assert bpy.context.scene is not None
    bpy.context.scene.collection.objects.link(made)
    return made


def click(addon: Any, job: Any) -> None:
    """Click on the job's row."""
    shown = addon.rows.of_window_manager()
    shown.active = [row.job_id for row in shown.rows].index(job.id)


def selected() -> tuple[list[str], str]:
    """The names of what is selected, and the name of what is active."""
    layer: Any = bpy.context.view_layer
    active = layer.objects.active
    return sorted(each.name for each in layer.objects if each.select_get()), active.name if active else ""


@pytest.fixture
def pushed(addon: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the undo steps that were asked for."""
    steps: list[str] = []

    def undo_push(*, message: str) -> None:
        steps.append(message)

    editing = SimpleNamespace(undo_push=undo_push)
    blender = SimpleNamespace(context=bpy.context, ops=SimpleNamespace(ed=editing))
    monkeypatch.setattr(addon.selection, "bpy", blender)
    return steps


def test_a_click_selects_the_model_and_nothing_else(addon: Any, jobs: list[Any]) -> None:
    click(addon, jobs[0])
    assert selected() == (["Chair 0"], "Chair 0")
    click(addon, jobs[1])
    assert selected() == (["Chair 1"], "Chair 1")


def test_a_second_click_on_the_same_row_selects_again(addon: Any, jobs: list[Any]) -> None:
    click(addon, jobs[0])
    bpy.data.objects["Chair 0"].select_set(False)
    click(addon, jobs[0])
    assert selected() == (["Chair 0"], "Chair 0")


def test_all_that_came_of_the_job_is_selected(addon: Any, jobs: list[Any]) -> None:
    thing(jobs[0])
    click(addon, jobs[0])
    assert selected()[0] == ["Chair 0", "Chair 0.001"]


def test_the_selection_stays_when_the_model_is_not_in_the_scene(addon: Any, jobs: list[Any]) -> None:
    click(addon, jobs[0])
    click(addon, jobs[2])
    assert selected() == (["Chair 0"], "Chair 0")


def test_the_selection_stays_when_the_model_is_hidden_or_in_another_scene(addon: Any, jobs: list[Any]) -> None:
    click(addon, jobs[0])
    bpy.data.objects["Chair 1"].hide_set(True)
    click(addon, jobs[1])
    assert selected() == (["Chair 0"], "Chair 0")
    bpy.context.scene.collection.objects.unlink(bpy.data.objects["Chair 1"])  # type: ignore[union-attr]  # there is one
    click(addon, jobs[2])
    click(addon, jobs[1])
    assert selected() == (["Chair 0"], "Chair 0")


def test_a_job_that_was_never_submitted_selects_nothing(addon: Any) -> None:
    plain = bpy.data.objects.new("Plain", None)
    plain["trellis2_job_id"] = ""
    bpy.context.scene.collection.objects.link(plain)  # type: ignore[union-attr]  # there is one
    job, other = snapshot(addon, "failed"), snapshot(addon, "failed", 1)
    with session_with(addon, [job, other]):
        click(addon, job)
    assert selected()[0] == []


def test_an_artist_at_work_in_another_mode_is_left_alone(addon: Any, jobs: list[Any]) -> None:
    click(addon, jobs[0])
    bpy.ops.object.mode_set(mode="EDIT")
    click(addon, jobs[1])
    assert (bpy.context.mode, selected()[1]) == ("EDIT_MESH", "Chair 0")


def test_rows_that_change_by_themselves_select_nothing(addon: Any, jobs: list[Any]) -> None:
    click(addon, jobs[0])
    fourth = snapshot(addon, "imported", 4, remote_id="job_1")
    for shown in ([fourth, *jobs[::-1]], jobs[:2], [jobs[1]], []):
        addon.rows.show_jobs(shown)
        assert selected() == (["Chair 0"], "Chair 0")


def test_a_click_is_one_undo_step_and_one_that_changes_nothing_is_none(
    addon: Any, jobs: list[Any], pushed: list[str]
) -> None:
    click(addon, jobs[0])
    assert pushed == ["Select"]
    click(addon, jobs[0])
    click(addon, jobs[2])
    assert pushed == ["Select"]


def test_the_model_is_found_quickly_among_ten_thousand_objects(addon: Any, jobs: list[Any], pushed: list[str]) -> None:
    """Without Blender's own time for an undo step, which its click in the viewport takes as well."""
    collection: Any = bpy.context.scene.collection  # type: ignore[union-attr]  # there is one
    for number in range(10_000):
        collection.objects.link(bpy.data.objects.new(f"Thing {number}", None))
    taken = []
    for number in range(6):
        begun = time.perf_counter()
        click(addon, jobs[number % 2])
        taken.append(time.perf_counter() - begun)
    assert selected()[0] == ["Chair 1"]
    print(f"best {min(taken) * 1000:.1f} ms of {[round(each * 1000, 1) for each in taken]}")
    assert len(pushed) == 6
    assert min(taken) < 0.1
