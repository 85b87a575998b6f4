"""Models as thumbnails in the list: made once, kept in their folders, and loaded where they are in sight."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from tests.blender import noted
from tests.blender.drawing import draw
from tests.blender.interface.test_drawing_speed import best, draw_row, jobs
from tests.blender.looks import SIDE, see_rows, subject
from tests.blender.pictures import picture_file
from tests.blender.snapshots import session_with, snapshot, written
from tests.blender.working import finish, generate, job, meshes, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


MANY = 1000


def test_a_finished_model_gets_a_thumbnail_in_its_folder(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    done = finish(picture_file(tmp_path, pixels=subject()[:, 40:-40]))  # as no thumbnail is: higher than wide
    see_rows(addon)
    path = addon.session.folder(done.id) / "thumbnail.png"
    tick_until(path.exists)
    tick_until(lambda: not addon.session.previews().is_busy)
    pixels = np.asarray(Image.open(path))
    assert pixels.shape == (2 * SIDE, 2 * SIDE, 4)
    assert 0.1 < (pixels[..., 3] == 255).mean() < 0.9
    middle = pixels[pixels[..., 3] == 255][:, :3].astype(int)
    assert (middle[:, 0] > middle[:, 2] + 60).mean() > 0.2, "nothing of the subject's red is seen"
    see_rows(addon)
    assert tuple(noted.icons()[done.id].image_size) == (SIDE, SIDE)
    addon.session.remove(done.id)
    tick_until(lambda: not addon.session.jobs())
    assert not path.parent.exists()
    assert done.id not in noted.icons()


def test_the_import_does_not_wait_for_the_thumbnail(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    finish(picture_file(tmp_path, pixels=subject()))
    program, mark = tmp_path / "hangs.py", tmp_path / "hanging"
    hang = f"    open({str(mark)!r}, 'w').close()\n    time.sleep(60)\n"
    program.write_text(f"import time\ndef do(request, work):\n{hang}HANDLERS = {{'model': do}}\n", encoding="utf-8")
    client = addon.preview.PreviewClient(addon.start.launch(program))
    addon.session.previews().thumbnail_client = client
    see_rows(addon)
    tick_until(mark.exists)
    job_id = generate(picture_file(tmp_path, "second.png", subject(colour=(0, 0, 255))))
    tick_until(lambda: job(job_id).stage.value == "imported")
    assert client.background.process_id is not None, "the first model's thumbnail is not even done"
    assert len(meshes()) == 2


def test_a_thumbnail_of_an_earlier_session_is_shown(addon: Any, session: Any) -> None:
    kept, plain = written(addon, number=0), written(addon, "failed", number=1)
    Image.new("RGBA", (SIDE, SIDE), "red").save(session.jobs_root() / kept.id / "thumbnail.png")
    Image.new("RGB", (40, 20), "red").save(session.jobs_root() / plain.id / "source.png")
    session.start()
    tick_until(lambda: len(session.jobs()) == 2)
    see_rows(addon)
    icons = noted.icons()
    assert tuple(icons[kept.id].image_size) == (SIDE, SIDE)
    assert tuple(icons[plain.id].image_size) == (40, 20)


def test_a_model_that_cannot_be_read_is_tried_once_and_keeps_its_picture(addon: Any, session: Any) -> None:
    broken = written(addon)
    (session.jobs_root() / broken.id / "model.glb").write_bytes(b"glTF")
    Image.new("RGB", (40, 20), "red").save(session.jobs_root() / broken.id / "source.png")
    session.start()
    tick_until(lambda: len(session.jobs()) == 1)
    see_rows(addon)
    tick_until(lambda: not session.previews().is_busy)
    addon.preview_requests.icons.forget([broken.id])
    see_rows(addon)
    assert not session.previews().is_busy
    assert tuple(noted.icons()[broken.id].image_size) == (40, 20)
    assert session.notices() == []


def test_a_thousand_rows_are_drawn_without_loading_and_in_no_time(addon: Any) -> None:
    with session_with(addon, jobs(addon, MANY)):
        begun = time.thread_time()  # of the processor, so that a busy machine does not matter
        for index in range(MANY):
            draw_row(addon, index)
        assert time.thread_time() - begun < MANY * 0.0005
        assert best(lambda: draw_row(addon, MANY - 1)) < 0.0005
        assert len(noted.icons()) == 0


def test_only_some_icons_are_loaded_at_a_time_and_kept(addon: Any, tmp_path: Path) -> None:
    picture = picture_file(tmp_path)
    icons = addon.preview_requests.icons
    for number in range(icons.KEPT + 40):
        icons.load(f"job {number}", picture)
    assert icons.of_job("job 0") is None
    assert icons.of_job(f"job {icons.KEPT + 39}") is not None
    kept = list(noted.icons())
    assert len(kept) == icons.KEPT
    icons.forget(kept)
    made = [written(addon, number=number) for number in range(60)]
    for each in made:
        picture_file(addon.session.jobs_root() / each.id, "source.png")
        picture_file(addon.session.jobs_root() / each.id, "thumbnail.png")
    addon.session.start()
    tick_until(lambda: len(addon.session.jobs()) == 60)
    for each in made:
        addon.preview_requests.icon_of(each.id)
    addon.preview_requests.fulfil()
    assert len(noted.icons()) == addon.preview_requests.ROWS_A_TICK


def test_a_job_without_a_picture_is_looked_for_once_until_there_is_news(
    addon: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = written(addon, "failed", picture="", message="Scenario does not know this job.")
    session.start()
    tick_until(lambda: len(session.jobs()) == 1)
    see_rows(addon)
    redrawn: list[bool] = []
    monkeypatch.setattr(addon.session, "redraw", lambda: redrawn.append(True))
    for _ in range(3):
        draw(addon.panels.TRELLIS2_PT_jobs)
        assert not addon.session.state().previews.jobs, "each redraw looks for it again, and then redraws"
    Image.new("RGB", (40, 20), "red").save(session.jobs_root() / bare.id / "source.png")
    addon.apply_messages.show_job(session.running(), replace(bare, picture="source.png"))
    see_rows(addon)
    assert tuple(noted.icons()[bare.id].image_size) == (40, 20)
    assert redrawn == [True]


def test_a_job_that_is_gone_leaves_no_wish(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with session_with(addon, [snapshot(addon)]):
        draw(addon.panels.TRELLIS2_PT_jobs)
        requested = addon.session.state().previews.jobs
    assert requested
    addon.session.state().previews.jobs.update(requested)
    addon.preview_requests.fulfil()
    assert len(noted.icons()) == 0
    assert not addon.session.state().previews.jobs
