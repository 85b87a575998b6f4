"""How long jobs are kept: old ones go when Blender starts, but never a model that was paid for and not imported."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.blender.drawing import draw
from tests.blender.snapshots import written
from tests.blender.working import tick_until

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = 24 * 3600.0
PAID: dict[str, Any] = {"remote_id": "job_1", "cost": 7.25}


@pytest.fixture
def kept(addon: Any) -> Iterator[Any]:
    """The preferences, put back afterwards."""
    preferences = addon.preferences.preferences()
    yield preferences
    preferences.property_unset("keep_jobs")


def started(addon: Any) -> set[str]:
    """Start the session, wait until it has tidied up, and return the names of the jobs that are left."""
    addon.session.start()
    tick_until(lambda: addon.session.state().messages.page.sizes is not None)
    names = {job.name for job in addon.session.jobs().values()}
    assert names == {addon.begin.job_folder.load(path).name for path in folders(addon)}
    return names


def folders(addon: Any) -> list[Any]:
    """The jobs' folders on disk."""
    return list(addon.begin.job_folder.job_folders(addon.session.jobs_root()))


def leave(addon: Any, days: float) -> None:
    """Leave one job of each kind behind, that ended so many days ago."""
    ended = time.time() - days * DAY
    jobs: list[tuple[str, str, dict[str, Any]]] = [
        ("imported", "imported", PAID),
        ("never imported", "ready", PAID),
        ("failed, nothing paid", "failed", {}),
        ("failed, model still there", "failed", PAID),
        ("failed at Scenario", "failed", {**PAID, "remote_ended": True}),
        ("cancelled", "cancelled", {}),
        ("uncertain", "uncertain", {"may_be_paid": True}),
        ("refused after that", "failed", {"may_be_paid": True}),
    ]
    for number, (name, stage, values) in enumerate(jobs):
        written(addon, stage, number, name=name, ended=ended, **values)


def test_forever_is_the_default_and_keeps_everything(addon: Any, kept: Any) -> None:
    leave(addon, days=5000)
    assert kept.keep_jobs == "FOREVER"
    assert len(started(addon)) == 8


@pytest.mark.parametrize(("choice", "days"), [("30", 31), ("90", 91), ("365", 366)])
def test_old_jobs_go_at_the_start_but_no_model_that_was_never_imported(
    addon: Any, kept: Any, choice: str, days: float
) -> None:
    leave(addon, days)
    kept.keep_jobs = choice
    assert started(addon) == {"never imported", "failed, model still there", "uncertain", "refused after that"}


@pytest.mark.parametrize(("choice", "days"), [("30", 29), ("90", 89), ("365", 364)])
def test_younger_jobs_stay(addon: Any, kept: Any, choice: str, days: float) -> None:
    leave(addon, days)
    kept.keep_jobs = choice
    assert len(started(addon)) == 8


def test_the_age_counts_from_the_end_not_from_the_beginning(addon: Any, kept: Any) -> None:
    written(addon, created=time.time() - 60 * DAY, ended=time.time() - DAY, name="imported again later")
    kept.keep_jobs = "30"
    assert started(addon) == {"imported again later"}


def test_what_goes_leaves_the_list_too(addon: Any, kept: Any) -> None:
    leave(addon, days=31)
    kept.keep_jobs = "30"
    left = started(addon)
    assert {addon.session.jobs()[row.job_id].name for row in addon.rows.of_window_manager().rows} == left


def test_the_preferences_show_how_much_the_jobs_take_up(addon: Any, kept: Any) -> None:
    job = written(addon)
    (addon.session.jobs_root() / job.id / "model.glb").write_bytes(b"x" * 3_000_000)
    started(addon)
    page = draw(addon.preferences.TRELLIS2_AP_preferences)
    assert "All jobs take up 3 MB" in page.texts
    assert "keep_jobs" in page.properties
