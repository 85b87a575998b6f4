"""A finished model that is not in the scene: the list says why and what brings it, and the status bar that it waits."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.boxes import box, boxes
from tests.blender.drawing import draw
from tests.blender.pictures import picture_file
from tests.blender.snapshots import session_with, snapshot, written
from tests.blender.working import OPS, finish, generate, meshes, refusal, rest, stage_of, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


def listed(addon: Any) -> str:
    """What the list and the details of the chosen job say."""
    return draw(addon.panels.TRELLIS2_PT_jobs).text


def bar(addon: Any) -> list[tuple[str, str]]:
    """What can be clicked in the status bar because of the add-on: operators and their texts."""
    page = draw(type("Header", (), {"draw": staticmethod(addon.menus.draw_status_bar)}))
    return [(name, text) for name, text, _ in page.operators]


def told(addon: Any, reason: str) -> bool:
    """Whether list and status bar give this reason for the only model that waits."""
    in_bar = ("trellis2.show_sidebar", f"Trellis: 1 model waits · {reason}") in bar(addon)
    return in_bar and f"{reason}. Press Import to bring it in" in listed(addon)


def left_in_the_list(tmp_path: Path) -> str:
    """A job whose box the artist has deleted, and whose model is ready."""
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "running")
    bpy.data.objects.remove(box())
    tick_until(lambda: stage_of(job_id) == "ready")
    return job_id


def test_a_model_whose_box_was_deleted_says_so_until_it_is_imported(
    tmp_path: Path, connected: Emulator, addon: Any
) -> None:
    job_id = left_in_the_list(tmp_path)
    tick_until(lambda: told(addon, "The box was deleted or undone"))
    assert OPS.trellis2.import_model(job_id=job_id, wait=True) == {"FINISHED"}
    assert len(meshes()) == 1
    assert bar(addon) == []
    assert "Press Import" not in listed(addon)


def test_a_model_whose_box_was_undone_says_so_and_redo_brings_it(
    tmp_path: Path, connected: Emulator, addon: Any
) -> None:
    bpy.ops.ed.undo_push(message="Before")
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "running")
    bpy.ops.ed.undo()
    assert boxes() == []
    tick_until(lambda: stage_of(job_id) == "ready" and told(addon, "The box was deleted or undone"))
    bpy.ops.ed.redo()
    assert len(boxes()) == 1
    tick_until(lambda: stage_of(job_id) == "imported")
    assert (len(meshes()), boxes(), bar(addon)) == (1, [], [])


def test_a_model_made_for_another_file_says_so(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    job_id = generate(picture_file(tmp_path))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    tick_until(lambda: stage_of(job_id) == "ready")
    tick_until(lambda: told(addon, "Made for another file"))


def test_a_model_that_waited_when_blender_was_closed_says_so_at_the_next_start(addon: Any, session: Any) -> None:
    written(addon, "ready", remote_id="job_1")
    session.start()
    tick_until(lambda: told(addon, "No box waits in this file"))


def test_opening_another_file_changes_the_reason(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    bpy.ops.mesh.primitive_cube_add()
    generate(picture_file(tmp_path))
    bpy.ops.object.mode_set(mode="EDIT")
    tick_until(lambda: "Waiting for Object Mode" in str(bar(addon)))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    tick_until(lambda: told(addon, "Made for another file"))


def test_a_model_imported_again_into_another_file_does_not_wait_there(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any
) -> None:
    finish(picture_file(tmp_path))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    tick_until(lambda: not session.tick())
    assert bar(addon) == []


def test_a_model_that_waits_for_object_mode_is_told_in_the_status_bar(
    tmp_path: Path, connected: Emulator, addon: Any
) -> None:
    bpy.ops.mesh.primitive_cube_add()
    job_id = generate(picture_file(tmp_path))
    bpy.ops.object.mode_set(mode="EDIT")
    tick_until(lambda: ("trellis2.show_sidebar", "Trellis: 1 model waits · Waiting for Object Mode") in bar(addon))
    assert "Waiting for Object Mode" in listed(addon)
    assert "Press Import to bring it in" not in listed(addon)
    bpy.ops.object.mode_set(mode="OBJECT")
    tick_until(lambda: stage_of(job_id) == "imported")
    assert bar(addon) == []


def test_those_behind_the_first_give_the_same_reason(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    bpy.ops.mesh.primitive_cube_add()
    ids = [generate(picture_file(tmp_path, name)) for name in ("one.png", "two.png")]
    bpy.ops.object.mode_set(mode="EDIT")
    tick_until(lambda: "Trellis: 2 models wait · Waiting for Object Mode" in [text for _, text in bar(addon)])
    assert {addon.session.waiting_for(addon.session.jobs()[each]) for each in ids} == {"Waiting for Object Mode"}
    bpy.ops.object.mode_set(mode="OBJECT")


def test_a_variation_that_was_not_kept_says_so_and_is_not_counted(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any
) -> None:
    generate(picture_file(tmp_path), variations=2)
    tick_until(lambda: {job.stage.value for job in session.jobs().values()} == {"running"})
    kept, other = boxes()
    bpy.context.view_layer.objects.active = kept  # type: ignore[union-attr]  # there is one
    left = addon.placeholder.job_id(other)
    assert OPS.trellis2.keep_variation() == {"FINISHED"}
    tick_until(lambda: stage_of(left) == "ready" and len(meshes()) == 1)
    tick_until(lambda: not session.tick())
    assert session.waiting_for(session.jobs()[left]) == "You kept another variation. Press Import to bring it in"
    assert bar(addon) == []


LOST = "It is no longer in this file. Press Import Again to bring it in"


def shown(addon: Any, job_id: str) -> tuple[str, bool]:
    """What the list says of the job: its state, and whether it says that the model is not in the scene any more."""
    page, job = draw(addon.panels.TRELLIS2_PT_jobs), addon.session.jobs()[job_id]
    assert ("trellis2.import_model", "Import Again") in [(name, text) for name, text, _ in page.operators]
    return addon.session.words_of(job), LOST in page.text


def row_icons(addon: Any, job_id: str) -> list[str]:
    """The icons in the job's row."""
    row = type("Row", (), {"draw": lambda self, context: addon.job_panel.draw_row(self.layout, context, job_id)})
    return draw(row).icons


