"""A folder of pictures from the panel: few at a time, in a grid of their own, paused, stopped, and reported."""

from __future__ import annotations

import csv
import errno
import io
import threading
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest
from PIL import Image

from emulator import Fault
from tests.addon import addon
from tests.blender.batching import begin, finish, folder_of, newest
from tests.blender.boxes import boxes
from tests.blender.working import OPS, SMALL, meshes, refusal, rest, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


def at_a_time(count: int) -> None:
    """Set how many models are made at the same time."""
    addon.preferences.preferences().batch_concurrency = count


@pytest.fixture(autouse=True)
def four_at_a_time() -> Any:
    """Leave the preference as it was."""
    yield
    at_a_time(4)


def test_a_folder_becomes_models_in_a_grid_in_a_collection_named_after_it(tmp_path: Path, connected: Emulator) -> None:
    folder = folder_of(tmp_path / "Stühle", "Arm.png", "Bar.png", "Club.png", "notes.png")
    (folder / "notes.png").write_bytes(b"not a picture")
    (folder / "readme.txt").write_text("not even by its name")
    (folder / "._Arm.png").write_bytes(b"what macOS keeps beside a file on a network drive")
    batch = begin(folder)
    assert sorted(box.name for box in boxes()) == ["Arm", "Bar", "Club", "notes"]
    assert len({tuple(round(each, 3) for each in box.location[:2]) for box in boxes()}) == 4
    places = {box.name: tuple(box.location[:]) for box in boxes()}
    finish(batch)
    tick_until(lambda: len(meshes()) == 3)
    collection = bpy.data.collections["Stühle"]
    assert {obj.name: tuple(obj.location[:]) for obj in collection.objects if obj.type == "MESH"} == {
        name: place for name, place in places.items() if name != "notes"
    }
    assert connected.calls["submit"] == 3
    rows = list(csv.DictReader(io.StringIO((batch.file.folder / "report.csv").read_text("utf-8-sig"))))
    assert [(row["file"].rpartition("/")[2], row["state"]) for row in rows] == [
        ("Arm.png", "made"),
        ("Bar.png", "made"),
        ("Club.png", "made"),
        ("notes.png", "failed"),
    ]
    assert rows[3]["reason"]
    assert not rows[0]["reason"]
    assert float(rows[0]["cost_cu"]) > 0
    said = bpy.data.texts[batch.report.text].as_string()
    assert "3 of 4 models" in said
    assert str(addon.session.running().root) not in said  # the text goes wherever the .blend goes
    assert rows[3]["reason"] in said
    sheet = np.asarray(Image.open(batch.file.folder / "contact sheet.png"))
    step_x, step_y = sheet.shape[1] // 2, sheet.shape[0] // 2
    quarters = [sheet[y : y + step_y, x : x + step_x] for y in (0, step_y) for x in (0, step_x)]
    assert [int(np.ptp(each[: step_y - 30].astype(int).std(axis=2))) > 3 for each in quarters] == [True] * 3 + [False]
    assert all((each[-30:] > 150).any() for each in quarters)  # the names


def test_at_most_so_many_are_made_at_a_time_and_the_others_wait_on_disk(tmp_path: Path, connected: Emulator) -> None:
    at_a_time(2)
    batch = begin(folder_of(tmp_path / "many", *(f"{number}.png" for number in range(4))), use_import=False)
    tick_until(lambda: connected.calls["submit"])
    session = addon.session.running()
    most, known = 0, 0

    def is_reported() -> bool:
        nonlocal most, known
        under_way = [
            job for job in session.jobs.values() if job.stage.value in ("queued", "uploading", "submitting", "running")
        ]
        most, known = max(most, len(under_way)), max(known, len(session.jobs) if batch.waiting else 0)
        return bool(batch.is_reported)

    tick_until(is_reported)
    assert most == 2
    assert 0 < known < 4
    assert connected.calls["submit"] == 4


def test_a_paused_batch_submits_nothing_until_it_is_resumed_also_after_a_restart(
    tmp_path: Path, connected: Emulator
) -> None:
    at_a_time(1)
    connected.fault("upload", Fault(until=(gate := threading.Event())), times=None)
    batch = begin(folder_of(tmp_path / "three", "a.png", "b.png", "c.png"))
    tick_until(lambda: connected.calls["upload"])
    assert OPS.trellis2.pause_batch() == {"FINISHED"}
    gate.set()  # its picture is sent, but not the paid call
    tick_until(lambda: next(iter(addon.session.jobs().values())).asset_id)
    rest()
    assert connected.calls["submit"] == 0
    tick_until(lambda: batch.file.is_saved)
    addon.session.stop()
    addon.session.start()
    tick_until(lambda: addon.session.running().is_loaded)
    rest()
    batch = newest()
    assert batch.plan.is_paused
    assert (batch.waiting, connected.calls["submit"]) == (2, 0)
    assert OPS.trellis2.resume_batch() == {"FINISHED"}
    finish(batch)
    assert (batch.models, connected.calls["submit"]) == (3, 3)
    tick_until(lambda: len(meshes()) == 3)  # their boxes waited in the file


