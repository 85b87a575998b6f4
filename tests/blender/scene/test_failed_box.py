"""The box of a job that failed: it looks failed, goes with its job, and Remove Failed takes them all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from emulator import Fault
from tests.blender.boxes import box, boxes
from tests.blender.drawing import draw
from tests.blender.pictures import picture_file
from tests.blender.snapshots import session_with, snapshot
from tests.blender.working import OPS, finish, generate, job, refusal, stage_of, tick_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from emulator import Emulator


@pytest.fixture
def fail(tmp_path: Path, connected: Emulator) -> Callable[..., str]:
    """Begin a job that fails, and wait until it has."""

    def fail(name: str = "chair.png") -> str:
        connected.fault("submit", Fault(job="fails", hint="Bad."))
        job_id = generate(picture_file(tmp_path, name))
        tick_until(lambda: stage_of(job_id) == "failed")
        return job_id

    return fail


@pytest.fixture
def paid(tmp_path: Path, connected: Emulator) -> str:
    """A failed job whose model is paid for: it could not be downloaded."""
    connected.fault("asset", Fault(status=404), times=None)
    job_id = generate(picture_file(tmp_path, "paid.png"))
    tick_until(lambda: stage_of(job_id) == "failed")
    connected.heal("asset")
    return job_id


def drawn(session: Any) -> list[tuple[str, str, int]]:
    """The boxes that are drawn into: each with its job, the job's stage and the fill."""
    filled = session.start().placeholders.fill.filled
    return [(each.job_id, each.stage.value, each.step) for each in filled]


def test_the_box_of_a_failed_job_is_full_and_in_a_colour_of_its_own(
    fail: Callable[..., str], addon: Any, session: Any
) -> None:
    job_id = fail()
    tick_until(lambda: drawn(session) == [(job_id, "failed", 100)])
    drawing = addon.placeholder_drawing
    red, green, blue, _alpha = drawing.ENDED_COLORS[job(job_id).stage]
    assert red > 2 * max(green, blue)
    assert drawing.COLOR[2] > drawing.COLOR[0]  # one that runs is blue


def test_a_word_above_the_box_says_that_it_failed(
    fail: Callable[..., str], addon: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail()
    tick_until(lambda: drawn(session))
    said: list[str] = []
    blf: Any = __import__("blf")
    monkeypatch.setattr(blf, "draw", lambda _font, text: said.append(text))
    utils: Any = __import__("bpy_extras.view3d_utils", fromlist=["view3d_utils"])
    monkeypatch.setattr(utils, "location_3d_to_region_2d", lambda *_: SimpleNamespace(x=100.0, y=100.0))
    fill = session.start().placeholders.fill
    monkeypatch.setattr(type(fill), "shown", lambda self: [(self.filled[0], box())])
    fill.draw_words()
    assert said == ["Failed"]


def test_a_retry_makes_it_an_ordinary_box_again(fail: Callable[..., str], session: Any) -> None:
    job_id = fail()
    assert OPS.trellis2.retry(job_id=job_id) == {"FINISHED"}
    seen: set[str] = set()

    def is_imported() -> bool:
        seen.update(stage for _, stage, _ in drawn(session))
        return stage_of(job_id) == "imported"

    tick_until(is_imported)
    assert "running" in seen
    tick_until(lambda: drawn(session) == [])


def test_the_box_goes_with_its_failed_job(fail: Callable[..., str], session: Any) -> None:
    job_id = fail()
    assert OPS.trellis2.remove(job_id=job_id) == {"FINISHED"}
    tick_until(lambda: job_id not in session.jobs())
    tick_until(lambda: not session.tick())
    assert (boxes(), drawn(session)) == ([], [])


def test_undo_does_not_bring_the_box_of_a_removed_job_back_for_long(fail: Callable[..., str], session: Any) -> None:
    job_id = fail()
    bpy.ops.ed.undo_push(message="Failed")
    assert OPS.trellis2.remove(job_id=job_id) == {"FINISHED"}
    tick_until(lambda: not boxes())
    bpy.ops.ed.undo_push(message="Later")
    bpy.ops.ed.undo()
    tick_until(lambda: not session.tick())
    assert boxes() == []


def test_remove_failed_takes_all_failed_jobs_with_their_boxes_and_nothing_else(
    fail: Callable[..., str], tmp_path: Path, connected: Emulator, session: Any
) -> None:
    done = finish(picture_file(tmp_path, "good.png"))
    failed = [fail(f"{number}.png") for number in range(3)]
    assert len(boxes()) == 3
    assert OPS.trellis2.remove_failed() == {"FINISHED"}
    tick_until(lambda: [*session.jobs()] == [done.id])
    tick_until(lambda: not session.tick())
    assert boxes() == []
    assert not any((session.jobs_root() / each).exists() for each in failed)
    assert "No job has failed for good" in refusal(OPS.trellis2.remove_failed)


def test_remove_failed_keeps_what_is_paid_for_and_says_so(
    paid: str, fail: Callable[..., str], addon: Any, session: Any
) -> None:
    failed = fail()
    said: list[str] = []
    cls = addon.job_operators.TRELLIS2_OT_remove_failed
    operator = SimpleNamespace(fits=cls.fits, report=lambda _kind, text: said.append(text))
    operator.act = lambda context: cls.act(operator, context)
    assert cls.execute(operator, bpy.context) == {"FINISHED"}
    tick_until(lambda: failed not in session.jobs())
    assert [*session.jobs()] == [paid]
    assert said == ["One failed job stays: it is or may be paid for. Press Retry to get its model"]
    assert OPS.trellis2.retry(job_id=paid) == {"FINISHED"}
    tick_until(lambda: stage_of(paid) == "imported")


def test_the_menu_of_a_failed_box_offers_what_can_be_done(fail: Callable[..., str], addon: Any) -> None:
    job_id = fail()
    entries = [(name, given) for name, _, given in draw(on_object(addon, box())).operators]
    ours = {"job_id": job_id}
    assert entries == [("trellis2.retry", ours), ("trellis2.remove", ours), ("trellis2.remove_failed", {})]


def test_the_menu_of_another_object_does_not(addon: Any) -> None:
    bpy.ops.object.empty_add()
    with session_with(addon, [snapshot(addon, "failed")]):
        assert draw(on_object(addon, bpy.context.object)).operators == []


def on_object(addon: Any, thing: Any) -> Any:
    """The object's context menu, as far as it is ours, with that object active."""

    def draw_entries(self: Any, _context: Any) -> None:
        addon.menus.draw_on_model(self, SimpleNamespace(active_object=thing))

    return type("Menu", (), {"draw": staticmethod(draw_entries)})
