"""Clean Up removes many jobs at once, after it has said which, how many and how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.blender.drawing import draw
from tests.blender.snapshots import written
from tests.blender.working import OPS, refusal, tick_until

if TYPE_CHECKING:
    from collections.abc import Callable

PAID: dict[str, Any] = {"remote_id": "job_1", "cost": 7.25}
KINDS = ("imported", "without_model", "never_imported")


@pytest.fixture
def jobs(addon: Any) -> dict[str, list[str]]:
    """The ids of jobs of all kinds, by kind, with models of 3 MB, known to the session."""
    made: dict[str, list[str]] = {}
    kinds: list[tuple[str, str, dict[str, Any]]] = [
        ("imported", "imported", PAID),
        ("imported", "imported", PAID),
        ("never_imported", "ready", PAID),
        ("without_model", "failed", {}),
        ("uncertain", "uncertain", {"may_be_paid": True}),
    ]
    for number, (kind, stage, values) in enumerate(kinds):
        job = written(addon, stage, number, **values)
        made.setdefault(kind, []).append(job.id)
        if stage in ("imported", "ready"):
            (addon.jobs_folder.jobs_root() / job.id / "model.glb").write_bytes(b"x" * 3_000_000)
    addon.session.start()
    tick_until(lambda: addon.session.state().messages.page.sizes)
    return made


def left(addon: Any) -> set[str]:
    """The ids of the jobs that are still there, in the list and on the disk, once all requests are answered."""
    tick_until(lambda: not addon.session.running().echoes)
    ids = set(addon.session.jobs())
    assert ids == {path.name for path in addon.begin.job_folder.job_folders(addon.jobs_folder.jobs_root())}
    return ids


def test_what_was_paid_and_never_imported_stays_unless_it_is_chosen(addon: Any, jobs: dict[str, list[str]]) -> None:
    assert OPS.trellis2.clean_up() == {"FINISHED"}
    assert left(addon) == {*jobs["never_imported"], *jobs["uncertain"]}
    assert OPS.trellis2.clean_up(imported=False, without_model=False, never_imported=True) == {"FINISHED"}
    assert left(addon) == {*jobs["uncertain"]}


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_chosen_kinds_are_removed(addon: Any, jobs: dict[str, list[str]], kind: str) -> None:
    assert OPS.trellis2.clean_up(**{name: name == kind for name in KINDS}) == {"FINISHED"}
    assert left(addon) == {job_id for ids in jobs.values() for job_id in ids} - set(jobs[kind])


def test_with_nothing_to_remove_it_says_so(addon: Any, jobs: dict[str, list[str]]) -> None:
    assert OPS.trellis2.clean_up() == {"FINISHED"}
    left(addon)
    assert refusal(OPS.trellis2.clean_up) == "No job of these kinds is there. Choose another kind."


@pytest.fixture
def dialog(addon: Any) -> Callable[..., Any]:
    """Draw the dialog with these kinds chosen."""

    def drawn(**chosen: Any) -> Any:
        shown = addon.clean_up.by_kind()
        operator = addon.clean_up.TRELLIS2_OT_clean_up
        return draw(operator, shown=shown, bl_rna=OPS.trellis2.clean_up.get_rna_type(), **chosen)

    return drawn


def test_the_dialog_says_how_many_jobs_of_each_kind_there_are_and_how_large_they_are(
    dialog: Callable[..., Any], jobs: dict[str, list[str]]
) -> None:
    page = dialog(imported=True, without_model=True, never_imported=False)
    assert page.properties == list(KINDS)
    assert page.texts[:3] == ["2 jobs, 6 MB", "1 job, 0 MB", "1 job, 3 MB"]
    assert page.texts[-1] == "Removed altogether: 3 jobs, 6 MB"
    assert "lost" not in page.text


def test_the_dialog_says_what_is_lost_with_a_model_that_nobody_has(
    dialog: Callable[..., Any], jobs: dict[str, list[str]]
) -> None:
    page = dialog(imported=False, without_model=False, never_imported=True)
    assert "1 model that you paid for is lost" in page.texts
    assert page.texts[-1] == "Removed altogether: 1 job, 3 MB"


def test_the_sizes_follow_the_jobs(addon: Any, dialog: Callable[..., Any], jobs: dict[str, list[str]]) -> None:
    assert OPS.trellis2.remove(job_id=jobs["imported"][0]) == {"FINISHED"}
    left(addon)
    page = dialog(imported=True, without_model=True, never_imported=False)
    assert page.texts[0] == "1 job, 3 MB"
    assert "All jobs take up 6 MB" in draw(addon.preferences.TRELLIS2_AP_preferences).texts