def test_after_a_restart_nothing_is_sent_twice_however_old_the_plan_on_disk_is(
    tmp_path: Path, connected: Emulator
) -> None:
    at_a_time(2)
    batch = begin(folder_of(tmp_path / "four", *(f"{number}.png" for number in range(4))), use_import=False)
    tick_until(lambda: batch.file.is_saved)
    file = batch.file.folder / "batch.json"
    first = file.read_bytes()
    tick_until(lambda: connected.calls["submit"] >= 2)
    addon.session.stop()
    file.write_bytes(first)  # as if the disk had lost all later writes
    addon.session.start()
    tick_until(lambda: addon.session.running().is_loaded)
    batch = newest()
    finish(batch)
    assert (batch.models, connected.calls["submit"]) == (4, 4)


def test_stopping_sends_nothing_more_and_brings_what_is_paid(tmp_path: Path, connected: Emulator) -> None:
    at_a_time(1)
    connected.fault("job", Fault(until=(gate := threading.Event())), times=None)
    connected.fault("jobs", Fault(until=gate), times=None)
    batch = begin(folder_of(tmp_path / "stopped", "a.png", "b.png", "c.png"))
    tick_until(lambda: next(iter(addon.session.jobs().values()), None) and batch.stages and connected.calls["submit"])
    tick_until(lambda: "running" in [job.stage.value for job in addon.session.jobs().values()])
    assert OPS.trellis2.stop_batch() == {"FINISHED"}
    gate.set()
    finish(batch)
    tick_until(lambda: len(meshes()) == 1)
    assert connected.calls["submit"] == 1
    rows = list(csv.DictReader(io.StringIO((batch.file.folder / "report.csv").read_text("utf-8-sig"))))
    assert [row["state"] for row in rows] == ["made", "not sent", "not sent"]
    assert not boxes()
    assert refusal(OPS.trellis2.stop_batch).endswith("No batch is running. Start one first")


def test_a_paid_call_that_is_put_off_is_not_made_after_the_batch_was_stopped(
    tmp_path: Path, connected: Emulator
) -> None:
    connected.fault("submit", Fault(until=(gate := threading.Event()), status=429))
    batch = begin(folder_of(tmp_path / "stopped", "a.png"))
    tick_until(lambda: "submitting" in batch.stages.values())
    assert OPS.trellis2.stop_batch() == {"FINISHED"}
    gate.set()
    finish(batch)
    assert (connected.calls["submit"], connected.paid, batch.models) == (1, 0, 0)


def test_a_batch_of_empty_pictures_is_made_where_their_transparency_is_not_sent(
    tmp_path: Path, connected: Emulator
) -> None:
    folder = folder_of(tmp_path / "empty", "a.png")
    with Image.open(folder / "a.png") as picture:
        picture.putalpha(0)
        picture.save(folder / "a.png")
    batch = begin(folder, opaque=True, use_import=False)
    finish(batch)
    assert batch.models == 1


@pytest.mark.parametrize(("status", "remedy"), [(401, "KEY"), (402, "CREDITS")])
def test_a_refused_account_pauses_the_batch_and_resume_goes_on(
    tmp_path: Path, connected: Emulator, status: int, remedy: str
) -> None:
    at_a_time(2)
    connected.fault("submit", Fault(status=status), times=None, after=1)
    batch = begin(folder_of(tmp_path / "refused", *(f"{number}.png" for number in range(4))), use_import=False)
    # one that was still uploading when the other was refused is held back
    tick_until(lambda: batch.plan.is_paused and {stage.value for stage in batch.stages.values()} <= {"uploading"})
    rest()
    refused = connected.calls["submit"] - 1
    assert 1 <= refused <= 2  # those that were under way
    assert (batch.models, batch.report) == (1, None)
    assert batch.plan.trouble
    assert batch.plan.remedy == addon.errors.Remedy[remedy].value
    connected.heal("submit")
    assert OPS.trellis2.resume_batch() == {"FINISHED"}
    assert (batch.plan.trouble, batch.plan.remedy) == ("", "")
    finish(batch)
    assert (batch.models, connected.calls["submit"]) == (4, 4 + refused)


