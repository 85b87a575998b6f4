"""Pictures shown large: as many pixels as the screen has, in an icon that stays the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest
from PIL import Image

from tests.blender import noted
from tests.blender.drawing import draw
from tests.blender.looks import choose, look, see_rows, shown, subject
from tests.blender.pictures import picture_file
from tests.blender.snapshots import session_with, snapshot
from tests.blender.working import OPS, finish, refusal, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

SIDE = 700


def striped(size: int = 800) -> Any:
    """An opaque picture of black and white lines, each a pixel wide when shown with 800 pixels."""
    pixels = np.zeros((size, size, 4), np.uint8)
    pixels[..., 3], pixels[::2, :, :3] = 255, 255
    return pixels


def large(place: str) -> Any:
    """The pixels of a place for a large picture, the top row first."""
    icon = noted.icons()[f"large\n{place}"]
    width, height = icon.image_size
    flat = np.array(icon.image_pixels[:], np.int32).view(np.uint8)
    return flat.reshape(height, width, 4)[::-1]


def test_the_preview_is_enlarged_with_all_pixels_that_the_model_sees(tmp_path: Path, addon: Any) -> None:
    choose(picture_file(tmp_path, pixels=striped()))
    small = look(addon)
    previews = addon.session.previews()
    previews.enlarge({"picture": small.prepared}, 800)
    assert (large("picture") == shown(small.view)).all(), "until it comes, the small one is there"
    preview = noted.icons()["large\npicture"]
    assert previews.is_busy
    tick_until(lambda: not previews.is_busy)
    assert noted.icons()["large\npicture"] is preview, "the popup that is open would show nothing"
    assert large("picture").shape == (800, 800, 4)
    assert np.abs(np.diff(large("picture")[..., 0].astype(int), axis=0)).mean() > 250, "the lines are not sharp"
    assert np.abs(np.diff(shown(small.view)[..., 0].astype(int), axis=0)).mean() < 100


def test_of_a_finished_job_picture_and_model_are_enlarged(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    done = finish(picture_file(tmp_path, pixels=subject()))
    see_rows(addon)
    tick_until((addon.session.folder(done.id) / "thumbnail.png").exists)
    pictures = addon.gallery.pictures_of(done)
    assert list(pictures) == ["picture", "model"]
    addon.session.previews().enlarge(pictures, SIDE)
    tick_until(lambda: not addon.session.previews().is_busy)
    assert large("picture").shape == (SIDE, SIDE, 4)
    assert tuple(large("picture")[SIDE - 40, SIDE // 2]) == (255, 0, 0, 255)
    assert (large("model") == np.asarray(Image.open(pictures["model"]))).all()


def test_an_answer_to_an_earlier_request_is_not_shown(tmp_path: Path, addon: Any) -> None:
    choose(picture_file(tmp_path, pixels=striped()))
    prepared = look(addon).prepared
    previews = addon.session.previews()
    late = addon.runner_messages.LargePicture("model", previews.number + 1, 1, 1, bytes(4))
    previews.enlarge({"picture": prepared, "model": picture_file(tmp_path, "model.png")}, SIDE)
    previews.enlarge({"picture": prepared}, SIDE)
    before = large("model").copy()
    previews.receive(late)
    assert (large("model") == before).all()
    tick_until(lambda: not previews.is_busy)
    assert large("picture").shape == (SIDE, SIDE, 4)


def test_a_picture_that_is_gone_leaves_what_is_shown(tmp_path: Path, addon: Any) -> None:
    previews = addon.session.start().previews
    previews.enlarge({"model": tmp_path / "gone.png"}, SIDE)
    tick_until(lambda: not previews.is_busy)
    assert large("model").shape == (1, 1, 4)
    assert addon.session.notices() == []


def test_there_is_nothing_to_enlarge_before_anything_was_seen(addon: Any) -> None:
    assert "Look at the picture first" in refusal(OPS.trellis2.enlarge_preview)


def test_the_popup_has_each_picture_under_its_label(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addon.gallery, "large_units", lambda _context, _count: 20.0)
    job = snapshot(addon, name="Vase")
    with session_with(addon, [job]):
        drawn = draw(addon.panels.TRELLIS2_OT_enlarge_job, job_id=job.id, shown=("picture", "model"))
    assert drawn.texts == ["Vase", "What the Model Sees", "Model"]
    assert drawn.scales == [20.0, 20.0]


def test_a_look_at_a_job_leaves_in_the_panel_why_something_was_refused(
    addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon.gallery, "enlarge", lambda *_given: {"RUNNING_MODAL"})
    enlarge, job = addon.panels.TRELLIS2_OT_enlarge_job, snapshot(addon, picture="picture.png")
    own = {"invoke": enlarge.invoke, "fits": enlarge.fits, "report": lambda *_given: None}
    with session_with(addon, [job]):
        messages = addon.session.state().messages
        messages.refuse(addon.errors.PictureError("The picture is see-through everywhere."))
        button = type("Pressed", (addon.job_operators.JobOperator,), {**own, "job_id": job.id})()
        assert button.invoke(bpy.context, None) == {"RUNNING_MODAL"}
        assert "see-through" in messages.refusal.sentence
        button = type("Pressed", (addon.job_operators.JobOperator,), {**own, "job_id": "gone"})()
        assert button.invoke(bpy.context, None) == {"CANCELLED"}
        assert "see-through" not in messages.refusal.sentence
