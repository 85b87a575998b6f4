"""The folder of the jobs: it survives uninstalling, and jobs of earlier versions or of another folder are taken in."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender import child
from tests.blender.boxes import boxes
from tests.blender.drawing import draw
from tests.blender.pictures import picture_file
from tests.blender.snapshots import written
from tests.blender.working import OPS, finish, generate, meshes, newest_job, stage_of, tick_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator import Emulator

SENTENCE = "That folder is not there. New jobs are kept in the usual one meanwhile"


@pytest.fixture
def kept(addon: Any) -> Iterator[Any]:
    """The preferences; the usual folder is chosen again afterwards."""
    preferences = addon.preferences.preferences()
    yield preferences
    addon.session.stop()
    preferences.jobs_folder = ""


def old_root(addon: Any) -> Path:
    """The folder where earlier versions kept jobs."""
    return addon.jobs_folder.old_folders()[0]  # type: ignore[no-any-return]


def go_back(addon: Any) -> Path:
    """Let all jobs be where an earlier version kept them, and end the session; that folder."""
    addon.session.stop()
    old = old_root(addon)
    old.parent.mkdir(parents=True, exist_ok=True)
    addon.jobs_folder.jobs_root().rename(old)
    return old


def start(addon: Any) -> None:
    """Start the session as Blender's start does, and wait until all jobs are there."""
    addon.registration.resume_earlier()
    tick_until(lambda: addon.session.running().is_loaded and not addon.session.running().is_moving)


def test_jobs_are_not_in_the_folder_that_uninstalling_deletes(addon: Any, tmp_path: Path, connected: Emulator) -> None:
    done = finish(picture_file(tmp_path))
    deleted = Path(bpy.utils.extension_path_user("bl_ext.user_default.trellis_blender"))
    assert not deleted.exists()
    assert not addon.session.folder(done.id).is_relative_to(bpy.utils.user_resource("EXTENSIONS"))
    assert (addon.jobs_folder.usual() / done.id / "model.glb").is_file()


def test_jobs_of_an_earlier_version_are_taken_in_at_the_start(addon: Any) -> None:
    jobs = [written(addon, "ready", number, remote_id=f"job_{number}") for number in range(5)]
    go_back(addon)
    start(addon)
    assert list(addon.session.jobs()) == [job.id for job in jobs]
    assert [row.job_id for row in addon.rows.of_window_manager().rows] == [job.id for job in reversed(jobs)]
    assert all((addon.jobs_folder.usual() / job.id / "job.json").is_file() for job in jobs)
    assert not addon.jobs_folder.places.holds_anything(old_root(addon))
    assert addon.session.notices() == []


def test_with_nothing_to_take_in_no_session_is_started(addon: Any) -> None:
    addon.registration.resume_earlier()
    assert addon.session.running() is None


