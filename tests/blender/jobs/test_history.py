"""The list of the jobs: its rows and their order, which one is chosen, and what is said of each."""

from __future__ import annotations

import queue
import re
import time
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender import noted
from tests.blender.drawing import Page, draw
from tests.blender.pictures import HEIGHT, WIDTH, colours, picture_file
from tests.blender.snapshots import session_with, snapshot, written
from tests.blender.working import finish, generate, meshes, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


def rows(addon: Any) -> list[str]:
    """The ids of the jobs in the list, from top to bottom."""
    return [row.job_id for row in addon.rows.of_window_manager().rows]


def show(addon: Any, *ids: str) -> None:
    """Let the list show jobs with these ids."""
    addon.rows.show_jobs(snapshot(addon, id=job_id, name=f"Chair {job_id}") for job_id in ids)


def choose(addon: Any, job_id: str) -> None:
    """Click on a row."""
    addon.rows.of_window_manager().active = rows(addon).index(job_id)


def test_the_newest_job_stands_at_the_top(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    first = finish(picture_file(tmp_path)).id
    second = finish(picture_file(tmp_path)).id
    assert rows(addon) == [second, first]


def test_the_order_is_the_same_after_a_restart_even_within_one_second(addon: Any, session: Any) -> None:
    made = [
        written(addon, number=number, id=f"20261122-100000-{end}00000", created=1000.0 + number / 10)
        for number, end in enumerate("fa0c")
    ]
    session.start()
    tick_until(lambda: len(rows(addon)) == len(made))
    assert rows(addon) == [job.id for job in reversed(made)]


def test_a_job_that_another_blender_began_earlier_takes_its_place_by_age(addon: Any, session: Any) -> None:
    jobs = [snapshot(addon, number=number) for number in (0, 1, 2)]
    with session_with(addon, [jobs[0], jobs[2]]) as state:
        state.is_loaded = True
        state.runner = type("Runner", (), {"messages": queue.SimpleQueue(), "use": lambda *_: None})()
        state.runner.messages.put(jobs[1])
        session.tick()
        assert rows(addon) == [job.id for job in reversed(jobs)]


def test_the_chosen_row_stays_chosen_when_other_jobs_come_and_go(addon: Any) -> None:
    ids = [f"job {number}" for number in range(6)]
    show(addon, *ids)
    choose(addon, "job 3")
    for shown in (ids[:1] + ids[3:], ids[:4], ids, ids[3:4]):
        show(addon, *shown)
        assert rows(addon) == shown
        assert addon.rows.active_id() == "job 3"


def test_a_new_job_is_chosen(addon: Any) -> None:
    show(addon, "b", "a")
    choose(addon, "a")
    show(addon, "c", "b", "a")
    assert addon.rows.active_id() == "c"


def test_when_the_chosen_job_is_gone_the_newest_is_chosen(addon: Any) -> None:
    show(addon, "c", "b", "a")
    choose(addon, "b")
    show(addon, "c", "a")
    assert addon.rows.active_id() == "c"
    show(addon)
    assert addon.rows.active_id() == ""


def test_a_row_that_is_chosen_stays_chosen_while_its_job_goes_on(
    tmp_path: Path, connected: Emulator, addon: Any
) -> None:
    older = finish(picture_file(tmp_path)).id
    newer = generate(picture_file(tmp_path))
    tick_until(lambda: rows(addon) == [newer, older])
    choose(addon, older)
    tick_until(lambda: len(meshes()) == 2)
    assert addon.rows.active_id() == older


def test_the_rows_survive_opening_another_file(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    blend = tmp_path / "other.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    made = [finish(picture_file(tmp_path)).id for _ in range(2)]
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    assert rows(addon) == made[::-1]
    assert addon.rows.active_id() in made
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert rows(addon) == made[::-1]


def test_the_rows_are_not_saved_with_the_file(tmp_path: Path, connected: Emulator) -> None:
    job_id = finish(picture_file(tmp_path, "chair.png")).id
    blend = tmp_path / "scene.blend"
    bpy.data.objects.remove(meshes()[0])
    for image in list(bpy.data.images):  # which name their files in the job's folder
        bpy.data.images.remove(image)
    bpy.ops.wm.save_as_mainfile(filepath=str(blend), compress=False)
    assert job_id.encode() not in blend.read_bytes()


def test_blenders_own_filter_of_a_list_goes_by_the_name_of_the_job(addon: Any) -> None:
    with session_with(addon, [snapshot(addon, number=number, name=f"Tür {number}") for number in range(3)]):
        names = [row.name for row in addon.rows.of_window_manager().rows]
    assert names == ["Tür 2", "Tür 1", "Tür 0"]


def test_undo_leaves_the_rows_alone(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    bpy.ops.ed.undo_push(message="Before")
    job_id = finish(picture_file(tmp_path)).id
    bpy.ops.ed.undo()
    assert rows(addon) == [job_id]


# -- what is said


def details(addon: Any, stage: str, **values: Any) -> Page:
    """The panel with one job."""
    with session_with(addon, [snapshot(addon, stage, **values)]):
        return draw(addon.panels.TRELLIS2_PT_jobs)


def test_the_facts_are_date_duration_and_cost(addon: Any) -> None:
    begun = time.mktime((2025, 11, 22, 10, 45, 0, 0, 0, -1))
    page = details(addon, "imported", created=begun, ended=begun + 95.2, cost=7.25, remote_id="job_1")
    assert "22 Nov 2025 10:45 · 1:35 · 7.25 CU" in page.text


def test_a_job_that_was_tried_again_took_as_long_as_that_took(addon: Any) -> None:
    begun = time.mktime((2025, 11, 22, 10, 45, 0, 0, 0, -1))
    page = details(addon, "imported", created=begun, resumed=begun + 5000, ended=begun + 5020)
    assert "22 Nov 2025 10:45 · 0:20" in page.text


def test_of_a_job_that_runs_the_stage_the_time_and_the_cost_are_told(addon: Any) -> None:
    begun = time.time() - 62.5
    assert any(re.fullmatch(r"Uploading · 1:0[23]", text) for text in details(addon, "uploading", created=begun).texts)
    running = details(addon, "running", created=begun, cost=12.0, progress=0.42)
    assert any(re.fullmatch(r"Generating 42% · 1:0[23] · 12 CU", text) for text in running.texts)


def test_what_is_left_is_told_as_a_range_that_narrows_with_the_jobs_of_the_preset(addon: Any) -> None:
    now = time.time()
    past = [snapshot(addon, "imported", n, remote_id=f"job_{n}", generation_seconds=170.0 + n) for n in range(3)]
    running = snapshot(addon, "running", 9, remote_id="job_9", created=now - 5, accepted=now)
    for known, told in (([], ""), (past[:1], "1–6 min left"), (past, "2–4 min left")):
        with session_with(addon, [*known, running]) as state:
            for job in known:
                state.display.progress.learn(job)
            state.display.step(state.jobs, is_changed=True)
            shown = draw(addon.panels.TRELLIS2_PT_jobs).text
            assert (f"· {told}" in shown) if told else ("left" not in shown), shown


def test_the_cost_is_what_scenario_says(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    finish(picture_file(tmp_path))
    (remote,) = connected.jobs.values()
    assert addon.job_panel.facts(next(addon.session.newest_first()), 0.0).endswith(f" · {remote.cost:g}\u00a0CU")


@pytest.mark.parametrize(
    ("values", "label"),
    [
        ({"remote_id": "job_1", "remote_ended": True, "cost": 7.25}, "Retry · 7.25 CU"),
        ({"remote_id": "job_1", "cost": 7.25}, "Retry · Free"),
        ({}, "Retry"),
    ],
)
@pytest.mark.parametrize("stage", ["failed", "cancelled"])
def test_the_button_to_retry_names_the_price(addon: Any, stage: str, values: dict[str, Any], label: str) -> None:
    page = details(addon, stage, message="It went wrong.", **values)
    assert [text for name, text, _ in page.operators if name == "trellis2.retry"] == [label]


def test_what_never_arrived_is_submitted_again_by_a_button_that_says_so(addon: Any) -> None:
    remedy = addon.errors.Remedy.SUBMIT_AGAIN
    page = details(addon, "failed", message="It never arrived.", remedy=remedy)
    assert ("trellis2.retry", "Submit Again", {"job_id": snapshot(addon).id}) in page.operators


def test_blender_can_read_the_jobs_picture_for_its_row(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    done = finish(picture_file(tmp_path, pixels=colours().repeat(4, axis=0).repeat(4, axis=1)))
    draw(addon.panels.TRELLIS2_PT_jobs)
    addon.preview_requests.fulfil()
    assert tuple(noted.icons()[done.id].image_size) == (WIDTH * 4, HEIGHT * 4)


def test_each_row_shows_its_own_picture(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Without a window Blender gives no icons.
    icons = {f"20261122-{number:06d}-abcdef": number + 40 for number in (0, 2)}
    monkeypatch.setattr(addon.preview_requests.icons, "of_job", icons.get)
    jobs = [snapshot(addon, number=number) for number in range(3)]
    with session_with(addon, jobs):
        assert draw(addon.panels.TRELLIS2_PT_jobs).pictures == [42, 42, 40]  # the chosen job's, then the rows'


def test_the_details_are_those_of_the_chosen_job(addon: Any) -> None:
    jobs = [snapshot(addon, "failed", number, message=f"Sentence {number}.") for number in range(3)]
    with session_with(addon, jobs):
        choose(addon, jobs[1].id)
        page = draw(addon.panels.TRELLIS2_PT_jobs)
    assert "Sentence 1." in page.text
    assert "Sentence 2." not in page.text
    assert [given["job_id"] for name, _, given in page.operators if name == "trellis2.retry"] == [jobs[1].id]


def test_the_menu_does_nothing_to_another_job_than_the_chosen_one(addon: Any) -> None:
    chosen, newer = snapshot(addon, "running", remote_id="job_1"), snapshot(addon, "failed", 1)
    with session_with(addon, [chosen, newer]):
        choose(addon, chosen.id)
        menu = draw(bpy.types.TRELLIS2_MT_job)  # type: ignore[attr-defined]  # not in the stubs
    assert {given.get("job_id") for name, _, given in menu.operators if name != "trellis2.remove_failed"} == {chosen.id}
    of_a_model = {
        "trellis2.align",
        "trellis2.project_picture",
        "trellis2.replace_block_out",
        "trellis2.material_sanity",
        "trellis2.game_ready",
        "trellis2.print_ready",
        "trellis2.export_model",
        "trellis2.import_model",
        "trellis2.check_model",
        "trellis2.make_solid",
        "trellis2.set_transparency",
        "trellis2.mark_asset",
        "trellis2.save_to_library",
        "trellis2.level_of_detail",
    }
    assert set(menu.grey) == {*of_a_model, "trellis2.retry", "trellis2.remove"}
