"""Jobs while the artist goes on: several at once, another file, undo, cancel, and what lies in a job's folder."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import addon_utils
import bpy
import pytest

from emulator import Fault
from tests.addon import ADDON
from tests.blender import noted
from tests.blender.boxes import boxes
from tests.blender.pictures import colours, picture_file, pixels, sent
from tests.blender.working import (
    OPS,
    finish,
    generate,
    job,
    meshes,
    refusal,
    rest,
    stage_of,
    tick_until,
    waiting_reason,
)
from tests.services import scenario_stops

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator import Emulator


def test_several_jobs_at_once_all_come_into_the_scene(tmp_path: Path, connected: Emulator, session: Any) -> None:
    names = ["red", "green", "blue"]
    for name in names:
        generate(picture_file(tmp_path, f"{name}.png"))
    tick_until(lambda: [each.stage.value for each in session.jobs().values()] == ["imported"] * 3)
    assert sorted(thing.name for thing in meshes()) == sorted(names)
    assert connected.paid == 3


def test_a_jobs_folder_holds_the_job_the_picture_the_model_and_its_textures(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    picture = picture_file(tmp_path, "Tür.jpg")
    done = finish(picture)
    folder = session.jobs_root() / done.id
    tick_until(lambda: json.loads((folder / "job.json").read_text(encoding="utf-8"))["stage"] == "imported")
    names = {path.name for path in folder.iterdir()} - {"lock", "submit-1"}
    assert names == {"job.json", "source.png", "model.glb", "textures"}
    assert (folder / "source.png").read_bytes() == sent(connected)
    assert (folder / "model.glb").read_bytes()[:4] == b"glTF"


def test_the_artists_picture_stays_where_it_is(tmp_path: Path, connected: Emulator) -> None:
    picture = picture_file(tmp_path)
    before = picture.read_bytes()
    finish(picture)
    assert picture.read_bytes() == before


def test_a_picture_that_is_overwritten_after_the_click_is_not_what_is_paid_for(
    tmp_path: Path, connected: Emulator, addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = addon.begin.job_folder.create

    def late(*arguments: Any) -> None:
        time.sleep(0.3)
        create(*arguments)

    monkeypatch.setattr(addon.begin.job_folder, "create", late)
    picture = picture_file(tmp_path)
    job_id = generate(picture)
    picture_file(tmp_path, pixels=colours()[::-1])  # a script that renders and sends in a loop does this
    tick_until(lambda: stage_of(job_id) in ("imported", "failed"))
    assert stage_of(job_id) == "failed" or (pixels(sent(connected))[..., :3] == colours()).all()
    assert stage_of(job_id) == "imported" or not connected.paid


def test_a_converted_picture_leaves_no_file_besides_the_jobs(tmp_path: Path, connected: Emulator, session: Any) -> None:
    done = finish(picture_file(tmp_path, "chair.tif"))
    assert list((session.jobs_root() / ".incoming").iterdir()) == []
    assert (session.jobs_root() / done.id / "source.png").is_file()


def test_opening_another_file_leaves_the_model_waiting_for_a_click(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    blend = tmp_path / "other.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    job_id = generate(picture_file(tmp_path))
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    tick_until(lambda: stage_of(job_id) == "ready")
    rest()
    assert (stage_of(job_id), meshes()) == ("ready", [])
    assert OPS.trellis2.import_model(job_id=job_id, wait=True) == {"FINISHED"}
    assert len(meshes()) == 1
    assert session.tick() is False


def test_a_new_file_in_the_middle_of_a_job_does_not_end_it(tmp_path: Path, connected: Emulator, session: Any) -> None:
    connected.fault("download", Fault(delay=0.5))
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "downloading")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert noted.timers(session)
    tick_until(lambda: stage_of(job_id) == "ready")
    assert meshes() == []


def test_a_job_of_the_new_file_is_imported_by_itself(tmp_path: Path, connected: Emulator) -> None:
    generate(picture_file(tmp_path))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    later = generate(picture_file(tmp_path, "later.png"))
    tick_until(lambda: stage_of(later) == "imported")
    assert [thing.name for thing in meshes()] == ["later"]


def test_undo_steps_in_the_middle_of_a_job_do_no_harm(tmp_path: Path, connected: Emulator, session: Any) -> None:
    job_id = generate(picture_file(tmp_path))
    for number in range(20):
        bpy.ops.mesh.primitive_cube_add()
        bpy.ops.ed.undo_push(message=f"Cube {number}")
        session.tick()
    tick_until(lambda: stage_of(job_id) == "imported")
    assert len(meshes()) == 21


def test_a_scene_that_is_gone_is_no_obstacle(tmp_path: Path, connected: Emulator) -> None:
    assert bpy.context.scene is not None
    first = bpy.context.scene
    bpy.data.scenes.new("other")
    job_id = generate(picture_file(tmp_path))
    bpy.data.scenes.remove(first)
    tick_until(lambda: stage_of(job_id) == "imported")
    assert bpy.context.scene is not None
    assert meshes()[0].name in bpy.context.scene.objects


def test_disabled_and_enabled_again_a_job_goes_on(tmp_path: Path, connected: Emulator, session: Any) -> None:
    connected.fault("download", Fault(delay=5))
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "downloading")
    address = connected.url
    addon_utils.disable(ADDON)
    addon_utils.enable(ADDON)
    assert bpy.context.preferences is not None
    kept: Any = bpy.context.preferences.addons[ADDON].preferences
    kept.api_key, kept.api_secret, kept.api_address = "test-key", "test-secret", address
    session.start()
    tick_until(lambda: job_id in session.jobs() and stage_of(job_id) == "imported")
    assert connected.paid == 1


def test_the_ticking_ends_when_there_is_nothing_to_wait_for(tmp_path: Path, connected: Emulator, session: Any) -> None:
    finish(picture_file(tmp_path))
    (timer,) = noted.timers(session)
    assert session.tick() is False
    assert timer() is None


@scenario_stops
def test_a_cancelled_job_is_stopped_at_scenario_too(tmp_path: Path, connected: Emulator, session: Any) -> None:
    connected.fault("submit", Fault(job="never_ends"))
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "running")
    assert OPS.trellis2.cancel(job_id=job_id) == {"FINISHED"}
    tick_until(lambda: stage_of(job_id) == "cancelled")
    assert [each.status for each in connected.jobs.values()] == ["canceled"]
    assert not session.tick()
    assert meshes() == []


@pytest.fixture(params=[True, False])
def has_box(request: pytest.FixtureRequest, addon: Any) -> Iterator[bool]:
    """Whether the artist lets a box stand where a model will stand."""
    addon.preferences.preferences().use_placeholders = request.param
    yield request.param
    addon.preferences.preferences().use_placeholders = True


def test_a_running_model_that_scenario_does_not_stop_is_kept_and_not_imported(
    addon: Any, tmp_path: Path, connected: Emulator, session: Any, has_box: bool
) -> None:
    connected.fault("submit", Fault(delay=1.0))
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "submitting")
    assert len(boxes()) == has_box
    assert OPS.trellis2.cancel(job_id=job_id) == {"FINISHED"}
    assert boxes() == []
    tick_until(lambda: stage_of(job_id) == "ready")
    rest()
    assert (stage_of(job_id), meshes(), boxes(), session.tick()) == ("ready", [], [], False)
    assert addon.job_panel.charged(job(job_id)) == job(job_id).cost
    assert OPS.trellis2.import_model(job_id=job_id, wait=True) == {"FINISHED"}
    assert (stage_of(job_id), len(meshes()), connected.paid) == ("imported", 1, 1)


def test_a_model_that_is_cancelled_while_it_downloads_is_kept_and_not_imported(
    addon: Any, tmp_path: Path, connected: Emulator, session: Any, has_box: bool
) -> None:
    go_on = threading.Event()
    connected.fault("download", Fault(until=go_on))
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "downloading")
    assert OPS.trellis2.cancel(job_id=job_id) == {"FINISHED"}
    assert (stage_of(job_id), boxes()) == ("downloading", [])
    tick_until(lambda: "will be kept in the list" in addon.job_panel.state_sentence(job(job_id)))
    go_on.set()
    tick_until(lambda: stage_of(job_id) == "ready")
    rest()
    assert (stage_of(job_id), meshes(), boxes(), session.tick()) == ("ready", [], [], False)
    assert addon.job_panel.charged(job(job_id)) == job(job_id).cost
    assert OPS.trellis2.import_model(job_id=job_id, wait=True) == {"FINISHED"}
    assert (stage_of(job_id), len(meshes()), connected.paid) == ("imported", 1, 1)


def test_a_model_that_waits_to_be_imported_can_be_cancelled_and_is_kept(
    addon: Any, tmp_path: Path, connected: Emulator, session: Any
) -> None:
    job_id = generate(picture_file(tmp_path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addon.busy, "is_rendering", lambda: True)  # the artist has begun a render since
        tick_until(waiting_reason)
        bpy.ops.ed.undo_push(message="With Box")
        assert addon.job_operators.is_cancellable(job(job_id))
        assert OPS.trellis2.cancel(job_id=job_id) == {"FINISHED"}
        assert not addon.job_operators.is_cancellable(job(job_id))
    tick_until(lambda: not boxes())
    tick_until(lambda: addon.begin.job_folder.load(session.folder(job_id)).cancel_asked)
    bpy.ops.ed.undo_push(message="Without Box")
    bpy.ops.ed.undo()
    assert len(boxes()) == 1
    session.undone()
    rest()
    assert (stage_of(job_id), meshes(), boxes(), waiting_reason()) == ("ready", [], [], "")


def test_an_import_that_waits_can_be_cancelled(addon: Any, tmp_path: Path, connected: Emulator, session: Any) -> None:
    job_id = finish(picture_file(tmp_path)).id
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addon.busy, "is_rendering", lambda: True)
        assert OPS.trellis2.import_model(job_id=job_id) == {"FINISHED"}
        tick_until(waiting_reason)
        assert OPS.trellis2.cancel(job_id=job_id) == {"FINISHED"}
    rest()
    assert (stage_of(job_id), len(meshes()), waiting_reason(), session.tick()) == ("imported", 1, "", False)


def test_without_an_id_the_newest_job_is_cancelled(tmp_path: Path, connected: Emulator) -> None:
    connected.fault("upload", Fault(delay=3), times=None)
    older, newer = generate(picture_file(tmp_path)), generate(picture_file(tmp_path))
    assert OPS.trellis2.cancel() == {"FINISHED"}
    tick_until(lambda: stage_of(newer) == "cancelled")
    assert not job(older).cancel_asked


def test_cancelling_twice_is_told(tmp_path: Path, connected: Emulator) -> None:
    connected.fault("upload", Fault(delay=3), times=None)
    job_id = generate(picture_file(tmp_path))
    OPS.trellis2.cancel(job_id=job_id)
    assert refusal(lambda: OPS.trellis2.cancel(job_id=job_id)).endswith("No job is running. Generate a model first")


def test_retrying_twice_in_a_moment_is_one_retry(tmp_path: Path, connected: Emulator, session: Any) -> None:
    connected.fault("upload", Fault(status=400))
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "failed")
    assert OPS.trellis2.retry(job_id=job_id) == {"FINISHED"}
    refusal(lambda: OPS.trellis2.retry(job_id=job_id))
    tick_until(lambda: stage_of(job_id) == "imported")
    assert session.notices() == []
    assert connected.paid == 1


def test_a_job_that_never_came_to_the_disk_can_be_retried_or_says_why_not(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(addon.begin.job_folder, "create", full)
        job_id = generate(picture_file(tmp_path))
        tick_until(lambda: stage_of(job_id) == "failed")
        assert "No space left on device" in job(job_id).message
    refusal(lambda: OPS.trellis2.retry(job_id=job_id))
    rest()
    assert not any("unexpected" in notice.sentence for notice in session.notices())
