"""The gallery: pages of thumbnails, searched, filtered and marked; however many jobs there are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender import noted
from tests.blender.drawing import Page, draw
from tests.blender.interface.test_drawing_speed import MANY, Mute, Unwalked, best, jobs, surroundings
from tests.blender.pictures import picture_file
from tests.blender.snapshots import session_with, snapshot, written
from tests.blender.working import OPS, finish, meshes, tick_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator import Emulator

SECONDS = 0.003
"""What drawing a page may take of Python, with a layout that draws nothing."""


class MuteGrid(Mute):
    """The same for the gallery, which asks no layout for anything."""


@pytest.fixture(autouse=True)
def gallery(addon: Any) -> Iterator[Any]:
    """What the artist looks for, put back afterwards."""
    manager: Any = bpy.context.window_manager
    wanted = manager.trellis2_gallery
    yield wanted
    for name in ("search", "state", "only_favorites", "page"):
        wanted.property_unset(name)


def page(addon: Any) -> Page:
    """The gallery as it is drawn."""
    return draw(addon.panels.TRELLIS2_PT_gallery)


def shown(addon: Any) -> list[str]:
    """The ids of the jobs on the page, in the order in which they are drawn."""
    return [given["job_id"] for name, _, given in page(addon).operators if name == "trellis2.choose_job"]


def named(addon: Any, *names: str) -> list[Any]:
    """Jobs with these names, oldest first."""
    return [snapshot(addon, number=number, name=name) for number, name in enumerate(names)]


def test_the_newest_jobs_come_first_and_the_others_page_by_page(addon: Any, gallery: Any) -> None:
    made = jobs(addon, 30)
    newest_first = [job.id for job in reversed(made)]
    with session_with(addon, made):
        assert shown(addon) == newest_first[:12]
        assert "of 3" in page(addon).texts
        gallery.page = 2
        assert shown(addon) == newest_first[12:24]
        gallery.page = 7
        assert gallery.page == 3
        assert shown(addon) == newest_first[24:]


def test_only_the_thumbnails_of_the_page_are_loaded(addon: Any, gallery: Any) -> None:
    with session_with(addon, jobs(addon, 40)):
        gallery.page = 3
        assert list(addon.session.state().previews.jobs) == []
        drawn = shown(addon)
        assert list(addon.session.state().previews.jobs) == drawn


def test_each_thumbnail_has_name_state_and_star(addon: Any) -> None:
    with session_with(addon, [snapshot(addon, "failed", name="Vase"), snapshot(addon, "running", 1, name="Tür")]):
        drawn = page(addon)
    assert [text for text in drawn.texts if text] == ["Tür", "Vase"]
    assert drawn.icons == ["ERROR"]
    assert drawn.operator_ids.count("trellis2.toggle_favorite") == 2
    assert len(drawn.pictures) == 2


def test_words_find_jobs_by_their_names_in_any_order_and_case(addon: Any, gallery: Any) -> None:
    made = named(addon, "Red Chair", "Blue chair", "Äpfel", "Red Table")
    with session_with(addon, made):
        for words, found in {"chair": [1, 0], "CHAIR red": [0], "äPF": [2], "lamp": []}.items():
            gallery.search = words
            assert shown(addon) == [made[number].id for number in found], words
        assert any("No job matches" in text for text in page(addon).texts)
        gallery.search = ""
        assert len(shown(addon)) == 4


def test_a_state_shows_the_jobs_that_are_in_it_now(addon: Any, gallery: Any) -> None:
    stages = ("ready", "imported", "failed", "uncertain", "cancelled", "running", "queued")
    made = [snapshot(addon, stage, number) for number, stage in enumerate(stages)]
    found = {
        "ALL": stages,
        "RUNNING": ("running", "queued"),
        "READY": ("ready",),
        "IMPORTED": ("imported",),
        "FAILED": ("failed", "uncertain"),
        "CANCELLED": ("cancelled",),
    }
    with session_with(addon, made) as state:
        for name, wanted in found.items():
            gallery.state = name
            assert [state.jobs[job_id].stage.value for job_id in reversed(shown(addon))] == list(wanted), name
        gallery.state = "READY"
        addon.apply_messages.show_job(state, snapshot(addon, "ready", 5))
        assert shown(addon) == [made[5].id, made[0].id]
        addon.apply_messages.take_in(state, addon.runner_messages.JobRemoved(made[0].id))
        assert shown(addon) == [made[5].id]


def test_a_search_begins_on_its_first_page(addon: Any, gallery: Any) -> None:
    with session_with(addon, jobs(addon, 40)):
        for name, value in {"search": "Tür", "state": "FAILED", "only_favorites": True}.items():
            gallery.page = 2
            setattr(gallery, name, value)
            assert gallery.page == 1, name
            gallery.property_unset(name)


def test_a_page_of_a_thousand_jobs_is_drawn_in_no_time_without_walking_through_them(addon: Any, gallery: Any) -> None:
    panel = SimpleNamespace(layout=Mute())
    with session_with(addon, jobs(addon, MANY)) as state:
        gallery.search = "tür"
        addon.panels.TRELLIS2_PT_gallery.draw(panel, surroundings())
        state.jobs = Unwalked(state.jobs)
        taken = best(lambda: addon.panels.TRELLIS2_PT_gallery.draw(panel, surroundings()))
        state.changes += 1
        with pytest.raises(AssertionError, match="walks through"):
            addon.panels.TRELLIS2_PT_gallery.draw(panel, surroundings())
    print(f"{taken * 1000:.3f} ms")
    assert taken < SECONDS


def test_a_click_chooses_the_job_in_the_list(addon: Any) -> None:
    made = jobs(addon, 20)
    with session_with(addon, made):
        assert addon.rows.active_id() == made[19].id
        OPS.trellis2.choose_job(job_id=made[12].id)
        assert addon.rows.active_id() == made[12].id
        assert page(addon).pressed == [""]


def test_two_quick_clicks_import_the_model_and_two_slow_ones_do_not(
    tmp_path: Path, connected: Emulator, addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = finish(picture_file(tmp_path))
    assert len(meshes()) == 1
    clock = iter([100.0, 200.0, 200.1, 200.2])
    monkeypatch.setattr(addon.panels, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    for _ in range(2):
        OPS.trellis2.choose_job(job_id=done.id)
    assert not addon.session.is_awaited(addon.session.jobs()[done.id])
    OPS.trellis2.choose_job(job_id=done.id)
    tick_until(lambda: len(meshes()) == 2)
    OPS.trellis2.choose_job(job_id=done.id)  # the third click of three
    assert not addon.session.is_awaited(addon.session.jobs()[done.id])


def test_a_favorite_is_found_after_a_restart_and_goes_with_its_job(addon: Any, session: Any, gallery: Any) -> None:
    first, second = written(addon, number=0), written(addon, number=1)
    folder = session.jobs_root() / first.id
    record = (folder / "job.json").read_bytes()
    session.start()
    tick_until(lambda: len(session.jobs()) == 2 and session.running().is_loaded)
    OPS.trellis2.toggle_favorite(job_id=first.id)
    assert session.is_favorite(first.id), "the star is not there at once"
    tick_until(lambda: not session.running().marks)
    gallery.only_favorites = True
    assert shown(addon) == [first.id]
    session.stop()
    assert not session.is_favorite(first.id)
    assert (folder / "job.json").read_bytes() == record
    session.start()
    tick_until(lambda: len(session.jobs()) == 2 and session.running().is_loaded)
    assert shown(addon) == [first.id]
    OPS.trellis2.remove(job_id=first.id)
    tick_until(lambda: first.id not in session.jobs())
    assert not folder.exists()
    assert shown(addon) == []
    assert session.jobs()[second.id]


def test_a_star_that_cannot_be_kept_is_not_shown_and_the_artist_hears_of_it(addon: Any, session: Any) -> None:
    kept = written(addon)
    session.start()
    tick_until(lambda: session.jobs() and session.running().is_loaded)
    (session.jobs_root() / kept.id).rename(session.jobs_root() / "elsewhere")
    OPS.trellis2.toggle_favorite(job_id=kept.id)
    tick_until(lambda: session.notices() and not session.running().marks)
    assert not session.is_favorite(kept.id)
    assert "favorite" in session.notices()[-1].sentence


def test_without_jobs_there_is_no_gallery(addon: Any) -> None:
    with session_with(addon, []):
        assert not addon.panels.TRELLIS2_PT_gallery.poll(bpy.context)
    with session_with(addon, [snapshot(addon)]):
        assert addon.panels.TRELLIS2_PT_gallery.poll(bpy.context)


def test_leafing_keeps_no_more_icons_than_the_list_did(addon: Any, tmp_path: Path, gallery: Any) -> None:
    made = [written(addon, number=number) for number in range(40)]
    for job in made:
        picture_file(addon.session.jobs_root() / job.id, "source.png")
    addon.session.start()
    tick_until(lambda: len(addon.session.jobs()) == 40)
    for number in (1, 2, 3, 4):
        gallery.page = number
        drawn = shown(addon)
        addon.preview_requests.fulfil()
        assert set(drawn) <= set(noted.icons())
        assert len(noted.icons()) == min(12 * number, 40)
