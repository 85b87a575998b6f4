"""Jobs move from other folders into the jobs' folder: on one drive or to another, and whatever crashes on the way."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.core.other_blender import REPOSITORY, OtherBlender
from tests.core.studio import new_job
from trellis_blender.core.files import rename
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job import moving, spending
from trellis_blender.core.job.job import Job
from trellis_blender.core.job.lock import FolderLock
from trellis_blender.core.job.moving import Arrival, arrivals

CONTENT = {"source.png": b"picture", "model.glb": b"glTF" * 1000, "textures/Stuhl 1.webp": b"RIFF"}
# A job's folder is renamed, copied and deleted in these calls: the process ends before or after each.
CRASH = """
import errno, os, sys
sys.path[:0] = [{repository!r}]
from pathlib import Path
from trellis_blender.core.job import moving

def elsewhere(folder, target, lock):
    raise OSError(errno.EXDEV, "another drive")

def deed(module, name):
    real = getattr(module, name)
    def counted(*given, **named):
        global count
        count += 1
        if count == {moment}:
            os._exit(7)
        result = real(*given, **named)
        count += 1
        if count == {moment}:
            os._exit(7)
        return result
    setattr(module, name, counted)

count, real_rename = 0, moving.rename_folder
moving.rename_folder = lambda folder, target, lock: (
    elsewhere(folder, target, lock) if folder.parent != target.parent else real_rename(folder, target, lock)
)
for module, name in ((moving, "rename"), (moving.shutil, "copyfile"), (moving, "flush_file"), (moving.shutil, "rmtree"),
                     (os, "unlink")):
    deed(module, name)
for arrival in moving.arrivals([Path({place!r})], Path({root!r})):
    assert arrival.error is None, arrival.error
"""


@pytest.fixture
def root(folder: Path) -> Path:
    """Return the folder to which the jobs move."""
    (folder / "new").mkdir()
    return folder / "new"


@pytest.fixture
def place(folder: Path) -> Path:
    """Return the folder where they are."""
    (folder / "old").mkdir()
    return folder / "old"


@pytest.fixture
def other_drive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the two folders be on different drives: nothing can be renamed from one to the other."""

    def refused(source: Path, target: Path) -> None:
        if source.parent != target.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        rename(source, target)

    monkeypatch.setattr(moving, "rename", refused)


def put(place: Path, seed: int = 7) -> Job:
    """Leave a job there, with all its files."""
    job = new_job(seed=seed)
    job_folder.create(place, job, None)
    for name, data in CONTENT.items():
        path = place / job.id / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return job


def content(root: Path, job: Job) -> dict[str, bytes]:
    """The job's files, the lock and `job.json` left out, after `job.json` was found to be the job's."""
    assert job_folder.load(root / job.id) == job
    files = (path for path in (root / job.id).rglob("*") if path.is_file())
    named = {path.relative_to(root / job.id).as_posix(): path.read_bytes() for path in files}
    return {name: data for name, data in named.items() if name not in ("lock", "job.json")}


def moved(place: Path, root: Path) -> list[Arrival]:
    """Move all jobs."""
    return list(arrivals([place], root))


@pytest.mark.parametrize("drive", ["same", "other"])
def test_a_job_moves_with_all_its_files(place: Path, root: Path, drive: str, request: pytest.FixtureRequest) -> None:
    if drive == "other":
        request.getfixturevalue("other_drive")
    jobs = [put(place, seed) for seed in range(3)]
    assert {arrival.folder for arrival in moved(place, root)} == {root / job.id for job in jobs}
    assert [content(root, job) for job in jobs] == [CONTENT] * 3
    assert list(place.iterdir()) == []
    assert len(list(root.iterdir())) == 3
    assert moved(place, root) == []


@pytest.fixture
def at_work(place: Path) -> Iterator[Job]:
    """Yield a job at which another Blender works."""
    job = put(place)
    other = OtherBlender("lock", str(place / job.id))
    other.says("locked")
    yield job
    other.kill()


@pytest.mark.parametrize("drive", ["same", "other"])
def test_a_job_at_which_another_blender_works_stays(
    place: Path, root: Path, at_work: Job, drive: str, request: pytest.FixtureRequest
) -> None:
    if drive == "other":
        request.getfixturevalue("other_drive")
    assert moved(place, root) == [Arrival(is_left=True)]
    assert content(place, at_work) == CONTENT
    assert list(root.iterdir()) == []