def test_without_placeholders_the_models_stand_in_the_same_grid_and_collection(
    tmp_path: Path, connected: Emulator
) -> None:
    addon.preferences.preferences().use_placeholders = False
    try:
        finish(begin(folder_of(tmp_path / "bare", "a.png", "b.png", "c.png")))
        tick_until(lambda: len(meshes()) == 3)
    finally:
        addon.preferences.preferences().use_placeholders = True
    objects = bpy.data.collections["bare"].objects
    assert {obj.name: (round(obj.location.x, 2), round(obj.location.y, 2)) for obj in objects} == {
        "a": (0.0, 0.0),
        "b": (2.5, 0.0),
        "c": (0.0, -2.5),
    }


def test_a_folder_without_pictures_is_refused_in_a_sentence(tmp_path: Path, connected: Emulator) -> None:
    said = refusal(lambda: OPS.trellis2.generate_batch(directory=str(tmp_path), **SMALL))
    assert said == f"There is no picture in {tmp_path}. Choose another folder."
    assert not connected.calls


def test_pictures_of_the_same_name_in_two_folders_each_become_a_model(tmp_path: Path, connected: Emulator) -> None:
    for name in ("one", "two"):
        folder_of(tmp_path / name, "chair.png")
    files = [{"name": "one/chair.png"}, {"name": "two"}]
    batch = begin(tmp_path, files=files, use_import=False)
    finish(batch)
    assert (batch.plan.name, batch.models, meshes()) == ("Batch", 2, [])
    assert connected.calls["submit"] == 2


def test_a_plan_that_cannot_be_read_is_told_and_begins_nothing(tmp_path: Path, connected: Emulator) -> None:
    batch = begin(folder_of(tmp_path / "damaged", "a.png"), use_import=False)
    file = batch.file.folder / "batch.json"
    tick_until(lambda: batch.models)
    batch.file.wait()
    addon.session.stop()
    file.write_bytes(b'{"format": 1, "it')
    addon.session.start()
    tick_until(lambda: addon.session.running().is_loaded)
    rest()
    assert newest() is None
    assert any(str(file) in notice.sentence for notice in addon.session.notices())
    assert connected.calls["submit"] == 1


def test_a_model_without_a_placeholder_comes_at_a_click_on_import_too(
    tmp_path: Path, connected: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    addon.preferences.preferences().use_placeholders = False
    try:
        with monkeypatch.context() as patch:
            patch.setattr(addon.busy, "busy_reason", lambda *_given: "Waiting for Object Mode")
            batch = begin(folder_of(tmp_path / "clicked", "a.png"))
            tick_until(lambda: addon.session.running().importer.waiting_for)
            (job,) = addon.session.jobs().values()
            assert OPS.trellis2.import_model(job_id=job.id) == {"FINISHED"}
        finish(batch)
    finally:
        addon.preferences.preferences().use_placeholders = True
    assert addon.session.jobs()[job.id].stage.value == "imported"
    tick_until(lambda: len(meshes()) == 1)
    assert [each.name for each in meshes()[0].users_collection] == ["clicked"]


def test_a_model_that_cannot_be_read_stays_in_the_list_and_is_not_begun_again(
    tmp_path: Path, connected: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(*_given: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(addon.read, "read_model", deny)
        batch = begin(folder_of(tmp_path / "denied", "a.png"))
        tick_until(lambda: batch.plan.is_paused or any(batch.states[each] for each in ("failed", "made")))
    (job,) = addon.session.jobs().values()
    assert (job.stage.value, job.remedy.value, job.holds_model) == ("failed", "folder", True)
    assert not batch.plan.is_paused
    assert OPS.trellis2.retry(job_id=job.id) == {"FINISHED"}
    tick_until(lambda: len(meshes()) == 1)
    assert connected.calls["submit"] == 1


def test_a_disk_without_room_pauses_the_batch_and_resume_begins_the_picture_again(
    tmp_path: Path, connected: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(addon.session.job_folder, "create", refuse)
        batch = begin(folder_of(tmp_path / "full", "a.png"))
        tick_until(lambda: batch.plan.is_paused)
    assert "No space left on device" in batch.plan.trouble
    assert OPS.trellis2.resume_batch() == {"FINISHED"}
    finish(batch)
    assert (batch.models, connected.calls["submit"]) == (1, 1)