def test_a_model_whose_import_was_undone_is_ready_again_says_so_and_redo_or_a_click_brings_it(
    tmp_path: Path, connected: Emulator, addon: Any
) -> None:
    bpy.ops.ed.undo_push(message="Before")
    job_id = finish(picture_file(tmp_path)).id
    assert (len(meshes()), shown(addon, job_id)) == (1, ("Imported", False))
    assert "CHECKMARK" in row_icons(addon, job_id)
    bpy.ops.ed.undo()
    assert meshes() == []
    rest()
    assert shown(addon, job_id) == ("Ready", True)
    assert addon.job_panel.ICONS[addon.begin.Stage.READY] in row_icons(addon, job_id)
    assert bar(addon) == []  # the artist did that, and nothing waits for it
    bpy.ops.ed.redo()
    rest()
    assert (len(meshes()), shown(addon, job_id)) == (1, ("Imported", False))
    bpy.ops.ed.undo()
    assert OPS.trellis2.import_model(job_id=job_id, wait=True) == {"FINISHED"}
    assert (len(meshes()), shown(addon, job_id)) == (1, ("Imported", False))


def test_a_model_that_was_deleted_says_so_at_a_click_on_its_row(
    tmp_path: Path, connected: Emulator, addon: Any
) -> None:
    job_id = finish(picture_file(tmp_path)).id
    bpy.data.objects.remove(meshes()[0])
    addon.registration.row_clicked(job_id)
    assert shown(addon, job_id) == ("Ready", True)


def test_of_another_file_nothing_is_said_to_be_lost(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    job_id = finish(picture_file(tmp_path)).id
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    addon.registration.row_clicked(job_id)
    assert shown(addon, job_id) == ("Imported", False)


def test_a_model_whose_import_was_undone_is_cleaned_up_only_with_those_never_imported(
    tmp_path: Path, connected: Emulator, addon: Any
) -> None:
    bpy.ops.ed.undo_push(message="Before")
    job_id = finish(picture_file(tmp_path)).id
    bpy.ops.ed.undo()
    assert refusal(OPS.trellis2.clean_up) == "No job of these kinds is there. Choose another kind."
    assert OPS.trellis2.clean_up(never_imported=True) == {"FINISHED"}
    tick_until(lambda: job_id not in addon.session.jobs())


def test_a_cancelled_model_does_not_wait(addon: Any) -> None:
    with session_with(addon, [snapshot(addon, "ready", cancel_asked=True)]) as state:
        assert state.importer.waiting(state.jobs.values()) == []
        assert "You cancelled this" in listed(addon)


def test_ready_and_imported_have_different_icons(addon: Any) -> None:
    icons = addon.job_panel.ICONS
    assert len({icons[addon.begin.Stage(stage)] for stage in ("ready", "imported", "failed", "cancelled")}) == 4


def test_a_click_in_the_status_bar_opens_the_sidebar_of_the_largest_viewport_at_the_tab(addon: Any) -> None:
    def area(kind: str, width: int) -> Any:
        regions = [
            SimpleNamespace(type=each, active_panel_category="View", tag_redraw=int) for each in ("HEADER", "UI")
        ]
        spaces = SimpleNamespace(active=SimpleNamespace(show_region_ui=False))
        return SimpleNamespace(type=kind, width=width, height=100, regions=regions, spaces=spaces)

    small, large, other = area("VIEW_3D", 100), area("VIEW_3D", 200), area("IMAGE_EDITOR", 900)
    window = SimpleNamespace(screen=SimpleNamespace(areas=[other, small, large]))
    context = SimpleNamespace(window=window, window_manager=SimpleNamespace(windows=[window]))
    operator = addon.menus.TRELLIS2_OT_show_sidebar
    assert operator.execute(SimpleNamespace(), context) == {"FINISHED"}
    assert [each.spaces.active.show_region_ui for each in (other, small, large)] == [False, False, True]
    assert large.regions[1].active_panel_category == addon.panels.SidebarPanel.bl_category


def test_without_a_viewport_a_click_in_the_status_bar_says_where_the_jobs_are(addon: Any) -> None:
    said: list[str] = []
    window = SimpleNamespace(screen=SimpleNamespace(areas=[]))
    context = SimpleNamespace(window=window, window_manager=SimpleNamespace(windows=[window]))
    operator = SimpleNamespace(report=lambda _kind, text: said.append(text))
    assert addon.menus.TRELLIS2_OT_show_sidebar.execute(operator, context) == {"CANCELLED"}
    assert "Open one" in said[0]


@pytest.mark.parametrize("language", ["fr", "ja"])
def test_the_reasons_are_translated(addon: Any, language: str) -> None:
    words, reasons = addon.translation.dictionary(language), addon.importing
    told = (reasons.BOX_GONE, reasons.OTHER_FILE, reasons.NO_BOX, reasons.OTHER_KEPT, reasons.NO_LONGER)
    assert all(words[each] for each in told)