def test_nobody_can_take_a_job_while_it_moves(
    place: Path, root: Path, other_drive: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, taken = put(place), list[FolderLock | None]()
    copy = moving.copy_whole

    def copied(folder: Path, target: Path) -> None:
        taken.append(FolderLock.acquire(place / job.id))
        copy(folder, target)

    monkeypatch.setattr(moving, "copy_whole", copied)
    moved(place, root)
    assert taken == [None]
    lock = FolderLock.acquire(root / job.id)
    assert lock is not None  # it can be taken afterwards
    lock.release()


@pytest.mark.parametrize("drive", ["same", "other"])
def test_two_blenders_that_start_at_once_move_each_job_once(
    place: Path, root: Path, drive: str, request: pytest.FixtureRequest
) -> None:
    if drive == "other":
        request.getfixturevalue("other_drive")
    jobs = [put(place, seed) for seed in range(30)]
    both = threading.Barrier(2)

    def start(_number: int) -> list[Arrival]:
        both.wait()
        return moved(place, root)

    with ThreadPoolExecutor(2) as pool:
        found = [arrival for arrived in pool.map(start, range(2)) for arrival in arrived]
    assert [arrival.error for arrival in found if arrival.error is not None] == []
    came = [arrival.folder for arrival in found if arrival.folder is not None]
    assert sorted(came) == sorted(root / job.id for job in jobs)
    assert all(content(root, job) == CONTENT for job in jobs)
    moved(place, root)
    assert list(place.iterdir()) == []


def test_a_full_disk_leaves_the_job_where_it_was(
    place: Path, root: Path, other_drive: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = put(place, 1), put(place, 2)
    copyfile = shutil.copyfile

    def full(source: Path, target: Path) -> None:
        if first.id in str(source) and source.name == "model.glb":
            raise OSError(errno.ENOSPC, "No space left on device")
        copyfile(source, target)

    monkeypatch.setattr(shutil, "copyfile", full)
    found = {arrival.is_left: arrival for arrival in moved(place, root)}
    assert "No space left on device" in str(found[True].error)
    assert found[False].folder == root / second.id
    assert content(place, first) == CONTENT
    assert [path.name for path in root.iterdir()] == [second.id]


def test_a_job_that_was_copied_by_hand_is_left_alone(place: Path, root: Path) -> None:
    job = put(place)
    shutil.copytree(place / job.id, root / job.id)
    assert moved(place, root) == [Arrival()]
    assert content(place, job) == content(root, job) == CONTENT


def test_only_jobs_move_and_a_damaged_one_too(place: Path, root: Path) -> None:
    for name in ("my renders", ".incoming", ".new-20261128-120000-abcdef", "20261128-120001-abcdef"):
        (place / name).mkdir()
        (place / name / "file").touch()
    moved(place, root)
    assert [path.name for path in root.iterdir()] == ["20261128-120001-abcdef"]
    assert len(list(place.iterdir())) == 3


def test_the_folder_itself_a_missing_one_and_one_within_another_are_no_trouble(place: Path, root: Path) -> None:
    job, inner = put(place), place / "inner"
    inner.mkdir()
    assert list(arrivals([root, root / "..", place / "gone", inner], root)) == []
    assert [arrival.folder for arrival in arrivals([place], inner)] == [inner / job.id]


def test_what_removed_jobs_have_cost_moves_along(place: Path, root: Path) -> None:
    costs = {"j1": [1.7e9, 12.0, "job_1"], "j2": [1.7e9, 7.25, ""]}
    text = str(costs).replace("'", '"')
    (place.parent / spending.REMOVED_FILE).write_text(text, encoding="utf-8")  # where earlier versions kept it
    (root / spending.REMOVED_FILE).write_text('{"j3": [1.7e9, 1.0, ""]}', encoding="utf-8")
    moved(place, root)
    assert sorted(spending.removed(root)) == ["j1", "j2", "j3"]
    assert not (place.parent / spending.REMOVED_FILE).exists()


def test_half_a_copy_whose_original_is_gone_is_removed_after_a_day(place: Path, root: Path) -> None:
    for name, age in (("20260101-000000-aaaaaa", 25 * 3600), ("20260102-000000-bbbbbb", 3600)):
        copy = root / f"{moving.COPY_PREFIX}{name}"
        (copy / "textures").mkdir(parents=True)
        os.utime(copy, (time.time() - age,) * 2)
    moved(place, root)
    assert [path.name for path in root.iterdir()] == [f"{moving.COPY_PREFIX}20260102-000000-bbbbbb"]


def crashed(place: Path, root: Path, moment: int) -> bool:
    """Move all jobs in a process of its own, which ends at that moment; whether it came so far."""
    code = CRASH.format(repository=str(REPOSITORY), moment=moment, place=str(place), root=str(root))
    status = subprocess.run([sys.executable, "-c", code], check=False).returncode
    assert status in (0, 7)
    return status == 7


def test_whenever_it_crashes_the_job_is_there_once_and_whole_at_the_next_start(folder: Path, other_drive: None) -> None:
    moment = 0
    while True:
        moment += 1
        place, root = folder / f"old {moment}", folder / f"new {moment}"
        for path in (place, root):
            path.mkdir()
        job = put(place)
        is_crash = crashed(place, root, moment)
        found = [path for path in (place / job.id, root / job.id) if (path / "job.json").is_file()]
        assert len(found) <= 1, f"doubled at moment {moment}"
        moved(place, root)
        assert content(root, job) == CONTENT, f"lost at moment {moment}"
        assert list(place.iterdir()) == []
        assert [path.name for path in root.iterdir()] == [job.id]
        if not is_crash:
            break
    assert moment > 20


def test_a_copy_that_is_whole_is_not_taken_from_another_folder(folder: Path, other_drive: None) -> None:
    place, first, second = folder / "old", folder / "first", folder / "second"
    for path in (place, first, second):
        path.mkdir()
    job = put(place)
    (second / f"{moving.COPY_PREFIX}{job.id}").mkdir()  # half a copy, of an earlier crash
    (place / job.id).rename(place / f"{moving.COPIED_PREFIX}{job.id}")  # its whole copy is in the first folder
    moved(place, second)
    assert content(second, job) == CONTENT