@pytest.mark.parametrize("is_late", [False, True], ids=["at once", "after a while"])
def test_a_model_of_an_earlier_version_takes_the_place_of_its_box(
    addon: Any, tmp_path: Path, connected: Emulator, monkeypatch: pytest.MonkeyPatch, is_late: bool
) -> None:
    """The file was saved with the box, whose job was made in the old folder and ended meanwhile."""
    job_id = generate(picture_file(tmp_path))
    (box,) = boxes()
    box.location = (5.0, 6.0, 7.0)
    box.data["trellis2_home"] = addon.placeholder.home(old_root(addon))
    path = str(tmp_path / "saved.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)
    tick_until(lambda: stage_of(job_id) == "imported")
    go_back(addon)
    bpy.ops.wm.open_mainfile(filepath=path)
    go_on = threading.Event()
    if is_late:
        moving = addon.job_store.moving
        arrivals = moving.arrivals

        def arrive_late(*places: Any) -> Iterator[Any]:
            go_on.wait()
            yield from arrivals(*places)

        monkeypatch.setattr(moving, "arrivals", arrive_late)
    addon.registration.resume_earlier()
    tick_until(lambda: addon.session.running().is_loaded)
    for _ in range(3):
        addon.session.tick()
    go_on.set()
    tick_until(meshes)
    assert (tuple(meshes()[0].location), boxes()) == ((5.0, 6.0, 7.0), [])


@pytest.mark.parametrize("where", ["old", "usual", "elsewhere"])
def test_a_box_that_was_made_under_an_old_folder_goes_when_its_job_is_gone(
    addon: Any, tmp_path: Path, connected: Emulator, where: str
) -> None:
    generate(picture_file(tmp_path))
    (box,) = boxes()
    folder = {"old": old_root(addon), "usual": addon.jobs_folder.usual(), "elsewhere": tmp_path}[where]
    box.data["trellis2_home"] = addon.placeholder.home(folder)
    box.data["trellis2_job"] = "20200101-000000-abcdef"
    addon.session.undone()
    tick_until(lambda: not addon.session.running().placeholders.is_due)
    assert len(boxes()) == (1 if where == "elsewhere" else 0)


def test_the_box_of_a_job_that_is_left_in_its_folder_stays(addon: Any, tmp_path: Path, connected: Emulator) -> None:
    """Another Blender works at that job, so it is not in the list here."""
    job_id = generate(picture_file(tmp_path))
    addon.session.stop()
    old = go_back(addon)
    lock = addon.lock.FolderLock.acquire(old / job_id)
    try:
        start(addon)
        addon.session.undone()
        tick_until(lambda: not addon.session.running().placeholders.is_due)
        assert (list(addon.session.jobs()), len(boxes())) == ([], 1)
    finally:
        lock.release()


def test_the_artist_chooses_a_folder_and_all_jobs_move_there(addon: Any, tmp_path: Path, kept: Any) -> None:
    jobs = [written(addon, "imported", number) for number in range(3)]
    start(addon)
    chosen = tmp_path / "Möbel" / "jobs ü"
    kept.jobs_folder = str(chosen)
    tick_until(lambda: addon.session.running().root == chosen and len(addon.session.jobs()) == 3)
    tick_until(lambda: not addon.preferences.TRELLIS2_AP_preferences.page.is_moving)
    assert {path.name for path in chosen.iterdir() if path.is_dir()} - {".processes"} == {job.id for job in jobs}
    assert list(addon.begin.job_folder.job_folders(addon.jobs_folder.usual())) == []
    assert kept.jobs_folder == str(chosen)
    kept.jobs_folder = ""
    tick_until(lambda: addon.session.running().root == addon.jobs_folder.usual() and len(addon.session.jobs()) == 3)


def test_a_chosen_folder_survives_uninstalling_and_holds_for_every_blender(
    addon: Any, tmp_path: Path, kept: Any
) -> None:
    kept.jobs_folder = str(tmp_path)
    ending = child.run(
        tmp_path / "other",
        f"""
import os
from pathlib import Path
os.environ.update({{"XDG_DATA_HOME": {str(addon.jobs_folder.data_folder().parent)!r}}})
enable()
print("folder:", bpy.context.preferences.addons[ADDON].preferences.jobs_folder)
""",
    )
    assert f"folder: {tmp_path}\n" in ending.output


def test_as_long_as_a_job_is_at_work_it_stays_and_then_all_move(
    addon: Any, tmp_path: Path, kept: Any, connected: Emulator
) -> None:
    job_id, chosen = generate(picture_file(tmp_path)), tmp_path / "chosen"
    usual = addon.session.running().root
    kept.jobs_folder = str(chosen)
    addon.session.tick()
    assert addon.session.running().root == usual
    page = draw(addon.preferences.TRELLIS2_AP_preferences)
    assert "The jobs move there as soon as none is at work" in page.texts
    tick_until(lambda: addon.session.running().root == chosen and job_id in addon.session.jobs())
    assert (stage_of(job_id), len(meshes()), connected.paid) == ("imported", 1, 1)
    assert (chosen / job_id / "model.glb").is_file()
    done = finish(picture_file(tmp_path, "second.png"))
    assert (chosen / done.id / "model.glb").is_file()


def test_a_folder_that_blender_deletes_or_that_cannot_be_written_is_not_taken(
    addon: Any, tmp_path: Path, kept: Any
) -> None:
    (tmp_path / "file").touch()
    objections = []
    for path in (str(old_root(addon)), str(tmp_path / "file" / "jobs"), "jobs"):
        kept.jobs_folder = path
        assert kept.jobs_folder == ""
        objections.append(addon.preferences.TRELLIS2_AP_preferences.page.objection)
        assert objections[-1] in draw(addon.preferences.TRELLIS2_AP_preferences).texts
    assert objections == [
        "Blender deletes that folder when you uninstall the add-on. Choose another folder.",
        "Jobs cannot be kept there: Not a directory. Choose another folder.",
        "The path of the jobs folder is not complete. Choose a folder.",
    ]
    kept.jobs_folder = str(tmp_path)
    assert addon.preferences.TRELLIS2_AP_preferences.page.objection == ""


def test_a_drive_that_is_away_is_told_and_its_jobs_come_back_with_it(
    addon: Any, tmp_path: Path, kept: Any, connected: Emulator
) -> None:
    chosen, away = tmp_path / "drive", tmp_path / "away"
    kept.jobs_folder = str(chosen)
    first = finish(picture_file(tmp_path))
    addon.session.stop()
    chosen.rename(away)
    (generated,) = (picture_file(tmp_path, "second.png"),)
    start(addon)
    assert [notice.sentence for notice in addon.session.notices()] == [
        f"The jobs folder {chosen} is not there. New jobs are kept in {addon.jobs_folder.usual()} meanwhile."
    ]
    assert not chosen.exists()
    page = draw(addon.preferences.TRELLIS2_AP_preferences)
    assert SENTENCE in page.texts
    second = finish(generated)
    assert (addon.jobs_folder.usual() / second.id).is_dir()
    addon.session.stop()
    away.rename(chosen)
    start(addon)
    assert set(addon.session.jobs()) == {first.id, second.id}
    assert (chosen / second.id / "model.glb").is_file()


def test_drawing_the_preferences_never_waits_for_a_drive(
    addon: Any, tmp_path: Path, kept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, away, is_back = tmp_path / "drive", tmp_path / "away", threading.Event()
    kept.jobs_folder = str(chosen)
    addon.session.start()
    tick_until(lambda: addon.session.running().is_loaded and not addon.session.running().is_moving)
    chosen.rename(away)
    places = addon.jobs_folder.places
    look, page = places.look, addon.preferences.TRELLIS2_AP_preferences.page

    def hang(data: Path) -> Any:
        is_waiting = threading.current_thread() is threading.main_thread()
        assert is_back.is_set() or not is_waiting, "Blender waits for the drive"
        is_back.wait()
        return look(data)

    monkeypatch.setattr(places, "look", hang)
    monkeypatch.setattr(places, "LOOK_SECONDS", 0.0)
    page.folder.take(page.folder.seen())

    def texts() -> list[str]:
        drawn = draw(addon.preferences.TRELLIS2_AP_preferences)
        assert kept.jobs_folder == str(chosen)
        return drawn.texts

    assert SENTENCE not in texts()
    addon.session.tick()  # which starts the look that the drawing has asked for
    assert page.folder.is_awaited
    assert SENTENCE not in texts()
    is_back.set()
    tick_until(lambda: SENTENCE in texts())


def test_what_names_a_file_of_a_job_follows_it(addon: Any, tmp_path: Path, kept: Any, connected: Emulator) -> None:
    job = finish(picture_file(tmp_path))
    assert OPS.trellis2.use_settings() == {"FINISHED"}
    chosen = tmp_path / "chosen"
    before = {image.name: image.filepath for image in bpy.data.images if image.packed_file}
    assert before
    kept.jobs_folder = str(chosen)
    tick_until(lambda: addon.session.running().root == chosen and job.id in addon.session.jobs())
    tick_until(lambda: not addon.session.running().is_moving)
    for name, path in before.items():
        now = Path(bpy.data.images[name].filepath)
        assert now == chosen / job.id / "textures" / Path(path).name
        assert now.is_file()
    assert Path(bpy.context.scene.trellis2.filepath) == chosen / job.id / "source.png"  # type: ignore[union-attr]
    assert newest_job().id == job.id


def test_a_file_of_an_earlier_version_is_opened_and_its_images_follow(
    addon: Any, tmp_path: Path, connected: Emulator
) -> None:
    job = finish(picture_file(tmp_path))
    old, path = old_root(addon), str(tmp_path / "old.blend")
    for image in bpy.data.images:
        if image.packed_file:
            image.filepath_raw = str(old / job.id / "textures" / Path(image.filepath).name)
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)
    bpy.ops.wm.open_mainfile(filepath=path)
    images = [image for image in bpy.data.images if image.packed_file]
    assert images
    assert all(Path(image.filepath).parent == addon.jobs_folder.usual() / job.id / "textures" for image in images)


def test_the_open_folder_is_the_chosen_one(
    addon: Any, tmp_path: Path, kept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Path] = []
    monkeypatch.setattr(addon.job_operators, "show_folder", shown.append)
    kept.jobs_folder = str(tmp_path)
    assert OPS.trellis2.open_jobs_folder() == {"FINISHED"}
    assert shown == [tmp_path]


def test_a_copy_of_a_job_in_an_old_folder_is_not_listed_twice(addon: Any) -> None:
    job = written(addon, "imported")
    old = old_root(addon)
    shutil.copytree(addon.jobs_folder.usual(), old)
    addon.begin.job_folder.save(old / job.id, replace(job, name="copy"))
    start(addon)
    assert [each.name for each in addon.session.jobs().values()] == [job.name]
    assert addon.session.running().placeholders.is_sure
